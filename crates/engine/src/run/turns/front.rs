//! A run that is queued behind one that nobody works on: without this it would wait for ever after a runner
//! was killed. The runner that is to end the queued one goes on with the other first.

use std::time::Duration;

use model::RunId;
use store::RunState;
use tokio::time::Instant;

use super::super::RunError;
use super::Turns;

/// How often what stands in front is looked at. It must be found left twice in a row: a run that has just
/// begun has no runner for a moment.
const LOOK: Duration = Duration::from_secs(2);

/// What stands in front of the run of a runner.
#[derive(Debug, Default)]
pub(super) struct Front {
    looked_at: Option<Instant>,
    /// No runner took work of it at the last look.
    left: Option<RunId>,
    /// It is gone on with.
    helped: Option<RunId>,
}

impl Turns {
    /// The run to take work of; `None` for any.
    pub(super) fn serves(&self) -> Option<RunId> {
        self.runner.until.run().map(|own| self.front.helped.unwrap_or(own))
    }

    /// There was nothing to take: looks whether the run waits for another one.
    pub(super) async fn look_in_front(&mut self) -> Result<(), RunError> {
        let Some(own) = self.runner.until.run() else { return Ok(()) };
        if self.front.looked_at.is_some_and(|at| at.elapsed() < LOOK) {
            return Ok(());
        }
        self.front.looked_at = Some(Instant::now());
        let store = self.world().store.clone();
        let (behind, now) = (store.waits_behind(own).await?, (self.world().clock)());
        if self.front.helped.is_some() {
            self.front.helped = behind.filter(|run| Some(*run) == self.front.helped);
            return Ok(());
        }
        let left = match behind {
            Some(run)
                if store.run_state(run).await? == Some(RunState::Running)
                    && !store.is_attended(run, Some(self.id), now).await? =>
            {
                Some(run)
            }
            _ => None,
        };
        let was_left = std::mem::replace(&mut self.front.left, left);
        if let Some(run) = left.filter(|run| Some(*run) == was_left && !self.unable.contains(run)) {
            self.front.helped = self.can_help(own, run).await?.then_some(run);
        }
        Ok(())
    }

    /// Whether all is there to go on with `run`; what is there is what `own` needs.
    async fn can_help(&mut self, own: RunId, run: RunId) -> Result<bool, RunError> {
        let other = match self.context(run).await {
            Ok(context) => context,
            Err(RunError::Usage(why)) => {
                tracing::warn!(run.id = %run, "what this run waits for is left to others: {why}");
                self.unable.insert(run);
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let own = self.context(own).await?;
        let can = other.plan.functions().iter().all(|function| own.plan.functions().contains(function));
        if can {
            self.world()
                .progress
                .say(format!("nobody works on run {run}, which comes first: going on with it"));
        } else {
            self.unable.insert(run);
        }
        Ok(can)
    }
}
