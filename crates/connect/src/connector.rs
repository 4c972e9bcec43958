//! The contract every source is read through: first requests out, documents in, readings back.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::{Document, Finding, Kind, Reading, Request, Window};
use secrecy::SecretString;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::fetch::Policy;

/// The values a user gave for a connector's parameters. Secrets are kept apart, so that what is
/// logged, stored or hashed never holds one.
#[derive(Debug, Clone, Default)]
pub struct Params {
    /// Plain values by name.
    pub plain: BTreeMap<String, Value>,
    /// Secret values by name.
    pub secret: BTreeMap<String, SecretString>,
    /// Plain values that say how a source is asked, not what is asked for: with others, a document is known
    /// all the same.
    pub manner: BTreeMap<String, Value>,
}

impl Params {
    /// The plain value of this name, whatever it is for.
    pub fn plain(&self, name: &str) -> Option<&Value> {
        self.plain.get(name).or_else(|| self.manner.get(name)).filter(|value| !value.is_null())
    }
}

/// What a reader may know beside the document. Part of the reading's identity: with the same
/// options the same document gives the same reading.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReadOptions {
    /// Repeating events are expanded inside this window.
    pub window: Window,
    /// Zone of local times for which the source names none; they stay floating without it.
    pub timezone: Option<Tz>,
    /// "Now", for what a source states relative to it (a missing year, "tomorrow").
    pub now: DateTime<Utc>,
}

/// Why a document could not be read at all. Each variant is a class of answer to the user.
#[derive(Debug, Error, PartialEq)]
pub enum ReadError {
    /// Nothing in it.
    #[error("the document is empty (0 bytes of content)")]
    Empty,
    /// A page asking to sign in stands where the listing should be.
    #[error("a sign-in page instead of a listing: {0}; check that the address is public")]
    SignIn(String),
    /// A page saying that the listing has moved.
    #[error("a redirect page instead of a listing: it moved to {0}; collect from there")]
    Moved(String),
    /// An error message of the source.
    #[error("the source answered with an error: {0}")]
    SourceError(String),
    /// Not one of the formats that are read.
    #[error("not a listing callboard can read: {0}")]
    Unrecognised(String),
    /// The right format, broken beyond reading.
    #[error("malformed {format} at line {line}, column {column}: {message}")]
    Malformed {
        /// Name of the format.
        format: &'static str,
        /// From 1.
        line: usize,
        /// From 1.
        column: usize,
        /// What is wrong.
        message: String,
    },
    /// A page of which no tree is built.
    #[error("the page nests its elements more than {} deep and is not read", crate::format::html::MAX_DEPTH)]
    TooDeep,
    /// The connector's own rules do not fit the document (a selector that finds nothing).
    #[error("{0}")]
    Connector(Box<Finding>),
}

/// Why a connector could not name its first requests.
#[derive(Debug, Error, PartialEq)]
pub enum StartError {
    /// A parameter is missing, unknown or of the wrong type; says which and what to do.
    #[error("{0}")]
    Params(String),
    /// A template of the connector failed.
    #[error("{0}")]
    Connector(Box<Finding>),
}

/// What a run has asked for in one scope so far, once all of it has come.
#[derive(Debug, Clone)]
pub struct SoFar {
    /// The requests, in the order their answers were entered.
    pub asked: Vec<Asked>,
    /// Different rows that were stated in the last going through: by the answers whose requests have the
    /// greatest `pass` in their context.
    pub seen: u64,
    /// Rows of the scope that are known by now and have not vanished.
    pub known: u64,
    /// Now.
    pub now: DateTime<Utc>,
}

/// One request that was made, and what its answer said of the whole.
#[derive(Debug, Clone)]
pub struct Asked {
    /// The request.
    pub request: Request,
    /// How many listings the source said it holds.
    pub total: Option<u64>,
    /// It brought nothing.
    pub failed: bool,
}

/// What a connector makes of that.
#[derive(Debug, Clone, PartialEq)]
pub enum Next {
    /// Everything the source lists was read: what is missing has vanished.
    Whole,
    /// Everything asked for was read, which was not all that the source lists.
    Done,
    /// This has to be asked too.
    Ask(Vec<Request>),
    /// It was not all, and asking more does not help: says why.
    Short(String),
}

/// Something that the parameters ask for by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByName {
    /// The parameter that asks for it.
    pub parameter: &'static str,
    /// The name; `*` stands for any text.
    pub name: String,
    /// The kind of rows that are called so.
    pub kind: Kind,
    /// Text columns of which one says it.
    pub columns: &'static [&'static str],
}

/// One source of listings. `read` is pure, so every connector is tested on recorded documents.
pub trait Connector: Send + Sync {
    /// Its name: the source its records are kept under.
    fn name(&self) -> &str;

    /// The first requests of a run. `cursor` is what the last complete run left.
    fn start(
        &self,
        params: &Params,
        cursor: Option<&Value>,
        now: DateTime<Utc>,
    ) -> Result<Vec<Request>, StartError>;

    /// What one document states, and what to fetch because of it.
    fn read(&self, document: &Document, params: &Params, options: &ReadOptions)
    -> Result<Reading, ReadError>;

    /// What its lists hold: what is counted, and can vanish.
    fn lists(&self, _params: &Params) -> Kind {
        Kind::Event
    }

    /// What to ask in place of a request that was too much for the source, or whose answer came damaged:
    /// the same in smaller parts. `None` when there is nothing else to ask: then it failed.
    fn instead(&self, _request: &Request) -> Option<Request> {
        None
    }

    /// What to ask once a request has failed for good, so that not all that it leads to is lost with it. It
    /// stays failed.
    fn after_failure(&self, _request: &Request, _params: &Params) -> Vec<Request> {
        Vec::new()
    }

    /// For a source whose lists move while they are paged over: what to do once everything that was asked
    /// for has come. `None` for all others, where an answer itself says whether it is a complete list.
    fn next(&self, _params: &Params, _so_far: &SoFar) -> Option<Next> {
        None
    }

    /// Kinds beside events whose rows have vanished when a crawl that was gone through whole no longer lists
    /// them.
    fn levels(&self) -> &'static [Kind] {
        &[]
    }

    /// The kind of rows whose pages a run begins with, as the store holds them, where the parameters ask for
    /// that instead of the first requests.
    fn begins_with(&self, _params: &Params) -> Result<Option<Kind>, StartError> {
        Ok(None)
    }

    /// The request for the page of such a row, by its fields; `None` where the run does not want it.
    fn page_of(&self, _fields: &Map<String, Value>, _params: &Params) -> Option<Request> {
        None
    }

    /// What the parameters ask for by name: a run that saw rows of the kind and none called so is not all that
    /// was asked for.
    fn by_name(&self, _params: &Params) -> Vec<ByName> {
        Vec::new()
    }

    /// Which of its requests a document that came without one (a file) answers, where the content tells.
    fn step_of(&self, _document: &Document) -> Option<String> {
        None
    }

    /// How its requests are to be made: credentials, limits, which errors mean what.
    fn policy(&self, params: &Params) -> Policy;

    /// Changes when the connector reads differently, so that unchanged documents are read again.
    fn fingerprint(&self) -> String;
}
