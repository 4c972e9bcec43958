//! Schedules, the audit log and logs, as a user sees them.

use serde_json::Value;

use crate::call::Desk;

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

#[test]
fn a_pause_is_kept_shown_and_audited() {
    let desk = Desk::new();
    desk.folder.write(
        "pipelines/orders.yaml",
        "name: orders\nschedule: \"0 2 * * *\"\nsteps: [{name: a, function: sleep}]\n",
    );
    desk.folder.write("pipelines/by-hand.yaml", "name: by-hand\nsteps: [{name: a, function: sleep}]\n");
    let listed = desk.call(&["schedule"]);
    assert!(listed.stdout.contains("every day at 02:00 UTC"), "{}", listed.stdout);
    assert!(!listed.stdout.contains("by-hand"), "{}", listed.stdout);
    assert_eq!(desk.folder.names(), ["pipelines"], "a list makes no store");

    let unknown = desk.call(&["schedule", "pause", "order", "--note", "x"]);
    assert!(unknown.code == 1 && unknown.stderr.contains("did you mean \"orders\""), "{}", unknown.stderr);
    assert_eq!(desk.call(&["schedule", "pause", "orders", "--note", "source is down"]).code, 0);
    let row = &objects(&desk.call(&["schedule", "list", "--format", "ndjson"]).stdout)[0];
    assert_eq!(row["note"], "source is down");
    assert_eq!(desk.call(&["schedule", "continue", "orders"]).code, 0);

    let entries = objects(&desk.call(&["audit", "--operation", "schedule", "--format", "ndjson"]).stdout);
    let operations: Vec<&str> = entries.iter().filter_map(|entry| entry["operation"].as_str()).collect();
    assert_eq!(operations, ["schedule.continue", "schedule.pause"]);
    let check = desk.call(&["audit", "verify"]);
    assert!(
        check.code == 0 && check.stdout.starts_with("2 rows are as they were written"),
        "{}",
        check.stdout
    );
}

#[test]
fn an_invalid_schedule_is_named_and_fails_the_list() {
    let desk = Desk::new();
    desk.folder
        .write("pipelines/a.yaml", "name: a\nschedule: \"0 2 * *\"\nsteps: [{name: a, function: sleep}]\n");
    desk.folder.write("pipelines/by-hand.yaml", "name: by-hand\nsteps: 3\n");
    desk.folder.write(
        "pipelines/b.json",
        r#"{"name": "b", "schedule": {"cron": "@hourly", "timezone": "Asia/Tokyo", "jitter_secs": 600},
            "steps": [{"name": "a", "function": "sleep"}]}"#,
    );
    let listed = desk.call(&["schedule"]);
    assert!(listed.code == 1 && listed.stdout.contains("has 4 fields"), "{}", listed.stdout);
    assert!(!listed.stdout.contains("by-hand"), "{}", listed.stdout);
    let next = objects(&desk.call(&["schedule", "next", "b", "--count", "3", "--format", "ndjson"]).stdout);
    assert_eq!(next.len(), 3);
    assert!(next.iter().any(|time| time["at"] != time["starts_at"]), "{next:?}");
}

#[test]
fn a_key_never_reaches_the_log_and_lines_say_where_they_belong() {
    let desk = Desk::new();
    desk.folder.write(".env", "HALL_API_KEY=hush-hush-hush\n");
    let address = "http://127.0.0.1:9/list?apikey=other-key-1&q=hush-hush-hush";
    desk.call(&[
        "collect",
        address,
        "--allow-private",
        "--log-level",
        "connect=trace",
        "--log-file",
        "logs/run.log",
    ]);
    let log = std::fs::read_to_string(desk.folder.path().join("logs/run.log")).expect("a log");
    assert!(!log.contains("hush-hush-hush") && !log.contains("other-key-1"), "{log}");
    let lines = objects(&log);
    let fetch = lines.iter().find(|line| line["target"] == "connect::fetch").expect("a line about fetching");
    assert!(fetch["run.id"].is_string() && fetch["source.name"] == "127.0.0.1:9", "{fetch}");
}

#[test]
fn a_run_is_audited_however_it_ends() {
    let desk = Desk::new();
    desk.folder.write("a.ics", "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n");
    let dead = "http://127.0.0.1:9/?token=hush-hush-hush";
    desk.call(&["collect", "a.ics"]);
    desk.call(&["collect", "a.ics", dead, "--allow-private"]);
    desk.call(&["collect", "a.ics", "--dry-run"]);
    let text = desk.call(&["audit", "--operation", "collect", "--format", "ndjson"]).stdout;
    let ends: Vec<_> = objects(&text).iter().map(|e| [e["outcome"].clone(), e["level"].clone()]).collect();
    assert_eq!(ends, [["partial", "warning"], ["completed", "info"]], "{text}");
    assert!(objects(&text).iter().all(|entry| entry["run"].is_string() && entry["duration_ms"].is_u64()));
    assert!(!text.contains("hush-hush-hush"), "{text}");
}

const MANY: &str = "name: many\nsteps:\n  - {name: each, for_each: 'range(3) | list', function: sleep}\n";

/// Operation and outcome of each row, oldest first.
fn told(desk: &Desk) -> Vec<[String; 2]> {
    let rows = objects(&desk.call(&["audit", "--format", "ndjson"]).stdout);
    let word = |row: &Value, key: &str| row[key].as_str().unwrap_or_default().to_owned();
    rows.iter().rev().map(|row| [word(row, "operation"), word(row, "outcome")]).collect()
}

#[test]
fn what_is_done_to_a_run_is_audited_also_when_it_comes_to_nothing() {
    let desk = Desk::new();
    desk.folder.write("pipelines/many.yaml", MANY);
    desk.call(&["run", "many", "--detach"]);
    for args in [
        &["pause", "last", "--note", "a quiet hour"][..],
        &["pause", "last"],
        &["continue", "last"],
        &["cancel", "last"],
        &["cancel", "last"],
        &["retry", "last"],
        &["backfill", "many", "--from", "2026-11-01", "--to", "2026-11-01"],
    ] {
        desk.call(args);
    }
    let expected = [
        ["run.begin", "running"],
        ["run.pause", "completed"],
        ["run.pause", "refused"],
        ["run.continue", "completed"],
        ["run.end", "cancelled"],
        ["run.cancel", "completed"],
        ["run.cancel", "refused"],
        ["run.retry", "completed"],
        ["run.end", "completed"],
        ["run.begin", "running"],
        ["run.end", "completed"],
        ["backfill", "completed"],
    ];
    assert_eq!(told(&desk), expected);
}

#[test]
fn a_dry_run_leaves_no_trace() {
    let desk = Desk::new();
    desk.folder.write("pipelines/many.yaml", MANY);
    assert_eq!(desk.call(&["run", "many"]).code, 0);
    let before = told(&desk);
    assert_eq!(desk.call(&["run", "many", "--dry-run"]).code, 0);
    assert_eq!((told(&desk), before.len()), (before, 2));
}
