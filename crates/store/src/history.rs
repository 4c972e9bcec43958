//! The change log, asked: what changed since a mark, how one row came to be what it is, and what the
//! events were at some time.
//!
//! One writes at a time, so the numbers of the log are in the order of commits: who has read up to a
//! number has missed nothing before it. That is all a durable cursor needs, and it is why what the store
//! knew at a time is a place in the log. What is old can be folded by policy: the changes of a row up to
//! a horizon become one, which says what the row was there.

mod compact;
mod cursors;
mod fold;
mod log;
mod page;
mod picked;
mod place;
mod row;
mod then;

use model::{Change, Kind, Op, RowId, SourceName};

pub use compact::{Compact, Compacted};
pub use cursors::{ChangeCursor, MovedCursor};
pub(crate) use fold::{By, origins_within};
pub(crate) use log::{change, change_list};
pub use picked::{PickedRow, Picking};
pub use place::Horizon;
pub(crate) use row::Found;

/// `change_cursors` are marks that consumers keep here instead of with themselves. `change_horizon` is
/// the number up to which old changes were folded.
pub(crate) const DDL: &str = "
CREATE TABLE IF NOT EXISTS change_cursors (
    name TEXT PRIMARY KEY, seq INTEGER NOT NULL, made_at INSTANT NOT NULL,
    moved_at INSTANT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS change_horizon (
    one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL, at INSTANT NOT NULL);
";

/// What `changes` has beside its first columns: how many changes one stands for, where it is more.
pub(crate) const CHANGE_COLUMNS: &[(&str, &str)] = &[("folded", "INTEGER")];

/// Which changes to list; what is empty or `None` does not limit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeQuery {
    /// Only those after this number.
    pub since: i64,
    /// Only those up to this number, included.
    pub until: Option<i64>,
    /// Only those of rows of this kind.
    pub kind: Option<Kind>,
    /// Only those of rows of this source.
    pub source: Option<SourceName>,
    /// Only these operations.
    pub ops: Vec<Op>,
    /// Only those that set one of these fields.
    pub fields: Vec<String>,
    /// From the newest back, instead of from the oldest on.
    pub newest_first: bool,
}

/// Some changes, and how far the log was looked at for them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ChangePage {
    /// Those that fit, in the order asked for.
    pub changes: Vec<LoggedChange>,
    /// From the oldest on: everything up to this number was looked at, so this is where to go on from,
    /// also when nothing fitted. From the newest back: everything from this number on was.
    pub through: i64,
    /// Whether there is more now.
    pub more: bool,
}

/// A change, with what names its row and where it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct LoggedChange {
    /// The change.
    pub change: Change,
    /// The source's own key of the row.
    pub source_key: String,
    /// What the row is called now.
    pub title: Option<String>,
    /// How many changes it stands for, where old ones were folded into it.
    pub folded: Option<i64>,
    /// Address of the document that said so.
    pub url: Option<String>,
    /// When that was fetched.
    pub fetched_at: Option<String>,
}

/// How one row came to be what it is.
#[derive(Debug, Clone, PartialEq)]
pub struct RowHistory {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: RowId,
    /// Its source.
    pub source: SourceName,
    /// The source's own key.
    pub source_key: String,
    /// What it is called now.
    pub title: Option<String>,
    /// When it was first stored, RFC 3339 UTC.
    pub first_seen: String,
    /// When a document last stated it; `None` where none does any longer.
    pub last_seen: Option<String>,
    /// When a complete sweep no longer held it.
    pub gone_at: Option<String>,
    /// Its changes, oldest first; those of its offers among them where these were asked for.
    pub changes: Vec<LoggedChange>,
}
