//! Backup and restore: all that a store holds as one file, of one moment, that either database is restored from.
//!
//! The file is a tar archive: what it is, the rows of each table as compressed JSON lines in the order of their
//! keys, landed bodies, and at the end a manifest with the number and the hash of the rows of each table. It
//! is written and read as a stream, a page at a time. A restore is one transaction, and what it wrote is read back
//! and compared with the manifest before it is committed.

mod make;
mod manifest;
mod pages;
mod reader;
mod restore;
mod rows;
mod source;
mod tables;
mod tar;
mod target;
mod writer;

use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};

use crate::StoreError;
use reader::{Piece, Reader};

pub use manifest::{BackupHead, BackupManifest, BackupTable, BodySum, TableSum};
pub use restore::Restored;
pub use source::BackupSource;
pub use target::BackupTarget;

/// What is done about landed bodies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BackupLanding {
    /// They are in the backup.
    Include,
    /// Each is read back from the landing, to know that it is there and sound.
    Check,
    /// Nothing.
    Skip,
}

impl BackupLanding {
    /// As the backup says it.
    pub fn name(self) -> &'static str {
        match self {
            BackupLanding::Include => "include",
            BackupLanding::Check => "check",
            BackupLanding::Skip => "skip",
        }
    }
}

/// How far it is, for whoever watches.
#[derive(Debug, Default)]
pub struct BackupProgress {
    rows: AtomicU64,
    bodies: AtomicU64,
    bytes: AtomicU64,
}

impl BackupProgress {
    /// Rows and bodies so far, and bytes of the backup written or read.
    pub fn so_far(&self) -> (u64, u64, u64) {
        let load = |count: &AtomicU64| count.load(Ordering::Relaxed);
        (load(&self.rows), load(&self.bodies), load(&self.bytes))
    }

    fn rows(&self, more: usize, bytes: u64) {
        self.rows.fetch_add(more as u64, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }

    fn body(&self, bytes: u64) {
        self.bodies.fetch_add(1, Ordering::Relaxed);
        self.bytes.store(bytes, Ordering::Relaxed);
    }
}

/// A backup that was written or read to its end.
#[derive(Debug, Clone)]
pub struct BackedUp {
    /// What it is.
    pub head: BackupHead,
    /// What is in it.
    pub manifest: BackupManifest,
    /// Its size.
    pub bytes: u64,
}

/// How a backup is made.
#[derive(Debug, Clone, Copy)]
pub struct BackupOptions {
    /// Now.
    pub at: DateTime<Utc>,
    /// What is done about landed bodies.
    pub landing: BackupLanding,
}

/// Reads a backup to its end: that it says what it is, and that not a byte of it is other than it was written.
pub async fn verify_backup(source: BackupSource, progress: &BackupProgress) -> Result<BackedUp, StoreError> {
    let mut reader = Reader::open(source).await?;
    loop {
        match reader.next().await? {
            Piece::Rows(_, rows) => progress.rows(rows.len(), reader.read()),
            Piece::Body(..) => progress.body(reader.read()),
            Piece::End(manifest) => {
                return Ok(BackedUp { head: reader.head().clone(), manifest, bytes: reader.read() });
            }
        }
    }
}
