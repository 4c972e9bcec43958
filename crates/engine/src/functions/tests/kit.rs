//! Runs pipelines for tests: a world around a store, a runner that neither waits nor backs off long,
//! and everything that came of it in one struct.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connect::ReadOptions;
use connect::fetch::Fetcher;
use model::{RunId, Window};
use serde_json::{Map, Value};
use store::{RunDetail, Store};
use tokio::sync::watch;

use crate::collect::{CollectOptions, Origin};
use crate::functions::Functions;
use crate::pipeline::{self, Pipeline};
use crate::run::{
    self, Backoff, Bounds, Catalog, Manner, Room, Runner, RunnerOptions, Starting, Stop, Until, Wanted, World,
};

/// A world to run pipelines in; its folder is gone when it is dropped.
pub(crate) struct Kit {
    pub(crate) world: Arc<World>,
    pub(crate) folder: testkit::TempFolder,
    pub(crate) manner: Manner,
}

/// What came of a run.
pub(crate) struct Ran {
    pub(crate) detail: RunDetail,
    /// The outputs of its top-level steps, by name.
    pub(crate) outputs: Map<String, Value>,
}

impl Kit {
    /// With everything in memory but its folder.
    pub(crate) async fn new() -> Kit {
        Kit::with(crate::run::tests::empty_store().await, testkit::TempFolder::new(), None)
    }

    /// With its store in a file, so that several connections see it.
    pub(crate) async fn on_disk() -> Kit {
        let folder = testkit::TempFolder::new();
        Kit::with(crate::run::tests::store_of(&folder).await, folder, None)
    }

    pub(crate) fn with(store: Store, folder: testkit::TempFolder, fetcher: Option<Fetcher>) -> Kit {
        let catalog = Arc::new(Files(folder.path().to_owned()));
        let world = World {
            store,
            fetcher,
            functions: Functions::shipped(),
            catalog,
            clock: Utc::now,
            env: |name| match name {
                "KIT_SECRET" => Some("s3cret-value".to_owned()),
                name => std::env::var(name).ok(),
            },
            progress: Arc::default(),
            folder: folder.path().to_owned(),
            bounds: Bounds::default(),
            room: Room::default(),
        };
        Kit { world: Arc::new(world), folder, manner: Manner::default() }
    }

    /// The same world with something else in it.
    pub(crate) fn changed(mut self, change: impl FnOnce(&mut World)) -> Kit {
        let world = Arc::get_mut(&mut self.world).expect("nothing runs yet");
        change(world);
        self
    }

    /// Nothing is to be written.
    pub(crate) fn dry(mut self) -> Kit {
        self.manner.dry_run = true;
        self
    }

    /// Runs a pipeline to its end.
    pub(crate) async fn run(&self, yaml: &str) -> Ran {
        let run = self.begin(yaml).await;
        let (_stop, stop) = watch::channel(Stop::No);
        self.work(run, stop).await;
        self.ran(run).await
    }

    /// Runs one step, `one`, whose function and further lines are given.
    pub(crate) async fn step(&self, lines: &str) -> Ran {
        self.run(&one(lines)).await
    }

    /// Begins a run that nobody works on yet.
    pub(crate) async fn begin(&self, yaml: &str) -> RunId {
        let pipeline = parse(yaml);
        let starting = Starting {
            pipeline,
            params: Map::new(),
            manner: self.manner.clone(),
            overlap: None,
            command: Value::Null,
            by: run::COMMAND_LINE.to_owned(),
            slot: None,
        };
        run::start(&self.world, starting).await.unwrap().run
    }

    /// Works on a run until it has ended or the runner is told to stop.
    pub(crate) async fn work(&self, run: RunId, stop: watch::Receiver<Stop>) {
        let runner = Runner::new(self.world.clone(), options(), Until::Ended(run));
        tokio::time::timeout(Duration::from_secs(20), runner.run(stop))
            .await
            .expect("the run ends in time")
            .unwrap();
    }

    /// What came of a run so far.
    pub(crate) async fn ran(&self, run: RunId) -> Ran {
        let detail = self.world.store.run(run).await.unwrap().unwrap();
        let mut outputs = Map::new();
        for step in detail.steps.iter().filter(|step| step.parent.is_none()) {
            let output = self.world.store.step_output(run, step.no).await.unwrap();
            outputs.insert(step.path.clone(), output.unwrap_or_default());
        }
        Ran { detail, outputs }
    }
}

impl Ran {
    /// How it ended.
    pub(crate) fn outcome(&self) -> &str {
        self.detail.outcome.as_deref().unwrap_or("not ended")
    }

    /// The output of the step `one`; fails unless the run completed.
    pub(crate) fn output(&self) -> &Value {
        assert_eq!(self.outcome(), "completed", "{:?}", self.detail.steps);
        &self.outputs["one"]
    }

    /// Why its first step did not complete.
    pub(crate) fn reason(&self) -> &str {
        self.detail.steps.iter().find_map(|step| step.reason.as_deref()).unwrap_or_default()
    }

    /// Attempts at its first step.
    pub(crate) fn attempts(&self) -> u64 {
        self.detail.steps[0].attempts
    }
}

/// A pipeline with one step, `one`, that is not retried unless its lines say so.
pub(crate) fn one(lines: &str) -> String {
    let lines: Vec<String> = lines.lines().map(|line| format!("    {line}")).collect();
    format!("name: test\nmax_retries: 0\nsteps:\n  - name: one\n{}\n", lines.join("\n"))
}

pub(crate) fn parse(yaml: &str) -> Pipeline {
    let loaded = pipeline::load("test.yaml", yaml);
    loaded.unwrap_or_else(|faults| panic!("{faults:#?}\n{yaml}")).pipeline
}

/// Short waits everywhere.
pub(crate) fn options() -> RunnerOptions {
    let ms = Duration::from_millis;
    RunnerOptions {
        poll: ms(10),
        grace: ms(50),
        lease_time: ms(600),
        backoff: Backoff { base: ms(5), cap: ms(20), late: 1 },
        ..RunnerOptions::default()
    }
}

/// Pipelines are files of the folder.
struct Files(std::path::PathBuf);

impl Catalog for Files {
    fn origins(&self, _: &Wanted) -> Result<Vec<Origin>, String> {
        Ok(Vec::new())
    }

    fn connector(&self, _: &str) -> Option<Arc<dyn connect::Connector>> {
        None
    }

    fn collect_options(&self) -> Result<CollectOptions, String> {
        let now = DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_570);
        let window = Window::around(now.date_naive(), 31, 366);
        Ok(CollectOptions {
            read: ReadOptions { window, timezone: Some(chrono_tz::America::Chicago), now },
            max_documents: 1_000,
            max_depth: 1,
            concurrency: 4,
            max_shrink: 0.5,
            reread: false,
            sweep: true,
            dry_run: false,
        })
    }

    fn pipeline(&self, name: &str) -> Result<Pipeline, String> {
        let path = self.0.join(if name.contains('.') { name.to_owned() } else { format!("{name}.yaml") });
        let text = std::fs::read_to_string(&path).map_err(|_| format!("there is no pipeline {name}"))?;
        match pipeline::load(name, &text) {
            Ok(loaded) => Ok(loaded.pipeline),
            Err(faults) => Err(faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")),
        }
    }
}
