//! Single objects in a bucket that are no bodies: what is exported or backed up, written as it is made and
//! there only once it is whole, and read back as it comes.

use bytes::{Bytes, BytesMut};
use futures::StreamExt as _;
use futures::stream::BoxStream;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt as _, PutPayload, WriteMultipart};
use std::sync::Arc;

use crate::landing::Fault;
use crate::{LandingSpec, S3Spec, StoreError};

/// Longer ones go up in parts of this size, so many at once. Ten thousand are allowed: 160 GB.
const PART_BYTES: usize = 16 * 1024 * 1024;
const PARTS_AT_ONCE: usize = 2;

/// Where one object is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct S3Object {
    bucket: S3Spec,
    key: String,
}

impl S3Object {
    /// Reads `s3://bucket/key`; how to speak to the bucket is told afterwards.
    pub fn parse(text: &str) -> Result<S3Object, StoreError> {
        let LandingSpec::S3(mut bucket) = LandingSpec::parse(text)? else {
            return Err(StoreError::Question(format!(
                "{text:?} is no object; it looks like s3://bucket/key"
            )));
        };
        let key = std::mem::take(&mut bucket.prefix);
        if key.is_empty() || text.ends_with('/') {
            return Err(StoreError::Question(format!(
                "{text:?} names no object in the bucket; it looks like s3://bucket/key"
            )));
        }
        Ok(S3Object { bucket: *bucket, key })
    }

    /// How the bucket is spoken to: endpoint, region, keys.
    pub fn bucket_mut(&mut self) -> &mut S3Spec {
        &mut self.bucket
    }

    /// As users name it.
    pub fn address(&self) -> String {
        format!("s3://{}/{}", self.bucket.bucket, self.key)
    }

    fn client(&self) -> Result<Arc<dyn ObjectStore>, StoreError> {
        self.bucket.client()
    }

    fn path(&self) -> Path {
        Path::from(self.key.as_str())
    }

    /// Begins to write it. Nothing is sent before there is some of it.
    pub fn write(&self) -> Result<Upload, StoreError> {
        let (address, path) = (self.address(), self.path());
        Ok(Upload { address, path, client: self.client()?, held: BytesMut::new(), parts: None })
    }

    /// Begins to read it.
    pub async fn read(&self) -> Result<Download, StoreError> {
        let address = self.address();
        match self.client()?.get(&self.path()).await {
            Ok(found) => Ok(Download { address, chunks: found.into_stream() }),
            Err(Error::NotFound { .. }) => {
                Err(StoreError::Question(format!("there is no {address}; check bucket and key")))
            }
            Err(error) => Err(fault(&address, &error)),
        }
    }
}

/// An object that is being written. Unless it is finished there is none.
pub struct Upload {
    address: String,
    path: Path,
    client: Arc<dyn ObjectStore>,
    /// What is not sent yet, while it may still go in one piece.
    held: BytesMut,
    parts: Option<WriteMultipart>,
}

impl Upload {
    /// As users name it.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Takes the next bytes; waits while too many are on their way.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let sent = self.send(bytes).await;
        sent.map_err(|error| fault(&self.address, &error))
    }

    async fn send(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if let Some(parts) = &mut self.parts {
            parts.wait_for_capacity(PARTS_AT_ONCE).await?;
            parts.write(bytes);
            return Ok(());
        }
        self.held.extend_from_slice(bytes);
        if self.held.len() > PART_BYTES {
            let upload = self.client.put_multipart(&self.path).await?;
            let mut parts = WriteMultipart::new_with_chunk_size(upload, PART_BYTES);
            parts.put(self.held.split().freeze());
            self.parts = Some(parts);
        }
        Ok(())
    }

    /// Makes the object be there, whole.
    pub async fn finish(mut self) -> Result<(), StoreError> {
        let finished = match self.parts.take() {
            Some(parts) => parts.finish().await,
            None => self.client.put(&self.path, PutPayload::from_bytes(self.held.split().freeze())).await,
        };
        finished.map(drop).map_err(|error| fault(&self.address, &error))
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        // Best effort: parts that are left end with the bucket's own rules.
        if let (Some(parts), Ok(runtime)) = (self.parts.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(parts.abort());
        }
    }
}

/// An object that is being read.
pub struct Download {
    address: String,
    chunks: BoxStream<'static, Result<Bytes, Error>>,
}

impl Download {
    /// The next bytes; `None` at its end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StoreError> {
        let next = self.chunks.next().await.transpose();
        next.map_err(|error| fault(&self.address, &error))
    }
}

fn fault(address: &str, error: &Error) -> StoreError {
    Fault::of(error).of_object(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_has_a_bucket_and_a_key() {
        let object = S3Object::parse("s3://board/daily/a b.tar").unwrap();
        assert_eq!((&object.bucket.bucket[..], &object.key[..]), ("board", "daily/a b.tar"));
        assert_eq!(object.address(), "s3://board/daily/a b.tar");
        for wrong in ["s3://board", "s3://board/", "s3://board/folder/", "plain.tar", "gs://board/x"] {
            assert!(matches!(S3Object::parse(wrong), Err(StoreError::Question(_))), "{wrong}");
        }
    }
}
