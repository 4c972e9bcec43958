//! schema.org events as records: one mapping for JSON-LD, microdata and, in the same clothes,
//! microformats.
//!
//! Sources write every property as text, object or list of either; each reader here takes all three.
//! What a node does not state stays unstated. Nothing is guessed: no zone, no currency, no time.

mod event;
mod key;
mod merge;
mod node;
mod offer;
mod party;
mod place;
mod types;

use std::collections::HashMap;

use chrono_tz::Tz;
use model::{Kind, Record, When, Zone};
use serde_json::{Map, Value};
use url::Url;

pub(crate) use key::{address_key, slug};
pub use merge::merge;
pub use types::EVENT_TYPES;

/// What nodes are read against.
#[derive(Debug, Clone, Copy)]
pub struct Base<'a> {
    /// Relative links.
    pub url: &'a Url,
    /// Local times for which the source names no zone; they stay floating without it.
    pub timezone: Option<Tz>,
}

impl Base<'_> {
    /// A time as stated, in the configured zone where the source names none.
    pub(crate) fn when(&self, text: &str) -> When {
        self.zoned(crate::value::time::read(text))
    }

    fn zoned(&self, when: When) -> When {
        match self.timezone {
            Some(tz) => when.in_zone_if_floating(Zone::Named(tz)),
            None => when,
        }
    }
}

/// True when one of the node's types is an event type.
pub fn is_event(node: &Map<String, Value>) -> bool {
    types::of(node).any(types::is_event)
}

/// The records of one page's event nodes: events, and the venues, performers, organizers and offers
/// they name. Nodes that state the same event give one.
pub fn records(nodes: &[Value], base: &Base<'_>) -> Vec<Record> {
    let listed: Vec<&Map<String, Value>> =
        nodes.iter().filter_map(Value::as_object).filter(|node| !is_mere_series(node)).collect();
    let keys = key::keys(&listed, base);
    let mut collected = Collected::default();
    for (node, key) in listed.iter().zip(keys) {
        event::read(node, key, base, &mut collected);
    }
    collected.into_records()
}

/// A series whose dates are all given as events of their own is no event beside them.
fn is_mere_series(node: &Map<String, Value>) -> bool {
    let series = types::of(node).any(|name| name.eq_ignore_ascii_case("EventSeries"));
    let parts = ["subEvent", "subEvents"].iter().filter_map(|name| node::get(node, name));
    series && parts.flat_map(node::items).filter_map(Value::as_object).any(is_event)
}

/// Records in document order; two statements of one row become one, the first fills up from the
/// second.
#[derive(Default)]
pub(crate) struct Collected {
    records: Vec<Record>,
    at: HashMap<(Kind, String), usize>,
    /// The name under which a party took its key.
    parties: HashMap<(Kind, String), String>,
}

impl Collected {
    pub(crate) fn add(&mut self, record: Record) {
        let identity = (record.kind(), record.key.clone());
        match self.at.get(&identity) {
            Some(index) => self.records[*index].fill_from(record),
            None => {
                self.at.insert(identity, self.records.len());
                self.records.push(record);
            }
        }
    }

    pub(crate) fn into_records(self) -> Vec<Record> {
        self.records
    }

    /// True when `key` is that of the party called `name`, or free, and then it is taken.
    fn claim(&mut self, kind: Kind, key: &str, name: &str) -> bool {
        self.parties.entry((kind, key.to_owned())).or_insert_with(|| name.to_owned()) == name
    }
}

#[cfg(test)]
mod tests;
