//! A landing in a folder on this machine.
//!
//! Most bodies are small and are appended to segments, as making a file for each costs more than reading
//! it; a large one has a file of its own, which goes to a temporary name first, so it is there whole or not
//! at all. Files are not synced one by one: a body lost with the power is found damaged or absent on
//! reading, and said so.

use std::collections::HashMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use model::ContentHash;

use super::index::{Line, Shelf};
use super::pack::{compress, unpack};
use super::segments::{Segments, segment_name};
use super::{Removed, SMALL_BYTES, Stored, file_name, unique};
use crate::StoreError;

/// Files of the index that are kept open; one a source and day that something lands for.
const OPEN_INDEX_FILES: usize = 32;

#[derive(Debug)]
pub(super) struct Folder {
    folder: PathBuf,
    temporary: AtomicU64,
    segments: Segments,
    index: Mutex<HashMap<Shelf, File>>,
    /// The name of the files of the index that this process writes.
    writer: String,
}

impl Folder {
    pub(super) fn new(folder: PathBuf) -> Folder {
        let segments = Segments::in_folder(folder.join("segments"));
        Folder { folder, temporary: AtomicU64::new(0), segments, index: Mutex::default(), writer: unique() }
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    /// Keeps a body; where it is the one `known` from last time and still there, nothing is written.
    pub(super) fn keep(
        &self,
        hash: ContentHash,
        body: &[u8],
        known: Option<ContentHash>,
    ) -> Result<(), StoreError> {
        if known == Some(hash) && self.holds(hash).map_err(|error| self.cannot_read(&error))? {
            return Ok(());
        }
        let kept = if body.len() > SMALL_BYTES {
            self.keep_in_file(hash, body)
        } else {
            self.keep_in_segment(hash, body)
        };
        kept.map_err(|error| self.cannot_write(&error))
    }

    fn holds(&self, hash: ContentHash) -> io::Result<bool> {
        Ok(self.file_of(hash).exists() || self.segments.holds(hash)?)
    }

    fn keep_in_segment(&self, hash: ContentHash, body: &[u8]) -> io::Result<()> {
        if self.segments.has_just_landed(hash) {
            return Ok(());
        }
        self.segments.append(hash, &compress(body)?)
    }

    fn keep_in_file(&self, hash: ContentHash, body: &[u8]) -> io::Result<()> {
        let file = self.file_of(hash);
        if file.exists() {
            return Ok(());
        }
        self.write_whole(&file, &compress(body)?)
    }

    fn write_whole(&self, file: &Path, content: &[u8]) -> io::Result<()> {
        // In the same folder: a rename across folders, or all temporary files in one, is done one at a time.
        let serial = self.temporary.fetch_add(1, Ordering::Relaxed);
        let temporary = file.with_file_name(format!("tmp-{}-{serial}", std::process::id()));
        let written = write_and_rename(&temporary, file, content);
        if written.is_err() {
            // Best effort: the write error is the one to report.
            let _ = fs::remove_file(&temporary);
        }
        written
    }

    /// The body at `hash`, verified.
    pub(super) fn read(&self, hash: ContentHash) -> Result<Bytes, StoreError> {
        let damaged = |reason| super::damaged(&self.folder.display().to_string(), hash, reason);
        match fs::read(self.file_of(hash)) {
            Ok(packed) => return unpack(&packed, hash).map_err(damaged),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(damaged(error.to_string())),
        }
        let mut reason = None;
        // One copy may be damaged, and a sound one in a segment that has come since.
        for look in [Segments::read, Segments::read_anew] {
            for packed in look(&self.segments, hash).map_err(|error| self.cannot_read(&error))? {
                match unpack(&packed, hash) {
                    Ok(body) => return Ok(body),
                    Err(fault) => reason = Some(fault),
                }
            }
        }
        let absent = || super::absent(&self.folder.display().to_string(), hash);
        Err(reason.map_or_else(absent, damaged))
    }

    /// Deletes bodies, and tells how many were there.
    pub(super) fn remove(&self, bodies: &[ContentHash]) -> Result<Removed, StoreError> {
        let remove = || {
            let mut removed = Removed::default();
            self.segments.catch_up()?;
            for hash in bodies {
                let length = [remove_file(&self.file_of(*hash))?, self.segments.erase(*hash)?];
                removed.bodies += u64::from(length.iter().any(Option::is_some));
                removed.bytes += length.into_iter().flatten().sum::<u64>();
            }
            Ok(removed)
        };
        remove().map_err(|error: io::Error| self.cannot_write(&error))
    }

    /// Writes lines into the index, each shelf's with one call.
    pub(super) fn enter(&self, lines: Vec<Line>) -> Result<(), StoreError> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let enter = || {
            for mut line in lines {
                let segment = self.segments.just_landed_in(line.body);
                line.lies_in(segment.map(|number| format!("segments/{}", segment_name(number))));
                let file = match index.get_mut(&line.shelf) {
                    Some(file) => file,
                    None => {
                        if index.len() >= OPEN_INDEX_FILES {
                            index.clear();
                        }
                        let file = self.index_file(&line.shelf)?;
                        index.entry(line.shelf.clone()).or_insert(file)
                    }
                };
                file.write_all(line.text().as_bytes())?;
            }
            Ok(())
        };
        enter().map_err(|error: io::Error| self.cannot_write(&error))
    }

