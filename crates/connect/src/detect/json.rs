//! Bare JSON: JSON-LD without a page around it. Other JSON needs a connector.

use model::{Document, Note, Reading};
use serde_json::Value;

use super::wrong;
use crate::format::{html, jsonld, schema};
use crate::{ReadError, ReadOptions};

/// Keys named in a message at most.
const SHOWN_KEYS: usize = 8;

pub(super) fn read(document: &Document, options: &ReadOptions) -> Result<Reading, ReadError> {
    let text = html::decode(document);
    let text = text.trim_start_matches('\u{feff}');
    let value: Value = serde_json::from_str(text).map_err(|fault| malformed(&fault))?;
    if let Some(error) = wrong::json_error(&value) {
        return Err(error);
    }
    let nodes = jsonld::from_values(std::slice::from_ref(&value));
    if nodes.is_empty() && !is_json_ld(&value) {
        return Err(ReadError::Unrecognised(described(&value)));
    }
    let base = schema::Base { url: &document.url, timezone: options.timezone };
    let mut reading = Reading { records: schema::records(&nodes, &base), ..Reading::default() };
    if nodes.is_empty() {
        reading.notes.push(Note::new("the JSON-LD holds no events"));
    }
    Ok(reading)
}

fn malformed(fault: &serde_json::Error) -> ReadError {
    ReadError::Malformed {
        format: "JSON",
        line: fault.line(),
        column: fault.column(),
        message: fault.to_string(),
    }
}

fn is_json_ld(value: &Value) -> bool {
    let first = value.as_array().and_then(|items| items.first()).unwrap_or(value);
    ["@context", "@graph", "@type"].iter().any(|key| first.get(key).is_some())
}

/// What a person needs to find or write the connector for it.
fn described(value: &Value) -> String {
    let (what, first) = match value {
        Value::Array(items) => (format!("a JSON list of {} items", items.len()), items.first()),
        other => ("JSON".to_owned(), Some(other)),
    };
    let keys: Vec<&str> =
        first.and_then(Value::as_object).into_iter().flatten().map(|(key, _)| key.as_str()).collect();
    let more = if keys.len() > SHOWN_KEYS { ", …" } else { "" };
    let shown = keys.iter().take(SHOWN_KEYS).copied().collect::<Vec<_>>().join(", ");
    let keys = if shown.is_empty() { String::new() } else { format!(" with the keys {shown}{more}") };
    format!(
        "{what}{keys}; name the connector that reads it with `--connector`, or write one with `callboard connector new`"
    )
}
