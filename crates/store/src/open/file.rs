//! Connections to a SQLite file: one writes, a few read. Memory is bounded by small page caches.

use std::path::Path;
use std::time::Duration;

use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection};

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
pub(super) fn pools(path: &Path, busy_wait: Duration, only_read: bool) -> Pools {
    let options = match only_read {
        true => reading_options(path, busy_wait),
        false => file_options(path, busy_wait),
    };
    let readers = sound(
        SqlitePoolOptions::new().max_connections(READERS).min_connections(0).test_before_acquire(false),
    );
    Pools {
        readers: Pool::sqlite(readers.connect_lazy_with(options.clone().pragma("cache_size", READER_CACHE))),
        scripts: Pool::sqlite(
            sound(script_pool()).connect_lazy_with(options.clone().pragma("cache_size", WRITER_CACHE)),
        ),
        writer: Pool::sqlite(sound(single()).connect_lazy_with(options.pragma("cache_size", WRITER_CACHE))),
    }
}

/// One connection to a database in memory, for reading and writing: each further one would be to a
/// database of its own.
pub(super) fn in_memory() -> Pools {
    let options = SqliteConnectOptions::new().in_memory(true).pragma("temp_store", "MEMORY");
    let only = Pool::sqlite(single().connect_lazy_with(options.disable_statement_logging()));
    Pools { writer: only.clone(), readers: only.clone(), scripts: only }
}

/// Keeps no connection that comes back within a transaction. On a full disk SQLite ends one by itself, which the
/// driver does not notice: to it the connection would be in that transaction for ever.
fn sound(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    pool.after_release(|conn, _| {
        Box::pin(async move {
            if conn.is_in_transaction() {
                // One that was dropped is rolled back before this is answered.
                conn.ping().await?;
            }
            Ok(!conn.is_in_transaction())
        })
    })
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

/// Whether the file is there and may be read, but not written: somebody else's, or on a disk that is read-only.
/// It is not opened for that: closing it would undo SQLite's locks on it.
pub(super) fn may_only_be_read(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    access(path, Access::READ_OK).is_ok() && access(path, Access::WRITE_OK).is_err()
}

/// Nothing beside the file can be made for reading it. Where there is no log, nobody is writing, and there is
/// nothing to ask for.
fn reading_options(path: &Path, busy_wait: Duration) -> SqliteConnectOptions {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let quiet = !std::fs::metadata(Path::new(&log)).is_ok_and(|log| log.len() > 0);
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(quiet);
    options.busy_timeout(busy_wait).disable_statement_logging()
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
        // What is changed or removed does not stay in the file to be read.
        .pragma("secure_delete", "ON")
        .disable_statement_logging()
}
