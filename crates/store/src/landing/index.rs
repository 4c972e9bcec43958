//! The index of a landing: what was landed, by source and day, as lines of JSON that people and other
//! tools read without the store. A line says request, status, headers and time of a document, the hash of
//! its body and where that lies.
//!
//! No line holds a credential or what is about a person: such headers are left out, and such parameters of
//! addresses are masked.

use chrono::{DateTime, NaiveDate, Utc};
use model::mask::{self, names_credential, names_person};
use model::{ContentHash, Found, SourceName};
use serde_json::{Value, json};

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
    said: Value,
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
        let said = json!({
            "fetched_at": document.fetched_at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
            "source": document.source.as_str(),
            "name": mask::text(&document.name),
            "request": {
                "method": request.method.name(),
                "url": mask::text(request.url.as_str()),
                "headers": shown(&request.headers),
            },
            "url": mask::text(&document.url),
            "found": document.found,
            "status": document.status,
            "headers": shown(&document.headers),
            "body": body.to_hex(),
            "size_bytes": document.size_bytes,
            "lies_in": large.then(|| file_name(body)),
        });
        Some(Line { shelf: Shelf::of(&document.source, document.fetched_at), body, said })
    }

    /// Says where the body lies, unless it has a place of its own.
    pub(super) fn lies_in(&mut self, object: Option<String>) {
        if let Some(object) = object
            && self.said["lies_in"].is_null()
        {
            self.said["lies_in"] = object.into();
        }
    }

    pub(super) fn text(&self) -> String {
        format!("{}\n", self.said)
    }
}

/// The headers that may be shown to whoever reads the landing.
pub(crate) fn shown(headers: &[(String, String)]) -> Vec<(&str, std::borrow::Cow<'_, str>)> {
    let fit = headers.iter().filter(|(name, _)| !names_credential(name) && !names_person(name));
    fit.map(|(name, value)| (name.as_str(), mask::text(value))).collect()
}
