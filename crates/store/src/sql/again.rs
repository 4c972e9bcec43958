//! Doing a transaction again that the database undid for the sake of another one.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

use crate::error::stood_in_the_way;

/// How often that is done.
const MOST: u32 = 4;

/// Counts how often.
#[derive(Debug, Default)]
pub(crate) struct Times(u32);

impl Times {
    /// Whether it is worth it. What was cut off without an answer is not: it may have been done.
    pub(crate) fn are_left(&mut self, error: &sqlx::Error) -> bool {
        self.0 += 1;
        self.0 <= MOST && stood_in_the_way(error)
    }

    /// Waits a little, and not as long as the other one.
    pub(crate) async fn pause(&self) {
        let millis = 20 + RandomState::new().hash_one(self.0) % 100;
        tokio::time::sleep(Duration::from_millis(millis << self.0)).await;
    }
}

/// The result of a transaction, `$work`, which is done again where the database undid it for the sake of
/// another. A macro, as the future of a closure that borrows cannot be known to go between threads.
macro_rules! again {
    // A store's own work is counted.
    ($store:ident . $($work:tt)+) => {{
        let mut times = $crate::sql::Times::default();
        loop {
            match $store.$($work)+.await {
                Err(error) if times.are_left(&error) => {
                    $store.meters.retried();
                    times.pause().await;
                }
                ended => break ended,
            }
        }
    }};
    ($work:expr) => {{
        let mut times = $crate::sql::Times::default();
        loop {
            match $work.await {
                Err(error) if times.are_left(&error) => times.pause().await,
                ended => break ended,
            }
        }
    }};
}

pub(crate) use again;
