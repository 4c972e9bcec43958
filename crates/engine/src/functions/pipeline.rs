//! `pipeline`: runs another pipeline as a run within this one, and waits for it.
//!
//! The call begins the run and spreads into one child that looks at it from time to time; the end of the
//! run wakes that child at once. In between no runner waits, nothing is held in memory, and a kill is
//! no matter: the id of the run follows from the item of the call, so it is never begun twice.

use std::time::Duration;

use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use store::{Begun, Overlap, RunDetail, RunState, StepStatus};

use super::{Answer, Call, Child, Children, Failure, Function, FunctionSpec};
use crate::pipeline::{self, Pipeline};
use crate::run::{Manner, Starting, id_within, redrive, secrets, start_within};

pub(super) static SPEC: FunctionSpec = FunctionSpec {
    name: "pipeline",
    summary: "Runs another pipeline and waits until it has ended. It is cancelled with this one.",
    example: "- name: reload\n  function: pipeline\n  with:\n    name: venues\n    params: {city: Essen}\n",
    schema: || schema_for!(Params),
    spreads: true,
};

/// Pipelines that call pipelines, at most so many inside one another.
const DEEPEST: usize = 8;
/// How often a run is looked at: the longer it goes on, the less often. Its end is not waited for so long.
const LOOKS_EVERY: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(60));
/// The class of an attempt that ended with a run that did not complete.
const RUN_FAILED: &str = "run_failed";

/// Parameters of `pipeline`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Params {
    /// Name of the pipeline.
    name: Option<String>,
    /// Its file instead.
    file: Option<String>,
    /// Values of its parameters. The store keeps them, so they may hold no secret: the other pipeline reads
    /// `env` itself.
    #[serde(default)]
    params: Map<String, Value>,
}

/// The function.
pub(super) struct RunPipeline;

impl Function for RunPipeline {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(begin(call))
    }

    fn child<'a>(&'a self, call: &'a Call, _: Child) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(look(call))
    }

    fn finish<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(finish(call))
    }
}

async fn begin(call: &Call) -> Result<Answer, Failure> {
    let params: Params = call.params()?;
    let store = &call.world.store;
    let run = id_within(call.run.id, call.item);
    let waiting = Children { inputs: vec![(0, json!({"run": run}))], cap: 1, most: Some(1) };
    if store.run_state(run).await?.is_some() {
        return Ok(Answer::spread(waiting));
    }
    let around = store.runs_around(call.run.id).await?;
    if around.len() + 1 >= DEEPEST {
        return Err(Failure::input(format!(
            "pipelines call each other more than {DEEPEST} deep: is it a circle?"
        )));
    }
    match start_within(&call.world, (call.run.id, call.item), starting(call, params)?).await? {
        None => Err(Failure::lasting("cancelled", "its own run is to go no further")),
        Some(started) => match started.begun {
            Begun::Running => Ok(Answer::spread(waiting)),
            Begun::Skipped { behind } => {
                Ok(Answer::done(json!({"run": null, "outcome": "skipped", "behind": behind})))
            }
            Begun::Queued { behind } if behind == call.run.id || around.contains(&behind) => {
                let why = "it is the very pipeline, with the same parameters, that waits for it";
                store.cancel(run, (call.world.clock)(), why).await?;
                Err(Failure::input(format!("cannot run it: {why}")))
            }
            // Only a run that is begun for a slot can find it taken.
            Begun::Queued { .. } | Begun::Taken => Ok(Answer::spread(waiting)),
        },
    }
}

fn starting(call: &Call, params: Params) -> Result<Starting, Failure> {
    let named = match (&params.name, &params.file) {
        (Some(name), None) | (None, Some(name)) => name,
        _ => return Err(Failure::input("give either name or file")),
    };
    let pipeline: Pipeline = call.world.catalog.pipeline(named).map_err(Failure::input)?;
    let values = Value::Object(params.params);
    if call.run.holds_credential(&values) {
        return Err(Failure::input(
            "params: a value holds a secret, and the store keeps no secrets: let the other pipeline read `env` itself",
        ));
    }
    let mut params = values.as_object().cloned().unwrap_or_default();
    add_secrets(call, &pipeline, &mut params)?;
    let own = &call.run.manner;
    Ok(Starting {
        // One that cancelled the older run might cancel those that wait for it.
        overlap: Some(if pipeline.overlap == pipeline::Overlap::Skip {
            Overlap::Skip
        } else {
            Overlap::Queue
        }),
        manner: Manner {
            skip_fetch: own.skip_fetch,
            dry_run: own.dry_run,
            date: own.date,
            ..Manner::default()
        },
        by: format!("run {}", call.run.id),
        slot: None,
        command: json!({"command": "pipeline", "pipeline": named, "within": call.run.id, "step": call.path}),
        params,
        pipeline,
    })
}

