//! Staying alive, hearing of cancelled runs, taking back what others left behind.

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use chrono::{DateTime, Utc};
use model::RunId;
use store::{Ending, Lease, RunSignal};

use super::super::RunError;
use super::super::alive::reap;
use super::super::context::later;
use super::{Turns, bare};

/// How often it says that it is alive, and hears of cancelled runs, at least.
const BEAT_MOST: Duration = Duration::from_secs(1);

/// Runs that are kept at hand although nothing of them is in hand.
const RUNS_AT_HAND: usize = 64;

impl Turns {
    pub(super) fn beat_time(&self) -> Duration {
        (self.runner.options.lease_time / 6).min(BEAT_MOST)
    }

    /// Says that it is alive; stops what belongs to cancelled runs; takes back what others left behind.
    pub(super) async fn beat(&mut self) -> Result<(), RunError> {
        let now = (self.world().clock)();
        let until = later(now, self.runner.options.lease_time);
        let heard = match self.world().store.heartbeat(self.id, now, until).await {
            Ok(heard) => heard,
            Err(error) => return self.strained(error),
        };
        self.eased();
        let Some(signals) = heard else {
            tracing::warn!(runner.id = self.id.0, "this runner was given up; what it had is taken by others");
            self.lost = true;
            return Ok(());
        };
        let stopped = signals.into_iter().filter(|(_, signal)| *signal == RunSignal::Stop);
        self.cancelled = stopped.map(|(run, _)| run).collect();
        self.stop_cancelled();
        self.forget_runs();
        let tended = self.tend(now).await;
        tended.or_else(|error| self.ride_out(error))
    }

    async fn tend(&mut self, now: DateTime<Utc>) -> Result<(), RunError> {
        self.give_back_unheard().await?;
        reap(&self.world().store, self.id, now).await?;
        Ok(())
    }

    fn stop_cancelled(&mut self) {
        for (lease, task) in self.aloft.values() {
            if self.cancelled.contains(&lease.run) {
                task.abort();
            }
        }
        let queue = std::mem::take(&mut self.queue);
        let (stopped, queue): (VecDeque<Lease>, VecDeque<Lease>) =
            queue.into_iter().partition(|lease| self.cancelled.contains(&lease.run));
        self.queue = queue;
        for lease in stopped {
            let holder = self.kept_in_order(&lease);
            self.buffer.take(bare(&lease, Ending::Cancelled), holder);
        }
    }

    /// A runner that serves for months must not hold every run it ever saw.
    fn forget_runs(&mut self) {
        if self.runs.len() <= RUNS_AT_HAND {
            return;
        }
        let in_hand = self.queue.iter().chain(self.aloft.values().map(|(lease, _)| lease));
        let in_hand: HashSet<RunId> = in_hand.map(|lease| lease.run).collect();
        self.runs.retain(|run, _| in_hand.contains(run));
        self.judged.retain(|_, (run, _)| in_hand.contains(&run.id));
        self.unable.clear();
    }
}
