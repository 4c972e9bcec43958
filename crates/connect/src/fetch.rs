//! The only code that speaks to the outside: polite, limited, guarded.
//!
//! One [`Fetcher`] serves a whole process. It keeps each host's pace, obeys robots.txt, tries again
//! what is worth trying, and hands over either a whole document or an error that says what to do:
//! never a short body, never an address it was not allowed to reach, never a secret.

mod answer;
mod backoff;
mod budget;
mod client;
mod credentials;
mod error;
mod guard;
mod host;
mod journey;
mod limits;
mod options;
mod pace;
mod policy;
mod render;
mod robots;
mod validators;

use std::collections::HashMap;
use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::{DateTime, Utc};
use model::{Document, Request};
use regex::Regex;
use tokio::sync::Semaphore;

use backoff::Backoff;
use client::{Answer, Clients, Failure, Outgoing};
use credentials::Keyring;
use guard::Guard;
use host::{Hosts, lock};
use journey::Errand;
use pace::Paces;
use render::Renderer;

pub use budget::{Budget, Need, Pace, Refusal, Turn};
pub use error::FetchError;
pub use options::{BreakerOptions, FetchOptions, TimeLimits};
pub use policy::{Auth, ErrorRule, LimitHeaders, OnError, Policy, ResetUnit};
pub use render::{BrowserFound, RenderOptions, RenderPlan, find_browser};
pub use validators::Validators;

/// What a request brought.
#[derive(Debug)]
pub enum Fetched {
    /// A document, whole.
    Document(Box<Document>),
    /// The source says that nothing changed since the document the validators came from.
    NotModified {
        /// To ask with next time.
        validators: Validators,
        /// When the source said so.
        fetched_at: DateTime<Utc>,
    },
    /// Nothing there, and the policy calls that an answer.
    Skipped {
        /// The HTTP status.
        status: u16,
    },
}

/// How much a fetcher did since it was made or [`Fetcher::scoped`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// HTTP requests sent, with redirects, repeats, robots.txt and tokens.
    pub requests: u64,
    /// Requests that were repeats of one that failed.
    pub retries: u64,
    /// Body bytes received, decompressed.
    pub bytes: u64,
    /// Answers "not modified".
    pub not_modified: u64,
    /// Times a host asked for a pause.
    pub pauses: u64,
}

/// Fetches. Cheap to clone; clones share connections, limits and caches.
#[derive(Debug, Clone)]
pub struct Fetcher {
    shared: Arc<Shared>,
    tally: Arc<Tally>,
}

impl Fetcher {
    /// A fetcher with these limits. Fails only where no HTTP client can be made at all.
    pub fn new(options: FetchOptions) -> Result<Fetcher, FetchError> {
        Fetcher::within(options, Arc::new(Paces::default()))
    }

    /// The same with limits that `budget` keeps, for several processes together.
    pub fn within(options: FetchOptions, budget: Arc<dyn Budget>) -> Result<Fetcher, FetchError> {
        let shared = Arc::new(Shared::new(options, budget)?);
        Ok(Fetcher { shared, tally: Arc::default() })
    }

    /// The same connections, limits and caches with counters, and so a `per_run` budget, of their
    /// own: one for each source of a run.
    pub fn scoped(&self) -> Fetcher {
        Fetcher { shared: self.shared.clone(), tally: Arc::default() }
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        self.tally.counters()
    }

    /// Fetches `request` as `policy` says; with `validators` only if it changed.
    ///
    /// Waits as long as politeness asks, up to `max_wait` at a time. Dropping the future ends it.
    pub async fn fetch(
        &self,
        request: &Request,
        policy: &Policy,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let errand = Errand::new(self, request, policy, validators)?;
        let attempts = policy.attempts.unwrap_or(self.shared.options.attempts);
        let waits = |attempt| match policy.retry_backoff {
            Some(factor) => self.shared.backoff.powers_of(factor, attempt),
            None => self.shared.backoff.wait(attempt),
        };
        // In a box: else these 4 KB are in every task that may fetch something, and are moved with it.
        let fetched = self.persist(attempts, waits, || Box::pin(self.attempt(&errand))).await?;
        if matches!(fetched, Fetched::NotModified { .. }) {
            self.tally.not_modified.fetch_add(1, Relaxed);
        }
        Ok(fetched)
    }

