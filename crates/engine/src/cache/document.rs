//! The document of a day: a JSON list of the events that `callboard events --from DAY --to DAY` prints,
//! encoded once, without `last_seen`. That moves with every look at a source and is no change; with it, a
//! document would be out of date as soon as it is written, and never have the same hash twice.

use bytes::Bytes;
use chrono::NaiveDate;
use serde_json::Value;
use store::cache::DayDocument;
use store::{Bound, EventQuery, EventView, StoreError};

use super::{DayCache, ladder, time_to_live};
use crate::present::event_json;

impl DayCache {
    /// The document of a day, made now. The mark is read first: what is committed in between is in the
    /// document, or else is followed later.
    pub(super) async fn document(&self, day: NaiveDate) -> Result<DayDocument, StoreError> {
        let mark = self.store.mark().await?;
        let only = Some(Bound::Day(day));
        let query = EventQuery { from: only, to: only, ..EventQuery::default() };
        let events = self.store.events(&query).await?;
        let now = self.now();
        let ttl = time_to_live(day, ladder::today(now, self.zone));
        Ok(DayDocument::new(day, mark, list(&events), now, ttl))
    }
}

/// The JSON list, and how many it lists.
fn list(events: &[EventView]) -> (u64, Bytes) {
    let mut body = Vec::from(*b"[");
    for (index, event) in events.iter().enumerate() {
        if index > 0 {
            body.push(b',');
        }
        let mut event = event_json(event);
        if let Value::Object(fields) = &mut event {
            fields.shift_remove("last_seen");
        }
        // Values always serialise, and writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut body, &event);
    }
    body.push(b']');
    (events.len() as u64, body.into())
}
