//! The spans that log lines stand in, so that each carries the run, step, source and runner it belongs
//! to. They are made at the highest level, so that also a run that logs errors alone has them.

use model::{RunId, SourceName};
use tracing::{Span, error_span};

/// Everything a runner does.
pub fn runner(id: &str) -> Span {
    error_span!("runner", runner.id = id)
}

/// Everything that belongs to a run.
pub fn run(id: RunId) -> Span {
    error_span!("run", run.id = %id)
}

/// Everything that belongs to a step of the run at hand.
pub fn step(name: &str) -> Span {
    error_span!("step", step.name = name)
}

/// Everything about documents of one source.
pub fn source(name: &SourceName) -> Span {
    error_span!("source", source.name = name.as_str())
}
