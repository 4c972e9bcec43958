//! How fast the items of each step end, over the last seconds.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use store::{ItemCounts, RunDetail, StepNo};

/// Samples of the last seconds.
#[derive(Default)]
pub struct Pace {
    steps: HashMap<StepNo, VecDeque<(Instant, u64)>>,
}

/// Over so long.
const OVER: Duration = Duration::from_secs(10);

/// Items that have ended, however.
pub fn ended(items: &ItemCounts) -> u64 {
    items.done + items.failed + items.skipped + items.dead
}

impl Pace {
    /// Takes a sample of every step.
    pub fn note(&mut self, run: &RunDetail) {
        let now = Instant::now();
        for step in &run.steps {
            let samples = self.steps.entry(step.no).or_default();
            samples.push_back((now, ended(&step.items)));
            while samples.front().is_some_and(|(at, _)| now - *at > OVER) {
                samples.pop_front();
            }
        }
    }

    /// Items a second; `None` while it cannot be told.
    pub fn rate(&self, step: StepNo) -> Option<f64> {
        let samples = self.steps.get(&step)?;
        let ((from, before), (to, after)) = (samples.front()?, samples.back()?);
        let seconds = (*to - *from).as_secs_f64();
        (seconds >= 0.5 && after > before).then(|| (after - before) as f64 / seconds)
    }

    /// Milliseconds until what is known of a step has ended, at this rate.
    pub fn left_ms(&self, step: StepNo, items: &ItemCounts) -> Option<u64> {
        let left = items.total.saturating_sub(ended(items));
        let rate = self.rate(step).filter(|_| left > 0)?;
        Some((left as f64 / rate * 1_000.0) as u64)
    }
}
