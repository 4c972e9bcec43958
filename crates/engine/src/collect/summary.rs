//! What a run did, as the user and other programs see it.

use std::collections::BTreeMap;

use model::{Kind, RunId};
use serde::Serialize;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Everything asked for was read.
    Completed,
    /// Something was read, something was not.
    Partial,
    /// Nothing could be read.
    Failed,
    /// The user stopped it.
    Cancelled,
}

impl Outcome {
    /// The word in logs and tables.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Completed => "completed",
            Outcome::Partial => "partial",
            Outcome::Failed => "failed",
            Outcome::Cancelled => "cancelled",
        }
    }

    /// The exit code that says so.
    pub fn exit_code(self) -> u8 {
        match self {
            Outcome::Completed => 0,
            Outcome::Partial => 3,
            Outcome::Failed => 1,
            Outcome::Cancelled => 130,
        }
    }
}

/// Documents by what became of them; each counts once.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Documents {
    /// Came with content that is new or was not seen in this form before.
    pub fetched: u64,
    /// Came with the content of last time, or were answered "not modified".
    pub unchanged: u64,
    /// Did not come, or could not be read.
    pub failed: u64,
}

/// Records by what became of them; each row counts once a run. `read` is the sum of `new`,
/// `changed`, `unchanged` and `quarantined`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Stated by the documents of this run.
    pub read: u64,
    /// Not known before.
    pub new: u64,
    /// Known, with other values now.
    pub changed: u64,
    /// Known, as before.
    pub unchanged: u64,
    /// Kept aside with a reason.
    pub quarantined: u64,
    /// No longer in a complete sweep: they have a tombstone now.
    pub vanished: u64,
}

impl Counts {
    /// Adds `other` field by field.
    pub fn add(&mut self, other: Counts) {
        self.read += other.read;
        self.new += other.new;
        self.changed += other.changed;
        self.unchanged += other.unchanged;
        self.quarantined += other.quarantined;
        self.vanished += other.vanished;
    }
}

/// One class of quarantined listings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReasonCount {
    /// The class.
    pub reason: String,
    /// How many in this run.
    pub count: u64,
}

/// One input or request that failed, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The address or file.
    pub input: String,
    /// What went wrong and what to do.
    pub error: String,
}

impl Failure {
    /// One line: the input, then what went wrong; an error that names its input itself stands alone.
    pub fn line(&self) -> String {
        if self.error.contains(&self.input) {
            self.error.clone()
        } else {
            format!("{}: {}", self.input, self.error)
        }
    }
}

/// The machine-readable summary of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Summary {
    /// The run.
    pub run: RunId,
    /// How it ended.
    pub outcome: Outcome,
    /// True when nothing was written.
    pub dry_run: bool,
    /// What became of the documents.
    pub documents: Documents,
    /// What became of the records, all kinds together.
    pub records: Counts,
    /// The same by kind; kinds that did not occur are left out.
    pub by_kind: BTreeMap<&'static str, Counts>,
    /// Quarantined listings by reason, most frequent first.
    pub quarantine: Vec<ReasonCount>,
    /// What failed.
    pub failures: Vec<Failure>,
    /// Remarks of readers and of the sweep, each with the document it is about.
    pub notes: Vec<String>,
    /// Remarks beyond the first [`NOTES_MAX`].
    #[serde(skip_serializing_if = "is_zero")]
    pub notes_left_out: u64,
    /// Wall time.
    pub elapsed_ms: u64,
}

/// Most remarks a summary holds.
pub const NOTES_MAX: usize = 200;

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl Summary {
    /// An empty summary of `run`.
    pub fn new(run: RunId, dry_run: bool) -> Summary {
        Summary {
            run,
            outcome: Outcome::Completed,
            dry_run,
            documents: Documents::default(),
            records: Counts::default(),
            by_kind: BTreeMap::new(),
            quarantine: Vec::new(),
            failures: Vec::new(),
            notes: Vec::new(),
            notes_left_out: 0,
            elapsed_ms: 0,
        }
    }

    /// Counts records of `kind`.
    pub fn count(&mut self, kind: Kind, counts: Counts) {
        self.records.add(counts);
        if counts != Counts::default() {
            self.by_kind.entry(kind.name()).or_default().add(counts);
        }
    }

    /// Counts quarantined listings of one reason.
    pub fn quarantined(&mut self, reason: &str, count: u64) {
        match self.quarantine.iter_mut().find(|known| known.reason == reason) {
            Some(known) => known.count += count,
            None => self.quarantine.push(ReasonCount { reason: reason.to_owned(), count }),
        }
    }

    /// Keeps a remark, up to the bound.
    pub fn note(&mut self, note: String) {
        if self.notes.len() < NOTES_MAX {
            self.notes.push(note);
        } else {
            self.notes_left_out += 1;
        }
    }

    /// Settles outcome and order once everything is counted. `incomplete` tells of damage that kept
    /// part of a document from being read.
    pub fn settle(&mut self, cancelled: bool, incomplete: bool) {
        self.quarantine.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.reason.cmp(&b.reason)));
        let read_any = self.documents.fetched + self.documents.unchanged > 0;
        self.outcome = match (cancelled, self.failures.is_empty() && !incomplete, read_any) {
            (true, ..) => Outcome::Cancelled,
            (_, true, _) => Outcome::Completed,
            (_, false, true) => Outcome::Partial,
            (_, false, false) => Outcome::Failed,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn partial_is_never_dressed_up_as_complete() {
        let check = |fetched, failures: usize, incomplete, cancelled, expected| {
            let mut summary = Summary::new(RunId::new(), false);
            summary.documents.fetched = fetched;
            summary.failures = vec![Failure { input: "x".into(), error: "y".into() }; failures];
            summary.settle(cancelled, incomplete);
            assert_eq!(summary.outcome, expected);
        };
        check(1, 0, false, false, Outcome::Completed);
        check(1, 1, false, false, Outcome::Partial);
        check(1, 0, true, false, Outcome::Partial);
        check(0, 1, false, false, Outcome::Failed);
        check(1, 0, false, true, Outcome::Cancelled);
    }
}
