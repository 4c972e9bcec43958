//! How large the sandbox is, and the instant its dates are laid around.

use chrono::{DateTime, Utc};

use super::{Fault, Faults};

/// What to generate.
#[derive(Debug, Clone)]
pub struct SandboxOptions {
    /// The same seed and `now` give the same events.
    pub seed: u64,
    /// Dates are laid around this instant; the sandbox reads no clock.
    pub now: DateTime<Utc>,
    /// `VEVENT` series of the calendar feed; some of them repeat.
    pub calendar_events: usize,
    /// Event pages of the venue site.
    pub site_events: usize,
    /// Events of the API.
    pub api_events: usize,
    /// What goes wrong.
    pub faults: Faults,
}

impl SandboxOptions {
    /// A small sandbox without faults.
    pub fn new(seed: u64, now: DateTime<Utc>) -> SandboxOptions {
        SandboxOptions {
            seed,
            now,
            calendar_events: 20,
            site_events: 30,
            api_events: 120,
            faults: Faults::default(),
        }
    }

    /// What `callboard demo` shows: an API that limits and fails now and then.
    pub fn demo(seed: u64, now: DateTime<Utc>) -> SandboxOptions {
        let api = Fault { fail_percent: 10, too_many_every: 9, retry_after_secs: 1, ..Fault::default() };
        SandboxOptions {
            api_events: 400,
            site_events: 60,
            faults: Faults { api, ..Faults::default() },
            ..SandboxOptions::new(seed, now)
        }
    }
}
