//! A server that goes away under a run and comes back: nothing is lost, nothing done twice over.

use std::sync::Mutex;
use std::time::Duration;

use store::{Address, Server};
use testkit::servers::OwnPostgres;

use super::*;

/// Takes a moment, and keeps which elements it was called with.
#[derive(Default)]
struct Slow(Mutex<Vec<String>>);

impl Function for Slow {
    fn spec(&self) -> &'static FunctionSpec {
        &SPEC
    }

    fn call<'a>(&'a self, call: &'a Call) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.0.lock().unwrap().push(call.with["seconds"].to_string());
            Ok(Answer::done(call.with["seconds"].clone()))
        })
    }
}

impl Slow {
    fn calls(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    async fn has_done(&self, calls: usize) {
        while self.calls() < calls {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

const ITEMS: usize = 800;

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_restarted_under_a_run_loses_and_doubles_nothing() {
    let Some(server) = OwnPostgres::start() else { return };
    let at = Address::Server(Server {
        url: server.url(),
        namespace: "away".to_owned(),
        landing: server.folder().join("landing"),
        connections: 8,
    });
    let slow = Arc::new(Slow::default());
    let world = with(Store::open(&at).await.unwrap(), Functions::shipped().with(slow.clone()));
    let yaml = format!(
        "name: many\nsteps:\n  - {{name: m, function: sleep, max_retries: 0, for_each: 'range({ITEMS}) | list', \
         max_concurrency: 8, with: {{seconds: '{{{{ item }}}}'}}}}\n"
    );
    let run = start(&world, starting(&yaml)).await.unwrap().run;
    let running = tokio::spawn({
        let world = world.clone();
        async move { run_to_end(&world, run).await }
    });
    for calls in [ITEMS / 4, ITEMS / 2] {
        slow.has_done(calls).await;
        tokio::task::block_in_place(|| {
            server.stop_at_once();
            server.go_on();
        });
    }
    let ended = tokio::time::timeout(Duration::from_secs(120), running).await.unwrap().unwrap();
    assert_eq!(ended.outcome.as_deref(), Some("completed"), "{ended:?}");
    let items = ended.items();
    assert_eq!((items.done, items.total), (ITEMS as u64, ITEMS as u64));
    let mut done = slow.0.lock().unwrap().clone();
    // What was in hand when the server went is kept by its runner: hardly anything is done again.
    assert!(done.len() < ITEMS + 50, "{} calls", done.len());
    done.sort();
    done.dedup();
    assert_eq!(done.len(), ITEMS);

    server.stop_at_once();
    let (_stop, stopped) = watch::channel(Stop::No);
    let runner = Runner::new(world, RunnerOptions::default(), Until::Idle).run(stopped).await;
    let why = runner.unwrap_err().to_string();
    assert!(why.contains("cannot be reached") && why.contains("check that the server runs"), "{why}");
}
