//! The landing: every fetched body, unchanged, under the hash of its content; what is read back is
//! verified. It is a folder or a bucket, in the same layout: small bodies in `segments/`, a large one in a
//! file of its own, and beside them an index by source and day that people and other tools can read.
//!
//! A body that was put may still wait in memory; once its document is settled it is kept, and only then may
//! the document be committed.

mod bucket;
mod fault;
mod folder;
mod index;
mod lines;
mod pack;
mod probe;
mod prune;
mod rows;
mod segment;
mod segments;
mod spec;
#[cfg(test)]
mod tests;
pub(crate) mod warc;

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::ContentHash;

use crate::{LandedDocument, StoreError};
use bucket::Bucket;
pub(crate) use fault::Fault;
use folder::Folder;
use index::Line;
pub(crate) use lines::Amend;
pub use probe::LandingHealth;
pub use prune::{Prune, Pruned};
pub use rows::{LandedQuery, LandingCounts};
pub use spec::{LandingSpec, S3Spec};

/// A longer body gets a file of its own.
const SMALL_BYTES: usize = 256 * 1024;

/// A shorter body is dealt with in less time than handing it to another thread takes.
const HERE_BYTES: usize = 64 * 1024;

/// The bodies of a store. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Landing {
    place: Place,
}

#[derive(Debug, Clone)]
enum Place {
    Folder(Arc<Folder>),
    Bucket(Arc<Bucket>),
    Memory {
        bodies: Arc<Mutex<HashMap<ContentHash, Bytes>>>,
    },
    /// Nothing is kept; what is read is read there.
    Rehearsal(Box<Landing>),
}

/// What was deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Removed {
    /// Bodies that were there.
    pub bodies: u64,
    /// What they took, compressed.
    pub bytes: u64,
}

