//! A delay that looks random and is none: from the pipeline's name and the slot alone, so that every
//! server, at any time, gives the same slot the same delay.

use chrono::{DateTime, TimeDelta, Utc};

/// The delay of `pipeline` at `slot`, at least nothing and less than `most`, in whole milliseconds.
pub(super) fn of(pipeline: &str, slot: DateTime<Utc>, most: TimeDelta) -> TimeDelta {
    let most_ms = u64::try_from(most.num_milliseconds()).unwrap_or(0);
    if most_ms == 0 {
        return TimeDelta::zero();
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&slot.timestamp().to_le_bytes()).update(pipeline.as_bytes());
    let mut drawn = [0; 8];
    drawn.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
    // `most` is at most a day: the remainder is as good as even, and fits.
    TimeDelta::milliseconds(i64::try_from(u64::from_le_bytes(drawn) % most_ms).unwrap_or(0))
}
