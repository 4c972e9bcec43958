//! The journey's carriers: a request to make, the document it brought, and what reading it gave.

use std::fmt;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use crate::{Record, SourceName};

/// HTTP method of a request. Sources are only ever read; the others are for what pipelines tell others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// The usual one.
    #[default]
    Get,
    /// For searches and GraphQL queries that take a body.
    Post,
    /// Puts something in its place.
    Put,
    /// Changes a part of something.
    Patch,
    /// Removes something.
    Delete,
}

impl Method {
    /// As it is written in HTTP.
    pub fn name(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

/// What a request sends, unless it is a GET.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Body {
    /// Its `Content-Type`.
    pub media_type: String,
    /// Its text.
    pub text: String,
}

/// One thing to fetch. Holds no secret: authentication is added by fetch at the moment of sending,
/// so that requests can be stored, logged and replayed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Where; without credentials.
    pub url: Url,
    /// How.
    #[serde(default)]
    pub method: Method,
    /// Extra headers; without credentials.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headers: Vec<(String, String)>,
    /// What to send along.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Body>,
    /// The connector's own name for this kind of request; tells it how to read the answer.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub step: String,
    /// What the connector wants handed back with the answer (a page number, the parent's values).
    #[serde(default, skip_serializing_if = "Value::is_null")]
    pub context: Value,
    /// How many requests led here; 0 for the first ones of a run.
    #[serde(default)]
    pub depth: u32,
    /// What was said of the answer where the request was found. While it is what it was when the answer was
    /// last read, that one stands and is not asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stamp: Option<String>,
}

impl Request {
    /// A plain GET.
    pub fn get(url: Url) -> Request {
        Request {
            url,
            method: Method::Get,
            headers: Vec::new(),
            body: None,
            step: String::new(),
            context: Value::Null,
            depth: 0,
            stamp: None,
        }
    }

    /// What makes two requests the same one: method, address and body. Never asked twice in a run.
    pub fn identity(&self) -> String {
        match (&self.method, &self.body) {
            (Method::Get, _) => self.url.to_string(),
            (method, None) => format!("{} {}", method.name(), self.url),
            (method, Some(body)) => format!("{} {} {}", method.name(), self.url, body.text),
        }
    }
}

/// Where the bytes of a document came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Found {
    /// Fetched from its address.
    Fetched,
    /// Read from a file.
    File,
    /// Taken from the landing.
    Landed,
}

/// Bytes with their circumstances; the one input of reading.
#[derive(Debug, Clone)]
pub struct Document {
    /// The request that brought it. For a file, a GET of its `file:` address.
    pub request: Request,
    /// Where it came from in the end, after redirects; base of relative links.
    pub url: Url,
    /// How the user or the log names it: the address, or the path as given.
    pub name: String,
    /// Where the bytes came from.
    pub found: Found,
    /// HTTP status; 200 for a file.
    pub status: u16,
    /// Response headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// When the bytes were fetched, or when the file was last written.
    pub fetched_at: DateTime<Utc>,
    /// The body, decompressed, otherwise unchanged.
    pub body: Bytes,
}

impl Document {
    /// A header's value; `name` in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// The media type the source declared, without parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = self.header("content-type")?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// A document from bytes alone, as tests, `connector try` and files make it.
    pub fn from_bytes(name: &str, url: Url, body: impl Into<Bytes>) -> Document {
        Document {
            request: Request::get(url.clone()),
            url,
            name: name.to_owned(),
            found: Found::File,
            status: 200,
            headers: Vec::new(),
            fetched_at: DateTime::UNIX_EPOCH,
            body: body.into(),
        }
    }
}

/// A remark of a reader about a document, for the user's eyes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Note {
    /// What was noticed.
    pub message: String,
    /// Line of the document, from 1, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

impl Note {
    /// A remark about the document as a whole.
    pub fn new(message: impl Into<String>) -> Note {
        Note { message: message.into(), line: None }
    }

    /// A remark about one line, from 1.
    pub fn at_line(line: usize, message: impl Into<String>) -> Note {
        Note { message: message.into(), line: Some(line) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// Something that is plainly a listing and yet cannot become a record. Quarantined as it is.
#[derive(Debug, Clone, PartialEq)]
pub struct Rejected {
    /// The key of the event it would be, or of its series, where the listing says it: what is known under
    /// it is still listed, and has not vanished.
    pub key: Option<String>,
    /// A short class, snake case, the same for all faults of its kind: `missing_start`.
    pub reason: String,
    /// What exactly is wrong, for a person.
    pub detail: String,
    /// What the source said, as far as it could be decoded.
    pub said: Value,
}

/// What reading one document gave. Pure: the same document, the same reading.
#[derive(Debug, Default)]
pub struct Reading {
    /// The name the document gives its source, where it knows better than its address (a saved page
    /// that names its own site). `None` for a connector's documents.
    pub source: Option<SourceName>,
    /// The records it states, in its own order.
    pub records: Vec<Record>,
    /// Listings that could not become records.
    pub rejected: Vec<Rejected>,
    /// What to fetch next: further pages, details.
    pub requests: Vec<Request>,
    /// Where to go on next time, for sources that can say so.
    pub cursor: Option<Value>,
    /// True when this document, with the requests that follow from it, is all that its source lists:
    /// then what is missing has vanished. A calendar is; a page that shows some events is not.
    pub complete: bool,
    /// How many listings the source says it holds in all; checked against what was read.
    pub total: Option<u64>,
    /// Set when the document ends early or is damaged in part: what could be read is here, but it is
    /// not all. Says where and why.
    pub damaged: Option<Note>,
    /// Remarks for the user.
    pub notes: Vec<Note>,
}
