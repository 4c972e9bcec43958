//! What a document is, told from its content: the way in for input that names no connector.
//!
//! Names and declared media types lie too often to be believed: sign-in pages are served as
//! calendars, feeds as HTML. What is no listing is an error that says what it is instead.

mod json;
mod page;
mod sniff;
mod wrong;

use model::{Document, Reading};

use crate::format::{feed, ics};
use crate::{ReadError, ReadOptions};

pub use sniff::{Sniffed, sniff};
pub(crate) use wrong::json_error;

/// Reads a document by what it holds.
pub fn read(document: &Document, options: &ReadOptions) -> Result<Reading, ReadError> {
    match sniff(&document.body) {
        Sniffed::Empty => Err(ReadError::Empty),
        Sniffed::Calendar => ics::read(document, options),
        Sniffed::Html => page::read(document, options),
        Sniffed::Feed => feed::read(document, options),
        Sniffed::Xml => wrong::xml_error(document).map_or_else(|| feed::read(document, options), Err),
        Sniffed::Json => json::read(document, options),
        Sniffed::Unknown => Err(wrong::text(document)),
    }
}

#[cfg(test)]
mod tests;
