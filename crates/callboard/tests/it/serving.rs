//! The server begins what is due: once, whoever else serves; and one pipeline's fault is no other's.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::call::{Desk, until};

const TICK: &str = "\
name: tick
schedule: {cron: \"* * * * * *\", timezone: Asia/Tokyo, catch_up: all}
steps:
  - {name: a, function: sleep}
";

fn entries(desk: &Desk, operation: &str) -> Vec<Value> {
    let args = ["audit", "--operation", operation, "--limit", "1000", "--format", "ndjson"];
    let text = desk.call(&args).stdout;
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

/// A run begins, or waits for the one before it.
fn began(outcome: &Value) -> bool {
    outcome == "running" || outcome == "queued"
}

#[test]
fn two_servers_start_each_second_once_and_tell_a_fault_once() {
    let desk = Desk::new();
    desk.folder.write("pipelines/tick.yaml", TICK);
    desk.folder.write(
        "pipelines/faulty.yaml",
        "name: faulty\nschedule: \"* * * * *\"\nsteps: [{name: a, function: slep}]\n",
    );
    desk.folder.write(
        "pipelines/needy.yaml",
        "name: needy\nschedule: \"* * * * * *\"\nparams: {x: {required: true}}\nsteps: [{name: a, function: sleep}]\n",
    );
    let servers = ["left", "right"].map(|name| desk.start(&["serve", "--runner-id", name]));
    until("the store is there", || desk.has_store());
    until("five have run", || desk.runs().iter().filter(|run| run["outcome"] == "completed").count() >= 5);
    servers.iter().for_each(|server| server.signal("TERM"));
    for server in servers {
        let answer = server.end();
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        for fault in ["there is no function `slep`", "needy cannot begin"] {
            assert_eq!(answer.stderr.matches(fault).count(), 1, "{}", answer.stderr);
        }
    }
    let runs = desk.runs();
    assert!(runs.iter().all(|run| run["pipeline"] == "tick" && run["trigger"] == "schedule"), "{runs:?}");
    let claims = entries(&desk, "schedule.claim");
    let slots: BTreeSet<String> = claims.iter().map(|claim| claim["detail"]["slot"].to_string()).collect();
    assert_eq!((slots.len(), claims.len()), (runs.len(), runs.len()), "{claims:?}");
    assert!(claims.iter().all(|claim| claim["run"].is_string() && began(&claim["outcome"])));
    let failed = entries(&desk, "run.begin").into_iter().filter(|entry| entry["outcome"] == "failed");
    let mut failed: Vec<Value> = failed.map(|entry| entry["runner"].clone()).collect();
    failed.sort_by_key(Value::to_string);
    assert_eq!(failed, ["left", "right"], "each told its own failure once");
    assert_eq!(desk.call(&["audit", "verify"]).code, 0);
}

#[test]
fn a_file_that_is_new_counts_at_once_and_one_that_is_paused_does_not_run() {
    let desk = Desk::new();
    let server = desk.start(&["serve"]);
    until("the store is there", || desk.has_store());
    let paused = TICK.replace("catch_up: all", "paused: true, note: not yet").replace("tick", "held");
    desk.folder.write("pipelines/held.yaml", paused);
    desk.folder.write("pipelines/tick.yaml", TICK.replace("catch_up: all", "overlap: skip"));
    until("it has run", || desk.runs().iter().any(|run| run["outcome"] == "completed"));
    let listed = desk.call(&["schedule"]).stdout;
    assert!(listed.contains("not yet"), "{listed}");
    assert!(desk.runs().iter().all(|run| run["pipeline"] == "tick"));
    server.signal("TERM");
    assert_eq!(server.end().code, 0);
}

#[test]
fn an_address_that_cannot_be_listened_at_is_told_before_anything_is_begun() {
    let desk = Desk::new();
    let answer = desk.call(&["serve", "--listen", "nowhere"]);
    assert_eq!(answer.code, 1, "{}", answer.stderr);
    assert!(answer.stderr.contains("cannot listen at nowhere"), "{}", answer.stderr);
    assert!(!answer.stderr.contains("serving") && desk.folder.names().is_empty(), "{}", answer.stderr);
}
