//! Reading bodies back from a bucket.

use bytes::Bytes;
use futures::TryStreamExt as _;
use model::ContentHash;
use object_store::path::Path;
use object_store::{ObjectMeta, ObjectStore as _, ObjectStoreExt as _};

use super::{Bucket, segment_path};
use crate::StoreError;
use crate::landing::pack::unpack;
use crate::landing::{Stored, absent, damaged, file_name, holds_bodies, segment};

impl Bucket {
    /// The body at `hash`, verified.
    pub(in crate::landing) async fn read(&self, hash: ContentHash) -> Result<Bytes, StoreError> {
        if let Some(packed) = self.groups().packed(hash) {
            return unpack(&packed, hash).map_err(|reason| damaged(&self.address, hash, reason));
        }
        let mut reason = None;
        for again in [false, true] {
            // What is looked for may have come since the bucket was asked, or one copy of it be damaged.
            if again || !self.catalogue.was_asked() {
                self.catch_up().await?;
            }
            for packed in self.copies(hash).await? {
                match unpack(&packed, hash) {
                    Ok(body) => return Ok(body),
                    Err(fault) => reason = Some(fault),
                }
            }
        }
        let absent = || absent(&self.address, hash);
        Err(reason.map_or_else(absent, |reason| damaged(&self.address, hash, reason)))
    }

    /// Every packed copy of a body.
    async fn copies(&self, hash: ContentHash) -> Result<Vec<Bytes>, StoreError> {
        let mut copies = Vec::new();
        for (number, spot) in self.catalogue.find(hash) {
            let path = segment_path(number);
            // Otherwise the segment was written anew since, without it or with it elsewhere.
            if let Some(entry) = self.unless_absent(self.store.get_range(&path, spot.range()).await)?
                && let Some(packed) = segment::entry_of(&entry, hash)
            {
                copies.push(entry.slice_ref(packed));
            }
        }
        if copies.is_empty() {
            let path = Path::from(file_name(hash));
            if let Some(file) = self.unless_absent(self.store.get(&path).await)? {
                copies.push(file.bytes().await.map_err(|error| self.fault(error))?);
            }
        }
        Ok(copies)
    }

    /// Objects that hold bodies, and their bytes.
    pub(in crate::landing) async fn stored(&self) -> Result<Stored, StoreError> {
        let add = |mut stored: Stored, meta: ObjectMeta| async move {
            if meta.location.parts().count() == 2 && meta.location.filename().is_some_and(holds_bodies) {
                stored.objects += 1;
                stored.bytes += meta.size;
            }
            Ok(stored)
        };
        self.store.list(None).try_fold(Stored::default(), add).await.map_err(|error| self.fault(error))
    }
}
