//! Schedules: a slot is started once whoever claims it, pauses hold, changes count from when they came.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use testkit::TempFolder;

use super::kit::{db, now, store};
use super::queue::kit::{item, locked, run};
use crate::{Begun, CLAIMS_KEPT, NewRun, Overlap, ScheduleRow, SlotClaim, Store};

const DAILY: &str = "0 2 * * *";

async fn kept(store: &Store, cron: &str, at: DateTime<Utc>) -> ScheduleRow {
    store.keep_schedule("orders", "pipelines/orders.yaml", &json!(cron), at).await.unwrap();
    row(store).await
}

async fn row(store: &Store) -> ScheduleRow {
    store.schedules().await.unwrap().remove(0)
}

async fn claim(store: &Store, slot: DateTime<Utc>) -> bool {
    store.claim_slot("orders", slot, "s1", now()).await.unwrap()
}

#[tokio::test]
async fn each_of_many_slots_is_claimed_once_by_two_servers_of_many_tasks() {
    const SLOTS: i64 = 40;
    let folder = TempFolder::new();
    let stores = [Store::open(db(&folder)).await.unwrap(), Store::open(db(&folder)).await.unwrap()];
    kept(&stores[0], DAILY, now()).await;
    let mut tasks = Vec::new();
    for number in 0..8 {
        let (store, by) = (stores[number % 2].clone(), format!("server {number}"));
        tasks.push(tokio::spawn(async move {
            let mut won = 0;
            for slot in 0..SLOTS {
                let slot = now() + TimeDelta::minutes(slot);
                won += i64::from(store.claim_slot("orders", slot, &by, now()).await.unwrap());
            }
            won
        }));
    }
    let won: i64 = futures::future::join_all(tasks).await.into_iter().map(Result::unwrap).sum();
    assert_eq!(won, SLOTS);
    assert_eq!(row(&stores[1]).await.last_slot, Some(now() + TimeDelta::minutes(SLOTS - 1)));
}

#[tokio::test]
async fn nobody_claims_what_is_paused_unknown_or_ancient() {
    let store = store().await;
    assert!(!claim(&store, now()).await, "unknown");
    kept(&store, DAILY, now()).await;
    assert!(store.pause_schedule("orders", Some((now(), "source is down"))).await.unwrap());
    assert!(!claim(&store, now()).await, "paused");
    assert_eq!(row(&store).await.note.as_deref(), Some("source is down"));
    // reading the file again does not let it go on
    assert!(kept(&store, DAILY, now()).await.paused_at.is_some());
    assert!(store.pause_schedule("orders", None).await.unwrap());
    assert!(claim(&store, now()).await);
    assert!(!claim(&store, now() - CLAIMS_KEPT - TimeDelta::days(1)).await, "ancient");
    assert!(!store.pause_schedule("nobody", None).await.unwrap());
}

#[tokio::test]
async fn the_last_slot_only_moves_forward() {
    let store = store().await;
    let first = kept(&store, DAILY, now() - TimeDelta::days(3)).await;
    assert_eq!(first.since(), now() - TimeDelta::days(3));
    assert!(claim(&store, now()).await && claim(&store, now() - TimeDelta::days(1)).await);
    assert_eq!(row(&store).await.since(), now());
}

#[tokio::test]
async fn a_changed_schedule_counts_from_its_change_and_claims_stay() {
    let store = store().await;
    kept(&store, DAILY, now() - TimeDelta::days(3)).await;
    assert!(claim(&store, now()).await);
    let later = now() + TimeDelta::hours(5);
    assert_eq!(kept(&store, DAILY, later).await.since(), now(), "nothing new");
    assert_eq!(kept(&store, "0 * * * *", later).await.since(), later);
    assert!(!claim(&store, now()).await);
    assert!(store.drop_schedule("orders").await.unwrap() && !store.drop_schedule("orders").await.unwrap());
    assert_eq!(kept(&store, DAILY, later).await.since(), later);
    assert!(!claim(&store, now()).await);
}

#[tokio::test]
async fn what_runs_once_runs_once() {
    let store = store().await;
    kept(&store, "disabled", now()).await;
    assert!(claim(&store, DateTime::UNIX_EPOCH).await);
    assert_eq!(row(&store).await.since(), DateTime::UNIX_EPOCH);
    let later = now() + CLAIMS_KEPT + TimeDelta::days(9);
    assert!(!store.claim_slot("orders", DateTime::UNIX_EPOCH, "s2", later).await.unwrap());
}

fn scheduled(run: NewRun) -> NewRun {
    let claim = Some(SlotClaim { slot: now(), by: "s1".to_owned() });
    NewRun { pipeline: "orders".to_owned(), claim, ..run }
}

#[tokio::test]
async fn a_run_is_begun_with_the_claim_of_its_slot_or_not_at_all() {
    let store = store().await;
    let new = || scheduled(run(vec![item(0, 0)]));
    assert_eq!(store.start_run(new()).await.unwrap(), Begun::Taken, "unknown");
    kept(&store, DAILY, now()).await;
    assert_eq!(store.start_run(new()).await.unwrap(), Begun::Running);
    assert_eq!(store.start_run(new()).await.unwrap(), Begun::Taken);
    assert_eq!(store.runs(10).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_slot_that_is_left_out_for_a_run_under_way_is_used_up() {
    let store = store().await;
    kept(&store, DAILY, now()).await;
    let (earlier, new) = (locked(Overlap::Skip), scheduled(locked(Overlap::Skip)));
    let behind = earlier.id;
    store.start_run(earlier).await.unwrap();
    assert_eq!(store.start_run(new.clone()).await.unwrap(), Begun::Skipped { behind });
    assert_eq!(store.start_run(new).await.unwrap(), Begun::Taken);
    assert_eq!(store.runs(10).await.unwrap().len(), 1);
}
