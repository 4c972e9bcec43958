//! The connector on pages made to the description of the site, with the values that were seen there.

mod discovery;
mod faults;
mod pages;
mod reference;
mod seen;

use std::collections::BTreeMap;

use chrono::DateTime;
use model::{Document, Kind, Reading, Record, Request, Window};
use serde_json::{Value, json};
use url::Url;

use super::Tag;
use crate::connector::{ReadError, ReadOptions};
use crate::manifest::Code;

pub const SITE: &str = "https://my.taggrading.com";

/// Reads a page as if it came from `path`.
pub fn read(path: &str, html: &str) -> Result<Reading, ReadError> {
    read_with(path, html, json!({}), Value::Null)
}

pub fn read_with(path: &str, html: &str, params: Value, context: Value) -> Result<Reading, ReadError> {
    let url = Url::parse(SITE).expect("an address").join(path).expect("a path");
    let mut document = Document::from_bytes(path, url.clone(), html.to_owned());
    document.request = Request { context, ..Request::get(url) };
    let mut params: BTreeMap<String, Value> = serde_json::from_value(params).expect("an object");
    params.entry("url".to_owned()).or_insert(json!(SITE));
    let today = chrono::NaiveDate::from_ymd_opt(2026, 1, 1).expect("a day");
    let options =
        ReadOptions { window: Window::around(today, 1, 12), timezone: None, now: DateTime::UNIX_EPOCH };
    Tag.read(&document, &params, &options)
}

/// The records of one kind, as objects.
pub fn rows(reading: &Reading, kind: Kind) -> Vec<Value> {
    reading.records.iter().filter(|record| record.kind() == kind).map(Record::to_json).collect()
}

/// The addresses that follow.
pub fn next(reading: &Reading) -> Vec<String> {
    reading.requests.iter().map(|request| request.url.to_string()).collect()
}
