//! Follows the change log for as long as a process lives. A cache that goes away is told once, and once
//! more when it is back; in between, nothing waits for it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::{Anew, CaughtUp, DayCache, FollowError};
use crate::run::Stop;

/// How often the log is looked at.
pub const LOOK: Duration = Duration::from_secs(1);

/// Every so many looks, documents that will soon have run out are written anew.
const FRESHEN_EVERY: u32 = 30;

/// A follower; `say` is called with what people should know.
pub struct Following<Say> {
    cache: DayCache,
    say: Say,
    down_since: Option<DateTime<Utc>>,
}

impl<Say: Fn(&str)> Following<Say> {
    /// Of this cache.
    pub fn of(cache: DayCache, say: Say) -> Following<Say> {
        Following { cache, say, down_since: None }
    }

    /// Goes on until `stop`.
    pub async fn run(mut self, mut stop: watch::Receiver<Stop>) {
        let mut looks = 0;
        loop {
            self.look(looks % FRESHEN_EVERY == 0).await;
            looks += 1;
            // A sender that is gone stops it too.
            if tokio::time::timeout(LOOK, stop.wait_for(|stop| *stop != Stop::No)).await.is_ok() {
                break;
            }
        }
        // What was committed last.
        self.look(false).await;
    }

    /// One look; true when the cache holds all that was committed before it.
    pub async fn look(&mut self, freshen: bool) -> bool {
        let freshen = freshen || self.down_since.is_some();
        match self.follow(freshen).await {
            Ok(done) => {
                self.is_there(done);
                true
            }
            Err(FollowError::Cache(error)) => {
                self.is_away(&error.to_string());
                false
            }
            Err(FollowError::Store(error)) => {
                tracing::warn!(%error, "the change log could not be followed for the cache; it is tried again");
                false
            }
        }
    }

    async fn follow(&self, freshen: bool) -> Result<CaughtUp, FollowError> {
        let mut done = self.cache.catch_up().await?;
        if freshen {
            done.written += self.cache.freshen().await?;
        }
        Ok(done)
    }

    fn is_away(&mut self, reason: &str) {
        if self.down_since.is_none() {
            self.down_since = Some((self.cache.clock)());
            // Said to people below; the log is for whoever looks later.
            tracing::info!(cache.name = self.cache.cache.name(), reason, "the cache is away");
            (self.say)(&format!(
                "warning: {reason}. Work goes on without it; it is caught up with when it is back"
            ));
        }
    }

    fn is_there(&mut self, done: CaughtUp) {
        let (name, written) = (self.cache.cache.name(), counted(done.written, "day"));
        let anew = match done.anew {
            Some(Anew::FromAnother) => {
                (self.say)(&format!(
                    "warning: the cache {name} was filled from another store and is filled from this one now; \
                     where both are in use, give each a `cache_prefix` of its own"
                ));
                ", begun anew"
            }
            Some(Anew::Empty) => ", empty",
            Some(Anew::Ahead | Anew::Beyond) => ", begun anew",
            None => "",
        };
        if let Some(since) = self.down_since.take() {
            let secs = ((self.cache.clock)() - since).num_seconds();
            let changes = match done.anew {
                Some(_) => String::new(),
                None => format!("{} caught up, ", counted(done.changes, "change")),
            };
            (self.say)(&format!("the cache {name} is back after {secs} s{anew}: {changes}{written} written"));
        }
        if done.written > 0 {
            tracing::info!(
                cache.name = name,
                changes = done.changes,
                written = done.written,
                "the cache is up to date"
            );
        }
    }
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
