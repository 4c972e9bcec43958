//! How who follows waits: shortly while changes come, longer while none do or the store is away.

use std::time::Duration;

use crate::output::say;

/// How soon the log is looked at again, at first and at most.
const SOON: Duration = Duration::from_millis(50);
const LATE: Duration = Duration::from_secs(2);

/// How long to wait, and what was told about it.
#[derive(Default)]
pub struct Patience {
    waits: u32,
    told: bool,
}

impl Patience {
    /// Each wait is twice as long as the one before, up to a bound.
    pub fn wait(&mut self) -> Duration {
        self.waits = (self.waits + 1).min(10);
        LATE.min(SOON * 2_u32.pow(self.waits - 1))
    }

    /// Something came: the next wait is short.
    pub fn reset(&mut self) {
        self.waits = 0;
    }

    /// Says once what is waited for.
    pub fn tell(&mut self, error: &anyhow::Error) {
        if !self.told {
            say(&format!("waiting for the store: {error:#}"));
        }
        self.told = true;
    }

    /// Says that it is over, where it was said that it began.
    pub fn is_back(&mut self) {
        if std::mem::take(&mut self.told) {
            say("the store is back");
        }
    }
}
