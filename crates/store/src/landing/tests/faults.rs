//! Object storage that fails, is slow or goes away: nothing is lost, nothing doubled, and it is said.

use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::future::join_all;
use model::ContentHash;
use testkit::proxy::{Fault, Proxy};

use super::{bucket, noise, put, storage};
use crate::landing::{Landing, LandingSpec, SMALL_BYTES};
use crate::tests::kit::page;
use crate::{LandedDocument, StoreError};

/// A landing behind a proxy, and the same one as others see it.
struct Behind {
    proxy: Proxy,
    landing: Landing,
    direct: LandingSpec,
}

fn behind(test: &str, patience: Duration) -> Option<Behind> {
    let (address, prefix) = storage(test)?;
    let proxy = Proxy::before(&address);
    let LandingSpec::S3(mut spec) = bucket(proxy.address(), &prefix) else { panic!() };
    spec.patience = patience;
    let landing = Landing::of(&LandingSpec::S3(spec)).unwrap();
    Some(Behind { proxy, landing, direct: bucket(&address, &prefix) })
}

impl Behind {
    async fn land(&self, seed: u64, size: usize) -> Result<ContentHash, StoreError> {
        let body = Bytes::from(noise(size, seed));
        let hash = self.landing.put(&body).await?;
        let name = seed.to_string();
        let document =
            LandedDocument { body: Some(hash), size_bytes: size as u64, ..page(&name, Vec::new()) };
        self.landing.settle(&[document]).await.map(|()| hash)
    }

    /// What lands at once, by seed.
    async fn land_all(
        &self,
        seeds: std::ops::Range<u64>,
        size: usize,
    ) -> Vec<Result<ContentHash, StoreError>> {
        join_all(seeds.map(|seed| self.land(seed, size))).await
    }

    /// Everything is there, and once.
    async fn holds_once(&self, seeds: std::ops::Range<u64>, size: usize) {
        let others = Landing::of(&self.direct).unwrap();
        for seed in seeds.clone() {
            let body = noise(size, seed);
            assert_eq!(others.get(ContentHash::of(&body)).await.unwrap(), body, "{seed}");
        }
        let stored = others.stored().await.unwrap();
        let count = seeds.end - seeds.start;
        // What does not compress takes its own length, its head, its row in a table.
        let most = count * (size as u64 + size as u64 / 1_000 + 200);
        assert!(stored.bytes <= most, "{stored:?}, and {count} bodies of {size} bytes");
    }
}

const LONG: Duration = Duration::from_secs(30);

#[tokio::test]
async fn errors_that_pass_are_not_even_noticed() {
    let Some(behind) = behind("pass", LONG) else { return };
    behind.proxy.next([500, 503, 503, 429, 502].map(Fault::Status));
    behind.proxy.next([Fault::Refuse]);
    for landed in behind.land_all(1..41, 3_000).await {
        landed.unwrap();
    }
    behind.holds_once(1..41, 3_000).await;
}

#[tokio::test]
async fn an_answer_that_is_lost_doubles_nothing() {
    let Some(behind) = behind("lost", LONG) else { return };
    behind.proxy.next([Fault::LoseAnswer, Fault::LoseAnswer, Fault::CutAnswer]);
    for landed in behind.land_all(1..21, 3_000).await {
        landed.unwrap();
    }
    behind.holds_once(1..21, 3_000).await;
}

#[tokio::test]
async fn a_large_body_goes_up_in_parts_through_faults() {
    let Some(behind) = behind("parts", LONG) else { return };
    let size = 20 << 20;
    // Is it there, thrice; begin; then the parts.
    let none = Fault::Slow(Duration::ZERO);
    behind.proxy.next([Fault::Status(503), Fault::Status(500), none, none]);
    behind.proxy.next([Fault::Status(503), Fault::LoseAnswer, Fault::Status(500)]);
    behind.land(7, size).await.unwrap();
    let asked = behind.proxy.asked();
    assert!(asked.iter().any(|line| line.contains("partNumber=3")), "{asked:?}");
    behind.holds_once(7..8, size).await;
}

#[tokio::test]
async fn a_body_that_is_cut_on_the_way_is_read_again() {
    let Some(behind) = behind("cut", LONG) else { return };
    let small = behind.land(1, 50_000).await.unwrap();
    let large = behind.land(2, SMALL_BYTES + 1).await.unwrap();
    let LandingSpec::S3(mut spec) = behind.direct.clone() else { panic!() };
    spec.endpoint = Some(behind.proxy.address().to_owned());
    let reader = Landing::of(&LandingSpec::S3(spec)).unwrap();
    assert_eq!(reader.get(small).await.unwrap(), noise(50_000, 1));
    behind.proxy.next([Fault::CutAnswer, Fault::Status(503)]);
    assert_eq!(reader.get(small).await.unwrap(), noise(50_000, 1));
    behind.proxy.next([Fault::Status(500), Fault::CutAnswer]);
    assert_eq!(reader.get(large).await.unwrap(), noise(SMALL_BYTES + 1, 2));
}

