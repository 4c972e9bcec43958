//! Exponential backoff with full jitter: a random wait between nothing and a bound that doubles, so
//! that many who failed together do not return together.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Draws waits.
#[derive(Debug)]
pub(super) struct Backoff {
    base: Duration,
    cap: Duration,
    state: AtomicU64,
}

impl Backoff {
    pub fn new(base: Duration, cap: Duration, seed: Option<u64>) -> Backoff {
        let seed = seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        Backoff { base, cap, state: AtomicU64::new(seed) }
    }

    /// The wait after the `attempt`th try, from 1.
    pub fn wait(&self, attempt: u32) -> Duration {
        let doubled = 2_u32.saturating_pow(attempt.saturating_sub(1));
        self.base.saturating_mul(doubled).min(self.cap).mul_f64(self.draw())
    }

    /// The wait that a source's own factor asks for: its powers, and up to one of it more by chance.
    pub fn powers_of(&self, factor: f64, attempt: u32) -> Duration {
        let power = i32::try_from(attempt.saturating_sub(1)).unwrap_or(i32::MAX);
        let secs = factor * factor.max(1.0).powi(power) + factor * self.draw();
        Duration::try_from_secs_f64(secs).unwrap_or(self.cap).min(self.cap)
    }

    /// SplitMix64, as a fraction of one.
    fn draw(&self) -> f64 {
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_factor_of_a_sources_own_is_kept() {
        let backoff = Backoff::new(Duration::from_millis(1), Duration::from_secs(10), Some(7));
        for (attempt, low, high) in [(1, 2.0, 4.0), (2, 4.0, 6.0), (3, 8.0, 10.0), (30, 10.0, 10.0)] {
            let wait = backoff.powers_of(2.0, attempt).as_secs_f64();
            assert!((low..=high).contains(&wait), "attempt {attempt}: {wait}");
        }
        assert!(backoff.powers_of(0.01, 9) < Duration::from_millis(21));
    }

    #[test]
    fn waits_grow_to_the_cap_and_vary() {
        let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1), Some(7));
        for attempt in 1..40 {
            let bound = Duration::from_millis(100 << (attempt - 1).min(10)).min(Duration::from_secs(1));
            let waits: Vec<_> = (0..50).map(|_| backoff.wait(attempt)).collect();
            assert!(waits.iter().all(|wait| *wait <= bound), "attempt {attempt}");
            assert!(waits.iter().any(|wait| *wait > bound / 2) && waits.iter().any(|wait| *wait < bound / 2));
        }
    }
}
