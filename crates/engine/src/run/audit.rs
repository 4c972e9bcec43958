//! What the audit log is told of runs: that one began and ended, which of its steps did not complete,
//! which items ended badly, and what left the house (queries, commands, exports).
//!
//! Each row is written in the transaction of what it tells about, so it is there exactly when that is. What
//! ends as it should is told of steps and runs, never of single items.

use chrono::{DateTime, Utc};
use serde_json::json;
use store::{AuditEntry, AuditLevel, Ending, ItemId, Lease, NewRun, RunDetail, RunEnd, StepRow, StepStatus};

use super::report::trigger;
use super::{RunContext, RunError, World};
use crate::pipeline::PlanStep;

/// Functions each call of which is told, however it ends: they reach beyond the store, or into all of it.
const TOLD: [&str; 4] = ["export", "http", "shell", "sql"];

/// Filled in by the store, with the name of the runner whose ack it is.
const ITS_RUNNER: &str = "";

/// What a run that begins is told with; its outcome is the store's to say.
pub(super) fn begun(run: &NewRun, by: &str) -> Vec<AuditEntry> {
    let entry = |operation: &str| AuditEntry::new(run.at, by, operation, "").about(&run.pipeline);
    let claim = run
        .claim
        .as_ref()
        .map(|claim| entry("schedule.claim").within(run.id, None).with(json!({"slot": claim.slot})));
    let began = entry("run.begin").within(run.id, None).with(json!({"trigger": trigger(&run.command)}));
    claim.into_iter().chain([began]).collect()
}

/// A run that could not begin.
pub(crate) async fn not_begun(world: &World, pipeline: &str, by: &str, error: &RunError) {
    let entry = AuditEntry {
        level: AuditLevel::Error,
        error_class: Some(error.class().to_owned()),
        ..AuditEntry::new((world.clock)(), by, "run.begin", "failed").about(pipeline)
    };
    // The error itself is told; that its row cannot be written is one more.
    if let Err(error) = world.store.audit(&[entry.with(json!({"error": error.to_string()}))]).await {
        tracing::warn!(%error, "the audit log could not be written");
    }
}

/// What the end of an item is told with: one that ended badly, or a call that is always told.
pub(super) fn item(
    run: &RunContext,
    step: &PlanStep,
    lease: &Lease,
    ending: &Ending,
    (at, elapsed_ms): (DateTime<Utc>, u64),
) -> Vec<AuditEntry> {
    let entry = |operation: &str, outcome: &str| AuditEntry {
        duration_ms: i64::try_from(elapsed_ms).ok(),
        ..AuditEntry::new(at, ITS_RUNNER, operation, outcome).within(run.id, Some(&step.path))
    };
    let bad = match ending {
        Ending::Failed(fault) => Some((fault, "failed")),
        Ending::Retry { fault, .. } if lease.last => Some((fault, "dead")),
        Ending::Done { .. } => None,
        _ => return Vec::new(),
    };
    let worse = |entry: AuditEntry| match bad {
        Some((fault, _)) => AuditEntry {
            level: AuditLevel::Error,
            error_class: Some(fault.class.clone()),
            ..entry.with(json!({"item": lease.item.0, "error": fault.error}))
        },
        None => entry,
    };
    let outcome = bad.map_or("completed", |(_, outcome)| outcome);
    let own = step.parent.is_none() && lease.input.is_none();
    let call = step.function().filter(|function| own && TOLD.contains(function));
    let call = call.map(|function| worse(entry(&format!("call.{function}"), outcome)).about(function));
    let ended = bad.map(|_| worse(entry("item.end", outcome)).about(subject(lease.item)));
    call.into_iter().chain(ended).collect()
}

/// What the end of a run is told with: it, and its steps that did not complete.
pub(super) fn ended(run: &RunDetail, end: &RunEnd, now: DateTime<Utc>) -> Vec<AuditEntry> {
    let items = run.items();
    let mut entries: Vec<AuditEntry> = run
        .steps
        .iter()
        .filter(|step| step.status.is_final() && step.status != StepStatus::Completed)
        .map(|ended| step(run, ended, now))
        .collect();
    let entry = AuditEntry {
        level: level(&end.outcome),
        duration_ms: Some((now - run.started_at).num_milliseconds()),
        ..AuditEntry::new(now, ITS_RUNNER, "run.end", &end.outcome)
            .about(run.pipeline.clone().unwrap_or_default())
    };
    entries.push(entry.within(run.id, None).with(json!({"items": items})));
    entries
}

fn step(run: &RunDetail, step: &StepRow, now: DateTime<Utc>) -> AuditEntry {
    let outcome = step.status.name();
    let entry = AuditEntry {
        level: level(outcome),
        duration_ms: i64::try_from(step.elapsed_ms()).ok(),
        ..AuditEntry::new(now, ITS_RUNNER, "step.end", outcome).about(&step.path)
    };
    entry.within(run.id, Some(&step.path)).with(json!({"reason": step.reason}))
}

fn level(outcome: &str) -> AuditLevel {
    match outcome {
        "failed" => AuditLevel::Error,
        "partial" | "cancelled" => AuditLevel::Warning,
        _ => AuditLevel::Info,
    }
}

fn subject(item: ItemId) -> String {
    format!("item {}", item.0)
}
