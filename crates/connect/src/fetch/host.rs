//! What is known about one host: its pace, the pause it asked for, and whether it is so broken that
//! it is left alone. A host has one pace, the slowest that anyone asks for; the fetcher's default
//! holds only where nobody asks.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::guard::is_loopback;
use super::robots::RobotsCache;
use super::{BreakerOptions, FetchError, FetchOptions, now};

/// Hosts remembered at most; beyond it the idle ones are forgotten.
const MAX_HOSTS: usize = 4096;

/// A pause that somebody who watches will wonder about.
const LONG_PAUSE: Duration = Duration::from_secs(10);

/// The hosts met so far.
#[derive(Debug, Default)]
pub(super) struct Hosts(Mutex<HashMap<String, Arc<Host>>>);

impl Hosts {
    /// The host of an address. Standard ports share one; another port is another host.
    pub fn of(&self, url: &Url, options: &FetchOptions) -> Arc<Host> {
        let name = host_name(url);
        let mut hosts = lock(&self.0);
        if let Some(host) = hosts.get(&name) {
            return host.clone();
        }
        if hosts.len() >= MAX_HOSTS {
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || host.paused().is_some());
        }
        let host = Arc::new(Host::new(name.clone(), is_loopback(url), options));
        hosts.insert(name, host.clone());
        host
    }
}

fn host_name(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// How fast a host may be asked, as far as somebody says so.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Pace {
    pub per_second: Option<f64>,
    pub concurrency: Option<usize>,
}

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    pub name: String,
    pub robots: RobotsCache,
    lane: Mutex<Lane>,
    pause: Mutex<Option<Pause>>,
    breaker: Mutex<Breaker>,
}

/// The right to send one request.
#[derive(Debug)]
pub(super) struct Permit {
    _slot: OwnedSemaphorePermit,
    _total: OwnedSemaphorePermit,
}

impl Host {
    fn new(name: String, local: bool, options: &FetchOptions) -> Host {
        let default = match local {
            true => (options.local_per_second, options.local_concurrency),
            false => (Some(options.per_second), options.concurrency),
        };
        Host {
            name,
            robots: RobotsCache::default(),
            lane: Mutex::new(Lane::new(default.0, default.1)),
            pause: Mutex::new(None),
            breaker: Mutex::new(Breaker::new(&options.breaker)),
        }
    }

    /// Waits for the host's turn: a free place, the end of a pause, its rate.
    pub async fn enter(
        &self,
        url: &str,
        pace: Pace,
        total: &Arc<Semaphore>,
        max_wait: Duration,
    ) -> Result<Permit, FetchError> {
        self.breaker(url, Breaker::closed_for)?;
        let (limiter, slots) = lock(&self.lane).slowed_to(pace);
        let slot = acquire(slots).await?;
        self.wait_out_pause(url, max_wait).await?;
        self.breaker(url, Breaker::admit)?;
        if let Some(limiter) = limiter {
            limiter.until_ready().await;
        }
        // last, so that waiting for one host takes no place from the others
        Ok(Permit { _slot: slot, _total: acquire(total.clone()).await? })
    }

    /// Nobody sends to this host for `wait`; `why` is told to those who would wait too long.
    pub fn pause_for(&self, wait: Duration, why: &str) {
        let pause_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        match wait < LONG_PAUSE {
            true => tracing::debug!(host.name = self.name, pause_ms, "host asked for a pause"),
            false => tracing::warn!(host.name = self.name, pause_ms, "host asked for a long pause"),
        }
        let until = Instant::now() + wait.min(Duration::from_secs(366 * 86_400));
        let mut pause = lock(&self.pause);
        if pause.as_ref().is_none_or(|p| p.until < until) {
            *pause = Some(Pause { until, at: now() + wait, why: why.to_owned() });
        }
    }

    /// Keeps the site's own `Crawl-delay`.
    pub fn slow_down(&self, pace: Pace) {
        lock(&self.lane).slowed_to(pace);
    }

    /// Notes how a request went.
    pub fn note(&self, failed: bool) {
        let mut breaker = lock(&self.breaker);
        if !failed {
            return breaker.succeeded();
        }
        breaker.failed();
        if breaker.failures == breaker.limit {
            let open_ms = breaker.open_for.as_millis() as u64;
            tracing::warn!(
                host.name = self.name,
                open_ms,
                "host keeps failing and is left alone for a while"
            );
        }
    }

    fn paused(&self) -> Option<Pause> {
        lock(&self.pause).clone().filter(|pause| pause.until > Instant::now())
    }

    async fn wait_out_pause(&self, url: &str, max_wait: Duration) -> Result<(), FetchError> {
        while let Some(pause) = self.paused() {
            let wait = pause.until.saturating_duration_since(Instant::now());
            if wait > max_wait {
                return Err(FetchError::Quota { url: url.into(), message: pause.why, until: Some(pause.at) });
            }
            tokio::time::sleep(wait).await;
        }
        Ok(())
    }

    fn breaker(
        &self,
        url: &str,
        ask: impl FnOnce(&mut Breaker, Instant) -> Option<Duration>,
    ) -> Result<(), FetchError> {
        let mut breaker = lock(&self.breaker);
        match ask(&mut breaker, Instant::now()) {
            None => Ok(()),
            Some(wait) => Err(FetchError::BreakerOpen {
                url: url.to_owned(),
                host: self.name.clone(),
                failures: breaker.failures,
                retry_in_secs: wait.as_secs() + 1,
            }),
        }
    }
}

