//! A landing in a bucket of an object storage that speaks S3, in the layout of a folder.
//!
//! What costs there is the request, not the byte. So small bodies are gathered in memory and go up
//! together, as one segment, when the first document of them is to be settled; whatever lands while that is
//! under way goes with the next one. The slower the storage, the larger the groups. A large body goes up by
//! itself, in parts. Nothing is taken for landed before the storage has said so: a group that does not get
//! through fails every document in it, and is forgotten.

mod catalogue;
mod erase;
mod group;
mod groups;
mod read;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use model::ContentHash;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};
use tokio::sync::Semaphore;

use super::fault::{self, Fault};
use super::index::Line;
use super::pack::compress;
use super::segments::segment_name;
use super::{SMALL_BYTES, file_name, segment_number, unique};
use crate::{S3Spec, StoreError};
use catalogue::{Catalogue, SEGMENTS};
use group::Group;
use groups::Groups;

/// A group that holds so much waits for the one before it, and whoever lands waits with it.
const GROUP_BYTES: usize = 4 * 1024 * 1024;

/// A longer object goes up in parts of this size, so many at once.
const PART_BYTES: usize = 8 * 1024 * 1024;
const PARTS_AT_ONCE: usize = 2;

/// Large bodies, or files of the index, under way at once.
const UPLOADS_AT_ONCE: usize = 4;

/// After a group did not get through, others are not even tried for so long, or for as long as that was tried.
const REST: Duration = Duration::from_secs(10);

/// A request that takes longer is told of, once in a while.
const SLOW: Duration = Duration::from_secs(5);

#[derive(Debug)]
pub(super) struct Bucket {
    address: String,
    pub(super) store: Arc<dyn ObjectStore>,
    groups: Mutex<Groups>,
    /// Whose turn it is to bring a group up.
    turn: tokio::sync::Mutex<()>,
    uploads: Semaphore,
    rest: Duration,
    catalogue: Catalogue,
    writer: String,
    /// Files of the index that were written.
    written: AtomicU64,
    told_slow: Mutex<Option<Instant>>,
}

impl Bucket {
    pub(super) fn new(spec: &S3Spec) -> Result<Bucket, StoreError> {
        Ok(Bucket {
            address: spec.address(),
            store: spec.client()?,
            groups: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            uploads: Semaphore::new(UPLOADS_AT_ONCE),
            rest: REST.min(spec.patience),
            catalogue: Catalogue::default(),
            writer: unique(),
            written: AtomicU64::new(0),
            told_slow: Mutex::default(),
        })
    }

    pub(super) fn address(&self) -> &str {
        &self.address
    }

    pub(super) fn objects(&self) -> &dyn ObjectStore {
        self.store.as_ref()
    }

