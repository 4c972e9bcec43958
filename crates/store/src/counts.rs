//! How much a store holds, for `doctor`, and how much a purge took.

use std::collections::BTreeMap;

use model::Kind;
use serde::Serialize;

/// How much a store holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct StoreCounts {
    /// Rows by kind, tombstones included.
    pub rows: BTreeMap<Kind, u64>,
    /// Entries of the change log.
    pub changes: u64,
    /// Runs.
    pub runs: u64,
    /// Documents.
    pub documents: u64,
    /// Quarantined listings that have not been resolved.
    pub quarantined: u64,
    /// Size of the database file in bytes.
    pub size_bytes: u64,
}

/// What a purge took away.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// Rows of all kinds.
    pub rows: u64,
    /// Entries of the change log.
    pub changes: u64,
    /// Quarantined listings.
    pub quarantined: u64,
    /// Documents.
    pub documents: u64,
    /// Bodies that no other document refers to.
    pub bodies: u64,
    /// Values of single columns, in rows that stay.
    pub values: u64,
    /// Lines of the landing's index.
    pub index_lines: u64,
}
