//! Opening a store: the file, its settings, its schema, and the landing beside it.
//!
//! One connection writes, a few read. Memory is bounded by small page caches. A rehearsal is a copy
//! in memory that takes commits like the real one and leaves nothing on disk.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::RunId;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Row, Sqlite, SqlitePool, Transaction};

use crate::landing::Landing;
use crate::sql::SqlResult;
use crate::tally::Tally;
use crate::{StoreError, ddl};

/// How long a write waits for another process before it says that the store is in use.
const BUSY_WAIT: Duration = Duration::from_secs(15);

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

/// An open store. Cheap to clone; all clones are one store.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) path: Arc<Path>,
    pub(crate) writer: SqlitePool,
    pub(crate) readers: SqlitePool,
    /// Connections for what users wrote, apart from the others: a time limit is set on them.
    pub(crate) scripts: SqlitePool,
    landing: Landing,
    /// What each run that is under way has counted so far.
    pub(crate) tallies: Arc<Mutex<HashMap<RunId, Tally>>>,
}

impl Store {
    /// Opens the store at `path`, making it or bringing it up to date where needed.
    pub async fn open(path: &Path) -> Result<Store, StoreError> {
        Store::open_waiting(path, BUSY_WAIT).await
    }

    /// Opens the store at `path`; [`StoreError::Missing`] when there is none.
    pub async fn open_existing(path: &Path) -> Result<Store, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing { path: path.to_owned() });
        }
        Store::open(path).await
    }

    /// As [`Store::open`], waiting so long for other processes, here and later.
    pub async fn open_waiting(path: &Path, busy_wait: Duration) -> Result<Store, StoreError> {
        let options = file_options(path, busy_wait);
        let readers =
            SqlitePoolOptions::new().max_connections(READERS).min_connections(0).test_before_acquire(false);
        let readers = readers.connect_lazy_with(options.clone().pragma("cache_size", READER_CACHE));
        let scripts = script_pool().connect_lazy_with(options.clone().pragma("cache_size", WRITER_CACHE));
        let writer = single().connect_lazy_with(options.pragma("cache_size", WRITER_CACHE));
        let store = Store::of(path, writer, [readers, scripts], Landing::in_folder(landing_folder(path)));
        store.prepare().await?;
        Ok(store)
    }

    /// An empty store in memory, landing included.
    pub async fn in_memory() -> Result<Store, StoreError> {
        Store::memory(Path::new(":memory:"), Landing::in_memory(None)).await
    }

    /// A copy in memory of what the store at `path` knows about its rows, or an empty one when there
    /// is none: for a dry run. It takes commits and sweeps and counts them as the real one would,
    /// and nothing is written to disk. Logs (changes, documents, runs) and the text index start
    /// empty; bodies are read from the real landing and not kept.
    pub async fn rehearse(path: &Path) -> Result<Store, StoreError> {
        let store =
            Store::memory(path, Landing::in_memory(Some(Landing::in_folder(landing_folder(path))))).await?;
        if path.exists() {
            store.copy_from(path).await.map_err(|error| store.fault("copying for a dry run", error))?;
        }
        Ok(store)
    }

    /// Its landing.
    pub fn landing(&self) -> &Landing {
        &self.landing
    }

    /// Where its database is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes it in good order: the write-ahead log is folded in.
    pub async fn close(&self) {
        self.scripts.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn memory(path: &Path, landing: Landing) -> Result<Store, StoreError> {
        let options = SqliteConnectOptions::new().in_memory(true).pragma("temp_store", "MEMORY");
        // Each connection to `:memory:` is a database of its own: one, for reading and writing.
        let only = single().connect_lazy_with(options.disable_statement_logging());
        let store = Store::of(path, only.clone(), [only.clone(), only], landing);
        store.prepare().await?;
        Ok(store)
    }

    fn of(path: &Path, writer: SqlitePool, others: [SqlitePool; 2], landing: Landing) -> Store {
        let [readers, scripts] = others;
        Store { path: path.into(), writer, readers, scripts, landing, tallies: Arc::default() }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        let found = self.check_version().await.map_err(|error| self.fault("opening the store", error))?;
        match found {
            Found::Newer(found) => {
                Err(StoreError::Newer { path: self.path.to_path_buf(), found, known: ddl::SCHEMA_VERSION })
            }
            Found::Foreign => Err(StoreError::NotAStore { path: self.path.to_path_buf() }),
            Found::Ready => Ok(()),
        }
    }

    /// Creates or migrates in one transaction, unless the database is not ours to touch.
    async fn check_version(&self) -> SqlResult<Found> {
        let mut transaction = self.begin().await?;
        let found = match ddl::version(&mut transaction).await? {
            Some(version) if version > ddl::SCHEMA_VERSION => return Ok(Found::Newer(version)),
            Some(_) => Found::Ready,
            None => {
                let others: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master")
                    .fetch_one(&mut *transaction)
                    .await?;
                if others == 0 { Found::Ready } else { return Ok(Found::Foreign) }
            }
        };
        ddl::migrate(&mut transaction).await?;
        transaction.commit().await?;
        Ok(found)
    }

    /// A transaction that may write: it takes the write lock at once, so it cannot fail later for
    /// having read something that has changed since.
    pub(crate) async fn begin(&self) -> SqlResult<Transaction<'static, Sqlite>> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// The error of `doing`, as the user is to see it.
    pub(crate) fn fault(&self, doing: &'static str, error: sqlx::Error) -> StoreError {
        StoreError::of(error, &self.path, doing)
    }

    async fn copy_from(&self, path: &Path) -> SqlResult<()> {
        let mut connection = self.writer.acquire().await?;
        sqlx::query("ATTACH DATABASE ? AS kept")
            .bind(read_only_address(path))
            .execute(&mut *connection)
            .await?;
        let mut tables: Vec<&str> = model::Kind::ALL.iter().map(|kind| kind.spec().table).collect();
        tables.extend(["scopes", "cursors", "places", "sightings", "quarantine", "mentions", "runs"]);
        for table in tables {
            let columns = shared_columns(&mut connection, table).await?;
            let copy =
                format!("INSERT INTO main.\"{table}\" ({columns}) SELECT {columns} FROM kept.\"{table}\"");
            sqlx::query(AssertSqlSafe(copy)).execute(&mut *connection).await?;
        }
        sqlx::query("DETACH DATABASE kept").execute(&mut *connection).await?;
        Ok(())
    }
}

