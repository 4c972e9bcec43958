//! Limits shared by all runners of a store: [`SharedLimits`] is the budget that fetching asks, and it
//! reserves its turns in the store.
//!
//! Slots are reserved ahead for at most [`HORIZON`], as many as were used up the last time and more
//! when those did not suffice, so that a busy runner pays a transaction for many requests. Nothing is
//! sent before its slot. What is not used goes back; what a runner that died held runs out.

mod desk;

use std::sync::{Arc, Weak};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use connect::fetch::{Budget, Need, Refusal, Turn};
use futures::FutureExt;
use futures::future::BoxFuture;
use store::{LimitAsk, LimitGrant, LimitPause, Store, StoreError};
use tokio::sync::Notify;

use crate::run::patience::{PATIENCE, Patience};
use desk::{Desk, Lane};

/// Slots are reserved ahead for so long.
pub const HORIZON: Duration = Duration::from_millis(300);

/// How long who got nothing waits before asking again, when nothing tells it sooner.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// How often what is idle is given back, and what is not is renewed.
const TEND: Duration = Duration::from_millis(250);

/// The limits of a store, for one runner. Cheap to clone; clones are one runner.
#[derive(Debug, Clone)]
pub struct SharedLimits {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    store: Store,
    runner: String,
    clock: fn() -> DateTime<Utc>,
    desk: Desk,
    /// Held while the store is told something, so that it hears things in the order in which they are.
    talk: tokio::sync::Mutex<()>,
    /// Rung when a request is done or a grant came: whoever waits looks again.
    bell: Notify,
}

impl SharedLimits {
    /// The limits that `store` keeps, for the runner of this name. Has to be called where tasks can be
    /// spawned: one gives back what is idle, and ends with the last clone.
    pub fn new(store: Store, runner: &str, clock: fn() -> DateTime<Utc>) -> SharedLimits {
        let shared = Shared {
            store,
            runner: runner.to_owned(),
            clock,
            desk: Desk::default(),
            talk: Default::default(),
            bell: Notify::new(),
        };
        let shared = Arc::new(shared);
        tokio::spawn(tend(Arc::downgrade(&shared)));
        SharedLimits { shared }
    }

    /// Gives back all that no request is using, for a runner that is about to leave.
    pub async fn give_back(&self) -> Result<(), StoreError> {
        let Shared { store, runner, clock, desk, talk, .. } = &*self.shared;
        let _talk = talk.lock().await;
        store.settle_limits(runner, &desk.all(), clock()).await
    }
}

impl Budget for SharedLimits {
    fn enter<'a>(&'a self, needs: &'a [Need], max_wait: Duration) -> BoxFuture<'a, Result<Turn, Refusal>> {
        let entered = async move {
            loop {
                let (at, under_way) = self.shared.reserved(needs, max_wait).await?;
                if self.shared.is_on_time(at, &under_way.lane).await {
                    return Ok(Turn::new(under_way));
                }
            }
        };
        entered.boxed()
    }

    fn pause(&self, resource: &str, wait: Duration, why: &str) {
        let shared = self.shared.clone();
        let wait = TimeDelta::from_std(wait).unwrap_or(TimeDelta::days(366)).min(TimeDelta::days(366));
        let pause = LimitPause {
            resource: resource.to_owned(),
            until: (shared.clock)() + wait,
            reason: why.to_owned(),
            runner: shared.runner.clone(),
        };
        // Here it holds at once; the others learn of it as soon as it is written.
        shared.desk.pause(&pause);
        tracing::debug!(resource, pause_ms = wait.num_milliseconds(), "a pause was asked for");
        tokio::spawn(async move {
            if let Err(error) = shared.store.pause_limit(&pause.resource, &pause).await {
                tracing::warn!(%error, resource = pause.resource, "a pause could not be told to other runners");
            }
        });
    }
}

impl Shared {
    /// When a request may be sent, and its places.
    async fn reserved(
        self: &Arc<Self>,
        needs: &[Need],
        max_wait: Duration,
    ) -> Result<(DateTime<Utc>, UnderWay), Refusal> {
        let lane = self.desk.lane(needs);
        let _waiting = lane.wait_in_line();
        // First come, first served, among those that need the same.
        let _line = lane.line.lock().await;
        let at = self.next_slot(&lane, max_wait).await?;
        Ok((at, UnderWay { shared: self.clone(), lane: lane.clone() }))
    }

