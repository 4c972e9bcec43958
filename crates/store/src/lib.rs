//! What callboard keeps: typed tables of listings, the ordered change log, runs, documents,
//! quarantine, and the landing folder with every fetched body.
//!
//! One [`Store`] over one SQLite file. A commit is one transaction: killed at any instant, whole
//! batches are there and nothing else. Nothing here knows any source, and no SQL is written
//! anywhere else.
#![warn(missing_docs)]

mod batch;
mod commit;
mod counts;
mod ddl;
mod dialect;
mod error;
mod landing;
mod open;
mod quarantine;
mod query;
mod reckon;
mod retention;
mod rows;
mod runs;
mod script;
mod show;
mod sql;
mod sweep;
mod tally;
mod view;
mod work;

pub use batch::{
    Batch, CommitOutcome, Counts, Known, LandedDocument, Quarantined, Read, Remarks, Shrink, Sweep,
    SweepScope,
};
pub use counts::{Purged, StoreCounts};
pub use error::StoreError;
pub use landing::Landing;
pub use open::Store;
pub use query::{Bound, EventQuery, Near};
pub use reckon::{Covered, DocumentCounts, Reckoning};
pub use script::{OWN, Script, ScriptLimits, ScriptOutcome, ScriptParams, script_reads_only};
pub use view::{
    DocumentRow, EventView, FieldOrigin, PriceView, QuarantineRow, RunRow, RunStart, Shown, Sighting,
    SourceCount, VenueView,
};

pub use work::{
    Ack, Acked, Acks, AttemptRow, Begun, DeadItem, DeadQuery, Ending, Fault, ItemCounts, ItemId, ItemRow,
    ItemState, Lease, LeaseRequest, Lock, NewItem, NewRun, NewStep, Overlap, ParentCount, Phase, Redriven,
    RunDetail, RunSignal, RunState, RunnerEnd, RunnerId, RunnerRow, RunnerStart, Siblings, Skip, Spread,
    StepEnd, StepNo, StepRow, StepStatus, Stopped, WaitsFor, WorkQueue,
};

#[cfg(test)]
mod tests;
