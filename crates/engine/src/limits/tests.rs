//! Ten runners on one store file, in real time: what is asserted are the instants they were given, and
//! that nobody went before its instant.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use connect::fetch::Pace;
use testkit::TempFolder;

use super::*;

#[allow(clippy::disallowed_methods, reason = "the runners under test share the real clock")]
fn clock() -> DateTime<Utc> {
    Utc::now()
}

const PATIENCE: Duration = Duration::from_secs(60);

fn need(resource: &str, per_second: Option<f64>, concurrency: Option<usize>) -> Need {
    Need {
        resource: resource.to_owned(),
        wish: Pace { per_second, concurrency, even: false },
        default: Pace::default(),
    }
}

/// Each with a store of its own, as processes have.
async fn runners(folder: &TempFolder, count: usize) -> Vec<SharedLimits> {
    let mut runners = Vec::new();
    for number in 0..count {
        let store = Store::open(&folder.path().join("callboard.db")).await.expect("a store");
        runners.push(SharedLimits::new(store, &format!("r{number}"), clock));
    }
    runners
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ten_runners_keep_the_pace_of_one() {
    let folder = TempFolder::new();
    // 100 a second, 10 at once; beside it a key at half the rate, 5 at once
    let needs = [need("host:a", Some(100.0), None), need("key:k", Some(50.0), None)];
    let mut tasks = Vec::new();
    for runner in runners(&folder, 10).await {
        let needs = needs.clone();
        tasks.push(tokio::spawn(async move {
            let mut slots = Vec::new();
            for _ in 0..8 {
                let (at, under_way) = runner.shared.reserved(&needs, PATIENCE).await.expect("a slot");
                drop(under_way);
                slots.push(at);
            }
            slots
        }));
    }
    let mut slots = Vec::new();
    for task in tasks {
        slots.extend(task.await.expect("a runner"));
    }
    slots.sort();
    assert_eq!(slots.len(), 80);
    for (first, from) in slots.iter().enumerate() {
        for (last, to) in slots.iter().enumerate().skip(first + 5) {
            let least = TimeDelta::milliseconds(20) * i32::try_from(last - first - 4).expect("few");
            assert!(*to - *from >= least, "{} slots from {from} to {to}", last - first + 1);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_goes_before_its_slot() {
    let folder = TempFolder::new();
    let needs = [need("host:a", Some(40.0), None)];
    let runners = runners(&folder, 4).await;
    let start = clock();
    let turns = runners.iter().flat_map(|runner| (0..6).map(|_| runner.enter(&needs, PATIENCE)));
    let turns = futures::future::join_all(turns).await;
    assert!(turns.iter().all(Result::is_ok));
    // 4 at once, then one each 25 ms
    assert!(clock() - start >= TimeDelta::milliseconds(20 * 25), "{}", clock() - start);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_between_two_requests_is_never_undercut() {
    let folder = TempFolder::new();
    let mut needs = [need("host:a", Some(50.0), None)];
    needs[0].wish.even = true;
    let (interval, margin) = (TimeDelta::milliseconds(20), TimeDelta::milliseconds(3));
    let mut tasks = Vec::new();
    for runner in runners(&folder, 5).await {
        let needs = needs.clone();
        tasks.push(tokio::spawn(async move {
            let mut slots = Vec::new();
            for _ in 0..6 {
                let (at, under_way) = runner.shared.reserved(&needs, PATIENCE).await.expect("a slot");
                slots.push(at);
                // Used within the margin or not at all.
                let missed = |late| runner.shared.desk.is_missed(&under_way.lane, at, at + late);
                assert!(!missed(margin) && missed(margin + TimeDelta::microseconds(1)));
            }
            slots
        }));
    }
    let mut slots = Vec::new();
    for task in tasks {
        slots.extend(task.await.expect("a runner"));
    }
    slots.sort();
    let least = slots.windows(2).map(|pair| pair[1] - pair[0]).min().expect("slots");
    assert!(least >= interval + margin, "two slots within {least}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn places_are_not_exceeded_and_everybody_gets_some() {
    static NOW: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    let folder = TempFolder::new();
    let mut tasks = Vec::new();
    for runner in runners(&folder, 5).await {
        for _ in 0..3 {
            let runner = runner.clone();
            tasks.push(tokio::spawn(async move {
                for _ in 0..10 {
                    let turn =
                        runner.enter(&[need("host:a", None, Some(3))], PATIENCE).await.expect("a turn");
                    MOST.fetch_max(NOW.fetch_add(1, SeqCst) + 1, SeqCst);
                    // However slow the machine, the first stays until a second came beside it.
                    while MOST.load(SeqCst) < 2 {
                        tokio::time::sleep(Duration::from_millis(1)).await;
                    }
                    NOW.fetch_sub(1, SeqCst);
                    drop(turn);
                }
            }));
        }
    }
    let all = async {
        for task in tasks {
            task.await.expect("all its turns");
        }
    };
    tokio::time::timeout(PATIENCE, all).await.expect("more than one at a time");
    assert!((2..=3).contains(&MOST.load(SeqCst)), "{}", MOST.load(SeqCst));
}

#[tokio::test]
async fn a_pause_that_one_learns_holds_for_all() {
    let folder = TempFolder::new();
    let runners = runners(&folder, 2).await;
    let needs = [need("host:a", None, None)];
    let until = clock() + TimeDelta::milliseconds(900);
    runners[0].pause("host:a", Duration::from_millis(900), "a asked for a pause of 1 s");
    let refused = runners[0].enter(&needs, Duration::ZERO).await;
    assert!(matches!(refused, Err(Refusal::Paused { .. })), "at once where it was learnt");
    while runners[1].shared.store.limits(clock()).await.expect("limits").is_empty() {
        tokio::task::yield_now().await;
    }
    let refused = runners[1].enter(&needs, Duration::ZERO).await;
    assert!(
        matches!(&refused, Err(Refusal::Paused { why, .. }) if why.contains("pause of 1 s")),
        "{refused:?}"
    );
    let (at, _under_way) = runners[1].shared.reserved(&needs, PATIENCE).await.expect("a slot");
    assert!(at >= until, "{at} {until}");
}

#[tokio::test]
async fn what_is_held_goes_back() {
    let folder = TempFolder::new();
    let runners = runners(&folder, 2).await;
    let needs = [need("host:a", None, Some(1))];
    let turn = runners[0].enter(&needs, PATIENCE).await.expect("a turn");
    let running = async || runners[1].shared.store.limits(clock()).await.expect("limits")[0].running;
    assert_eq!(running().await, 1);
    drop(turn);
    runners[0].give_back().await.expect("told");
    assert_eq!(running().await, 0);
    assert!(runners[1].enter(&needs, PATIENCE).await.is_ok());
}

#[tokio::test]
async fn a_busy_runner_asks_the_store_seldom() {
    let shared = SharedLimits::new(crate::run::tests::empty_store().await, "r", clock).shared;
    let needs = [need("host:a", None, None)];
    let lane = shared.desk.lane(&needs);
    let _waiting = lane.wait_in_line();
    let (mut now, mut asked) = (clock(), 0);
    for _ in 0..1_000 {
        now += TimeDelta::microseconds(100);
        while shared.desk.take(&lane, now).is_none() {
            shared.ask(&lane, now).await.expect("a grant");
            asked += 1;
        }
        shared.desk.done(&lane);
    }
    assert!(asked < 20, "{asked} transactions for 1000 requests");
}
