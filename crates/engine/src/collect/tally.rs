//! Counts what a run does, and knows for each scope whether it was swept completely.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use model::{Kind, SourceName};
use store::CommitOutcome;

use super::summary::{Counts, Failure, Summary};
use super::take::{ReadingKey, Stated, TakeResult, Taken};

/// The running totals.
#[derive(Default)]
pub(super) struct Tally {
    pub scopes: HashMap<String, Scope>,
    pub failures: Vec<Failure>,
    pub failures_left_out: u64,
    pub incomplete: bool,
    pub cancelled: bool,
    pub vanished: u64,
    by_kind: BTreeMap<Kind, store::Counts>,
    quarantined: BTreeMap<String, u64>,
    documents: super::summary::Documents,
    notes: Vec<String>,
}

/// What a run has seen of one scope.
#[derive(Default)]
pub(super) struct Scope {
    pub sources: BTreeSet<SourceName>,
    /// Some document is no complete list.
    part: bool,
    /// Something failed, was damaged, or was not asked for.
    missing: bool,
    /// How many listings the source says it holds.
    total: Option<u64>,
    events: HashSet<u64>,
}

impl Scope {
    pub(super) fn miss(&mut self) {
        self.missing = true;
    }

    /// True when what was not seen has vanished: either every document was a complete list and was
    /// read, or as many events were read as the source says it holds.
    pub(super) fn is_complete(&self) -> bool {
        match self.total {
            Some(total) => self.events.len() as u64 >= total,
            None => !self.part && !self.missing,
        }
    }

    /// The source's own total and what was read of it, when they differ.
    pub(super) fn short_of_total(&self) -> Option<(u64, u64)> {
        let total = self.total?;
        let seen = self.events.len() as u64;
        (seen < total).then_some((total, seen))
    }
}

/// Most failures that are told one by one.
const FAILURES_MAX: usize = 1000;

impl Tally {
    /// Counts what became of one document.
    pub(super) fn taken(&mut self, taken: &Taken) {
        let scope = self.scopes.entry(taken.work.origin.scope.clone()).or_default();
        match &taken.result {
            TakeResult::Read(stated) => {
                if stated.same_body {
                    self.documents.unchanged += 1;
                } else {
                    self.documents.fetched += 1;
                }
                scope.see(stated);
                self.incomplete |= stated.damaged.is_some();
                let notes = stated.damaged.iter().chain(&stated.notes);
                self.notes.extend(notes.map(|note| format!("{}: {note}", taken.work.name)));
            }
            TakeResult::Unchanged(known) => {
                self.documents.unchanged += 1;
                scope.sources.insert(known.source.clone());
                scope.part |= !ReadingKey::of(known).complete();
            }
            TakeResult::Nothing => self.documents.fetched += 1,
            TakeResult::Failed { error, .. } => {
                scope.missing = true;
                self.fail(&taken.work.name, error);
            }
        }
    }

    /// Counts one failed document.
    fn fail(&mut self, input: &str, error: &str) {
        self.documents.failed += 1;
        if self.failures.len() < FAILURES_MAX {
            self.failures.push(Failure { input: input.to_owned(), error: error.to_owned() });
        } else {
            self.failures_left_out += 1;
        }
    }

    /// Adds what a commit did.
    pub(super) fn committed(&mut self, outcome: &CommitOutcome) {
        for (kind, counts) in &outcome.by_kind {
            self.by_kind.entry(*kind).or_default().add(*counts);
        }
        for (reason, count) in &outcome.quarantined {
            *self.quarantined.entry(reason.clone()).or_default() += count;
        }
    }

    pub(super) fn note(&mut self, note: String) {
        self.notes.push(note);
    }

    /// The summary of all that was counted. Quarantined listings count as events.
    pub(super) fn write_into(self, summary: &mut Summary) {
        let positive = |count: i64| u64::try_from(count).unwrap_or(0);
        for (kind, counts) in self.by_kind {
            let (new, changed) = (positive(counts.new), positive(counts.changed));
            let (read, unchanged) = (positive(counts.read), positive(counts.unchanged));
            summary.count(kind, Counts { read, new, changed, unchanged, ..Counts::default() });
        }
        let held: u64 = self.quarantined.values().sum();
        let (read, quarantined, vanished) = (held, held, self.vanished);
        summary.count(Kind::Event, Counts { read, quarantined, vanished, ..Counts::default() });
        for (reason, count) in &self.quarantined {
            summary.quarantined(reason, *count);
        }
        summary.documents = self.documents;
        summary.failures = self.failures;
        for note in self.notes {
            summary.note(note);
        }
        if self.failures_left_out > 0 {
            summary.note(format!("{} more failures are not listed", self.failures_left_out));
        }
        summary.settle(self.cancelled, self.incomplete);
    }
}

impl Scope {
    fn see(&mut self, stated: &Stated) {
        self.sources.insert(stated.source.clone());
        self.part |= !stated.complete;
        self.missing |= stated.damaged.is_some();
        self.total = stated.total.max(self.total);
        if self.total.is_none() && self.part {
            return;
        }
        let held = stated.quarantined.iter().filter_map(|q| q.key.as_deref());
        let kept = stated.records.iter().filter(|r| r.kind() == Kind::Event).map(|r| r.key.as_str());
        self.events.extend(kept.chain(held).map(short_hash));
    }
}

fn short_hash(key: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}
