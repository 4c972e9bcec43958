//! Pipelines: from the file to what a runner works off. All of it is pure: no clock, no files, no store.
//!
//! ```text
//! text --load--> Pipeline (what is written) + Plan (what is done) or everything that is wrong with it
//! ```
//!
//! [`Pipeline`] is the file as one struct, [`Plan`] the same steps numbered, with their edges, their
//! templates compiled and the rules for who goes on when a step ends. [`graph`] draws a plan.

pub mod builder;
mod check;
mod compile;
mod evaluate;
pub mod graph;
mod mask;
mod params;
pub mod plan;
pub mod spec;

pub use check::{Loaded, Rules, load, load_with, schema};
pub use evaluate::{Condition, Elements, ForEach, RunFacts, Scope, Templates};
pub use mask::Masker;
pub use plan::{Each, Inner, Plan, PlanStep, StepNo, StepStatus, Tolerance, ToleranceChange, Work};
pub use spec::{Overlap, Param, Pipeline, Step};

/// How large the file may be.
pub const LARGEST_FILE_BYTES: usize = 1 << 20;
/// How many steps it may hold, nested ones included.
pub const MOST_STEPS: usize = 1_000;
/// How many `for_each` may stand inside one another.
pub const DEEPEST_NESTING: usize = 4;
/// How many findings of one file are told.
pub const MOST_FINDINGS: usize = 500;
/// How deeply lists and objects may be nested in the file.
const DEEPEST_VALUE: usize = 64;

#[cfg(test)]
mod tests;
