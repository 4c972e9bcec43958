//! What can go wrong with a store, by what the user can do about it.

use std::path::{Path, PathBuf};

use thiserror::Error;

/// Why the store could not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    /// A query was asked of a store that is not there.
    #[error("there is no store at {path}; collect something into it first, or name another with --db")]
    Missing {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// Another process holds the write lock for longer than we wait.
    #[error("the store {path} is in use by another process: wait until that has finished and try again")]
    Busy {
        /// The database.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{path} is not a callboard store: name another file with --db")]
    NotAStore {
        /// The file.
        path: PathBuf,
    },
    /// A newer callboard wrote it.
    #[error(
        "the store {path} was written by a newer callboard (its schema is version {found}, this one \
         knows up to {known}): use that version, or another file"
    )]
    Newer {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The highest version this program knows.
        known: i64,
    },
    /// No permission, a read-only folder, or a folder that does not exist.
    #[error("cannot write {path}: {reason}; check that its folder exists and may be written to")]
    NotWritable {
        /// The file or folder.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// No space left.
    #[error("the disk is full: {path} could not be written; free some space, nothing is lost")]
    DiskFull {
        /// What was being written.
        path: PathBuf,
    },
    /// The database or a body is damaged.
    #[error("{what} is damaged: {reason}")]
    Damaged {
        /// What is.
        what: String,
        /// How it shows.
        reason: String,
    },
    /// A landed body that is not there.
    #[error("the body {hash} is not in the landing {folder}: it was purged or deleted")]
    NoBody {
        /// Its address.
        hash: String,
        /// The landing folder.
        folder: PathBuf,
    },
    /// The question cannot be answered as put; says why and what to do.
    #[error("{0}")]
    Question(String),
    /// Several rows fit what was asked for.
    #[error("{asked:?} fits several rows: {}", ids.join(", "))]
    Ambiguous {
        /// What was asked for.
        asked: String,
        /// The first rows that fit.
        ids: Vec<String>,
    },
    /// The database refused for a reason that should not occur.
    #[error("the database failed while {doing}: {source}")]
    Database {
        /// What was attempted.
        doing: &'static str,
        /// What it says.
        source: sqlx::Error,
    },
}

/// SQLite's primary result codes that have an answer of their own.
mod code {
    pub(super) const BUSY: i32 = 5;
    pub(super) const LOCKED: i32 = 6;
    pub(super) const READONLY: i32 = 8;
    pub(super) const CORRUPT: i32 = 11;
    pub(super) const FULL: i32 = 13;
    pub(super) const CANTOPEN: i32 = 14;
    pub(super) const NOTADB: i32 = 26;
}

impl StoreError {
    /// The class of a database error that came while `doing` something to `path`.
    pub(crate) fn of(error: sqlx::Error, path: &Path, doing: &'static str) -> StoreError {
        let path = path.to_owned();
        let reason = error.to_string();
        match primary_code(&error) {
            Some(code::BUSY | code::LOCKED) => StoreError::Busy { path },
            Some(code::READONLY | code::CANTOPEN) => StoreError::NotWritable { path, reason },
            Some(code::FULL) => StoreError::DiskFull { path },
            Some(code::NOTADB) => StoreError::NotAStore { path },
            Some(code::CORRUPT) => StoreError::Damaged { what: path.display().to_string(), reason },
            _ => match error {
                sqlx::Error::Decode(fault) | sqlx::Error::ColumnDecode { source: fault, .. } => {
                    StoreError::Damaged { what: path.display().to_string(), reason: fault.to_string() }
                }
                sqlx::Error::PoolTimedOut => StoreError::Busy { path },
                source => StoreError::Database { doing, source },
            },
        }
    }
}

/// The low byte of SQLite's extended result code.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let code: i32 = error.as_database_error()?.code()?.parse().ok()?;
    Some(code & 0xff)
}
