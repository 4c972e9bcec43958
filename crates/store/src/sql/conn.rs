//! A connection, perhaps within a transaction, and what a statement can be sent on.

use std::borrow::Cow;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection};

use super::postgres::Types;
use super::turns::Turn;
use super::{Pool, SqlResult};
use crate::meters::{Meters, Timed};

/// Whose SQL it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    Postgres,
}

/// One connection.
pub(crate) struct Conn {
    pub(super) held: Held,
    pub(super) meters: Arc<Meters>,
}

/// What PostgreSQL expects at each placeholder is shared by all connections of a pool.
pub(super) enum Held {
    Sqlite(PoolConnection<Sqlite>),
    SqliteIn(sqlx::Transaction<'static, Sqlite>),
    Postgres(PoolConnection<Postgres>, Arc<Types>),
    PostgresIn(sqlx::Transaction<'static, Postgres>, Arc<Types>),
}

/// The driver's own connection.
pub(crate) enum Raw<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection, &'c Arc<Types>),
}

impl Conn {
    /// Whose SQL it speaks.
    pub(crate) fn dialect(&self) -> Dialect {
        match &self.held {
            Held::Sqlite(_) | Held::SqliteIn(_) => Dialect::Sqlite,
            Held::Postgres(..) | Held::PostgresIn(..) => Dialect::Postgres,
        }
    }

    /// For what only one of the databases can do.
    pub(crate) fn raw(&mut self) -> Raw<'_> {
        match &mut self.held {
            Held::Sqlite(conn) => Raw::Sqlite(conn),
            Held::SqliteIn(transaction) => Raw::Sqlite(transaction),
            Held::Postgres(conn, types) => Raw::Postgres(conn, types),
            Held::PostgresIn(transaction, types) => Raw::Postgres(transaction, types),
        }
    }

    /// A statement is sent on it.
    pub(super) fn timed(&self, text: Cow<'static, str>) -> Timed {
        self.meters.statement(text)
    }
}

/// A connection within a transaction, which is rolled back unless it is committed.
pub(crate) struct Transaction {
    pub(super) conn: Conn,
    /// Let go of when it is over.
    turn: Option<Turn>,
}

impl Transaction {
    pub(super) fn on(conn: Conn) -> Transaction {
        Transaction { conn, turn: None }
    }

    /// The same while it is its turn.
    pub(super) fn in_turn(self, turn: Option<Turn>) -> Transaction {
        Transaction { turn, ..self }
    }

    /// Makes all of it so.
    pub(crate) async fn commit(self) -> SqlResult<()> {
        let Transaction { conn, turn } = self;
        let committed = match conn.held {
            Held::SqliteIn(transaction) => transaction.commit().await,
            Held::PostgresIn(transaction, _) => transaction.commit().await,
            Held::Sqlite(_) | Held::Postgres(..) => Ok(()),
        };
        drop(turn);
        committed
    }
}

impl Deref for Transaction {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Transaction {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}

/// What a statement is sent on: a connection that is at hand, or any one of a pool.
pub(crate) enum On<'c> {
    Conn(&'c mut Conn),
    Pool(&'c Pool),
}

impl<'c> From<&'c mut Conn> for On<'c> {
    fn from(conn: &'c mut Conn) -> On<'c> {
        On::Conn(conn)
    }
}

impl<'c> From<&'c Pool> for On<'c> {
    fn from(pool: &'c Pool) -> On<'c> {
        On::Pool(pool)
    }
}

impl On<'_> {
    pub(super) async fn acquire(&mut self) -> SqlResult<Borrowed<'_>> {
        Ok(match self {
            On::Conn(conn) => Borrowed::Lent(conn),
            On::Pool(pool) => Borrowed::Own(Box::new(pool.acquire().await?)),
        })
    }
}

pub(super) enum Borrowed<'c> {
    Lent(&'c mut Conn),
    Own(Box<Conn>),
}

impl Deref for Borrowed<'_> {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        match self {
            Borrowed::Lent(conn) => conn,
            Borrowed::Own(conn) => conn,
        }
    }
}

impl DerefMut for Borrowed<'_> {
    fn deref_mut(&mut self) -> &mut Conn {
        match self {
            Borrowed::Lent(conn) => conn,
            Borrowed::Own(conn) => conn,
        }
    }
}
