//! The work of runs: what is to be done, who does it, and what became of it.
//!
//! A run is a tree of **items**. A runner leases a ready item; it ends, or it spreads into children
//! and waits until the last of them has ended; then it is ready once more, to finish. Everything an
//! item brings about is in its **ack**, one transaction: documents and rows, its ending, follow-up
//! items, siblings that may go on and those that cannot. An ack holds only while the runner has the
//! item under the attempt it was leased with, so work that was taken over is never entered twice.
//!
//! Nothing here knows pipelines: who depends on whom comes with the ack.

mod ack;
mod begin;
mod children;
mod control;
mod counts;
mod dead;
mod heartbeat;
mod held;
mod item;
mod lease;
mod listing;
mod lock;
mod nested;
mod queue;
mod redrive;
mod runner;
pub(crate) mod schema;
mod spread;
mod steps;
mod within;

pub use ack::{Ack, Acked, Acks, Ending, Fault, ParentCount, RunEnd, Siblings, Skip, Spread, StepEnd};
pub(crate) use begin::wake_holder;
pub use begin::{Begun, NewRun, NewStep, SlotClaim};
pub use control::Stopped;
pub use dead::{AttemptRow, DeadItem, DeadQuery};
pub use heartbeat::RunSignal;
pub use item::{ItemId, ItemState, NewItem, Phase, RunState, StepNo, StepStatus};
pub use lease::{Lease, LeaseRequest};
pub use listing::{ItemCounts, RunDetail, StepRow};
pub(crate) use lock::promote;
pub use lock::{Lock, Overlap};
pub use queue::WorkQueue;
pub use redrive::{Redriven, WaitsFor};
pub(crate) use runner::stop_all;
pub use runner::{RunnerEnd, RunnerId, RunnerRow, RunnerStart};
pub use within::ItemRow;
