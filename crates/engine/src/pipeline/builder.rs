//! A pipeline built in Rust: the same keys, the same rules, the same findings as a file.
//!
//! ```
//! use engine::pipeline::{Pipeline, Step};
//!
//! let pipeline = Pipeline::builder("calendar")
//!     .param("days", 30)
//!     .step(Step::call("dates", "date_range").with("days_ahead", "{{ params.days }}"))
//!     .step(
//!         Step::each("per_date", "steps.dates.output.dates", [
//!             Step::call("extract", "collect").with("source", "wwoz").with("params", serde_json::json!({"date": "{{ item }}"})),
//!             Step::call("note", "notify").with("message", "{{ item }} done").depends_on("extract"),
//!         ])
//!         .depends_on("dates")
//!         .max_concurrency(5)
//!         .tolerate_percentage(10.0),
//!     )
//!     .build()
//!     .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))?;
//! assert_eq!(pipeline.steps.len(), 2);
//! # Ok::<(), String>(())
//! ```

use std::time::Duration;

use model::Finding;
use serde_json::Value;

use super::check::{Rules, built};
use super::spec::{ConditionSpec, Overlap, Param, Pipeline, Span, Step};
use crate::schedule::ScheduleSpec;

/// Builds a [`Pipeline`]; nothing is checked before [`PipelineBuilder::build`].
#[derive(Debug, Clone, Default)]
pub struct PipelineBuilder(Pipeline);

impl Pipeline {
    /// A pipeline of this name, without steps yet.
    ///
    /// ```
    /// # use engine::pipeline::{Pipeline, Step};
    /// let built = Pipeline::builder("nightly")
    ///     .description("Everything, at night.")
    ///     .schedule("0 3 * * *")
    ///     .parallel(4)
    ///     .step(Step::call("count", "sql").with("query", "select count(*) from event_listings"))
    ///     .build();
    /// assert!(built.is_ok());
    ///
    /// let faults = Pipeline::builder("nightly").step(Step::call("a", "sql").depends_on("b")).build();
    /// assert!(faults.is_err_and(|faults| faults.iter().any(|fault| fault.message.contains("no such step"))));
    /// ```
    pub fn builder(name: impl Into<String>) -> PipelineBuilder {
        PipelineBuilder(Pipeline { name: name.into(), ..Pipeline::default() })
    }
}

impl PipelineBuilder {
    /// What it does, one or two sentences.
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.0.description = Some(description.into());
        self
    }

    /// A parameter with its default.
    pub fn param(self, name: impl Into<String>, default: impl Into<Value>) -> Self {
        self.declare(name, Param { default: default.into(), ..Param::default() })
    }

    /// A parameter without which nothing runs.
    pub fn required(self, name: impl Into<String>, description: impl Into<String>) -> Self {
        self.declare(
            name,
            Param { description: Some(description.into()), required: true, ..Param::default() },
        )
    }

    /// A parameter with everything that can be said of it.
    ///
    /// ```
    /// # use engine::pipeline::{Param, Pipeline, Step};
    /// let token = Param { secret: true, required: true, ..Param::default() };
    /// let built = Pipeline::builder("posts")
    ///     .declare("token", token)
    ///     .step(Step::call("post", "http").with("url", "https://example.org/").with("headers", serde_json::json!({"Authorization": "Bearer {{ params.token }}"})))
    ///     .build();
    /// assert!(built.is_ok());
    /// ```
    pub fn declare(mut self, name: impl Into<String>, param: Param) -> Self {
        self.0.params.insert(name.into(), serde_json::to_value(param).unwrap_or_default());
        self
    }

    /// A cron line in UTC, or a schedule with all its settings.
    pub fn schedule(mut self, schedule: impl Into<ScheduleSpec>) -> Self {
        self.0.schedule = Some(schedule.into());
        self
    }

    /// What happens to a run that would begin while another one is under way.
    pub fn overlap(mut self, overlap: Overlap) -> Self {
        self.0.overlap = overlap;
        self
    }

    /// Each step as soon as what it depends on has ended, this many at once.
    pub fn parallel(mut self, max_parallel_steps: u32) -> Self {
        self.0.parallel_execution = true;
        self.0.max_parallel_steps = max_parallel_steps;
        self
    }

    /// One step after the other, in the order given: the default.
    pub fn sequential(mut self) -> Self {
        self.0.parallel_execution = false;
        self
    }

    /// Whether a failed step keeps those that have not begun from beginning; it does unless said.
    pub fn stop_on_failure(mut self, stop: bool) -> Self {
        self.0.stop_on_failure = stop;
        self
    }

    /// Tries after the first one, for steps that do not say their own number; 0 for none.
    pub fn max_retries(mut self, retries: u32) -> Self {
        self.0.retry_failed_steps = retries > 0;
        self.0.max_retries = retries;
        self
    }

    /// One more step.
    pub fn step(mut self, step: Step) -> Self {
        self.0.steps.push(step);
        self
    }

    /// The pipeline, or everything that is wrong with it. The findings have no line.
    pub fn build(self) -> Result<Pipeline, Vec<Finding>> {
        self.build_with(&Rules::default())
    }

    /// The same against other rules.
    pub fn build_with(self, rules: &Rules) -> Result<Pipeline, Vec<Finding>> {
        built(&self.0, rules)?;
        Ok(self.0)
    }
}

