//! Whether a connector takes the parameters that a run would give it, told before there is a run.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use connect::StartError;
use serde_json::{Map, Value};

use super::Origin;
use super::function::{Params, SPEC, wanted};
use crate::pipeline::{Pipeline, Plan, PlanStep, RunFacts, Scope};
use crate::run::Catalog;

/// What is wrong with the parameters of a pipeline that gathers and does nothing else. Where there are other
/// steps these are to run all the same; and what a step is given by others is known when it runs.
pub fn misfit(
    (pipeline, plan): (&Pipeline, &Plan),
    params: &Map<String, Value>,
    catalog: &dyn Catalog,
    now: DateTime<Utc>,
) -> Option<String> {
    let [only] = plan.roots.as_slice() else { return None };
    let step = plan.step(*only).filter(|step| is_plain(step))?;
    let facts =
        RunFacts { id: String::new(), pipeline: plan.name.clone(), started_at: now, date: now.date_naive() };
    let with = step.with.eval(&Scope::new(&facts, &all(pipeline, params), &BTreeMap::new())).ok()?;
    let asked: Params = serde_json::from_value(with).ok()?;
    // Other faults may be gone by the time that a runner takes it: a folder that is not there, a secret.
    let origins = catalog.origins(&wanted(asked)).ok()?;
    origins.iter().find_map(|origin| wrong(origin, now))
}

fn is_plain(step: &PlanStep) -> bool {
    step.function() == Some(SPEC.name) && step.condition.is_none() && !step.names("env")
}

/// The values given, and the defaults of the others.
fn all(pipeline: &Pipeline, given: &Map<String, Value>) -> Map<String, Value> {
    let value = |name: &str, default: &Value| given.get(name).unwrap_or(default).clone();
    pipeline.declared().map(|(name, param)| (name.to_owned(), value(name, &param.default))).collect()
}

fn wrong(origin: &Origin, now: DateTime<Utc>) -> Option<String> {
    let connector = origin.connector.as_ref()?;
    let begun = connector.begins_with(&origin.params).map(drop);
    match begun.and_then(|()| connector.start(&origin.params, None, now).map(drop)) {
        Err(StartError::Params(why)) => Some(format!("{}: {why}", origin.reader())),
        _ => None,
    }
}
