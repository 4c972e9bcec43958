//! Backups as a user makes them: a fresh machine has the program and the file, nothing else.

use serde_json::Value;
use testkit::servers::{S3_ACCESS_KEY_ID, S3_SECRET_ACCESS_KEY, Server, stores_are_on};

use crate::call::{Answer, Desk, event_counts};

const CALENDAR: &str = "hall.ics";

fn calendar(titles: &[&str]) -> String {
    let event = |(number, title): (usize, &&str)| {
        format!(
            "BEGIN:VEVENT\r\nUID:e{number}\r\nDTSTAMP:20260101T000000Z\r\nSUMMARY:{title}\r\n\
             DTSTART;TZID=Europe/Berlin:2026121{number}T200000\r\nEND:VEVENT\r\n"
        )
    };
    let events: String = titles.iter().enumerate().map(event).collect();
    format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:test\r\n{events}END:VCALENDAR\r\n")
}

/// A desk that has collected twice, with a change between.
fn filled() -> Desk {
    let desk = Desk::new();
    for titles in [["Jazz", "Choir"], ["Jazz night", "Choir"]] {
        desk.folder.write(CALENDAR, calendar(&titles));
        desk.collect(&[CALENDAR]);
    }
    desk
}

fn ok(answer: Answer) -> Answer {
    assert_eq!(answer.code, 0, "{}{}", answer.stdout, answer.stderr);
    answer
}

/// The backup of one desk, carried to an empty folder.
fn carried(from: &Desk) -> Desk {
    let backup = std::fs::read(from.folder.path().join("board.tar")).expect("a backup");
    let fresh = Desk::new();
    fresh.folder.write("board.tar", backup);
    fresh
}

fn lines(answer: &Answer) -> Vec<Value> {
    answer.stdout.lines().map(|line| serde_json::from_str(line).expect("one object a line")).collect()
}

