//! Several processes on one store: runners that share a run, a fleet that supervises them, a server.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::call::{Desk, until};

/// Sixty items, each of a fifth of a second.
const MANY: &str = "\
name: many
steps:
  - {name: each, for_each: 'range(60) | list', max_concurrency: 60, function: sleep, with: {seconds: 0.2}}
";

fn desk() -> Desk {
    let desk = Desk::new();
    desk.folder.write("pipelines/many.yaml", MANY);
    desk
}

/// Every item was attempted once and is done: no two runners did the same.
fn check_once(run: &Value, items: u64) {
    assert_eq!(run["outcome"], "completed", "{run}");
    let step = &run["steps"][0];
    assert_eq!((&step["items"]["done"], &step["attempts"]), (&items.into(), &items.into()), "{run}");
}

#[test]
fn two_runners_share_a_run_and_do_nothing_twice() {
    let desk = desk();
    let run = desk.call(&["run", "many", "--detach"]).stdout.trim().to_owned();
    let start =
        |name: &str| desk.start(&["runner", "--until-idle", "--runner-id", name, "--concurrency", "4"]);
    let ended = [start("left"), start("right")].map(|runner| {
        let answer = runner.end();
        assert_eq!(answer.code, 0, "{}", answer.stderr);
        let words = answer.stderr.lines().find(|line| line.contains("ended by this runner"));
        let count = words.and_then(|line| line.split(' ').next()).and_then(|count| count.parse::<u64>().ok());
        count.unwrap_or_else(|| panic!("no count: {}", answer.stderr))
    });
    check_once(&desk.run(&run), 60);
    assert!(ended.iter().all(|count| *count >= 1), "both had a share: {ended:?}");
}

#[test]
fn what_a_killed_runner_had_is_taken_by_another() {
    let desk = desk();
    let run = desk.call(&["run", "many", "--detach"]).stdout.trim().to_owned();
    let killed = desk.start(&["runner", "--concurrency", "8"]);
    until("it has done something", || desk.run(&run)["items"]["done"].as_u64() > Some(3));
    killed.signal("KILL");
    drop(killed);
    assert_eq!(desk.call(&["runner", "--run", "last", "--concurrency", "30"]).code, 0);
    let ended = desk.run(&run);
    assert_eq!((&ended["outcome"], &ended["items"]["done"]), (&"completed".into(), &60.into()), "{ended}");
}

#[test]
fn a_fleet_ends_with_its_run_and_sums_up_from_the_store() {
    let desk = desk();
    let args = ["fleet", "many", "--num-runners", "2", "--check-interval", "0.5", "--concurrency", "4"];
    let answer = desk.call(&[&args[..], &["--format", "json"]].concat());
    let (code, run) = answer.object();
    assert_eq!(code, 0, "{}", answer.stderr);
    check_once(&run, 60);
    assert!(answer.stderr.contains("RESTARTS"), "a status table: {}", answer.stderr);
    assert!(
        answer.stderr.lines().filter(|line| line.contains("completed")).count() >= 2,
        "{}",
        answer.stderr
    );
}

#[test]
fn a_fleet_is_not_begun_beside_another_when_told_to_skip() {
    let desk = desk();
    let first =
        desk.start(&["fleet", "many", "--num-runners", "1", "--concurrency", "4", "--format", "json"]);
    until("it runs", || desk.has_store() && desk.runs().len() == 1);
    let (code, skipped) = desk.object(&["fleet", "many", "--overlap", "skip", "--format", "json"]);
    assert_eq!((code, &skipped["outcome"]), (0, &"skipped".into()), "{skipped}");
    let newer = ["fleet", "many", "--overlap", "cancel-older", "--num-runners", "1", "--format", "json"];
    assert_eq!(desk.object(&newer).1["outcome"], "completed");
    assert_eq!(first.end().object().1["outcome"], "cancelled");
    assert_eq!(desk.runs().len(), 2);
}

/// The processes that the status table names.
fn pids(desk: &Desk) -> BTreeSet<u32> {
    let found = std::fs::read_dir("/proc").map(|entries| {
        let ours = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let ours = ours.filter(|pid| {
            let folder = std::fs::read_link(format!("/proc/{pid}/cwd"));
            let args = std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            folder.is_ok_and(|folder| folder == desk.folder.path()) && args.contains("\0runner\0")
        });
        ours.collect()
    });
    found.unwrap_or_default()
}

#[test]
fn a_runner_of_a_fleet_that_dies_is_started_again() {
    if !std::path::Path::new("/proc/self").exists() {
        return;
    }
    let desk = desk();
    let fleet =
        desk.start(&["fleet", "many", "--num-runners", "2", "--concurrency", "2", "--format", "json"]);
    until("both run", || pids(&desk).len() == 2);
    until("something is done", || {
        desk.runs().first().is_some_and(|run| run["items"]["done"].as_u64() > Some(4))
    });
    let victim = *pids(&desk).iter().next().expect("a runner");
    let killed = std::process::Command::new("kill").args(["-KILL", &victim.to_string()]).status();
    assert!(killed.expect("kill runs").success());
    let answer = fleet.end();
    let (code, run) = answer.object();
    assert_eq!((code, &run["items"]["done"]), (0, &60.into()), "{run}{}", answer.stderr);
    assert!(answer.stderr.contains("started again"), "{}", answer.stderr);
    assert_eq!(pids(&desk), BTreeSet::new(), "no process is left");
}

#[test]
fn a_fleet_that_is_interrupted_takes_its_runners_along() {
    let desk = desk();
    let fleet =
        desk.start(&["fleet", "many", "--num-runners", "2", "--concurrency", "1", "--format", "json"]);
    until("something is done", || {
        desk.has_store() && desk.runs().first().is_some_and(|run| run["items"]["done"].as_u64() > Some(2))
    });
    fleet.signal("TERM");
    let answer = fleet.end();
    let (code, run) = answer.object();
    assert_eq!((code, &run["outcome"]), (130, &Value::Null), "{run}{}", answer.stderr);
    assert_eq!((run["items"]["failed"].as_u64(), pids(&desk)), (Some(0), BTreeSet::new()));
    assert_eq!(desk.call(&["run", "--resume", "last", "--concurrency", "30"]).code, 0);
    check_once(&desk.run("last"), 60);
}

#[test]
fn a_server_takes_what_comes_until_it_is_stopped() {
    let desk = desk();
    let server = desk.start(&["serve", "--concurrency", "60"]);
    until("the store is there", || desk.has_store());
    let left = desk.call(&["run", "many", "--detach"]);
    until("it is done", || desk.run(left.stdout.trim())["outcome"] == "completed");
    let doctor = desk.call(&["doctor"]).stdout;
    assert!(doctor.contains("1 runner alive") && doctor.contains("dead items"), "{doctor}");
    server.signal("TERM");
    let answer = server.end();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
}