/// Few, and none when none is needed.
fn script_pool() -> SqlitePoolOptions {
    let pool = SqlitePoolOptions::new().max_connections(SCRIPTS).min_connections(0);
    pool.idle_timeout(Duration::from_secs(10)).acquire_timeout(Duration::from_secs(600))
}

/// What a database file turned out to be.
enum Found {
    Ready,
    Foreign,
    Newer(i64),
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

fn landing_folder(path: &Path) -> PathBuf {
    path.with_extension("landing")
}

/// A database in WAL mode makes its side files even for a reader, unless it is said that nobody
/// changes it. Where the log is there, somebody has it open and the side files exist.
fn read_only_address(path: &Path) -> String {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let unchanging = if Path::new(&log).exists() { "" } else { "&immutable=1" };
    let mut address = String::from("file:");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'%' | b'?' | b'#' => address.push_str(&format!("%{byte:02X}")),
            _ => address.push(char::from(byte)),
        }
    }
    format!("{address}?mode=ro{unchanging}")
}

/// The stored columns of `table` that both databases have, quoted, as a list.
async fn shared_columns(connection: &mut sqlx::SqliteConnection, table: &str) -> SqlResult<String> {
    let rows = sqlx::query(
        "SELECT ours.name FROM pragma_table_info(?1, 'main') ours \
         JOIN pragma_table_info(?1, 'kept') theirs USING (name)",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    let names: SqlResult<Vec<String>> =
        rows.iter().map(|row| Ok(format!("\"{}\"", row.try_get::<String, _>(0)?))).collect();
    Ok(names?.join(", "))
}
