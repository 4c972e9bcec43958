//! How a run ended, and what is told of it.

use chrono::{DateTime, SecondsFormat, Utc};
use model::RunId;
use serde::Serialize;
use serde_json::json;
use store::{AuditEntry, ItemCounts, RunDetail, RunEnd, StepRow, StepStatus};

use super::{RunContext, RunError, World, audit};
use crate::collect::Outcome;

/// The machine-readable summary of a run, ended or not.
#[derive(Debug, Clone, Serialize)]
pub struct RunSummary {
    /// The run.
    pub id: RunId,
    /// Its pipeline.
    pub pipeline: String,
    /// Where it stands.
    pub state: &'static str,
    /// How it ended; null while it has not.
    pub outcome: Option<String>,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// When it ended.
    pub ended_at: Option<String>,
    /// From beginning to end, or until now.
    pub elapsed_ms: u64,
    /// Its items by state.
    pub items: ItemCounts,
    /// Its steps.
    pub steps: Vec<StepSummary>,
    /// Why it is paused or was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A step in the summary of a run.
#[derive(Debug, Clone, Serialize)]
pub struct StepSummary {
    /// Its path.
    pub name: String,
    /// How it stands or ended.
    pub status: StepStatus,
    /// Attempts at its items.
    pub attempts: u64,
    /// Its items.
    pub items: ItemCounts,
    /// From its first beginning to its last end.
    pub elapsed_ms: u64,
    /// How long its items took, one after the other.
    pub busy_ms: u64,
    /// Why so, where it did not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl RunSummary {
    /// The summary of a run as kept.
    pub fn of(run: &RunDetail, now: DateTime<Utc>) -> RunSummary {
        let until = run.ended_at.unwrap_or(now);
        RunSummary {
            id: run.id,
            pipeline: run.pipeline.clone().unwrap_or_default(),
            state: run.state.name(),
            outcome: run.outcome.clone(),
            started_at: instant(run.started_at),
            ended_at: run.ended_at.map(instant),
            elapsed_ms: u64::try_from((until - run.started_at).num_milliseconds()).unwrap_or(0),
            items: run.items(),
            steps: run.steps.iter().map(StepSummary::of).collect(),
            note: run.note.clone(),
        }
    }
}

impl StepSummary {
    fn of(step: &StepRow) -> StepSummary {
        StepSummary {
            name: step.path.clone(),
            status: step.status,
            attempts: step.attempts,
            items: step.items,
            elapsed_ms: step.elapsed_ms(),
            busy_ms: step.busy_ms,
            reason: step.reason.clone(),
        }
    }
}

fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The end of a run all of whose steps have ended, and what the audit log is told of it.
pub(super) async fn end_of(world: &World, run: &RunContext) -> Result<(RunEnd, Vec<AuditEntry>), RunError> {
    let Some(detail) = world.store.run(run.id).await? else {
        return Err(RunError::Fault(format!("run {} is not there", run.id)));
    };
    let top: Vec<StepStatus> =
        detail.steps.iter().filter(|step| step.parent.is_none()).map(|step| step.status).collect();
    let outcome = outcome(&top, run.plan.stop_on_failure);
    let now = (world.clock)();
    let summary = RunSummary { outcome: Some(outcome.name().to_owned()), ..RunSummary::of(&detail, now) };
    let kept = serde_json::to_value(&summary).unwrap_or_else(|_| json!({}));
    let end = RunEnd { outcome: outcome.name().to_owned(), summary: kept };
    let told = audit::ended(&detail, &end, now);
    Ok((end, told))
}

/// Partial is never dressed up as complete, and a failure that was to stop the run has failed it.
fn outcome(steps: &[StepStatus], stop_on_failure: bool) -> Outcome {
    let any = |status| steps.contains(&status);
    let done = any(StepStatus::Completed) || any(StepStatus::Partial);
    match (any(StepStatus::Failed), any(StepStatus::Partial)) {
        (true, _) if stop_on_failure || !done => Outcome::Failed,
        (true, _) | (false, true) => Outcome::Partial,
        (false, false) => Outcome::Completed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use StepStatus::{Completed, Failed, Partial, Skipped};

    #[test]
    fn outcomes_follow_from_the_steps() {
        let check =
            |steps: &[StepStatus], stop, expected| assert_eq!(outcome(steps, stop), expected, "{steps:?}");
        check(&[Completed, Completed], true, Outcome::Completed);
        check(&[Completed, Skipped], true, Outcome::Completed);
        check(&[Completed, Partial], true, Outcome::Partial);
        check(&[Completed, Failed, Skipped], true, Outcome::Failed);
        check(&[Completed, Failed, Completed], false, Outcome::Partial);
        check(&[Failed, Skipped], false, Outcome::Failed);
        check(&[], true, Outcome::Completed);
    }
}
