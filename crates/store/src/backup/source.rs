//! Where a backup is read from, as one stream of bytes.

use std::fs::File;
use std::io::{BufReader, ErrorKind, Read};
use std::path::{Path, PathBuf};

use bytes::{Buf as _, Bytes};

use crate::{Download, S3Object, StoreError};

/// Where a backup is.
pub enum BackupSource {
    /// A file.
    File(PathBuf),
    /// Whatever comes.
    Stream(Box<dyn Read + Send>),
    /// An object.
    Object(S3Object),
}

impl BackupSource {
    /// The file at `path`, which can be read.
    pub fn file(path: PathBuf) -> Result<BackupSource, StoreError> {
        open(&path).map(|_| BackupSource::File(path))
    }
}

fn open(path: &Path) -> Result<File, StoreError> {
    let cannot = |error| format!("cannot read the backup {}: {error}; check the path", path.display());
    File::open(path).map_err(|error| StoreError::Question(cannot(error)))
}

/// A backup that is being read.
pub(super) struct Feed {
    from: From,
    /// As people know it.
    pub(super) name: String,
    /// Bytes read so far.
    pub(super) at: u64,
}

enum From {
    Read(Box<dyn Read + Send>),
    Object { download: Download, chunk: Bytes },
}

impl Feed {
    pub(super) async fn open(source: BackupSource) -> Result<Feed, StoreError> {
        let (from, name) = match source {
            BackupSource::File(path) => {
                let file = open(&path)?;
                (From::Read(Box::new(BufReader::with_capacity(1 << 20, file))), path.display().to_string())
            }
            BackupSource::Stream(read) => (From::Read(read), "from standard input".to_owned()),
            BackupSource::Object(object) => {
                let from = From::Object { download: object.read().await?, chunk: Bytes::new() };
                (from, object.address())
            }
        };
        Ok(Feed { from, name, at: 0 })
    }

    /// Fills `buffer` as far as there is something, and gives how far.
    pub(super) async fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, StoreError> {
        let mut filled = 0;
        while filled < buffer.len() {
            let rest = &mut buffer[filled..];
            let more = match &mut self.from {
                From::Read(read) => match read.read(rest) {
                    Ok(more) => more,
                    Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                    Err(error) => return Err(self.damaged(error.to_string())),
                },
                From::Object { download, chunk } => {
                    while chunk.is_empty() {
                        match download.next().await? {
                            Some(next) => *chunk = next,
                            None => break,
                        }
                    }
                    let more = chunk.len().min(rest.len());
                    chunk.copy_to_slice(&mut rest[..more]);
                    more
                }
            };
            if more == 0 {
                break;
            }
            filled += more;
            self.at += more as u64;
        }
        Ok(filled)
    }

    /// Something is wrong with it, where we are.
    pub(super) fn damaged(&self, reason: impl Into<String>) -> StoreError {
        StoreError::Damaged { what: format!("the backup {}", self.name), reason: reason.into() }
    }
}
