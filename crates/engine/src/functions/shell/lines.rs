//! What a command printed, line by line: records, values, and what is neither. Pure.

use connect::value::time;
use model::{ColumnType, Kind, Record, Rejected, Stated, nearest};
use serde_json::{Map, Value, json};

/// What the lines hold.
#[derive(Debug, Default)]
pub(super) struct Lines {
    pub(super) records: Vec<Record>,
    /// Listings that cannot become records.
    pub(super) rejected: Vec<Rejected>,
    /// Everything else.
    pub(super) values: Vec<Value>,
}

impl Lines {
    /// Reads what was printed; with `all_records` each line is a record or a fault.
    pub(super) fn read(stdout: &[u8], all_records: bool) -> Lines {
        let mut lines = Lines::default();
        for line in String::from_utf8_lossy(stdout).lines().filter(|line| !line.trim().is_empty()) {
            lines.line(line, all_records);
        }
        lines
    }

    pub(super) fn has_records(&self) -> bool {
        !(self.records.is_empty() && self.rejected.is_empty())
    }

    fn line(&mut self, line: &str, all_records: bool) {
        let fields = match serde_json::from_str(line) {
            Ok(Value::Object(mut members)) => match members.remove("record") {
                Some(Value::Object(fields)) if members.is_empty() => fields,
                Some(other) => {
                    members.insert("record".to_owned(), other);
                    return self.other(Value::Object(members), all_records);
                }
                None if all_records => members,
                None => return self.values.push(Value::Object(members)),
            },
            Ok(other) => return self.other(other, all_records),
            Err(_) => return self.other(Value::from(line), all_records),
        };
        match record(fields) {
            Ok(record) => self.records.push(record),
            Err(rejected) => self.rejected.push(*rejected),
        }
    }

    fn other(&mut self, value: Value, all_records: bool) {
        if !all_records {
            return self.values.push(value);
        }
        let detail = "the line is no JSON object with a record in it".to_owned();
        self.rejected.push(Rejected { key: None, reason: "no_record".to_owned(), detail, said: value });
    }
}

fn record(mut fields: Map<String, Value>) -> Result<Record, Box<Rejected>> {
    let said = Value::Object(fields.clone());
    let fault = |reason: &str, detail: String| {
        Box::new(Rejected { key: None, reason: reason.to_owned(), detail, said: said.clone() })
    };
    let kind = match fields.remove("kind") {
        None => Kind::Event,
        Some(named) => kind(&named).map_err(|detail| fault("unknown_kind", detail))?,
    };
    let key = match fields.remove("key") {
        Some(Value::String(key)) if !key.trim().is_empty() => key,
        Some(Value::Number(key)) => key.to_string(),
        _ => return Err(fault("missing_key", "a record needs a `key` of its source".to_owned())),
    };
    let mut record = Record::empty(key, kind);
    for (name, value) in fields {
        let column = kind.spec().column(&name).map(|column| column.column_type);
        let stated = match value {
            Value::Null => Stated::Empty,
            Value::String(text) if column == Some(ColumnType::When) => {
                Stated::Value(json!(time::read(&text)))
            }
            value => Stated::Value(value),
        };
        record.set(&name, stated).map_err(|error| fault("bad_field", error.to_string()))?;
    }
    Ok(record)
}

fn kind(named: &Value) -> Result<Kind, String> {
    let name = named.as_str().unwrap_or_default();
    Kind::from_name(name).ok_or_else(|| {
        let names = Kind::ALL.iter().map(|kind| kind.name());
        match nearest(name, names.clone()) {
            Some(near) => format!("there is no kind {named}; did you mean `{near}`?"),
            None => format!("there is no kind {named}; there are {}", names.collect::<Vec<_>>().join(", ")),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, all_records: bool, expected: &str) {
        let lines = Lines::read(line.as_bytes(), all_records);
        let told = match (lines.records.first(), lines.rejected.first(), lines.values.first()) {
            (Some(record), None, None) => format!("{} {}", record.kind().name(), record.to_json()),
            (None, Some(rejected), None) => format!("{}: {}", rejected.reason, rejected.detail),
            (None, None, Some(value)) => value.to_string(),
            other => format!("{other:?}"),
        };
        assert!(told.contains(expected), "{line}: {told}");
    }

    #[test]
    fn a_line_is_a_record_a_value_or_a_fault() {
        let gala =
            r#"{"record": {"key": 7, "title": "Gala", "url": null, "start": "2026-12-01T20:00:00+01:00"}}"#;
        check(gala, false, r#"event {"key":"7","title":"Gala","start":{"#);
        check(gala, false, r#""url":null"#);
        check(r#"{"kind": "venue", "key": "v", "name": "Hall"}"#, true, r#"venue {"key":"v","name":"Hall"}"#);
        check(r#"{"kind": "venue", "key": "v"}"#, false, r#"{"kind":"venue","key":"v"}"#);
        check(r#"{"record": {"key": "1"}, "more": 1}"#, false, r#""more":1"#);
        check("[1, 2]", false, "[1,2]");
        check("plain words", false, "\"plain words\"");
        check("plain words", true, "no_record: ");
        check(
            r#"{"key": "1", "kind": "evnt"}"#,
            true,
            "unknown_kind: there is no kind \"evnt\"; did you mean `event`?",
        );
        check(r#"{"key": " "}"#, true, "missing_key");
        check(r#"{"key": "1", "titel": "x"}"#, true, "did you mean `title`?");
        check(r#"{"key": "1", "capacity": "many"}"#, true, "bad_field: field `capacity`");
    }
}
