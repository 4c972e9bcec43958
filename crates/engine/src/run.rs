//! Running pipelines: beginning a run, and the runner that takes items from the store, does them, and
//! acks what came of them in groups.
//!
//! Any number of runners, in any number of processes, may work on one store. None of them leads: what
//! an ending means for the rest of its run is in its ack. A runner that dies is missed when its time
//! runs out, or at once by one on the same machine, and its items are taken again.

mod alive;
pub(crate) mod audit;
mod buffer;
mod context;
mod each;
mod execute;
mod input;
mod outcome;
pub(crate) mod patience;
mod redrive;
mod report;
mod retry;
mod room;
mod runner;
pub mod secrets;
mod start;
mod turns;
mod world;

use model::Finding;
use serde_json::Value;
use store::{NewItem, StepNo, StoreError};
use thiserror::Error;

use crate::functions::Functions;
use crate::pipeline::Plan;

pub use alive::host;
pub use context::{Definition, Manner, RunContext};
pub(crate) use input::Input;
pub use outcome::{RunSummary, StepSummary};
pub use redrive::redrive;
pub use report::{Cause, Collected, RunReport, SlowItem, shown_input, trigger};
pub use retry::Backoff;
pub use room::Room;
pub(crate) use room::Share;
pub use runner::{Runner, RunnerOptions, Stop, Until};
pub use start::{COMMAND_LINE, Started, Starting, start};
pub(crate) use start::{id_within, start_within};
pub use world::{Bounds, Catalog, Wanted, World};

/// Why a run could not begin or a runner could not go on.
#[derive(Debug, Error)]
pub enum RunError {
    /// The pipeline has faults.
    #[error("the pipeline cannot be run:\n{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Faults(Vec<Finding>),
    /// What was asked for cannot be done; says why and what to do.
    #[error("{0}")]
    Usage(String),
    /// The store failed; what was acked before is whole.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A fault of ours.
    #[error("callboard has a fault: {0}; please report it")]
    Fault(String),
}

impl RunError {
    /// A short class of what went wrong.
    pub fn class(&self) -> &'static str {
        match self {
            RunError::Faults(_) | RunError::Usage(_) => "usage",
            RunError::Store(_) => "store",
            RunError::Fault(_) => "fault",
        }
    }
}

impl From<RunError> for crate::functions::Failure {
    fn from(error: RunError) -> crate::functions::Failure {
        match error {
            RunError::Store(error) => error.into(),
            RunError::Fault(message) => crate::functions::Failure::fault(message),
            other => crate::functions::Failure::input(other.to_string()),
        }
    }
}

/// The items of steps beside each other.
fn step_items(plan: &Plan, steps: &[StepNo], functions: &Functions) -> Vec<NewItem> {
    let items = steps.iter().filter_map(|no| plan.step(*no)).map(|step| NewItem {
        step: step.no,
        key: 0,
        input: None,
        pending: u32::try_from(plan.pending(step.no)).unwrap_or(u32::MAX),
        tries: step.max_retries + 1,
        counted: match &step.work {
            crate::pipeline::Work::Call { function } => !functions.spreads(function),
            crate::pipeline::Work::Each(_) => false,
        },
    });
    items.collect()
}

/// The length of a value as JSON, counted up to a little beyond `most`.
fn size(value: &Value, most: usize) -> usize {
    struct Count(usize, usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            if self.0 > self.1 { Err(std::io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0, most);
    // It ends early where there is too much of it; that is then known.
    let _ = serde_json::to_writer(&mut count, value);
    count.0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests;
