//! The index of a landing: what was landed, by source and day, as lines of JSON that people and other
//! tools read without the store. A line says request, status, headers and time of a document, the hash of
//! its body and where that lies.
//!
//! No line holds a credential or what is about a person: such headers are left out, and such parameters of
//! addresses are masked.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, Utc};
use model::mask::{self, names_credential, names_person};
use model::{ContentHash, Found, SourceName};
use serde::Serialize;

use super::{SMALL_BYTES, file_name};
use crate::LandedDocument;

/// Where lines of one source and day are.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Shelf {
    source: String,
    day: NaiveDate,
}

impl Shelf {
    fn of(source: &SourceName, at: DateTime<Utc>) -> Shelf {
        // Names of sources may hold anything; names of files and objects should not.
        let plain = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
        let source: String = source.as_str().chars().map(plain).take(100).collect();
        let source = source.trim_start_matches('.');
        Shelf { source: if source.is_empty() { "unnamed" } else { source }.to_owned(), day: at.date_naive() }
    }

    /// The folder of all shelves of a source. Sources whose names differ little share one.
    pub(super) fn folder(source: &SourceName) -> String {
        format!("index/{}", Shelf::of(source, DateTime::UNIX_EPOCH).source)
    }

    /// The file of this `name` in it, within the landing.
    pub(super) fn file(&self, name: &str) -> String {
        format!("index/{}/{}/{name}.ndjson", self.source, self.day)
    }
}

/// One line.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) shelf: Shelf,
    pub(super) body: ContentHash,
    said: Said,
}

/// What a line says.
#[derive(Debug, Clone, Serialize)]
struct Said {
    fetched_at: String,
    source: String,
    name: String,
    request: Asked,
    url: String,
    found: Found,
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
    size_bytes: u64,
    lies_in: Option<String>,
}

#[derive(Debug, Clone, Serialize)]
struct Asked {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
}

impl Line {
    /// What is said of `document`; `None` for one that was not landed now.
    pub(super) fn of(document: &LandedDocument) -> Option<Line> {
        let body = document.body?;
        // An answer that there is nothing new has no status, or this one, and no body of its own.
        if document.found == Found::Landed || matches!(document.status, 0 | 304) {
            return None;
        }
        let request = &document.request;
        let large = document.size_bytes > SMALL_BYTES as u64;
        let said = Said {
            fetched_at: document.fetched_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            source: document.source.as_str().to_owned(),
            name: mask::text(&document.name).into_owned(),
            request: Asked {
                method: request.method.name(),
                url: mask::text(request.url.as_str()).into_owned(),
                headers: owned(shown(&request.headers)),
            },
            url: mask::text(&document.url).into_owned(),
            found: document.found,
            status: document.status,
            headers: owned(shown(&document.headers)),
            body: body.to_hex(),
            size_bytes: document.size_bytes,
            lies_in: large.then(|| file_name(body)),
        };
        Some(Line { shelf: Shelf::of(&document.source, document.fetched_at), body, said })
    }

    /// Says where the body lies, unless it has a place of its own.
    pub(super) fn lies_in(&mut self, object: Option<String>) {
        self.said.lies_in = self.said.lies_in.take().or(object);
    }

    pub(super) fn text(&self) -> String {
        // Texts and numbers always serialise.
        let mut text = serde_json::to_string(&self.said).unwrap_or_default();
        text.push('\n');
        text
    }
}

fn owned(headers: Vec<(&str, Cow<'_, str>)>) -> Vec<(String, String)> {
    headers.into_iter().map(|(name, value)| (name.to_owned(), value.into_owned())).collect()
}

/// The headers that may be shown to whoever reads the landing.
pub(crate) fn shown(headers: &[(String, String)]) -> Vec<(&str, Cow<'_, str>)> {
    let fit = headers.iter().filter(|(name, _)| !names_credential(name) && !names_person(name));
    fit.map(|(name, value)| (name.as_str(), mask::text(value))).collect()
}
