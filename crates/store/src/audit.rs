//! The audit log: who did what on what, and how it ended.
//!
//! Entries are written in a transaction of their own, so that one is there also when the transaction
//! it tells about failed. Each row holds the hash of itself and of the row before it; the chain is
//! made inside the write transaction, so two processes cannot fork it. Credentials and personal data
//! are masked on the way in.

mod chain;
mod query;
mod verify;

use chrono::{DateTime, SecondsFormat, Utc};
use model::{RunId, mask};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::sql::{self, Cell, Conn, Insert, SqlResult};
use crate::{Store, StoreError};
use chain::Link;

pub use query::{AuditQuery, AuditRow};
pub use verify::{AuditCheck, AuditFault};

/// `audit_head` says how many rows there are and the last one's hash: without it, rows cut off the
/// end would not be missed.
pub(crate) const DDL: &str = "
CREATE TABLE IF NOT EXISTS audit (
    seq INTEGER PRIMARY KEY, at TEXT NOT NULL, level TEXT NOT NULL, runner TEXT NOT NULL, run TEXT,
    step TEXT, operation TEXT NOT NULL, subject TEXT NOT NULL, outcome TEXT NOT NULL,
    duration_ms INTEGER, error_class TEXT, detail TEXT NOT NULL, before TEXT NOT NULL,
    hash TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS audit_at ON audit (at);
CREATE INDEX IF NOT EXISTS audit_run ON audit (run) WHERE run IS NOT NULL;
CREATE TABLE IF NOT EXISTS audit_head (
    one INTEGER PRIMARY KEY CHECK (one = 1), rows INTEGER NOT NULL, hash TEXT NOT NULL);
";

/// How much an entry matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuditLevel {
    /// It went as it should.
    Info,
    /// It went on, but not as it should.
    Warning,
    /// It failed.
    Error,
}

impl AuditLevel {
    /// All, from the least.
    pub const ALL: [AuditLevel; 3] = [AuditLevel::Info, AuditLevel::Warning, AuditLevel::Error];

    /// As it is stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            AuditLevel::Info => "info",
            AuditLevel::Warning => "warning",
            AuditLevel::Error => "error",
        }
    }

    fn from_name(name: &str) -> Option<AuditLevel> {
        AuditLevel::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// One operation that began or ended.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    /// When.
    pub at: DateTime<Utc>,
    /// How much it matters.
    pub level: AuditLevel,
    /// Who did it: a runner's id, or the user at the command line.
    pub runner: String,
    /// In which run.
    pub run: Option<RunId>,
    /// In which step.
    pub step: Option<String>,
    /// What was done, like `collect` or `schedule.pause`.
    pub operation: String,
    /// On what: a source, an address, a pipeline; may be empty. Masked as text.
    pub subject: String,
    /// How it ended, like `completed`, `failed`, `started`.
    pub outcome: String,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// Class of its error, like `timeout`.
    pub error_class: Option<String>,
    /// What else is worth knowing. Values of keys that look like credentials or personal data are
    /// masked.
    pub detail: Value,
}

impl AuditEntry {
    /// An entry of level info, with nothing but the necessary.
    pub fn new(at: DateTime<Utc>, runner: &str, operation: &str, outcome: &str) -> AuditEntry {
        AuditEntry {
            at,
            level: AuditLevel::Info,
            runner: runner.to_owned(),
            run: None,
            step: None,
            operation: operation.to_owned(),
            subject: String::new(),
            outcome: outcome.to_owned(),
            duration_ms: None,
            error_class: None,
            detail: Value::Null,
        }
    }

    /// The same about `subject`.
    pub fn about(self, subject: impl Into<String>) -> AuditEntry {
        AuditEntry { subject: subject.into(), ..self }
    }

    /// The same in `run`.
    pub fn within(self, run: RunId, step: Option<&str>) -> AuditEntry {
        AuditEntry { run: Some(run), step: step.map(str::to_owned), ..self }
    }

    /// The same with `detail`.
    pub fn with(self, detail: Value) -> AuditEntry {
        AuditEntry { detail, ..self }
    }
}

impl Store {
    /// Keeps `entries`, in order, in a transaction of their own.
    pub async fn audit(&self, entries: &[AuditEntry]) -> Result<(), StoreError> {
        if entries.is_empty() {
            return Ok(());
        }
        let written = sql::again!(self.write_audit(entries));
        written.map_err(|error| self.fault("writing the audit log", error))
    }

    async fn write_audit(&self, entries: &[AuditEntry]) -> SqlResult<()> {
        let mut transaction = self.begin().await?;
        append(&mut transaction, entries).await?;
        transaction.commit().await
    }
}

/// Appends inside a transaction that may write, for what is true only if the rest of it is: that an item
/// is done, for one.
pub(crate) async fn append(conn: &mut Conn, entries: &[AuditEntry]) -> SqlResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut head = Link::head(conn).await?;
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let fields = fields(entry);
        let before = head.hash.clone();
        head = head.next(&fields);
        rows.push(row(head.seq, fields, before, head.hash.clone()));
    }
    table().write(conn, rows).await?;
    set_head(conn, &head).await
}

/// The columns that the hash of a row covers, beside its number.
const COVERED: [&str; 11] = [
    "at",
    "level",
    "runner",
    "run",
    "step",
    "operation",
    "subject",
    "outcome",
    "duration_ms",
    "error_class",
    "detail",
];

/// What is stored of an entry, as text, in the order of [`COVERED`].
type Fields = [Option<String>; COVERED.len()];

fn fields(entry: &AuditEntry) -> Fields {
    let mut detail = entry.detail.clone();
    mask::json_line(&mut detail);
    let text = |text: &str| Some(mask::line(text).into_owned());
    [
        Some(instant(entry.at)),
        text(entry.level.name()),
        text(&entry.runner),
        entry.run.map(|run| run.to_string()),
        entry.step.clone(),
        text(&entry.operation),
        text(&entry.subject),
        text(&entry.outcome),
        entry.duration_ms.map(|ms| ms.to_string()),
        entry.error_class.clone(),
        Some(detail.to_string()),
    ]
    .map(|field| field.map(without_nul))
}

/// What is hashed must be what is kept, and PostgreSQL keeps no U+0000.
fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// UTC with milliseconds, so that text order is time order.
pub(super) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

fn table() -> Insert {
    let columns = [&["seq"], &COVERED[..], &["before", "hash"]].concat();
    Insert::into("audit", &columns)
}

fn row(seq: i64, fields: Fields, before: String, hash: String) -> Vec<Cell> {
    let mut row = Vec::with_capacity(COVERED.len() + 3);
    row.push(Cell::Int(seq));
    row.extend(fields.into_iter().map(Cell::from));
    row.extend([before.into(), hash.into()]);
    row
}

async fn set_head(conn: &mut Conn, head: &Link) -> SqlResult<()> {
    sql::query(
        "INSERT INTO audit_head (one, rows, hash) VALUES (1, ?, ?) \
         ON CONFLICT (one) DO UPDATE SET rows = excluded.rows, hash = excluded.hash",
    )
    .bind(head.seq)
    .bind(&head.hash)
    .execute(conn)
    .await?;
    Ok(())
}
