//! Rows as lines of JSON, and what is the same in them whichever database they are read from.

use std::fmt;

use chrono::{DateTime, SubsecRound as _};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive as _, ToPrimitive as _};
use serde::de::{Deserialize, Deserializer, Visitor};
use serde::ser::{Serialize, Serializer};
use serde_json::Value;

use super::tables::Sort;
use crate::sql::Cell;

impl Serialize for Cell {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Cell::Null => serializer.serialize_unit(),
            Cell::Int(value) => serializer.serialize_i64(*value),
            Cell::Real(value) => serializer.serialize_f64(*value),
            Cell::Text(text) => serializer.serialize_str(text),
        }
    }
}

impl<'de> Deserialize<'de> for Cell {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cell, D::Error> {
        deserializer.deserialize_any(CellVisitor)
    }
}

struct CellVisitor;

impl Visitor<'_> for CellVisitor {
    type Value = Cell;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("null, a number or a text")
    }

    fn visit_unit<E>(self) -> Result<Cell, E> {
        Ok(Cell::Null)
    }

    fn visit_i64<E>(self, value: i64) -> Result<Cell, E> {
        Ok(Cell::Int(value))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Cell, E> {
        i64::try_from(value).map(Cell::Int).map_err(E::custom)
    }

    fn visit_f64<E>(self, value: f64) -> Result<Cell, E> {
        Ok(Cell::Real(value))
    }

    fn visit_str<E>(self, text: &str) -> Result<Cell, E> {
        Ok(Cell::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Cell, E> {
        Ok(Cell::Text(text))
    }
}

/// The hash of a table's rows in their order. Two databases keep some values in forms of their own: an instant
/// to the microsecond, JSON with its names in another order, an amount rounded. What they mean is hashed, not
/// how it is written.
#[derive(Debug, Clone, Default)]
pub(super) struct RowsHash(blake3::Hasher);

impl RowsHash {
    pub(super) fn add(&mut self, sorts: &[Sort], row: &[Cell]) {
        let mut bytes = Vec::with_capacity(256);
        for (sort, cell) in sorts.iter().zip(row) {
            said(*sort, cell, &mut bytes);
        }
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(&bytes);
    }

    pub(super) fn to_hex(&self) -> String {
        self.0.finalize().to_hex().to_string()
    }
}

fn said(sort: Sort, cell: &Cell, out: &mut Vec<u8>) {
    match (sort, cell) {
        (_, Cell::Null) => out.push(0),
        (Sort::Decimal, cell) => number(amount(cell), out),
        (Sort::Real, Cell::Int(value)) => number(*value as f64, out),
        (_, Cell::Int(value)) => {
            out.push(1);
            out.extend(value.to_le_bytes());
        }
        (_, Cell::Real(value)) => number(*value, out),
        (Sort::Instant, Cell::Text(text)) => match DateTime::parse_from_rfc3339(text) {
            Ok(at) => {
                out.push(3);
                out.extend(at.trunc_subsecs(6).timestamp_micros().to_le_bytes());
            }
            Err(_) => words(text, out),
        },
        (Sort::Json, Cell::Text(text)) => match serde_json::from_str(text) {
            Ok(value) => json(&value, out),
            Err(_) => words(text, out),
        },
        (_, Cell::Text(text)) => words(text, out),
    }
}

fn number(value: f64, out: &mut Vec<u8>) {
    out.push(2);
    // There is one nothing.
    out.extend((value + 0.0).to_bits().to_le_bytes());
}

/// As PostgreSQL rounds it.
fn amount(cell: &Cell) -> f64 {
    let value = match cell {
        Cell::Int(value) => *value as f64,
        Cell::Real(value) => *value,
        Cell::Text(text) => text.parse().unwrap_or(f64::NAN),
        Cell::Null => 0.0,
    };
    Decimal::from_f64(value).and_then(|decimal| decimal.to_f64()).unwrap_or(value)
}

/// PostgreSQL keeps another character for U+0000.
fn words(text: &str, out: &mut Vec<u8>) {
    out.push(4);
    let text = if text.contains('\0') {
        text.replace('\0', "\u{fffd}").into()
    } else {
        std::borrow::Cow::from(text)
    };
    out.extend((text.len() as u64).to_le_bytes());
    out.extend(text.as_bytes());
}

fn json(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(5),
        Value::Bool(value) => out.extend([6, u8::from(*value)]),
        Value::Number(value) => match (value.as_i64(), value.as_f64().unwrap_or(f64::NAN)) {
            (Some(whole), _) => whole_number(whole, out),
            (None, real) if real.fract() == 0.0 && real.abs() < 9e15 => whole_number(real as i64, out),
            (None, real) => number(real, out),
        },
        Value::String(text) => words(text, out),
        Value::Array(values) => {
            out.push(7);
            out.extend((values.len() as u64).to_le_bytes());
            values.iter().for_each(|value| json(value, out));
        }
        Value::Object(members) => {
            out.push(8);
            out.extend((members.len() as u64).to_le_bytes());
            let mut members: Vec<_> = members.iter().collect();
            members.sort_unstable_by_key(|(name, _)| name.as_str());
            for (name, value) in members {
                words(name, out);
                json(value, out);
            }
        }
    }
}

fn whole_number(value: i64, out: &mut Vec<u8>) {
    out.push(1);
    out.extend(value.to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(sort: Sort, cell: Cell) -> String {
        let mut hash = RowsHash::default();
        hash.add(&[sort], &[cell]);
        hash.to_hex()
    }

    #[test]
    fn the_same_is_the_same_however_a_database_writes_it() {
        let same = |sort: Sort, one: Cell, other: Cell| {
            assert_eq!(hash(sort, one.clone()), hash(sort, other.clone()), "{one:?} {other:?}");
        };
        let text = |text: &str| Cell::Text(text.to_owned());
        same(Sort::Instant, text("2026-03-01T12:00:00Z"), text("2026-03-01T13:00:00.000+01:00"));
        same(Sort::Json, text(r#"{"b":1.0,"a":[1e2,"x"]}"#), text(r#"{"a": [100, "x"], "b": 1}"#));
        same(Sort::Json, text(r#""a\u0000""#), text("\"a\u{fffd}\""));
        same(Sort::Decimal, Cell::Real(0.1 + 0.2), Cell::Real(0.3));
        same(Sort::Decimal, Cell::Int(12), Cell::Real(12.0));
        same(Sort::Real, Cell::Int(0), Cell::Real(-0.0));
    }

    #[test]
    fn another_value_is_another() {
        let other = |sort: Sort, one: Cell, other: Cell| {
            assert_ne!(hash(sort, one.clone()), hash(sort, other.clone()), "{one:?} {other:?}");
        };
        let text = |text: &str| Cell::Text(text.to_owned());
        other(Sort::Text, text(""), Cell::Null);
        other(Sort::Text, text("1"), Cell::Int(1));
        other(Sort::Text, text(r#"{"a":1}"#), text(r#"{"a": 1}"#));
        other(Sort::Json, text("[1,2]"), text("[2,1]"));
        other(Sort::Real, Cell::Real(0.1 + 0.2), Cell::Real(0.3));
    }

    #[test]
    fn a_row_goes_through_its_line_unchanged() {
        let row = vec![
            Cell::Null,
            Cell::Int(i64::MIN),
            Cell::Real(0.1 + 0.2),
            Cell::Real(12.0),
            Cell::Real(1e300),
            Cell::Text("ä\0\"\n".to_owned()),
        ];
        let line = serde_json::to_string(&row).unwrap();
        assert_eq!(serde_json::from_str::<Vec<Cell>>(&line).unwrap(), row);
        assert!(!line.contains('\n'));
    }
}
