//! The cache in Redis. The document of a day is the plain JSON text under `events:YYYY-MM-DD`, so that
//! anything that speaks Redis can serve it without us; what callboard must know of it stands beside it
//! under `events:YYYY-MM-DD:about`. How far the cache follows the change log is `events:mark`.
//!
//! Each write is one script inside Redis: compared and written at once, whoever else writes.

mod connection;
mod scripts;

use std::time::Duration;

use bytes::Bytes;
use chrono::NaiveDate;
use futures::FutureExt;
use redis::{Cmd, cmd};

use super::about::{about_line, mark_line, read_document, read_mark};
use super::{
    Answer, Cache, CacheAddress, CacheCounters, CacheError, CacheServer, DayDocument, Filled, Memory,
};
use crate::Mark;
use connection::Connection;

/// How a Redis is used.
#[derive(Debug, Clone)]
pub struct RedisOptions {
    /// What every key begins with, before `events:`.
    pub prefix: String,
    /// The store that fills it, see [`crate::Store::identity`].
    pub store: String,
    /// How long it may take to connect, and to answer.
    pub timeout: Duration,
}

/// A cache in Redis.
#[derive(Debug)]
pub struct Redis {
    connection: Connection,
    options: RedisOptions,
    counters: CacheCounters,
}

impl Redis {
    /// The Redis at this address; connected to when it is first asked. [`CacheAddress::Memory`] is an error.
    pub fn new(address: &CacheAddress, options: RedisOptions) -> Result<Redis, CacheError> {
        let CacheAddress::Redis { url, name } = address else {
            let kind = std::any::type_name::<Memory>();
            return Err(CacheError::Setting(format!("the cache in memory is a {kind}")));
        };
        let connection = Connection::new(url, name, options.timeout)?;
        Ok(Redis { connection, options, counters: CacheCounters::default() })
    }

    async fn ask<T: redis::FromRedisValue>(&self, command: &Cmd) -> Result<T, CacheError> {
        let answer = self.connection.ask(command).await;
        answer.inspect_err(|_| self.counters.failed())
    }

    fn key(&self, name: impl std::fmt::Display) -> String {
        format!("{}events:{name}", self.options.prefix)
    }

    fn document_key(&self, day: NaiveDate) -> String {
        self.key(day)
    }

    fn about_key(&self, day: NaiveDate) -> String {
        self.key(format_args!("{day}:about"))
    }

    fn mark_key(&self) -> String {
        self.key("mark")
    }

    async fn find(&self, day: NaiveDate) -> Result<Option<DayDocument>, CacheError> {
        let mut command = cmd("MGET");
        command.arg(self.document_key(day)).arg(self.about_key(day));
        let (body, about): (Option<Vec<u8>>, Option<String>) = self.ask(&command).await?;
        let (Some(body), Some(about)) = (body, about) else { return Ok(None) };
        Ok(read_document(&self.options.store, day, &about, Bytes::from(body)))
    }

    async fn take_in(&self, document: DayDocument) -> Result<bool, CacheError> {
        let ttl_ms = document.left(document.written_at).as_millis();
        if ttl_ms == 0 {
            return Ok(false);
        }
        let store = &self.options.store;
        let mut put = cmd("EVAL");
        put.arg(scripts::PUT).arg(3);
        put.arg(self.mark_key()).arg(self.about_key(document.day)).arg(self.document_key(document.day));
        put.arg(store).arg(document.mark.seq).arg(document.mark.purge);
        put.arg(about_line(store, &document)).arg(&document.body[..]).arg(ttl_ms.to_string());
        let taken: i64 = self.ask(&put).await?;
        self.counters.put(taken == 1);
        Ok(taken == 1)
    }

    async fn lives(&self, days: &[NaiveDate]) -> Result<Vec<Duration>, CacheError> {
        let mut command = cmd("EVAL");
        command.arg(scripts::LEFT).arg(2 * days.len());
        for day in days {
            command.arg(self.document_key(*day)).arg(self.about_key(*day));
        }
        let left: Vec<i64> = self.ask(&command).await?;
        // Negative: not there, or without an end, which only somebody else can have made.
        let shorter = |pair: &[i64]| pair.iter().copied().min().unwrap_or(0).max(0);
        Ok(left.chunks(2).map(|pair| Duration::from_millis(shorter(pair).unsigned_abs())).collect())
    }

    async fn begin_anew(&self, to: Mark, days: Vec<NaiveDate>) -> Result<(), CacheError> {
        let mut command = cmd("EVAL");
        command.arg(scripts::RESET).arg(1 + 2 * days.len()).arg(self.mark_key());
        for day in days {
            command.arg(self.document_key(day)).arg(self.about_key(day));
        }
        command.arg(mark_line(&self.options.store, to));
        self.ask(&command).await
    }
}

impl Cache for Redis {
    fn name(&self) -> &str {
        self.connection.name()
    }

    fn is_shared(&self) -> bool {
        true
    }

    fn get(&self, day: NaiveDate) -> Answer<'_, Option<DayDocument>> {
        self.find(day).boxed()
    }

    fn put(&self, document: DayDocument) -> Answer<'_, bool> {
        self.take_in(document).boxed()
    }

    fn left(&self, days: Vec<NaiveDate>) -> Answer<'_, Vec<Duration>> {
        async move { if days.is_empty() { Ok(Vec::new()) } else { self.lives(&days).await } }.boxed()
    }

    fn filled(&self) -> Answer<'_, Filled> {
        async move {
            let line: Option<String> = self.ask(cmd("GET").arg(self.mark_key())).await?;
            Ok(read_mark(&self.options.store, line.as_deref()))
        }
        .boxed()
    }

    fn advance(&self, from: Mark, to: Mark) -> Answer<'_, bool> {
        async move {
            let line = |mark| mark_line(&self.options.store, mark);
            let mut command = cmd("EVAL");
            command.arg(scripts::ADVANCE).arg(1).arg(self.mark_key()).arg(line(from)).arg(line(to));
            let moved: i64 = self.ask(&command).await?;
            Ok(moved == 1)
        }
        .boxed()
    }

    fn reset(&self, to: Mark, days: Vec<NaiveDate>) -> Answer<'_, ()> {
        self.begin_anew(to, days).boxed()
    }

    fn counters(&self) -> &CacheCounters {
        &self.counters
    }

    fn server(&self) -> Answer<'_, Option<CacheServer>> {
        async move {
            let mut command = cmd("INFO");
            let said: String = self.ask(command.arg("everything")).await?;
            let word = |name: &str| {
                let line = said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                line.unwrap_or_default().trim().to_owned()
            };
            Ok(Some(CacheServer {
                version: word("redis_version"),
                used_bytes: word("used_memory").parse().unwrap_or(0),
                max_bytes: word("maxmemory").parse().unwrap_or(0),
                when_full: word("maxmemory_policy"),
            }))
        }
        .boxed()
    }
}
