//! The one way to a database. Every statement in this crate is written once, in the SQL that SQLite and
//! PostgreSQL share, and sent through here; what differs is settled in this folder:
//!
//! - placeholders are written `?` or `?1`, whichever database it is;
//! - a value is bound as the type that the database expects in its place ([`Cell`]), as SQLite does by
//!   itself: a text where a time or JSON is kept becomes one;
//! - a value is read as what the caller asks for ([`Get`]): times as the text they are stored as in
//!   SQLite, JSON as its text;
//! - tables are declared in words of our own ([`declare`]).

mod again;
mod cell;
mod conn;
mod declare;
mod insert;
mod pool;
mod postgres;
mod query;
mod row;
mod text;
mod turns;

use serde::Serialize;

pub(crate) use again::{Times, again};
pub(crate) use cell::Cell;
pub(crate) use conn::{Conn, Dialect, Transaction};
pub(crate) use declare::{column_type, declare};
pub(crate) use insert::Insert;
pub(crate) use pool::{Connections, Pool};
pub(crate) use postgres::{arguments as postgres_arguments, cell as postgres_cell};
pub(crate) use query::{Query, query, query_scalar, run_all};
pub(crate) use row::{Column, Row};
pub(crate) use turns::Turns;

/// What database code inside this crate returns; the public edge says what it was doing.
pub(crate) type SqlResult<T> = Result<T, sqlx::Error>;

/// A set of keys as the one parameter of `IN (SELECT value FROM json_each(?))`.
pub(crate) fn keys<T: Serialize>(keys: &[T]) -> String {
    // Numbers and texts always serialise.
    serde_json::to_string(keys).unwrap_or_else(|_| "[]".to_owned())
}

/// A stored JSON text; a fault is a damaged row.
pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str) -> SqlResult<T> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// A stored text that must parse; a fault is a damaged row.
pub(crate) fn parse<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> SqlResult<T> {
    read(text).ok_or_else(|| sqlx::Error::Decode(format!("unexpected stored text {text:?}").into()))
}
