//! The landing: every fetched body, unchanged, under the hash of its content; what is read back is
//! verified. Most bodies are small and are appended to segments, as making a file for each costs more
//! than reading it; a large one has a file of its own.
//!
//! A large body goes to a temporary name first, so a body is there whole or not at all. Files are not
//! synced one by one: a body lost with the power is found damaged or absent on reading, and said so.

mod segment;
mod segments;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::ContentHash;

use crate::StoreError;

use segments::Segments;

/// Fast, and still a fifth to a tenth of the size for markup.
const ZSTD_LEVEL: i32 = 1;

/// A longer body gets a file of its own.
const SMALL_BYTES: usize = 256 * 1024;

/// No landed body decompresses to more; fetch caps bodies well below.
const MAX_BODY_BYTES: usize = 1 << 30;

/// The bodies of a store. Cheap to clone. Its calls block for one small file operation.
#[derive(Debug, Clone)]
pub struct Landing {
    place: Arc<Place>,
}

#[derive(Debug)]
enum Place {
    Folder { folder: PathBuf, temporary: AtomicU64, segments: Segments },
    Memory { bodies: Mutex<HashMap<ContentHash, Bytes>>, under: Option<Landing> },
}

thread_local! {
    /// Compression contexts are large; each thread keeps one.
    static COMPRESSOR: std::cell::RefCell<Option<zstd::bulk::Compressor<'static>>> =
        const { std::cell::RefCell::new(None) };
}

impl Landing {
    /// A landing in `folder`, which is made when the first body comes.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Landing {
        let folder = folder.into();
        let segments = Segments::in_folder(folder.join("segments"));
        Landing { place: Arc::new(Place::Folder { folder, temporary: AtomicU64::new(0), segments }) }
    }

    /// A landing that ends with the process. What it lacks is looked up in `under`, which is never
    /// written.
    pub(crate) fn in_memory(under: Option<Landing>) -> Landing {
        let bodies = Mutex::new(HashMap::new());
        Landing { place: Arc::new(Place::Memory { bodies, under }) }
    }

    /// Keeps a body and gives its address.
    pub fn put(&self, body: &[u8]) -> Result<ContentHash, StoreError> {
        let hash = ContentHash::of(body);
        self.keep(hash, body)?;
        Ok(hash)
    }

    /// As [`Landing::put`], for a document whose body was `known` the last time: where it is the same
    /// and still there, nothing is written.
    pub fn put_again(&self, body: &[u8], known: ContentHash) -> Result<ContentHash, StoreError> {
        let hash = ContentHash::of(body);
        if hash != known || !self.holds(hash)? {
            self.keep(hash, body)?;
        }
        Ok(hash)
    }

    fn keep(&self, hash: ContentHash, body: &[u8]) -> Result<(), StoreError> {
        match &*self.place {
            Place::Folder { folder, temporary, segments } => {
                let kept = if body.len() > SMALL_BYTES {
                    keep_in_file(folder, hash, body, temporary.fetch_add(1, Ordering::Relaxed))
                } else {
                    keep_in_segment(segments, hash, body)
                };
                kept.map_err(|error| cannot_write(folder, &error))?;
            }
            // A rehearsal reads each body while it has it in hand; keeping them would not be flat.
            Place::Memory { under: Some(_), .. } => {}
            Place::Memory { bodies, under: None } => {
                let mut bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                bodies.insert(hash, Bytes::copy_from_slice(body));
            }
        }
        Ok(())
    }

    fn holds(&self, hash: ContentHash) -> Result<bool, StoreError> {
        match &*self.place {
            Place::Folder { folder, segments, .. } => {
                let held = || Ok(file_of(folder, hash).exists() || segments.holds(hash)?);
                held().map_err(|error: io::Error| cannot_read(folder, &error))
            }
            Place::Memory { under: Some(under), .. } => under.holds(hash),
            Place::Memory { bodies, under: None } => {
                Ok(bodies.lock().unwrap_or_else(PoisonError::into_inner).contains_key(&hash))
            }
        }
    }

    /// The body at `hash`, verified.
    pub fn get(&self, hash: ContentHash) -> Result<Bytes, StoreError> {
        match &*self.place {
            Place::Folder { folder, segments, .. } => read(folder, segments, hash),
            Place::Memory { under: Some(under), .. } => under.get(hash),
            Place::Memory { bodies, under: None } => {
                let bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                bodies.get(&hash).cloned().ok_or_else(|| absent(hash, Path::new("in memory")))
            }
        }
    }

    /// Deletes the body at `hash`; true when it was there.
    pub(crate) fn remove(&self, hash: ContentHash) -> Result<bool, StoreError> {
        match &*self.place {
            Place::Folder { folder, segments, .. } => {
                let removed = || Ok(remove_file(&file_of(folder, hash))? | segments.erase(hash)?);
                removed().map_err(|error: io::Error| cannot_write(folder, &error))
            }
            Place::Memory { under: Some(_), .. } => Ok(false),
            Place::Memory { bodies, under: None } => {
                let mut bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                Ok(bodies.remove(&hash).is_some())
            }
        }
    }

    /// The folder, where there is one.
    pub fn folder(&self) -> Option<&Path> {
        match &*self.place {
            Place::Folder { folder, .. } => Some(folder),
            Place::Memory { under, .. } => under.as_ref().and_then(Landing::folder),
        }
    }
}

