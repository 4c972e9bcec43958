//! Writes the members of a backup, one after the other.

use super::manifest::{BackupHead, BackupManifest};
use super::tar::{self, BLOCK, Member, padding};
use super::target::{BackupTarget, Sink};
use crate::StoreError;

/// What a backup is written with.
pub(super) struct Writer {
    sink: Sink,
    hash: blake3::Hasher,
    written: u64,
    at: u64,
}

impl Writer {
    /// `at`: the time that tools show, in seconds since 1970.
    pub(super) async fn begin(
        target: BackupTarget,
        at: u64,
        head: &BackupHead,
    ) -> Result<Writer, StoreError> {
        let mut writer = Writer { sink: Sink::open(target)?, hash: blake3::Hasher::new(), written: 0, at };
        writer.member("callboard", &pretty(head), ".json").await?;
        Ok(writer)
    }

    /// Writes a member whose name is `head`, some of its hash, `tail`.
    pub(super) async fn member(&mut self, head: &str, content: &[u8], tail: &str) -> Result<(), StoreError> {
        let size = content.len() as u64;
        let member = Member { name: tar::name(head, content, tail), size, at: self.at };
        self.write(&member.head()).await?;
        self.write(content).await?;
        self.write(&[0; BLOCK][..padding(size)]).await
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.hash.update(bytes);
        self.written += bytes.len() as u64;
        self.sink.write(bytes).await
    }

    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// Ends it, and gives its size.
    pub(super) async fn finish(mut self, manifest: &mut BackupManifest) -> Result<u64, StoreError> {
        manifest.blake3 = self.hash.finalize().to_hex().to_string();
        self.member("manifest", &pretty(manifest), ".json").await?;
        self.write(&[0; 2 * BLOCK]).await?;
        self.sink.finish().await?;
        Ok(self.written)
    }
}

fn pretty(value: &impl serde::Serialize) -> Vec<u8> {
    // Texts, numbers and lists of them always serialise.
    let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
    text.push(b'\n');
    text
}
