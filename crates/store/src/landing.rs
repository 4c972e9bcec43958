//! The landing: every fetched body, unchanged, under the hash of its content. The same body is kept
//! once, however often it comes; what is read back is verified.
//!
//! Writing goes to a temporary name first, so a body is there whole or not at all. Files are not
//! synced one by one: a body lost with the power is found damaged or absent on reading, and said so.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use model::ContentHash;

use crate::StoreError;

/// Fast, and still a fifth to a tenth of the size for markup.
const ZSTD_LEVEL: i32 = 1;

/// No landed body decompresses to more; fetch caps bodies well below.
const MAX_BODY_BYTES: usize = 1 << 30;

/// The bodies of a store. Cheap to clone. Its calls block for one small file operation.
#[derive(Debug, Clone)]
pub struct Landing {
    place: Arc<Place>,
}

#[derive(Debug)]
enum Place {
    Folder { folder: PathBuf, temporary: AtomicU64 },
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
        let place = Place::Folder { folder: folder.into(), temporary: AtomicU64::new(0) };
        Landing { place: Arc::new(place) }
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
        match &*self.place {
            Place::Folder { folder, temporary } => {
                let serial = temporary.fetch_add(1, Ordering::Relaxed);
                keep(folder, hash, body, serial).map_err(|error| cannot_write(folder, &error))?;
            }
            // A rehearsal reads each body while it has it in hand; keeping them would not be flat.
            Place::Memory { under: Some(_), .. } => {}
            Place::Memory { bodies, under: None } => {
                let mut bodies = bodies.lock().unwrap_or_else(PoisonError::into_inner);
                bodies.insert(hash, Bytes::copy_from_slice(body));
            }
        }
        Ok(hash)
    }

    /// The body at `hash`, verified.
    pub fn get(&self, hash: ContentHash) -> Result<Bytes, StoreError> {
        match &*self.place {
            Place::Folder { folder, .. } => read(folder, hash),
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
            Place::Folder { folder, .. } => match std::fs::remove_file(file_of(folder, hash)) {
                Ok(()) => Ok(true),
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
                Err(error) => Err(cannot_write(folder, &error)),
            },
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

fn keep(folder: &Path, hash: ContentHash, body: &[u8], serial: u64) -> io::Result<()> {
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

fn read(folder: &Path, hash: ContentHash) -> Result<Bytes, StoreError> {
    let file = file_of(folder, hash);
    let damaged =
        |reason: String| StoreError::Damaged { what: format!("the landed body {}", file.display()), reason };
    let packed = match std::fs::read(&file) {
        Ok(packed) => packed,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Err(absent(hash, folder)),
        Err(error) => return Err(damaged(error.to_string())),
    };
    let size = zstd::bulk::Decompressor::upper_bound(&packed).unwrap_or(0);
    if size > MAX_BODY_BYTES {
        return Err(damaged(format!("it claims to hold {size} bytes")));
    }
    let body = zstd::bulk::decompress(&packed, size).map_err(|error| damaged(error.to_string()))?;
    if ContentHash::of(&body) != hash {
        return Err(damaged("its content has another hash".to_owned()));
    }
    Ok(body.into())
}

fn file_of(folder: &Path, hash: ContentHash) -> PathBuf {
    let hex = hash.to_hex();
    let (first, rest) = hex.split_at(2);
    folder.join(first).join(format!("{rest}.zst"))
}

fn absent(hash: ContentHash, folder: &Path) -> StoreError {
    StoreError::NoBody { hash: hash.to_hex(), folder: folder.to_owned() }
}

fn cannot_write(folder: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull => StoreError::DiskFull { path: folder.to_owned() },
        _ => StoreError::NotWritable { path: folder.to_owned(), reason: error.to_string() },
    }
}