fn keep_in_segment(segments: &Segments, hash: ContentHash, body: &[u8]) -> io::Result<()> {
    if segments.has_just_landed(hash) {
        return Ok(());
    }
    segments.append(hash, &compress(body)?)
}

fn keep_in_file(folder: &Path, hash: ContentHash, body: &[u8], serial: u64) -> io::Result<()> {
    let file = file_of(folder, hash);
    if file.exists() {
        return Ok(());
    }
    let packed = compress(body)?;
    // In the same folder: a rename across folders, or all temporary files in one, is done one at a time.
    let temporary = file.with_file_name(format!("tmp-{}-{serial}", std::process::id()));
    let written = write_and_rename(&temporary, &file, &packed);
    if written.is_err() {
        // Best effort: the write error is the one to report.
        let _ = std::fs::remove_file(&temporary);
    }
    written
}

fn write_and_rename(temporary: &Path, file: &Path, packed: &[u8]) -> io::Result<()> {
    match std::fs::write(temporary, packed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_parent(temporary)?;
            std::fs::write(temporary, packed)?;
        }
        written => written?,
    }
    std::fs::rename(temporary, file)
}

fn make_parent(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), std::fs::create_dir_all)
}

fn compress(body: &[u8]) -> io::Result<Vec<u8>> {
    COMPRESSOR.with_borrow_mut(|kept| {
        let compressor = match kept {
            Some(compressor) => compressor,
            None => kept.insert(zstd::bulk::Compressor::new(ZSTD_LEVEL)?),
        };
        compressor.compress(body)
    })
}

fn read(folder: &Path, segments: &Segments, hash: ContentHash) -> Result<Bytes, StoreError> {
    let file = file_of(folder, hash);
    match std::fs::read(&file) {
        Ok(packed) => return unpack(&packed, hash).map_err(|reason| damaged(folder, hash, reason)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(damaged(folder, hash, error.to_string())),
    }
    let mut reason = None;
    // One copy may be damaged, and a sound one in a segment that has come since.
    for look in [Segments::read, Segments::read_anew] {
        for packed in look(segments, hash).map_err(|error| cannot_read(folder, &error))? {
            match unpack(&packed, hash) {
                Ok(body) => return Ok(body),
                Err(fault) => reason = Some(fault),
            }
        }
    }
    Err(reason.map_or_else(|| absent(hash, folder), |reason| damaged(folder, hash, reason)))
}

/// The body, verified, or what is wrong with it.
fn unpack(packed: &[u8], hash: ContentHash) -> Result<Bytes, String> {
    let size = zstd::bulk::Decompressor::upper_bound(packed).unwrap_or(0);
    if size > MAX_BODY_BYTES {
        return Err(format!("it claims to hold {size} bytes"));
    }
    let body = zstd::bulk::decompress(packed, size).map_err(|error| error.to_string())?;
    if ContentHash::of(&body) != hash {
        return Err("its content has another hash".to_owned());
    }
    Ok(body.into())
}

fn remove_file(file: &Path) -> io::Result<bool> {
    match std::fs::remove_file(file) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn file_of(folder: &Path, hash: ContentHash) -> PathBuf {
    let hex = hash.to_hex();
    let (first, rest) = hex.split_at(2);
    folder.join(first).join(format!("{rest}.zst"))
}

fn absent(hash: ContentHash, folder: &Path) -> StoreError {
    StoreError::NoBody { hash: hash.to_hex(), folder: folder.to_owned() }
}

fn damaged(folder: &Path, hash: ContentHash, reason: String) -> StoreError {
    let what = format!("the landed body {} in {}", hash.to_hex(), folder.display());
    StoreError::Damaged { what, reason }
}

fn cannot_read(folder: &Path, error: &io::Error) -> StoreError {
    let what = format!("the landing {}", folder.display());
    StoreError::Damaged { what, reason: error.to_string() }
}

fn cannot_write(folder: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull => StoreError::DiskFull { path: folder.to_owned() },
        _ => StoreError::NotWritable { path: folder.to_owned(), reason: error.to_string() },
    }
}
