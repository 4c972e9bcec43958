//! The only code that speaks to the outside: polite, limited, guarded.
//!
//! One [`Fetcher`] serves a whole process. It keeps each host's pace, obeys robots.txt, tries again
//! what is worth trying, and hands over either a whole document or an error that says what to do:
//! never a short body, never an address it was not allowed to reach, never a secret.

mod error;
mod options;
mod policy;
mod validators;

use std::sync::Arc;

use model::{Document, Request};

pub use error::FetchError;
pub use options::{BreakerOptions, FetchOptions, TimeLimits};
pub use policy::{Auth, ErrorRule, LimitHeaders, OnError, Policy, ResetUnit};
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
        fetched_at: chrono::DateTime<chrono::Utc>,
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
    options: Arc<FetchOptions>,
}

impl Fetcher {
    /// A fetcher with these limits.
    pub fn new(options: FetchOptions) -> Result<Fetcher, FetchError> {
        Ok(Fetcher { options: Arc::new(options) })
    }

    /// The same connections, limits and caches with counters, and so a `per_run` budget, of their
    /// own: one for each source of a run.
    pub fn scoped(&self) -> Fetcher {
        self.clone()
    }

    /// What was done so far.
    pub fn counters(&self) -> Counters {
        Counters::default()
    }

    /// Fetches `request` as `policy` says; with `validators` only if it changed.
    pub async fn fetch(
        &self,
        request: &Request,
        policy: &Policy,
        validators: Option<&Validators>,
    ) -> Result<Fetched, FetchError> {
        let _ = (policy, validators, &self.options);
        Err(FetchError::BadAddress { url: request.url.to_string(), reason: "not built yet".into() })
    }
}
