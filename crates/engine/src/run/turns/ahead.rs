//! How much work a runner takes at once. What takes long is taken as it can be begun, so that others
//! have their share of it; what takes no time is taken by the hundred, so that asking costs nothing.

use std::time::Duration;

/// Knows how long items take, and reckons how many it can get through until it asks again.
pub(super) struct Ahead {
    /// How long an item takes, in seconds: a moving average. Not how many come back in a second, which
    /// would be few where there are few to begin.
    took: f64,
}

/// It holds work for so long.
const HELD_SECS: f64 = 0.25;
const MOST: usize = 512;
/// What an item is taken to need before any has come back: the first ones are no measure, for what only
/// begins others is gone at once.
const FIRST_SECS: f64 = 1.0;
/// What the last item weighs in the average.
const WEIGHT: f64 = 0.1;

impl Default for Ahead {
    fn default() -> Ahead {
        Ahead { took: FIRST_SECS }
    }
}

impl Ahead {
    /// An item has come back after so long.
    pub(super) fn landed(&mut self, took: Duration) {
        self.took += (took.as_secs_f64() - self.took) * WEIGHT;
    }

    /// How much to ask for, where `room` could be begun at once and `places` items go on beside each
    /// other.
    pub(super) fn want(&self, room: usize, places: usize) -> usize {
        room.max(1) + self.held(places)
    }

    /// What should not run out before more is asked for: nothing, where work takes long.
    pub(super) fn reserve(&self, places: usize) -> usize {
        self.held(places) / 2
    }

    fn held(&self, places: usize) -> usize {
        let rounds = HELD_SECS / self.took.max(0.000_1);
        ((rounds * places as f64) as usize).min(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wanted, and held, after many items that took so long each.
    fn wanted(took: Duration) -> (usize, usize) {
        let mut ahead = Ahead::default();
        (0..200).for_each(|_| ahead.landed(took));
        (ahead.want(1, 8), ahead.reserve(8))
    }

    #[test]
    fn what_is_gone_at_once_is_taken_by_the_hundred() {
        assert_eq!(wanted(Duration::ZERO), (513, 256));
        let (want, reserve) = wanted(Duration::from_millis(20));
        assert!((90..=101).contains(&want) && reserve >= 45, "{want} {reserve}");
    }

    #[test]
    fn what_takes_long_is_taken_as_it_can_be_begun() {
        assert_eq!(wanted(Duration::from_secs(10)), (1, 0));
        assert_eq!(Ahead::default().want(8, 4), 9);
    }

    #[test]
    fn one_that_is_gone_at_once_is_no_sign_of_speed() {
        let mut ahead = Ahead::default();
        ahead.landed(Duration::ZERO);
        assert_eq!(ahead.want(4, 4), 5);
    }
}
