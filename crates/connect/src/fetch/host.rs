//! What is known about one host: its robots.txt, how fast it may be asked, and whether it is so broken
//! that it is left alone.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use url::Url;

use super::budget::{Budget, Need, Pace, Turn};
use super::guard::is_loopback;
use super::robots::RobotsCache;
use super::{BreakerOptions, FetchError, FetchOptions};

/// Hosts remembered at most; beyond it the idle ones are forgotten.
const MAX_HOSTS: usize = 4096;

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
            hosts.retain(|_, host| Arc::strong_count(host) > 1 || lock(&host.breaker).failures > 0);
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

/// One host.
#[derive(Debug)]
pub(super) struct Host {
    pub name: String,
    pub robots: RobotsCache,
    /// Its resource, under which the limits are kept.
    pub resource: String,
    default: Pace,
    /// What the site itself asks for.
    crawl: Mutex<Pace>,
    breaker: Mutex<Breaker>,
}

/// The right to send one request.
#[derive(Debug)]
pub(super) struct Permit {
    _turn: Turn,
    _total: OwnedSemaphorePermit,
}

impl Host {
    fn new(name: String, local: bool, options: &FetchOptions) -> Host {
        let default = match local {
            true => (options.local_per_second, options.local_concurrency),
            false => (Some(options.per_second), options.concurrency),
        };
        Host {
            robots: RobotsCache::default(),
            resource: format!("host:{name}"),
            default: Pace { per_second: default.0, concurrency: Some(default.1), even: false },
            crawl: Mutex::default(),
            breaker: Mutex::new(Breaker::new(&options.breaker)),
            name,
        }
    }

    /// Waits for the host's turn, and that of everything else a request needs.
    pub async fn enter(
        &self,
        url: &str,
        needs: &[Need],
        budget: &dyn Budget,
        total: &Arc<Semaphore>,
        max_wait: Duration,
    ) -> Result<Permit, FetchError> {
        self.breaker(url, Breaker::closed_for)?;
        let turn = budget.enter(needs, max_wait).await.map_err(|refusal| refusal.about(url))?;
        self.breaker(url, Breaker::admit)?;
        // last, so that waiting for one host takes no place from the others
        let shut_down = |_| FetchError::Setup("the fetcher is shut down".to_owned());
        let total = total.clone().acquire_owned().await.map_err(shut_down)?;
        Ok(Permit { _turn: turn, _total: total })
    }

    /// What a request that asks for this pace needs of the host.
    pub fn need(&self, pace: Pace) -> Need {
        let mut wish = *lock(&self.crawl);
        wish.slow_to(pace);
        Need { resource: self.resource.clone(), wish, default: self.default }
    }

    /// Keeps the site's own `Crawl-delay`.
    pub fn slow_down(&self, pace: Pace) {
        lock(&self.crawl).slow_to(pace);
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
