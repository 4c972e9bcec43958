//! Leaves a cache that fails alone for a while, longer each time: a run asks it at most now and then,
//! and never waits for it twice in a row.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::CacheError;

const FIRST_REST: Duration = Duration::from_millis(250);
const LONGEST_REST: Duration = Duration::from_secs(15);

/// Whether a cache may be asked.
#[derive(Debug, Default)]
pub(super) struct Breaker(Mutex<Option<Rest>>);

#[derive(Debug)]
struct Rest {
    until: Instant,
    failures: u32,
    reason: CacheError,
}

impl Breaker {
    /// The last failure, while the cache is left alone.
    pub(super) fn check(&self, now: Instant) -> Result<(), CacheError> {
        match &*self.rest() {
            Some(rest) if now < rest.until => Err(rest.reason.clone()),
            _ => Ok(()),
        }
    }

    /// It failed: the next calls are not tried.
    pub(super) fn failed(&self, reason: CacheError, now: Instant) {
        let mut rest = self.rest();
        let failures = rest.as_ref().map_or(0, |rest| rest.failures);
        let wait = FIRST_REST.saturating_mul(1 << failures.min(16)).min(LONGEST_REST);
        *rest = Some(Rest { until: now + wait, failures: failures + 1, reason });
    }

    /// It answered.
    pub(super) fn worked(&self) {
        *self.rest() = None;
    }

    fn rest(&self) -> std::sync::MutexGuard<'_, Option<Rest>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_to_a_bound_and_end_with_an_answer() {
        let breaker = Breaker::default();
        let reason = CacheError::Setting("down".to_owned());
        let mut now = Instant::now();
        assert!(breaker.check(now).is_ok());
        for rest_ms in [250, 500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000] {
            breaker.failed(reason.clone(), now);
            let end = now + Duration::from_millis(rest_ms);
            assert_eq!(breaker.check(end - Duration::from_millis(1)), Err(reason.clone()), "{rest_ms}");
            assert!(breaker.check(end).is_ok(), "{rest_ms}");
            now = end;
        }
        breaker.worked();
        breaker.failed(reason, now);
        assert!(breaker.check(now + FIRST_REST).is_ok());
    }
}
