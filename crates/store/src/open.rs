//! Opening a store: the database and its schema, and the landing beside it.
//!
//! A rehearsal is a copy in memory that takes commits like the real one and leaves nothing on disk.

mod address;
mod copy;
mod file;
mod fresh;
mod parameters;
mod server;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use model::RunId;
use sqlx::Connection;

use crate::error::is_busy;
use crate::landing::{Landing, LandingSpec};
use crate::meters::Meters;
use crate::personal::{Personal, PersonalOptions};
use crate::schema::{self, Found, SchemaStatus};
use crate::sql::{Conn, Dialect, Pool, SqlResult, Transaction, Turns};
use crate::tally::Tally;
use crate::{StoreError, StoreHealth};

pub use address::{Address, Server};
pub use fresh::Fresh;

/// How long a write waits for another process before it says that the store is in use.
const BUSY_WAIT: Duration = Duration::from_secs(15);

/// How long opening looks again while another process makes the store, and how often.
const MADE_BY_ANOTHER: Duration = Duration::from_secs(2);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A server that has not opened the store by then is looked at for what is wrong with it.
const MOMENT: Duration = Duration::from_millis(300);

/// A statement that takes longer is slow, unless it is told otherwise.
const SLOW_STATEMENT: Duration = Duration::from_secs(1);

/// How a store is opened, beside where it is.
#[derive(Debug, Clone)]
pub struct OpenOptions {
    /// Where bodies are landed; `None` for a folder beside the database.
    pub landing: Option<LandingSpec>,
    /// How long a write waits for other processes, here and later.
    pub busy_wait: Duration,
    /// A statement that takes longer is counted as slow and told of once.
    pub slow_statement: Duration,
    /// How it deals with columns of personal data.
    pub personal: PersonalOptions,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        let personal = PersonalOptions::default();
        OpenOptions { landing: None, busy_wait: BUSY_WAIT, slow_statement: SLOW_STATEMENT, personal }
    }
}

impl OpenOptions {
    fn landing(&self, at: &Address) -> Result<Landing, StoreError> {
        match &self.landing {
            Some(spec) => Landing::of(spec),
            None => Ok(Landing::in_folder(at.landing_folder())),
        }
    }
}

