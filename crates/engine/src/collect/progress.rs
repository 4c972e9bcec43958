//! What a watcher may see of a run while it goes on: a few counters and the last messages.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of a run; cheap to read at any time.
#[derive(Debug, Default)]
pub struct Progress {
    documents: AtomicU64,
    expected: AtomicU64,
    records: AtomicU64,
    failed: AtomicU64,
    messages: Mutex<VecDeque<String>>,
}

/// Most messages kept for a watcher that does not look.
const MESSAGES_MAX: usize = 100;

impl Progress {
    /// Documents done with, failed ones included.
    pub fn documents(&self) -> u64 {
        self.documents.load(Ordering::Relaxed)
    }

    /// Documents done with or known to come.
    pub fn expected(&self) -> u64 {
        self.expected.load(Ordering::Relaxed)
    }

    /// Records read.
    pub fn records(&self) -> u64 {
        self.records.load(Ordering::Relaxed)
    }

    /// Documents that failed.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Messages since the last call, oldest first.
    pub fn take_messages(&self) -> Vec<String> {
        self.messages.lock().map(|mut messages| messages.drain(..).collect()).unwrap_or_default()
    }

    pub(crate) fn expect(&self, documents: u64) {
        self.expected.fetch_add(documents, Ordering::Relaxed);
    }

    pub(crate) fn done(&self, records: u64, failed: bool) {
        self.documents.fetch_add(1, Ordering::Relaxed);
        self.records.fetch_add(records, Ordering::Relaxed);
        self.failed.fetch_add(u64::from(failed), Ordering::Relaxed);
    }

    pub(crate) fn say(&self, message: String) {
        if let Ok(mut messages) = self.messages.lock() {
            if messages.len() == MESSAGES_MAX {
                messages.pop_front();
            }
            messages.push_back(message);
        }
    }
}