    #[cfg(test)]
    pub(super) fn client(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// Takes a body. A small one may wait in memory until [`Bucket::settle`]; where it is the one `known`
    /// from last time and still there, nothing is sent.
    pub(super) async fn keep(
        self: &Arc<Self>,
        hash: ContentHash,
        body: &Bytes,
        known: Option<ContentHash>,
    ) -> Result<(), StoreError> {
        self.refuse_while_resting()?;
        if body.len() > SMALL_BYTES {
            return self.keep_large(hash, body).await;
        }
        if known == Some(hash) && self.holds_small(hash).await? {
            return Ok(());
        }
        loop {
            let full = {
                let mut groups = self.groups();
                if groups.gathers(hash) {
                    return Ok(());
                }
                if groups.filling.bytes() < GROUP_BYTES {
                    let packed = compress(body).map_err(|error| self.away(error.to_string()))?;
                    groups.lost.remove(&hash);
                    return groups.filling.add(hash, &packed).map_err(|error| self.away(error.to_string()));
                }
                groups.number
            };
            self.bring_up(full).await?;
        }
    }

    async fn holds_small(&self, hash: ContentHash) -> Result<bool, StoreError> {
        if self.groups().gathers(hash) {
            return Ok(true);
        }
        if !self.catalogue.was_asked() {
            self.catch_up().await?;
        }
        Ok(!self.catalogue.find(hash).is_empty())
    }

    async fn keep_large(&self, hash: ContentHash, body: &Bytes) -> Result<(), StoreError> {
        let _place = self.uploads.acquire().await.map_err(|error| self.away(error.to_string()))?;
        let path = Path::from(file_name(hash));
        match self.store.head(&path).await {
            Ok(_) => return Ok(()),
            Err(Error::NotFound { .. }) => {}
            Err(error) => return Err(self.fallen(&error)),
        }
        let body = body.clone();
        let packed = tokio::task::spawn_blocking(move || compress(&body)).await;
        let packed = packed.map_err(|error| self.away(error.to_string()))?;
        let packed = packed.map_err(|error| self.away(error.to_string()))?;
        self.send(&path, packed.into()).await.map_err(|error| self.fallen(&error))
    }

    /// Waits until these lines, and every body that came before, are in the bucket.
    pub(super) async fn settle(
        self: &Arc<Self>,
        bodies: &[ContentHash],
        lines: Vec<Line>,
    ) -> Result<(), StoreError> {
        let number = {
            let mut groups = self.groups();
            groups.filling.note(lines);
            groups.number
        };
        self.bring_up(number).await?;
        let groups = self.groups();
        match bodies.iter().find_map(|hash| groups.lost.get(hash)) {
            Some(fault) => Err(fault.clone().of_landing(&self.address)),
            None => Ok(()),
        }
    }

    /// Waits until the group of this number is up. Whoever comes first brings it up for all, in a task of its
    /// own: that one of them is stopped must not stop it for the others.
    async fn bring_up(self: &Arc<Self>, number: u64) -> Result<(), StoreError> {
        let bucket = self.clone();
        let done = tokio::spawn(async move { bucket.take_turns(number).await }).await;
        let done = done.unwrap_or_else(|error| Err(Fault::passing(error.to_string())));
        done.map_err(|fault| fault.of_landing(&self.address))
    }

    async fn take_turns(&self, number: u64) -> Result<(), Fault> {
        let _turn = self.turn.lock().await;
        let Some(group) = self.groups().next(number)? else { return Ok(()) };
        let brought = self.send_group(&group).await;
        self.groups().ended(&group, brought.as_ref().err().map(Fault::of))
    }

    async fn send_group(&self, group: &Group) -> Result<(), Error> {
        let number = segment_number();
        let object = format!("{SEGMENTS}/{}", segment_name(number));
        if !group.spots.is_empty() {
            let segment = group.object();
            let bytes = segment.len() as u64;
            self.send(&Path::from(object.as_str()), segment).await?;
            self.catalogue.enter(number, bytes, group.spots.iter().map(|(hash, spot)| (*hash, *spot)));
        }
        let files = group.texts(&object).into_iter().map(|(shelf, text)| {
            let serial = self.written.fetch_add(1, Ordering::Relaxed);
            let path = Path::from(shelf.file(&format!("{}-{serial:06}", self.writer)));
            async move { self.send(&path, text.into()).await }
        });
        stream::iter(files).buffer_unordered(UPLOADS_AT_ONCE).try_collect().await
    }

    /// Writes an object whole; where it was sent before and only the answer was lost, it is the same again.
    async fn send(&self, path: &Path, content: Bytes) -> Result<(), Error> {
        let began = Instant::now();
        if content.len() <= PART_BYTES {
            self.store.put(path, PutPayload::from_bytes(content)).await?;
        } else {
            self.send_in_parts(path, content).await?;
        }
        self.mind_slowness(began.elapsed());
        Ok(())
    }

    async fn send_in_parts(&self, path: &Path, mut content: Bytes) -> Result<(), Error> {
        let upload = self.store.put_multipart(path).await?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
        while !content.is_empty() {
            if let Err(error) = upload.wait_for_capacity(PARTS_AT_ONCE).await {
                // Best effort: what is left of it ends with the bucket's own rules. The error is the first.
                let _ = upload.abort().await;
                return Err(error);
            }
            upload.put(content.split_to(content.len().min(PART_BYTES)));
        }
        upload.finish().await.map(drop)
    }

    /// Writes an object of this name.
    pub(super) async fn write(&self, name: &str, content: Bytes) -> Result<(), StoreError> {
        self.send(&Path::from(name), content).await.map_err(|error| self.fault(error))
    }

    async fn catch_up(&self) -> Result<(), StoreError> {
        self.catalogue.catch_up(self.store.as_ref()).await.map_err(|error| self.fault(error))
    }

    pub(super) fn unless_absent<T>(&self, result: Result<T, Error>) -> Result<Option<T>, StoreError> {
        match result {
            Ok(value) => Ok(Some(value)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.fault(error)),
        }
    }

    /// So that a run whose landing is away ends soon, instead of waiting for it with each document.
    fn refuse_while_resting(&self) -> Result<(), StoreError> {
        match &self.groups().fell {
            Some((at, fault)) if at.elapsed() < self.rest => Err(fault.clone().of_landing(&self.address)),
            _ => Ok(()),
        }
    }

    fn mind_slowness(&self, took: Duration) {
        let mut told = self.told_slow.lock().unwrap_or_else(PoisonError::into_inner);
        if took >= SLOW && told.is_none_or(|told| told.elapsed() >= 6 * SLOW) {
            *told = Some(Instant::now());
            let (landing, duration_ms) = (&self.address, took.as_millis() as u64);
            tracing::warn!(landing, duration_ms, "the landing is slow, and the run waits for it");
        }
    }

    /// An error that others need not run into as well.
    fn fallen(&self, error: &Error) -> StoreError {
        let fault = Fault::of(error);
        self.groups().fell = Some((Instant::now(), fault.clone()));
        fault.of_landing(&self.address)
    }

    pub(super) fn fault(&self, error: Error) -> StoreError {
        fault::of(&self.address, error)
    }

    fn away(&self, reason: String) -> StoreError {
        Fault::passing(reason).of_landing(&self.address)
    }

    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn segment_path(number: u64) -> Path {
    Path::from(format!("{SEGMENTS}/{}", segment_name(number)))
}
