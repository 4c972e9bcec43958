//! Taking bodies out of a bucket. Objects cannot be changed in part: a segment is written anew without
//! them, in its place and only if nobody else did so meanwhile; one in which nothing is left is deleted.

use std::collections::{BTreeMap, HashSet};

use model::ContentHash;
use object_store::path::Path;
use object_store::{
    Error, ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, PutPayload, UpdateVersion,
};

use super::group::Group;
use super::{Bucket, segment_path};
use crate::StoreError;
use crate::landing::{Removed, file_name, segment};

/// How often a segment is tried that others write anew at the same time.
const TRIES: u32 = 5;

impl Bucket {
    /// Deletes bodies, and tells how many were there.
    pub(in crate::landing) async fn remove(&self, bodies: &[ContentHash]) -> Result<Removed, StoreError> {
        self.catch_up().await?;
        let (mut removed, mut found) = (Removed::default(), HashSet::new());
        let mut segments: BTreeMap<u64, HashSet<ContentHash>> = BTreeMap::new();
        for hash in bodies {
            for (number, _) in self.catalogue.find(*hash) {
                segments.entry(number).or_default().insert(*hash);
            }
            if let Some(bytes) = self.delete(&Path::from(file_name(*hash))).await? {
                removed.bytes += bytes;
                found.insert(*hash);
            }
        }
        for (number, hashes) in segments {
            for (hash, bytes) in self.write_without(number, &hashes).await? {
                removed.bytes += bytes;
                found.insert(hash);
            }
        }
        removed.bodies = found.len() as u64;
        Ok(removed)
    }

    /// Deletes an object; gives its length, when it was there.
    async fn delete(&self, path: &Path) -> Result<Option<u64>, StoreError> {
        let Some(meta) = self.unless_absent(self.store.head(path).await)? else { return Ok(None) };
        self.unless_absent(self.store.delete(path).await)?;
        Ok(Some(meta.size))
    }

    /// Writes a segment without these bodies; gives those that it held, with their lengths.
    async fn write_without(
        &self,
        number: u64,
        hashes: &HashSet<ContentHash>,
    ) -> Result<Vec<(ContentHash, u64)>, StoreError> {
        for _ in 0..TRIES {
            match self.try_without(number, hashes).await {
                Err(Error::Precondition { .. }) => {}
                Err(Error::NotFound { .. }) => return Ok(Vec::new()),
                tried => return tried.map_err(|error| self.fault(error)),
            }
        }
        Err(self.away(format!("segment {number} is being changed by others")))
    }

    async fn try_without(
        &self,
        number: u64,
        hashes: &HashSet<ContentHash>,
    ) -> Result<Vec<(ContentHash, u64)>, Error> {
        let path = segment_path(number);
        let got = self.store.get(&path).await?;
        let version = UpdateVersion { e_tag: got.meta.e_tag.clone(), version: got.meta.version.clone() };
        let whole = got.bytes().await?;
        let (mut left, mut taken) = (Group::default(), Vec::new());
        for (hash, offset, packed) in segment::scan_bytes(&whole) {
            let entry = whole.get(offset as usize..).and_then(|entry| segment::entry_of(entry, hash));
            match entry {
                Some(_) if hashes.contains(&hash) => taken.push((hash, u64::from(packed))),
                Some(entry) => left
                    .add(hash, entry)
                    .map_err(|source| Error::Generic { store: "S3", source: source.into() })?,
                None => {}
            }
        }
        self.catalogue.forget(&HashSet::from([number]));
        if left.spots.is_empty() {
            self.store.delete(&path).await?;
        } else if !taken.is_empty() {
            let object = left.object();
            let bytes = object.len() as u64;
            let options = PutOptions { mode: PutMode::Update(version), ..PutOptions::default() };
            self.store.put_opts(&path, PutPayload::from_bytes(object), options).await?;
            self.catalogue.enter(number, bytes, left.spots);
        }
        Ok(taken)
    }
}
