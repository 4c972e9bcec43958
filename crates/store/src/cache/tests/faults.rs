//! A Redis that is not there, goes, is slow, is full, or wants another login: told in its class, at once,
//! and not asked again and again.

use std::time::Instant;

use testkit::redis::OwnRedis;

use super::*;
use crate::cache::CacheError;

#[tokio::test]
async fn one_that_is_killed_is_missed_at_once_and_found_when_it_is_back() {
    let Some(mut server) = OwnRedis::start() else { return };
    let cache = redis(&server.url(), "", "us");
    cache.reset(mark(4, 0), vec![]).await.unwrap();
    assert!(cache.put(document("2026-03-01", mark(4, 0), "before", HOUR)).await.unwrap());
    server.kill();
    let error = cache.get(day("2026-03-01")).await.unwrap_err();
    assert!(matches!(error, CacheError::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("does not answer") && error.to_string().contains("check"), "{error}");
    let began = Instant::now();
    for _ in 0..1_000 {
        assert!(cache.get(day("2026-03-01")).await.is_err());
    }
    assert!(began.elapsed() < Duration::from_secs(10), "it is left alone: {:?}", began.elapsed());
    server.start_again();
    let began = Instant::now();
    let filled = loop {
        match cache.filled().await {
            Ok(filled) => break filled,
            Err(error) => assert!(began.elapsed() < Duration::from_secs(30), "never back: {error}"),
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(filled, Filled::Empty, "it lost everything, and says so");
    assert!(
        !cache.put(document("2026-03-01", mark(9, 0), "x", HOUR)).await.unwrap(),
        "nor takes anything in"
    );
    assert!(cache.counters().read().errors >= 1_001);
}

#[tokio::test]
async fn a_restart_between_two_calls_is_not_noticed() {
    let Some(mut server) = OwnRedis::start() else { return };
    let cache = redis(&server.url(), "", "us");
    assert_eq!(cache.filled().await.unwrap(), Filled::Empty);
    server.kill();
    server.start_again();
    assert_eq!(cache.filled().await.unwrap(), Filled::Empty);
    assert_eq!(cache.counters().read().errors, 0);
}

#[tokio::test]
async fn one_that_hangs_costs_its_time_out_once() {
    let Some(server) = OwnRedis::start() else { return };
    let options = RedisOptions { timeout: Duration::from_millis(300), ..options("", "us") };
    let cache = Arc::new(Redis::new(&server.url().parse().unwrap(), options).unwrap());
    assert_eq!(cache.filled().await.unwrap(), Filled::Empty);
    server.hold();
    let began = Instant::now();
    let all = (0..50).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.get(day("2026-03-01")).await })
    });
    for one in all.collect::<Vec<_>>() {
        let error = one.await.unwrap().unwrap_err();
        assert!(error.to_string().contains("no answer in time"), "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    server.go_on();
}

#[tokio::test]
async fn login_and_memory_are_named() {
    let Some(server) = OwnRedis::start_with(|_, _| vec!["--requirepass".to_owned(), "s3cret".to_owned()])
    else {
        return;
    };
    let error = redis(&server.url(), "", "us").filled().await.unwrap_err();
    assert!(matches!(error, CacheError::Login { .. }) && error.to_string().contains("`cache`"), "{error}");
    let wrong = server.url().replace("://", "://:wrong-s3cret@");
    let error = redis(&wrong, "", "us").filled().await.unwrap_err();
    assert!(matches!(error, CacheError::Login { .. }), "{error:?}");
    assert!(!format!("{error} {error:?}").contains("wrong-s3cret"), "{error}");
    let right = server.url().replace("://", "://:s3cret@");
    assert_eq!(redis(&right, "", "us").filled().await.unwrap(), Filled::Empty);

    let full = |_: &testkit::TempFolder, _| {
        ["--maxmemory", "1", "--maxmemory-policy", "noeviction"].map(str::to_owned).to_vec()
    };
    let Some(server) = OwnRedis::start_with(full) else { return };
    let error = redis(&server.url(), "", "us").reset(mark(1, 0), vec![]).await.unwrap_err();
    assert!(matches!(error, CacheError::Full { .. }) && error.to_string().contains("maxmemory"), "{error}");
}
