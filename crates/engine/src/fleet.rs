//! When a runner that died is started again: at once, then later each time, and not for ever. Pure.

use std::time::Duration;

/// How a supervisor treats one of its runners.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restarts {
    /// How often it was started again in all.
    pub count: u32,
    /// How often in a row it died soon.
    in_row: u32,
}

/// One that lived so long did not die of its start.
const LIVED: Duration = Duration::from_secs(60);
/// So many deaths in a row, and it is given up.
pub const MOST_IN_ROW: u32 = 8;
const FIRST_WAIT: Duration = Duration::from_millis(250);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

impl Restarts {
    /// It died after it had lived so long: how long to wait before it is started again; `None` when it
    /// is given up.
    pub fn died(&mut self, lived: Duration) -> Option<Duration> {
        self.in_row = if lived >= LIVED { 1 } else { self.in_row + 1 };
        if self.in_row > MOST_IN_ROW {
            return None;
        }
        self.count += 1;
        let wait = FIRST_WAIT.saturating_mul(1 << (self.in_row - 1).min(16));
        Some(wait.min(LONGEST_WAIT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end_in_giving_up() {
        let mut restarts = Restarts::default();
        let waits: Vec<u128> =
            std::iter::from_fn(|| restarts.died(Duration::ZERO)).map(|w| w.as_millis()).collect();
        assert_eq!(waits, [250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000]);
        assert_eq!(restarts.count, MOST_IN_ROW);
    }

    #[test]
    fn one_that_lived_begins_anew() {
        let mut restarts = Restarts::default();
        assert_eq!((0..5).filter_map(|_| restarts.died(Duration::ZERO)).count(), 5);
        assert_eq!(restarts.died(LIVED), Some(FIRST_WAIT));
        assert_eq!(restarts.count, 6);
    }
}
