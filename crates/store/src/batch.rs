//! What goes into a commit and what comes out of it: the carriers between engine and store.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{ContentHash, Found, Kind, Record, Request, RowId, RunId, SourceName, Window};
use serde::Serialize;
use serde_json::Value;

/// Documents to commit together, in one transaction. The more records the faster, up to some
/// thousand; what waits to be committed is what a kill makes to be fetched again.
#[derive(Debug, Clone)]
pub struct Batch {
    /// The run that brought them; begun before with `Store::begin_run`.
    pub run: RunId,
    /// Now.
    pub at: DateTime<Utc>,
    /// The documents, in the order they were read.
    pub documents: Vec<LandedDocument>,
}

/// One landed document with its circumstances and what reading it gave.
#[derive(Debug, Clone)]
pub struct LandedDocument {
    /// How log and user name it: address or path. With `connector` and `scope` it is the document's
    /// identity across runs, so two requests of one run that differ need different names.
    pub name: String,
    /// Where it came from in the end, after redirects.
    pub url: String,
    /// The request that brought it; holds no secret by its contract.
    pub request: Request,
    /// HTTP status; 304 for an answer without a body.
    pub status: u16,
    /// Response headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// When it was fetched.
    pub fetched_at: DateTime<Utc>,
    /// Where its bytes came from.
    pub found: Found,
    /// Its landed body; `None` when there is none, or for a 304: then the known one stands for it.
    pub body: Option<ContentHash>,
    /// Size of the body in bytes.
    pub size_bytes: u64,
    /// The source its records belong to.
    pub source: SourceName,
    /// The connector that read it, or the format's name.
    pub connector: String,
    /// What a sweep covers: everything collected with the same scope is complete together. Any text
    /// that is stable across runs, such as the input as the user named it.
    pub scope: String,
    /// `ETag`, for the next conditional request.
    pub etag: Option<String>,
    /// `Last-Modified`, for the next conditional request.
    pub last_modified: Option<String>,
    /// What reading it gave.
    pub read: Read,
    /// What else is worth knowing of it.
    pub remarks: Remarks,
}

/// What is worth knowing of a document beside what it states.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remarks {
    /// Its bytes are those of last time; only the reading is new.
    pub same_body: bool,
    /// How many listings its source says it holds in all.
    pub total: Option<u64>,
    /// It ends early, or is damaged in part.
    pub damaged: bool,
    /// For the user.
    pub notes: Vec<String>,
}

/// What became of a document.
#[derive(Debug, Clone)]
pub enum Read {
    /// It was read.
    Records {
        /// Names the way it was read (connector fingerprint and read options): an unchanged body is
        /// read again when this differs.
        reading_key: String,
        /// The records that passed the gate. Those of one key are taken together, first wins.
        records: Vec<Record>,
        /// What did not pass.
        quarantined: Vec<Quarantined>,
        /// Where to go on next time. Becomes the scope's cursor when the run ends as completed.
        cursor: Option<Value>,
    },
    /// Its body and reading key are those of the last time: everything it said stands. What was
    /// quarantined then counts as quarantined again.
    Unchanged,
    /// There is nothing at its address, and that is an answer.
    Nothing,
    /// It could not be fetched or read.
    Failed {
        /// Why, for the user.
        error: String,
    },
}

/// A listing that was kept out, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Quarantined {
    /// Its kind, where known.
    pub kind: Option<Kind>,
    /// Its source key, where it has one; with the kind it tells the same listing again later.
    pub key: Option<String>,
    /// A short class, snake case: `missing_start`.
    pub reason: String,
    /// What exactly is wrong, for a person.
    pub detail: String,
    /// What the source said.
    pub said: Value,
}

/// Rows counted once each per run: a row that is stated by several documents of a run counts as
/// new if it was new, else as changed if it changed, else as unchanged.
///
/// A commit's counts are what it adds to the run's totals, and a total may go down: a row counted as
/// unchanged by an earlier batch of the run and changed by this one moves over. Sums are right.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Distinct rows stated: always `new + changed + unchanged`.
    pub read: i64,
    /// Rows that were not known before.
    pub new: i64,
    /// Rows that have other values now, or are back after having vanished.
    pub changed: i64,
    /// Rows that stay as they are.
    pub unchanged: i64,
}

impl Counts {
    /// Adds another batch's counts.
    pub fn add(&mut self, other: Counts) {
        self.read += other.read;
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
    }
}

/// What a commit did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CommitOutcome {
    /// Rows by kind.
    pub by_kind: BTreeMap<Kind, Counts>,
    /// Quarantined listings by reason, each once per run.
    pub quarantined: BTreeMap<String, u64>,
    /// Rows inserted, updated or brought back, in order.
    pub touched: Vec<RowId>,
}

/// What is known of a document from earlier runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Known {
    /// Its body at the last reading.
    pub body: ContentHash,
    /// `ETag` of its last answer.
    pub etag: Option<String>,
    /// `Last-Modified` of its last answer.
    pub last_modified: Option<String>,
    /// The reading key it was last read with.
    pub reading_key: String,
    /// The source its records belong to.
    pub source: SourceName,
    /// Records it stated then, by kind, after taking those of one key together.
    pub records: BTreeMap<Kind, u64>,
    /// Listings quarantined then.
    pub quarantined: u64,
}

/// What a sweep covers and how far it may go.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepScope {
    /// The source whose rows may vanish.
    pub source: SourceName,
    /// The scope that this run has collected completely.
    pub scope: String,
    /// The window that repeating events were expanded in; occurrences outside are left alone.
    pub window: Window,
    /// Largest share of the known events that may vanish at once, 0 to 1.
    pub max_shrink: f64,
}

/// What a sweep did. Only events (with their offers) vanish; places and people stay.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sweep {
    /// Events that have a tombstone now.
    pub vanished: u64,
    /// Set when too many would have vanished: nothing was done.
    pub refused: Option<Shrink>,
}

/// A shrink that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Shrink {
    /// Events the scope was known to hold.
    pub known: u64,
    /// Those of them that this run has seen.
    pub seen: u64,
}
