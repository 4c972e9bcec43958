//! Commands as steps.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::kit::{Kit, one};
use crate::run::Stop;

#[tokio::test]
async fn output_is_what_is_asked_for() {
    let kit = Kit::new().await;
    let check = async |with: &str, expected: Value| {
        let ran = kit.step(&format!("function: shell\nwith: {with}")).await;
        assert_eq!(*ran.output(), expected, "{with}");
    };
    let none = json!({"read": 0, "quarantined": 0});
    let lines = json!({"lines": [{"a": 1}, "two words"], "count": 2, "records": none});
    check(r#"{command: "echo '{\"a\": 1}'; echo; echo two words"}"#, lines).await;
    check("{command: 'echo \"[1,\"; echo \"2]\"', output: json}", json!([1, 2])).await;
    check("{command: [echo, $HOME, 'a  b'], output: text}", json!("$HOME a  b")).await;
    check("{command: cat, stdin: some text, output: text}", json!("some text")).await;
    check("{command: cat, stdin: {a: [1]}, output: json}", json!({"a": [1]})).await;
    check("{command: 'true', output: text}", json!("")).await;
}

#[tokio::test]
async fn it_sees_little_of_the_environment() {
    let kit = Kit::new().await;
    let ran = kit.step("function: shell\nwith: {command: env, env: {OWN: 5, NONE: null}}").await;
    let lines = ran.output()["lines"].as_array().unwrap();
    let mut names: Vec<&str> = lines.iter().filter_map(|line| line.as_str()?.split('=').next()).collect();
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_", "LANG", "HOME"].contains(name));
    names.sort_unstable();
    // On a server, a store is found by its namespace too.
    names.retain(|name| testkit::servers::stores_are_on().is_none() || *name != "CALLBOARD_NAMESPACE");
    assert_eq!(names, ["CALLBOARD_DB", "CALLBOARD_RUN", "CALLBOARD_STEP", "OWN", "PATH"]);
    assert!(lines.contains(&json!("OWN=5")) && lines.contains(&json!("CALLBOARD_STEP=one")));
}

const RECORDS: &str = r#"
echo '{"kind": "venue", "key": "hall", "name": "Hall", "timezone": "Europe/Berlin"}'
echo '{"key": "1", "title": "Gala", "start": "2026-12-01T20:00:00", "venue": "hall"}'
echo '{"key": "2", "title": "No start"}'
echo '{"key": "3", "titel": "x"}'
echo 'no record at all'
"#;

#[tokio::test]
async fn records_pass_the_gate_and_are_kept_under_their_source() {
    let kit = Kit::new().await;
    kit.folder.write("plugin.sh", RECORDS);
    let lines = "function: shell\nwith: {command: [sh, plugin.sh], output: records, source: Town Hall}";
    let ran = kit.step(lines).await;
    assert_eq!(ran.output()["records"], json!({"read": 5, "quarantined": 3}));
    let events = kit.world.store.events(&store::EventQuery::default()).await.unwrap();
    assert_eq!(events.len(), 1);
    assert_eq!((events[0].source.as_str(), events[0].title.as_deref()), ("town-hall", Some("Gala")));
    let start = events[0].start.as_ref().and_then(crate::present::instant);
    assert_eq!(start.as_deref(), Some("2026-12-01T20:00:00+01:00"));

    // What was printed is landed as it was, and a second run changes nothing.
    let documents = kit.world.store.documents_of_run(ran.detail.id).await.unwrap();
    let body = kit.world.store.landing().get(documents[0].body.unwrap()).await.unwrap();
    assert!(String::from_utf8_lossy(&body).ends_with("no record at all\n"));
    let again = kit.step(lines).await;
    let did = kit.world.store.reckon(again.detail.id, None).await.unwrap();
    assert_eq!(did.by_kind.values().map(|counts| counts.new + counts.changed).sum::<i64>(), 0);
}

#[tokio::test]
async fn a_failure_is_retried_and_tells_the_end_of_stderr() {
    let kit = Kit::new().await;
    let command = "for i in 1 2 3 4 5 6 7; do echo line $i {{ env.KIT_SECRET }} >&2; done; echo lost; exit 3";
    let ran = kit.step(&format!("function: shell\nmax_retries: 2\nwith: {{command: '{command}'}}")).await;
    assert_eq!((ran.outcome(), ran.attempts()), ("failed", 3));
    let reason = ran.reason();
    assert!(reason.contains("sh ended with exit code 3 and said:\nline 3 ***\n"), "{reason}");
    assert!(reason.ends_with("line 7 ***"), "{reason}");

    kit.folder.write("once.sh", "test -e seen || { touch seen; kill -9 $$; }; echo done");
    let ran = kit.step("function: shell\nmax_retries: 1\nwith: {command: [sh, once.sh]}").await;
    assert_eq!((ran.output()["lines"].clone(), ran.attempts()), (json!(["done"]), 2));
}

#[tokio::test]
async fn faults_of_the_step_are_not_retried() {
    let kit = Kit::new().await;
    let check = async |with: &str, expected: &str| {
        let ran = kit.step(&format!("function: shell\nmax_retries: 2\nwith: {with}")).await;
        assert_eq!((ran.outcome(), ran.attempts()), ("failed", 1), "{with}");
        assert!(ran.reason().contains(expected), "{with}: {}", ran.reason());
    };
    check("{command: [no-such-program]}", "cannot run no-such-program: it is not there").await;
    check("{command: []}", "the list names no program").await;
    check("{command: ls, cwd: nowhere}", "cwd: nowhere is no folder").await;
    check("{command: echo x, output: json}", "is no JSON").await;
    check("{command: 'head -c 40000000 /dev/zero', output: text}", "printed more than").await;
}

#[tokio::test]
async fn full_pipes_block_nothing() {
    let kit = Kit::new().await;
    // More than a pipe holds, on all three at once; and an input that nobody reads.
    let command = "head -c 300000 /dev/zero | tr \"\\\\0\" e >&2; head -c 300000 /dev/zero | tr \"\\\\0\" o; cat | wc -c";
    let stdin = "x".repeat(300_000);
    let ran = kit
        .step(&format!("function: shell\nwith: {{command: '{command}', stdin: {stdin}, output: text}}"))
        .await;
    assert!(ran.output().as_str().unwrap().ends_with("o300000"));
    let lines =
        format!("function: shell\nwith: {{command: 'exec 0<&-; echo x', stdin: {stdin}, output: text}}");
    assert_eq!(*kit.step(&lines).await.output(), json!("x"));
}

/// Whether the process whose id a command wrote is still there.
fn lives(folder: &Path) -> bool {
    let Ok(id) = std::fs::read_to_string(folder.join("pid")) else { return false };
    let status = std::fs::read_to_string(format!("/proc/{}/stat", id.trim())).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}

async fn until(mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("it does not come to hold");
}

/// A command that starts another one, and waits for it.
const SLOW: &str = "sleep 60 & echo $! > pid.new; mv pid.new pid; wait";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outlives_its_step() {
    let kit = Kit::new().await;
    let ran = kit.step(&format!("function: shell\ntimeout: 0.1\nwith: {{command: '{SLOW}'}}")).await;
    assert!(ran.reason().contains("took longer than 100ms"), "{}", ran.reason());
    until(|| !lives(kit.folder.path())).await;

    // What was left behind in the background is ended with the command, and holds nothing up.
    let kit = Kit::new().await;
    let ran =
        kit.step("function: shell\nwith: {command: 'sleep 60 & echo $! > pid; echo x', output: text}").await;
    assert_eq!(*ran.output(), json!("x"));
    until(|| !lives(kit.folder.path())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_the_run_ends_the_command() {
    let kit = Kit::on_disk().await;
    let run = kit.begin(&one(&format!("function: shell\nwith: {{command: '{SLOW}'}}"))).await;
    let (_stop, stop) = watch::channel(Stop::No);
    let cancel = async {
        until(|| lives(kit.folder.path())).await;
        kit.world.store.cancel(run, chrono::Utc::now(), "enough").await.unwrap();
    };
    tokio::join!(kit.work(run, stop), cancel);
    assert_eq!(kit.ran(run).await.outcome(), "cancelled");
    until(|| !lives(kit.folder.path())).await;
}

#[tokio::test]
async fn a_dry_run_starts_nothing() {
    let kit = Kit::new().await.dry();
    let ran = kit.step("function: shell\nwith: {command: 'touch made {{ env.KIT_SECRET }}'}").await;
    assert_eq!(ran.output()["dry_run"], "would run: touch made ***");
    assert!(kit.folder.names().is_empty());
}
