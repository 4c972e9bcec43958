//! One segment: a file that small bodies are appended to, one entry after the other.
//!
//! An entry is a mark, the packed length, the hash of the body and the packed body. Entries are written
//! whole, with one call; what a kill left half written ends the segment, for whoever reads it and for
//! whoever would append. A segment in a bucket is written whole and has a table of its entries behind
//! the last one, which ends it in the same way.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::Path;

use model::ContentHash;

const LIVING: [u8; 4] = *b"body";
const ERASED: [u8; 4] = *b"gone";

/// Mark, length and hash.
pub(super) const HEAD_BYTES: usize = 4 + 4 + 32;

/// Where a body stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) hash: ContentHash,
    pub(super) offset: u64,
}

/// A segment open for appending. Nobody else appends to it meanwhile.
#[derive(Debug)]
pub(super) struct Appender {
    file: File,
    end: u64,
}

impl Appender {
    /// Opens the segment at `path`, making it where it is absent, and gives what it holds. `None` when
    /// another has it open for appending, or when it does not end with a whole entry.
    pub(super) fn open(path: &Path) -> io::Result<Option<(Appender, Vec<Entry>)>> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        if !locked(&file)? {
            return Ok(None);
        }
        let (entries, end) = scan_file(&file, 0)?;
        let whole = file.metadata()?.len() == end;
        Ok(whole.then_some((Appender { file, end }, entries)))
    }

    /// Appends a body, packed.
    pub(super) fn append(&mut self, hash: ContentHash, packed: &[u8]) -> io::Result<()> {
        let mut entry = Vec::with_capacity(HEAD_BYTES + packed.len());
        write_entry(&mut entry, hash, packed)?;
        if let Err(error) = self.file.write_all(&entry) {
            // Best effort: what is left of it would end the segment.
            let _ = self.file.set_len(self.end);
            return Err(error);
        }
        self.end += entry.len() as u64;
        Ok(())
    }

    /// Its length in bytes.
    pub(super) fn len(&self) -> u64 {
        self.end
    }
}

/// Writes an entry behind what is there.
pub(super) fn write_entry(into: &mut Vec<u8>, hash: ContentHash, packed: &[u8]) -> io::Result<()> {
    let length = u32::try_from(packed.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    into.extend(LIVING);
    into.extend(length.to_le_bytes());
    into.extend(hash.as_bytes());
    into.extend(packed);
    Ok(())
}

/// The packed body of the entry that `bytes` begin with, when it is that of `hash` and whole.
pub(super) fn entry_of(bytes: &[u8], hash: ContentHash) -> Option<&[u8]> {
    let head = read_head(&mut &bytes[..]).ok().flatten()?;
    let length = usize::try_from(head.length).ok()?;
    let packed = bytes.get(HEAD_BYTES..HEAD_BYTES.checked_add(length)?)?;
    (head.living && head.hash == hash).then_some(packed)
}

/// The living entries of a whole segment: hash, offset and packed length of each.
pub(super) fn scan_bytes(bytes: &[u8]) -> Vec<(ContentHash, u64, u32)> {
    let (mut at, mut entries) = (0, Vec::new());
    while let Some(Ok(Some(head))) = bytes.get(at..).map(|mut rest| read_head(&mut rest)) {
        let next = at + HEAD_BYTES + head.length as usize;
        if next > bytes.len() {
            break;
        }
        if head.living {
            entries.push((head.hash, at as u64, head.length));
        }
        at = next;
    }
    entries
}

/// The living entries of the segment at `path` from offset `from` on, and where they end.
pub(super) fn scan(path: &Path, from: u64) -> io::Result<(Vec<Entry>, u64)> {
    scan_file(&File::open(path)?, from)
}

fn scan_file(file: &File, from: u64) -> io::Result<(Vec<Entry>, u64)> {
    let (length, mut end, mut entries) = (file.metadata()?.len(), from, Vec::new());
    let mut reader = BufReader::new(file);
    reader.seek(SeekFrom::Start(from))?;
    while end + HEAD_BYTES as u64 <= length {
        let Some(head) = read_head(&mut reader)? else { break };
        let next = end + HEAD_BYTES as u64 + u64::from(head.length);
        if next > length {
            break;
        }
        if head.living {
            entries.push(Entry { hash: head.hash, offset: end });
        }
        reader.seek_relative(i64::from(head.length))?;
        end = next;
    }
    Ok((entries, end))
}

/// The packed body at `offset`; `None` when the entry there has been erased or is another's.
pub(super) fn read(path: &Path, entry: Entry) -> io::Result<Option<Vec<u8>>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(entry.offset))?;
    let Some(head) = read_head(&mut file)?.filter(|head| head.living && head.hash == entry.hash) else {
        return Ok(None);
    };
    // Not trusted for more memory than the file has.
    let mut packed = Vec::new();
    file.take(u64::from(head.length)).read_to_end(&mut packed)?;
    Ok(Some(packed))
}

/// Overwrites the body of an entry; gives its packed length, when it was there.
pub(super) fn erase(path: &Path, entry: Entry) -> io::Result<Option<u64>> {
    let mut file = OpenOptions::new().read(true).write(true).open(path)?;
    file.seek(SeekFrom::Start(entry.offset))?;
    let Some(head) = read_head(&mut file)?.filter(|head| head.living && head.hash == entry.hash) else {
        return Ok(None);
    };
    file.seek(SeekFrom::Start(entry.offset))?;
    file.write_all(&ERASED)?;
    file.seek(SeekFrom::Start(entry.offset + HEAD_BYTES as u64))?;
    io::copy(&mut io::repeat(0).take(u64::from(head.length)), &mut file)?;
    Ok(Some(u64::from(head.length)))
}

/// Deletes a segment in which nothing lives any more, unless somebody appends to it.
pub(super) fn delete_unless_open(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let free = locked(&file)?;
    if free {
        std::fs::remove_file(path)?;
    }
    Ok(free)
}

struct Head {
    living: bool,
    length: u32,
    hash: ContentHash,
}

/// `None` where no entry begins.
fn read_head(reader: &mut impl Read) -> io::Result<Option<Head>> {
    let mut bytes = [0; HEAD_BYTES];
    match reader.read_exact(&mut bytes) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        read => read?,
    }
    let (mut mark, mut length, mut hash) = ([0; 4], [0; 4], [0; 32]);
    mark.copy_from_slice(&bytes[..4]);
    length.copy_from_slice(&bytes[4..8]);
    hash.copy_from_slice(&bytes[8..]);
    if mark != LIVING && mark != ERASED {
        return Ok(None);
    }
    let (length, hash) = (u32::from_le_bytes(length), ContentHash::from_bytes(hash));
    Ok(Some(Head { living: mark == LIVING, length, hash }))
}

fn locked(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        // A file system without locks: there, one process at a time is for the user to see to.
        Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
