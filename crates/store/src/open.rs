//! Opening a store: the database and its schema, and the landing beside it.
//!
//! A rehearsal is a copy in memory that takes commits like the real one and leaves nothing on disk.

mod address;
mod copy;
mod file;
mod server;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use model::RunId;

use crate::landing::Landing;
use crate::sql::{self, Conn, Dialect, Pool, SqlResult, Transaction};
use crate::tally::Tally;
use crate::{StoreError, ddl};

pub use address::{Address, Server};

/// How long a write waits for another process before it says that the store is in use.
const BUSY_WAIT: Duration = Duration::from_secs(15);

/// An open store. Cheap to clone; all clones are one store.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) path: Arc<Path>,
    address: Arc<Address>,
    pub(crate) writer: Pool,
    pub(crate) readers: Pool,
    /// Connections for what users wrote, apart from the others: a time limit is set on them.
    pub(crate) scripts: Pool,
    /// What the writers of one store on a server take turns by.
    turn: i64,
    landing: Landing,
    /// What each run that is under way has counted so far.
    pub(crate) tallies: Arc<Mutex<HashMap<RunId, Tally>>>,
}

/// The connections of a store.
struct Pools {
    writer: Pool,
    readers: Pool,
    scripts: Pool,
}

impl Store {
    /// Opens the store at an address, making it or bringing it up to date where needed.
    pub async fn open(at: impl Into<Address>) -> Result<Store, StoreError> {
        Store::open_waiting(at, BUSY_WAIT).await
    }

    /// Opens the store at an address; [`StoreError::Missing`] when there is none.
    pub async fn open_existing(at: impl Into<Address>) -> Result<Store, StoreError> {
        let at = at.into();
        let missing = || StoreError::Missing { path: at.shown() };
        match &at {
            Address::File(path) if !path.exists() => return Err(missing()),
            Address::File(_) => {}
            Address::Server(server) => {
                let found = server::holds_store(server).await;
                if !found.map_err(|error| StoreError::of(error, &at.shown(), "opening the store"))? {
                    return Err(missing());
                }
            }
        }
        Store::open(at).await
    }

    /// As [`Store::open_existing`], but that there is none is no fault.
    pub async fn open_if_there(at: impl Into<Address>) -> Result<Option<Store>, StoreError> {
        match Store::open_existing(at).await {
            Ok(store) => Ok(Some(store)),
            Err(StoreError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`Store::open`], waiting so long for other processes, here and later.
    pub async fn open_waiting(at: impl Into<Address>, busy_wait: Duration) -> Result<Store, StoreError> {
        let at = at.into();
        let landing = Landing::in_folder(at.landing_folder());
        let (pools, turn) = match &at {
            Address::File(path) => (file::pools(path, busy_wait), 0),
            Address::Server(server) => {
                let pools = server::pools(server, busy_wait);
                let pools = pools.map_err(|error| StoreError::of(error, &at.shown(), "opening the store"))?;
                (pools, server.turn())
            }
        };
        let store = Store::of(at, pools, turn, landing);
        store.prepare().await?;
        Ok(store)
    }

    /// An empty store in memory, landing included.
    pub async fn in_memory() -> Result<Store, StoreError> {
        Store::memory(Address::File(":memory:".into()), Landing::in_memory(None)).await
    }

    /// A copy in memory of what the store at an address knows about its rows, or an empty one when
    /// there is none: for a dry run. It takes commits and sweeps and counts them as the real one would,
    /// and nothing is written to disk. Logs (changes, documents, runs) and the text index start
    /// empty; bodies are read from the real landing and not kept.
    pub async fn rehearse(at: impl Into<Address>) -> Result<Store, StoreError> {
        let at = at.into();
        let landing = Landing::in_memory(Some(Landing::in_folder(at.landing_folder())));
        let store = Store::memory(at.clone(), landing).await?;
        let copied = match &at {
            Address::File(path) if path.exists() => copy::from_file(&store, path).await,
            Address::File(_) => Ok(()),
            Address::Server(server) => copy::from_server(&store, server).await,
        };
        copied.map_err(|error| store.fault("copying for a dry run", error))?;
        Ok(store)
    }

    /// Its landing.
    pub fn landing(&self) -> &Landing {
        &self.landing
    }

    /// Where it is, for opening it once more.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// Where its database is, as people may see it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Closes it in good order: SQLite's write-ahead log is folded in.
    pub async fn close(&self) {
        self.scripts.close().await;
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn memory(stands_for: Address, landing: Landing) -> Result<Store, StoreError> {
        let store = Store::of(stands_for, file::in_memory(), 0, landing);
        store.prepare().await?;
        Ok(store)
    }

    fn of(address: Address, pools: Pools, turn: i64, landing: Landing) -> Store {
        let Pools { writer, readers, scripts } = pools;
        let (path, address) = (address.shown().into(), Arc::new(address));
        Store { path, address, writer, readers, scripts, turn, landing, tallies: Arc::default() }
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

    /// Creates or migrates in one transaction, unless the database is not ours to touch. One that has all
    /// this program wants is only read.
    async fn check_version(&self) -> SqlResult<Found> {
        let wanted = ddl::fingerprint(self.writer.dialect());
        // On the connection that writes: one that has looked at a schema must see it change.
        let found = ddl::version(&mut self.writer.acquire().await?).await?;
        if found.is_some_and(|found| found.number == ddl::SCHEMA_VERSION && found.fingerprint == Some(wanted))
        {
            return Ok(Found::Ready);
        }
        let mut transaction = self.begin().await?;
        if let (Address::Server(server), Dialect::Postgres) = (&*self.address, transaction.dialect()) {
            server::make_schema(&mut transaction, server).await?;
        }
        let found = match ddl::version(&mut transaction).await? {
            Some(version) if version.number > ddl::SCHEMA_VERSION => return Ok(Found::Newer(version.number)),
            Some(_) => Found::Ready,
            None if is_empty(&mut transaction).await? => Found::Ready,
            None => return Ok(Found::Foreign),
        };
        ddl::migrate(&mut transaction).await?;
        transaction.commit().await?;
        Ok(found)
    }

    /// A transaction that may write. One writes at a time: so it cannot fail later for having read
    /// something that has changed since, and the change log is in the order of commits without a gap.
    pub(crate) async fn begin(&self) -> SqlResult<Transaction> {
        match self.writer.dialect() {
            Dialect::Sqlite => self.writer.begin_with("BEGIN IMMEDIATE").await,
            Dialect::Postgres => {
                let mut transaction = self.writer.begin_with("BEGIN").await?;
                let take_turn = sql::query("SELECT pg_advisory_xact_lock(?)").bind(self.turn);
                take_turn.execute(&mut *transaction).await?;
                Ok(transaction)
            }
        }
    }

    /// The error of `doing`, as the user is to see it.
    pub(crate) fn fault(&self, doing: &'static str, error: sqlx::Error) -> StoreError {
        StoreError::of(error, &self.path, doing)
    }
}

/// Whether nothing at all is in the database, or in the schema of the server.
async fn is_empty(conn: &mut Conn) -> SqlResult<bool> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => "SELECT count(*) FROM sqlite_master",
        Dialect::Postgres => {
            "SELECT count(*) FROM pg_class WHERE relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema())"
        }
    };
    Ok(sql::query_scalar::<i64>(sql).fetch_one(conn).await? == 0)
}

/// What a database turned out to be.
enum Found {
    Ready,
    Foreign,
    Newer(i64),
}

fn landing_folder(path: &Path) -> PathBuf {
    path.with_extension("landing")
}
