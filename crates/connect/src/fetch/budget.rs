//! When a request may be sent: the seam between fetching and whoever keeps the limits. In one process
//! that is [`Paces`](super::pace::Paces); many processes share theirs through another implementation.

use std::any::Any;
use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;

use super::FetchError;

/// Says when requests may be sent, and learns of pauses that sources ask for.
pub trait Budget: fmt::Debug + Send + Sync {
    /// Waits until there is room in every resource of `needs`, then takes it; it is free again when the
    /// turn is dropped. Pauses are waited for up to `max_wait`. Dropping the future takes nothing.
    fn enter<'a>(&'a self, needs: &'a [Need], max_wait: Duration) -> BoxFuture<'a, Result<Turn, Refusal>>;

    /// Nobody is to ask `resource` for `wait`; `why` is told to those who would wait too long.
    fn pause(&self, resource: &str, wait: Duration, why: &str);
}

/// How fast a resource may be asked, as far as somebody says so.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Pace {
    /// Requests per second.
    pub per_second: Option<f64>,
    /// Requests under way at once.
    pub concurrency: Option<usize>,
    /// Somebody asked for the time between two requests: never do two start together.
    pub even: bool,
}

impl Pace {
    /// Takes over what is slower in `other`, or stated there alone. True for rate and concurrency each
    /// when it changed.
    pub fn slow_to(&mut self, other: Pace) -> (bool, bool) {
        let rate = other.per_second.filter(|rate| self.per_second.is_none_or(|known| *rate < known));
        let places = other.concurrency.filter(|n| self.concurrency.is_none_or(|known| *n < known));
        self.even |= other.even;
        self.per_second = rate.or(self.per_second);
        self.concurrency = places.or(self.concurrency);
        (rate.is_some(), places.is_some())
    }

    /// This, and `default` where it says nothing.
    pub fn or(self, default: Pace) -> Pace {
        Pace {
            per_second: self.per_second.or(default.per_second),
            concurrency: self.concurrency.or(default.concurrency),
            even: self.even,
        }
    }

    /// The time between two requests; `None` is no limit.
    pub fn interval(&self) -> Option<Duration> {
        Some(Duration::from_secs_f64(1.0 / self.per_second?.clamp(0.000_1, 100_000.0)))
    }

    /// How late a request may be sent after the instant that was reserved for it, where the time between two
    /// is asked for: they are reserved by so much further apart, so that never less lies between them.
    pub fn margin(&self) -> Option<Duration> {
        // A timer is late by a millisecond or two.
        const LEAST: Duration = Duration::from_millis(3);
        const MOST: Duration = Duration::from_millis(20);
        self.interval().filter(|_| self.even).map(|interval| (interval / 40).clamp(LEAST, MOST))
    }

    /// How many may start together after a rest. Two where the rate is not slow (robots.txt, then the
    /// page); at high rates a tenth of a second's worth, because timers are coarser than such a rate.
    pub fn burst(&self) -> u32 {
        match self.per_second {
            _ if self.even => 1,
            Some(rate) if rate < 2.0 => 1,
            Some(rate) => ((rate.min(100_000.0) / 10.0).ceil() as u32).max(2),
            None => 1,
        }
    }
}

/// One thing that a request needs room in: a host, an API key, a site.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// Its name, like `host:api.example.org` or `key:ticketmaster`; the same in all processes.
    pub resource: String,
    /// What somebody asks for. A resource has one pace, the slowest that anyone asks for.
    pub wish: Pace,
    /// What holds while nobody asks for anything.
    pub default: Pace,
}

/// The right to send one request. Dropping it says that the request is done.
#[derive(Debug)]
pub struct Turn(#[allow(dead_code, reason = "held to be dropped")] Box<dyn Any + Send + Sync>);

impl Turn {
    /// A turn that ends `held` when it is dropped.
    pub fn new(held: impl Any + Send + Sync) -> Turn {
        Turn(Box::new(held))
    }
}

/// Why there is no turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// A source asked for a longer pause than is waited for.
    Paused {
        /// Until when.
        until: DateTime<Utc>,
        /// What it said.
        why: String,
    },
    /// Whoever keeps the limits cannot be asked.
    Unavailable(String),
}

impl Refusal {
    pub(super) fn about(self, url: &str) -> FetchError {
        match self {
            Refusal::Paused { until, why } => {
                FetchError::Quota { url: url.to_owned(), message: why, until: Some(until) }
            }
            Refusal::Unavailable(reason) => FetchError::Setup(format!("the limits cannot be kept: {reason}")),
        }
    }
}
