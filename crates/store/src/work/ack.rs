//! The ack: everything that a group of items brought about, in one transaction, fenced by who holds
//! each of them under which attempt.

mod endings;
mod enter;
mod siblings;

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{ItemId, Lease, NewItem, RunnerId, StepStatus};
use crate::{AuditEntry, LandedDocument};

pub(super) use enter::parent_counts;
pub(super) use siblings::stop;
pub use siblings::{Siblings, Skip};

/// The acks of one runner, to be entered together.
#[derive(Debug, Clone)]
pub struct Acks {
    /// Whose leases these are.
    pub runner: RunnerId,
    /// Now.
    pub at: DateTime<Utc>,
    /// One for each item; a second one for the same item is refused.
    pub acks: Vec<Ack>,
}

/// What came of one item.
#[derive(Debug, Clone)]
pub struct Ack {
    /// The item.
    pub item: ItemId,
    /// The attempt it was leased under.
    pub attempt: u32,
    /// How long it was worked on, in milliseconds.
    pub elapsed_ms: u64,
    /// How it ended, or goes on.
    pub ending: Ending,
    /// Documents it brought, in order. Those of an ack that is not refused are kept, however it ended. Shared,
    /// as an ack that could not be entered is said again.
    pub documents: Vec<Arc<LandedDocument>>,
    /// Further items beside it: children of its own parent. One that is there already stays as it is.
    /// Where the run is being cancelled, or the parent was stopped, they are entered as cancelled.
    pub follow: Vec<NewItem>,
    /// Follow-ups that its bounds did not allow.
    pub left_out: u64,
    /// What its ending means for its siblings.
    pub siblings: Siblings,
    /// What its ending means for its step; for items that are their step's only one. Heeded only when
    /// the item ends by this ack.
    pub step: Option<StepEnd>,
    /// How its run ended; for the root of a run, and heeded only when that ends by this ack.
    pub run: Option<RunEnd>,
    /// What the audit log is told with it, as said by its runner; heeded only when the item ends by this
    /// ack.
    pub audit: Vec<AuditEntry>,
}

impl Ack {
    /// The item of `lease` ended so, and nothing else came of it.
    pub fn of(lease: &Lease, ending: Ending) -> Ack {
        Ack {
            item: lease.item,
            attempt: lease.attempt,
            elapsed_ms: 0,
            ending,
            documents: Vec::new(),
            follow: Vec::new(),
            left_out: 0,
            siblings: Siblings::default(),
            step: None,
            run: None,
            audit: Vec::new(),
        }
    }
}

/// How an item ended, or goes on.
///
/// An item that ends while children of it are open takes the rest of them along: those that have not
/// begun are stopped, and it has ended when the last one in hand has.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// As it should.
    Done {
        /// What it gave.
        output: Option<Value>,
    },
    /// It was not to be done.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It failed, and trying again would not change that.
    Failed(Fault),
    /// It failed and is to be tried again then; on its last attempt it is dead instead.
    Retry {
        /// What went wrong.
        fault: Fault,
        /// Not before.
        due: DateTime<Utc>,
    },
    /// It waits for something outside its run and is to be looked at again then. That is no failure.
    Later {
        /// Not before.
        due: DateTime<Utc>,
    },
    /// It goes on in its children, and finishes when they have ended.
    Spread(Spread),
    /// It was stopped.
    Cancelled,
    /// It was not begun, and goes back; none of its tries is used up.
    Untouched,
}

/// What went wrong with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A short class, snake case.
    pub class: String,
    /// For a person: what failed and what to do.
    pub error: String,
}

impl Fault {
    /// A fault of `class`.
    pub fn new(class: impl Into<String>, error: impl Into<String>) -> Fault {
        Fault { class: class.into(), error: error.into() }
    }
}

/// The children of an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spread {
    /// How many of them may be under way at once; at least 1. The first spread of an item sets it.
    pub cap: u32,
    /// How many there may be in all, follow-ups included. The first spread of an item sets it.
    pub most: Option<u64>,
    /// The children; those that are there already stay.
    pub children: Vec<NewItem>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepEnd {
    /// How.
    pub status: StepStatus,
    /// Why so, where it did not complete.
    pub reason: Option<String>,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq)]
pub struct RunEnd {
    /// `completed`, `partial` or `failed`.
    pub outcome: String,
    /// Its summary.
    pub summary: Value,
}

/// What entering acks did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Acked {
    /// Items that the runner no longer held: nothing of theirs was entered.
    pub refused: Vec<ItemId>,
    /// Children by state of every item that had children acked.
    pub parents: Vec<ParentCount>,
    /// Rows that came or changed.
    pub touched: u64,
}

/// The children of an item, by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentCount {
    /// The item.
    pub item: ItemId,
    /// Children so far.
    pub total: u64,
    /// Those that have not ended.
    pub open: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were not entered, for they were more than it may have.
    pub left_out: u64,
    /// Why it was stopped, if it was: it takes no more.
    pub stopped: Option<String>,
    /// A runner is still entering children.
    pub spreading: bool,
}
