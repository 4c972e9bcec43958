//! What is the same for all items of a run: its plan, its parameters, what expressions see.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, Utc};
use model::RunId;
use model::mask::names_credential;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use store::{ItemId, RunDetail, StepNo, StepStatus};

use super::{RunError, World};
use crate::pipeline::{Masker, Pipeline, Plan, PlanStep, RunFacts, Scope};

/// Everything needed to go on with a run later, as the store keeps it. Holds no secret.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Definition {
    /// The pipeline as declared.
    pub pipeline: Pipeline,
    /// Values of its parameters, but for the secret ones.
    pub params: Map<String, Value>,
    /// How it is run.
    #[serde(default)]
    pub manner: Manner,
}

/// How a run is run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Manner {
    /// This step alone.
    pub only: Option<String>,
    /// From this step on.
    pub from: Option<String>,
    /// Nothing is fetched: what was landed before is read again.
    pub skip_fetch: bool,
    /// The store is a rehearsal copy: nothing is written.
    pub dry_run: bool,
    /// The day it is meant for; that of its start unless said.
    pub date: Option<NaiveDate>,
}

/// A run as its items need it.
pub struct RunContext {
    /// Its id.
    pub id: RunId,
    /// What is done.
    pub plan: Plan,
    /// How.
    pub manner: Manner,
    /// Keeps secrets out of what is shown.
    pub masker: Masker,
    /// Knows what the store is not to hold: secret parameters, and variables that by their names are
    /// credentials. What else comes from the environment may well be kept.
    pub credentials: Masker,
    base: Scope,
    /// What the expressions of each step can read, by its number.
    reads: Vec<Reads>,
    /// Parameters of calls that have children, by the item of the call.
    calls: Mutex<HashMap<ItemId, Arc<Value>>>,
}

/// Calls whose parameters are kept at hand; beyond, they are filled in again.
const CALLS_MAX: usize = 256;

/// What the expressions of a step can read beside what is the same for the whole run.
#[derive(Debug, Clone, Copy, Default)]
struct Reads {
    steps: bool,
    item: bool,
}

impl Reads {
    fn of(step: &PlanStep) -> Reads {
        Reads { steps: step.names("steps"), item: step.names("item") || step.names("index") }
    }
}

impl Definition {
    /// The plan of the part that is to be run.
    pub fn plan(&self) -> Result<Plan, RunError> {
        let plan = Plan::new(&self.pipeline).map_err(RunError::Faults)?;
        match (&self.manner.only, &self.manner.from) {
            (Some(only), _) => plan.only(only).map_err(RunError::Usage),
            (None, Some(from)) => plan.from(from).map_err(RunError::Usage),
            (None, None) => Ok(plan),
        }
    }
}

impl RunContext {
    /// The context of a run that is kept.
    pub fn load(
        detail: &RunDetail,
        secrets: &Map<String, Value>,
        world: &World,
    ) -> Result<RunContext, RunError> {
        let definition = Definition::of(detail)?;
        let plan = definition.plan()?;
        let mut params = definition.params;
        super::secrets::complete(&definition.pipeline, &mut params, secrets, world.env)?;
        let env: BTreeMap<String, String> =
            plan.env.iter().filter_map(|name| Some((name.clone(), (world.env)(name)?))).collect();
        let started_at = detail.started_at;
        let facts = RunFacts {
            id: detail.id.to_string(),
            pipeline: plan.name.clone(),
            started_at,
            date: definition.manner.date.unwrap_or_else(|| started_at.date_naive()),
        };
        // Commands that steps run are told how to open the store.
        let store = world.store.address().password();
        Ok(RunContext {
            id: detail.id,
            masker: Masker::for_run(&plan, &params, env.values().map(String::as_str).chain(store)),
            credentials: Masker::for_run(
                &plan,
                &params,
                env.iter()
                    .filter(|(name, _)| names_credential(name))
                    .map(|(_, value)| value.as_str())
                    .chain(store),
            ),
            base: Scope::new(&facts, &params, &env),
            reads: plan.steps.iter().map(Reads::of).collect(),
            manner: definition.manner,
            plan,
            calls: Mutex::default(),
        })
    }

    /// What the expressions of an item of step `no` see. `within` is the item it is a child of; for an
    /// element itself, `element` is given. The store is asked only for what they can read: most items
    /// read nothing of others.
    pub(super) async fn scope(
        &self,
        world: &World,
        no: StepNo,
        within: ItemId,
        element: Option<(&Value, i64)>,
    ) -> Result<Scope, RunError> {
        let reads = self.reads.get(no.index()).copied().unwrap_or_default();
        if !reads.steps && (element.is_some() || !reads.item) {
            return Ok(match element {
                Some((value, index)) => self.base.with_item(value, u64::try_from(index).unwrap_or(0)),
                None => self.base.clone(),
            });
        }
        let mut steps: Vec<(StepNo, StepStatus, Value)> = Vec::new();
        let mut item = element.map(|(value, index)| (value.clone(), index));
        let mut next = Some(within);
        while let Some(holder) = next {
            let Some(row) = world.store.item(holder).await? else { break };
            let input = super::Input::read(row.input)?;
            let of_step = row.step.and_then(|no| self.plan.step(no));
            // What a step holds are its elements; only a run and an element hold steps.
            if of_step.is_none() || input.is_some() {
                steps.extend(world.store.steps_within(holder).await?);
            }
            if let Some(super::Input::Element(value)) = input {
                item.get_or_insert((value, row.key));
            }
            next = row.parent;
        }
        let named = steps
            .iter()
            .filter_map(|(no, status, output)| Some((self.plan.step(*no)?.name.as_str(), *status, output)));
        let scope = self.base.with_steps(named);
        Ok(match &item {
            Some((value, index)) => scope.with_item(value, u64::try_from(*index).unwrap_or(0)),
            None => scope,
        })
    }

    /// The parameters of the call that `item` is, once filled in.
    pub(super) fn known_call(&self, item: ItemId) -> Option<Arc<Value>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner).get(&item).cloned()
    }

    pub(super) fn know_call(&self, item: ItemId, with: Arc<Value>) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        if calls.len() >= CALLS_MAX {
            calls.clear();
        }
        calls.insert(item, with);
    }

    /// What a step gave, as the store may keep it.
    pub(super) fn without_credentials(&self, value: Value) -> Value {
        if self.credentials.is_empty() { value } else { self.credentials.mask_json(&value) }
    }

    /// Whether the store must not keep it as it is.
    pub(crate) fn holds_credential(&self, value: &Value) -> bool {
        !self.credentials.is_empty() && self.credentials.mask_json(value) != *value
    }

    /// Why a step ended so, without secrets.
    pub(super) fn shown(&self, text: &str) -> String {
        self.masker.mask(text)
    }
}

/// Milliseconds since then.
pub(super) fn elapsed_ms(from: std::time::Instant) -> u64 {
    u64::try_from(from.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// An instant later by `wait`.
pub(super) fn later(at: DateTime<Utc>, wait: std::time::Duration) -> DateTime<Utc> {
    at + chrono::TimeDelta::from_std(wait).unwrap_or(chrono::TimeDelta::days(1))
}