    fn index_file(&self, shelf: &Shelf) -> io::Result<File> {
        let path = self.folder.join(shelf.file(&self.writer));
        make_parent(&path)?;
        OpenOptions::new().append(true).create(true).open(path)
    }

    /// Writes a file of this name into the folder.
    pub(super) fn write(&self, name: &str, content: &[u8]) -> Result<(), StoreError> {
        self.write_whole(&self.folder.join(name), content).map_err(|error| self.cannot_write(&error))
    }

    /// Writes a file of no meaning and removes it, and gives how long that took, in microseconds.
    pub(super) fn probe(&self) -> Result<u64, StoreError> {
        let (name, began) = (format!("probe-{}", unique()), std::time::Instant::now());
        let existed = self.folder.exists();
        self.write(&name, b"probe")?;
        let took = began.elapsed();
        let removed = fs::remove_file(self.folder.join(&name));
        if !existed {
            // What was only looked at is not left behind.
            let _ = fs::remove_dir(&self.folder);
        }
        removed.map_err(|error| self.cannot_write(&error))?;
        Ok(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
    }

    /// Files that hold bodies, and their bytes.
    pub(super) fn stored(&self) -> Result<Stored, StoreError> {
        let mut stored = Stored::default();
        count(&self.folder, 2, &mut stored).map_err(|error| self.cannot_read(&error))?;
        Ok(stored)
    }

    pub(super) fn file_of(&self, hash: ContentHash) -> PathBuf {
        self.folder.join(file_name(hash))
    }

    pub(super) fn cannot_read(&self, error: &io::Error) -> StoreError {
        let what = format!("the landing {}", self.folder.display());
        StoreError::Damaged { what, reason: error.to_string() }
    }

    pub(super) fn cannot_write(&self, error: &io::Error) -> StoreError {
        let path = self.folder.clone();
        match error.kind() {
            io::ErrorKind::StorageFull => StoreError::DiskFull { path },
            _ => StoreError::NotWritable { path, reason: error.to_string() },
        }
    }
}

fn write_and_rename(temporary: &Path, file: &Path, packed: &[u8]) -> io::Result<()> {
    match fs::write(temporary, packed) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            make_parent(temporary)?;
            fs::write(temporary, packed)?;
        }
        written => written?,
    }
    fs::rename(temporary, file)
}

fn make_parent(file: &Path) -> io::Result<()> {
    file.parent().map_or(Ok(()), fs::create_dir_all)
}

/// Deletes a file; gives its length, when it was there.
fn remove_file(file: &Path) -> io::Result<Option<u64>> {
    let removed = fs::metadata(file).and_then(|about| fs::remove_file(file).map(|()| about.len()));
    match removed {
        Ok(length) => Ok(Some(length)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

fn count(folder: &Path, depth: u32, stored: &mut Stored) -> io::Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            if depth > 1 {
                count(&entry.path(), depth - 1, stored)?;
            }
        } else if super::holds_bodies(&entry.file_name().to_string_lossy()) {
            stored.objects += 1;
            stored.bytes += entry.metadata()?.len();
        }
    }
    Ok(())
}
