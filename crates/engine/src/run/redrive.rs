//! Bringing back what failed or never ran, and going on with a run that was left.

use model::RunId;
use serde_json::Value;
use store::{ItemId, Redriven, RunDetail, Store, WaitsFor};

use super::{Definition, RunError};
use crate::pipeline::Plan;

/// Brings back what failed or never ran of a run, or of it `only` these items. It goes the same way as
/// at first, any number of times; whoever runs a runner takes it.
pub async fn redrive(store: &Store, run: RunId, only: Option<&[ItemId]>) -> Result<Redriven, RunError> {
    let detail = store.run(run).await?.ok_or_else(|| RunError::Usage(format!("there is no run {run}")))?;
    let plan = Definition::of(&detail)?.plan()?;
    Ok(store.redrive(run, only, &waits_for(&plan)).await?)
}

/// Which siblings each step waits for.
fn waits_for(plan: &Plan) -> WaitsFor {
    let waits = plan.steps.iter().map(|step| (step.no, [step.needs.as_slice(), &step.after].concat()));
    waits.collect()
}

impl Definition {
    /// What a run does, as kept.
    pub fn of(run: &RunDetail) -> Result<Definition, RunError> {
        if run.definition == Value::Null {
            return Err(RunError::Usage(format!("run {} has no items that could be gone on with", run.id)));
        }
        serde_json::from_value(run.definition.clone()).map_err(|error| {
            RunError::Usage(format!("run {} cannot be gone on with by this version: {error}", run.id))
        })
    }
}
