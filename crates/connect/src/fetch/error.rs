//! Why nothing was fetched. Each variant is a class of answer: what to do next differs.
//!
//! Addresses in here are clean (no user name, no key), and so are the source's own words.

use chrono::{DateTime, Utc};
use thiserror::Error;

/// Why a request brought nothing.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum FetchError {
    /// The client could not be set up: a fault of the machine or of the options.
    #[error("cannot set up fetching: {0}")]
    Setup(String),
    /// Not an address that can be fetched.
    #[error("cannot fetch {url}: {reason}; give an http or https address")]
    BadAddress {
        /// As given, cleaned.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An address inside this machine or network.
    #[error(
        "refused to fetch {url}: {address} is {class}; allow private addresses if this is a server of your own"
    )]
    Refused {
        /// The request.
        url: String,
        /// The address behind it.
        address: String,
        /// What kind of address that is.
        class: &'static str,
    },
    /// The site asks robots not to.
    #[error("{url} is closed to robots by {robots}; ask its owner, or use the source's API or feed")]
    Robots {
        /// The request.
        url: String,
        /// Address of the robots.txt.
        robots: String,
    },
    /// The site's wishes are unknown, which counts as no for now.
    #[error("cannot fetch {url} yet: {robots} could not be read ({reason}); try again later")]
    RobotsUnavailable {
        /// The request.
        url: String,
        /// Address of the robots.txt.
        robots: String,
        /// Why it could not be read.
        reason: String,
    },
    /// 404 or 410.
    #[error("{url} answered {status}: {message}; check the address")]
    Gone {
        /// The request.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the source said.
        message: String,
    },
    /// The credentials are missing, wrong or not enough.
    #[error("{url} answered {status}: {message}; check {}", credentials_text(held_in))]
    Credentials {
        /// The request.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the source said.
        message: String,
        /// The variables that they are taken from, where that is known.
        held_in: Vec<String>,
    },
    /// A quota is used up, or the source wants to be left alone for longer than a run waits.
    #[error("{url} takes no more requests now: {message}{}", until_text(until))]
    Quota {
        /// The request.
        url: String,
        /// What the source said.
        message: String,
        /// When it may be asked again, where it says so.
        until: Option<DateTime<Utc>>,
    },
    /// The source's own limit of requests per run is reached.
    #[error(
        "{url} was not fetched: the limit of {per_run} requests per run is reached; raise per_run or narrow the search"
    )]
    Budget {
        /// The request.
        url: String,
        /// The limit.
        per_run: u64,
    },
    /// Another error status.
    #[error("{url} answered {status}: {message}{}", attempts_text(*attempts))]
    Status {
        /// The request.
        url: String,
        /// The HTTP status.
        status: u16,
        /// What the source said.
        message: String,
        /// Tries made.
        attempts: u32,
    },
    /// The body is longer than allowed.
    #[error(
        "{url} is larger than max_bytes ({cap_bytes} bytes, decompressed); raise max_bytes if that is expected"
    )]
    TooLarge {
        /// The request.
        url: String,
        /// The limit.
        cap_bytes: usize,
    },
    /// Nothing came in time.
    #[error("{url} did not answer in time{}; try again later or raise the time limits", attempts_text(*attempts))]
    Timeout {
        /// The request.
        url: String,
        /// Tries made.
        attempts: u32,
    },
    /// The host name leads nowhere.
    #[error("cannot find the host of {url}: {reason}{}; check its name and the network", attempts_text(*attempts))]
    Dns {
        /// The request.
        url: String,
        /// What the look-up said.
        reason: String,
        /// Tries made.
        attempts: u32,
    },
    /// No safe connection.
    #[error("no trusted TLS connection for {url}: {reason}; check the clock, the certificate and any proxy")]
    Tls {
        /// The request.
        url: String,
        /// What failed.
        reason: String,
    },
    /// No connection.
    #[error("cannot connect for {url}: {reason}{}; check that the server runs and is reachable", attempts_text(*attempts))]
    Connect {
        /// The request.
        url: String,
        /// What failed.
        reason: String,
        /// Tries made.
        attempts: u32,
    },
    /// The answer broke off or was damaged.
    #[error("{url} broke off after {got_bytes} bytes ({reason}){}; nothing of it was kept", attempts_text(*attempts))]
    Truncated {
        /// The request.
        url: String,
        /// What had come, decompressed.
        got_bytes: usize,
        /// How it broke.
        reason: String,
        /// Tries made.
        attempts: u32,
    },
    /// Redirects that lead nowhere.
    #[error("{url} redirects badly: {reason}; check the address in a browser")]
    Redirect {
        /// The request.
        url: String,
        /// What is wrong.
        reason: String,
    },
    /// A browser did not get to show it.
    #[error("cannot render {url}: {reason}{}; try again later", attempts_text(*attempts))]
    Render {
        /// The request.
        url: String,
        /// What went wrong.
        reason: String,
        /// Tries made.
        attempts: u32,
    },
    /// There is no browser to render with.
    #[error("pages of this source are rendered in a browser: {0}")]
    NoBrowser(String),
    /// The host failed so often that it is left alone.
    #[error(
        "{host} is left alone for {retry_in_secs} s after {failures} failures in a row; {url} was not asked"
    )]
    BreakerOpen {
        /// The request.
        url: String,
        /// The host.
        host: String,
        /// Failures in a row.
        failures: u32,
        /// When it is tried again.
        retry_in_secs: u64,
    },
}

