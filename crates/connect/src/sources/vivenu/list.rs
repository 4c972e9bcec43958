//! A list as it comes, row by row: a page of a thousand tickets is some megabytes of text, and ten times that
//! as a tree. So one row of it is a tree at a time.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// What an answer says beside its rows.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Said {
    /// How many rows it has; `None` where it is no list.
    pub rows: Option<u64>,
    /// How many the source says there are.
    pub total: Option<u64>,
    /// What it says where it refuses, as far as it is an object: `statusCode`, `error`, `message`.
    pub refusal: Value,
}

/// Reads an answer in each of its envelopes (`rows`, `docs`, a bare list), and gives each row to `take`.
pub(super) fn read(body: &[u8], take: &mut dyn FnMut(Value)) -> Result<Said, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_slice(body);
    let said = Envelope { take }.deserialize(&mut json)?;
    json.end()?;
    Ok(said)
}

/// Names under which a list stands.
const LISTS: [&str; 2] = ["rows", "docs"];
/// What a refusal consists of.
const REFUSAL: [&str; 3] = ["statusCode", "error", "message"];

struct Envelope<'t> {
    take: &'t mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Envelope<'_> {
    type Value = Said;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Said, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Envelope<'_> {
    type Value = Said;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list, or an object that holds one")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Said, A::Error> {
        Ok(Said { rows: Some(taken(list, self.take)?), ..Said::default() })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Said, A::Error> {
        let (mut said, mut refusal) = (Said::default(), serde_json::Map::new());
        while let Some(name) = object.next_key::<String>()? {
            match &*name {
                "total" => said.total = object.next_value::<Value>()?.as_u64(),
                name if LISTS.contains(&name) && said.rows.is_none() => {
                    said.rows = object.next_value_seed(Rows { take: &mut *self.take })?;
                }
                name if REFUSAL.contains(&name) => {
                    refusal.insert(name.to_owned(), object.next_value()?);
                }
                _ => drop(object.next_value::<IgnoredAny>()?),
            }
        }
        said.refusal = Value::Object(refusal);
        Ok(said)
    }
}

/// What stands where a list is expected: `None` where it is none.
struct Rows<'t> {
    take: &'t mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Rows<'_> {
    type Value = Option<u64>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Option<u64>, D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = Option<u64>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Option<u64>, A::Error> {
        taken(list, self.take).map(Some)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<Option<u64>, E> {
        Ok(None)
    }
}

fn taken<'de, A: SeqAccess<'de>>(mut list: A, take: &mut dyn FnMut(Value)) -> Result<u64, A::Error> {
    let mut rows = 0;
    while let Some(row) = list.next_element::<Value>()? {
        take(row);
        rows += 1;
    }
    Ok(rows)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(text: &str) -> (Said, Vec<Value>) {
        let mut rows = Vec::new();
        let said = read(text.as_bytes(), &mut |row| rows.push(row)).unwrap();
        (said, rows)
    }

    #[test]
    fn a_list_is_read_in_every_envelope() {
        let all = [
            r#"{"rows": [{"_id": "a"}, {"_id": "b"}], "total": 7}"#,
            r#"{"total": 7, "more": {"rows": [1]}, "docs": [{"_id": "a"}, {"_id": "b"}]}"#,
            r#"[{"_id": "a"}, {"_id": "b"}]"#,
        ];
        for text in all {
            let (said, rows) = said(text);
            assert_eq!(
                (said.rows, rows),
                (Some(2), vec![json!({"_id": "a"}), json!({"_id": "b"})]),
                "{text}"
            );
            assert_eq!(said.total, (!text.starts_with('[')).then_some(7), "{text}");
        }
    }

    #[test]
    fn what_is_no_list_is_told_from_an_empty_one() {
        assert_eq!(said(r#"{"rows": []}"#).0.rows, Some(0));
        assert_eq!(
            said(r#"{"rows": null, "total": "many"}"#).0,
            Said { refusal: json!({}), ..Said::default() }
        );
        let refused = said(r#"{"statusCode": 401, "error": "Unauthorized", "message": "no", "x": [1]}"#).0;
        assert_eq!((refused.rows, &refused.refusal["statusCode"]), (None, &json!(401)));
        for text in ["", "7", r#"{"rows": 7}"#, r#"{"rows": [{"_id": "a"}"#, "[] []"] {
            assert!(read(text.as_bytes(), &mut |_| {}).is_err(), "{text}");
        }
    }
}
