//! Limits that all runners of a store share: how fast, and how many at once, a resource (an API key, a
//! host, a site) may be asked, whoever asks.
//!
//! A runner reserves the next slots of all resources a request needs in one short transaction, several
//! at a time, and keeps to the instants it was given. What a runner holds runs out by itself when it
//! dies; slots of the dead pass unused, so an accident only ever makes callboard more polite.

mod grant;
mod rows;
mod view;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::sql::{self, SqlResult};
use crate::{Store, StoreError};
use grant::{Resource, Share};

pub use view::{LimitHolder, LimitRow};

/// Instants are whole microseconds since 1970. `tat` is when a resource is next free, as the generic
/// cell rate algorithm counts it; a share is what one runner holds and how many of its requests wait.
pub(crate) const DDL: &str = "
CREATE TABLE IF NOT EXISTS limits (
    resource TEXT PRIMARY KEY, interval_us INTEGER NOT NULL, burst INTEGER NOT NULL,
    concurrency INTEGER, asked_us INTEGER NOT NULL, places_asked_us INTEGER NOT NULL,
    tat_us INTEGER NOT NULL, paused_until_us INTEGER NOT NULL, pause_reason TEXT, paused_by TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS limit_shares (
    resource TEXT NOT NULL, runner TEXT NOT NULL, held INTEGER NOT NULL, waiting INTEGER NOT NULL,
    since_us INTEGER, expires_us INTEGER NOT NULL,
    PRIMARY KEY (resource, runner)) WITHOUT ROWID;
";

/// What a runner holds runs out after so long without a word from it.
pub const LIMIT_LEASE: TimeDelta = TimeDelta::seconds(10);

/// Slots given out in one reservation at most.
pub const MAX_SLOTS: u32 = 256;

/// What one request needs of one resource, and how that may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitNeed {
    /// Its name, like `host:api.example.org` or `key:ticketmaster`.
    pub resource: String,
    /// The time between two requests; zero is no limit. The slowest that anybody asked for in the
    /// last minute holds.
    pub interval: Duration,
    /// So many may come at once after a rest.
    pub burst: u32,
    /// So many may be under way at once; `None` is no limit. The lowest holds.
    pub concurrency: Option<u32>,
}

/// A runner's wish for slots.
#[derive(Debug, Clone)]
pub struct LimitAsk<'a> {
    /// Who asks.
    pub runner: &'a str,
    /// All the resources that each of the requests needs, each with what the runner has of it.
    pub needs: &'a [(LimitNeed, Standing)],
    /// Requests that wait.
    pub waiting: u32,
    /// Slots wanted.
    pub want: u32,
    /// Slots that would come later than this from now are left for others, but for the first.
    pub horizon: Duration,
    /// Slots of the grant before that were not used and are given back.
    pub unused: u32,
    /// The present.
    pub now: DateTime<Utc>,
}

/// What a runner has of a resource.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Its requests under way.
    pub in_flight: u32,
    /// The mark of the last grant: unused slots can be given back while nobody else got any since.
    pub mark: i64,
}

/// What a runner may do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LimitGrant {
    /// When each of the next requests may be sent; empty when there is no room now.
    pub slots: Vec<DateTime<Utc>>,
    /// For each need, in order: how many requests the runner may have under way.
    pub permits: Vec<u32>,
    /// For each need: the mark to give unused slots back with.
    pub marks: Vec<i64>,
    /// Why there is no room: a pause that somebody was asked for.
    pub pause: Option<LimitPause>,
}

/// A resource that asked to be left alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitPause {
    /// Which.
    pub resource: String,
    /// Until when.
    pub until: DateTime<Utc>,
    /// What it said.
    pub reason: String,
    /// The runner that was told.
    pub runner: String,
}

impl Store {
    /// Reserves slots.
    pub async fn reserve(&self, ask: &LimitAsk<'_>) -> Result<LimitGrant, StoreError> {
        let reserved = sql::again!(self.write_reservation(ask));
        reserved.map_err(|error| self.fault("reserving a slot", error))
    }

    async fn write_reservation(&self, ask: &LimitAsk<'_>) -> SqlResult<LimitGrant> {
        let mut transaction = self.begin().await?;
        let mut resources = rows::load(&mut transaction, ask).await?;
        let grant = grant::grant(&mut resources, ask);
        rows::save(&mut transaction, ask.runner, &resources).await?;
        transaction.commit().await?;
        Ok(grant)
    }

    /// Tells how many requests of `runner` are under way for each resource: what it held beyond goes
    /// back, and what it holds stays its own for another [`LIMIT_LEASE`].
    pub async fn settle_limits(
        &self,
        runner: &str,
        under_way: &[(String, u32)],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let settled = async {
            let mut transaction = self.begin().await?;
            rows::settle(&mut transaction, runner, under_way, micros(now)).await?;
            transaction.commit().await
        };
        settled.await.map_err(|error| self.fault("giving limits back", error))
    }

    /// Nobody asks `resource` before `until`; of two pauses the longer holds.
    pub async fn pause_limit(&self, resource: &str, pause: &LimitPause) -> Result<(), StoreError> {
        sql::query(
            "INSERT INTO limits (resource, interval_us, burst, asked_us, places_asked_us, tat_us, paused_until_us, \
             pause_reason, paused_by) VALUES (?1, 0, 1, 0, 0, 0, ?2, ?3, ?4) ON CONFLICT (resource) DO UPDATE SET \
             paused_until_us = excluded.paused_until_us, pause_reason = excluded.pause_reason, \
             paused_by = excluded.paused_by WHERE limits.paused_until_us < excluded.paused_until_us",
        )
        .bind(resource)
        .bind(micros(pause.until))
        .bind(&pause.reason)
        .bind(&pause.runner)
        .execute(&self.writer)
        .await
        .map_err(|error| self.fault("pausing a resource", error))?;
        Ok(())
    }
}

fn micros(at: DateTime<Utc>) -> i64 {
    at.timestamp_micros()
}

fn instant(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap_or(DateTime::<Utc>::MAX_UTC)
}
