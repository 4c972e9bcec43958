//! What a backup says of itself: at its beginning what it is, at its end what is in it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The number of this way to write a backup. A reader refuses higher ones.
pub(super) const FORMAT: u32 = 1;

/// At the beginning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupHead {
    /// Which way it is written.
    pub format: u32,
    /// When the view of the store was taken that is in it, RFC 3339.
    pub created_at: String,
    /// The version of callboard that wrote it.
    pub program: String,
    /// The version of the store's schema.
    pub schema: i64,
    /// Stands for the schema.
    pub fingerprint: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    /// The store it is of, as people may see it.
    pub store: String,
    /// What was done about landed bodies: `include`, `check` or `skip`.
    pub landing: String,
    /// Its tables, in the order in which they come, each with its columns.
    pub tables: Vec<BackupTable>,
    /// The highest number that was ever given in tables that never give one twice.
    pub numbers: BTreeMap<String, i64>,
}

/// A table and its columns.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupTable {
    /// Its name.
    pub name: String,
    /// Names of its columns, in the order in which they are in each row.
    pub columns: Vec<String>,
}

/// At the end.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BackupManifest {
    /// What is in each table.
    pub tables: BTreeMap<String, TableSum>,
    /// What is there of the landed bodies.
    pub bodies: BodySum,
    /// BLAKE3 of everything that comes before the manifest.
    pub blake3: String,
}

/// The rows of a table in sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableSum {
    /// How many.
    pub rows: u64,
    /// BLAKE3 of what they say, in the order of their keys.
    pub blake3: String,
}

/// Landed bodies in sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodySum {
    /// Bodies that are in the backup or, where they were only checked, in the landing.
    pub count: u64,
    /// What these hold, decompressed.
    pub bytes: u64,
    /// Bodies that documents name and that the landing does not give: pruned, purged or lost.
    pub absent: u64,
    /// Bodies that are damaged in the landing.
    pub damaged: u64,
}

impl BackupManifest {
    /// Rows of all tables.
    pub fn rows(&self) -> u64 {
        self.tables.values().map(|table| table.rows).sum()
    }
}
