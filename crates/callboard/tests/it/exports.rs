//! Exports, as other programs read them, and when they are interrupted.

mod reading;
mod stored;

use serde_json::Value;

use crate::call::{Answer, Desk, until};
use stored::{Filling, fill};

fn desk(events: usize) -> Desk {
    let desk = Desk::new();
    fill(&desk, &Filling { events, ..Filling::default() });
    desk
}

fn export(desk: &Desk, args: &[&str]) -> Answer {
    desk.call(&[&["export"], args].concat())
}

fn exported(desk: &Desk, args: &[&str]) -> Answer {
    let answer = export(desk, args);
    assert_eq!(answer.code, 0, "{args:?}: {}", answer.stderr);
    answer
}

fn file(desk: &Desk, name: &str) -> Vec<u8> {
    std::fs::read(desk.folder.path().join(name)).unwrap_or_else(|error| panic!("no {name}: {error}"))
}

/// What the summary says behind `name`.
fn told<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let line = answer.stderr.lines().find_map(|line| line.split_once(name));
    line.unwrap_or_else(|| panic!("no {name:?} in {}", answer.stderr)).1.trim()
}

#[test]
fn a_file_is_what_the_stream_is_and_the_summary_says_so() {
    let desk = desk(30);
    for format in ["ndjson", "json", "csv", "parquet", "ics", "rss", "jsonld"] {
        let name = format!("out/events.{format}");
        let answer = exported(&desk, &["events", "--format", format, "--to", &name]);
        assert!(answer.stderr.contains("exported 30 events to out/events."), "{}", answer.stderr);
        assert_eq!(answer.stdout, "");
        let bytes = file(&desk, &name);
        let sum = std::process::Command::new("sha256sum").arg(desk.folder.path().join(&name)).output();
        let sum = String::from_utf8(sum.expect("sha256sum runs").stdout).expect("text");
        assert!(sum.starts_with(told(&answer, "sha256:")), "{sum}");
        if format != "parquet" {
            let streamed = exported(&desk, &["event", "--format", format]);
            assert_eq!(streamed.stdout.as_bytes(), bytes, "{format}");
        }
    }
    let left: Vec<_> = std::fs::read_dir(desk.folder.path().join("out")).expect("a folder").collect();
    assert_eq!(left.len(), 7, "nothing is left beside the files");
    let objects = exported(&desk, &["event", "--format", "ndjson"]).stdout;
    let asked = desk.call(&["events", "--format", "ndjson"]).stdout;
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&objects), sorted(&asked), "the same objects as `events` prints");
}

#[test]
fn conditions_narrow_every_kind() {
    let desk = desk(30);
    let count =
        |args: &[&str]| exported(&desk, &[args, &["--format", "ndjson"]].concat()).stdout.lines().count();
    assert_eq!(count(&["venues"]), 3);
    assert_eq!(count(&["venues", "--where", "name=Hall 1"]), 1);
    assert_eq!(count(&["venues", "--where", "capacity>100"]), 2);
    assert_eq!(count(&["events", "--where", "from=2026-12-02", "--where", "to=2026-12-03"]), 2);
    assert_eq!(count(&["events", "--where", "q=number 7", "--where", "title!=x"]), 1);
    assert_eq!(count(&["offers", "--where", "price>=12.50", "--where", "currency=EUR"]), 10);
}

#[test]
fn personal_data_is_left_out_unless_asked_for_and_that_is_noted() {
    let desk = desk(1);
    let plain = exported(&desk, &["organizers", "--format", "ndjson"]).stdout;
    assert!(!plain.contains("ada@example.test") && !plain.contains("\"email\""), "{plain}");
    let csv = exported(&desk, &["organizers", "--format", "csv"]).stdout;
    assert!(!csv.contains("email") && !csv.contains("phone"), "{csv}");
    let asked = exported(&desk, &["organizers", "--format", "ndjson", "--personal"]).stdout;
    assert!(asked.contains("ada@example.test"), "{asked}");
    let audit = desk.call(&["audit", "--format", "ndjson"]).stdout;
    assert!(
        audit.lines().any(|line| line.contains("\"export\"") && line.contains("\"personal\":true")),
        "{audit}"
    );
}