#[derive(Debug, Clone)]
struct Pause {
    until: Instant,
    at: DateTime<Utc>,
    why: String,
}

/// A host's rate and places. Replaced, not adjusted, when somebody asks for less.
#[derive(Debug)]
struct Lane {
    wish: Pace,
    limiter: Option<Arc<DefaultDirectRateLimiter>>,
    slots: Arc<Semaphore>,
}

impl Lane {
    fn new(per_second: Option<f64>, concurrency: usize) -> Lane {
        Lane { wish: Pace::default(), limiter: limiter(per_second), slots: slots(concurrency) }
    }

    fn slowed_to(&mut self, pace: Pace) -> (Option<Arc<DefaultDirectRateLimiter>>, Arc<Semaphore>) {
        if let Some(rate) = pace.per_second
            && self.wish.per_second.is_none_or(|known| rate < known)
        {
            self.wish.per_second = Some(rate);
            self.limiter = limiter(Some(rate));
        }
        if let Some(places) = pace.concurrency
            && self.wish.concurrency.is_none_or(|known| places < known)
        {
            self.wish.concurrency = Some(places);
            self.slots = slots(places);
        }
        (self.limiter.clone(), self.slots.clone())
    }
}

/// Two may start together where the rate is not slow (robots.txt, then the page); at high rates a
/// tenth of a second's worth, because timers are coarser than such a rate.
fn limiter(per_second: Option<f64>) -> Option<Arc<DefaultDirectRateLimiter>> {
    let rate = per_second?.clamp(0.001, 100_000.0);
    let burst = if rate < 2.0 { 1 } else { ((rate / 10.0).ceil() as u32).max(2) };
    let quota = Quota::with_period(Duration::from_secs_f64(1.0 / rate))?;
    Some(Arc::new(RateLimiter::direct(quota.allow_burst(NonZeroU32::new(burst)?))))
}

fn slots(concurrency: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(concurrency.clamp(1, Semaphore::MAX_PERMITS)))
}

async fn acquire(slots: Arc<Semaphore>) -> Result<OwnedSemaphorePermit, FetchError> {
    slots.acquire_owned().await.map_err(|_| FetchError::Setup("the fetcher is shut down".to_owned()))
}

/// Counts failures in a row. Open, it lets nobody through; after its time one probe goes through,
/// and its success closes it. A probe that never reports back only costs another such time.
#[derive(Debug)]
struct Breaker {
    limit: u32,
    open_for: Duration,
    failures: u32,
    open_until: Option<Instant>,
}

impl Breaker {
    fn new(options: &BreakerOptions) -> Breaker {
        Breaker { limit: options.failures.max(1), open_for: options.open_for, failures: 0, open_until: None }
    }

    fn closed_for(&mut self, now: Instant) -> Option<Duration> {
        self.open_until.map(|until| until.saturating_duration_since(now)).filter(|wait| !wait.is_zero())
    }

    fn admit(&mut self, now: Instant) -> Option<Duration> {
        let wait = self.closed_for(now);
        if wait.is_none() && self.open_until.is_some() {
            self.open_until = Some(now + self.open_for);
        }
        wait
    }

    fn failed(&mut self) {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.limit {
            self.open_until = Some(Instant::now() + self.open_for);
        }
    }

    fn succeeded(&mut self) {
        self.failures = 0;
        self.open_until = None;
    }
}

/// Sections under these locks are a few assignments; a panic in one leaves nothing half done.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slowest_wish_holds() {
        let mut lane = Lane::new(Some(4.0), 4);
        lane.slowed_to(Pace { per_second: Some(20.0), concurrency: Some(8) });
        assert_eq!(lane.wish.per_second, Some(20.0), "a wish beats the default");
        lane.slowed_to(Pace { per_second: Some(5.0), concurrency: None });
        lane.slowed_to(Pace { per_second: Some(50.0), concurrency: Some(16) });
        assert_eq!(lane.wish, Pace { per_second: Some(5.0), concurrency: Some(8) });
        assert_eq!(lane.slots.available_permits(), 8);
    }

    #[test]
    fn one_probe_goes_through_an_open_breaker() {
        let options = BreakerOptions { failures: 2, open_for: Duration::from_secs(10) };
        let mut breaker = Breaker::new(&options);
        breaker.failed();
        assert_eq!(breaker.admit(Instant::now()), None);
        breaker.failed();
        assert!(breaker.admit(Instant::now()).is_some());
        let later = Instant::now() + Duration::from_secs(11);
        assert_eq!(breaker.admit(later), None, "the probe");
        assert!(breaker.admit(later).is_some(), "nobody beside the probe");
        breaker.succeeded();
        assert_eq!(breaker.admit(later), None);
    }

    #[test]
    fn standard_ports_are_one_host() {
        let hosts = Hosts::default();
        let of = |url: &str| hosts.of(&url.parse().expect("an address"), &FetchOptions::default());
        assert!(Arc::ptr_eq(&of("http://example.org/a"), &of("https://example.org/b")));
        assert!(!Arc::ptr_eq(&of("http://example.org/"), &of("http://example.org:8080/")));
    }
}