    /// Tries until it works, it is not worth trying, or `attempts` are used up.
    async fn persist<T, F>(
        &self,
        attempts: u32,
        waits: impl Fn(u32) -> Duration,
        mut once: impl FnMut() -> F,
    ) -> Result<T, FetchError>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let mut attempt = 1;
        let mut said: Option<FetchError> = None;
        loop {
            let failure = match once().await {
                Ok(value) => return Ok(value),
                Err(failure) => failure,
            };
            // What the source itself said tells more than that it is left alone since.
            if let (FetchError::BreakerOpen { .. }, Some(said)) = (&failure.error, said.take()) {
                return Err(said.tried(attempt - 1));
            }
            if !failure.again || attempt >= attempts {
                return Err(failure.error.tried(attempt));
            }
            tracing::debug!(attempt, error = %failure.error, "fetch failed and will be tried again");
            self.tally.retries.fetch_add(1, Relaxed);
            said = Some(failure.error).filter(|error| !matches!(error, FetchError::BreakerOpen { .. }));
            tokio::time::sleep(waits(attempt)).await;
            attempt += 1;
        }
    }

    /// One exchange with a host, in its turn and at its pace.
    async fn exchange(
        &self,
        outgoing: Outgoing<'_>,
        pace: Pace,
        resources: &[Need],
    ) -> Result<Answer, Failure> {
        let Shared { options, clients, hosts, budget, places, .. } = &*self.shared;
        clients.check(&outgoing.url, outgoing.clean)?;
        let host = hosts.of(&outgoing.url, options);
        let mut needs = Vec::with_capacity(1 + resources.len());
        needs.push(host.need(pace));
        needs.extend_from_slice(resources);
        let _permit = host.enter(outgoing.clean, &needs, &**budget, places, options.max_wait).await?;
        self.tally.requests.fetch_add(1, Relaxed);
        let errors = outgoing.errors;
        let result = clients.exchange(outgoing).await;
        match &result {
            Ok(answer) => {
                self.tally.bytes.fetch_add(answer.body.len() as u64, Relaxed);
                // Who has a rule for an error of the source has something better to do than to ask again.
                host.note(answer.status >= 500 && !policy::gives_up(errors, answer.status));
            }
            Err(failure) if failure.again => host.note(true),
            Err(_) => {}
        }
        result
    }

    /// An exchange on behalf of a page that is being shown, within the turn that the page had.
    async fn exchange_within(&self, outgoing: Outgoing<'_>) -> Result<Answer, Failure> {
        let clients = &self.shared.clients;
        clients.check(&outgoing.url, outgoing.clean)?;
        self.tally.requests.fetch_add(1, Relaxed);
        let answer = clients.exchange(outgoing).await?;
        self.tally.bytes.fetch_add(answer.body.len() as u64, Relaxed);
        Ok(answer)
    }

    /// The host of `url` asked for a pause.
    fn pause(&self, url: &url::Url, wait: Duration) {
        let host = self.shared.hosts.of(url, &self.shared.options);
        let why = format!("{} asked for a pause of {} s", host.name, wait.as_secs_f64().ceil());
        self.shared.budget.pause(&host.resource, wait, &why);
        self.tally.paused();
    }
}

/// What all clones share.
#[derive(Debug)]
struct Shared {
    options: Arc<FetchOptions>,
    clients: Clients,
    hosts: Hosts,
    budget: Arc<dyn Budget>,
    places: Arc<Semaphore>,
    backoff: Backoff,
    keyring: Keyring,
    renderer: Renderer,
    patterns: Mutex<HashMap<String, Arc<Regex>>>,
}

impl Shared {
    fn new(options: FetchOptions, budget: Arc<dyn Budget>) -> Result<Shared, FetchError> {
        let options = Arc::new(options);
        let proxies = if options.system_proxy { proxy_hosts() } else { Vec::new() };
        let guard = Guard { allow_private: options.allow_private, proxies };
        let places = options.total_concurrency.clamp(1, Semaphore::MAX_PERMITS);
        Ok(Shared {
            clients: Clients::new(options.clone(), guard)?,
            hosts: Hosts::default(),
            budget,
            places: Arc::new(Semaphore::new(places)),
            backoff: Backoff::new(options.backoff_base, options.backoff_cap, options.seed),
            keyring: Keyring::default(),
            renderer: Renderer::new(options.render.clone()),
            patterns: Mutex::default(),
            options,
        })
    }

    /// A policy's pattern, compiled once.
    fn pattern(&self, pattern: &str) -> Result<Arc<Regex>, FetchError> {
        if let Some(known) = lock(&self.patterns).get(pattern) {
            return Ok(known.clone());
        }
        let compiled = Regex::new(pattern)
            .map_err(|error| FetchError::Setup(format!("the limit header pattern {pattern:?}: {error}")))?;
        let compiled = Arc::new(compiled);
        lock(&self.patterns).insert(pattern.to_owned(), compiled.clone());
        Ok(compiled)
    }
}

/// Hosts of the proxies that the environment names.
fn proxy_hosts() -> Vec<String> {
    let names = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"];
    let values = names.iter().filter_map(|name| std::env::var(name).ok());
    let urls = values.filter_map(|value| {
        let value = if value.contains("://") { value } else { format!("http://{value}") };
        value.parse::<url::Url>().ok()
    });
    urls.filter_map(|url| url.host_str().map(str::to_owned)).collect()
}

/// Counts, without a lock.
#[derive(Debug, Default)]
struct Tally {
    requests: AtomicU64,
    spent: AtomicU64,
    retries: AtomicU64,
    bytes: AtomicU64,
    not_modified: AtomicU64,
    pauses: AtomicU64,
}

impl Tally {
    /// Takes one of `budget`; false when none is left.
    fn spend(&self, budget: u64) -> bool {
        self.spent.fetch_add(1, Relaxed) < budget
    }

    fn paused(&self) {
        self.pauses.fetch_add(1, Relaxed);
    }

    fn counters(&self) -> Counters {
        Counters {
            requests: self.requests.load(Relaxed),
            retries: self.retries.load(Relaxed),
            bytes: self.bytes.load(Relaxed),
            not_modified: self.not_modified.load(Relaxed),
            pauses: self.pauses.load(Relaxed),
        }
    }
}

/// The present, for what sources date; waits are measured on the steady clock.
#[allow(clippy::disallowed_methods, reason = "an edge: when a document was fetched is a fact")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

#[cfg(test)]
mod tests;