impl FetchError {
    /// True when the source is to be asked nothing more in this run.
    pub fn stops_source(&self) -> bool {
        matches!(
            self,
            FetchError::Credentials { .. }
                | FetchError::Quota { .. }
                | FetchError::Budget { .. }
                | FetchError::NoBrowser(_)
        )
    }

    /// True when the same request may well succeed later, without anybody changing anything.
    pub fn retry_later(&self) -> bool {
        match self {
            FetchError::Status { status, .. } => super::answer::worth_retrying(*status),
            FetchError::RobotsUnavailable { .. }
            | FetchError::Quota { .. }
            | FetchError::Budget { .. }
            | FetchError::Timeout { .. }
            | FetchError::Dns { .. }
            | FetchError::Connect { .. }
            | FetchError::Truncated { .. }
            | FetchError::Render { .. }
            | FetchError::BreakerOpen { .. } => true,
            _ => false,
        }
    }

    /// The class as one word, for counting and logs.
    pub fn class(&self) -> &'static str {
        match self {
            FetchError::Setup(_) => "setup",
            FetchError::BadAddress { .. } => "bad_address",
            FetchError::Refused { .. } => "refused",
            FetchError::Robots { .. } => "robots",
            FetchError::RobotsUnavailable { .. } => "robots_unavailable",
            FetchError::Gone { .. } => "gone",
            FetchError::Credentials { .. } => "credentials",
            FetchError::Quota { .. } => "quota",
            FetchError::Budget { .. } => "budget",
            FetchError::Status { .. } => "status",
            FetchError::TooLarge { .. } => "too_large",
            FetchError::Timeout { .. } => "timeout",
            FetchError::Dns { .. } => "dns",
            FetchError::Tls { .. } => "tls",
            FetchError::Connect { .. } => "connect",
            FetchError::Truncated { .. } => "truncated",
            FetchError::Redirect { .. } => "redirect",
            FetchError::Render { .. } => "render",
            FetchError::NoBrowser(_) => "no_browser",
            FetchError::BreakerOpen { .. } => "breaker_open",
        }
    }

    /// The same error, saying how often it was tried.
    pub(super) fn tried(mut self, times: u32) -> FetchError {
        match &mut self {
            FetchError::Status { attempts, .. }
            | FetchError::Timeout { attempts, .. }
            | FetchError::Dns { attempts, .. }
            | FetchError::Connect { attempts, .. }
            | FetchError::Truncated { attempts, .. }
            | FetchError::Render { attempts, .. } => *attempts = times,
            _ => {}
        }
        self
    }
}

impl FetchError {
    /// The same error, told of the request that it kept from being made.
    pub(super) fn about(mut self, clean: &str) -> FetchError {
        match &mut self {
            FetchError::Setup(_) | FetchError::NoBrowser(_) => {}
            FetchError::BadAddress { url, .. }
            | FetchError::Refused { url, .. }
            | FetchError::Robots { url, .. }
            | FetchError::RobotsUnavailable { url, .. }
            | FetchError::Gone { url, .. }
            | FetchError::Credentials { url, .. }
            | FetchError::Quota { url, .. }
            | FetchError::Budget { url, .. }
            | FetchError::Status { url, .. }
            | FetchError::TooLarge { url, .. }
            | FetchError::Timeout { url, .. }
            | FetchError::Dns { url, .. }
            | FetchError::Tls { url, .. }
            | FetchError::Connect { url, .. }
            | FetchError::Truncated { url, .. }
            | FetchError::Redirect { url, .. }
            | FetchError::Render { url, .. }
            | FetchError::BreakerOpen { url, .. } => clean.clone_into(url),
        }
        self
    }
}

fn credentials_text(held_in: &[String]) -> String {
    match held_in {
        [] => "the credentials of this source".to_owned(),
        held_in => format!("what {} is set to", held_in.join(" or ")),
    }
}

fn attempts_text(attempts: u32) -> String {
    if attempts > 1 { format!(" ({attempts} tries)") } else { String::new() }
}

fn until_text(until: &Option<DateTime<Utc>>) -> String {
    match until {
        Some(at) => format!("; it may be asked again at {}", at.format("%Y-%m-%d %H:%M:%S UTC")),
        None => "; try again later".to_owned(),
    }
}
