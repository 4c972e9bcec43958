//! A full disk, a store that is in use, futures that are dropped, and processes that are killed.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;
use testkit::TempFolder;

use super::kit::*;
use super::sums::assert_sums;
use crate::sql;
use crate::tests::kit::{about_files, db, db_at, page, titled, waiting};
use crate::{Ack, Acks, Ending, ItemState, Lease, Phase, Store, StoreError, WorkQueue};

/// A crew on a file whose one step has `count` items.
async fn crew_with(folder: &TempFolder, count: i64) -> (Crew, crate::RunnerId) {
    let crew = Crew::of(Store::open_with(db(folder), &waiting(20)).await.unwrap());
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, count, 1_000).await;
    (crew, runner)
}

/// Done, and an element has a row of its own.
fn with_row(lease: &Lease) -> Ack {
    if lease.phase == Phase::Finish {
        return done(lease);
    }
    let name = format!("event {}", lease.item.0);
    Ack { documents: vec![page(&name, vec![titled(&name, &name)]).into()], ..done(lease) }
}

async fn rows(store: &Store) -> usize {
    let sql = "SELECT count(*) FROM event_listings";
    usize::try_from(sql::query_scalar::<i64>(sql).fetch_one(&store.readers).await.unwrap()).unwrap()
}

async fn done_items(store: &Store) -> i64 {
    let sql =
        "SELECT count(*) FROM items WHERE state = 4 AND parent IN (SELECT item FROM spreads WHERE depth = 1)";
    sql::query_scalar(sql).fetch_one(&store.readers).await.unwrap()
}

#[tokio::test]
async fn a_full_disk_loses_nothing() {
    if about_files() {
        return;
    }
    let folder = TempFolder::new();
    let (crew, runner) = crew_with(&folder, 20).await;
    let leases = crew.lease(runner, 20).await;
    let output = json!("x".repeat(50_000));
    let big =
        |lease: &Lease| Ack { ending: Ending::Done { output: Some(output.clone()) }, ..with_row(lease) };
    let acks: Vec<Ack> = leases.iter().map(big).collect();
    let limit = |pages: &'static str| sql::query(pages).execute(&crew.store.writer);
    limit("PRAGMA max_page_count = 1").await.unwrap();
    let full = crew.store.ack(Acks { runner, at: crew.now, acks: acks.clone() }).await.unwrap_err();
    assert!(matches!(full, StoreError::DiskFull { .. }), "{full}");
    assert_eq!((rows(&crew.store).await, crew.state(&leases[0]).await), (0, ItemState::Leased));
    assert_sums(&crew.store).await;
    limit("PRAGMA max_page_count = 1000000").await.unwrap();
    assert_eq!(crew.ack(runner, acks).await.refused, []);
    assert_eq!(rows(&crew.store).await, 20);
    crew.check().await;
}

/// On a disk without space SQLite ends the transaction by itself, of which the driver learns nothing.
#[tokio::test]
async fn a_transaction_that_the_database_ended_by_itself_does_not_spoil_what_comes_after() {
    if about_files() {
        return;
    }
    let folder = TempFolder::new();
    let (crew, runner) = crew_with(&folder, 2).await;
    let mut ended = crew.store.begin().await.unwrap();
    sql::query("ROLLBACK").execute(&mut *ended).await.unwrap();
    assert!(ended.commit().await.is_err());
    assert_eq!(crew.lease(runner, 2).await.len(), 2);
}

#[tokio::test]
async fn a_store_that_is_in_use_for_too_long_is_tried_again_with_the_same_acks() {
    let folder = TempFolder::new();
    let (crew, runner) = crew_with(&folder, 5).await;
    let leases = crew.lease(runner, 5).await;
    let acks: Vec<Ack> = leases.iter().map(with_row).collect();
    let other = Store::open(db(&folder)).await.unwrap();
    let turn = other.begin().await.unwrap();
    let busy = crew.store.ack(Acks { runner, at: crew.now, acks: acks.clone() }).await.unwrap_err();
    assert!(matches!(busy, StoreError::Busy { .. }), "{busy}");
    // On a server, a runner can say that it is alive whoever writes.
    match crew.store.heartbeat(runner, crew.now, crew.now).await {
        Ok(signals) => assert!(about_files() && signals.is_some()),
        Err(busy) => assert!(!about_files() && matches!(busy, StoreError::Busy { .. }), "{busy}"),
    }
    drop(turn);
    other.close().await;
    assert_eq!(crew.ack(runner, acks).await.refused, []);
    assert_eq!(rows(&crew.store).await, 5);
    crew.check().await;
}

