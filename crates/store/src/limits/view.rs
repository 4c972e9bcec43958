//! What the shared limits look like from outside.

use chrono::{DateTime, Utc};
use std::time::Duration;

use super::{LimitPause, Resource, instant, micros, rows};
use crate::{Store, StoreError};

/// One resource as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct LimitRow {
    /// Its name.
    pub resource: String,
    /// The time between two requests; zero is no limit.
    pub interval: Duration,
    /// So many at once after a rest.
    pub burst: u32,
    /// So many under way at once.
    pub concurrency: Option<u32>,
    /// Places that are held.
    pub running: u32,
    /// Requests that wait.
    pub waiting: u32,
    /// When the next one may be sent.
    pub next_slot: DateTime<Utc>,
    /// The pause it asked for, while that lasts.
    pub pause: Option<LimitPause>,
    /// Who has a share of it.
    pub holders: Vec<LimitHolder>,
}

/// A runner's share of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitHolder {
    /// The runner.
    pub runner: String,
    /// Places it holds.
    pub running: u32,
    /// Its requests that wait.
    pub waiting: u32,
}

impl LimitRow {
    /// Why the next request has to wait, and because of whom; `None` when it does not.
    pub fn held_back_by(&self, now: DateTime<Utc>) -> Option<String> {
        if let Some(pause) = &self.pause {
            return Some(format!("{} (asked of {})", pause.reason, pause.runner));
        }
        if self.concurrency.is_some_and(|places| self.running >= places) {
            let holders = self.holders.iter().filter(|holder| holder.running > 0);
            let names: Vec<&str> = holders.map(|holder| holder.runner.as_str()).collect();
            return Some(format!("all places are held by {}", names.join(", ")));
        }
        (self.next_slot > now).then(|| "its rate".to_owned())
    }
}

impl Store {
    /// All resources that are known, by name.
    pub async fn limits(&self, now: DateTime<Utc>) -> Result<Vec<LimitRow>, StoreError> {
        let found = async {
            let mut conn = self.readers.acquire().await?;
            rows::find(&mut conn, None).await
        };
        let found = found.await.map_err(|error| self.fault("reading the limits", error))?;
        let mut limits: Vec<LimitRow> =
            found.into_values().map(|resource| view(&resource, micros(now))).collect();
        limits.sort_by(|a, b| a.resource.cmp(&b.resource));
        Ok(limits)
    }
}

fn view(resource: &Resource, now: i64) -> LimitRow {
    let count = |n: i64| u32::try_from(n.max(0)).unwrap_or(u32::MAX);
    let alive = || resource.shares.iter().filter(|share| share.expires_us > now);
    let holder = |share: &super::Share| super::LimitHolder {
        runner: share.runner.clone(),
        running: count(share.held),
        waiting: count(share.waiting),
    };
    LimitRow {
        resource: resource.name.clone(),
        interval: Duration::from_micros(resource.interval_us.unsigned_abs()),
        burst: count(resource.burst),
        concurrency: resource.concurrency.map(count),
        running: count(alive().map(|share| share.held).sum()),
        waiting: count(alive().map(|share| share.waiting).sum()),
        next_slot: instant(resource.next_slot(now)),
        pause: resource.pause_after(now),
        holders: alive().map(holder).collect(),
    }
}
