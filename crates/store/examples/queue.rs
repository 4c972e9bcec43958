//! Measures the queue: spreads so many items, then leases and acks them in groups as a runner does, on a
//! file with durable state. `cargo run --release -p store --example queue -- 1000000 500`
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program for measuring")]

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use model::RunId;
use serde_json::json;
use store::{
    Ack, Acks, DeadQuery, Ending, Fault, Lease, LeaseRequest, NewItem, NewRun, NewStep, Phase, RunEnd,
    RunnerId, RunnerStart, Spread, StepNo, Store, StoreError, WaitsFor, WorkQueue,
};

/// One item in so many fails, so that there is something to list and redrive.
const FAILS_ONE_IN: i64 = 1_000;
const CHILDREN_PER_GO: i64 = 10_000;

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let number = |index: usize, default: i64| {
        std::env::args().nth(index).and_then(|text| text.parse().ok()).unwrap_or(default)
    };
    let (items, group) = (number(1, 100_000), number(2, 500));
    let folder = std::env::temp_dir().join(format!("callboard-queue-{}", std::process::id()));
    let made = std::fs::create_dir_all(&folder);
    let measured = if made.is_ok() { measure(&folder.join("queue.db"), items, group).await } else { Ok(()) };
    let _ = std::fs::remove_dir_all(&folder);
    measured
}

async fn measure(db: &Path, items: i64, group: i64) -> Result<(), StoreError> {
    let store = Store::open(db).await?;
    println!("opened: {} resident", resident());
    let runner = start_runner(&store).await?;
    let run = start_run(&store).await?;
    let whole = Instant::now();
    let spread = spread(&store, runner, items).await?;
    println!("spread: {}, {} resident", rate(items, spread), resident());
    let parts = work(&store, runner, items, group).await?;
    let worked: Duration = parts.iter().sum();
    println!("lease and ack: {}, {} resident", rate(items, worked), resident());
    let (first, last) = (parts[0], parts[9]);
    let ratio = last.as_secs_f64() / first.as_secs_f64();
    println!("  first tenth {first:.2?}, last tenth {last:.2?}: {ratio:.2} times");
    println!("end to end: {}", rate(items, whole.elapsed()));
    look_and_redrive(&store, run, runner).await?;
    let size = std::fs::metadata(db).map_or(0, |meta| meta.len()) / 1_000_000;
    println!("{size} MB on disk, {} resident", resident());
    store.close().await;
    Ok(())
}

async fn start_runner(store: &Store) -> Result<RunnerId, StoreError> {
    let (name, host) = ("runner_1".to_owned(), "here".to_owned());
    let until = Utc::now() + TimeDelta::days(1);
    store
        .start_runner(RunnerStart { name, host, pid: 1, process: None, serves: None, at: Utc::now(), until })
        .await
}

async fn start_run(store: &Store) -> Result<RunId, StoreError> {
    let step = NewStep { no: StepNo(0), path: "each".to_owned(), function: None, parent: None };
    let id = RunId::new();
    let run = NewRun {
        claim: None,
        audit: Vec::new(),
        id,
        at: Utc::now(),
        pipeline: "measure".to_owned(),
        definition: json!({}),
        command: json!({}),
        lock: None,
        steps: vec![step],
        items: vec![NewItem { counted: false, ..item(0) }],
        cap: 10,
    };
    store.start_run(run).await?;
    Ok(id)
}

fn item(key: i64) -> NewItem {
    let input = Some(json!({"page": key}));
    NewItem { step: StepNo(0), key, input, pending: 0, tries: 3, counted: true }
}

async fn spread(store: &Store, runner: RunnerId, items: i64) -> Result<Duration, StoreError> {
    let started = Instant::now();
    let step = store.lease(ask(runner, 1)).await?.remove(0);
    for first in (0..items).step_by(usize::try_from(CHILDREN_PER_GO).unwrap_or(1)) {
        let children = (first..items.min(first + CHILDREN_PER_GO)).map(item).collect();
        let spread = Spread { cap: 1_000_000, most: None, children };
        store.enqueue(runner, step.item, step.attempt, spread).await?;
    }
    let spread = Ending::Spread(Spread { cap: 1, most: None, children: vec![] });
    ack(store, runner, vec![Ack::of(&step, spread)]).await?;
    Ok(started.elapsed())
}

/// Works on everything there is; how long each tenth took.
async fn work(store: &Store, runner: RunnerId, items: i64, group: i64) -> Result<[Duration; 10], StoreError> {
    let mut parts = [Duration::ZERO; 10];
    let mut done = 0;
    loop {
        let started = Instant::now();
        let leases = store.lease(ask(runner, group)).await?;
        if leases.is_empty() {
            return Ok(parts);
        }
        ack(store, runner, leases.iter().map(end).collect()).await?;
        let tenth = usize::try_from(done * 10 / items.max(1)).unwrap_or(0).min(9);
        parts[tenth] += started.elapsed();
        done += i64::try_from(leases.len()).unwrap_or(0);
    }
}

/// Nothing is done, except that some fail at first.
fn end(lease: &Lease) -> Ack {
    let run = Some(RunEnd { outcome: "completed".to_owned(), summary: json!({}) });
    let fails = lease.attempt == 1 && lease.phase == Phase::Start && lease.key % FAILS_ONE_IN == 7;
    let ending = if fails {
        Ending::Failed(Fault::new("broken", "it broke"))
    } else {
        Ending::Done { output: Some(json!({"rows": 1})) }
    };
    Ack { run, ..Ack::of(lease, ending) }
}

async fn look_and_redrive(store: &Store, run: RunId, runner: RunnerId) -> Result<(), StoreError> {
    let started = Instant::now();
    let steps = store.run(run).await?.map(|run| run.items());
    println!("one run: {steps:?} in {:.2?}", started.elapsed());
    for of in [None, Some(run)] {
        let started = Instant::now();
        let dead = store.dead(DeadQuery { run: of, item: None, limit: 20 }).await?.len();
        println!("{dead} dead: {:.2?}", started.elapsed());
    }
    let started = Instant::now();
    let redriven = store.redrive(run, None, &WaitsFor::new()).await?;
    println!("{redriven:?} in {:.2?}", started.elapsed());
    let started = Instant::now();
    let parts = work(store, runner, 1, 500).await?;
    println!(
        "done again in {:.2?}, of which {:.2?} working",
        started.elapsed(),
        parts.iter().sum::<Duration>()
    );
    let another = start_run(store).await?;
    let started = Instant::now();
    let stopped = store.cancel(another, Utc::now(), "enough").await?;
    println!("another run cancelled: {stopped:?} in {:.2?}", started.elapsed());
    Ok(())
}

async fn ack(store: &Store, runner: RunnerId, acks: Vec<Ack>) -> Result<(), StoreError> {
    store.ack(Acks { runner, at: now(), acks }).await.map(|_| ())
}

fn ask(runner: RunnerId, want: i64) -> LeaseRequest {
    LeaseRequest { runner, now: now(), want: usize::try_from(want).unwrap_or(1), run: None }
}

fn now() -> DateTime<Utc> {
    Utc::now()
}

fn rate(items: i64, taken: Duration) -> String {
    format!("{items} items in {taken:.2?}, {:.0}/s", items as f64 / taken.as_secs_f64())
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".to_owned(), |(_, size)| size.trim().to_owned())
}
