//! The change log from the command line: rows through time, the events of then, cursors, folding.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::Value;

use crate::call::{Desk, until};

/// A calendar of these events: key, title, status.
fn calendar(events: &[(&str, &str, &str)]) -> String {
    let events = events.iter().map(|(key, title, status)| {
        format!(
            "BEGIN:VEVENT\r\nUID:{key}\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261205T200000Z\r\n\
             SUMMARY:{title}\r\nSTATUS:{status}\r\nEND:VEVENT\r\n"
        )
    });
    format!(
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\n{}END:VCALENDAR\r\n",
        events.collect::<String>()
    )
}

fn second() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

/// Collects a calendar, in another second than what was before and comes after: times in the log are
/// whole seconds.
fn collect(desk: &Desk, events: &[(&str, &str, &str)]) {
    let before = second();
    until("the next second", || second() > before);
    desk.folder.write("town.ics", calendar(events));
    let summary = desk.collect(&["town.ics"]);
    assert_eq!(summary["outcome"], "completed", "{summary}");
}

/// A fair that is renamed and called off, a ball that vanishes and comes back.
fn told() -> Desk {
    let desk = Desk::new();
    collect(
        &desk,
        &[("fair", "Fair", "CONFIRMED"), ("ball", "Ball", "CONFIRMED"), ("run", "Run", "CONFIRMED")],
    );
    collect(&desk, &[("fair", "Spring Fair", "CANCELLED"), ("run", "Run", "CONFIRMED")]);
    collect(
        &desk,
        &[("fair", "Spring Fair", "CONFIRMED"), ("ball", "Ball", "CONFIRMED"), ("run", "Run", "CONFIRMED")],
    );
    desk
}

fn lines(desk: &Desk, args: &[&str]) -> Vec<Value> {
    let answer = desk.call(args);
    assert_eq!(answer.code, 0, "{args:?}: {}", answer.stderr);
    objects(&answer.stdout)
}

