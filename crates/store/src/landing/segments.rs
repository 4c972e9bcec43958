//! The segments of a landing: numbered files, of which one a process is appended to.
//!
//! A body is kept once a segment. Where each stands is found by going through the heads of the entries
//! when first something is read back; a process that only lands bodies never does that.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use model::ContentHash;

use super::segment::{self, Appender, Entry};

/// A segment that is longer is appended to no more.
const SEGMENT_BYTES: u64 = 32 * 1024 * 1024;

/// All segments in a folder.
#[derive(Debug)]
pub(super) struct Segments {
    folder: PathBuf,
    open: Mutex<Option<Open>>,
    index: Mutex<Index>,
}

/// The segment that this process appends to.
#[derive(Debug)]
struct Open {
    number: u64,
    appender: Appender,
    holds: HashSet<ContentHash>,
}

/// Where each body stands, as far as the segments have been gone through.
#[derive(Debug, Default)]
struct Index {
    /// First bytes of the hash, segment, offset; sorted.
    places: Vec<(u64, u64, u64)>,
    /// For each segment, up to where it is known, and how many bodies live in it.
    known: BTreeMap<u64, Known>,
}

#[derive(Debug, Default)]
struct Known {
    end: u64,
    living: usize,
}

impl Segments {
    pub(super) fn in_folder(folder: PathBuf) -> Segments {
        Segments { folder, open: Mutex::default(), index: Mutex::default() }
    }

    /// True when the segment that is appended to holds the body.
    pub(super) fn has_just_landed(&self, hash: ContentHash) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().is_some_and(|open| open.holds.contains(&hash))
    }

    /// Keeps a packed body, unless the segment that is appended to holds it.
    pub(super) fn append(&self, hash: ContentHash, packed: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.as_ref().is_none_or(|open| open.appender.len() >= SEGMENT_BYTES) {
            let after = open.as_ref().map_or(0, |open| open.number + 1);
            *open = Some(self.next(after)?);
        }
        let Some(open) = open.as_mut() else { return Ok(()) };
        if !open.holds.contains(&hash) {
            open.appender.append(hash, packed)?;
            open.holds.insert(hash);
        }
        Ok(())
    }

    /// The packed body, as often as it is there: more than once when one of them may be damaged.
    pub(super) fn read(&self, hash: ContentHash) -> io::Result<Vec<Vec<u8>>> {
        let packed = self.read_known(hash)?;
        if packed.is_empty() { self.read_anew(hash) } else { Ok(packed) }
    }

    /// The same, after going through what has come since the last time.
    pub(super) fn read_anew(&self, hash: ContentHash) -> io::Result<Vec<Vec<u8>>> {
        self.catch_up()?;
        self.read_known(hash)
    }

    fn read_known(&self, hash: ContentHash) -> io::Result<Vec<Vec<u8>>> {
        let mut packed = Vec::new();
        for (number, entry) in self.find(hash) {
            packed.extend(absent_is_none(segment::read(&self.path(number), entry))?.flatten());
        }
        Ok(packed)
    }

    /// True when a body is there.
    pub(super) fn holds(&self, hash: ContentHash) -> io::Result<bool> {
        Ok(!self.read(hash)?.is_empty())
    }

    /// Erases a body wherever it stands; gives its packed length, when it was there.
    pub(super) fn erase(&self, hash: ContentHash) -> io::Result<Option<u64>> {
        let mut erased = None;
        for (number, entry) in self.find(hash) {
            if let Some(length) = absent_is_none(segment::erase(&self.path(number), entry))?.flatten() {
                erased = Some(erased.unwrap_or(0) + length);
                self.note_erased(number)?;
            }
        }
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(open) = open.as_mut() {
            open.holds.remove(&hash);
        }
        Ok(erased)
    }

    /// The segment that is appended to, when it holds the body.
    pub(super) fn just_landed_in(&self, hash: ContentHash) -> Option<u64> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.as_ref().filter(|open| open.holds.contains(&hash)).map(|open| open.number)
    }

    fn note_erased(&self, number: u64) -> io::Result<()> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = index.known.get_mut(&number) else { return Ok(()) };
        known.living = known.living.saturating_sub(1);
        // The last one stays: its number must not come again with other contents.
        let last = self.numbers()?.last() == Some(&number);
        if last || known.living > 0 || self.grew(number, known.end) {
            return Ok(());
        }
        if absent_is_none(segment::delete_unless_open(&self.path(number)))? == Some(true) {
            index.known.remove(&number);
            index.places.retain(|place| place.1 != number);
        }
        Ok(())
    }

    fn grew(&self, number: u64, end: u64) -> bool {
        fs::metadata(self.path(number)).is_ok_and(|about| about.len() > end)
    }

    fn find(&self, hash: ContentHash) -> Vec<(u64, Entry)> {
        let index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first_bytes(hash);
        let from = index.places.partition_point(|place| place.0 < first);
        let found = index.places[from..].iter().take_while(|place| place.0 == first);
        found.map(|(_, number, offset)| (*number, Entry { hash, offset: *offset })).collect()
    }

    /// Goes through what has come since the last time.
    pub(super) fn catch_up(&self) -> io::Result<()> {
        let mut guard = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        let index = &mut *guard;
        let before = index.places.len();
        for number in self.numbers()? {
            let known = index.known.entry(number).or_default();
            if !self.grew(number, known.end) {
                continue;
            }
            let Some((entries, end)) = absent_is_none(segment::scan(&self.path(number), known.end))? else {
                continue;
            };
            known.end = end;
            known.living += entries.len();
            index.places.extend(entries.iter().map(|e| (first_bytes(e.hash), number, e.offset)));
        }
        if index.places.len() > before {
            index.places.sort_unstable();
        }
        Ok(())
    }

    /// The last segment that nobody else appends to and that has room, or a new one.
    fn next(&self, after: u64) -> io::Result<Open> {
        fs::create_dir_all(&self.folder)?;
        let mut number = self.numbers()?.last().copied().unwrap_or(1).max(after);
        loop {
            let path = self.path(number);
            let full = fs::metadata(&path).is_ok_and(|about| about.len() >= SEGMENT_BYTES);
            if !full
                && let Some((appender, entries)) = Appender::open(&path)?
                // Not deleted between opening and locking it.
                && path.exists()
            {
                return Ok(Open { number, appender, holds: entries.iter().map(|e| e.hash).collect() });
            }
            number += 1;
        }
    }

    /// The numbers of the segments that are there, in order.
    fn numbers(&self) -> io::Result<Vec<u64>> {
        let Some(files) = absent_is_none(fs::read_dir(&self.folder))? else { return Ok(Vec::new()) };
        let mut numbers = Vec::new();
        for file in files {
            let name = file?.file_name();
            numbers.extend(name.to_str().and_then(|name| name.strip_suffix(".bodies")?.parse::<u64>().ok()));
        }
        numbers.sort_unstable();
        Ok(numbers)
    }

    fn path(&self, number: u64) -> PathBuf {
        segment_file(&self.folder, number)
    }
}

pub(super) fn segment_file(folder: &Path, number: u64) -> PathBuf {
    folder.join(segment_name(number))
}

/// The file name of a segment, the same in a folder and in a bucket.
pub(super) fn segment_name(number: u64) -> String {
    format!("{number:06}.bodies")
}

pub(super) fn first_bytes(hash: ContentHash) -> u64 {
    let mut first = [0; 8];
    first.copy_from_slice(&hash.as_bytes()[..8]);
    u64::from_be_bytes(first)
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
