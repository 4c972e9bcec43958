//! What callboard does with what it reads: collecting from inputs, refining records, keeping them,
//! replaying what was landed.

pub mod backfill;
pub mod cache;
pub mod cards;
pub mod collect;
pub mod export;
pub mod fleet;
pub mod functions;
pub mod limits;
pub mod pipeline;
pub mod present;
pub mod refine;
pub mod replay;
pub mod run;
pub mod schedule;
pub mod scheduler;
pub mod spans;
pub mod ticketing;
