//! A pool of connections to either database.

use std::borrow::Cow;
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{PgPool, Postgres, Sqlite, SqlitePool};

use super::SqlResult;
use super::conn::{Conn, Dialect, Held, Transaction};
use super::postgres::Types;
use super::query::safe;

/// Connections to one database. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool, Arc<Types>),
}

impl Pool {
    /// To a PostgreSQL database.
    pub(crate) fn postgres(pool: PgPool) -> Pool {
        Pool::Postgres(pool, Arc::default())
    }

    /// Whose SQL its connections speak.
    pub(crate) fn dialect(&self) -> Dialect {
        match self {
            Pool::Sqlite(_) => Dialect::Sqlite,
            Pool::Postgres(..) => Dialect::Postgres,
        }
    }

    /// A connection of one's own until it is dropped.
    pub(crate) async fn acquire(&self) -> SqlResult<Conn> {
        Ok(match self {
            Pool::Sqlite(pool) => {
                let conn: PoolConnection<Sqlite> = pool.acquire().await?;
                Conn { held: Held::Sqlite(conn), types: None }
            }
            Pool::Postgres(pool, types) => {
                let conn: PoolConnection<Postgres> = pool.acquire().await?;
                Conn { held: Held::Postgres(conn), types: Some(types.clone()) }
            }
        })
    }

    /// A transaction begun with this statement (`BEGIN IMMEDIATE`, `BEGIN READ ONLY`); rolled back when
    /// it is dropped.
    pub(crate) async fn begin_with(&self, statement: impl Into<Cow<'static, str>>) -> SqlResult<Transaction> {
        let statement = safe(statement.into());
        let conn = match self {
            Pool::Sqlite(pool) => {
                Conn { held: Held::SqliteIn(pool.begin_with(statement).await?), types: None }
            }
            Pool::Postgres(pool, types) => {
                Conn { held: Held::PostgresIn(pool.begin_with(statement).await?), types: Some(types.clone()) }
            }
        };
        Ok(Transaction(conn))
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
        match self {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres(pool, _) => pool.close().await,
        }
    }
}
