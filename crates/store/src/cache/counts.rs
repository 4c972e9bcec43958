//! What a cache counts, where it happens.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of one cache in one process.
#[derive(Debug, Default)]
pub struct CacheCounters {
    hits: AtomicU64,
    misses: AtomicU64,
    written: AtomicU64,
    refused: AtomicU64,
    errors: AtomicU64,
    behind: AtomicU64,
}

/// What they stand at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct CacheCounts {
    /// Documents that were asked for and served.
    pub hits: u64,
    /// Documents that were asked for and not there, or not to be served any more.
    pub misses: u64,
    /// Documents taken in.
    pub written: u64,
    /// Documents not taken in, because a newer one was there or they do not fit.
    pub refused: u64,
    /// Calls that the cache failed, those that were not even tried included.
    pub errors: u64,
    /// Changes of the log that the cache did not hold when it was last looked at.
    pub behind: u64,
}

impl CacheCounters {
    /// What they stand at.
    pub fn read(&self) -> CacheCounts {
        let at = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheCounts {
            hits: at(&self.hits),
            misses: at(&self.misses),
            written: at(&self.written),
            refused: at(&self.refused),
            errors: at(&self.errors),
            behind: at(&self.behind),
        }
    }

    /// A document was asked for.
    pub fn asked(&self, served: bool) {
        let counter = if served { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// So many changes are not in the cache.
    pub fn behind(&self, changes: u64) {
        self.behind.store(changes, Ordering::Relaxed);
    }

    pub(super) fn put(&self, taken: bool) {
        let counter = if taken { &self.written } else { &self.refused };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn failed(&self) {
        self.errors.fetch_add(1, Ordering::Relaxed);
    }
}
