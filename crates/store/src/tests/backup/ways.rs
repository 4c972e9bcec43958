//! From either database into either: the same rows, the same log, a chain that verifies, and it goes on.

use model::Kind;
use testkit::TempFolder;

use super::kit::{back_up, databases, empty, filled, hash, landed, page_of, restore, verify};
use crate::tests::kit::{Kit, counts, now};
use crate::{BackupLanding, EventQuery, ItemState, Store, sql};

/// Tables that are other in a copy: runners have ended there, and what they had is ready.
const GIVEN_BACK: [&str; 4] = ["items", "runners", "spreads", "steps"];

#[tokio::test]
async fn every_way_between_databases() {
    for from in databases() {
        let folder = TempFolder::new();
        let old = filled(empty(&folder, "old", from).await).await;
        let (backup, made) = back_up(&old, BackupLanding::Include).await;
        assert_eq!(verify(&backup).await.unwrap().manifest, made.manifest);
        assert_eq!((made.manifest.bodies.count, made.manifest.bodies.absent), (2, 0));
        for to in databases() {
            let new = empty(&folder, &format!("new{to:?}").to_lowercase(), to).await;
            let restored =
                restore(&new, &backup).await.unwrap_or_else(|error| panic!("{from:?} {to:?}: {error}"));
            assert_eq!(restored.given_back, 2, "{from:?} {to:?}");
            let (_, again) = back_up(&new, BackupLanding::Include).await;
            for (table, sum) in &made.manifest.tables {
                if !GIVEN_BACK.contains(&table.as_str()) {
                    assert_eq!(again.manifest.tables.get(table), Some(sum), "{from:?} {to:?}: {table}");
                }
            }
            assert_eq!(again.manifest.bodies, made.manifest.bodies);
            alike(&old, &new).await;
            goes_on(new).await;
        }
    }
}

/// What is asked of both gets the same answer, but who they are.
async fn alike(old: &Store, new: &Store) {
    assert_ne!(old.identity().await.unwrap(), new.identity().await.unwrap());
    let (before, after) = (old.verify_audit(None).await.unwrap(), new.verify_audit(None).await.unwrap());
    assert_eq!((before.rows, before.fault.clone()), (5, None));
    assert_eq!(before, after);
    let numbers = async |store: &Store| {
        let changes = store.changes(0, 10_000).await.unwrap();
        changes.iter().map(|change| (change.seq, change.op, change.edits.len())).collect::<Vec<_>>()
    };
    assert_eq!(numbers(old).await, numbers(new).await);
    let jazz = EventQuery { text: Some("jazz kesselhaus".to_owned()), ..EventQuery::default() };
    let titles = async |store: &Store| {
        let events = store.events(&jazz).await.unwrap();
        events.into_iter().filter_map(|event| event.title).collect::<Vec<_>>()
    };
    assert_eq!(titles(old).await.len(), 25);
    assert_eq!(titles(old).await.len(), titles(new).await.len());
    assert_eq!(new.schedules().await.unwrap().len(), 1);
    assert_eq!(new.counts().await.unwrap().quarantined, 1);
    assert_eq!(
        new.landing().get(hash("detail")).await.unwrap(),
        old.landing().get(hash("detail")).await.unwrap()
    );
    let leased = ItemState::Leased.code();
    let held = sql::query_scalar::<i64>("SELECT count(*) FROM items WHERE state = ? OR owner IS NOT NULL");
    assert_eq!(held.bind(leased).fetch_one(&new.readers).await.unwrap(), 0);
    assert!(new.runners().await.unwrap().is_empty());
}

/// The same pages say nothing new; others get numbers that nobody has.
async fn goes_on(new: Store) {
    let mut kit = Kit::of(new.clone());
    kit.days_pass(2);
    let last = kit.last_change().await;
    let list = landed(&new, "list", page_of(0..25, "Second")).await;
    let outcome = kit.collect(vec![list]).await;
    assert_eq!(counts(&outcome, Kind::Event), (0, 0, 25));
    assert_eq!(counts(&outcome, Kind::Offer), (0, 0, 25));
    assert_eq!(kit.last_change().await, last);
    let more = landed(&new, "more", page_of(100..110, "More")).await;
    assert_eq!(counts(&kit.collect(vec![more]).await, Kind::Event), (10, 0, 0));
    let found = EventQuery { text: Some("more".to_owned()), ..EventQuery::default() };
    assert_eq!(kit.titles(found).await.len(), 10);
    assert!(new.has_work(now(), None).await.unwrap());
    new.close().await;
}

/// Changes that a purge took away have had their numbers, in the copy too.
#[tokio::test]
async fn no_number_of_the_log_is_given_twice() {
    for from in databases() {
        for to in databases() {
            let folder = TempFolder::new();
            let old = filled(empty(&folder, "old", from).await).await;
            let last = Kit::of(old.clone()).last_change().await;
            let cut = sql::query("DELETE FROM changes WHERE seq > ?").bind(last - 10);
            cut.execute(&old.writer).await.unwrap();
            let (backup, made) = back_up(&old, BackupLanding::Skip).await;
            assert_eq!(made.head.numbers["changes"], last);
            let new = empty(&folder, "new", to).await;
            restore(&new, &backup).await.unwrap();
            let mut kit = Kit::of(new.clone());
            kit.days_pass(9);
            kit.collect(vec![landed(&new, "more", page_of(100..101, "More")).await]).await;
            let later = kit.store.changes(last - 10, 100).await.unwrap();
            assert_eq!(later.first().map(|change| change.seq), Some(last + 1), "{from:?} {to:?}");
        }
    }
}

#[tokio::test]
async fn nothing_is_restored_over_something() {
    for to in databases() {
        let folder = TempFolder::new();
        let old = filled(empty(&folder, "old", to).await).await;
        let (backup, _) = back_up(&old, BackupLanding::Include).await;
        let before = old.counts().await.unwrap();
        let refused = restore(&old, &backup).await.unwrap_err().to_string();
        assert!(
            refused.contains("holds something already (in runs)") && refused.contains("--db"),
            "{refused}"
        );
        assert_eq!(old.counts().await.unwrap().rows, before.rows);
    }
}
