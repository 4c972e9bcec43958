//! One entry of the change log: what a commit did to one row, field by field.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Kind, RowId, RunId, SourceName};

/// What happened to the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Op {
    /// The row was not known before.
    Insert,
    /// Some of its fields have other values now.
    Update,
    /// A complete sweep no longer holds it: it has a tombstone now.
    Vanish,
    /// It had a tombstone and is back.
    Return,
}

impl Op {
    /// The word used in the log, in JSON and on screen.
    pub fn name(self) -> &'static str {
        match self {
            Op::Insert => "insert",
            Op::Update => "update",
            Op::Vanish => "vanish",
            Op::Return => "return",
        }
    }
}

/// The value of one field before and after.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Edit {
    /// Column name.
    pub field: String,
    /// Before; null when it was not known.
    #[serde(default)]
    pub from: Value,
    /// After.
    pub to: Value,
}

/// One entry of the change log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Change {
    /// Position in the log; later changes have higher numbers.
    pub seq: i64,
    /// When it was committed, RFC 3339 UTC.
    pub at: String,
    /// The run that did it.
    pub run: RunId,
    /// The landed document that said so; `None` for a tombstone.
    pub document: Option<String>,
    /// Kind of the row.
    pub kind: Kind,
    /// The row.
    pub id: RowId,
    /// Its source.
    pub source: SourceName,
    /// What happened.
    pub op: Op,
    /// The fields that changed; for an insert, all stated ones.
    pub edits: Vec<Edit>,
}
