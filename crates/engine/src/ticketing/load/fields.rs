//! The values of a picked row, one after the other as they were asked for; and names, each read once.

use std::collections::HashMap;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use model::{Amount, When};
use serde_json::Value;
use store::PickedRow;

use crate::ticketing::days::EventDays;
use crate::ticketing::rules::{Name, Rules};

/// Names, each read once.
pub(super) struct Names<'a> {
    rules: &'a Rules,
    /// The days of the event whose names they are.
    pub(super) days: EventDays,
    read: HashMap<String, Arc<Name>>,
}

impl<'a> Names<'a> {
    pub(super) fn new(rules: &'a Rules, days: EventDays) -> Names<'a> {
        Names { rules, days, read: HashMap::new() }
    }

    pub(super) fn read(&mut self, name: &str) -> Arc<Name> {
        if let Some(read) = self.read.get(name) {
            return read.clone();
        }
        let read = Arc::new(self.rules.read(name, &self.days));
        self.read.insert(name.to_owned(), read.clone());
        read
    }
}

/// The values of a row, one after the other as they were asked for.
pub(super) struct Fields<'a> {
    pub(super) key: String,
    values: std::vec::IntoIter<Value>,
    /// For each column that there may be, whether it was asked for; all were, where it says nothing.
    asked: std::slice::Iter<'a, bool>,
}

impl<'a> Fields<'a> {
    pub(super) fn of(row: PickedRow) -> Fields<'static> {
        Fields::some(row, &[])
    }

    /// Of a row of which not every column was asked for: those have no value.
    pub(super) fn some(row: PickedRow, asked: &'a [bool]) -> Fields<'a> {
        Fields { key: row.key, values: row.values.into_iter(), asked: asked.iter() }
    }

    pub(super) fn value(&mut self) -> Value {
        match self.asked.next() {
            Some(false) => Value::Null,
            _ => self.values.next().unwrap_or_default(),
        }
    }

    pub(super) fn text(&mut self) -> Option<String> {
        match self.value() {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn whole(&mut self) -> Option<i64> {
        self.value().as_i64()
    }

    pub(super) fn flag(&mut self) -> Option<bool> {
        self.value().as_bool()
    }

    pub(super) fn amount(&mut self) -> Option<Amount> {
        self.value().as_f64().and_then(Amount::from_f64)
    }

    pub(super) fn instant(&mut self) -> Option<DateTime<Utc>> {
        self.text().and_then(|text| text.parse().ok())
    }

    pub(super) fn when(&mut self) -> Option<When> {
        serde_json::from_value(self.value()).ok()
    }
}
