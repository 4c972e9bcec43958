//! Going over a list: one child for each element, entered in portions; and summing up.

use model::RunId;
use serde_json::Value;
use store::{NewItem, Spread, StepNo, WorkQueue as _};

use super::execute::{Execution, Turn};
use super::{Input, RunError, World};
use crate::functions::Failure;
use crate::pipeline::{Each, Inner, Tolerance};

/// Elements that are entered in one transaction.
const PORTION: usize = 5_000;

const HOLDS_SECRET: &str = "for_each: an element holds a secret, and the store, which keeps the elements, keeps \
                            no secrets: name the secret in `with` instead";

/// Enters the elements. Those entered first may be under way before the last are; failures are judged
/// when all are there.
pub(super) async fn spread(execution: &Execution<'_>, each: &Each) -> Result<Turn, Failure> {
    let bounds = execution.world.bounds;
    let elements = each.over.elements(&execution.scope().await?, bounds.elements).map_err(Failure::input)?;
    let counted = match &each.inner {
        Inner::Call { function } => !execution.world.functions.spreads(function),
        Inner::Steps(_) => true,
    };
    let cap = each.max_concurrency.clamp(1, bounds.concurrency);
    let mut portion = Vec::new();
    for (index, element) in elements.enumerate() {
        let element = element.map_err(Failure::input)?;
        if execution.run.holds_credential(&element) {
            return Err(Failure::input(HOLDS_SECRET));
        }
        portion.push(NewItem {
            step: execution.step.no,
            key: i64::try_from(index).unwrap_or(i64::MAX),
            input: Some(Input::Element(element).to_value()),
            pending: 0,
            tries: execution.step.max_retries + 1,
            counted,
        });
        if portion.len() == PORTION {
            let held = enter(execution, cap, std::mem::take(&mut portion)).await?;
            if !held {
                return Err(Failure::passing("lost", "another runner has taken this over"));
            }
        }
    }
    Ok(Turn::Spread(Spread { cap, most: None, children: portion }))
}

async fn enter(execution: &Execution<'_>, cap: u32, children: Vec<NewItem>) -> Result<bool, Failure> {
    let lease = execution.lease;
    let spread = Spread { cap, most: None, children };
    Ok(execution.world.store.enqueue(lease.runner, lease.item, lease.attempt, spread).await?)
}

/// Sums up the elements: more failures than are tolerated make it fail.
pub(super) async fn finish(execution: &Execution<'_>, each: &Each) -> Result<Turn, Failure> {
    let store = &execution.world.store;
    let count = store.children(execution.lease.item).await?;
    if let Some(reason) = count.stopped {
        return Ok(Turn::Failed(Failure::lasting("too_many_failures", reason)));
    }
    let tolerance = match count.failed {
        0 => each.tolerance,
        _ => tolerance(execution.world, execution.run.id, execution.step.no, each.tolerance).await?,
    };
    if tolerance.exceeded(Some(count.total), count.total, count.failed) {
        let reason = too_many(count.failed, count.total);
        return Ok(Turn::Failed(Failure::lasting("too_many_failures", reason)));
    }
    let outputs = execution.world.bounds.outputs;
    let output = match usize::try_from(count.total).is_ok_and(|total| total <= outputs) {
        true => Some(Value::Array(outputs_of(execution, outputs).await?)),
        false => None,
    };
    let partial =
        (count.failed > 0).then(|| format!("{} of {} failed, which is tolerated", count.failed, count.total));
    Ok(Turn::Done { output, partial })
}

/// The failures that a step bears: as declared, unless something was said of them since.
pub(super) async fn tolerance(
    world: &World,
    run: RunId,
    step: StepNo,
    declared: Tolerance,
) -> Result<Tolerance, RunError> {
    let Some(said) = world.store.tolerance(run, step).await? else { return Ok(declared) };
    let change = serde_json::from_value(said);
    change
        .map(|change| declared.changed(change))
        .map_err(|error| RunError::Fault(format!("a tolerance: {error}")))
}

/// For one that failed or gave nothing, null.
async fn outputs_of(execution: &Execution<'_>, most: usize) -> Result<Vec<Value>, RunError> {
    let rows = execution.world.store.outputs(execution.lease.item, execution.step.no, most).await?;
    Ok(rows.into_iter().map(|(_, _, output)| output).collect())
}

/// What to say when an item's children failed too often.
pub(super) fn too_many(failed: u64, total: u64) -> String {
    format!("{failed} of {total} failed, more than is tolerated")
}

/// Sums up the steps of one element: what failed makes it fail.
pub(super) async fn finish_frame(execution: &Execution<'_>) -> Result<Turn, Failure> {
    let mut outputs = serde_json::Map::new();
    let mut failed = Vec::new();
    for (no, status, output) in execution.world.store.steps_within(execution.lease.item).await? {
        let Some(step) = execution.run.plan.step(no) else { continue };
        if status == store::StepStatus::Failed {
            failed.push(step.name.clone());
        }
        outputs.insert(step.name.clone(), output);
    }
    if failed.is_empty() {
        return Ok(Turn::Done { output: Some(Value::Object(outputs)), partial: None });
    }
    Ok(Turn::Failed(Failure::lasting("step_failed", format!("{} failed", failed.join(", ")))))
}
