//! What comes back: items that were done, stopped or fell, and what entering them said.

use std::time::Duration;

use store::{Acked, Ending, Lease};
use tokio::time::Instant;

use super::super::execute::{Executed, fallen};
use super::super::{RunError, each};
use super::{Entered, Turns, bare};
use crate::functions::Failure;
use crate::pipeline::{Each, Work};

type Landed = Result<(tokio::task::Id, (Lease, Result<Executed, RunError>)), tokio::task::JoinError>;

impl Turns {
    pub(super) fn landed(&mut self, landed: Landed) {
        let (task, executed) = match landed {
            Ok((task, (_, executed))) => (task, executed.map_err(Fell::Failed)),
            Err(error) if error.is_cancelled() => (error.id(), Err(Fell::Stopped)),
            Err(error) => (error.id(), Err(Fell::Failed(RunError::Fault(format!("an item died: {error}"))))),
        };
        let Some((lease, _)) = self.aloft.remove(&task) else { return };
        let holder = self.kept_in_order(&lease);
        let executed = executed.unwrap_or_else(|fell| self.ending_of(&lease, fell));
        self.ahead.landed(Duration::from_millis(executed.ack.elapsed_ms));
        self.buffer.take(executed, holder);
    }

    /// An item that was stopped, or whose execution failed as a whole.
    fn ending_of(&self, lease: &Lease, fell: Fell) -> Executed {
        match fell {
            Fell::Stopped if self.cancelled.contains(&lease.run) => bare(lease, Ending::Cancelled),
            Fell::Stopped => bare(lease, Ending::Untouched),
            Fell::Failed(error) => {
                let failure = Failure::from(error);
                let run = self.runs.get(&lease.run);
                let fallen = run
                    .and_then(|run| fallen(self.world(), run, lease, failure, &self.runner.options.backoff));
                // The root of a run sums up again, until it can.
                fallen.unwrap_or_else(|| bare(lease, self.again()))
            }
        }
    }

    /// The end of a run must come: it is tried for as long as it takes.
    fn again(&self) -> Ending {
        let due = super::super::context::later((self.world().clock)(), self.runner.options.backoff.base);
        Ending::Later { due }
    }

    pub(super) async fn entered(&mut self, (acks, acked): Entered) -> Result<(), RunError> {
        match acked {
            Ok(acked) => {
                self.eased();
                self.shares.clear();
                self.acked(acked).await.or_else(|error| self.ride_out(error))
            }
            Err(error) => {
                self.strained(error)?;
                self.unentered = Some(acks);
                Ok(())
            }
        }
    }

    async fn acked(&mut self, acked: Acked) -> Result<(), RunError> {
        // What was released may be there now.
        (self.ask_at, self.dry) = (Instant::now(), false);
        for count in acked.parents {
            let Some((run, no)) = self.judged.get(&count.item) else { continue };
            let Some(Work::Each(Each { tolerance, .. })) = run.plan.step(*no).map(|step| &step.work) else {
                continue;
            };
            let ended = count.total - count.open;
            let judged = count.open > 0 && !count.spreading && count.stopped.is_none() && count.failed > 0;
            if judged
                && each::tolerance(self.world(), run.id, *no, *tolerance).await?.exceeded(
                    Some(count.total),
                    ended,
                    count.failed,
                )
            {
                let reason = each::too_many(count.failed, count.total);
                self.world().store.stop_children(count.item, &reason).await?;
            }
            if count.open == 0 {
                self.judged.remove(&count.item);
            }
        }
        Ok(())
    }
}

/// Why an item came back without an ending.
enum Fell {
    /// It was stopped.
    Stopped,
    /// Its execution failed as a whole.
    Failed(RunError),
}
