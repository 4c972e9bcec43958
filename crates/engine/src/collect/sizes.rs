//! How large the documents of an origin are, and so how much room one needs before it is there.

use std::sync::atomic::{AtomicU64, Ordering};

use super::take::{Place, Work};
use crate::run::{Room, Share};

/// For each origin, the size of its largest document so far.
pub(super) struct Sizes(Vec<AtomicU64>);

impl Sizes {
    pub(super) fn of(origins: usize) -> Sizes {
        Sizes((0..origins).map(|_| AtomicU64::new(0)).collect())
    }

    /// What is fetched is taken to be as large as the largest so far. What is at hand is entered in its
    /// order: none of it may wait for those after it.
    fn largest(&self, work: &Work) -> Option<&AtomicU64> {
        self.0.get(work.index).filter(|_| matches!(work.place, Place::Address))
    }

    /// Room for a document that is to be fetched.
    pub(super) async fn before(&self, work: &Work, room: &Room) -> Share {
        match self.largest(work) {
            Some(largest) => room.take(largest.load(Ordering::Relaxed)).await,
            None => Share::default(),
        }
    }

    /// The document is there: what it needs is known. One that had no room waits for it now.
    pub(super) async fn settle(&self, work: &Work, bytes: u64, room: &Room, share: &mut Share) {
        let Some(largest) = self.largest(work) else { return };
        largest.fetch_max(bytes, Ordering::Relaxed);
        if share.is_none() {
            *share = room.take(bytes).await;
        }
        share.shrink_to(bytes);
    }
}
