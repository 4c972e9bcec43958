//! Ten runners, each with a store of its own on one file, on a clock of the test: together as polite as
//! one, nobody starves, and the dead hold nothing up.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use testkit::TempFolder;

use super::kit::{db, now, store};
use crate::{LIMIT_LEASE, LimitAsk, LimitGrant, LimitNeed, LimitPause, Standing, Store};

fn need(interval_ms: u64, burst: u32, concurrency: Option<u32>) -> LimitNeed {
    LimitNeed {
        resource: "host:a".to_owned(),
        interval: Duration::from_millis(interval_ms),
        burst,
        concurrency,
    }
}

fn ask<'a>(runner: &'a str, needs: &'a [(LimitNeed, Standing)], now: DateTime<Utc>) -> LimitAsk<'a> {
    LimitAsk { runner, needs, waiting: 1, want: 1, horizon: Duration::from_millis(300), unused: 0, now }
}

fn later(ms: i64) -> DateTime<Utc> {
    now() + TimeDelta::milliseconds(ms)
}

/// In no stretch of time are there more slots than the rate and the burst allow.
fn assert_polite(slots: &mut [DateTime<Utc>], interval: TimeDelta, burst: i32) {
    slots.sort();
    for (first, from) in slots.iter().enumerate() {
        for (n, to) in slots.iter().enumerate().skip(first + 1) {
            let beyond_burst = i32::try_from(n - first).unwrap() - (burst - 1);
            assert!(*to - *from >= interval * beyond_burst.max(0), "{from} to {to}: {} slots", n - first + 1);
        }
    }
}

