//! A pipeline as it is written: one struct, from which come the parser, the JSON Schema for editors,
//! the reference and the first half of lint.
//!
//! What a file must have is said in the schema alone (`required`): reading is lenient, so that lint can
//! go on and report the rest as well.

mod amounts;
mod param;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::schedule::{ScheduleSpec, Stated};

pub use amounts::Span;
pub use param::Param;
pub use store::Overlap;

/// A pipeline: steps, what they depend on, and when it all runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["name", "steps"]))]
pub struct Pipeline {
    /// Its name: letters, digits, `-`, `_`, `.` and `/`. Runs, locks and schedules go by it.
    #[serde(default)]
    pub name: String,
    /// What it does, one or two sentences.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What can be set from outside, by name: its default, or an object with `default`, `description`,
    /// `required` and `secret`. Expressions see them as `params.NAME`.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "std::collections::BTreeMap<String, Param>")]
    pub params: Map<String, Value>,
    /// When it runs by itself: a cron line like `0 6 * * *`, or an object with `cron` and its own
    /// settings.
    #[serde(default, deserialize_with = "ScheduleSpec::stated", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Stated>")]
    pub schedule: Option<ScheduleSpec>,
    /// What happens to a run that would begin while another with the same parameters is under way:
    /// it queues unless said.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "is_default")]
    #[schemars(with = "Option<Overlap>")]
    pub overlap: Overlap,
    /// False: one step after the other, in the order of the file. True: each step as soon as what it
    /// depends on has ended.
    #[serde(default)]
    pub parallel_execution: bool,
    /// Steps under way at once, when `parallel_execution` is true.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 1000))]
    pub max_parallel_steps: u32,
    /// True: once a step has failed, no further step begins. False: only what depends on it is skipped.
    #[serde(default = "yes")]
    pub stop_on_failure: bool,
    /// False: a step is tried once, whatever `max_retries` says.
    #[serde(default = "yes")]
    pub retry_failed_steps: bool,
    /// Tries after the first one, for steps that do not say their own number.
    #[serde(default = "three")]
    #[schemars(range(min = 0, max = 100))]
    pub max_retries: u32,
    /// What is done.
    #[serde(default, deserialize_with = "or_default")]
    pub steps: Vec<Step>,
}

/// One step of a pipeline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(extend("required" = ["name"]))]
pub struct Step {
    /// Its name, which no other step beside or around it has. Letters, digits, `_`, `-` and `.`;
    /// expressions write `steps.load`, or `steps['load-all']` where it is more than letters, digits and `_`.
    #[serde(default)]
    pub name: String,
    /// What it calls; `callboard functions` lists them. A step has this or `steps`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    /// The function's parameters. Texts in it may be templates.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Map::is_empty")]
    #[schemars(with = "Option<std::collections::BTreeMap<String, Value>>")]
    pub with: Map<String, Value>,
    /// False: it is skipped, and so is what depends on it. True unless said.
    #[serde(default = "yes", skip_serializing_if = "is_true")]
    pub enabled: bool,
    /// Steps beside it that must have completed, wholly or in part.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub depends_on: Vec<String>,
    /// An expression; when it is false the step is skipped. Braces may be left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<ConditionSpec>,
    /// How long one try may take: seconds, or a text like `90s`, `5m`, `1h`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout: Option<Span>,
    /// Tries after the first one; the pipeline's number unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub max_retries: Option<u32>,
    /// Accepted for files of an older system, which kept count here; it changes nothing.
    #[serde(default, skip_serializing)]
    pub retry_count: Option<u32>,
    /// A list, or an expression that gives one: the step runs once for each of its elements, `item`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ForEachSpec>")]
    pub for_each: Option<Value>,
    /// Elements under way at once; 10 unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub max_concurrency: Option<u32>,
    /// Percentage of all elements that may fail before the step does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 100))]
    pub tolerated_failure_percentage: Option<f64>,
    /// Number of elements that may fail before the step does. With a percentage too, what is passed
    /// first counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tolerated_failure_count: Option<u64>,
    /// Elements that must have ended before failures are judged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minimum_sample: Option<u64>,
    /// With `for_each`: steps that run for each element, those of one element independent of all others.
    #[serde(default, deserialize_with = "or_default", skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
}

/// A condition: an expression, or plainly true or false.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum ConditionSpec {
    /// True or false.
    Always(bool),
    /// Computed when the step's turn comes.
    Expression(String),
}

/// What a step goes over: the schema's word for it. The file keeps the value as written.
#[derive(JsonSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "only its schema is used")]
enum ForEachSpec {
    /// The elements; texts may be templates.
    List(Vec<Value>),
    /// An expression that gives a list.
    Expression(String),
}

impl Default for Step {
    fn default() -> Step {
        Step {
            name: String::new(),
            function: None,
            with: Map::new(),
            enabled: true,
            depends_on: Vec::new(),
            condition: None,
            timeout: None,
            max_retries: None,
            retry_count: None,
            for_each: None,
            max_concurrency: None,
            tolerated_failure_percentage: None,
            tolerated_failure_count: None,
            minimum_sample: None,
            steps: Vec::new(),
        }
    }
}

impl Default for Pipeline {
    fn default() -> Pipeline {
        Pipeline {
            name: String::new(),
            description: None,
            params: Map::new(),
            schedule: None,
            overlap: Overlap::default(),
            parallel_execution: false,
            max_parallel_steps: three(),
            stop_on_failure: true,
            retry_failed_steps: true,
            max_retries: three(),
            steps: Vec::new(),
        }
    }
}

impl Pipeline {
    /// The declared parameters, in the order of the file.
    pub fn declared(&self) -> impl Iterator<Item = (&str, Param)> {
        self.params.iter().map(|(name, value)| (name.as_str(), Param::of(value)))
    }

    /// What happens to a run that would begin while another is under way: the schedule's own word where
    /// it has one, for runs that it begins.
    pub fn scheduled_overlap(&self) -> Overlap {
        self.schedule.as_ref().and_then(|schedule| schedule.overlap).unwrap_or(self.overlap)
    }
}

fn yes() -> bool {
    true
}

fn three() -> u32 {
    3
}

fn is_true(flag: &bool) -> bool {
    *flag
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A key with nothing behind it is as good as none.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::<T>::deserialize(from)?.unwrap_or_default())
}
