//! What bounds fetching: pace, connections, times, sizes, repeats. Every field has a default that is
//! polite to a stranger's server; configuration may change each.

use std::time::Duration;

use url::Url;

use super::RenderOptions;

/// Limits and manners of a [`Fetcher`](super::Fetcher).
#[derive(Debug, Clone)]
pub struct FetchOptions {
    /// An address where the owner of a server can read who is asking; goes into the User-Agent.
    pub contact: Option<Url>,
    /// The whole User-Agent, instead of `callboard/<version> (+<contact>)`.
    pub user_agent: Option<String>,
    /// Requests per second and host where the policy names no rate. 4.
    pub per_second: f64,
    /// Requests under way at once per host where the policy names none. 4.
    pub concurrency: usize,
    /// Requests per second to this machine's own loopback addresses where the policy names no rate;
    /// `None` is no limit. `None`.
    pub local_per_second: Option<f64>,
    /// Requests under way at once to a loopback address. 64.
    pub local_concurrency: usize,
    /// Requests under way at once in all. 256.
    pub total_concurrency: usize,
    /// How long things may take.
    pub times: TimeLimits,
    /// Longest body, decompressed, in bytes. 32 MiB.
    pub max_bytes: usize,
    /// Redirects followed for one request. 10.
    pub max_redirects: u32,
    /// Tries per request in all, where the policy names no number. 4.
    pub attempts: u32,
    /// First backoff; doubles with each try, and a random part of it is waited. 500 ms.
    pub backoff_base: Duration,
    /// Longest backoff. 30 s.
    pub backoff_cap: Duration,
    /// Longest wait that a source may ask for; it is asked nothing more in this run when it wants
    /// more. 2 min.
    pub max_wait: Duration,
    /// When a host that fails is left alone.
    pub breaker: BreakerOptions,
    /// Whether loopback and private addresses may be reached. Link-local, multicast and cloud
    /// metadata addresses never are. `false`.
    pub allow_private: bool,
    /// Whether the proxies named in the environment (`HTTPS_PROXY`, `NO_PROXY`…) are used. Names are
    /// then looked up by the proxy, which has to guard its own network. Never
    /// for plain http to loopback. `true`.
    pub system_proxy: bool,
    /// Seed of the random part of waits; taken from the system when `None`. `None`.
    pub seed: Option<u64>,
    /// How pages are rendered that need it.
    pub render: RenderOptions,
}

impl Default for FetchOptions {
    fn default() -> Self {
        FetchOptions {
            contact: None,
            user_agent: None,
            per_second: 4.0,
            concurrency: 4,
            local_per_second: None,
            local_concurrency: 64,
            total_concurrency: 256,
            times: TimeLimits::default(),
            max_bytes: 32 * 1024 * 1024,
            max_redirects: 10,
            attempts: 4,
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(30),
            max_wait: Duration::from_secs(120),
            breaker: BreakerOptions::default(),
            allow_private: false,
            system_proxy: true,
            seed: None,
            render: RenderOptions::default(),
        }
    }
}

impl FetchOptions {
    /// The User-Agent that is sent.
    pub(super) fn agent(&self) -> String {
        match (&self.user_agent, &self.contact) {
            (Some(agent), _) => agent.clone(),
            (None, Some(contact)) => format!("callboard/{} (+{contact})", env!("CARGO_PKG_VERSION")),
            (None, None) => format!("callboard/{}", env!("CARGO_PKG_VERSION")),
        }
    }
}

/// How long things may take, each on its own.
#[derive(Debug, Clone)]
pub struct TimeLimits {
    /// Until a connection stands. 10 s.
    pub connect: Duration,
    /// Between two pieces of an answer. 30 s.
    pub read: Duration,
    /// One try from sending to the last byte, without the waiting before it. 2 min.
    pub total: Duration,
    /// How long a robots.txt is believed. 1 h.
    pub robots_ttl: Duration,
    /// How long a robots.txt that could not be read is believed to forbid all. 1 min.
    pub robots_retry: Duration,
    /// Longest `Crawl-delay` that is kept; a longer one is cut to it. 30 s.
    pub max_crawl_delay: Duration,
}

impl Default for TimeLimits {
    fn default() -> Self {
        TimeLimits {
            connect: Duration::from_secs(10),
            read: Duration::from_secs(30),
            total: Duration::from_secs(120),
            robots_ttl: Duration::from_secs(3600),
            robots_retry: Duration::from_secs(60),
            max_crawl_delay: Duration::from_secs(30),
        }
    }
}

/// When a host that keeps failing is left alone for a while.
#[derive(Debug, Clone)]
pub struct BreakerOptions {
    /// Failures in a row (no connection, time out, broken body, 5xx) that open it. 10.
    pub failures: u32,
    /// How long it stays open; then one request may probe. 30 s.
    pub open_for: Duration,
}

impl Default for BreakerOptions {
    fn default() -> Self {
        BreakerOptions { failures: 10, open_for: Duration::from_secs(30) }
    }
}