impl Step {
    /// A step that calls a function.
    pub fn call(name: impl Into<String>, function: impl Into<String>) -> Step {
        Step { name: name.into(), function: Some(function.into()), ..Step::default() }
    }

    /// A step that runs others for each element of a list, or of what an expression gives.
    pub fn each(
        name: impl Into<String>,
        over: impl Into<Value>,
        steps: impl IntoIterator<Item = Step>,
    ) -> Step {
        Step {
            name: name.into(),
            for_each: Some(over.into()),
            steps: steps.into_iter().collect(),
            ..Step::default()
        }
    }

    /// A parameter of the function; texts may be templates.
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Step {
        self.with.insert(name.into(), value.into());
        self
    }

    /// A step that must have completed before this one begins.
    pub fn depends_on(mut self, name: impl Into<String>) -> Step {
        self.depends_on.push(name.into());
        self
    }

    /// An expression; when it is false the step is skipped.
    pub fn condition(mut self, expression: impl Into<String>) -> Step {
        self.condition = Some(ConditionSpec::Expression(expression.into()));
        self
    }

    /// How long one try may take.
    pub fn timeout(mut self, length: Duration) -> Step {
        self.timeout = Some(Span::from(length));
        self
    }

    /// Tries after the first one.
    pub fn max_retries(mut self, retries: u32) -> Step {
        self.max_retries = Some(retries);
        self
    }

    /// Calls the function for each element of a list, or of what an expression gives.
    ///
    /// ```
    /// # use engine::pipeline::{Pipeline, Step};
    /// let step = Step::call("count", "sql").for_each("range(1000000)").with("query", "select {{ item }}");
    /// assert!(Pipeline::builder("many").step(step).build().is_ok());
    /// ```
    pub fn for_each(mut self, over: impl Into<Value>) -> Step {
        self.for_each = Some(over.into());
        self
    }

    /// Elements under way at once.
    pub fn max_concurrency(mut self, elements: u32) -> Step {
        self.max_concurrency = Some(elements);
        self
    }

    /// Percentage of all elements that may fail before the step does.
    pub fn tolerate_percentage(mut self, percentage: f64) -> Step {
        self.tolerated_failure_percentage = Some(percentage);
        self
    }

    /// Number of elements that may fail before the step does.
    pub fn tolerate_count(mut self, count: u64) -> Step {
        self.tolerated_failure_count = Some(count);
        self
    }

    /// Elements that must have ended before failures are judged.
    pub fn minimum_sample(mut self, elements: u64) -> Step {
        self.minimum_sample = Some(elements);
        self
    }

    /// Skipped, with everything that depends on it, until it is enabled again.
    pub fn disabled(mut self) -> Step {
        self.enabled = false;
        self
    }
}
