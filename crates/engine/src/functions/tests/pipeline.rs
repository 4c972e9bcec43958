//! Pipelines that run pipelines.

use std::time::Duration;

use serde_json::json;
use store::RunState;
use tokio::sync::watch;

use super::kit::{Kit, one};
use crate::run::Stop;

const CALL: &str = "function: pipeline\nwith: {name: inner, params: {text: hello}}";

async fn kit(inner: &str) -> Kit {
    let kit = Kit::on_disk().await;
    kit.folder
        .write("inner.yaml", format!("name: inner\nparams: {{text: none}}\nmax_retries: 0\nsteps:\n{inner}"));
    kit
}

#[tokio::test]
async fn the_inner_run_is_waited_for() {
    let kit =
        kit("  - name: say\n    function: shell\n    with: {command: [echo, '{{ params.text }}']}\n").await;
    let ran = kit.step(CALL).await;
    assert_eq!(ran.output()["outcome"], "completed");
    let inner = ran.output()["run"].as_str().unwrap().parse().unwrap();
    let inner = kit.ran(inner).await;
    assert_eq!(inner.outputs["say"]["lines"], json!(["hello"]));
    assert_eq!(kit.world.store.runs_around(inner.detail.id).await.unwrap(), [ran.detail.id]);
}

#[tokio::test]
async fn a_failure_of_it_is_one_of_the_step_and_is_gone_on_with() {
    let kit = kit("  - name: once\n    function: shell\n    with: {command: [echo, a]}\n  - name: flaky\n    function: shell\n    with: {command: 'echo x >> tries; test $(wc -l < tries) -ge 3'}\n").await;
    let ran = kit.step(CALL).await;
    assert_eq!(ran.outcome(), "failed");
    assert!(
        ran.reason().contains("of inner ended as failed: flaky: sh ended with exit code 1"),
        "{}",
        ran.reason()
    );

    // A redrive of the outer run goes on with the inner one, and does not begin another.
    let waits = Default::default();
    kit.world.store.redrive(ran.detail.id, None, &waits).await.unwrap();
    let (_stop, stop) = watch::channel(Stop::No);
    kit.work(ran.detail.id, stop).await;
    assert_eq!(kit.ran(ran.detail.id).await.outcome(), "failed");
    kit.world.store.redrive(ran.detail.id, None, &waits).await.unwrap();
    let (_stop, stop) = watch::channel(Stop::No);
    kit.work(ran.detail.id, stop).await;
    assert_eq!(kit.ran(ran.detail.id).await.outcome(), "completed");
    assert_eq!(kit.world.store.runs(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn the_steps_own_retries_go_on_with_it_too() {
    let kit = kit("  - name: flaky\n    function: shell\n    with: {command: 'echo x >> tries; test $(wc -l < tries) -ge 3'}\n").await;
    let ran = kit.step(&format!("{CALL}\nmax_retries: 2")).await;
    assert_eq!(ran.output()["outcome"], "completed");
    assert_eq!(kit.world.store.runs(10).await.unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn it_is_cancelled_with_the_outer_run() {
    let kit = kit("  - name: long\n    function: sleep\n    with: {seconds: 60}\n").await;
    let run = kit.begin(&one(CALL)).await;
    let (_stop, stop) = watch::channel(Stop::No);
    let store = &kit.world.store;
    let cancel = async {
        while store.runs(10).await.unwrap().len() < 2 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
        store.cancel(run, chrono::Utc::now(), "enough").await.unwrap();
    };
    tokio::join!(kit.work(run, stop), cancel);
    assert_eq!(kit.ran(run).await.outcome(), "cancelled");
    let inner = store.runs(10).await.unwrap()[0].id;
    assert_ne!(inner, run);
    assert_ne!(store.run_state(inner).await.unwrap(), Some(RunState::Running));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_limit_of_the_step_is_one_for_all_of_it() {
    let kit = kit("  - name: long\n    function: sleep\n    with: {seconds: 60}\n").await;
    let ran = kit.step(&format!("{CALL}\ntimeout: 2")).await;
    assert!(ran.reason().contains("ended as cancelled: it took longer than 2s"), "{}", ran.reason());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_that_leaves_in_between_begins_it_once() {
    let kit = kit("  - name: short\n    function: sleep\n    with: {seconds: 0.08}\n").await;
    let run = kit.begin(&one(CALL)).await;
    for _ in 0..6 {
        let (tell, stop) = watch::channel(Stop::No);
        let leave = async {
            tokio::time::sleep(Duration::from_millis(15)).await;
            tell.send_replace(Stop::Now);
        };
        tokio::join!(kit.work(run, stop), leave);
    }
    let (_stop, stop) = watch::channel(Stop::No);
    kit.work(run, stop).await;
    assert_eq!(kit.ran(run).await.outcome(), "completed");
    assert_eq!(kit.world.store.runs(10).await.unwrap().len(), 2);
}

#[tokio::test]
async fn one_at_a_time_waits_for_no_runner() {
    let kit =
        kit("  - name: say\n    function: shell\n    with: {command: [echo, '{{ params.text }}']}\n").await;
    let lines = "function: pipeline\nfor_each: [a, b, c, d, e]\nmax_concurrency: 1\nwith: {name: inner, params: {text: '{{ item }}'}}";
    let ran = kit.step(lines).await;
    assert_eq!(ran.output().as_array().map(Vec::len), Some(5));
    assert_eq!(kit.world.store.runs(10).await.unwrap().len(), 6);
}

#[tokio::test]
async fn what_cannot_be_run_is_told() {
    let kit = kit("  - name: self\n    function: pipeline\n    with: {name: inner, params: {text: '{{ params.text }}x'}}\n").await;
    kit.folder.write(
        "secret.yaml",
        "name: secret\nparams: {token: {secret: true, default: x}}\nsteps:\n  - {name: a, function: sleep}\n",
    );
    kit.folder.write(
        "same.yaml",
        "name: same\nmax_retries: 0\nsteps:\n  - {name: a, function: pipeline, with: {name: same}}\n",
    );
    let check = async |with: &str, expected: &str| {
        let ran = kit.step(&format!("function: pipeline\nwith: {with}")).await;
        assert_eq!(ran.outcome(), "failed", "{with}");
        assert!(ran.reason().contains(expected), "{with}: {}", ran.reason());
    };
    check("{name: nowhere}", "there is no pipeline nowhere").await;
    check("{}", "give either name or file").await;
    check("{name: inner, params: {txet: a}}", "did you mean `text`?").await;
    check("{name: inner, params: {text: '{{ env.KIT_SECRET }}'}}", "holds a secret").await;
    check("{name: secret, params: {token: y}}", "token is a secret parameter").await;
    check("{name: inner}", "more than 8 deep").await;
    check("{name: same}", "with the same parameters, that waits for it").await;
}

#[tokio::test]
async fn a_dry_run_rehearses_it() {
    let kit = kit("  - name: say\n    function: shell\n    with: {command: touch made}\n").await.dry();
    let ran = kit.step(CALL).await;
    let inner = kit.ran(ran.output()["run"].as_str().unwrap().parse().unwrap()).await;
    assert_eq!(inner.outputs["say"]["dry_run"], "would run: touch made");
}
