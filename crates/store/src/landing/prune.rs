//! Pruning: bodies that have become old are removed; what was learnt from them stays. A body that a
//! document's last reading stands on is kept whatever its age, unless it is asked for too.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use model::{ContentHash, SourceName};
use serde::Serialize;
use serde_json::json;

use super::rows::Candidate;
use super::unique;
use crate::{Store, StoreError};

/// Bodies that are removed together. A kill makes at most so many to be looked at again.
const TOGETHER: u32 = 1_000;

/// What to remove.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prune {
    /// Bodies that were last fetched before.
    pub before: DateTime<Utc>,
    /// Only those that no other source landed.
    pub source: Option<SourceName>,
    /// Those too that the last reading of a document stands on: it is fetched and read anew then.
    pub current: bool,
    /// Tell, and remove nothing.
    pub dry_run: bool,
    /// Now.
    pub now: DateTime<Utc>,
}

/// What was removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// Bodies.
    pub bodies: u64,
    /// What they held, decompressed.
    pub bytes: u64,
    /// What they took in the landing.
    pub stored_bytes: u64,
    /// Files within the landing that say which they were.
    pub records: Vec<String>,
}

impl Store {
    /// Removes old bodies, some at a time: first it is written down which, then they go, then the store
    /// forgets them. Killed in between, the next pruning goes on with the same ones.
    pub async fn prune(&self, prune: &Prune) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        let mut after = String::new();
        loop {
            let candidates = self.prunable(prune, &after, TOGETHER).await?;
            let Some(last) = candidates.last() else { return Ok(pruned) };
            after = last.hash.to_hex();
            pruned.bodies += candidates.len() as u64;
            pruned.bytes += candidates.iter().map(|candidate| candidate.size_bytes).sum::<u64>();
            if !prune.dry_run {
                let record = format!("pruned/{}/{}.ndjson", prune.now.date_naive(), unique());
                self.landing().write(record.clone(), record_of(&candidates, prune.now)).await?;
                pruned.records.push(record);
                let bodies: Vec<ContentHash> = candidates.iter().map(|candidate| candidate.hash).collect();
                pruned.stored_bytes += self.landing().remove(bodies.clone()).await?.bytes;
                self.forget_bodies(&bodies).await?;
            }
        }
    }
}

fn record_of(candidates: &[Candidate], now: DateTime<Utc>) -> Bytes {
    let line = |candidate: &Candidate| {
        let Candidate { hash, size_bytes, fetched_at, source } = candidate;
        let (body, removed_at) = (hash.to_hex(), now.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
        let line = json!({
            "body": body, "size_bytes": size_bytes, "fetched_at": fetched_at, "source": source,
            "removed_at": removed_at,
        });
        format!("{line}\n")
    };
    candidates.iter().map(line).collect::<String>().into()
}
