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
    /// The server cannot be reached, or has gone away.
    #[error(
        "the database {path} cannot be reached: {reason}; check that the server runs, and the address given"
    )]
    Away {
        /// The database.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The server does not let us in, or not do this.
    #[error("the database {path} refused: {reason}; check user, password, database and permissions")]
    Refused {
        /// The database.
        path: PathBuf,
        /// What it says.
        reason: String,
    },
    /// The file is something else.
    #[error("{path} is not a callboard store: name another one with --db, or another namespace")]
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
    /// It must be changed before this program can use it.
    #[error(
        "the store {path} is at version {found} of the schema and must be brought to {known}: \
         `callboard migrate --plan` shows how, `callboard migrate --apply` does it"
    )]
    Behind {
        /// The database.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The version this program needs.
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
    #[error("the disk is full: {path} could not be written; free some space")]
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
    #[error("the body {hash} is not in the landing {landing}: it was purged, pruned or deleted")]
    NoBody {
        /// Its address.
        hash: String,
        /// The landing.
        landing: String,
    },
    /// The landing does not answer, or says that it cannot now.
    #[error(
        "the landing {landing} is away: {reason}; nothing is entered without it, try again when it is back"
    )]
    LandingAway {
        /// The landing.
        landing: String,
        /// What it says.
        reason: String,
    },
    /// The landing will not do it, now or later.
    #[error(
        "the landing {landing} refuses: {reason}; check bucket, endpoint, region and keys (`callboard config show`)"
    )]
    LandingRefuses {
        /// The landing.
        landing: String,
        /// What it says.
        reason: String,
    },
    /// The storage of an object does not answer, or says that it cannot now.
    #[error("{object} cannot be reached: {reason}; check that the storage runs and try again")]
    ObjectAway {
        /// The object.
        object: String,
        /// What it says.
        reason: String,
    },
    /// The storage of an object will not do it, now or later.
    #[error(
        "the storage refuses {object}: {reason}; check bucket, endpoint, region and keys (`callboard config show`)"
    )]
    ObjectRefused {
        /// The object.
        object: String,
        /// What it says.
        reason: String,
    },
    /// Personal columns are sealed with another key than the one at hand.
    #[error(
        "the personal columns of {path} are sealed with key {sealed_with}, and the key given is {given}: set the \
         right one as CALLBOARD_PERSONAL_KEY, or, to change keys, the right one as CALLBOARD_PERSONAL_KEY_OLD and \
         then run `callboard personal rotate`"
    )]
    WrongKey {
        /// The database.
        path: PathBuf,
        /// Ids of the keys in use.
        sealed_with: String,
        /// Id of the key given.
        given: String,
    },
    /// The question cannot be answered as put; says why and what to do.
    #[error("{0}")]
    Question(String),
    /// Several rows fit what was asked for.
    #[error("{asked:?} fits several rows; ask for one of them:\n  {}", ids.join("\n  "))]
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

/// What the user can do about a fault of a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Busy,
    Away,
    Refused,
    NotWritable,
    DiskFull,
    NotAStore,
    Damaged,
    Other,
}

impl StoreError {
    /// The class of a database error that came while `doing` something to `path`.
    pub(crate) fn of(error: sqlx::Error, path: &Path, doing: &'static str) -> StoreError {
        let path = path.to_owned();
        let reason = said(&error);
        match class(&error) {
            // A file's connection is in use; a server's is waited for until one can be made.
            Class::Busy if matches!(error, sqlx::Error::PoolTimedOut) && is_server(&path) => {
                StoreError::Away { path, reason: "no connection could be made in time".to_owned() }
            }
            Class::Busy => StoreError::Busy { path },
            Class::Away => StoreError::Away { path, reason },
            Class::Refused => StoreError::Refused { path, reason },
            Class::NotWritable => StoreError::NotWritable { path, reason },
            Class::DiskFull => StoreError::DiskFull { path },
            Class::NotAStore => StoreError::NotAStore { path },
            Class::Damaged => StoreError::Damaged { what: path.display().to_string(), reason },
            Class::Other => StoreError::Database { doing, source: error },
        }
    }