#[test]
fn a_fresh_machine_goes_on_where_the_old_one_was() {
    let old = filled();
    let made = ok(old.call(&["backup", "--to", "board.tar", "--verify", "--format", "json"])).object().1;
    assert_eq!((&made["verified"], &made["bodies"]["count"]), (&true.into(), &2.into()), "{made}");
    let fresh = carried(&old);
    assert_eq!(fresh.folder.names(), ["board.tar"]);
    // An owner makes the schema for others.
    ok(fresh.call(&["migrate", "--apply"]));
    ok(fresh.call(&["migrate", "--plan"]));
    let restored = ok(fresh.call(&["restore", "board.tar", "--format", "json"])).object().1;
    assert_eq!(restored["tables"], made["tables"]);
    assert_eq!(old.events(&[]), fresh.events(&[]));
    let id = fresh.events(&["--q", "jazz"])[0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(old.show(&id)["history"], fresh.show(&id)["history"]);
    ok(fresh.call(&["audit", "verify"]));
    let landing = ok(fresh.call(&["landing", "verify", "--format", "json"])).object().1;
    assert_eq!((&landing["bodies"], &landing["bad"]), (&2.into(), &0.into()), "{landing}");
    // The same calendar at the same place says nothing new; what it says then does.
    fresh.folder.write(CALENDAR, calendar(&["Jazz night", "Choir"]));
    assert_eq!(event_counts(&fresh.collect(&[CALENDAR]))[..2], [0, 0]);
    fresh.folder.write(CALENDAR, calendar(&["Jazz night", "Choir", "Chess"]));
    assert_eq!(event_counts(&fresh.collect(&[CALENDAR]))[..2], [1, 0]);
}

#[test]
fn nothing_is_restored_over_something_nor_from_what_is_damaged() {
    let old = filled();
    ok(old.call(&["backup", "--to", "board.tar"]));
    let refused = old.call(&["restore", "board.tar"]);
    assert!(refused.code == 2 && refused.stderr.contains("holds something already"), "{}", refused.stderr);
    let fresh = carried(&old);
    let mut bytes = std::fs::read(fresh.folder.path().join("board.tar")).expect("a backup");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fresh.folder.write("board.tar", &bytes);
    for call in [&["backup", "verify", "board.tar"][..], &["restore", "board.tar"]] {
        let refused = fresh.call(call);
        assert_eq!(refused.code, 1, "{}", refused.stderr);
        assert!(refused.stderr.contains("the backup board.tar is damaged"), "{}", refused.stderr);
    }
    match stores_are_on() {
        None => assert_eq!(fresh.folder.names(), ["board.tar"], "what was made for it is gone"),
        Some(_) => assert_eq!(fresh.events(&[]), Vec::<Value>::new()),
    }
    let nothing = Desk::new();
    let refused = nothing.call(&["restore", "absent.tar"]);
    assert!(
        refused.code == 2 && refused.stderr.contains("cannot read the backup absent.tar"),
        "{}",
        refused.stderr
    );
    assert!(!nothing.has_store(), "no store is made for it");
}

#[test]
fn a_backup_is_a_stream_where_it_is_asked_to_be() {
    let old = filled();
    let output =
        old.command(&["backup", "--to", "-", "--landing", "skip"]).output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let fresh = Desk::new();
    let path = fresh.folder.write("board.tar", &output.stdout);
    // Any tool unpacks it.
    let listed = std::process::Command::new("tar").arg("tf").arg(&path).output().expect("tar runs");
    let listed = String::from_utf8(listed.stdout).expect("names");
    assert!(listed.starts_with("callboard-") && listed.contains("tables/event_listings/000001-"), "{listed}");
    let mut command = fresh.command(&["restore", "-"]);
    let restored =
        command.stdin(std::fs::File::open(&path).expect("the backup")).output().expect("it starts");
    assert!(restored.status.success(), "{}", String::from_utf8_lossy(&restored.stderr));
    assert!(String::from_utf8_lossy(&restored.stderr).contains("no landed bodies"));
    assert_eq!(old.events(&[]), fresh.events(&[]));
}

#[test]
fn what_cannot_be_asked_is_told() {
    let desk = filled();
    let check = |args: &[&str], code: i32, expected: &str| {
        let answer = desk.call(args);
        assert!(answer.code == code && answer.stderr.contains(expected), "{args:?}: {}", answer.stderr);
    };
    check(&["backup"], 2, "--to FILE");
    check(&["backup", "--to", "s3://bucket"], 2, "names no object");
    check(&["backup", "--to", "-", "--verify"], 2, "--to FILE");
    check(&["backup", "verify", "none.tar"], 2, "cannot read the backup none.tar");
    check(&["backup", "verify", CALENDAR], 2, "is not a backup of callboard");
    check(
        &["export", "events", "--format", "csv", "--to", "s3://bucket/x", "--resume"],
        2,
        "--resume is for files",
    );
}

/// A call with the object storage of the tests in its environment.
fn call_with_s3(desk: &Desk, endpoint: &str, args: &[&str]) -> Answer {
    let env = [
        ("AWS_ENDPOINT_URL", endpoint),
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", S3_ACCESS_KEY_ID),
        ("AWS_SECRET_ACCESS_KEY", S3_SECRET_ACCESS_KEY),
        ("CALLBOARD_S3_PATIENCE_SECS", "20"),
    ];
    desk.start_with(args, &env).end()
}

#[test]
fn backups_and_exports_go_to_a_bucket() {
    let Some(endpoint) = Server::S3.shared() else { return };
    let place = format!("s3://callboard/it-{}", model::RunId::new());
    let (backup, export) = (format!("{place}/board.tar"), format!("{place}/events.ndjson"));
    let old = filled();
    ok(call_with_s3(&old, &endpoint, &["backup", "--to", &backup, "--verify"]));
    let fresh = Desk::new();
    ok(call_with_s3(&fresh, &endpoint, &["restore", &backup]));
    assert_eq!(old.events(&[]), fresh.events(&[]));
    let told =
        ok(call_with_s3(&fresh, &endpoint, &["export", "events", "--format", "ndjson", "--to", &export]));
    assert!(told.stderr.contains(&format!("exported 2 events to {export}")), "{}", told.stderr);
    // What is there is what a stream is.
    let streamed = ok(fresh.call(&["export", "events", "--format", "ndjson"]));
    let summed =
        told.stderr.lines().find_map(|line| line.strip_prefix("sha256: ")).expect("a sum").to_owned();
    let path = fresh.folder.write("streamed.ndjson", &streamed.stdout);
    let sum = std::process::Command::new("sha256sum").arg(path).output().expect("sha256sum runs");
    assert!(String::from_utf8_lossy(&sum.stdout).starts_with(&summed));
    let refused = call_with_s3(&old, "http://127.0.0.1:9", &["doctor", "--format", "json"]);
    assert_eq!(refused.code, 0, "the landing is a folder: {}", refused.stdout);
}

#[test]
fn doctor_tells_of_each_part_with_what_to_do() {
    let desk = filled();
    let answer = ok(desk.call(&["doctor", "--deep", "--format", "ndjson"]));
    let checks = lines(&answer);
    let check = |what: &str| {
        let found =
            checks.iter().find(|check| check["what"].as_str().is_some_and(|said| said.starts_with(what)));
        found.unwrap_or_else(|| panic!("no {what}: {}", answer.stdout))
    };
    for what in ["database", "schema", "statements", "landing", "cache", "queue", "runners"] {
        assert_eq!(check(what)["state"], "ok", "{}", check(what));
    }
    assert!(check("database")["figures"]["round_trip_us"].as_u64().is_some());
    assert!(check("statements")["figures"]["statements"].as_u64().is_some_and(|count| count > 0));
    assert_eq!(check("queue")["figures"]["ready"], 0);
    assert_eq!(check("schema")["figures"]["pending"], 0);
    match testkit::servers::stores_are_on() {
        None => assert_eq!(check("pages of the store")["state"], "ok"),
        Some(_) => {
            assert!(
                check("pgvector")["found"].as_str().is_some_and(|said| said.contains("nothing needs it yet"))
            );
            assert_eq!(check("database permissions")["state"], "ok");
        }
    }
}
