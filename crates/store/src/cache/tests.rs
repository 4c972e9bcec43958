//! What every cache does, checked on the one in memory and on a real Redis; then what only Redis can get
//! wrong.

mod faults;
mod only_redis;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};
use testkit::servers::Server;

use super::{Cache, Clock, DayDocument, Filled, Memory, Redis, RedisOptions};
use crate::Mark;

#[allow(clippy::disallowed_methods, reason = "what runs out in Redis runs out by the real clock")]
fn now() -> DateTime<Utc> {
    Utc::now()
}

fn clock() -> Clock {
    Arc::new(now)
}

const HOUR: Duration = Duration::from_secs(3_600);

fn mark(seq: i64, purge: i64) -> Mark {
    Mark { seq, purge }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn document(day_of: &str, mark: Mark, text: &str, ttl: Duration) -> DayDocument {
    // Redis keeps milliseconds.
    let now = DateTime::from_timestamp_millis(now().timestamp_millis()).unwrap();
    DayDocument::new(day(day_of), mark, (1, Bytes::from(format!("[\"{text}\"]"))), now, ttl)
}

/// A prefix that no other test has.
fn prefix() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("test:{}:{}:", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

fn options(prefix: &str, store: &str) -> RedisOptions {
    RedisOptions { prefix: prefix.to_owned(), store: store.to_owned(), timeout: Duration::from_secs(5) }
}

fn redis(url: &str, prefix: &str, store: &str) -> Redis {
    Redis::new(&url.parse().unwrap(), options(prefix, store)).unwrap()
}

/// An empty cache of each sort.
fn each() -> Vec<Arc<dyn Cache>> {
    let mut caches: Vec<Arc<dyn Cache>> = vec![Arc::new(Memory::new(1_000_000, clock()))];
    if let Some(url) = Server::Redis.shared() {
        caches.push(Arc::new(redis(&url, &prefix(), "us")));
    }
    caches
}

/// An empty cache of each sort that follows from `at` on.
async fn each_at(at: Mark) -> Vec<Arc<dyn Cache>> {
    let caches = each();
    for cache in &caches {
        cache.reset(at, vec![]).await.unwrap();
    }
    caches
}

async fn text(cache: &dyn Cache, day_of: &str) -> Option<String> {
    let found = cache.get(day(day_of)).await.unwrap();
    found.map(|document| String::from_utf8(document.body.to_vec()).unwrap())
}

#[tokio::test]
async fn what_is_put_is_got_as_it_was() {
    for cache in each_at(mark(3, 0)).await {
        assert_eq!(cache.get(day("2026-03-01")).await.unwrap(), None);
        let written = document("2026-03-01", mark(3, 0), "é", HOUR);
        assert!(cache.put(written.clone()).await.unwrap());
        assert_eq!(cache.get(day("2026-03-01")).await.unwrap(), Some(written), "{}", cache.name());
        assert_eq!(cache.get(day("2026-03-02")).await.unwrap(), None);
        assert_eq!(cache.counters().read().written, 1);
    }
}

#[tokio::test]
async fn nothing_is_there_beyond_its_time_to_live() {
    for cache in each_at(mark(1, 0)).await {
        let short = document("2026-03-01", mark(1, 0), "short", Duration::from_millis(60));
        let until = short.expires_at;
        assert!(cache.put(short).await.unwrap());
        assert!(cache.put(document("2026-03-02", mark(1, 0), "long", HOUR)).await.unwrap());
        while now() <= until + chrono::TimeDelta::milliseconds(20) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        assert_eq!(text(&*cache, "2026-03-01").await, None, "{}", cache.name());
        let left = cache.left(vec![day("2026-03-01"), day("2026-03-02"), day("2026-03-03")]).await.unwrap();
        assert_eq!((left[0], left[2]), (Duration::ZERO, Duration::ZERO), "{}", cache.name());
        assert!(left[1] > HOUR - Duration::from_secs(60) && left[1] <= HOUR, "{left:?}");
        // What has run out keeps nothing from being written.
        assert!(cache.put(document("2026-03-01", mark(1, 0), "again", HOUR)).await.unwrap());
    }
}

#[tokio::test]
async fn an_older_document_never_replaces_a_newer_one() {
    for cache in each_at(mark(1, 1)).await {
        let put = async |seq, purge, text| {
            cache.put(document("2026-03-01", mark(seq, purge), text, HOUR)).await.unwrap()
        };
        assert!(put(5, 2, "five").await);
        assert!(!put(4, 2, "four").await, "{}", cache.name());
        assert!(!put(5, 1, "before the purge").await, "{}", cache.name());
        assert_eq!(text(&*cache, "2026-03-01").await.as_deref(), Some("[\"five\"]"));
        assert!(put(5, 2, "five again").await && put(10, 2, "ten").await);
        assert_eq!(text(&*cache, "2026-03-01").await.as_deref(), Some("[\"ten\"]"), "{}", cache.name());
        assert_eq!(cache.counters().read().refused, 2);
    }
}

/// Whoever read a day before a change and is late must not bring it back once the cache holds the change,
/// even where the document has run out or was dropped.
#[tokio::test]
async fn what_lacks_a_change_that_the_cache_holds_is_not_taken_in() {
    for cache in each() {
        let late = document("2026-03-01", mark(5, 1), "late", HOUR);
        assert!(!cache.put(late.clone()).await.unwrap(), "{} is not filled yet", cache.name());
        cache.reset(mark(5, 1), vec![]).await.unwrap();
        assert!(cache.put(late.clone()).await.unwrap());
        cache.reset(mark(5, 2), vec![day("2026-03-01")]).await.unwrap();
        assert!(!cache.put(late).await.unwrap(), "{}", cache.name());
        assert!(!cache.put(document("2026-03-01", mark(4, 2), "late", HOUR)).await.unwrap());
        assert!(cache.put(document("2026-03-01", mark(5, 2), "new", HOUR)).await.unwrap());
    }
}

#[tokio::test]
async fn of_two_that_move_the_mark_on_one_does() {
    for cache in each() {
        assert_eq!(cache.filled().await.unwrap(), Filled::Empty);
        assert!(!cache.advance(mark(0, 0), mark(1, 0)).await.unwrap(), "nothing to move on from");
        cache.reset(mark(3, 0), vec![]).await.unwrap();
        assert!(cache.advance(mark(3, 0), mark(7, 0)).await.unwrap());
        assert!(!cache.advance(mark(3, 0), mark(5, 0)).await.unwrap(), "{}", cache.name());
        assert_eq!(cache.filled().await.unwrap(), Filled::UpTo(mark(7, 0)), "{}", cache.name());
    }
}

#[tokio::test]
async fn to_begin_anew_drops_the_days_named() {
    for cache in each_at(mark(9, 0)).await {
        for of in ["2026-03-01", "2026-03-02", "2026-03-03"] {
            assert!(cache.put(document(of, mark(9, 0), of, HOUR)).await.unwrap());
        }
        cache.reset(mark(2, 0), vec![day("2026-03-01"), day("2026-03-03")]).await.unwrap();
        assert_eq!(cache.filled().await.unwrap(), Filled::UpTo(mark(2, 0)), "back is a way too");
        let held = [text(&*cache, "2026-03-01").await, text(&*cache, "2026-03-02").await];
        assert_eq!(held, [None, Some("[\"2026-03-02\"]".to_owned())], "{}", cache.name());
        assert_eq!(text(&*cache, "2026-03-03").await, None);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn whoever_writes_when_the_newest_stands_in_the_end() {
    for cache in each_at(mark(0, 0)).await {
        let writers = (0..8_i64).map(|writer| {
            let cache = cache.clone();
            tokio::spawn(async move {
                for step in 0..25 {
                    let seq = (step * 7 + writer * 31) % 200 + 1;
                    let text = format!("{seq}");
                    cache.put(document("2026-03-01", mark(seq, 0), &text, HOUR)).await.unwrap();
                }
            })
        });
        for writer in writers.collect::<Vec<_>>() {
            writer.await.unwrap();
        }
        let newest = (0..8_i64).flat_map(|w| (0..25).map(move |s| (s * 7 + w * 31) % 200 + 1)).max().unwrap();
        let found = cache.get(day("2026-03-01")).await.unwrap().unwrap();
        assert_eq!(found.mark, mark(newest, 0), "{}", cache.name());
        assert_eq!(found.body, Bytes::from(format!("[\"{newest}\"]")));
    }
}

#[tokio::test]
async fn memory_is_bounded_and_what_was_not_asked_for_goes_first() {
    let cache = Memory::new(30, clock());
    cache.reset(mark(0, 0), vec![]).await.unwrap();
    let put = async |of: &str, text: &str| cache.put(document(of, mark(0, 0), text, HOUR)).await.unwrap();
    assert!(put("2026-03-01", "123456").await && put("2026-03-02", "123456").await);
    assert!(put("2026-03-03", "123456").await, "30 bytes in three documents");
    assert!(text(&cache, "2026-03-01").await.is_some());
    assert!(put("2026-03-04", "123456").await);
    assert_eq!(text(&cache, "2026-03-02").await, None, "it was not asked for the longest");
    assert!(text(&cache, "2026-03-01").await.is_some() && text(&cache, "2026-03-03").await.is_some());
    assert!(!put("2026-03-05", &"x".repeat(40)).await, "larger than all of it");
    assert!(put("2026-03-06", &"x".repeat(26)).await);
    assert_eq!(format!("{cache:?}"), "Memory(1 documents, 30 bytes)");
}
