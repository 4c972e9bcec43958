//! What others do under the same keys, and what others can read.

use super::*;

async fn raw(url: &str, words: &[&str]) -> redis::Value {
    let mut connection = redis::Client::open(url).unwrap().get_multiplexed_async_connection().await.unwrap();
    let mut command = redis::Cmd::new();
    command.arg(words);
    command.query_async(&mut connection).await.unwrap()
}

async fn raw_text(url: &str, words: &[&str]) -> String {
    redis::from_redis_value(raw(url, words).await).unwrap()
}

/// The replaced cache encoded its value twice and let it live for ever.
#[tokio::test]
async fn a_document_is_plain_json_under_the_key_of_its_day_and_ends() {
    let Some(url) = Server::Redis.shared() else { return };
    let (prefix, key) = (prefix(), |prefix: &str| format!("{prefix}events:2026-03-29"));
    let cache = redis(&url, &prefix, "us");
    cache.reset(mark(1, 0), vec![]).await.unwrap();
    assert!(cache.put(document("2026-03-29", mark(1, 0), "set", HOUR)).await.unwrap());
    let value: serde_json::Value =
        serde_json::from_str(&raw_text(&url, &["GET", &key(&prefix)]).await).unwrap();
    assert_eq!(value, serde_json::json!(["set"]));
    let ttl: i64 = redis::from_redis_value(raw(&url, &["TTL", &key(&prefix)]).await).unwrap();
    assert!((3_590..=3_600).contains(&ttl), "{ttl}");
}

#[tokio::test]
async fn what_somebody_else_wrote_is_not_served_and_written_over() {
    let Some(url) = Server::Redis.shared() else { return };
    let prefix = prefix();
    let cache = redis(&url, &prefix, "us");
    cache.reset(mark(1, 0), vec![]).await.unwrap();
    let key = format!("{prefix}events:2026-03-29");
    let check = async |write: &[&str]| {
        let ours = document("2026-03-29", mark(1, 0), "ours", HOUR);
        assert!(cache.put(ours).await.unwrap());
        raw(&url, write).await;
        assert_eq!(text(&cache, "2026-03-29").await, None, "{write:?}");
        assert!(cache.put(document("2026-03-29", mark(1, 0), "ours", HOUR)).await.unwrap(), "{write:?}");
        assert!(text(&cache, "2026-03-29").await.is_some(), "{write:?}");
    };
    check(&["SET", &key, "\"[{\\\"event_artist\\\": 1}]\""]).await;
    check(&["EVAL", "redis.call('DEL', KEYS[1]); redis.call('LPUSH', KEYS[1], 'a')", "1", &key]).await;
    check(&["DEL", &key]).await;
    check(&["SET", &format!("{key}:about"), "nonsense"]).await;
    check(&["DEL", &format!("{key}:about")]).await;
}

#[tokio::test]
async fn a_cache_of_another_store_is_told_apart_and_taken_over_only_by_beginning_anew() {
    let Some(url) = Server::Redis.shared() else { return };
    let prefix = prefix();
    let (theirs, ours) = (redis(&url, &prefix, "them"), redis(&url, &prefix, "us"));
    theirs.reset(mark(90, 0), vec![]).await.unwrap();
    assert!(theirs.put(document("2026-03-01", mark(90, 0), "theirs", HOUR)).await.unwrap());
    assert_eq!(ours.filled().await.unwrap(), Filled::FromAnother);
    assert_eq!(text(&ours, "2026-03-01").await, None);
    assert!(!ours.put(document("2026-03-01", mark(95, 0), "ours", HOUR)).await.unwrap());
    assert!(!ours.advance(mark(90, 0), mark(95, 0)).await.unwrap());
    ours.reset(mark(3, 0), vec![]).await.unwrap();
    assert!(ours.put(document("2026-03-01", mark(3, 0), "ours", HOUR)).await.unwrap(), "over theirs");
    assert_eq!(text(&ours, "2026-03-01").await.as_deref(), Some("[\"ours\"]"));
    assert!(!theirs.put(document("2026-03-01", mark(99, 0), "theirs", HOUR)).await.unwrap());
}