    /// Whether the same may well work in a while.
    pub fn passes(&self) -> bool {
        let away = matches!(self, StoreError::Away { .. } | StoreError::LandingAway { .. });
        let object_away = matches!(self, StoreError::ObjectAway { .. });
        away || object_away || matches!(self, StoreError::Busy { .. } | StoreError::DiskFull { .. })
    }
}

fn is_server(path: &Path) -> bool {
    path.starts_with("postgres:")
}

fn said(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Decode(fault) | sqlx::Error::ColumnDecode { source: fault, .. } => fault.to_string(),
        error => {
            error.as_database_error().map_or_else(|| error.to_string(), |said| said.message().to_owned())
        }
    }
}

fn class(error: &sqlx::Error) -> Class {
    match error {
        sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. } => Class::Damaged,
        sqlx::Error::PoolTimedOut => Class::Busy,
        sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::PoolClosed => Class::Away,
        sqlx::Error::Configuration(_) => Class::Refused,
        error => match (primary_code(error), postgres_code(error)) {
            (Some(code), _) => of_sqlite(code),
            (None, Some(code)) => of_postgres(&code),
            (None, None) => Class::Other,
        },
    }
}

/// Whether somebody else has the database at this moment.
pub(crate) fn is_busy(error: &sqlx::Error) -> bool {
    class(error) == Class::Busy
}

/// Whether the database undid a transaction for the sake of another one, so that it may be done again as
/// if it had never been tried.
pub(crate) fn stood_in_the_way(error: &sqlx::Error) -> bool {
    postgres_code(error).is_some_and(|code| matches!(code.as_str(), "40001" | "40P01" | "55P03"))
}

/// By SQLite's primary result code.
fn of_sqlite(code: i32) -> Class {
    match code {
        5 | 6 => Class::Busy,
        8 | 14 => Class::NotWritable,
        11 => Class::Damaged,
        13 => Class::DiskFull,
        26 => Class::NotAStore,
        _ => Class::Other,
    }
}

/// By PostgreSQL's SQLSTATE.
fn of_postgres(code: &str) -> Class {
    match code {
        // Could not be ordered among others, deadlock, lock not to be had, cancelled by a time limit.
        "40001" | "40P01" | "55P03" | "57014" | "25P03" => Class::Busy,
        // Shutting down, crashed, starting up, too many connections.
        "57P01" | "57P02" | "57P03" | "57P05" | "53300" => Class::Away,
        "53100" => Class::DiskFull,
        // No such database, not permitted.
        "3D000" | "42501" | "25006" => Class::Refused,
        "XX001" | "XX002" => Class::Damaged,
        code if code.starts_with("08") => Class::Away,
        code if code.starts_with("28") => Class::Refused,
        _ => Class::Other,
    }
}

/// The low byte of SQLite's extended result code.
pub(crate) fn primary_code(error: &sqlx::Error) -> Option<i32> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let code: i32 = sqlx::error::DatabaseError::code(error)?.parse().ok()?;
    Some(code & 0xff)
}

/// PostgreSQL's SQLSTATE.
pub(crate) fn postgres_code(error: &sqlx::Error) -> Option<String> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    Some(error.code().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_without_a_connection_is_away() {
        let check = |path: &str, away: bool| {
            let error = StoreError::of(sqlx::Error::PoolTimedOut, Path::new(path), "reading");
            assert_eq!(matches!(error, StoreError::Away { .. }), away, "{error}");
            assert!(error.passes());
        };
        check("postgres://me@db:5432/events", true);
        check("postgres.db", false);
    }

    #[test]
    fn what_postgresql_says_is_sorted_by_what_to_do() {
        let check = |codes: &[&str], expected: Class| {
            for code in codes {
                assert_eq!(of_postgres(code), expected, "{code}");
            }
        };
        check(&["40001", "40P01", "55P03"], Class::Busy);
        check(&["57P01", "57P03", "08006", "08001", "53300"], Class::Away);
        check(&["28P01", "3D000", "42501"], Class::Refused);
        check(&["42601", "23505"], Class::Other);
    }
}
