//! What an item is.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Number of an item, unique in its store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ItemId(pub i64);

/// Position of a step in its pipeline, nested steps included, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepNo(pub u32);

impl StepNo {
    /// Its position in a list of all steps.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl fmt::Display for StepNo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// What has become of an item so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemState {
    /// Waits for other items.
    Blocked = 0,
    /// Waits for a runner, or for the time of its next attempt.
    Ready = 1,
    /// A runner has it.
    Leased = 2,
    /// Waits for its children.
    Waiting = 3,
    /// Ended as it should.
    Done = 4,
    /// Was not to be done.
    Skipped = 5,
    /// Failed in a way that trying again would not change.
    Failed = 6,
    /// Failed at every attempt.
    Dead = 7,
    /// Was stopped.
    Cancelled = 8,
}

impl ItemState {
    /// All of them, by their number.
    pub const ALL: [ItemState; 9] = [
        ItemState::Blocked,
        ItemState::Ready,
        ItemState::Leased,
        ItemState::Waiting,
        ItemState::Done,
        ItemState::Skipped,
        ItemState::Failed,
        ItemState::Dead,
        ItemState::Cancelled,
    ];

    /// As stored. Part of the schema: never renumbered.
    pub(crate) fn code(self) -> i64 {
        self as i64
    }

    /// The state with this number.
    pub(crate) fn of(code: i64) -> Option<ItemState> {
        ItemState::ALL.get(usize::try_from(code).ok()?).copied()
    }

    /// The word in tables and JSON.
    pub fn name(self) -> &'static str {
        match self {
            ItemState::Blocked => "blocked",
            ItemState::Ready => "ready",
            ItemState::Leased => "leased",
            ItemState::Waiting => "waiting",
            ItemState::Done => "done",
            ItemState::Skipped => "skipped",
            ItemState::Failed => "failed",
            ItemState::Dead => "dead",
            ItemState::Cancelled => "cancelled",
        }
    }

    /// The status of a step whose only item stands so.
    pub fn status(self) -> StepStatus {
        match self {
            ItemState::Blocked | ItemState::Ready => StepStatus::Pending,
            ItemState::Leased | ItemState::Waiting => StepStatus::Running,
            ItemState::Done => StepStatus::Completed,
            ItemState::Skipped => StepStatus::Skipped,
            ItemState::Failed | ItemState::Dead => StepStatus::Failed,
            ItemState::Cancelled => StepStatus::Cancelled,
        }
    }

    /// True when nothing more happens to it by itself.
    pub fn has_ended(self) -> bool {
        self >= ItemState::Done
    }
}

/// Which of its two turns an item is leased for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// It has not begun.
    Start = 0,
    /// All its children have ended.
    Finish = 1,
}

impl Phase {
    pub(super) fn of(code: i64) -> Phase {
        if code == 0 { Phase::Start } else { Phase::Finish }
    }
}

/// An item to enter.
#[derive(Debug, Clone, PartialEq)]
pub struct NewItem {
    /// The step it belongs to.
    pub step: StepNo,
    /// What tells it from its siblings of the same step. An item that is there already stays.
    pub key: i64,
    /// What it works on; holds no secret. `null` is the same as nothing.
    pub input: Option<Value>,
    /// How many siblings it waits for; 0 is ready.
    pub pending: u32,
    /// Attempts at most, at least 1.
    pub tries: u32,
    /// It counts among the items of its step. Those that only hold others together do not.
    pub counted: bool,
}

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    /// Waits for an earlier run with the same lock.
    Queued,
    /// Its items are taken.
    Running,
    /// Its items are not taken until it is continued.
    Paused,
    /// What is in hand is being stopped.
    Cancelling,
    /// It has ended.
    Ended,
}

impl RunState {
    /// As stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            RunState::Queued => "queued",
            RunState::Running => "running",
            RunState::Paused => "paused",
            RunState::Cancelling => "cancelling",
            RunState::Ended => "ended",
        }
    }

    pub(crate) fn of(name: &str) -> Option<RunState> {
        let all =
            [RunState::Queued, RunState::Running, RunState::Paused, RunState::Cancelling, RunState::Ended];
        all.into_iter().find(|state| state.name() == name)
    }
}

/// How a step stands or ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepStatus {
    /// Has not begun.
    Pending,
    /// Is under way.
    Running,
    /// Ended as it should.
    Completed,
    /// Ended; something of it failed, within what is tolerated.
    Partial,
    /// Failed.
    Failed,
    /// Was not to be done, or cannot be.
    Skipped,
    /// Was stopped.
    Cancelled,
}

impl StepStatus {
    /// All of them.
    pub const ALL: [StepStatus; 7] = [
        StepStatus::Pending,
        StepStatus::Running,
        StepStatus::Completed,
        StepStatus::Partial,
        StepStatus::Failed,
        StepStatus::Skipped,
        StepStatus::Cancelled,
    ];

    /// As stored and shown.
    pub fn name(self) -> &'static str {
        match self {
            StepStatus::Pending => "pending",
            StepStatus::Running => "running",
            StepStatus::Completed => "completed",
            StepStatus::Partial => "partial",
            StepStatus::Failed => "failed",
            StepStatus::Skipped => "skipped",
            StepStatus::Cancelled => "cancelled",
        }
    }

    /// Whether nothing changes it any more by itself.
    pub fn is_final(self) -> bool {
        !matches!(self, StepStatus::Pending | StepStatus::Running)
    }

    /// Whether steps that depend on it go on.
    pub fn satisfies(self) -> bool {
        matches!(self, StepStatus::Completed | StepStatus::Partial)
    }

    pub(crate) fn of(name: &str) -> Option<StepStatus> {
        StepStatus::ALL.into_iter().find(|status| status.name() == name)
    }
}

impl fmt::Display for StepStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