#[test]
fn since_a_change_come_differences_that_can_be_applied() {
    let desk = desk(5);
    let first = exported(&desk, &["events", "--format", "ndjson", "--to", "all.ndjson"]);
    let since = told(&first, "--since").to_owned();
    fill(&desk, &Filling { events: 4, retitled: Some(2), sweep: true });
    let changed = exported(&desk, &["events", "--format", "ndjson", "--since", &since]).stdout;
    let changed: Vec<Value> =
        changed.lines().map(|line| serde_json::from_str(line).expect("an object a line")).collect();
    let told_of: Vec<(&str, bool)> = changed
        .iter()
        .map(|event| (event["title"].as_str().unwrap_or_default(), event["gone_at"].is_string()))
        .collect();
    assert_eq!(told_of, [("Another title", false), ("Evening number 4", true)]);
    let ics = exported(&desk, &["events", "--format", "ics", "--since", &since]).stdout;
    assert_eq!(ics.matches("STATUS:CANCELLED").count(), 1, "{ics}");
    let rss = exported(&desk, &["events", "--format", "rss", "--since", &since]);
    assert_eq!(
        (rss.stdout.matches("<item>").count(), rss.stderr.contains("left out: 1 no longer")),
        (1, true)
    );
    let ahead = export(&desk, &["events", "--format", "ndjson", "--since", "9999999"]);
    assert!(ahead.code == 2 && ahead.stderr.contains("is this the store"), "{}", ahead.stderr);
}

#[test]
fn says_what_is_wrong_and_writes_nothing() {
    let desk = desk(1);
    let check = |args: &[&str], expected: &str| {
        let answer = export(&desk, args);
        assert!(answer.code == 2 && answer.stderr.contains(expected), "{args:?}: {}", answer.stderr);
    };
    check(&["venues", "--format", "ics"], "ics holds events only");
    check(&["event", "--format", "parket"], "did you mean parquet");
    check(&["event", "--format", "csv", "--where", "titel=x"], "did you mean title");
    check(&["event", "--format", "csv", "--to", "s3://bucket"], "names no object in the bucket");
    check(&["event", "--format", "rss", "--gone"], "cannot say that an event is gone");
    check(&["event", "--format", "csv", "--to", "."], "is not a file");
    assert!(
        desk.folder.names().iter().all(|name| name.starts_with("callboard.")),
        "{:?}",
        desk.folder.names()
    );
}

/// Kills an export once it has noted so many places, goes on with it, and compares with one that was
/// left alone.
fn check_killed(desk: &Desk, format: &str, places: usize) {
    let (whole, cut) = (format!("whole.{format}"), format!("cut.{format}"));
    exported(desk, &["events", "--format", format, "--to", &whole]);
    let args = ["export", "events", "--format", format, "--to", &cut];
    let state = desk.folder.path().join(format!("{cut}.part.state"));
    let running = desk.start(&args);
    let noted = || std::fs::read_to_string(&state).map_or(0, |text| text.lines().count());
    until("it has noted places", || noted() > places);
    running.signal("KILL");
    drop(running);
    assert!(!desk.folder.path().join(&cut).exists(), "{format}: it was killed too late");

    let other = export(desk, &["events", "--format", format, "--to", &cut, "--resume", "--gone"]);
    let refused = other.code == 2 && other.stderr.contains("cannot");
    assert!(refused, "{format}: {}", other.stderr);
    // What a power cut leaves: bytes behind the last place that was noted, and half a line.
    append(&desk.folder.path().join(format!("{cut}.part")), b"rubbish");
    append(&state, b"{\"after\":");
    let resumed = exported(desk, &["events", "--format", format, "--to", &cut, "--resume"]);
    assert!(resumed.stderr.contains("of them before"), "{format}: {}", resumed.stderr);
    assert!(file(desk, &whole) == file(desk, &cut), "{format}: the same bytes");
    assert!(!state.exists());
}

fn append(path: &std::path::Path, bytes: &[u8]) {
    use std::io::Write as _;
    let mut file = std::fs::File::options().append(true).open(path).expect("it is there");
    file.write_all(bytes).expect("it can be written");
}

#[test]
fn an_export_that_is_killed_and_resumed_ends_with_the_same_bytes() {
    let desk = desk(45_000);
    [("ndjson", 5), ("csv", 3), ("jsonld", 9), ("parquet", 1)]
        .into_iter()
        .for_each(|(format, places)| check_killed(&desk, format, places));
    // Resuming what is not there begins anew.
    let fresh = exported(&desk, &["venues", "--format", "csv", "--to", "new.csv", "--resume"]);
    assert!(!fresh.stderr.contains("before"), "{}", fresh.stderr);
}