fn objects(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

fn changes(desk: &Desk, args: &[&str]) -> Vec<Value> {
    lines(desk, &[&["changes", "--format", "ndjson"], args].concat())
}

fn seqs(changes: &[Value]) -> Vec<i64> {
    changes.iter().map(|change| change["seq"].as_i64().expect("a number")).collect()
}

#[test]
fn changes_are_listed_by_what_is_asked() {
    let desk = told();
    let all = changes(&desk, &[]);
    let ops: Vec<&str> = all.iter().map(|change| change["op"].as_str().expect("an op")).collect();
    assert_eq!(ops, ["insert", "insert", "insert", "update", "vanish", "update", "return"]);
    assert_eq!((&all[3]["title"], &all[3]["source_key"]), (&"Spring Fair".into(), &"fair".into()));
    let edits = all[3]["edits"].as_array().expect("edits");
    let title = edits.iter().find(|edit| edit["field"] == "title").expect("the title");
    assert_eq!((&title["from"], &title["to"]), (&"Fair".into(), &"Spring Fair".into()));
    assert_eq!(seqs(&changes(&desk, &["--since", "3", "--until", "5"])), [4, 5]);
    assert_eq!(seqs(&changes(&desk, &["--op", "vanish,return"])), [5, 7]);
    assert_eq!(seqs(&changes(&desk, &["--field", "title", "--op", "update"])), [4]);
    assert_eq!(seqs(&changes(&desk, &["--limit", "2"])), [1, 2]);
    assert_eq!(seqs(&changes(&desk, &["--kind", "venue"])), [0_i64; 0]);
    assert_eq!(seqs(&changes(&desk, &["--since", "now"])), [0_i64; 0]);
    let [from, to] = [&all[3], &all[4]].map(|change| change["at"].as_str().expect("a time"));
    assert_eq!(seqs(&changes(&desk, &["--since", from, "--until", to])), [4, 5]);
    let moves: Vec<(Value, Value)> = changes(&desk, &["--status-transitions"])
        .into_iter()
        .map(|change| (change["from"].clone(), change["to"].clone()))
        .collect();
    assert_eq!(moves, [("scheduled".into(), "cancelled".into()), ("cancelled".into(), "scheduled".into())]);
    let table = desk.call(&["changes", "--tombstones"]).stdout;
    let day = table.lines().last().expect("a day").split_whitespace().skip(1).collect::<Vec<_>>();
    assert_eq!(day, ["1", "1"], "{table}");
    let newest = desk.call(&["changes", "--limit", "1"]).stdout;
    assert!(newest.contains("return") && !newest.contains("vanish"), "{newest}");
    let beyond = desk.call(&["changes", "--since", "9999"]).stderr;
    assert!(beyond.contains("warning: --since is at change 9999, and the log ends at"), "{beyond}");
}

#[test]
fn a_row_tells_its_story() {
    let desk = told();
    let ball = lines(&desk, &["history", "event", "ball", "--format", "ndjson"]);
    let ops: Vec<&Value> = ball.iter().map(|change| &change["op"]).collect();
    assert_eq!(ops, ["insert", "vanish", "return"]);
    let text = desk.call(&["history", "event", "spring"]).stdout;
    for part in [
        "Spring Fair",
        "first seen",
        "title: Fair -> Spring Fair",
        "town.ics",
        "status: cancelled -> scheduled",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let id = ball[0]["id"].as_str().expect("an id");
    let (code, object) = desk.object(&["history", id, "--format", "json"]);
    assert_eq!((code, &object["source_key"]), (0, &"ball".into()));
    let check = |args: &[&str], code: i32, said: &str| {
        let answer = desk.call(args);
        assert_eq!(answer.code, code, "{args:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(said), "{args:?}: {}", answer.stderr);
    };
    check(&["history", "event", "nothing"], 1, "no event is called \"nothing\"");
    check(&["history", "evnt", "ball"], 2, "did you mean \"event\"");
    check(&["history", "event"], 2, "which event?");
    check(&["changes", "--field", "titel"], 2, "did you mean \"title\"");
    check(&["changes", "--follow", "--format", "json"], 2, "ndjson");
    check(&["changes", "--op", "delete"], 2, "insert, update, vanish, return");
    check(&["events", "--as-of", "soon"], 2, "so long ago");
    check(&["changes", "compact"], 2, "history_keep");
}

#[test]
fn events_are_told_as_of_a_time() {
    let desk = told();
    let all = changes(&desk, &[]);
    let titles = |change: usize, args: &[&str]| {
        let at = all[change]["at"].as_str().expect("a time");
        let events = desk.events(&[&["--as-of", at], args].concat());
        let mut titles: Vec<String> =
            events.iter().map(|e| e["title"].as_str().expect("a title").to_owned()).collect();
        titles.sort();
        titles
    };
    assert_eq!(titles(0, &[]), ["Ball", "Fair", "Run"]);
    assert_eq!(titles(3, &[]), ["Run", "Spring Fair"]);
    assert_eq!(titles(3, &["--gone"]), ["Ball", "Run", "Spring Fair"]);
    assert_eq!(titles(3, &["--status", "cancelled"]), ["Spring Fair"]);
    assert_eq!(titles(6, &["--status", "cancelled"]), [""; 0]);
    assert_eq!(titles(6, &[]), ["Ball", "Run", "Spring Fair"]);
    assert_eq!(desk.events(&["--as-of", "2020-01-01"]).len(), 0);
    assert_eq!(desk.events(&["--as-of", "0s"]), desk.events(&[]));
}

#[test]
fn who_follows_is_told_what_comes_and_goes_on_where_it_stopped() {
    let desk = told();
    let follow = ["changes", "--follow", "--format", "ndjson", "--cursor", "seq"];
    let read = |name: &str| std::fs::read_to_string(desk.folder.path().join(name)).unwrap_or_default();
    let follower = desk.start(&follow);
    until("all is read", || read("seq").trim() == "7");
    collect(
        &desk,
        &[
            ("fair", "Spring Fair", "CONFIRMED"),
            ("ball", "Ball", "CONFIRMED"),
            ("run", "Fun Run", "CONFIRMED"),
        ],
    );
    until("what came is read", || read("seq").trim() == "8");
    follower.signal("INT");
    let answer = follower.end();
    assert_eq!((answer.code, seqs(&objects(&answer.stdout))), (0, (1..=8).collect()), "{}", answer.stderr);
    // Killed where it cannot say goodbye, it goes on where it was.
    let follower = desk.start(&follow);
    collect(
        &desk,
        &[
            ("fair", "Spring Fair", "CONFIRMED"),
            ("ball", "Ball", "CONFIRMED"),
            ("run", "Long Run", "CONFIRMED"),
        ],
    );
    until("what came is read", || read("seq").trim() == "9");
    follower.signal("KILL");
    assert_eq!(seqs(&objects(&follower.end().stdout)), [9]);
    assert_eq!(seqs(&changes(&desk, &["--cursor", "seq"])), [0_i64; 0]);
    assert!(desk.folder.names().iter().all(|name| !name.starts_with("seq.")), "nothing is left beside it");
}

#[test]
fn cursors_in_the_store_hold_back_what_is_folded() {
    let desk = told();
    assert_eq!(seqs(&changes(&desk, &["--group", "sync", "--limit", "3"])), [1, 2, 3]);
    let cursor = lines(&desk, &["changes", "cursors", "--format", "ndjson"]);
    assert_eq!(
        (&cursor[0]["name"], &cursor[0]["seq"], &cursor[0]["lag"]),
        (&"sync".into(), &3.into(), &4.into())
    );
    let fold = ["changes", "compact", "--older-than", "0s", "--keep-last", "0", "--format", "json"];
    let (_, held) = desk.object(&fold);
    assert_eq!((&held["removed"], &held["held_by"]["cursor"]), (&0.into(), &"sync".into()));
    assert_eq!(seqs(&changes(&desk, &["--group", "sync"])), [4, 5, 6, 7]);
    let (_, told) = desk.object(&[&fold[..], &["--dry-run"]].concat());
    let events = desk.events(&[]);
    let (_, done) = desk.object(&fold);
    assert_eq!((&done, &done["removed"]), (&told, &4.into()));
    assert_eq!(desk.events(&[]), events);
    let left = changes(&desk, &[]);
    assert_eq!(seqs(&left), [3, 6, 7]);
    assert_eq!((&left[1]["op"], &left[1]["folded"]), (&"insert".into(), &3.into()));
    let answer = desk.call(&["events", "--as-of", "2020-01-01"]);
    assert!(answer.code == 2 && answer.stderr.contains("no longer known"), "{}", answer.stderr);
    let noted = lines(&desk, &["audit", "--operation", "changes.compact", "--format", "ndjson"]);
    assert_eq!(noted[0]["detail"]["did"]["removed"], 4);
    assert_eq!(desk.call(&["changes", "cursors", "sync", "--to", "0"]).code, 0);
    assert_eq!(seqs(&changes(&desk, &["--group", "sync"])), [3, 6, 7]);
    assert_eq!(desk.call(&["changes", "cursors", "sync", "--drop"]).code, 0);
    assert_eq!(desk.call(&["changes", "cursors", "sync", "--drop"]).code, 1);
}