/// What a landing takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Stored {
    /// Files or objects that hold bodies.
    pub objects: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Landing {
    /// The landing that settings name. Nothing is asked of it yet.
    pub fn of(spec: &LandingSpec) -> Result<Landing, StoreError> {
        Ok(match spec {
            LandingSpec::Folder(folder) => Landing::in_folder(folder),
            LandingSpec::S3(spec) => Landing { place: Place::Bucket(Arc::new(Bucket::new(spec)?)) },
        })
    }

    /// A landing in `folder`, which is made when the first body comes.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Landing {
        Landing { place: Place::Folder(Arc::new(Folder::new(folder.into()))) }
    }

    /// Where bodies of the store at an address are landed, if nothing else is said.
    pub fn beside(address: &crate::Address) -> Landing {
        Landing::in_folder(address.landing_folder())
    }

    /// A landing that ends with the process.
    pub(crate) fn in_memory() -> Landing {
        Landing { place: Place::Memory { bodies: Arc::default() } }
    }

    /// One that keeps nothing, and reads what is in this one: a rehearsal reads each body while it has it in
    /// hand, and keeping them would not be flat.
    pub(crate) fn rehearsal(self) -> Landing {
        Landing { place: Place::Rehearsal(Box::new(self)) }
    }

    /// Takes a body and gives its address.
    pub async fn put(&self, body: &Bytes) -> Result<ContentHash, StoreError> {
        self.take(body, None).await
    }

    /// As [`Landing::put`], for a document whose body was `known` the last time: where it is the same
    /// and still there, nothing is written.
    pub async fn put_again(&self, body: &Bytes, known: ContentHash) -> Result<ContentHash, StoreError> {
        self.take(body, Some(known)).await
    }

    async fn take(&self, body: &Bytes, known: Option<ContentHash>) -> Result<ContentHash, StoreError> {
        match &self.place {
            Place::Folder(folder) => {
                let (folder, kept) = (folder.clone(), body.clone());
                let keep = move || {
                    let hash = ContentHash::of(&kept);
                    folder.keep(hash, &kept, known).map(|()| hash)
                };
                if body.len() <= HERE_BYTES { keep() } else { aside(keep).await }
            }
            Place::Bucket(bucket) => {
                let hash = ContentHash::of(body);
                bucket.keep(hash, body, known).await?;
                Ok(hash)
            }
            Place::Memory { bodies } => {
                let hash = ContentHash::of(body);
                bodies.lock().unwrap_or_else(PoisonError::into_inner).insert(hash, body.clone());
                Ok(hash)
            }
            Place::Rehearsal(_) => Ok(ContentHash::of(body)),
        }
    }

    /// Waits until the bodies of these documents are kept, and enters the documents in the index. To be
    /// called before they are committed.
    pub async fn settle(&self, documents: &[LandedDocument]) -> Result<(), StoreError> {
        let lines: Vec<Line> = documents.iter().filter_map(Line::of).collect();
        let bodies: Vec<ContentHash> = lines.iter().map(|line| line.body).collect();
        self.settle_lines(&bodies, lines).await
    }

    /// The same for bodies that may stand for no document of these.
    pub(crate) async fn settle_bodies(
        &self,
        bodies: &[ContentHash],
        documents: &[LandedDocument],
    ) -> Result<(), StoreError> {
        self.settle_lines(bodies, documents.iter().filter_map(Line::of).collect()).await
    }

    async fn settle_lines(&self, bodies: &[ContentHash], lines: Vec<Line>) -> Result<(), StoreError> {
        if bodies.is_empty() && lines.is_empty() {
            return Ok(());
        }
        match &self.place {
            Place::Folder(folder) => folder.enter(lines),
            Place::Bucket(bucket) => bucket.settle(bodies, lines).await,
            Place::Memory { .. } | Place::Rehearsal(_) => Ok(()),
        }
    }

    /// The body at `hash`, verified.
    pub async fn get(&self, hash: ContentHash) -> Result<Bytes, StoreError> {
        match self.lasting() {
            Place::Folder(folder) => {
                let folder = folder.clone();
                aside(move || folder.read(hash)).await
            }
            Place::Bucket(bucket) => bucket.read(hash).await,
            Place::Memory { bodies } => {
                let bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                bodies.get(&hash).cloned().ok_or_else(|| absent("in memory", hash))
            }
            Place::Rehearsal(_) => Err(absent("of a rehearsal", hash)),
        }
    }

    /// Deletes bodies, wherever they stand. A kill in between leaves some of them; again removes the rest.
    pub(crate) async fn remove(&self, bodies: Vec<ContentHash>) -> Result<Removed, StoreError> {
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                aside(move || folder.remove(&bodies)).await
            }
            Place::Bucket(bucket) => bucket.remove(&bodies).await,
            Place::Memory { bodies: kept } => {
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                let gone: Vec<Bytes> = bodies.iter().filter_map(|hash| kept.remove(hash)).collect();
                let bytes = gone.iter().map(|body| body.len() as u64).sum();
                Ok(Removed { bodies: gone.len() as u64, bytes })
            }
            Place::Rehearsal(_) => Ok(Removed::default()),
        }
    }

    /// Writes a file that is no body, under this name within the landing.
    async fn write(&self, name: String, content: Bytes) -> Result<(), StoreError> {
        match &self.place {
            Place::Folder(folder) => {
                let folder = folder.clone();
                aside(move || folder.write(&name, &content)).await
            }
            Place::Bucket(bucket) => bucket.write(&name, content).await,
            Place::Memory { .. } | Place::Rehearsal(_) => Ok(()),
        }
    }

    /// What it takes; that of what it holds in memory.
    pub async fn stored(&self) -> Result<Stored, StoreError> {
        match self.lasting() {
            Place::Folder(folder) => {
                let folder = folder.clone();
                aside(move || folder.stored()).await
            }
            Place::Bucket(bucket) => bucket.stored().await,
            Place::Memory { bodies } => {
                let bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                let bytes = bodies.values().map(|body| body.len() as u64).sum();
                Ok(Stored { objects: bodies.len() as u64, bytes })
            }
            Place::Rehearsal(_) => Ok(Stored::default()),
        }
    }

    /// Where it is, as users name it.
    pub fn address(&self) -> String {
        match self.lasting() {
            Place::Folder(folder) => folder.path().display().to_string(),
            Place::Bucket(bucket) => bucket.address().to_owned(),
            Place::Memory { .. } | Place::Rehearsal(_) => "in memory".to_owned(),
        }
    }

    /// Where the bodies are that outlive a rehearsal.
    fn lasting(&self) -> &Place {
        match &self.place {
            Place::Rehearsal(under) => under.lasting(),
            place => place,
        }
    }
}

/// Does what blocks on another thread.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        // It is never cancelled: what it did was to panic.
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}

/// The file or object of a large body.
fn file_name(hash: ContentHash) -> String {
    let hex = hash.to_hex();
    let (first, rest) = hex.split_at(2);
    format!("{first}/{rest}.zst")
}

/// Whether a file of this name holds bodies.
fn holds_bodies(name: &str) -> bool {
    name.ends_with(".bodies") || name.ends_with(".zst")
}

/// A name that no other process gives.
fn unique() -> String {
    format!("{:x}", segment_number())
}

/// A number that no other process gives, higher than those before: microseconds, then chance.
fn segment_number() -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    let chance = RandomState::new().hash_one(std::process::id()) & 0xfff;
    ((since.as_micros() as u64) << 12) | chance
}

fn absent(landing: &str, hash: ContentHash) -> StoreError {
    StoreError::NoBody { hash: hash.to_hex(), landing: landing.to_owned() }
}

fn damaged(landing: &str, hash: ContentHash, reason: String) -> StoreError {
    StoreError::Damaged { what: format!("the landed body {} in {landing}", hash.to_hex()), reason }
}
