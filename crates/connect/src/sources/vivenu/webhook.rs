//! Webhooks: one envelope, with the object in it as lists have it.

use std::collections::BTreeMap;

use model::{Note, Reading, Record};
use serde_json::Value;

use super::ticket::Tickets;
use super::{nothing, purchase};
use crate::connector::ReadError;

/// Whether a document is a webhook's.
pub(super) fn is_one(json: &Value) -> bool {
    ["id", "webhookId", "type", "data"].iter().all(|name| json.get(name).is_some())
}

/// What a webhook states. An event is not taken from one: it is asked for itself the next time, as one
/// answer that is always whole.
pub(super) fn read(json: &Value, fields: &BTreeMap<String, String>) -> Result<Reading, ReadError> {
    if !is_one(json) {
        return Err(ReadError::Unrecognised(
            "no webhook: `id`, `webhookId`, `type` or `data` is missing".to_owned(),
        ));
    }
    let (data, kind) = (&json["data"], json["type"].as_str().unwrap_or_default());
    let mut tickets = Tickets::new(fields);
    let mut records: Vec<Record> = Vec::new();
    match bare(data, kind) {
        Some("ticket") => records.extend(tickets.record(data)),
        Some("transaction") => records.extend(purchase::transaction(data)),
        Some("scan") => records.extend(purchase::scan(data)),
        _ => {
            let listed = data.get("tickets").into_iter().flat_map(super::said::items);
            records.extend(listed.chain(data.get("ticket")).filter_map(|row| tickets.record(row)));
            records.extend(data.get("transaction").and_then(purchase::transaction));
            records.extend(data.get("scan").and_then(purchase::scan));
        }
    }
    if records.is_empty() {
        return Ok(nothing(format!("a webhook {kind:?} states nothing that is kept from it")));
    }
    let notes: Vec<Note> = tickets.notes().into_iter().collect();
    Ok(Reading { records, notes, ..Reading::default() })
}

/// What `data` itself is, where it holds the object without naming it: the API's own file names it always.
fn bare<'k>(data: &Value, kind: &'k str) -> Option<&'k str> {
    let (object, _) = kind.split_once('.')?;
    (data.get(object).is_none() && super::said::key(data).is_some()).then_some(object)
}
