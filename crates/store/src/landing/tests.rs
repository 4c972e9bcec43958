//! Bodies in and out of every kind of landing.

mod conformance;
mod faults;
mod folder;
mod lines;
mod pruning;

use std::time::Duration;

use bytes::Bytes;
use model::ContentHash;
use testkit::servers::{S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, Server};

use super::{Landing, LandingSpec};
use crate::StoreError;

/// A body that does not compress.
fn noise(bytes: usize, mut seed: u64) -> Vec<u8> {
    let mut next = || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed.to_le_bytes()[3]
    };
    (0..bytes).map(|_| next()).collect()
}

async fn put(landing: &Landing, body: &[u8]) -> ContentHash {
    landing.put(&Bytes::copy_from_slice(body)).await.unwrap()
}

async fn remove(landing: &Landing, body: ContentHash) -> bool {
    landing.remove(vec![body]).await.unwrap().bodies == 1
}

async fn damaged(landing: &Landing, hash: ContentHash) {
    let error = landing.get(hash).await.unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

async fn absent(landing: &Landing, hash: ContentHash) {
    let error = landing.get(hash).await.unwrap_err();
    assert!(matches!(error, StoreError::NoBody { .. }), "{error}");
}

/// A landing in the bucket of the tests, or before it, in a prefix of its own.
fn bucket(endpoint: &str, prefix: &str) -> LandingSpec {
    let spec = LandingSpec::parse(&format!("s3://callboard/{prefix}")).unwrap();
    let LandingSpec::S3(mut spec) = spec else { panic!("it is a bucket") };
    spec.endpoint = Some(endpoint.to_owned());
    spec.region = Some("us-east-1".to_owned());
    spec.access_key_id = Some(S3_ACCESS_KEY_ID.to_owned());
    spec.secret_access_key = Some(S3_SECRET_ACCESS_KEY.to_owned());
    spec.patience = Duration::from_secs(20);
    LandingSpec::S3(spec)
}

/// The address of the object storage of the tests, and a prefix that no other test has.
fn storage(test: &str) -> Option<(String, String)> {
    Server::S3.shared().map(|address| (address, format!("{test}-{}", super::unique())))
}
