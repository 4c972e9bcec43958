//! The limits of one process: for each resource a rate, places, and the pause it asked for.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use futures::FutureExt;
use futures::future::BoxFuture;
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::budget::{Budget, Need, Pace, Refusal, Turn};
use super::host::lock;
use super::now;

/// Resources remembered at most; beyond it the idle ones are forgotten.
const MAX_LANES: usize = 8192;

/// A pause that somebody who watches will wonder about.
const LONG_PAUSE: Duration = Duration::from_secs(10);

/// The limits of this process.
#[derive(Debug, Default)]
pub(super) struct Paces(Mutex<HashMap<String, Arc<Lane>>>);

impl Budget for Paces {
    fn enter<'a>(&'a self, needs: &'a [Need], max_wait: Duration) -> BoxFuture<'a, Result<Turn, Refusal>> {
        self.wait(needs, max_wait).boxed()
    }

    fn pause(&self, resource: &str, wait: Duration, why: &str) {
        let pause_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        match wait < LONG_PAUSE {
            true => tracing::debug!(resource, pause_ms, "a pause was asked for"),
            false => tracing::warn!(resource, pause_ms, "a long pause was asked for"),
        }
        self.lane(resource, Pace::default()).pause_for(wait, why);
    }
}

impl Paces {
    async fn wait(&self, needs: &[Need], max_wait: Duration) -> Result<Turn, Refusal> {
        let mut needs: Vec<&Need> = needs.iter().collect();
        // Everybody takes places in one order, so that no two wait for each other.
        needs.sort_by(|a, b| a.resource.cmp(&b.resource));
        let (mut held, mut limiters) = (Vec::with_capacity(needs.len()), Vec::new());
        for need in needs {
            let lane = self.lane(&need.resource, need.default);
            let (limiter, slots) = lane.slowed_to(need.wish);
            held.push(acquire(slots).await?);
            lane.wait_out_pause(max_wait).await?;
            limiters.extend(limiter);
        }
        for limiter in limiters {
            limiter.until_ready().await;
        }
        Ok(Turn::new(held))
    }

    fn lane(&self, resource: &str, default: Pace) -> Arc<Lane> {
        let mut lanes = lock(&self.0);
        if let Some(lane) = lanes.get(resource) {
            return lane.clone();
        }
        if lanes.len() >= MAX_LANES {
            lanes.retain(|_, lane| Arc::strong_count(lane) > 1 || lane.paused().is_some());
        }
        let lane = Arc::new(Lane::new(default));
        lanes.insert(resource.to_owned(), lane.clone());
        lane
    }
}

#[derive(Debug)]
struct Lane {
    rate: Mutex<Rate>,
    pause: Mutex<Option<Pause>>,
}

/// Rate and places. Replaced, not adjusted, when somebody asks for less.
#[derive(Debug)]
struct Rate {
    wish: Pace,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
    slots: Arc<Semaphore>,
}

#[derive(Debug, Clone)]
struct Pause {
    until: Instant,
    at: DateTime<Utc>,
    why: String,
}

impl Lane {
    fn new(default: Pace) -> Lane {
        let rate =
            Rate { wish: Pace::default(), limiter: limiter(default), slots: slots(default.concurrency) };
        Lane { rate: Mutex::new(rate), pause: Mutex::new(None) }
    }

    fn slowed_to(&self, wish: Pace) -> (Option<Arc<DefaultDirectRateLimiter>>, Arc<Semaphore>) {
        let mut rate = lock(&self.rate);
        let (slower, fewer) = rate.wish.slow_to(wish);
        if slower {
            rate.limiter = limiter(rate.wish);
        }
        if fewer {
            rate.slots = slots(rate.wish.concurrency);
        }
        (rate.limiter.clone(), rate.slots.clone())
    }

    fn pause_for(&self, wait: Duration, why: &str) {
        let wait = wait.min(Duration::from_secs(366 * 86_400));
        let until = Instant::now() + wait;
        let mut pause = lock(&self.pause);
        if pause.as_ref().is_none_or(|p| p.until < until) {
            *pause = Some(Pause { until, at: now() + wait, why: why.to_owned() });
        }
    }

    fn paused(&self) -> Option<Pause> {
        lock(&self.pause).clone().filter(|pause| pause.until > Instant::now())
    }

    async fn wait_out_pause(&self, max_wait: Duration) -> Result<(), Refusal> {
        while let Some(pause) = self.paused() {
            let wait = pause.until.saturating_duration_since(Instant::now());
            if wait > max_wait {
                return Err(Refusal::Paused { until: pause.at, why: pause.why });
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }
}

fn limiter(pace: Pace) -> Option<Arc<DefaultDirectRateLimiter>> {
    let quota = Quota::with_period(pace.interval()?)?;
    Some(Arc::new(RateLimiter::direct(quota.allow_burst(NonZeroU32::new(pace.burst())?))))
}

fn slots(concurrency: Option<usize>) -> Arc<Semaphore> {
    let places = concurrency.unwrap_or(Semaphore::MAX_PERMITS);
    Arc::new(Semaphore::new(places.clamp(1, Semaphore::MAX_PERMITS)))
}

async fn acquire(slots: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    slots.acquire_owned().await.map_err(|_| Refusal::Unavailable("the fetcher is shut down".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(per_second: f64, concurrency: usize) -> Pace {
        Pace { per_second: Some(per_second), concurrency: Some(concurrency), even: false }
    }

    #[test]
    fn the_slowest_wish_holds() {
        let lane = Lane::new(pace(4.0, 4));
        lane.slowed_to(pace(20.0, 8));
        assert_eq!(lock(&lane.rate).wish.per_second, Some(20.0), "a wish beats the default");
        lane.slowed_to(Pace { per_second: Some(5.0), ..Pace::default() });
        lane.slowed_to(pace(50.0, 16));
        assert_eq!(lock(&lane.rate).wish, pace(5.0, 8));
        assert_eq!(lock(&lane.rate).slots.available_permits(), 8);
    }

    #[tokio::test]
    async fn a_turn_holds_a_place_in_each_resource() {
        let paces = Paces::default();
        let need = |resource: &str| Need {
            resource: resource.to_owned(),
            wish: Pace { concurrency: Some(1), ..Pace::default() },
            default: Pace::default(),
        };
        let (both, key) = ([need("key:k"), need("host:a")], [need("key:k")]);
        let turn = paces.enter(&both, Duration::ZERO).await;
        assert!(turn.is_ok() && paces.enter(&key, Duration::ZERO).now_or_never().is_none());
        drop(turn);
        assert!(paces.enter(&key, Duration::ZERO).now_or_never().is_some_and(|turn| turn.is_ok()));
        paces.pause("key:k", Duration::from_secs(60), "k asked for a pause");
        let refused = paces.enter(&both, Duration::ZERO).now_or_never();
        assert!(matches!(refused, Some(Err(Refusal::Paused { .. }))), "{refused:?}");
    }
}
