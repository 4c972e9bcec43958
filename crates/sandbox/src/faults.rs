//! What can go wrong, one switch each, per upstream.

use std::time::Duration;

/// Faults of the three upstreams.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Of the calendar feed.
    pub calendar: Fault,
    /// Of the venue site.
    pub site: Fault,
    /// Of the API.
    pub api: Fault,
}

/// Faults of one upstream; none by default. Which requests fail follows from the seed.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    /// Waits before each answer.
    pub latency: Duration,
    /// Per cent of requests answered 500 or 503.
    pub fail_percent: u8,
    /// Per cent of requests whose connection is cut in the middle of the body.
    pub cut_percent: u8,
    /// Every n-th request is answered 429 with `Retry-After: 1`; 0 is never.
    pub too_many_every: u64,
    /// After so many requests everything is answered 429 with a daily-quota body; 0 is never.
    pub quota_after: u64,
    /// Every answer declares more bytes than it has.
    pub wrong_length: bool,
    /// An HTML sign-in page stands where the listing should be.
    pub sign_in: bool,
    /// Every address redirects to another one, in a circle.
    pub redirect_loop: bool,
    /// Every address redirects to a cloud metadata address.
    pub redirect_private: bool,
    /// Every answer is a small gzip body that unpacks to 256 MiB.
    pub bomb: bool,
}
