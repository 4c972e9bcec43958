//! Backfilling: a run a window, resumable, with a grid of what became of each.

use serde_json::Value;

use crate::call::{Desk, until};

/// Fails where the file of its day is missing.
const DAILY: &str = "\
name: daily
max_retries: 0
params: {from: '', to: '', kind: plain}
steps:
  - {name: read, function: collect, with: {inputs: ['{{ run.date }}.ics'], source: days}}
  - {name: rest, function: sleep, with: {seconds: 0}}
";

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\nUID:DAY\r\n\
DTSTART:20261205T190000Z\r\nSUMMARY:Gala\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n";

fn desk(days: &[&str]) -> Desk {
    let desk = Desk::new();
    desk.folder.write("pipelines/daily.yaml", DAILY);
    days.iter().for_each(|day| drop(desk.folder.write(&format!("{day}.ics"), CALENDAR.replace("DAY", day))));
    desk
}

fn backfill(desk: &Desk, more: &[&str]) -> (i32, Value) {
    let args = ["backfill", "daily", "--from", "2026-11-01", "--to", "2026-11-03", "--format", "json"];
    desk.object(&[&args[..], more].concat())
}

fn states(grid: &Value) -> Vec<&str> {
    grid["rows"].as_array().expect("rows").iter().map(|row| row["state"].as_str().unwrap_or("-")).collect()
}

#[test]
fn each_window_is_run_once_and_what_failed_when_asked_for() {
    let desk = desk(&["2026-11-01", "2026-11-03"]);
    let (code, grid) = backfill(&desk, &[]);
    assert_eq!((code, states(&grid)), (3, vec!["completed", "failed", "completed"]), "{grid}");
    assert_eq!(grid["rows"][1]["cells"], serde_json::json!(["failed", "skipped"]), "{grid}");
    let runs = desk.runs();
    assert_eq!((runs.len(), &runs[0]["trigger"]), (3, &"backfill".into()));

    let (code, _) = backfill(&desk, &[]);
    assert_eq!((code, desk.runs().len()), (3, 3), "nothing is run twice, and one is still not done");
    desk.folder.write("2026-11-02.ics", CALENDAR);
    let (code, grid) = backfill(&desk, &["--reprocess", "failed"]);
    assert_eq!((code, states(&grid)), (0, vec!["completed"; 3]), "{grid}");
    assert_eq!(desk.runs().len(), 4);
    let (_, shown) = backfill(&desk, &["--show"]);
    assert_eq!(shown, grid);
    assert_eq!(states(&backfill(&desk, &["--set", "kind=other", "--show"]).1), ["-"; 3]);
}

#[test]
fn two_backfills_at_once_run_no_window_twice() {
    let desk = desk(&["2026-11-01", "2026-11-02", "2026-11-03"]);
    desk.folder.write("pipelines/daily.yaml", DAILY.replace("seconds: 0", "seconds: 0.3"));
    let args = ["backfill", "daily", "--from", "2026-11-01", "--to", "2026-11-03", "--format", "json"];
    // From both ends, so that each comes to windows that the other has done already.
    let both = [desk.start(&args), desk.start(&[&args[..], &["--reverse"]].concat())];
    for answer in both.map(crate::call::Running::end) {
        let (code, grid) = answer.object();
        assert_eq!((code, states(&grid)), (0, vec!["completed"; 3]), "{grid}{}", answer.stderr);
    }
    assert_eq!(desk.runs().len(), 3);
}

#[test]
fn a_dry_run_lists_windows_in_order_and_writes_nothing() {
    let desk = desk(&[]);
    let args = ["backfill", "daily", "--from", "2026-11-01", "--to", "2026-11-03", "--dry-run"];
    let listed = desk.call(&[&args[..], &["--reverse"]].concat());
    let days: Vec<&str> = listed.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(days, ["2026-11-03", "2026-11-02", "2026-11-01"], "{}", listed.stderr);
    assert_eq!(desk.folder.names(), ["pipelines"]);
    let wrong = desk.call(&["backfill", "daily", "--from", "2026-11-03", "--to", "2026-11-01"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("not before"), "{}", wrong.stderr);
}

#[test]
fn a_backfill_that_was_interrupted_goes_on() {
    let desk = desk(&["2026-11-01", "2026-11-02", "2026-11-03"]);
    desk.folder.write("pipelines/daily.yaml", DAILY.replace("seconds: 0", "seconds: 3"));
    let args = ["backfill", "daily", "--from", "2026-11-01", "--to", "2026-11-03", "--format", "json"];
    let running = desk.start(&args);
    until("the first window is under way", || {
        desk.has_store() && desk.runs().first().is_some_and(|run| run["items"]["done"] == 1)
    });
    running.signal("KILL");
    drop(running);
    assert_eq!(states(&backfill(&desk, &["--show"]).1), ["running", "-", "-"]);
    let (code, grid) = backfill(&desk, &[]);
    assert_eq!((code, states(&grid), desk.runs().len()), (0, vec!["completed"; 3], 3), "{grid}");
}
