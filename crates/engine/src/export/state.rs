//! The notes beside a file that is being written: what was asked for, then a line for each place from
//! which it can be gone on with. A line that was cut short is none. Going on, the file is read through
//! and goes on from the last line whose bytes are as they were: after a loss of power that may be an
//! earlier one than the last.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sha2::Digest;
use store::Extent;

use super::{ExportError, Reached, Wanted};

/// Goes up when notes of before can no longer be gone on with.
const VERSION: u32 = 1;

/// The first line.
#[derive(Serialize, Deserialize)]
struct Head {
    callboard_export: u32,
    asked: Map<String, Value>,
    last_row: i64,
    last_change: i64,
}

/// A place from which it can be gone on with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Mark {
    after: i64,
    last: Option<(i64, String)>,
    rows: u64,
    bytes: u64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    left_out: BTreeMap<String, u64>,
    /// Of the bytes so far.
    sha256: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    note: String,
}

impl Mark {
    pub(super) fn of(reached: &Reached, note: String) -> Mark {
        Mark {
            after: reached.after,
            last: reached.last.clone(),
            rows: reached.rows,
            bytes: reached.bytes,
            left_out: reached.left_out.clone(),
            sha256: reached.digest(),
            note,
        }
    }
}

/// What was found.
pub(super) struct Found {
    pub(super) extent: Extent,
    pub(super) marks: Vec<Line>,
    pub(super) head_bytes: u64,
}

/// A mark, and where its line ends.
pub(super) struct Line {
    mark: Mark,
    ends: u64,
}

/// The open notes.
pub(super) struct Notes {
    path: PathBuf,
    file: File,
}

impl Notes {
    pub(super) fn begin(path: &Path, wanted: &Wanted, extent: Extent) -> io::Result<Notes> {
        let head = Head {
            callboard_export: VERSION,
            asked: wanted.asked(),
            last_row: extent.last_row,
            last_change: extent.last_change,
        };
        let mut notes = Notes { path: path.to_owned(), file: File::create(path)? };
        notes.line(&head)?;
        Ok(notes)
    }

    /// Behind the line that it is gone on from, whose end is `lines`, or the head.
    pub(super) fn go_on(path: &Path, head: u64, lines: Option<u64>) -> io::Result<Notes> {
        let mut file = File::options().read(true).write(true).open(path)?;
        at_end(&mut file, lines.unwrap_or(head))?;
        Ok(Notes { path: path.to_owned(), file })
    }

    pub(super) fn add(&mut self, mark: &Mark) -> io::Result<()> {
        self.line(mark)
    }

    fn line(&mut self, value: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(value)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }

    pub(super) fn remove(self) -> io::Result<()> {
        std::fs::remove_file(&self.path)
    }
}

/// Cuts a file off here and goes on writing there.
pub(super) fn at_end(file: &mut File, end: u64) -> io::Result<()> {
    file.set_len(end)?;
    file.seek(SeekFrom::Start(end)).map(drop)
}

/// Reads notes, and sees that they fit what is wanted now.
pub(super) fn read(path: &Path, wanted: &Wanted, now: Extent) -> Result<Found, ExportError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|source| ExportError::Write { to: shown.to_string(), source })?;
    let refuse = |why: String| ExportError::Usage(format!("cannot go on: {why}; export without --resume"));
    let (first, rest) = text.split_once('\n').unwrap_or((&text, ""));
    let head: Head =
        serde_json::from_str(first).map_err(|_| refuse(format!("{shown} is not what an export leaves")))?;
    if head.callboard_export != VERSION {
        return Err(refuse("another version of callboard began it".to_owned()));
    }
    if let Some((name, before)) =
        wanted.asked().iter().find_map(|(name, value)| differs(&head.asked, name, value))
    {
        return Err(refuse(format!("it was begun with {name} {before}")));
    }
    if now.last_change < head.last_change || now.last_row < head.last_row {
        return Err(refuse("it was begun on another store, which holds more".to_owned()));
    }
    let head_bytes = first.len() as u64 + 1;
    let mut ends = head_bytes;
    let mut marks = Vec::new();
    for line in rest.split_inclusive('\n').take_while(|line| line.ends_with('\n')) {
        let Ok(mark) = serde_json::from_str(line) else { break };
        ends += line.len() as u64;
        marks.push(Line { mark, ends });
    }
    Ok(Found { extent: Extent { last_row: head.last_row, last_change: head.last_change }, marks, head_bytes })
}

fn differs(asked: &Map<String, Value>, name: &str, now: &Value) -> Option<(String, String)> {
    let before = asked.get(name).unwrap_or(&Value::Null);
    (before != now).then(|| (name.to_owned(), before.to_string()))
}

/// How far the bytes of the file are those that were noted; with what was noted up to there, and where
/// the last line that holds ends.
pub(super) fn verified(file: &mut File, lines: Vec<Line>) -> io::Result<(Reached, Vec<String>, Option<u64>)> {
    file.seek(SeekFrom::Start(0))?;
    let (mut reached, mut notes, mut ends) = (Reached::nothing(), Vec::new(), None);
    let mut hash = reached.hash.clone();
    let mut at = 0;
    for Line { mark, ends: end } in lines {
        let whole = mark.bytes >= at && digest(file, mark.bytes - at, &mut hash)?;
        if !whole || format!("{:x}", hash.clone().finalize()) != mark.sha256 {
            break;
        }
        at = mark.bytes;
        let (after, last, rows, bytes, left_out) =
            (mark.after, mark.last, mark.rows, mark.bytes, mark.left_out);
        reached = Reached { after, last, rows, bytes, left_out, hash: hash.clone() };
        notes.push(mark.note);
        ends = Some(end);
    }
    Ok((reached, notes, ends))
}

/// Takes so many bytes in; false where the file ends before.
fn digest(file: &mut File, mut bytes: u64, hash: &mut sha2::Sha256) -> io::Result<bool> {
    let mut buffer = [0_u8; 65_536];
    while bytes > 0 {
        let most = usize::try_from(bytes).unwrap_or(usize::MAX).min(buffer.len());
        let read = file.read(&mut buffer[..most])?;
        if read == 0 {
            return Ok(false);
        }
        hash.update(&buffer[..read]);
        bytes -= read as u64;
    }
    Ok(true)
}
