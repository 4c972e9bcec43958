//! Pruning by age: what current readings stand on stays, what goes is written down.

use chrono::TimeDelta;
use model::{ContentHash, SourceName};
use testkit::TempFolder;

use crate::tests::kit::{Kit, db, now, page, titled};
use crate::{LandedDocument, LandedQuery, Prune, Pruned, Store, StoreError};

/// A page that was fetched `days` after the first, with this body.
async fn fetched(store: &Store, name: &str, days: i64, body: &'static str) -> LandedDocument {
    let hash = store.landing().put(&body.into()).await.unwrap();
    let document = LandedDocument {
        body: Some(hash),
        size_bytes: body.len() as u64,
        fetched_at: now() + TimeDelta::days(days),
        ..page(name, vec![titled(name, body)])
    };
    store.landing().settle(std::slice::from_ref(&document)).await.unwrap();
    document
}

fn prune(days: i64) -> Prune {
    let (before, now) = (now() + TimeDelta::days(days), now() + TimeDelta::days(100));
    Prune { before, source: None, current: false, dry_run: false, now }
}

async fn is_there(store: &Store, body: &str) -> bool {
    match store.landing().get(ContentHash::of(body.as_bytes())).await {
        Ok(_) => true,
        Err(StoreError::NoBody { .. }) => false,
        Err(error) => panic!("{error}"),
    }
}

#[tokio::test]
async fn old_bodies_go_and_those_that_readings_stand_on_stay() {
    let folder = TempFolder::new();
    let mut kit = Kit::of(Store::open(&db(&folder)).await.unwrap());
    let store = kit.store.clone();
    for (name, day, body) in
        [("1", 0, "first of one"), ("2", 0, "only of two"), ("3", 0, "shared"), ("1", 50, "second of one")]
    {
        kit.collect(vec![fetched(&store, name, day, body).await]).await;
    }
    let mut other = fetched(&store, "4", 60, "shared").await;
    other.source = SourceName::new("b");
    kit.collect(vec![other]).await;

    let tried = store.prune(&Prune { dry_run: true, ..prune(40) }).await.unwrap();
    assert_eq!(tried, Pruned { bodies: 1, bytes: 12, ..Pruned::default() });
    assert!(is_there(&store, "first of one").await);

    let pruned = store.prune(&prune(40)).await.unwrap();
    assert_eq!((pruned.bodies, pruned.records.len()), (1, 1));
    let record = std::path::Path::new(&store.landing().address()).join(&pruned.records[0]);
    let record = std::fs::read_to_string(record).unwrap();
    assert!(
        record.contains(&ContentHash::of(b"first of one").to_hex()) && record.contains("\"source\":\"a\"")
    );
    for (body, there) in
        [("first of one", false), ("only of two", true), ("shared", true), ("second of one", true)]
    {
        assert_eq!(is_there(&store, body).await, there, "{body}");
    }
    assert_eq!(store.prune(&prune(40)).await.unwrap(), Pruned::default());
    assert_eq!(store.landed(&LandedQuery { limit: 9, ..LandedQuery::default() }).await.unwrap().len(), 4);
    let with_removed = LandedQuery { limit: 9, removed: true, ..LandedQuery::default() };
    let listed = store.landed(&with_removed).await.unwrap();
    assert_eq!((listed.len(), listed.iter().filter(|row| row.body.is_none()).count()), (5, 1));
    let counts = store.landing_counts().await.unwrap();
    assert_eq!((counts.documents, counts.bodies), (4, 3));

    // Asked for, even those that readings stand on go; they are read anew then, and rows stay.
    let all = Prune { current: true, source: Some(SourceName::new("a")), ..prune(55) };
    assert_eq!(store.prune(&all).await.unwrap().bodies, 2);
    assert!(!is_there(&store, "only of two").await && is_there(&store, "shared").await);
    assert_eq!(store.known_document("page", crate::tests::kit::SCOPE, "2").await.unwrap(), None);
    assert!(store.show("2").await.unwrap().is_some());
}

/// Killed after the bodies went and before the store forgot them, it goes on with the same ones.
#[tokio::test]
async fn what_was_left_half_done_is_done_the_next_time() {
    let folder = TempFolder::new();
    let mut kit = Kit::of(Store::open(&db(&folder)).await.unwrap());
    let store = kit.store.clone();
    for (day, body) in [(0, "old"), (50, "new")] {
        kit.collect(vec![fetched(&store, "1", day, body).await]).await;
    }
    store.landing().remove(vec![ContentHash::of(b"old")]).await.unwrap();
    assert_eq!(store.prune(&prune(40)).await.unwrap().bodies, 1);
    assert_eq!(store.prune(&prune(40)).await.unwrap().bodies, 0);
    assert_eq!(store.landing_counts().await.unwrap().bodies, 1);
}
