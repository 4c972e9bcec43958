//! Whether a landing can be written to, listed and read, tried with a small file that is removed again.

use std::time::Instant;

use bytes::Bytes;
use futures::TryStreamExt as _;
use object_store::path::Path;
use object_store::{ObjectStoreExt as _, PutPayload};
use serde::Serialize;

use super::bucket::Bucket;
use super::{Landing, Place, aside, unique};
use crate::StoreError;

/// A landing that was tried.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LandingHealth {
    /// `folder`, `bucket` or `memory`.
    pub kind: &'static str,
    /// Where it is, as users name it.
    pub place: String,
    /// How long the write took.
    pub write_us: u64,
}

impl Landing {
    /// Writes, lists, reads and removes a small file of no meaning; the error says what cannot be done.
    pub async fn probe(&self) -> Result<LandingHealth, StoreError> {
        let place = self.address();
        let (kind, write_us) = match self.lasting() {
            Place::Folder(folder) => {
                let folder = folder.clone();
                ("folder", aside(move || folder.probe()).await?)
            }
            Place::Bucket(bucket) => ("bucket", bucket.probe().await?),
            Place::Memory { .. } | Place::Rehearsal(_) => ("memory", 0),
        };
        Ok(LandingHealth { kind, place, write_us })
    }
}

impl Bucket {
    async fn probe(&self) -> Result<u64, StoreError> {
        let (store, path) = (self.objects(), Path::from(format!("probe/{}", unique())));
        let tried = async {
            let began = Instant::now();
            store.put(&path, PutPayload::from_bytes(Bytes::from_static(b"probe"))).await?;
            let took = began.elapsed();
            store.get(&path).await?.bytes().await?;
            let listed: Vec<_> = store.list(Some(&Path::from("probe"))).try_collect().await?;
            drop(listed);
            store.delete(&path).await?;
            Ok(u64::try_from(took.as_micros()).unwrap_or(u64::MAX))
        };
        tried.await.map_err(|error| super::fault::of(self.address(), error))
    }
}
