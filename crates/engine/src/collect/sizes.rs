//! How large the documents of an origin are, and so how much room one needs before it is there.

use std::sync::atomic::{AtomicU64, Ordering};

use super::take::{Place, Work};
use crate::run::{Room, Share};

/// For each origin, how large its documents are by and by: a few large ones are soon forgotten.
pub(super) struct Sizes(Vec<AtomicU64>);

impl Sizes {
    pub(super) fn of(origins: usize) -> Sizes {
        Sizes((0..origins).map(|_| AtomicU64::new(0)).collect())
    }

    /// What is fetched is taken to be as large as those before. What is at hand is entered in its order: none
    /// of it may wait for those after it.
    fn usual(&self, work: &Work) -> Option<&AtomicU64> {
        self.0.get(work.index).filter(|_| matches!(work.place, Place::Address))
    }

    /// Room for a document that is to be fetched.
    pub(super) async fn before(&self, work: &Work, room: &Room) -> Share {
        match self.usual(work) {
            Some(usual) => room.take(usual.load(Ordering::Relaxed)).await,
            None => Share::default(),
        }
    }

    /// The document is there: what it needs is known. One that had no room waits for it now.
    pub(super) async fn settle(&self, work: &Work, bytes: u64, room: &Room, share: &mut Share) {
        let Some(usual) = self.usual(work) else { return };
        let before = usual.load(Ordering::Relaxed);
        usual.store(if before == 0 { bytes } else { (before + bytes) / 2 }, Ordering::Relaxed);
        if share.is_none() {
            *share = room.take(bytes).await;
        }
        share.shrink_to(bytes);
    }
}
