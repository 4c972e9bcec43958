//! How much work a runner takes at once. What takes long is taken as it can be begun, so that others
//! have their share of it; what takes no time is taken by the hundred, so that asking costs nothing.

use std::time::Duration;

use tokio::time::Instant;

/// Counts what comes back, and reckons how much that will be until the next time it asks.
pub(super) struct Ahead {
    landed: u32,
    since: Instant,
    per_second: f64,
}

/// Items that come back in less are no measure.
const SAMPLE: Duration = Duration::from_millis(20);
/// It holds work for so long.
const HELD_SECS: f64 = 0.25;
const MOST: usize = 512;

impl Ahead {
    pub(super) fn new(now: Instant) -> Ahead {
        Ahead { landed: 0, since: now, per_second: 0.0 }
    }

    /// An item has come back.
    pub(super) fn landed(&mut self) {
        self.landed += 1;
    }

    /// How much to ask for, where `room` could be begun at once.
    pub(super) fn want(&mut self, now: Instant, room: usize) -> usize {
        let passed = now - self.since;
        if passed >= SAMPLE {
            self.per_second = f64::from(self.landed) / passed.as_secs_f64();
            (self.landed, self.since) = (0, now);
        }
        room.max(1) + self.held()
    }

    /// What should not run out before more is asked for: nothing, where work takes long.
    pub(super) fn reserve(&self) -> usize {
        self.held() / 2
    }

    fn held(&self) -> usize {
        ((self.per_second * HELD_SECS) as usize).min(MOST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is wanted, and held, after many items that came back one by one.
    fn wanted(every: Duration) -> (usize, usize) {
        let mut now = Instant::now();
        let mut ahead = Ahead::new(now);
        let mut want = 0;
        for _ in 0..200 {
            now += every;
            ahead.landed();
            want = ahead.want(now, 1);
        }
        (want, ahead.reserve())
    }

    #[test]
    fn what_is_gone_at_once_is_taken_by_the_hundred() {
        assert_eq!(wanted(Duration::from_micros(100)), (513, 256));
    }

    #[test]
    fn what_takes_long_is_taken_as_it_can_be_begun() {
        assert_eq!(wanted(Duration::from_secs(1)), (1, 0));
    }

    #[test]
    fn several_that_end_together_are_no_sign_of_speed() {
        let mut ahead = Ahead::new(Instant::now());
        let mut now = Instant::now() + Duration::from_secs(1);
        for _ in 0..8 {
            ahead.landed();
            now += Duration::from_micros(50);
            assert_eq!(ahead.want(now, 1), 1);
        }
    }
}
