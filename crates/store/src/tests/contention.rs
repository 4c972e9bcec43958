//! Many writers over the same keys at once: none of them fails, no row is lost, and whoever follows the
//! change log misses nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use model::Change;
use testkit::TempFolder;
use tokio::sync::Barrier;

use super::kit::*;
use crate::sql::{self, SqlResult};
use crate::{EventQuery, Store};

const WRITERS: usize = 8;
const COMMITS: usize = 12;
const RECORDS: usize = 40;
const KEYS: usize = 200;

/// Commits the keys that are this writer's turn, in an order of its own; they overlap with those of all others.
async fn write(store: Store, writer: usize) -> Vec<String> {
    let mut kit = Kit::of(store);
    let mut written = Vec::new();
    for turn in 0..COMMITS {
        let key =
            |n: usize| (writer * 31 + turn * 17 + n * if writer.is_multiple_of(2) { 7 } else { 193 }) % KEYS;
        let records = (0..RECORDS).map(|n| titled(&format!("k{}", key(n)), &format!("{writer} {turn}")));
        written.extend((0..RECORDS).map(|n| format!("k{}", key(n))));
        kit.collect(vec![page(&format!("of {writer}"), records.collect())]).await;
    }
    written
}

/// Follows the change log until it is told that nothing more comes.
async fn follow(store: Store, over: Arc<AtomicBool>) -> Vec<Change> {
    let mut seen: Vec<Change> = Vec::new();
    loop {
        let was_over = over.load(Ordering::Acquire);
        let since = seen.last().map_or(0, |change| change.seq);
        let more = store.changes(since, 50).await.unwrap();
        if more.is_empty() && was_over {
            return seen;
        }
        if more.is_empty() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        seen.extend(more);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_writers_over_the_same_keys_lose_nothing() {
    let folder = TempFolder::new();
    let reader = Store::open(db(&folder)).await.unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let following = tokio::spawn(follow(reader.clone(), over.clone()));
    let mut writing = Vec::new();
    for writer in 0..WRITERS {
        // Two writers share a store, and each store has connections of its own.
        let store = Store::open(db(&folder)).await.unwrap();
        writing.push(tokio::spawn(write(store, writer)));
    }
    let mut keys = std::collections::BTreeSet::new();
    for task in writing {
        keys.extend(task.await.unwrap());
    }
    over.store(true, Ordering::Release);
    let seen = following.await.unwrap();
    let log = reader.changes(0, 1_000_000).await.unwrap();
    let numbers = |log: &[Change]| log.iter().map(|change| change.seq).collect::<Vec<_>>();
    assert_eq!(numbers(&seen), numbers(&log), "what was read while it was written is all of it");

    let events = reader.events(&EventQuery { limit: None, ..EventQuery::default() }).await.unwrap();
    assert_eq!(events.len(), keys.len());
    let mut titles: HashMap<String, String> = HashMap::new();
    for change in &log {
        for edit in change.edits.iter().filter(|edit| edit.field == "title") {
            let before = titles.insert(change.id.to_string(), edit.to.to_string());
            assert_eq!(before.unwrap_or_else(|| "null".to_owned()), edit.from.to_string(), "{change:?}");
        }
    }
    for event in &events {
        let title = serde_json::to_string(&event.title).unwrap();
        assert_eq!(titles[&event.id.to_string()], title);
    }
}

/// Locks two rows in this order, and the first time waits in between until the other has locked one too.
async fn lock_both(store: &Store, order: [i64; 2], met: &Barrier, again: &AtomicBool) -> SqlResult<()> {
    let mut transaction = store.writer.begin_with("BEGIN").await?;
    for (place, row) in order.into_iter().enumerate() {
        let update = sql::query("UPDATE own_d SET n = n + 1 WHERE k = ?").bind(row);
        update.execute(&mut *transaction).await?;
        if place == 0 && !again.swap(true, Ordering::Relaxed) {
            met.wait().await;
        }
    }
    transaction.commit().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_is_undone_for_another_is_done_again() {
    if !about_files() {
        return;
    }
    let store = store().await;
    let table =
        "CREATE TABLE own_d (k INTEGER PRIMARY KEY, n INTEGER); INSERT INTO own_d VALUES (1, 0), (2, 0)";
    sql::run_all(&mut store.writer.acquire().await.unwrap(), table).await.unwrap();
    let met = Barrier::new(2);
    let work = async |order| -> SqlResult<()> {
        let again = AtomicBool::new(false);
        sql::again!(lock_both(&store, order, &met, &again))
    };
    let (one, other) = tokio::join!(work([1, 2]), work([2, 1]));
    one.and(other).unwrap();
    let sum = sql::query_scalar::<i64>("SELECT CAST(sum(n) AS BIGINT) FROM own_d").fetch_one(&store.readers);
    assert_eq!(sum.await.unwrap(), 4, "each did both, once");
}
