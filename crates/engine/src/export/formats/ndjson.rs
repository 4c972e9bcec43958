//! A JSON object a line.

use serde_json::{Map, Value};
use store::KeptRow;

use super::{Encoder, ExportError, FormatSpec, Layout};
use crate::present::event_json;

pub(super) static SPEC: FormatSpec = FormatSpec {
    name: "ndjson",
    summary: "a JSON object a line; events as `callboard events --format ndjson` prints them",
    events_only: false,
    tells_gone: true,
    binary: false,
    make: |layout| Box::new(Ndjson(layout.clone())),
};

struct Ndjson(Layout);

impl Encoder for Ndjson {
    fn begin(&mut self, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }

    fn row(&mut self, row: KeptRow, out: &mut Vec<u8>) -> Result<Option<&'static str>, ExportError> {
        append(&object(&self.0, row), out)?;
        out.push(b'\n');
        Ok(None)
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }
}

/// A row as an object: an event as everywhere, anything else with its columns by name.
pub(super) fn object(layout: &Layout, row: KeptRow) -> Value {
    if let Some(event) = &row.event {
        return event_json(event);
    }
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| drop(object.insert(name.to_owned(), value));
    put("id", row.id.as_str().into());
    for (column, value) in layout.kind.spec().columns.iter().zip(row.values) {
        if layout.shows(column) {
            put(column.name, value);
        }
    }
    put("source", row.source.as_str().into());
    put("source_key", row.source_key.into());
    put("first_seen", row.first_seen.into());
    put("last_seen", row.last_seen.into());
    put("gone_at", row.gone_at.into());
    Value::Object(object)
}

pub(super) fn append(value: &Value, out: &mut Vec<u8>) -> Result<(), ExportError> {
    serde_json::to_writer(out, value).map_err(|error| ExportError::Fault(error.to_string()))
}
