//! The cache: one document a day with the events of that day, for readers that must not wait for the
//! database. It lives in memory or in Redis, behind one trait.
//!
//! A cache says up to where it follows the change log: its [`Mark`]. A document that does not hold
//! everything up to the mark is not taken in, so an older one never replaces a newer one, whoever writes
//! when. Nothing is kept beyond its time to live, and losing a cache loses nothing.

mod about;
mod address;
mod breaker;
mod counts;
mod error;
mod memory;
mod redis;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use futures::future::BoxFuture;
use model::ContentHash;

use crate::Mark;

pub use address::CacheAddress;
pub use counts::{CacheCounters, CacheCounts};
pub use error::CacheError;
pub use memory::Memory;
pub use redis::{Redis, RedisOptions};

/// Tells the time.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What a cache answers, later.
pub type Answer<'a, T> = BoxFuture<'a, Result<T, CacheError>>;

/// The events of one local day, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayDocument {
    /// The day.
    pub day: NaiveDate,
    /// It holds every change up to here; maybe later ones too.
    pub mark: Mark,
    /// When it was made.
    pub written_at: DateTime<Utc>,
    /// When it must not be served any more.
    pub expires_at: DateTime<Utc>,
    /// How many events it lists.
    pub events: u64,
    /// Hash of its bytes, in hexadecimal: the same events always have the same.
    pub hash: String,
    /// A JSON list.
    pub body: Bytes,
}

impl DayDocument {
    /// A document made at `now` that lives for `ttl`.
    pub fn new(day: NaiveDate, mark: Mark, list: (u64, Bytes), now: DateTime<Utc>, ttl: Duration) -> Self {
        let (events, body) = list;
        let ttl = TimeDelta::from_std(ttl).unwrap_or(TimeDelta::MAX);
        let expires_at = now.checked_add_signed(ttl).unwrap_or(DateTime::<Utc>::MAX_UTC);
        DayDocument { day, mark, written_at: now, expires_at, events, hash: hash(&body), body }
    }

    /// For how long it may be served from `now` on; zero when no longer.
    pub fn left(&self, now: DateTime<Utc>) -> Duration {
        (self.expires_at - now).to_std().unwrap_or(Duration::ZERO)
    }
}

/// The hash of a document's bytes.
fn hash(body: &[u8]) -> String {
    ContentHash::of(body).to_hex()
}

/// What a cache has been filled from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filled {
    /// Nothing yet, or it has lost what it had.
    Empty,
    /// This store, up to here.
    UpTo(Mark),
    /// Another store.
    FromAnother,
}

/// The server that a cache is on.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct CacheServer {
    /// Its version.
    pub version: String,
    /// What it holds in memory, for whoever.
    pub used_bytes: u64,
    /// What it may hold; zero where nothing is said.
    pub max_bytes: u64,
    /// What it does when that is full.
    pub when_full: String,
}

/// A place for day documents of one store.
pub trait Cache: fmt::Debug + Send + Sync {
    /// How people call it: `memory`, or an address without its password.
    fn name(&self) -> &str;

    /// True when other processes see what is put in.
    fn is_shared(&self) -> bool;

    /// The document of a day, unless it is missing, too old, or not what this store wrote.
    fn get(&self, day: NaiveDate) -> Answer<'_, Option<DayDocument>>;

    /// Takes a document in; false when it lacks changes that the cache, or the document that is there,
    /// already holds, or when the cache is not filled from this store.
    fn put(&self, document: DayDocument) -> Answer<'_, bool>;

    /// For how long each of these days' documents lives; zero where there is none.
    fn left(&self, days: Vec<NaiveDate>) -> Answer<'_, Vec<Duration>>;

    /// What it has been filled from.
    fn filled(&self) -> Answer<'_, Filled>;

    /// Moves the mark on, unless it is no longer at `from`; says whether it did.
    fn advance(&self, from: Mark, to: Mark) -> Answer<'_, bool>;

    /// Drops the documents of these days and begins anew at `to`.
    fn reset(&self, to: Mark, days: Vec<NaiveDate>) -> Answer<'_, ()>;

    /// What it counted so far in this process.
    fn counters(&self) -> &CacheCounters;

    /// The server it is on; `None` where there is none.
    fn server(&self) -> Answer<'_, Option<CacheServer>> {
        Box::pin(async { Ok(None) })
    }
}
