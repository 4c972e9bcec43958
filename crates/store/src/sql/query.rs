//! A statement with its values, sent to either database.

use std::borrow::Cow;
use std::marker::PhantomData;

use futures::future::BoxFuture;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{AssertSqlSafe, Executor, PgConnection, Postgres, SqlSafeStr, SqlStr, Sqlite, SqliteConnection};

use super::conn::{Conn, On, Raw};
use super::declare::declare;
use super::row::{Get, Row};
use super::{Cell, SqlResult, postgres};

/// A statement. Its text holds nothing that came from outside: values are bound.
#[derive(Debug)]
pub(crate) struct Query {
    text: Cow<'static, str>,
    cells: Vec<Cell>,
}

/// What a statement without a result did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Done(u64);

impl Done {
    /// Rows written.
    pub(crate) fn rows_affected(self) -> u64 {
        self.0
    }
}

/// A statement, in the SQL that both databases share.
pub(crate) fn query(text: impl Into<Cow<'static, str>>) -> Query {
    Query { text: text.into(), cells: Vec::new() }
}

/// A statement whose rows have one column that matters.
pub(crate) fn query_scalar<T>(text: impl Into<Cow<'static, str>>) -> Scalar<T> {
    Scalar { query: query(text), gives: PhantomData }
}

/// A statement on its way. In a box: what the drivers keep of one takes some 5 KB, which would be in every
/// task that may ask the store something, and be moved with it.
type Sent<'c, T> = BoxFuture<'c, SqlResult<T>>;

impl Query {
    /// The next value: for the next `?`, or for the placeholder of that number.
    pub(crate) fn bind(mut self, value: impl Into<Cell>) -> Query {
        self.cells.push(value.into());
        self
    }

    /// Several of them.
    pub(crate) fn bind_all(mut self, values: Vec<Cell>) -> Query {
        self.cells.extend(values);
        self
    }

    /// Runs it for what it does.
    pub(crate) fn execute<'c>(self, on: impl Into<On<'c>>) -> Sent<'c, Done> {
        let mut on = on.into();
        Box::pin(async move {
            let mut conn = on.acquire().await?;
            let _timed = conn.timed(self.text.clone());
            Ok(Done(match self.bound(&mut conn).await? {
                Bound::Sqlite(conn, query) => query.execute(conn).await?.rows_affected(),
                Bound::Postgres(conn, query) => query.execute(conn).await?.rows_affected(),
            }))
        })
    }

    /// All rows of its result.
    pub(crate) fn fetch_all<'c>(self, on: impl Into<On<'c>>) -> Sent<'c, Vec<Row>> {
        let mut on = on.into();
        Box::pin(async move {
            let mut conn = on.acquire().await?;
            let _timed = conn.timed(self.text.clone());
            match self.bound(&mut conn).await? {
                Bound::Sqlite(conn, query) => {
                    Ok(query.fetch_all(conn).await?.into_iter().map(Row::Sqlite).collect())
                }
                Bound::Postgres(conn, query) => postgres::rows(query.fetch_all(conn).await?),
            }
        })
    }

    /// The first row, if there is one.
    pub(crate) fn fetch_optional<'c>(self, on: impl Into<On<'c>>) -> Sent<'c, Option<Row>> {
        let mut on = on.into();
        Box::pin(async move {
            let mut conn = on.acquire().await?;
            let _timed = conn.timed(self.text.clone());
            match self.bound(&mut conn).await? {
                Bound::Sqlite(conn, query) => Ok(query.fetch_optional(conn).await?.map(Row::Sqlite)),
                Bound::Postgres(conn, query) => {
                    let row = query.fetch_optional(conn).await?;
                    Ok(postgres::rows(row.into_iter().collect())?.pop())
                }
            }
        })
    }

    /// The first row; that there is none is an error.
    pub(crate) async fn fetch_one(self, on: impl Into<On<'_>>) -> SqlResult<Row> {
        self.fetch_optional(on).await?.ok_or(sqlx::Error::RowNotFound)
    }

    /// In the words of the connection's database, with its values.
    async fn bound(self, conn: &mut Conn) -> SqlResult<Bound<'_>> {
        match conn.raw() {
            Raw::Sqlite(conn) => {
                let mut arguments = SqliteArguments::default();
                for cell in self.cells {
                    cell.bind_sqlite(&mut arguments)?;
                }
                Ok(Bound::Sqlite(conn, sqlx::query_with(safe(self.text), arguments)))
            }
            Raw::Postgres(conn, types) => {
                let (text, arguments) = postgres::prepared(conn, types, &self.text, self.cells).await?;
                Ok(Bound::Postgres(conn, sqlx::query_with(text, arguments)))
            }
        }
    }
}

/// A statement that is ready to be sent, and on what.
enum Bound<'c> {
    Sqlite(&'c mut SqliteConnection, sqlx::query::Query<'c, Sqlite, SqliteArguments>),
    Postgres(&'c mut PgConnection, sqlx::query::Query<'c, Postgres, PgArguments>),
}

/// A text that this crate wrote.
fn safe(text: Cow<'static, str>) -> SqlStr {
    match text {
        Cow::Borrowed(text) => text.into_sql_str(),
        Cow::Owned(text) => AssertSqlSafe(text).into_sql_str(),
    }
}

/// See [`query_scalar`].
#[derive(Debug)]
pub(crate) struct Scalar<T> {
    query: Query,
    gives: PhantomData<fn() -> T>,
}

impl<T: for<'r> Get<'r>> Scalar<T> {
    /// As [`Query::bind`].
    pub(crate) fn bind(mut self, value: impl Into<Cell>) -> Scalar<T> {
        self.query = self.query.bind(value);
        self
    }

    /// The value of the first row; that there is none is an error.
    pub(crate) async fn fetch_one(self, on: impl Into<On<'_>>) -> SqlResult<T> {
        self.query.fetch_one(on).await?.try_get(0)
    }

    /// The value of the first row, if there is one.
    pub(crate) async fn fetch_optional(self, on: impl Into<On<'_>>) -> SqlResult<Option<T>> {
        self.query.fetch_optional(on).await?.map(|row| row.try_get(0)).transpose()
    }

    /// The values of all rows.
    pub(crate) async fn fetch_all(self, on: impl Into<On<'_>>) -> SqlResult<Vec<T>> {
        self.query.fetch_all(on).await?.iter().map(|row| row.try_get(0)).collect()
    }
}

/// Runs statements that declare things, one after another, without values; see [`declare`].
pub(crate) async fn run_all(conn: &mut Conn, statements: &str) -> SqlResult<()> {
    let text = AssertSqlSafe(declare(conn.dialect(), statements));
    match conn.raw() {
        Raw::Sqlite(conn) => conn.execute(sqlx::raw_sql(text)).await.map(drop),
        Raw::Postgres(conn, _) => conn.execute(sqlx::raw_sql(text)).await.map(drop),
    }
}