    /// Waits for a slot; false when its time is over meanwhile.
    async fn is_on_time(&self, at: DateTime<Utc>, lane: &Lane) -> bool {
        if let Ok(wait) = (at - (self.clock)()).to_std() {
            tokio::time::sleep(wait).await;
        }
        !self.desk.is_missed(lane, at, (self.clock)())
    }

    /// A slot of which the places are taken already.
    async fn next_slot(&self, lane: &Lane, max_wait: Duration) -> Result<DateTime<Utc>, Refusal> {
        loop {
            let bell = self.bell.notified();
            let now = (self.clock)();
            if let Some(pause) = self.desk.paused(lane, now) {
                wait_out(&pause, now, max_wait).await?;
                continue;
            }
            if let Some(at) = self.desk.take(lane, now) {
                return Ok(at);
            }
            let grant = self.ask_in_time(lane).await.map_err(|e| Refusal::Unavailable(e.to_string()))?;
            if let Some(pause) = &grant.pause {
                self.desk.pause(pause);
            } else if grant.slots.is_empty() {
                // An error here only says that nobody rang.
                let _ = tokio::time::timeout(ASK_AGAIN, bell).await;
            }
        }
    }

    /// Asks the store, and waits for one that is away.
    async fn ask_in_time(&self, lane: &Lane) -> Result<LimitGrant, StoreError> {
        let mut patience = Patience::new(PATIENCE);
        loop {
            match self.ask(lane, (self.clock)()).await {
                Ok(grant) => return Ok(grant),
                Err(error) => patience.wait_out(error).await?,
            }
        }
    }

    async fn ask(&self, lane: &Lane, now: DateTime<Utc>) -> Result<LimitGrant, StoreError> {
        let _talk = self.talk.lock().await;
        let (needs, wish) = self.desk.wish(lane, now);
        let ask = LimitAsk {
            runner: &self.runner,
            needs: &needs,
            waiting: wish.waiting,
            want: wish.want,
            horizon: HORIZON,
            unused: wish.unused,
            now,
        };
        let grant = self.store.reserve(&ask).await?;
        self.desk.put(lane, &grant, now);
        Ok(grant)
    }
}

impl Drop for Shared {
    /// Gives back what is held, where there is still somebody to do it. Otherwise it runs out.
    fn drop(&mut self) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (store, runner, held, now) =
            (self.store.clone(), std::mem::take(&mut self.runner), self.desk.all(), (self.clock)());
        runtime.spawn(async move {
            if let Err(error) = store.settle_limits(&runner, &held, now).await {
                tracing::debug!(%error, "what a runner held of the shared limits runs out by itself");
            }
        });
    }
}

async fn wait_out(pause: &LimitPause, now: DateTime<Utc>, max_wait: Duration) -> Result<(), Refusal> {
    let wait = (pause.until - now).to_std().unwrap_or_default();
    if wait > max_wait {
        return Err(Refusal::Paused { until: pause.until, why: pause.reason.clone() });
    }
    tokio::time::sleep(wait).await;
    Ok(())
}

/// A request under way; its places are free again when it is dropped.
struct UnderWay {
    shared: Arc<Shared>,
    lane: Arc<Lane>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.shared.desk.done(&self.lane);
        self.shared.bell.notify_waiters();
    }
}

/// Gives back what is idle and renews what is not, until nobody uses the limits any more.
async fn tend(shared: Weak<Shared>) {
    loop {
        tokio::time::sleep(TEND).await;
        let Some(shared) = shared.upgrade() else { return };
        let _talk = shared.talk.lock().await;
        let now = (shared.clock)();
        let told = shared.desk.to_tell(now);
        if told.is_empty() {
            continue;
        }
        if let Err(error) = shared.store.settle_limits(&shared.runner, &told, now).await {
            tracing::warn!(%error, "what a runner holds of the shared limits could not be renewed");
        }
    }
}

#[cfg(test)]
mod tests;