/// An open store. Cheap to clone; all clones are one store.
#[derive(Debug, Clone)]
pub struct Store {
    pub(crate) path: Arc<Path>,
    address: Arc<Address>,
    pub(crate) writer: Pool,
    pub(crate) readers: Pool,
    /// Connections for what users wrote, apart from the others: a time limit is set on them.
    pub(crate) scripts: Pool,
    /// What all writers of the store take turns by.
    pub(crate) turns: Turns,
    landing: Landing,
    /// What is done on any of its connections is counted there.
    pub(crate) meters: Arc<Meters>,
    /// What each run that is under way has counted so far.
    pub(crate) tallies: Arc<Mutex<HashMap<RunId, Tally>>>,
    pub(crate) personal: Arc<Personal>,
    /// Personal columns are given as they are.
    pub(crate) reveals: bool,
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
        Store::open_with(at, &OpenOptions::default()).await
    }

    /// Opens the store at an address; [`StoreError::Missing`] when there is none.
    pub async fn open_existing(at: impl Into<Address>) -> Result<Store, StoreError> {
        Store::open_existing_with(at, &OpenOptions::default()).await
    }

    /// As [`Store::open_existing`], so.
    pub async fn open_existing_with(
        at: impl Into<Address>,
        options: &OpenOptions,
    ) -> Result<Store, StoreError> {
        let at = at.into();
        if let Address::File(path) = &at {
            there(path)?;
        }
        let store = Store::unprepared(at, options)?;
        let opened = async {
            store.is_there().await?;
            store.prepare().await
        };
        store.reached(opened).await?;
        Ok(store)
    }

    /// As [`Store::open`], so.
    pub async fn open_with(at: impl Into<Address>, options: &OpenOptions) -> Result<Store, StoreError> {
        let store = Store::unprepared(at.into(), options)?;
        store.reached(store.prepare()).await?;
        Ok(store)
    }

    /// What comes of `opened`. Where it takes more than a moment, the server is looked at by another connection: of
    /// one that refuses connections, the pool says nothing and asks again and again.
    async fn reached(&self, opened: impl Future<Output = Result<(), StoreError>>) -> Result<(), StoreError> {
        let mut opened = pin!(opened);
        match tokio::time::timeout(MOMENT, opened.as_mut()).await {
            Ok(opened) => opened,
            Err(_) => {
                reached(&self.address).await?;
                opened.await
            }
        }
    }

    /// [`StoreError::Missing`] where a server holds no store in this namespace.
    async fn is_there(&self) -> Result<(), StoreError> {
        let Address::Server(server) = &*self.address else { return Ok(()) };
        let there = async { server::has_store(&mut self.readers.acquire().await?, server).await };
        match there.await.map_err(|error| self.fault("opening the store", error))? {
            true => Ok(()),
            false => {
                let shown = self.address.shown();
                let path = format!("{}, in the namespace {}", shown.display(), server.namespace).into();
                Err(StoreError::Missing { path })
            }
        }
    }

    /// How the schema of the store at an address stands to this program's. Changes nothing. On a server there
    /// may be none yet: then all of it is due.
    pub async fn schema_at(at: impl Into<Address>) -> Result<SchemaStatus, StoreError> {
        let store = Store::looked_at(at.into()).await?;
        let status = store.schema_status().await;
        store.close().await;
        status
    }

    /// How the database at an address is doing, on a server before there is a store too.
    pub async fn health_at(at: impl Into<Address>) -> Result<StoreHealth, StoreError> {
        let store = Store::looked_at(at.into()).await?;
        let health = store.health(false).await;
        store.close().await;
        health
    }

    /// Brings the schema of the store at an address to this program's, made where there is none, and gives what
    /// that took.
    pub async fn migrate_at(at: impl Into<Address>) -> Result<SchemaStatus, StoreError> {
        let at = at.into();
        reached(&at).await?;
        let store = Store::unprepared(at, &OpenOptions::default())?;
        let made = store.migrate().await;
        store.close().await;
        made
    }

    /// Without a file being made where there is none.
    async fn looked_at(at: Address) -> Result<Store, StoreError> {
        match &at {
            Address::File(path) => there(path)?,
            Address::Server(_) => reached(&at).await?,
        }
        Store::unprepared(at, &OpenOptions::default())
    }

    fn unprepared(at: Address, options: &OpenOptions) -> Result<Store, StoreError> {
        let landing = options.landing(&at)?;
        let (pools, turns) = match &at {
            Address::File(path) => {
                let pools = file::pools(path, options.busy_wait, file::may_only_be_read(path));
                (pools, Turns::beside(path, options.busy_wait))
            }
            Address::Server(server) => {
                let pools = server::pools(server, options.busy_wait);
                let pools = pools.map_err(|error| StoreError::of(error, &at.shown(), "opening the store"))?;
                (pools, Turns::Lock(server.turn()))
            }
        };
        let personal = Arc::new(Personal::of(&options.personal)?);
        Ok(Store { personal, ..Store::of(at, pools, turns, landing, options.slow_statement) })
    }

    /// An empty store in memory, landing included.
    pub async fn in_memory() -> Result<Store, StoreError> {
        Store::memory(Address::File(":memory:".into()), Landing::in_memory()).await
    }

    /// A copy in memory of what the store at an address knows about its rows, or an empty one when
    /// there is none: for a dry run. It takes commits and sweeps and counts them as the real one would,
    /// and nothing is written to disk. Logs (changes, documents, runs) and the text index start
    /// empty; bodies are read from the real landing and not kept.
    pub async fn rehearse(at: impl Into<Address>) -> Result<Store, StoreError> {
        Store::rehearse_with(at, &OpenOptions::default()).await
    }

    /// As [`Store::rehearse`], so.
    pub async fn rehearse_with(at: impl Into<Address>, options: &OpenOptions) -> Result<Store, StoreError> {
        let at = at.into();
        reached(&at).await?;
        let store = Store::memory(at.clone(), options.landing(&at)?.rehearsal()).await?;
        let store = Store { personal: Arc::new(Personal::of(&options.personal)?), ..store };
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
        self.turns.end().await;
    }

    async fn memory(stands_for: Address, landing: Landing) -> Result<Store, StoreError> {
        let store = Store::of(stands_for, file::in_memory(), Turns::Alone, landing, SLOW_STATEMENT);
        store.prepare().await?;
        Ok(store)
    }

    fn of(address: Address, pools: Pools, turns: Turns, landing: Landing, slow: Duration) -> Store {
        let (path, address) = (address.shown().into(), Arc::new(address));
        let meters = Arc::new(Meters::slow_after(slow));
        let [writer, readers, scripts] =
            [pools.writer, pools.readers, pools.scripts].map(|pool| pool.counted(&meters));
        let (tallies, personal) = (Arc::default(), Arc::default());
        Store {
            path,
            address,
            writer,
            readers,
            scripts,
            turns,
            landing,
            meters,
            tallies,
            personal,
            reveals: false,
        }
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        let until = Instant::now() + MADE_BY_ANOTHER;
        let found = loop {
            match self.catch_up().await {
                // Two processes make the file at once: SQLite refuses one of them without a wait.
                Err(error) if is_busy(&error) && Instant::now() < until => {
                    tokio::time::sleep(LOOK_AGAIN).await
                }
                caught_up => break caught_up.map_err(|error| self.fault("opening the store", error))?,
            }
        };
        self.accept(found)?;
        self.know_key().await
    }

    /// The error for a database that is not as it must be.
    pub(crate) fn accept(&self, found: Found) -> Result<(), StoreError> {
        let path = self.path.to_path_buf();
        match found {
            Found::Newer(found) => Err(StoreError::Newer { path, found, known: schema::VERSION }),
            Found::Foreign => Err(StoreError::NotAStore { path }),
            Found::Behind(found) => Err(StoreError::Behind { path, found, known: schema::VERSION }),
            Found::Ready => Ok(()),
        }
    }

    /// Creates or adds to the schema in one transaction, unless the database is not ours to touch. One
    /// that has all this program wants is only read.
    async fn catch_up(&self) -> SqlResult<Found> {
        // On the connection that writes: one that has looked at a schema must see it change.
        if schema::is_known(&mut self.writer.acquire().await?).await? {
            return Ok(Found::Ready);
        }
        let mut transaction = self.begin().await?;
        self.make_room(&mut transaction).await?;
        let found = schema::catch_up(&mut transaction).await?;
        if let Found::Ready = found {
            transaction.commit().await?;
        }
        Ok(found)
    }

    /// Makes the schema of a server that the store has to itself, where there is none.
    pub(crate) async fn make_room(&self, conn: &mut Conn) -> SqlResult<()> {
        match (&*self.address, conn.dialect()) {
            (Address::Server(server), Dialect::Postgres) => server::make_schema(conn, server).await,
            _ => Ok(()),
        }
    }

    /// A transaction that may write. One writes at a time: so it cannot fail later for having read
    /// something that has changed since, and the change log is in the order of commits without a gap.
    pub(crate) async fn begin(&self) -> SqlResult<Transaction> {
        self.turns.begin(&self.writer).await
    }

    /// Whether it is a file that we may read and not write.
    pub(crate) fn may_only_be_read(&self) -> bool {
        matches!(&*self.address, Address::File(path) if file::may_only_be_read(path))
    }

    /// The error of `doing`, as the user is to see it.
    pub(crate) fn fault(&self, doing: &'static str, error: sqlx::Error) -> StoreError {
        StoreError::of(error, &self.path, doing)
    }
}

/// An error where a server cannot be reached, or does not let us in.
async fn reached(at: &Address) -> Result<(), StoreError> {
    let Address::Server(server) = at else { return Ok(()) };
    let reached = async { server::reach(server).await?.close().await };
    reached.await.map_err(|error| StoreError::of(error, &at.shown(), "opening the store"))
}

/// [`StoreError::Missing`] where there is no file.
fn there(path: &Path) -> Result<(), StoreError> {
    if path.exists() { Ok(()) } else { Err(StoreError::Missing { path: path.to_owned() }) }
}

fn landing_folder(path: &Path) -> PathBuf {
    path.with_extension("landing")
}
