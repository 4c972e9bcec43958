//! The cache of day documents: filled from committed changes alone, asked before the store.
//!
//! A change is committed first; the cache follows the change log from its own mark on, so nothing in it
//! was ever not in the store. Whoever asks while the cache is down is answered from the store.

mod document;
mod follow;
mod following;
mod ladder;
mod plan;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use model::Window;
use store::cache::{Cache, CacheError, Clock, DayDocument};
use store::{Store, StoreError};

pub use follow::{Anew, CaughtUp, behind};
pub use following::{Following, LOOK};
pub use ladder::time_to_live;

/// Days around today that documents are kept of at most. Other days are answered from the store.
const REACH_BACK: u32 = 366;
const REACH_AHEAD: u32 = 731;

/// A document with less than this part of its time to live left is written anew where it is kept fresh.
const FRESH: u32 = 2;

/// The cache of one store.
#[derive(Clone)]
pub struct DayCache {
    /// Where the truth is.
    pub store: Store,
    /// What is asked first.
    pub cache: Arc<dyn Cache>,
    /// Tells the time.
    pub clock: Clock,
    /// The zone that says which day is today.
    pub zone: Tz,
    /// Documents of yesterday, today and so many days ahead are always there.
    pub ahead: u32,
}

/// Where a document came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// The cache had it.
    Cache,
    /// It was made now.
    Store,
}

/// Why the cache could not be brought up to date. Neither loses anything.
#[derive(Debug, thiserror::Error)]
pub enum FollowError {
    /// It is asked again later.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl DayCache {
    /// The document of a day: from the cache where it may still be served, else made now and left there.
    /// A cache that fails is passed over.
    pub async fn day(&self, day: NaiveDate) -> Result<(DayDocument, From), StoreError> {
        if let Some(document) = self.served(day).await? {
            return Ok((document, From::Cache));
        }
        let document = self.document(day).await?;
        if self.reach().contains(day)
            && let Err(error) = self.cache.put(document.clone()).await
        {
            tracing::debug!(%error, "a document could not be left in the cache");
        }
        Ok((document, From::Store))
    }

    /// What the cache has, unless its time is over or a purge has taken away since what it may hold.
    async fn served(&self, day: NaiveDate) -> Result<Option<DayDocument>, StoreError> {
        let found = self.cache.get(day).await.unwrap_or_else(|error| {
            tracing::debug!(%error, "the cache could not be asked");
            None
        });
        let served = match found {
            Some(document) if document.expires_at > self.now() => {
                (document.mark.purge >= self.store.mark().await?.purge).then_some(document)
            }
            _ => None,
        };
        self.cache.counters().asked(served.is_some());
        Ok(served)
    }

    /// Writes the documents of these days, whatever is there; gives how many were taken in.
    pub async fn fill(&self, days: impl IntoIterator<Item = NaiveDate>) -> Result<u64, FollowError> {
        let mut written = 0;
        for day in days {
            written += u64::from(self.cache.put(self.document(day).await?).await?);
        }
        Ok(written)
    }

    /// Writes those documents that are always there and are missing or will soon have run out; gives how
    /// many.
    pub async fn freshen(&self) -> Result<u64, FollowError> {
        let (days, today) = (days(self.window()), self.today());
        let left = self.cache.left(days.clone()).await?;
        let old = |day: &NaiveDate, left: Duration| left < time_to_live(*day, today) / FRESH;
        let old: Vec<NaiveDate> =
            days.into_iter().zip(left).filter(|(day, left)| old(day, *left)).map(|(day, _)| day).collect();
        self.fill(old).await
    }

    /// Drops every document.
    pub async fn clear(&self) -> Result<(), FollowError> {
        Ok(self.cache.reset(self.store.mark().await?, days(self.reach())).await?)
    }

    /// The days that documents are always there of.
    pub fn window(&self) -> Window {
        Window::around(self.today(), 1, self.ahead.min(REACH_AHEAD))
    }

    /// The days that there may be documents of.
    pub fn reach(&self) -> Window {
        Window::around(self.today(), REACH_BACK, REACH_AHEAD)
    }

    /// The local day.
    pub fn today(&self) -> NaiveDate {
        ladder::today(self.now(), self.zone)
    }

    fn now(&self) -> DateTime<Utc> {
        (self.clock)()
    }
}

/// Every day of a window.
pub fn days(window: Window) -> Vec<NaiveDate> {
    window.from.iter_days().take_while(|day| *day <= window.to).collect()
}