#[tokio::test]
async fn an_ack_that_is_dropped_half_way_is_there_whole_or_not_at_all() {
    let folder = TempFolder::new();
    let (crew, runner) = crew_with(&folder, 400).await;
    let mut entered = 0;
    for polls in 0..40 {
        let leases = crew.lease(runner, 10).await;
        let acks: Vec<Ack> = leases.iter().map(with_row).collect();
        let mut ack = Box::pin(crew.store.ack(Acks { runner, at: crew.now, acks: acks.clone() }));
        for _ in 0..polls {
            if futures::poll!(&mut ack).is_ready() {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(ack);
        let refused = crew.ack(runner, acks).await.refused.len();
        assert!(refused == 0 || refused == 10, "{refused} of 10");
        entered += 10;
        assert_eq!(rows(&crew.store).await, entered);
    }
    crew.check().await;
}

/// Items that the process to be killed acks together.
const GROUP: usize = 10;
const FOLDER: &str = "CALLBOARD_KILL_FOLDER";

/// Not a test of its own: the process that is killed. It works until it is done, or dead.
#[tokio::test]
async fn works_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else { return };
    let crew = Crew::of(Store::open(db_at(folder.as_ref())).await.unwrap());
    let others: Vec<_> = crew.store.runners().await.unwrap().iter().map(|row| row.runner).collect();
    crew.store.reap(crew.now, &others).await.unwrap();
    let runner = crew.runner().await;
    loop {
        let leases = crew.lease(runner, GROUP).await;
        println!("leased");
        if leases.is_empty() {
            return;
        }
        crew.ack(runner, leases.iter().map(with_row).collect()).await;
        println!("acked");
    }
}

/// Starts it, kills it a moment after it has said so many lines, and tells whether it was too late.
fn work_and_kill(folder: &TempFolder, lines: usize, moment: usize) -> bool {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "tests::queue::faults::works_until_it_is_killed", "--nocapture"])
        .env(FOLDER, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut said =
        said.map_while(Result::ok).filter(|line| line.contains("leased") || line.contains("acked"));
    let heard = said.by_ref().take(lines).count();
    (0..moment).for_each(|_| std::hint::spin_loop());
    child.kill().unwrap();
    child.wait().unwrap();
    heard < lines
}

#[tokio::test]
async fn a_process_that_is_killed_leaves_whole_groups() {
    const ITEMS: usize = 2_000;
    let folder = TempFolder::new();
    let (crew, runner) = crew_with(&folder, ITEMS as i64).await;
    crew.store.stop_runner(runner, crew.now).await.unwrap();
    crew.store.close().await;
    let mut random = super::sim::random::Random::of(7);
    let (mut kills, mut before) = (0, 0);
    loop {
        let was_over = work_and_kill(&folder, 1 + random.below(40), random.below(300_000));
        let store = Store::open(db(&folder)).await.unwrap();
        // What the server had been told before the process died, it does; then comes our turn.
        drop(store.begin().await.unwrap());
        assert_sums(&store).await;
        let done = usize::try_from(done_items(&store).await).unwrap();
        assert!(done % GROUP == 0 && done >= before, "{done} after {before}");
        assert_eq!(rows(&store).await, done);
        assert_eq!(store.changes(0, 100_000).await.unwrap().len(), done);
        store.close().await;
        before = done;
        if was_over {
            break;
        }
        kills += 1;
    }
    assert_eq!(before, ITEMS, "after {kills} kills");
    assert!(kills > 5);
}
