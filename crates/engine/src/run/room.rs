//! Room for large documents. A page of a thousand rows takes many times its size until it is entered, as
//! text, as records, as statements: how many of them a process has in hand is bounded by their bytes. Small
//! documents need no room of their own, for how many of them wait is bounded by their number.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// From so many bytes on a document is large.
const LARGE_BYTES: u64 = 256 * 1024;

/// What large documents may have together. One that is larger has all of it for itself.
const ROOM_BYTES: u64 = 8 * 1024 * 1024;

/// Room is given in so many bytes.
const UNIT_BYTES: u64 = 1024;

/// The room of a process.
#[derive(Debug)]
pub struct Room {
    units: Arc<Semaphore>,
}

/// A document's share of it, until it is dropped.
#[derive(Debug, Default)]
pub struct Share(Option<OwnedSemaphorePermit>);

impl Default for Room {
    fn default() -> Room {
        Room { units: Arc::new(Semaphore::new(units(ROOM_BYTES) as usize)) }
    }
}

fn units(bytes: u64) -> u32 {
    u32::try_from(bytes.min(ROOM_BYTES) / UNIT_BYTES).unwrap_or(u32::MAX)
}

impl Room {
    /// Waits until there is room for so many bytes; small documents do not wait. Whoever has a share asks
    /// for no other: so nobody waits for somebody who waits.
    pub(crate) async fn take(&self, bytes: u64) -> Share {
        if bytes < LARGE_BYTES {
            return Share::default();
        }
        // It is never closed.
        Share(self.units.clone().acquire_many_owned(units(bytes)).await.ok())
    }
}

impl Share {
    /// Whether it is one at all.
    pub(crate) fn is_none(&self) -> bool {
        self.0.is_none()
    }

    /// Gives back what is more than these bytes need.
    pub(crate) fn shrink_to(&mut self, bytes: u64) {
        let needed = if bytes < LARGE_BYTES { 0 } else { units(bytes) as usize };
        if let Some(permit) = &mut self.0 {
            drop(permit.split(permit.num_permits().saturating_sub(needed)));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn large_documents_wait_until_others_have_been_entered() {
        let room = Room::default();
        let small = room.take(LARGE_BYTES - 1).await;
        assert!(small.is_none());
        let mut first = room.take(ROOM_BYTES - LARGE_BYTES).await;
        let second = room.take(LARGE_BYTES).await;
        assert!(room.take(LARGE_BYTES).now_or_never().is_none(), "there is none left");
        first.shrink_to(LARGE_BYTES);
        let third = room.take(LARGE_BYTES).now_or_never();
        assert!(third.is_some_and(|share| !share.is_none()), "what was not needed was given back");
        drop((first, second));
        // Larger than all of it: it has all of it.
        assert!(room.take(9 * ROOM_BYTES).now_or_never().is_some());
        assert_eq!(room.units.available_permits() as u64, ROOM_BYTES / UNIT_BYTES);
    }
}
