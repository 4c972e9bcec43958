//! `items [N] [CONCURRENCY] [ADDRESS]`: N items that do nothing, through a runner on a store in a file, or
//! at this address of a server, in a namespace of its own; prints what an item costs. For looking at the engine alone with a profiler.

use std::error::Error;
use std::io::Write;
use std::sync::Arc;
use std::time::Instant;

use chrono::Utc;
use connect::Connector;
use engine::collect::{CollectOptions, Origin, Progress};
use engine::functions::Functions;
use engine::pipeline::{Pipeline, load};
use engine::run::{
    Bounds, COMMAND_LINE, Catalog, Manner, Room, Runner, RunnerOptions, Starting, Stop, Until, Wanted, World,
    start,
};
use serde_json::{Map, json};
use store::{Address, Store};
use tokio::sync::watch;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let count: u64 = args.next().map_or(Ok(100_000), |text| text.parse())?;
    let concurrency: usize = args.next().map_or(Ok(64), |text| text.parse())?;
    let path = std::env::temp_dir().join(format!("callboard-items-{}.db", std::process::id()));
    let at = match args.next() {
        Some(address) => Address::parse(&address).in_namespace(&format!("items_{}", std::process::id())),
        None => Address::from(&path),
    };
    let began = Instant::now();
    let run = work_off(&at, count, concurrency).await?;
    let seconds = began.elapsed().as_secs_f64();
    writeln!(
        std::io::stdout(),
        "{run}: {count} items in {seconds:.2} s, {:.0} a second",
        count as f64 / seconds
    )?;
    for ending in ["", "-wal", "-shm"] {
        // Whether the side files are there depends on how the store was closed.
        let _ = std::fs::remove_file(format!("{}{ending}", path.display()));
    }
    Ok(())
}

async fn work_off(at: &Address, count: u64, concurrency: usize) -> Result<String, Box<dyn Error>> {
    let text = format!(
        "name: items\nsteps:\n- name: each\n  function: sleep\n  for_each: range({count})\n  max_concurrency: {concurrency}\n"
    );
    let pipeline = load("items", &text).map_err(|findings| format!("{findings:?}"))?.pipeline;
    let world = Arc::new(World {
        store: Store::open(at).await?,
        fetcher: None,
        functions: Functions::shipped(),
        catalog: Arc::new(Nothing),
        clock: now,
        env: |_| None,
        progress: Arc::new(Progress::default()),
        folder: ".".into(),
        bounds: Bounds::default(),
        room: Room::default(),
    });
    let manner = Manner::default();
    let starting = Starting {
        pipeline,
        params: Map::new(),
        manner,
        overlap: None,
        command: json!({}),
        by: COMMAND_LINE.to_owned(),
        slot: None,
    };
    let started = start(&world, starting).await?;
    let options = RunnerOptions { concurrency, ..RunnerOptions::default() };
    let (_stop, stop) = watch::channel(Stop::No);
    Runner::new(world.clone(), options, Until::Ended(started.run)).run(stop).await?;
    let detail = world.store.run(started.run).await?.ok_or("the run is not there")?;
    world.store.close().await;
    Ok(format!("{} {:?}", detail.outcome.clone().unwrap_or_default(), detail.items()))
}

#[allow(clippy::disallowed_methods, reason = "a program's edge")]
fn now() -> chrono::DateTime<Utc> {
    Utc::now()
}

struct Nothing;

impl Catalog for Nothing {
    fn origins(&self, _: &Wanted) -> Result<Vec<Origin>, String> {
        Err("nothing is collected here".to_owned())
    }

    fn connector(&self, _: &str) -> Option<Arc<dyn Connector>> {
        None
    }

    fn collect_options(&self) -> Result<CollectOptions, String> {
        Err("nothing is collected here".to_owned())
    }

    fn pipeline(&self, name: &str) -> Result<Pipeline, String> {
        Err(format!("there is no pipeline {name}"))
    }
}
