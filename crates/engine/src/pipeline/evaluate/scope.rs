//! The names that a run's expressions see: `params, steps, run, env`, and inside a `for_each` `item`
//! and `index`.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use connect::expression::{self, Value, from_json};
use serde_json::{Map, Value as Json, json};

use crate::pipeline::plan::StepStatus;

/// What expressions see as `run`.
#[derive(Debug, Clone)]
pub struct RunFacts {
    /// The run's id.
    pub id: String,
    /// Name of the pipeline.
    pub pipeline: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// The day it is meant for: that of its start, or of the window it fills in later.
    pub date: NaiveDate,
}

/// The names an expression can use. Cheap to clone; one for a run, from it one for each step's moment
/// and one for each element.
#[derive(Debug, Clone)]
pub struct Scope(Arc<expression::Scope>);

const STEPS: usize = 0;

impl Scope {
    /// The scope of a run: its parameters (all of them, defaults included), and of the environment what
    /// [`Plan::env`](crate::pipeline::Plan::env) names and the caller found.
    pub fn new(run: &RunFacts, params: &Map<String, Json>, env: &BTreeMap<String, String>) -> Scope {
        let run = json!({
            "id": run.id,
            "pipeline": run.pipeline,
            "started_at": run.started_at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "date": run.date.to_string(),
        });
        let env =
            Value::from_pairs(env.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))));
        let fixed = vec![
            ("steps", Value::from_pairs(Vec::<(String, Value)>::new())),
            ("params", from_json(&Json::Object(params.clone()))),
            ("run", from_json(&run)),
            ("env", env),
        ];
        Scope(Arc::new(expression::Scope { fixed: Arc::new(fixed), ..expression::Scope::default() }))
    }

    /// The same with these steps as `steps`: name, status, output. One without output has null.
    pub fn with_steps<'a>(&self, steps: impl IntoIterator<Item = (&'a str, StepStatus, &'a Json)>) -> Scope {
        let step = |(name, status, output): (&str, StepStatus, &Json)| {
            let members = [("status", Value::from(status.name())), ("output", from_json(output))];
            (name.to_owned(), Value::from_pairs(members))
        };
        let mut fixed = self.0.fixed.as_ref().clone();
        fixed[STEPS].1 = Value::from_pairs(steps.into_iter().map(step));
        Scope(Arc::new(expression::Scope { fixed: Arc::new(fixed), ..self.0.as_ref().clone() }))
    }

    /// The same inside a `for_each`, at this element.
    pub fn with_item(&self, item: &Json, index: u64) -> Scope {
        let index = usize::try_from(index).unwrap_or(usize::MAX);
        Scope(Arc::new(self.0.with_item(from_json(item), index)))
    }

    pub(super) fn inner(&self) -> &Arc<expression::Scope> {
        &self.0
    }
}
