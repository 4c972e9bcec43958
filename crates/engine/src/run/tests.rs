//! Runs on a store in memory, with functions made for the test in the place of `sleep`.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use connect::Connector;
use futures::future::BoxFuture;
use serde_json::{Map, json};
use store::{StepStatus, Store};
use tokio::sync::watch;

use super::*;
use crate::collect::{CollectOptions, Origin};
use crate::functions::{Answer, Call, Failure, Function, FunctionSpec};
use crate::pipeline::Pipeline;

/// Counts its calls; where `falls`, it panics.
struct Probe {
    falls: bool,
    calls: AtomicU32,
}

static SPEC: FunctionSpec = FunctionSpec {
    name: "sleep",
    summary: "Stands in for another.",
    example: "- name: x\n  function: sleep\n",
    schema: || schemars::json_schema!({}),
    spreads: false,
};

impl Function for Probe {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        assert!(!self.falls, "as the test wants it");
        Box::pin(async { Ok(Answer::default()) })
    }
}

struct Nothing;

impl Catalog for Nothing {
    fn origins(&self, _: &Wanted) -> Result<Vec<Origin>, String> {
        Ok(Vec::new())
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

fn clock() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_570)
}

async fn world(probe: &Arc<Probe>) -> Arc<World> {
    let functions = Functions::shipped().with(probe.clone());
    Arc::new(World {
        store: Store::in_memory().await.unwrap(),
        fetcher: None,
        functions,
        catalog: Arc::new(Nothing),
        clock,
        env: |_| None,
        progress: Arc::default(),
        folder: ".".into(),
        bounds: Bounds::default(),
    })
}

fn starting(yaml: &str) -> Starting {
    let pipeline = crate::pipeline::load("p.yaml", yaml).unwrap().pipeline;
    let (params, manner, command) = (Map::new(), Manner::default(), json!({}));
    Starting { pipeline, params, manner, overlap: None, command, by: COMMAND_LINE.to_owned(), slot: None }
}

async fn run_to_end(world: &Arc<World>, run: model::RunId) -> store::RunDetail {
    let (_stop, stopped) = watch::channel(Stop::No);
    Runner::new(world.clone(), RunnerOptions::default(), Until::Ended(run)).run(stopped).await.unwrap();
    world.store.run(run).await.unwrap().unwrap()
}

const TWO: &str = "name: two\nmax_retries: 0\nsteps:\n  - {name: a, function: sleep}\n  - {name: b, function: sleep, depends_on: [a]}\n";

/// A step whose function panics ends as failed, and what waits for it learns of it: else the run would
/// never end.
#[tokio::test(flavor = "multi_thread")]
async fn a_function_that_panics_fails_its_step_and_the_run_ends() {
    let probe = Arc::new(Probe { falls: true, calls: AtomicU32::new(0) });
    let world = world(&probe).await;
    let started = start(&world, starting(TWO)).await.unwrap();
    let ended = run_to_end(&world, started.run).await;
    let steps: Vec<StepStatus> = ended.steps.iter().map(|step| step.status).collect();
    assert_eq!(ended.outcome.as_deref(), Some("failed"));
    assert_eq!(steps, [StepStatus::Failed, StepStatus::Skipped]);
    assert!(ended.steps[0].reason.as_deref().unwrap_or_default().contains("please report it"));
}

/// A runner that serves takes nothing of a run whose secrets it does not know, and does not fail it.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_secrets_a_runner_does_not_know_is_left_to_others() {
    let probe = Arc::new(Probe { falls: false, calls: AtomicU32::new(0) });
    let world = world(&probe).await;
    let secret = format!("params: {{token: {{secret: true, required: true}}}}\n{TWO}");
    let mut starting = starting(&secret);
    starting.params.insert("token".to_owned(), json!("s3cret"));
    let started = start(&world, starting).await.unwrap();
    let (stop, stopped) = watch::channel(Stop::No);
    let server = Runner::new(world.clone(), RunnerOptions::default(), Until::Stopped).run(stopped);
    let server = tokio::spawn(server);
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    assert_eq!(probe.calls.load(Ordering::Relaxed), 0);

    let (_own, own) = watch::channel(Stop::No);
    Runner::new(world.clone(), RunnerOptions::default(), Until::Ended(started.run))
        .with_secrets(started.run, started.secrets)
        .run(own)
        .await
        .unwrap();
    stop.send(Stop::Now).unwrap();
    server.await.unwrap().unwrap();
    let ended = world.store.run(started.run).await.unwrap().unwrap();
    assert_eq!(ended.outcome.as_deref(), Some("completed"));
    assert!(!ended.definition.to_string().contains("s3cret"));
}

/// Redriving does again what failed and what did not run for its sake, nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn redriving_does_only_what_failed_or_never_ran() {
    let falls = Arc::new(Probe { falls: true, calls: AtomicU32::new(0) });
    let world = world(&falls).await;
    let run = start(&world, starting(TWO)).await.unwrap().run;
    run_to_end(&world, run).await;
    let mends = Arc::new(Probe { falls: false, calls: AtomicU32::new(0) });
    let mended = Arc::new(World {
        store: world.store.clone(),
        functions: Functions::shipped().with(mends.clone()),
        fetcher: None,
        catalog: Arc::new(Nothing),
        clock,
        env: |_| None,
        progress: Arc::default(),
        folder: ".".into(),
        bounds: Bounds::default(),
    });
    assert_eq!(redrive(&world.store, run, None).await.unwrap().items, 2);
    let ended = run_to_end(&mended, run).await;
    assert_eq!(ended.outcome.as_deref(), Some("completed"));
    assert_eq!(mends.calls.load(Ordering::Relaxed), 2);
    assert_eq!(redrive(&world.store, run, None).await.unwrap().items, 0);
}
