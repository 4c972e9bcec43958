//! Runs on a store in memory, with functions made for the test in the place of `sleep`.

mod away;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, Utc};
use connect::Connector;
use futures::future::BoxFuture;
use model::RunId;
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

/// One whose calls are told by the audit log, in the place of `sql`.
struct Query;

const fn stands_in(name: &'static str) -> FunctionSpec {
    FunctionSpec {
        name,
        summary: "Stands in for another.",
        example: "- name: x\n  function: sleep\n",
        schema: || schemars::json_schema!({}),
        spreads: false,
    }
}

static SPEC: FunctionSpec = stands_in("sleep");
static QUERY: FunctionSpec = stands_in("sql");

impl Function for Query {
    fn spec(&self) -> &'static FunctionSpec {
        &QUERY
    }

    fn call<'a>(&'a self, _: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async { Ok(Answer::default()) })
    }
}

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

/// An empty store: in memory, or on the server that the stores of tests are on.
pub(crate) async fn empty_store() -> Store {
    match testkit::servers::stores_are_on() {
        None => Store::in_memory().await.unwrap(),
        Some(url) => store_at(url, &testkit::TempFolder::new()).await,
    }
}

/// The store of `folder`: a file in it, or a namespace called after it.
pub(crate) async fn store_of(folder: &testkit::TempFolder) -> Store {
    match testkit::servers::stores_are_on() {
        None => Store::open(&folder.path().join("kit.db")).await.unwrap(),
        Some(url) => store_at(url, folder).await,
    }
}

async fn store_at(url: String, folder: &testkit::TempFolder) -> Store {
    let namespace = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let landing = folder.path().join("landing");
    Store::open(store::Address::Server(store::Server { url, namespace, landing, connections: 8 }))
        .await
        .unwrap()
}

async fn world(probe: &Arc<Probe>) -> Arc<World> {
    with(empty_store().await, Functions::shipped().with(probe.clone()))
}

/// Everything that runs on `store` may use, with the functions that ship.
pub(crate) fn world_on(store: Store) -> Arc<World> {
    with(store, Functions::shipped())
}

fn with(store: Store, functions: Functions) -> Arc<World> {
    Arc::new(World {
        store,
        fetcher: None,
        functions,
        catalog: Arc::new(Nothing),
        clock,
        env: |_| None,
        progress: Arc::default(),
        folder: ".".into(),
        bounds: Bounds::default(),
        room: Room::default(),
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
    let mended = with(world.store.clone(), Functions::shipped().with(mends.clone()));
    assert_eq!(redrive(&world.store, run, None).await.unwrap().items, 2);
    let ended = run_to_end(&mended, run).await;
    assert_eq!(ended.outcome.as_deref(), Some("completed"));
    assert_eq!(mends.calls.load(Ordering::Relaxed), 2);
    assert_eq!(redrive(&world.store, run, None).await.unwrap().items, 0);
}

/// The rows of the audit log, oldest first: operation, step, outcome.
async fn told(store: &Store, run: RunId) -> Vec<[String; 3]> {
    let query = store::AuditQuery { run: Some(run), ..Default::default() };
    let rows = store.audit_entries(&query).await.unwrap();
    let right = |row: &store::AuditRow| match row.operation.as_str() {
        "run.begin" => row.runner == COMMAND_LINE,
        _ => row.runner.starts_with("runner_") && row.duration_ms.is_some(),
    };
    assert!(rows.iter().all(right), "{rows:?}");
    rows.into_iter().rev().map(|row| [row.operation, row.step.unwrap_or_default(), row.outcome]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_ends_badly_is_audited_and_ordinary_items_are_not() {
    let world = world(&Arc::new(Probe { falls: true, calls: AtomicU32::new(0) })).await;
    let run = start(&world, starting(TWO)).await.unwrap().run;
    run_to_end(&world, run).await;
    let expected = [
        ["run.begin", "", "running"],
        ["item.end", "a", "failed"],
        ["step.end", "a", "failed"],
        ["step.end", "b", "skipped"],
        ["run.end", "", "failed"],
    ];
    assert_eq!(told(&world.store, run).await, expected);

    let many = "name: many\nsteps:\n  - {name: q, function: sql}\n  - {name: m, function: sleep, for_each: 'range(50) | list'}\n";
    let world = with(world.store.clone(), Functions::shipped().with(Arc::new(Query)));
    let run = start(&world, starting(many)).await.unwrap().run;
    run_to_end(&world, run).await;
    let expected =
        [["run.begin", "", "running"], ["call.sql", "q", "completed"], ["run.end", "", "completed"]];
    assert_eq!(told(&world.store, run).await, expected);
    assert_eq!(world.store.verify_audit(None).await.unwrap().fault, None);
}

#[tokio::test]
async fn a_run_that_cannot_begin_is_audited() {
    let world = world(&Arc::new(Probe { falls: false, calls: AtomicU32::new(0) })).await;
    let starting = starting(&format!("params: {{day: {{required: true}}}}\n{TWO}"));
    assert!(start(&world, starting).await.is_err());
    let rows = world.store.audit_entries(&store::AuditQuery::default()).await.unwrap();
    let rows: Vec<_> = rows.iter().map(|row| (row.outcome.as_str(), row.error_class.as_deref())).collect();
    assert_eq!(rows, [("failed", Some("usage"))]);
}
