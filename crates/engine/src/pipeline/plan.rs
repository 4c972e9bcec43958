//! What a runner works off: the steps numbered in file order, with their edges and compiled templates,
//! and the rules for what happens to the others when one ends.

mod edges;
mod reach;
mod select;
mod siblings;
mod tolerance;

use std::time::Duration;

use super::evaluate::{Condition, ForEach, Templates};
use super::spec::Pipeline;
use model::Finding;

pub use edges::Mode;
pub(super) use edges::{Node, order};
pub(super) use reach::StepSet;
pub use store::{StepNo, StepStatus};
pub use tolerance::{Tolerance, ToleranceChange};

/// A pipeline ready to be run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Name of the pipeline.
    pub name: String,
    /// Every step; the index is its number.
    pub steps: Vec<PlanStep>,
    /// The top-level steps that a run consists of: all of them, or those selected.
    pub roots: Vec<StepNo>,
    /// How steps follow each other, nested ones as well.
    pub mode: Mode,
    /// Steps of one list under way at once; 1 in a sequential pipeline.
    pub max_parallel_steps: u32,
    /// Whether a failure keeps steps that have not begun from beginning.
    pub stop_on_failure: bool,
    /// Names of the environment variables that expressions read; nothing else of the environment is seen.
    pub env: Vec<String>,
    /// Names of the parameters whose values must not be shown.
    pub secrets: Vec<String>,
}

/// One step.
#[derive(Debug, Clone)]
pub struct PlanStep {
    /// Its number.
    pub no: StepNo,
    /// Its name with those of the steps around it: `per_date/extract`.
    pub path: String,
    /// Its name.
    pub name: String,
    /// The step it is nested in.
    pub parent: Option<StepNo>,
    /// What is done.
    pub work: Work,
    /// Siblings that must have completed, wholly or in part, before it begins.
    pub needs: Vec<StepNo>,
    /// Siblings that must have ended before it begins, however they did.
    pub after: Vec<StepNo>,
    /// Siblings whose status its condition asks: whatever they came to, it is the condition that decides.
    pub judges: Vec<StepNo>,
    /// False: it is skipped.
    pub enabled: bool,
    /// When it holds not, the step is skipped; asked when its turn comes.
    pub condition: Option<Condition>,
    /// The parameters of its function.
    pub with: Templates,
    /// How long one try may take.
    pub timeout: Option<Duration>,
    /// Tries after the first one.
    pub max_retries: u32,
}

/// What a step does.
#[derive(Debug, Clone)]
pub enum Work {
    /// Calls a function once.
    Call {
        /// Its name.
        function: String,
    },
    /// Does something for each element of a list.
    Each(Each),
}

/// What is done for each element of a list.
#[derive(Debug, Clone)]
pub struct Each {
    /// The list.
    pub over: ForEach,
    /// What is done for one element.
    pub inner: Inner,
    /// Elements under way at once.
    pub max_concurrency: u32,
    /// Which failures are borne.
    pub tolerance: Tolerance,
}

/// What is done for one element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inner {
    /// A function is called.
    Call {
        /// Its name.
        function: String,
    },
    /// Steps run, one set of them an element.
    Steps(Vec<StepNo>),
}

impl Plan {
    /// The plan of a pipeline that was built or read elsewhere, or everything that keeps it from running.
    pub fn new(pipeline: &Pipeline) -> Result<Plan, Vec<Finding>> {
        super::check::plan_of(pipeline)
    }

    /// The step with this number.
    pub fn step(&self, no: StepNo) -> Option<&PlanStep> {
        self.steps.get(no.index())
    }

    /// The step at this path.
    pub fn find(&self, path: &str) -> Option<&PlanStep> {
        self.steps.iter().find(|step| step.path == path)
    }

    /// The steps beside `no`, itself included: the selected top-level steps, or those of the same element.
    pub fn siblings(&self, no: StepNo) -> &[StepNo] {
        match self.step(no).and_then(|step| step.parent) {
            None => &self.roots,
            Some(parent) => self.nested(parent),
        }
    }

    /// The steps that run for each element of `no`.
    pub fn nested(&self, no: StepNo) -> &[StepNo] {
        match self.step(no).map(|step| &step.work) {
            Some(Work::Each(Each { inner: Inner::Steps(steps), .. })) => steps,
            _ => &[],
        }
    }

    /// The names of all functions that it calls, each once, in file order.
    pub fn functions(&self) -> Vec<&str> {
        let mut names = Vec::new();
        for step in &self.steps {
            if let Some(function) = step.function().filter(|name| !names.contains(name)) {
                names.push(function);
            }
        }
        names
    }
}

impl PlanStep {
    /// False when nothing of the step can depend on the variable `name`, like `steps`.
    pub fn names(&self, name: &str) -> bool {
        let condition = self.condition.as_ref().is_some_and(|condition| condition.expression().names(name));
        let list = match &self.work {
            Work::Each(each) => each.over.names(name),
            Work::Call { .. } => false,
        };
        condition || list || self.with.names(name)
    }

    /// The function it calls, once or for each element.
    pub fn function(&self) -> Option<&str> {
        match &self.work {
            Work::Call { function } | Work::Each(Each { inner: Inner::Call { function }, .. }) => {
                Some(function)
            }
            Work::Each(_) => None,
        }
    }
}
