//! Where a landing is, as settings say it: a folder, or a bucket of an object storage that speaks S3.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{BackoffConfig, ClientOptions, ObjectStore, RetryConfig};

use crate::StoreError;

/// A connection that is not there after this is tried again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A request without an answer after this is tried again.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Where bodies are landed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LandingSpec {
    /// A folder; it is made when the first body comes.
    Folder(PathBuf),
    /// A bucket.
    S3(Box<S3Spec>),
}

/// A bucket and how to speak to it. What is not said is taken from the `AWS_*` variables; without keys
/// there, credentials are those of the container or the machine.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Spec {
    /// Its name.
    pub bucket: String,
    /// What every key begins with; may be empty.
    pub prefix: String,
    /// Address of the service, where that is not Amazon's.
    pub endpoint: Option<String>,
    /// Its region.
    pub region: Option<String>,
    /// Who asks.
    pub access_key_id: Option<String>,
    /// The secret of that; never shown.
    pub secret_access_key: Option<String>,
    /// For how long a request that fails is tried again before it is given up.
    pub patience: Duration,
}

impl std::fmt::Debug for S3Spec {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let S3Spec { endpoint, region, .. } = self;
        write!(f, "S3Spec({}, endpoint {endpoint:?}, region {region:?})", self.address())
    }
}

impl LandingSpec {
    /// Reads `s3://bucket/prefix`, or the path of a folder.
    pub fn parse(text: &str) -> Result<LandingSpec, StoreError> {
        let Some(rest) = text.strip_prefix("s3://") else {
            return match text.split_once("://") {
                Some((scheme, _)) => Err(StoreError::Question(format!(
                    "a landing is a folder or s3://bucket/prefix; {scheme}:// is neither"
                ))),
                None => Ok(LandingSpec::Folder(text.into())),
            };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        if bucket.is_empty() || !bucket.chars().all(plain) {
            return Err(StoreError::Question(format!(
                "{text:?} names no bucket; it looks like s3://bucket/prefix"
            )));
        }
        Ok(LandingSpec::S3(Box::new(S3Spec {
            bucket: bucket.to_owned(),
            prefix: prefix.trim_matches('/').to_owned(),
            endpoint: None,
            region: None,
            access_key_id: None,
            secret_access_key: None,
            patience: Duration::from_secs(90),
        })))
    }
}

impl S3Spec {
    /// As users name it.
    pub(super) fn address(&self) -> String {
        let between = if self.prefix.is_empty() { "" } else { "/" };
        format!("s3://{}{between}{}", self.bucket, self.prefix)
    }

    /// A client; nothing is sent yet.
    pub(crate) fn client(&self) -> Result<Arc<dyn ObjectStore>, StoreError> {
        // Whoever comes first installs it for the process.
        drop(rustls::crypto::ring::default_provider().install_default());
        let refused = |error: object_store::Error| super::fault::of(&self.address(), error);
        let client = self.builder().build().map_err(refused)?;
        if self.prefix.is_empty() {
            return Ok(Arc::new(client));
        }
        Ok(Arc::new(PrefixStore::new(client, Path::from(self.prefix.as_str()))))
    }

    fn builder(&self) -> AmazonS3Builder {
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(200),
            max_backoff: Duration::from_secs(10),
            base: 2.0,
        };
        let retry = RetryConfig { backoff, max_retries: 30, retry_timeout: self.patience };
        let timeout = REQUEST_TIMEOUT.min(self.patience.max(Duration::from_secs(1)));
        let client = ClientOptions::new().with_connect_timeout(CONNECT_TIMEOUT).with_timeout(timeout);
        // Plain HTTP only where the address that was named says so.
        let plain = |address: &String| address.starts_with("http://");
        let client = client.with_allow_http(self.endpoint.as_ref().is_some_and(plain));
        // A session token of the environment goes with the keys of the environment alone.
        let own =
            self.access_key_id.is_some() && self.access_key_id != std::env::var("AWS_ACCESS_KEY_ID").ok();
        let builder = if own { AmazonS3Builder::new() } else { AmazonS3Builder::from_env() };
        let mut builder = builder.with_bucket_name(&self.bucket);
        if let Some(endpoint) = &self.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some(region) = &self.region {
            builder = builder.with_region(region);
        }
        if let (Some(id), Some(secret)) = (&self.access_key_id, &self.secret_access_key) {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret);
        }
        builder.with_client_options(client).with_retry(retry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_buckets_are_told_apart() {
        assert_eq!(LandingSpec::parse("some/where").unwrap(), LandingSpec::Folder("some/where".into()));
        let LandingSpec::S3(spec) = LandingSpec::parse("s3://listings/eu/west/").unwrap() else { panic!() };
        assert_eq!((&spec.bucket[..], &spec.prefix[..]), ("listings", "eu/west"));
        assert_eq!(spec.address(), "s3://listings/eu/west");
        for wrong in ["s3://", "s3:///x", "s3://a b/c", "gs://bucket"] {
            assert!(matches!(LandingSpec::parse(wrong), Err(StoreError::Question(_))), "{wrong}");
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        let LandingSpec::S3(mut spec) = LandingSpec::parse("s3://listings").unwrap() else { panic!() };
        (spec.access_key_id, spec.secret_access_key) = (Some("id".into()), Some("s3cret".into()));
        assert!(!format!("{:?}", LandingSpec::S3(spec)).contains("s3cret"));
    }
}
