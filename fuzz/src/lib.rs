//! What the targets share: a document out of bytes, and options that reading needs.

use chrono::{DateTime, NaiveDate};
use connect::ReadOptions;
use model::{Document, Window};
use url::Url;

/// The bytes as a document that was fetched.
pub fn document(bytes: &[u8]) -> Document {
    let url = Url::parse("https://fuzz.test/listing").expect("a constant address");
    Document::from_bytes("fuzz", url, bytes.to_vec())
}

/// A window of three months around a fixed day.
pub fn options() -> ReadOptions {
    let day = NaiveDate::from_ymd_opt(2026, 6, 1).expect("a constant day");
    let now = DateTime::from_timestamp(1_780_000_000, 0).expect("a constant instant");
    ReadOptions { window: Window::around(day, 30, 60), timezone: None, now }
}