/// A number that looks random, from a seed.
fn draw(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

#[tokio::test]
async fn ten_runners_are_as_polite_as_one() {
    let folder = TempFolder::new();
    let mut runners = Vec::new();
    for number in 0..10 {
        runners.push((format!("r{number}"), Store::open(db(&folder)).await.unwrap()));
    }
    let (mut seed, mut at, mut slots) = (7, 0, Vec::new());
    let mut by_runner = BTreeMap::<&str, usize>::new();
    for _ in 0..400 {
        at += i64::try_from(draw(&mut seed) % 40).unwrap();
        let (name, store) = &runners[usize::try_from(draw(&mut seed) % 10).unwrap()];
        let needs = [(need(50, 2, None), Standing::default())];
        let want = u32::try_from(1 + draw(&mut seed) % 5).unwrap();
        let grant =
            store.reserve(&LimitAsk { want, waiting: want, ..ask(name, &needs, later(at)) }).await.unwrap();
        assert!(!grant.slots.is_empty() && grant.slots.iter().all(|slot| *slot >= later(at)));
        *by_runner.entry(name).or_default() += grant.slots.len();
        slots.extend(grant.slots);
    }
    assert_eq!(by_runner.len(), 10);
    let span = *slots.iter().max().unwrap() - now();
    assert_polite(&mut slots, TimeDelta::milliseconds(50), 2);
    // and no slower than the rate allows: they asked for more than there was
    assert!(slots.len() as i64 >= span.num_milliseconds() / 50 - 1, "{} in {span}", slots.len());
}

#[tokio::test]
async fn a_request_waits_for_all_its_resources() {
    let store = store().await;
    let key = LimitNeed { resource: "key:k".to_owned(), ..need(1_000, 1, None) };
    let both = [(need(100, 1, None), Standing::default()), (key.clone(), Standing::default())];
    let host_only = [(need(100, 1, None), Standing::default())];
    let slots =
        |grant: LimitGrant| grant.slots.iter().map(|at| (*at - now()).num_milliseconds()).collect::<Vec<_>>();
    assert_eq!(slots(store.reserve(&ask("r1", &both, now())).await.unwrap()), [0]);
    assert_eq!(slots(store.reserve(&ask("r2", &both, now())).await.unwrap()), [1_000], "the key's rate");
    // booked at the host too, so that nobody comes in between
    assert_eq!(slots(store.reserve(&ask("r3", &host_only, now())).await.unwrap()), [1_100]);
    let other = [(LimitNeed { resource: "host:b".to_owned(), ..need(0, 1, None) }, Standing::default())];
    let many = LimitAsk { want: 5, ..ask("r1", &other, now()) };
    assert_eq!(slots(store.reserve(&many).await.unwrap()), [0; 5], "no rate, no wait");
}

#[tokio::test]
async fn unused_slots_go_back_while_nobody_else_got_any() {
    let store = store().await;
    let standing = |mark| [(need(100, 1, None), Standing { in_flight: 0, mark })];
    let fresh = standing(0);
    let batch = LimitAsk { want: 3, ..ask("r1", &fresh, now()) };
    let mark = store.reserve(&batch).await.unwrap().marks[0];
    let returning = standing(mark);
    let back = LimitAsk { unused: 2, ..ask("r1", &returning, later(10)) };
    assert_eq!(store.reserve(&back).await.unwrap().slots, [later(100)]);
    // the mark is not the last any more: what is told now is not believed
    let stale = LimitAsk { unused: 2, ..ask("r1", &returning, later(10)) };
    assert_eq!(store.reserve(&stale).await.unwrap().slots, [later(200)]);
}

#[tokio::test]
async fn places_are_shared_and_handed_on() {
    let store = store().await;
    let with = |in_flight| [(need(0, 1, Some(4)), Standing { in_flight, mark: 0 })];
    let (none, two, three) = (with(0), with(2), with(3));
    let hungry = |runner, needs, at| LimitAsk { waiting: 9, want: 9, ..ask(runner, needs, later(at)) };
    assert_eq!(store.reserve(&hungry("r1", &none, 0)).await.unwrap().permits, [4], "alone");
    let refused = store.reserve(&hungry("r2", &none, 1)).await.unwrap();
    assert_eq!((refused.slots.len(), refused.permits[0]), (0, 0));
    // r1 has three under way and hears that somebody waits
    let less = store.reserve(&hungry("r1", &three, 2)).await.unwrap();
    assert_eq!((less.slots.len(), less.permits[0]), (0, 2));
    assert_eq!(store.reserve(&hungry("r2", &none, 3)).await.unwrap().permits, [1], "what is free");
    let one = with(1);
    store.reserve(&hungry("r1", &two, 4)).await.unwrap();
    assert_eq!(store.reserve(&hungry("r2", &one, 5)).await.unwrap().permits, [2], "half each");
}

#[tokio::test]
async fn who_waits_longest_is_next_where_there_is_one_place() {
    let store = store().await;
    let none = [(need(0, 1, Some(1)), Standing::default())];
    let gets =
        async |runner, at| !store.reserve(&ask(runner, &none, later(at))).await.unwrap().slots.is_empty();
    assert!(gets("r1", 0).await);
    assert!(!gets("r2", 1).await && !gets("r3", 2).await);
    // r1 is done and wants it again: it comes after those who waited
    assert!(!gets("r1", 3).await);
    assert!(!gets("r3", 4).await, "r2 waits longer");
    assert!(gets("r2", 5).await);
}

#[tokio::test]
async fn what_the_dead_held_runs_out_and_the_living_keep_theirs() {
    let store = store().await;
    let none = [(need(0, 1, Some(1)), Standing::default())];
    let gets =
        async |runner, at| !store.reserve(&ask(runner, &none, later(at))).await.unwrap().slots.is_empty();
    let lease = LIMIT_LEASE.num_milliseconds();
    assert!(gets("dead", 0).await && !gets("r2", lease - 1).await && gets("r2", lease + 1).await);
    // a long request is told of from time to time
    store.settle_limits("r2", &[("host:a".to_owned(), 1)], later(2 * lease)).await.unwrap();
    assert!(!gets("r3", 3 * lease - 1).await);
    store.settle_limits("r2", &[("host:a".to_owned(), 0)], later(3 * lease)).await.unwrap();
    assert!(gets("r3", 3 * lease).await);
}

#[tokio::test]
async fn a_pause_that_one_was_asked_for_holds_for_all() {
    let store = store().await;
    let needs = [(need(100, 2, Some(4)), Standing::default())];
    let pause = |ms, runner: &str| LimitPause {
        resource: "host:a".to_owned(),
        until: later(ms),
        reason: "a asked for a pause of 60 s".to_owned(),
        runner: runner.to_owned(),
    };
    store.pause_limit("host:a", &pause(60_000, "r1")).await.unwrap();
    store.pause_limit("host:a", &pause(5_000, "r9")).await.unwrap();
    let refused = store.reserve(&ask("r2", &needs, later(10))).await.unwrap();
    assert_eq!((refused.slots.len(), refused.pause), (0, Some(pause(60_000, "r1"))));
    let row = store.limits(later(20)).await.unwrap().remove(0);
    assert_eq!((row.next_slot, row.waiting), (later(60_000), 1));
    assert!(row.held_back_by(later(20)).unwrap().contains("asked of r1"));
    // shortly before its end the first slot is given, for the end
    let near = store.reserve(&ask("r2", &needs, later(59_800))).await.unwrap();
    assert_eq!(near.slots, [later(60_000)]);
}

#[tokio::test]
async fn the_slowest_wish_of_the_last_minute_holds() {
    let store = store().await;
    let (slow, fast) =
        ([(need(1_000, 1, None), Standing::default())], [(need(10, 1, None), Standing::default())]);
    store.reserve(&ask("r1", &slow, now())).await.unwrap();
    assert_eq!(store.reserve(&ask("r2", &fast, later(1))).await.unwrap().slots, [later(1_000)]);
    let minute = 62_000;
    store.reserve(&ask("r2", &fast, later(minute))).await.unwrap();
    assert_eq!(store.reserve(&ask("r2", &fast, later(minute))).await.unwrap().slots, [later(minute + 10)]);
    let limits = store.limits(later(minute)).await.unwrap();
    assert_eq!(limits[0].interval, Duration::from_millis(10));
}

#[tokio::test]
async fn who_waits_for_one_resource_keeps_no_place_of_another() {
    let store = store().await;
    let of =
        |name: &str| (LimitNeed { resource: name.to_owned(), ..need(0, 1, Some(1)) }, Standing::default());
    let (a, both, key) = ([of("host:a")], [of("host:a"), of("key:k")], [of("key:k")]);
    let gets = async |runner, needs, at| {
        !store.reserve(&ask(runner, needs, later(at))).await.unwrap().slots.is_empty()
    };
    assert!(gets("r1", &a, 0).await && !gets("r2", &both, 1).await);
    assert!(gets("r3", &key, 2).await, "r2 waits for the host");
    store.settle_limits("r3", &[("key:k".to_owned(), 0)], later(3)).await.unwrap();
    // nor does who waits for the end of a pause
    let pause = LimitPause {
        resource: "host:a".to_owned(),
        until: later(60_000),
        reason: String::new(),
        runner: "r1".to_owned(),
    };
    store.pause_limit("host:a", &pause).await.unwrap();
    assert!(!gets("r2", &both, 4).await && gets("r3", &key, 5).await);
}

#[tokio::test]
async fn the_view_names_who_holds_the_places() {
    let store = store().await;
    let needs = [(need(0, 1, Some(2)), Standing::default())];
    let both = LimitAsk { waiting: 2, want: 2, ..ask("r1", &needs, now()) };
    store.reserve(&both).await.unwrap();
    store.reserve(&ask("r2", &needs, later(1))).await.unwrap();
    let row = store.limits(later(2)).await.unwrap().remove(0);
    assert_eq!((row.running, row.waiting, row.concurrency), (2, 1, Some(2)));
    assert_eq!(row.held_back_by(later(2)).unwrap(), "all places are held by r1");
}
