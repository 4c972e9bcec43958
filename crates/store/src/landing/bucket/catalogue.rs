//! Which bodies are in which segment of a bucket. Nothing is asked before a body is looked for: a process
//! that only lands never is. Then each segment tells by its last bytes, in one request.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use model::ContentHash;
use object_store::path::Path;
use object_store::{Error, ObjectMeta, ObjectStore, ObjectStoreExt as _};

use super::super::segment;
use super::super::segments::first_bytes;
use super::group::{self, Spot};

/// Segments that are asked at once.
const ASKED_AT_ONCE: usize = 16;

/// Enough of the end of most segments to hold their table.
const END_BYTES: u64 = 32 * 1024;

/// The folder of the segments.
pub(super) const SEGMENTS: &str = "segments";

/// What is known of the bucket.
#[derive(Debug, Default)]
pub(super) struct Catalogue {
    known: Mutex<Known>,
    /// One at a time asks what is new.
    asking: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    /// Whether the bucket was ever asked.
    asked: bool,
    /// By the first bytes of the hash and the segment.
    spots: BTreeMap<(u64, u64), Spot>,
    /// The length of each segment that is known.
    segments: HashMap<u64, u64>,
}

impl Catalogue {
    pub(super) fn was_asked(&self) -> bool {
        self.lock().asked
    }

    /// Where a body stands: segment and place in it.
    pub(super) fn find(&self, hash: ContentHash) -> Vec<(u64, Spot)> {
        let first = first_bytes(hash);
        let known = self.lock();
        known
            .spots
            .range((first, 0)..=(first, u64::MAX))
            .map(|((_, number), spot)| (*number, *spot))
            .collect()
    }

    /// A segment has been written, or written anew.
    pub(super) fn enter(
        &self,
        number: u64,
        bytes: u64,
        spots: impl IntoIterator<Item = (ContentHash, Spot)>,
    ) {
        let mut known = self.lock();
        // Who never looked anything up need not remember it.
        if known.asked {
            known.segments.insert(number, bytes);
            known.spots.extend(spots.into_iter().map(|(hash, spot)| ((first_bytes(hash), number), spot)));
        }
    }

    /// A segment holds something else now, or nothing.
    pub(super) fn forget(&self, numbers: &HashSet<u64>) {
        let mut known = self.lock();
        known.segments.retain(|number, _| !numbers.contains(number));
        known.spots.retain(|(_, number), _| !numbers.contains(number));
    }

    /// Asks the bucket what has changed since the last time.
    pub(super) async fn catch_up(&self, store: &dyn ObjectStore) -> Result<(), Error> {
        let _one = self.asking.lock().await;
        let listed: Vec<ObjectMeta> = store.list(Some(&Path::from(SEGMENTS))).try_collect().await?;
        let listed: HashMap<u64, ObjectMeta> =
            listed.into_iter().filter_map(|meta| Some((number_of(&meta.location)?, meta))).collect();
        let changed = self.changed(&listed);
        let tables = stream::iter(changed).map(|(number, meta)| async move {
            match entries(store, &meta).await {
                Ok(entries) => Ok(Some((number, meta.size, entries))),
                // Deleted since it was listed.
                Err(Error::NotFound { .. }) => Ok(None),
                Err(error) => Err(error),
            }
        });
        let mut tables = tables.buffer_unordered(ASKED_AT_ONCE);
        self.lock().asked = true;
        while let Some(table) = tables.try_next().await? {
            if let Some((number, bytes, entries)) = table {
                self.enter(number, bytes, entries);
            }
        }
        Ok(())
    }

    /// The segments that are new or have changed; what is gone is forgotten.
    fn changed(&self, listed: &HashMap<u64, ObjectMeta>) -> Vec<(u64, ObjectMeta)> {
        let known: HashMap<u64, u64> = self.lock().segments.clone();
        let stale =
            known.iter().filter(|(number, bytes)| listed.get(number).is_none_or(|meta| meta.size != **bytes));
        let stale: HashSet<u64> = stale.map(|(number, _)| *number).collect();
        if !stale.is_empty() {
            self.forget(&stale);
        }
        let new = |number: &u64| stale.contains(number) || !known.contains_key(number);
        listed
            .iter()
            .filter(|(number, _)| new(number))
            .map(|(number, meta)| (*number, meta.clone()))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number of the segment at `path`.
fn number_of(path: &Path) -> Option<u64> {
    path.filename()?.strip_suffix(".bodies")?.parse().ok()
}

/// What a segment holds, by its table; one that was copied from a folder has none and is read whole.
async fn entries(store: &dyn ObjectStore, meta: &ObjectMeta) -> Result<Vec<(ContentHash, Spot)>, Error> {
    let path = &meta.location;
    if meta.size == 0 {
        return Ok(Vec::new());
    }
    let mut end: Bytes = store.get_range(path, meta.size.saturating_sub(END_BYTES)..meta.size).await?;
    let Some(length) = group::table_bytes(&end) else {
        let whole = store.get(path).await?.bytes().await?;
        let entries = segment::scan_bytes(&whole).into_iter();
        return Ok(entries.map(|(hash, offset, packed)| (hash, Spot { offset, packed })).collect());
    };
    if length > end.len() {
        end = store.get_range(path, meta.size.saturating_sub(length as u64)..meta.size).await?;
    }
    Ok(group::read_table(&end))
}