/// Secret parameters have their values from the environment of whoever works on the run.
fn add_secrets(call: &Call, pipeline: &Pipeline, params: &mut Map<String, Value>) -> Result<(), Failure> {
    for (name, _) in pipeline.declared().filter(|(_, param)| param.secret) {
        let variable = secrets::variable(name);
        if params.contains_key(name) {
            return Err(Failure::input(format!(
                "params: {name} is a secret parameter, and the store keeps no secrets: set {variable} where the \
                 runner runs"
            )));
        }
        if let Some(value) = (call.world.env)(&variable) {
            params.insert(name.to_owned(), Value::from(value));
        }
    }
    Ok(())
}

/// Looks whether the run has ended.
async fn look(call: &Call) -> Result<Answer, Failure> {
    let run = id_within(call.run.id, call.item);
    let now = (call.world.clock)();
    let last_fault = call.world.store.last_fault(call.item, RUN_FAILED).await?;
    let Some(detail) = call.world.store.run(run).await? else {
        return Err(Failure::lasting("gone", format!("run {run} is not in the store any more")));
    };
    let since = last_fault.unwrap_or(detail.started_at).max(detail.started_at);
    match (detail.state, detail.outcome.as_deref()) {
        (RunState::Ended, Some("completed" | "partial")) => Ok(ended(&detail)),
        // It was told of, and here it is asked for again: what failed of it is done again.
        (RunState::Ended, _)
            if last_fault.is_some_and(|told| detail.ended_at.is_none_or(|end| told >= end)) =>
        {
            redrive(&call.world.store, run, None).await?;
            Ok(Answer::later(LOOKS_EVERY.0))
        }
        (RunState::Ended, _) => Err(Failure::passing(RUN_FAILED, why(&detail))),
        _ => match time_limit(call).filter(|limit| elapsed(since, now) >= *limit) {
            Some(limit) => {
                let why = format!("it took longer than {limit:?}");
                call.world.store.cancel(run, now, &why).await?;
                Ok(Answer::later(LOOKS_EVERY.0))
            }
            None => Ok(Answer::later((elapsed(since, now) / 2).clamp(LOOKS_EVERY.0, LOOKS_EVERY.1))),
        },
    }
}

fn elapsed(since: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (now - since).to_std().unwrap_or_default()
}

/// The step's time limit is one for the whole run, not for looking at it.
fn time_limit(call: &Call) -> Option<Duration> {
    call.run.plan.step(call.step)?.timeout
}

fn ended(detail: &RunDetail) -> Answer {
    let outcome = detail.outcome.as_deref().unwrap_or_default();
    let partial = (outcome == "partial").then(|| why(detail));
    Answer { partial, ..Answer::done(json!({"run": detail.id, "outcome": outcome})) }
}

/// Why a run did not complete.
fn why(detail: &RunDetail) -> String {
    let name = detail.pipeline.as_deref().unwrap_or_default();
    let outcome = detail.outcome.as_deref().unwrap_or("not ended");
    let faulty = |status| matches!(status, StepStatus::Failed | StepStatus::Partial);
    let step = detail.steps.iter().find(|step| faulty(step.status));
    let because = match (step, &detail.note) {
        (_, Some(note)) => format!(": {note}"),
        (Some(step), None) => {
            format!(": {}: {}", step.path, step.reason.as_deref().unwrap_or("no reason given"))
        }
        (None, None) => String::new(),
    };
    format!("run {} of {name} ended as {outcome}{because}", detail.id)
}

/// The run has ended, or can no longer be waited for.
async fn finish(call: &Call) -> Result<Answer, Failure> {
    let detail = call.world.store.run(id_within(call.run.id, call.item)).await?;
    match detail {
        Some(detail) if matches!(detail.outcome.as_deref(), Some("completed" | "partial")) => {
            Ok(ended(&detail))
        }
        Some(detail) => Err(Failure::lasting(RUN_FAILED, why(&detail))),
        None => Err(Failure::lasting("gone", "the run is not in the store any more")),
    }
}
