//! Beginning a run.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::RunId;
use serde_json::{Map, Value, json};
use store::{Begun, ItemId, Lock, NewRun, NewStep, Overlap, SlotClaim};

use super::{Definition, Manner, RunError, World, audit, step_items};
use crate::pipeline::{Pipeline, Plan};

/// A run to begin.
#[derive(Debug, Clone)]
pub struct Starting {
    /// What is done.
    pub pipeline: Pipeline,
    /// Values of its parameters; those that are missing have their defaults.
    pub params: Map<String, Value>,
    /// How.
    pub manner: Manner,
    /// What happens when another run of the same pipeline and parameters is under way; `None` where
    /// runs may overlap.
    pub overlap: Option<Overlap>,
    /// What was asked for, for whoever reads the list of runs; without secrets.
    pub command: Value,
    /// Who begins it: a runner or server by its name, or [`COMMAND_LINE`].
    pub by: String,
    /// The slot of the pipeline's schedule that it is begun for; claimed with it.
    pub slot: Option<DateTime<Utc>>,
}

/// Who does it, where no runner does.
pub const COMMAND_LINE: &str = "command line";

/// A run that was begun, or not.
#[derive(Debug, Clone)]
pub struct Started {
    /// Its id.
    pub run: RunId,
    /// What became of it.
    pub begun: Begun,
    /// Values of secret parameters, which the store does not keep.
    pub secrets: Map<String, Value>,
}

/// Begins a run: it is in the store, with its steps, and any runner may take it. The audit log is told,
/// also when it cannot begin.
pub async fn start(world: &World, starting: Starting) -> Result<Started, RunError> {
    let (pipeline, by) = (starting.pipeline.name.clone(), starting.by.clone());
    let started = begin(world, starting).await;
    if let Err(error) = &started {
        audit::not_begun(world, &pipeline, &by, error).await;
    }
    started
}

async fn begin(world: &World, starting: Starting) -> Result<Started, RunError> {
    let (new, secrets) = prepare(world, RunId::new(), starting)?;
    let run = new.id;
    let begun = world.store.start_run(new).await?;
    Ok(Started { run, begun, secrets })
}

/// Begins a run within another one, of which `holder` waits for it; under the id that follows from
/// them. `None` when the other one is to go no further.
pub(crate) async fn start_within(
    world: &World,
    (outer, holder): (RunId, ItemId),
    starting: Starting,
) -> Result<Option<Started>, RunError> {
    let (new, secrets) = prepare(world, id_within(outer, holder), starting)?;
    let run = new.id;
    let begun = world.store.start_run_within(outer, holder, new).await?;
    Ok(begun.map(|begun| Started { run, begun, secrets }))
}

/// The id of the run that the call `holder` of `outer` begins.
pub(crate) fn id_within(outer: RunId, holder: ItemId) -> RunId {
    outer.derived(&holder.0.to_string())
}

/// A run as the store takes it, and the values that it does not keep.
fn prepare(world: &World, id: RunId, starting: Starting) -> Result<(NewRun, Map<String, Value>), RunError> {
    let Starting { pipeline, params, manner, overlap, command, by, slot } = starting;
    let (params, secrets) = complete(&pipeline, params)?;
    let lock = overlap.map(|overlap| Lock { name: lock_name(&pipeline.name, &params), overlap });
    let definition = Definition { pipeline, params, manner };
    let plan = definition.plan()?;
    let mut new = NewRun {
        id,
        at: (world.clock)(),
        pipeline: plan.name.clone(),
        definition: serde_json::to_value(&definition)
            .map_err(|error| RunError::Fault(format!("a pipeline cannot be kept: {error}")))?,
        command,
        lock,
        steps: steps_of(&plan),
        items: step_items(&plan, &plan.roots, &world.functions),
        cap: plan.max_parallel_steps.clamp(1, world.bounds.concurrency),
        claim: slot.map(|slot| SlotClaim { slot, by: by.clone() }),
        audit: Vec::new(),
    };
    new.audit = audit::begun(&new, &by);
    Ok((new, secrets))
}

/// The steps that a plan runs: those that are selected, with what is nested in them.
fn steps_of(plan: &Plan) -> Vec<NewStep> {
    let selected = |no| {
        let mut at = plan.step(no);
        while let Some(step) = at {
            match step.parent {
                None => return plan.roots.contains(&step.no),
                Some(parent) => at = plan.step(parent),
            }
        }
        false
    };
    let steps = plan.steps.iter().filter(|step| selected(step.no));
    let step = |step: &crate::pipeline::PlanStep| NewStep {
        no: step.no,
        path: step.path.clone(),
        function: step.function().map(str::to_owned),
        parent: step.parent,
    };
    steps.map(step).collect()
}

/// Values of parameters by name.
type Params = Map<String, Value>;

/// The values given and the defaults of the others, secrets apart; every fault at once.
fn complete(pipeline: &Pipeline, mut given: Map<String, Value>) -> Result<(Params, Params), RunError> {
    let (mut params, mut secrets, mut faults) = (Map::new(), Map::new(), Vec::new());
    for (name, declared) in pipeline.declared() {
        let default = Some(declared.default.clone()).filter(|value| !value.is_null());
        let value = given.remove(name).or(default);
        match value {
            Some(value) if declared.secret => drop(secrets.insert(name.to_owned(), value)),
            Some(value) => drop(params.insert(name.to_owned(), value)),
            None if declared.required => faults.push(format!("`{name}` is required: give --set {name}=…")),
            None => drop(params.insert(name.to_owned(), Value::Null)),
        }
    }
    let known: Vec<&str> = pipeline.declared().map(|(name, _)| name).collect();
    for name in given.keys() {
        let help = match model::nearest(name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if known.is_empty() => "it has none".to_owned(),
            None => format!("it has {}", known.join(", ")),
        };
        faults.push(format!("{} has no parameter `{name}`; {help}", pipeline.name));
    }
    if faults.is_empty() { Ok((params, secrets)) } else { Err(RunError::Usage(faults.join("\n"))) }
}

/// Runs with the same pipeline and parameters share a lock; the order of parameters does not matter.
fn lock_name(pipeline: &str, params: &Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = params.iter().collect();
    format!("{pipeline} {}", json!(sorted))
}
