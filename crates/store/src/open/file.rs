//! Connections to a SQLite file: one writes, a few read. Memory is bounded by small page caches.

use std::path::Path;
use std::time::Duration;

use sqlx::ConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

use super::Pools;
use crate::sql::Pool;

const READERS: u32 = 3;

/// Scripts at once; further ones wait for their turn.
const SCRIPTS: u32 = 2;

/// Page cache of the writer and of each reader, in KiB; negative is SQLite's way to say KiB.
const WRITER_CACHE: &str = "-8000";
const READER_CACHE: &str = "-2000";

/// Page size of a new database. With twice SQLite's usual size a batch touches half as many pages, each
/// a write to the log of its own; beyond that, what is written for one key alone outweighs it.
const PAGE_BYTES: u32 = 8_192;

/// Fold the log into the database each 64 MB: ids are random, so each batch touches many pages, and
/// the longer the log, the more of them are folded in once for many batches.
const CHECKPOINT_PAGES: &str = "8000";

/// The connections to the database at `path`.
pub(super) fn pools(path: &Path, busy_wait: Duration) -> Pools {
    let options = file_options(path, busy_wait);
    let readers =
        SqlitePoolOptions::new().max_connections(READERS).min_connections(0).test_before_acquire(false);
    Pools {
        readers: Pool::sqlite(readers.connect_lazy_with(options.clone().pragma("cache_size", READER_CACHE))),
        scripts: Pool::sqlite(
            script_pool().connect_lazy_with(options.clone().pragma("cache_size", WRITER_CACHE)),
        ),
        writer: Pool::sqlite(single().connect_lazy_with(options.pragma("cache_size", WRITER_CACHE))),
    }
}

/// One connection to a database in memory, for reading and writing: each further one would be to a
/// database of its own.
pub(super) fn in_memory() -> Pools {
    let options = SqliteConnectOptions::new().in_memory(true).pragma("temp_store", "MEMORY");
    let only = Pool::sqlite(single().connect_lazy_with(options.disable_statement_logging()));
    Pools { writer: only.clone(), readers: only.clone(), scripts: only }
}

/// Few, and none when none is needed.
fn script_pool() -> SqlitePoolOptions {
    let pool = SqlitePoolOptions::new().max_connections(SCRIPTS).min_connections(0);
    pool.idle_timeout(Duration::from_secs(10)).acquire_timeout(Duration::from_secs(600))
}

/// One connection that stays for as long as the store is open.
fn single() -> SqlitePoolOptions {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    // A connection to a file does not die of waiting.
    pool.test_before_acquire(false)
}

fn file_options(path: &Path, busy_wait: Duration) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .page_size(PAGE_BYTES)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Normal)
        .foreign_keys(true)
        .busy_timeout(busy_wait)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .disable_statement_logging()
}
