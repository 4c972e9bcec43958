//! How the database of a store is doing, for whoever looks after it. Nothing is changed by asking.

use std::time::Instant;

use serde::Serialize;

use crate::sql::{self, Conn, Dialect, SqlResult};
use crate::{Store, StoreError};

/// How a database is doing.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "database", rename_all = "snake_case")]
pub enum StoreHealth {
    /// A file.
    Sqlite(SqliteHealth),
    /// A schema on a server.
    Postgres(PostgresHealth),
}

/// How a SQLite file is doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct SqliteHealth {
    /// SQLite's own.
    pub version: String,
    /// `wal` where all is well.
    pub journal_mode: String,
    /// A statement to the database and back.
    pub round_trip_us: u64,
    /// What the file takes.
    pub size_bytes: u64,
    /// What of it is free.
    pub free_pages_bytes: u64,
    /// What is wrong with it; `None` where that was not asked.
    pub faults: Option<Vec<String>>,
}

/// How a store on a PostgreSQL server is doing.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct PostgresHealth {
    /// The server's, like `15.6`.
    pub version: String,
    /// The same as a number: 150006.
    pub version_number: i64,
    /// A statement to the server and back.
    pub round_trip_us: u64,
    /// The database we are in.
    pub size_bytes: u64,
    /// Connections of all clients to the server.
    pub connections: i64,
    /// How many it lets in.
    pub max_connections: i64,
    /// How long the oldest transaction of this database has been open.
    pub oldest_transaction_secs: Option<i64>,
    /// We may make tables in our schema, or that schema where it is not there yet.
    pub may_create: bool,
    /// We may write into our tables.
    pub may_write: bool,
    /// It only reads: a standby, or set so.
    pub read_only: bool,
    /// Of the extension pgvector, where it is installed in this database.
    pub pgvector: Option<String>,
    /// It can be installed: its files are on the server.
    pub pgvector_available: bool,
}

const SERVER: &str = "
    SELECT current_setting('server_version'), CAST(current_setting('server_version_num') AS BIGINT),
        pg_database_size(current_database()),
        (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'),
        CAST(current_setting('max_connections') AS BIGINT),
        (SELECT CAST(max(extract(epoch FROM now() - xact_start)) AS BIGINT) FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid()),
        coalesce(has_schema_privilege(current_schema(), 'CREATE'),
            has_database_privilege(current_database(), 'CREATE')),
        coalesce(has_table_privilege(to_regclass('changes'), 'INSERT'), TRUE),
        current_setting('transaction_read_only') = 'on',
        (SELECT extversion FROM pg_extension WHERE extname = 'vector'),
        EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector')";

/// Faults that are named at most.
const FAULTS: i64 = 20;

impl Store {
    /// How its database is doing; `deep`: with a look at every page of a SQLite file.
    pub async fn health(&self, deep: bool) -> Result<StoreHealth, StoreError> {
        let asked = async {
            let mut conn = self.readers.acquire().await?;
            Ok(match conn.dialect() {
                Dialect::Sqlite => StoreHealth::Sqlite(sqlite(&mut conn, deep).await?),
                Dialect::Postgres => StoreHealth::Postgres(postgres(&mut conn).await?),
            })
        };
        asked.await.map_err(|error| self.fault("looking after the database", error))
    }
}

/// The second time, as the first has a connection to make.
async fn round_trip(conn: &mut Conn) -> SqlResult<u64> {
    sql::query("SELECT 1").fetch_one(&mut *conn).await?;
    let began = Instant::now();
    sql::query("SELECT 1").fetch_one(conn).await?;
    Ok(u64::try_from(began.elapsed().as_micros()).unwrap_or(u64::MAX))
}

async fn sqlite(conn: &mut Conn, deep: bool) -> SqlResult<SqliteHealth> {
    let round_trip_us = round_trip(conn).await?;
    let sql = "SELECT sqlite_version(), (SELECT journal_mode FROM pragma_journal_mode), \
               (SELECT page_count FROM pragma_page_count) * (SELECT page_size FROM pragma_page_size), \
               (SELECT freelist_count FROM pragma_freelist_count) * (SELECT page_size FROM pragma_page_size)";
    let row = sql::query(sql).fetch_one(&mut *conn).await?;
    let faults = match deep {
        true => {
            let check = sql::query_scalar::<String>(format!("PRAGMA quick_check({FAULTS})"));
            let said = check.fetch_all(conn).await?;
            Some(said.into_iter().filter(|line| line != "ok").collect())
        }
        false => None,
    };
    Ok(SqliteHealth {
        version: row.try_get(0)?,
        journal_mode: row.try_get(1)?,
        round_trip_us,
        size_bytes: unsigned(row.try_get(2)?),
        free_pages_bytes: unsigned(row.try_get(3)?),
        faults,
    })
}

async fn postgres(conn: &mut Conn) -> SqlResult<PostgresHealth> {
    let round_trip_us = round_trip(conn).await?;
    let row = sql::query(SERVER).fetch_one(conn).await?;
    Ok(PostgresHealth {
        version: row.try_get(0)?,
        version_number: row.try_get(1)?,
        round_trip_us,
        size_bytes: unsigned(row.try_get(2)?),
        connections: row.try_get(3)?,
        max_connections: row.try_get(4)?,
        oldest_transaction_secs: row.try_get(5)?,
        may_create: row.try_get(6)?,
        may_write: row.try_get(7)?,
        read_only: row.try_get(8)?,
        pgvector: row.try_get(9)?,
        pgvector_available: row.try_get(10)?,
    })
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::kit::store;

    #[tokio::test]
    async fn a_sound_store_is_told_to_be_sound() {
        let store = store().await;
        match store.health(true).await.unwrap() {
            StoreHealth::Sqlite(health) => {
                assert!(health.version.starts_with('3') && health.size_bytes > 0, "{health:?}");
                assert_eq!(health.faults, Some(Vec::new()));
            }
            StoreHealth::Postgres(health) => {
                assert!(
                    health.version_number >= 150_000 && health.may_create && health.may_write,
                    "{health:?}"
                );
                assert!(health.connections > 0 && health.max_connections > health.connections, "{health:?}");
                assert!(!health.read_only && health.size_bytes > 0, "{health:?}");
            }
        }
    }

    #[tokio::test]
    async fn statements_and_transactions_are_counted_where_they_happen() {
        let store = store().await;
        let before = store.meters();
        store.counts().await.unwrap();
        let asked = store.meters();
        assert!(
            asked.statements > before.statements && asked.statement_us > before.statement_us,
            "{asked:?}"
        );
        assert_eq!(asked.transactions, before.transactions);
        store.begin().await.unwrap().commit().await.unwrap();
        assert_eq!(store.meters().transactions, asked.transactions + 1);
    }

    #[tokio::test]
    async fn a_slow_statement_is_counted_as_slow_and_a_wait_for_a_connection_as_a_wait() {
        let folder = testkit::TempFolder::new();
        let options = crate::OpenOptions { slow_statement: std::time::Duration::ZERO, ..Default::default() };
        let store = Store::open_with(folder.path().join("a.db"), &options).await.unwrap();
        assert_eq!(store.meters().slow_statements, store.meters().statements);
        let held = store.begin().await.unwrap();
        let (waiting, ended) = tokio::join!(store.begin(), async {
            let began = Instant::now();
            while began.elapsed() < std::time::Duration::from_millis(5) {
                tokio::task::yield_now().await;
            }
            held.commit().await
        });
        ended.unwrap();
        waiting.unwrap().commit().await.unwrap();
        assert!(store.meters().pool_waits >= 1, "{:?}", store.meters());
    }
}
