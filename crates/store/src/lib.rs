//! What callboard keeps: typed tables of listings, the ordered change log, runs, documents,
//! quarantine, and the landing folder with every fetched body.
//!
//! One [`Store`] over one SQLite file. A commit is one transaction: killed at any instant, whole
//! batches are there and nothing else. Nothing here knows any source, and no SQL is written
//! anywhere else.
#![warn(missing_docs)]

mod audit;
mod backup;
mod batch;
pub mod cache;
mod commit;
mod counts;
mod error;
mod following;
mod forget;
mod health;
mod history;
mod landing;
mod limits;
mod lists;
mod meters;
mod objects;
mod open;
mod overview;
mod personal;
mod quarantine;
mod query;
mod reckon;
mod retention;
mod rows;
mod runs;
mod schedules;
mod schema;
mod script;
mod show;
mod sql;
mod sweep;
mod tally;
mod view;
mod work;

pub use audit::{AuditCheck, AuditEntry, AuditFault, AuditLevel, AuditQuery, AuditRow};
pub use backup::{
    BackedUp, BackupHead, BackupLanding, BackupManifest, BackupOptions, BackupProgress, BackupSource,
    BackupTable, BackupTarget, BodySum, Restored, TableSum, verify_backup,
};
pub use batch::{
    Batch, CommitOutcome, Counts, Known, LandedDocument, Quarantined, Read, Remarks, Shrink, Sweep,
    SweepScope,
};
pub use counts::{Purged, StoreCounts};
pub use error::StoreError;
pub use following::{Mark, Move, Span, Touched};
pub use forget::{Forget, Forgotten, Left};
pub use health::{PostgresHealth, SqliteHealth, StoreHealth};
pub use history::{
    ChangeCursor, ChangePage, ChangeQuery, Compact, Compacted, Horizon, LoggedChange, MovedCursor, PickedRow,
    Picking, RowHistory,
};
pub use landing::warc::WarcWriter;
pub use landing::{
    LandedQuery, Landing, LandingCounts, LandingHealth, LandingSpec, Prune, Pruned, Removed, S3Spec, Stored,
};
pub use limits::{
    LIMIT_LEASE, LimitAsk, LimitGrant, LimitHolder, LimitNeed, LimitPause, LimitRow, MAX_SLOTS, Standing,
};
pub use lists::AskedRow;
pub use meters::MeterReadings;
pub use objects::{Download, S3Object, Upload};
pub use open::{Address, Fresh, OpenOptions, Server, Store};
pub use overview::{FaultCount, InHand, RunLine, RunsQuery, SlowItem};
pub use personal::{PersonalKey, PersonalOptions, Rotated, SEALED};
pub use query::{Bound, EventQuery, Extent, KeptRow, Near, RowCondition, RowPage, RowQuery};
pub use reckon::{Covered, DocumentCounts, Reckoning};
pub use retention::{Ceiling, ProofRow, Purge};
pub use schedules::{CLAIMS_KEPT, ScheduleRow};
pub use schema::{PendingChange, SchemaStatus};
pub use script::{OWN, Script, ScriptLimits, ScriptOutcome, ScriptParams};
pub use view::{
    DocumentRow, EventView, FieldOrigin, PriceView, QuarantineRow, RunRow, RunStart, Shown, Sighting,
    SourceCount, VenueView,
};

pub use work::{
    Ack, Acked, Acks, AttemptRow, Begun, DeadItem, DeadQuery, Ending, Fault, ItemCounts, ItemId, ItemRow,
    ItemState, Lease, LeaseRequest, Lock, NewItem, NewRun, NewStep, Overlap, ParentCount, Phase, Redriven,
    RunDetail, RunEnd, RunSignal, RunState, RunnerEnd, RunnerId, RunnerRow, RunnerStart, Siblings, Skip,
    SlotClaim, Spread, StepEnd, StepNo, StepRow, StepStatus, Stopped, WaitsFor, WorkQueue,
};

#[cfg(test)]
mod tests;
