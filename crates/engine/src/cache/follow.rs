//! One look at the change log: what came since the cache's mark is written into the cache, then the mark
//! moves on. A process that dies in between has done some of the work twice; two at once do it twice too.
//! Neither does harm: documents hold at least what the cache already held, and one of two moves the mark.

use std::collections::BTreeSet;

use chrono::NaiveDate;
use store::cache::Filled;
use store::{Mark, StoreError};

use super::plan::touched_days;
use super::{DayCache, FollowError, days};

/// What a look did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CaughtUp {
    /// Changes that came since the look before.
    pub changes: u64,
    /// Documents that were written.
    pub written: u64,
    /// Set when the cache was not gone on with but begun anew.
    pub anew: Option<Anew>,
}

/// Why a cache is begun anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Anew {
    /// It was empty: new, or it lost what it had.
    Empty,
    /// Another store had filled it.
    FromAnother,
    /// It holds more than the store: the store is a copy of an earlier day.
    Ahead,
    /// Too much came since to be told one by one.
    Beyond,
}

impl DayCache {
    /// Brings the cache up to what is committed now.
    pub async fn catch_up(&self) -> Result<CaughtUp, FollowError> {
        // In this order: what others commit and follow in between is no reason to think it is ahead.
        let filled = self.cache.filled().await;
        let to = self.store.mark().await?;
        if filled.is_err() {
            let at = self.store.follower(&self.follower()).await?.unwrap_or_default();
            self.cache.counters().behind(behind(at, to));
        }
        let at = match filled? {
            Filled::UpTo(at) if to.holds(at) => at,
            Filled::UpTo(_) => return self.begin_anew(to, Anew::Ahead).await,
            Filled::Empty => return self.begin_anew(to, Anew::Empty).await,
            Filled::FromAnother => return self.begin_anew(to, Anew::FromAnother).await,
        };
        let changes = behind(at, to);
        self.cache.counters().behind(changes);
        if at == to {
            return Ok(CaughtUp::default());
        }
        let touched = self.store.touched_since(at, self.reach()).await?;
        if touched.beyond {
            return self.begin_anew(to, Anew::Beyond).await;
        }
        let days = self.worth_writing(touched_days(&touched, self.reach())).await?;
        let written = self.fill(days).await?;
        self.cache.advance(at, to).await?;
        self.done(to).await?;
        Ok(CaughtUp { changes, written, anew: None })
    }

    /// Days inside the window are always written, others only where somebody asked for them before.
    async fn worth_writing(&self, touched: BTreeSet<NaiveDate>) -> Result<Vec<NaiveDate>, FollowError> {
        let window = self.window();
        let (mut worth, others): (Vec<_>, Vec<_>) =
            touched.into_iter().partition(|day| window.contains(*day));
        let left = self.cache.left(others.clone()).await?;
        let there = others.into_iter().zip(left).filter(|(_, left)| !left.is_zero());
        worth.extend(there.map(|(day, _)| day));
        Ok(worth)
    }

    async fn begin_anew(&self, to: Mark, why: Anew) -> Result<CaughtUp, FollowError> {
        self.cache.reset(to, days(self.reach())).await?;
        let written = self.fill(days(self.window())).await?;
        self.done(to).await?;
        Ok(CaughtUp { changes: 0, written, anew: Some(why) })
    }

    /// The store remembers how far a cache that outlives this process has come: that tells how far behind
    /// it is when it cannot be asked, and which changes somebody still needs.
    async fn done(&self, to: Mark) -> Result<(), StoreError> {
        self.cache.counters().behind(0);
        if self.cache.is_shared() {
            let name = self.follower();
            let from = self.store.follower(&name).await?;
            if from != Some(to) {
                // Another process that moved it meanwhile knew as much.
                self.store.advance_follower(&name, (from, to), self.now()).await?;
            }
        }
        Ok(())
    }

    /// The name under which the store remembers it.
    pub fn follower(&self) -> String {
        format!("cache {}", self.cache.name())
    }
}

/// How many changes lie between.
pub fn behind(at: Mark, to: Mark) -> u64 {
    u64::try_from(to.seq - at.seq).unwrap_or(0)
}
