//! A pool of connections to either database.

use std::sync::Arc;
use std::time::Instant;

use sqlx::{PgPool, SqlitePool};

use super::SqlResult;
use super::conn::{Conn, Dialect, Held, Transaction};
use super::postgres::Types;
use crate::meters::Meters;

/// Connections to one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Pool {
    pub(crate) of: Connections,
    meters: Arc<Meters>,
}

/// Those of the driver.
#[derive(Debug, Clone)]
pub(crate) enum Connections {
    Sqlite(SqlitePool),
    Postgres(PgPool, Arc<Types>),
}

impl Pool {
    /// To a SQLite database.
    pub(crate) fn sqlite(pool: SqlitePool) -> Pool {
        Pool { of: Connections::Sqlite(pool), meters: Arc::default() }
    }

    /// To a PostgreSQL database.
    pub(crate) fn postgres(pool: PgPool) -> Pool {
        Pool { of: Connections::Postgres(pool, Arc::default()), meters: Arc::default() }
    }

    /// What is done on them is counted there.
    pub(crate) fn counted(self, meters: &Arc<Meters>) -> Pool {
        Pool { meters: meters.clone(), ..self }
    }

    /// Whose SQL its connections speak.
    pub(crate) fn dialect(&self) -> Dialect {
        match &self.of {
            Connections::Sqlite(_) => Dialect::Sqlite,
            Connections::Postgres(..) => Dialect::Postgres,
        }
    }

    /// A connection of one's own until it is dropped.
    pub(crate) async fn acquire(&self) -> SqlResult<Conn> {
        let waits = self.is_used_up().then(Instant::now);
        let held = match &self.of {
            Connections::Sqlite(pool) => Held::Sqlite(Box::pin(pool.acquire()).await?),
            Connections::Postgres(pool, types) => {
                Held::Postgres(Box::pin(pool.acquire()).await?, types.clone())
            }
        };
        Ok(self.lent(waits, held))
    }

    /// A transaction begun with this statement (`BEGIN IMMEDIATE`, `BEGIN READ ONLY`); rolled back when
    /// it is dropped.
    pub(crate) async fn begin_with(&self, statement: &'static str) -> SqlResult<Transaction> {
        let waits = self.is_used_up().then(Instant::now);
        let held = match &self.of {
            Connections::Sqlite(pool) => Held::SqliteIn(Box::pin(pool.begin_with(statement)).await?),
            Connections::Postgres(pool, types) => {
                Held::PostgresIn(Box::pin(pool.begin_with(statement)).await?, types.clone())
            }
        };
        self.meters.transaction();
        Ok(Transaction::on(self.lent(waits, held)))
    }

    fn lent(&self, waits: Option<Instant>, held: Held) -> Conn {
        if let Some(since) = waits {
            self.waited(since);
        }
        Conn { held, meters: self.meters.clone() }
    }

    /// Somebody waited for a connection since then.
    pub(super) fn waited(&self, since: Instant) {
        self.meters.waited(since.elapsed());
    }

    /// Whether whoever asks now has to wait for somebody else.
    fn is_used_up(&self) -> bool {
        let (idle, open, most) = match &self.of {
            Connections::Sqlite(pool) => (pool.num_idle(), pool.size(), pool.options().get_max_connections()),
            Connections::Postgres(pool, _) => {
                (pool.num_idle(), pool.size(), pool.options().get_max_connections())
            }
        };
        idle == 0 && open >= most
    }

    /// A transaction that reads one state of the database.
    pub(crate) async fn begin_reading(&self) -> SqlResult<Transaction> {
        self.begin_with(match self.dialect() {
            Dialect::Sqlite => "BEGIN",
            Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
        })
        .await
    }

    /// Closes all of them.
    pub(crate) async fn close(&self) {
        match &self.of {
            Connections::Sqlite(pool) => pool.close().await,
            Connections::Postgres(pool, _) => pool.close().await,
        }
    }
}
