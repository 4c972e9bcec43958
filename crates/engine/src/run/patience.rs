//! Riding out: a store that is away or in use is asked again for a while, later each time, before anybody
//! is told that it failed. Nothing is asked again here that may not be said twice.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use store::StoreError;
use tokio::time::Instant;

/// How long a store may be away before what needs it gives up.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long it has lasted, and how long it may.
#[derive(Debug)]
pub(crate) struct Patience {
    limit: Duration,
    since: Option<Instant>,
    tries: u32,
}

impl Patience {
    pub(crate) fn new(limit: Duration) -> Patience {
        Patience { limit, since: None, tries: 0 }
    }

    /// Whether the store is as it should be, as far as is known.
    pub(super) fn is_calm(&self) -> bool {
        self.since.is_none()
    }

    /// It failed: how long to wait before it is asked again. The error, when that does not pass or has
    /// lasted too long.
    pub(super) fn strained(&mut self, error: StoreError) -> Result<Duration, StoreError> {
        let since = *self.since.get_or_insert_with(Instant::now);
        if !error.passes() || since.elapsed() >= self.limit {
            return Err(error);
        }
        let longest = FIRST_WAIT.saturating_mul(1 << self.tries.min(10)).min(LONGEST_WAIT);
        self.tries += 1;
        Ok(longest.mul_f64(0.5 + chance() / 2.0))
    }

    /// Waits until it may be asked again.
    pub(crate) async fn wait_out(&mut self, error: StoreError) -> Result<(), StoreError> {
        tokio::time::sleep(self.strained(error)?).await;
        Ok(())
    }

    /// It answered: after how long, if it had not before.
    pub(super) fn eased(&mut self) -> Option<Duration> {
        self.tries = 0;
        self.since.take().map(|since| since.elapsed())
    }
}

/// Between 0 and 1, so that those who failed together do not come back together.
fn chance() -> f64 {
    (RandomState::new().hash_one(0) % 1_000) as f64 / 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn away() -> StoreError {
        StoreError::Away { path: "postgres://db/x".into(), reason: "it is not there".to_owned() }
    }

    #[test]
    fn what_does_not_pass_or_lasts_too_long_is_told() {
        let question = StoreError::Question("no".to_owned());
        assert!(Patience::new(PATIENCE).strained(question).is_err());
        assert!(Patience::new(Duration::ZERO).strained(away()).is_err());
    }

    #[test]
    fn waits_grow_and_have_an_end() {
        let mut patience = Patience::new(PATIENCE);
        let waits: Vec<Duration> = (0..9).map(|_| patience.strained(away()).unwrap()).collect();
        assert!(waits[0] <= FIRST_WAIT && waits[8] > LONGEST_WAIT / 2 && waits[8] <= LONGEST_WAIT);
        assert!(!patience.is_calm() && patience.eased().is_some() && patience.is_calm());
        assert!(patience.eased().is_none());
    }
}
