//! When a failed attempt is tried again: later each time, at a random instant of the time allowed for
//! it, so that what failed together does not come back together.

use std::time::Duration;

use store::ItemId;

use crate::functions::Again;

/// How long to wait, by the class of what failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    /// At most so long after the first attempt; each time twice as long.
    pub base: Duration,
    /// Never longer.
    pub cap: Duration,
    /// What is overloaded is given so many times as long.
    pub late: u32,
}

impl Default for Backoff {
    fn default() -> Backoff {
        Backoff { base: Duration::from_secs(2), cap: Duration::from_secs(300), late: 5 }
    }
}

impl Backoff {
    /// How long to wait after `attempt` (from 1) of `item`; `None` when it is not worth trying again.
    /// The same item and attempt always wait the same.
    pub fn wait(&self, again: Again, item: ItemId, attempt: u32) -> Option<Duration> {
        let base = match again {
            Again::Never => return None,
            Again::Soon => self.base,
            Again::Late => self.base * self.late,
            Again::After(at_least) => return Some(at_least + self.jitter(self.base, item, attempt)),
        };
        let longest = base.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(self.cap);
        Some(self.jitter(longest, item, attempt))
    }

    /// Between nothing and `longest`.
    fn jitter(&self, longest: Duration, item: ItemId, attempt: u32) -> Duration {
        let seed = model::ContentHash::of(format!("{}:{attempt}", item.0).as_bytes()).short();
        let share = (seed.unsigned_abs() % 10_000) as f64 / 10_000.0;
        longest.mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_up_to_the_cap_and_never_line_up() {
        let backoff = Backoff::default();
        let wait = |item, attempt| backoff.wait(Again::Soon, ItemId(item), attempt).unwrap_or_default();
        let longest = |attempt| (0..500).map(|item| wait(item, attempt)).max().unwrap_or_default();
        assert!(longest(1) <= Duration::from_secs(2) && longest(1) > Duration::from_secs(1));
        assert!(longest(3) <= Duration::from_secs(8) && longest(3) > Duration::from_secs(6));
        assert!(longest(60) <= backoff.cap);
        let mut waits: Vec<Duration> = (0..100).map(|item| wait(item, 5)).collect();
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 90, "{} different waits of 100", waits.len());
        assert_eq!(wait(7, 2), wait(7, 2));
    }

    #[test]
    fn the_class_decides() {
        let backoff = Backoff::default();
        assert_eq!(backoff.wait(Again::Never, ItemId(1), 1), None);
        let told = backoff.wait(Again::After(Duration::from_secs(60)), ItemId(1), 1).unwrap_or_default();
        assert!(told >= Duration::from_secs(60) && told < Duration::from_secs(63));
    }
}