/// The slower it is, the more goes together: the number of requests does not follow that of bodies.
#[tokio::test]
async fn a_slow_storage_gets_larger_groups() {
    let Some(behind) = behind("slow", LONG) else { return };
    behind.proxy.always(Some(Fault::Slow(Duration::from_millis(300))));
    let began = Instant::now();
    for landed in behind.land_all(1..201, 1_000).await {
        landed.unwrap();
    }
    assert!(began.elapsed() >= Duration::from_millis(600), "two requests, one after the other");
    let asked = behind.proxy.asked().len();
    assert!(asked <= 8, "{asked} requests for 200 bodies");
    behind.holds_once(1..201, 1_000).await;
}

#[tokio::test]
async fn while_it_is_away_nothing_counts_as_landed_and_afterwards_all_does() {
    let Some(behind) = behind("away", Duration::from_secs(1)) else { return };
    assert!(behind.land(1, 2_000).await.is_ok());
    behind.proxy.always(Some(Fault::Status(503)));
    for landed in behind.land_all(2..30, 2_000).await {
        let error = landed.unwrap_err();
        assert!(matches!(error, StoreError::LandingAway { .. }), "{error}");
        assert!(error.to_string().starts_with("the landing s3://callboard/away-"), "{error}");
        assert!(error.to_string().contains(" is away: 503 Service Unavailable; "), "{error}");
    }
    // For a moment nothing is even tried.
    behind.proxy.asked();
    let refused = behind.land(2, 2_000).await;
    assert!(matches!(refused, Err(StoreError::LandingAway { .. })));
    assert_eq!(behind.proxy.asked(), Vec::<String>::new());

    behind.proxy.always(None);
    let began = Instant::now();
    while behind.land(2, 2_000).await.is_err() {
        assert!(began.elapsed() < LONG, "it stays away");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for landed in behind.land_all(3..30, 2_000).await {
        landed.unwrap();
    }
    behind.holds_once(1..30, 2_000).await;
}

#[tokio::test]
async fn a_body_whose_group_fell_fails_every_document_that_relied_on_it() {
    let Some(behind) = behind("shared", Duration::from_secs(1)) else { return };
    behind.proxy.always(Some(Fault::Status(500)));
    let body = noise(2_000, 3);
    let (first, second) = (put(&behind.landing, &body).await, put(&behind.landing, &body).await);
    let document = |name, hash| LandedDocument { body: Some(hash), ..page(name, Vec::new()) };
    assert!(behind.landing.settle(&[document("1", first)]).await.is_err());
    behind.proxy.always(None);
    let error = behind.landing.settle(&[document("2", second)]).await.unwrap_err();
    assert!(matches!(error, StoreError::LandingAway { .. }), "{error}");
}

#[tokio::test]
async fn wrong_keys_are_told_at_once() {
    let Some((address, prefix)) = storage("keys") else { return };
    let LandingSpec::S3(mut spec) = bucket(&address, &prefix) else { panic!() };
    spec.secret_access_key = Some("wrong".to_owned());
    let landing = Landing::of(&LandingSpec::S3(spec)).unwrap();
    let began = Instant::now();
    let hash = put(&landing, b"body").await;
    let document = LandedDocument { body: Some(hash), ..page("1", Vec::new()) };
    let error = landing.settle(&[document]).await.unwrap_err();
    assert!(matches!(error, StoreError::LandingRefuses { .. }), "{error}");
    assert!(
        error.to_string().contains("403 Forbidden (SignatureDoesNotMatch): s3_secret_access_key is not that"),
        "{error}"
    );
    let error = landing.get(hash).await.unwrap_err();
    assert!(matches!(error, StoreError::LandingRefuses { .. }), "{error}");
    assert!(began.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn nobody_answering_is_told_as_such() {
    // Nothing listens on a port that was just given back.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let LandingSpec::S3(mut spec) = bucket(&format!("http://127.0.0.1:{port}"), "none") else { panic!() };
    spec.patience = Duration::from_secs(1);
    let landing = Landing::of(&LandingSpec::S3(spec)).unwrap();
    let error = landing.get(ContentHash::of(b"body")).await.unwrap_err().to_string();
    assert!(error.starts_with("the landing s3://callboard/none is away: "), "{error}");
    assert!(error.contains("onnection refused"), "{error}");
}
