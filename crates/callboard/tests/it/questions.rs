//! Asking: filters, formats, faults of the asker, and the commands that stand beside collecting.

use std::fs::File;

use crate::call::Desk;
use testkit::servers::stores_are_on;

const PAGE: &str = r#"<html><head><link rel="canonical" href="https://hall.test/programme">
<script type="application/ld+json">[
 {"@type":"MusicEvent","name":"Brass Night","startDate":"2026-12-05T20:00:00-06:00","url":"https://hall.test/e/1",
  "eventStatus":"https://schema.org/EventCancelled",
  "location":{"@type":"Place","name":"The Hall","address":{"addressLocality":"New Orleans","addressCountry":"US"},
   "geo":{"latitude":"29.95","longitude":"-90.07"}},
  "offers":{"@type":"Offer","price":"12.50","priceCurrency":"USD","availability":"https://schema.org/InStock"}},
 {"@type":"Event","name":"Café «Lecture»","startDate":"2027-01-10","url":"https://hall.test/e/2","isAccessibleForFree":true,
  "location":{"@type":"Place","name":"Library","address":"5 Side St, Chicago"}}
]</script></head><body></body></html>"#;

fn desk() -> Desk {
    let desk = Desk::new();
    desk.folder.write("page.html", PAGE);
    let summary = desk.collect(&["page.html"]);
    assert_eq!(summary["by_kind"]["event"]["new"], 2, "{summary}");
    desk
}

#[test]
fn every_filter_narrows() {
    let desk = desk();
    let check = |args: &[&str], expected: &[&str]| {
        let titles: Vec<String> =
            desk.events(args).iter().map(|e| e["title"].as_str().unwrap_or("").to_owned()).collect();
        assert_eq!(titles, expected, "{args:?}");
    };
    check(&[], &["Brass Night", "Café «Lecture»"]);
    check(&["--from", "2027-01-01"], &["Café «Lecture»"]);
    check(&["--to", "2026-12-05"], &["Brass Night"]);
    check(&["--from", "2026-12-06T01:59:59Z", "--to", "2026-12-06T02:00:00Z"], &["Brass Night"]);
    check(&["--near", "29.96,-90.08", "--radius-km", "5"], &["Brass Night"]);
    check(&["--near", "-29.96,-90.08"], &[]);
    check(&["--q", "cafe lect"], &["Café «Lecture»"]);
    check(&["--q", "orleans"], &["Brass Night"]);
    check(&["--q", "\"NOT ( brass* AND"], &[]);
    check(&["--free"], &["Café «Lecture»"]);
    check(&["--status", "cancelled"], &["Brass Night"]);
    check(&["--status", "scheduled"], &["Café «Lecture»"]);
    check(&["--source", "HALL.test", "--limit", "1"], &["Brass Night"]);
}

#[test]
fn one_object_an_event_holds_what_is_known_and_null_for_the_rest() {
    let desk = desk();
    let brass = desk.events(&["--q", "brass"])[0].clone();
    assert_eq!(brass["start"], "2026-12-05T20:00:00-06:00");
    assert_eq!(
        brass["price"],
        serde_json::json!({"min": 12.5, "max": 12.5, "currency": "USD", "is_free": false})
    );
    assert_eq!(
        (&brass["venue"]["name"], &brass["venue"]["city"], &brass["venue"]["lat"]),
        (&"The Hall".into(), &"New Orleans".into(), &29.95.into())
    );
    assert_eq!(
        (&brass["status"], &brass["source"], &brass["end"]),
        (&"cancelled".into(), &"hall.test".into(), &serde_json::Value::Null)
    );
    for key in [
        "id",
        "title",
        "start",
        "end",
        "start_date",
        "all_day",
        "timezone",
        "status",
        "url",
        "source",
        "source_key",
        "venue",
        "price",
    ] {
        assert!(brass.get(key).is_some(), "no {key}");
    }
}

#[test]
fn show_tells_which_document_said_each_field() {
    let desk = desk();
    let id = desk.events(&["--q", "brass"])[0]["id"].as_str().expect("an id").to_owned();
    let shown = desk.show(&id);
    let origins = shown["origins"].as_array().expect("origins");
    let title = origins.iter().find(|origin| origin["field"] == "title").expect("title");
    assert_eq!(title["document"], "page.html");
    assert!(title["at"].is_string() && title["fetched_at"].is_string(), "{title}");
    assert_eq!(shown["history"][0]["op"], "insert");
    let text = desk.call(&["show", &id[..8]]).stdout;
    assert!(text.contains("Brass Night") && text.contains("page.html"), "{text}");
}

#[test]
fn csv_and_ics_read_back() {
    let desk = desk();
    let csv = desk.call(&["events", "--format", "csv"]).stdout;
    assert!(csv.starts_with("id,title,start,end,start_date,") && csv.lines().count() == 3, "{csv}");
    let ics = desk.call(&["events", "--format", "ics"]).stdout;
    assert!(ics.contains("DTSTART:20261206T020000Z") && ics.contains("STATUS:CANCELLED"), "{ics}");
    let other = Desk::new();
    other.folder.write("out.ics", &ics);
    let summary = other.collect(&["out.ics"]);
    assert_eq!(summary["by_kind"]["event"]["new"], 2, "{summary}");
}

#[test]
fn faults_of_the_asker_are_named() {
    let desk = desk();
    let check = |args: &[&str], code: i32, said: &str| {
        let answer = desk.call(args);
        assert_eq!(answer.code, code, "{args:?}: {}", answer.stderr);
        assert!(answer.stderr.contains(said), "{args:?}: {}", answer.stderr);
        assert!(answer.stdout.is_empty(), "{args:?}: {}", answer.stdout);
    };
    check(&["events", "--source", "hal.test"], 2, "did you mean \"hall.test\"");
    check(&["events", "--from", "soon"], 2, "neither a day");
    check(&["events", "--from", "2026-12-08", "--to", "2026-12-07"], 2, "--from is later than --to");
    check(&["events", "--near", "95,0"], 2, "not on the earth");
    check(&["events", "--near", "1"], 2, "LAT,LON");
    check(&["events", "--near", "1,1", "--radius-km", "0"], 2, "more than 0");
    check(&["events", "--radius-km", "3"], 2, "--near");
    check(&["events", "--status", "bogus"], 2, "none of scheduled");
    check(&["events", "--as-of", "soon"], 2, "so long ago");
    check(&["events", "--q", "!"], 2, "no word to search for");
    check(&["events", "--limit", "0"], 2, "1 at least");
    check(&["changes", "--field", "titel"], 2, "did you mean \"title\"");
    check(&["replay", "--run", "nosuch"], 2, "no run begins with");
    check(&["connector", "new", "Has Space"], 2, "cannot be a source name");
    check(&["collect", "--connector", "nosuch"], 2, "nosuch");
    check(&["collect", "--connector", "eventbrite", "--param", "bogus=1"], 2, "no parameter");
    check(&["collect", "page.html", "--months-back", "x"], 2, "not valid");
    check(&["collect", "page.html", "--per-second", "NaN"], 2, "not valid");
    check(&["collect", "page.html", "--max-documents", "0"], 2, "not valid");
    check(&["collect", "ftp://x.test/y"], 2, "use http, https or webcal");
    check(
        &["events", "--db", "absent.db"],
        1,
        if stores_are_on().is_some() { "no store at postgres://" } else { "no store at absent.db" },
    );
    check(&["show", "ev_nothing"], 1, "nothing is called");
    check(&["show", "a"], 2, "fits several rows; ask for one of them:");
    if stores_are_on().is_none() {
        check(&["--db", "postgres://h/d?pgbouncer=true", "events"], 2, "pgbouncer means nothing here");
        check(&["--db", "postgres://h/d?connect_timeout=no", "events"], 2, "connect_timeout=no: seconds");
    }
    check(&["backup", "verify", "page.html"], 2, "is not a backup");
    check(&["export", "events", "--format", "csv", "--where", "city=x"], 2, "did you mean venue_city?");
    check(&["colect"], 2, "collect");
    check(&["collect"], 2, "nothing to collect from");
    check(&["collect", "no-such.ics"], 2, "no such file");
    check(&["collect", "page.html", "--timezone", "Mars/Base"], 2, "not a time zone");
    assert!(!desk.folder.path().join("absent.db").exists());
}

#[test]
fn standard_input_is_collected_from_like_a_file() {
    let desk = Desk::new();
    let piped = desk.folder.write("page.html", PAGE);
    let mut call = desk.command(&["collect", "-", "--source", "hall", "--format", "json"]);
    let answer = call.stdin(File::open(piped).expect("a page")).output().expect("it starts");
    assert!(answer.status.success(), "{}", String::from_utf8_lossy(&answer.stderr));
    let events = desk.events(&[]);
    assert!(!events.is_empty() && events.iter().all(|event| event["source"] == "hall"), "{events:?}");
    let title = events[0]["title"].as_str().expect("a title");
    assert_eq!(desk.show(title)["id"], events[0]["id"], "{title}");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let desk = desk();
    let script = format!(
        "{} export events --format ndjson | true; exit ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_callboard")
    );
    assert_eq!(desk.command_of("bash", &["-c", &script]).status().expect("bash runs").code(), Some(0));
    let entries = desk.call(&["audit", "--operation", "export", "--format", "ndjson"]).stdout;
    assert!(!entries.contains("\"failed\""), "{entries}");
    let script = format!(
        "{} events --format ndjson | head -c 1 > /dev/null; exit ${{PIPESTATUS[0]}}",
        env!("CARGO_BIN_EXE_callboard")
    );
    let status = desk.command_of("bash", &["-c", &script]).status();
    assert_eq!(status.expect("bash runs").code(), Some(0));
}

#[test]
fn init_writes_a_folder_that_works_and_overwrites_nothing() {
    let desk = Desk::new();
    let answer = desk.call(&["init", "start"]);
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    assert!(desk.folder.path().join("start/callboard.yaml").exists());
    assert!(desk.folder.path().join("start/connectors/my-venue.yaml").exists());
    let again = desk.call(&["init", "start"]);
    assert!(again.code == 1 && again.stderr.contains("overwrites nothing"), "{}", again.stderr);
}

#[test]
fn settings_name_their_origin() {
    let desk = Desk::new();
    desk.folder.write("callboard.yaml", "months_back: 3\n");
    desk.folder.write(".env", "CALLBOARD_TIMEZONE=Europe/Paris\n");
    let shown = desk.call(&["config", "show", "--db", "x.db", "--format", "json"]).stdout;
    let rows: Vec<serde_json::Value> = serde_json::from_str(&shown).expect("a list");
    let from = |key: &str| {
        rows.iter().find(|row| row["setting"] == key).map(|row| row["from"].clone()).unwrap_or_default()
    };
    assert_eq!(
        (from("months_back"), from("timezone")),
        ("callboard.yaml:1".into(), "environment CALLBOARD_TIMEZONE".into())
    );
    let db = if stores_are_on().is_some() { "environment DATABASE_URL" } else { "flag" };
    assert_eq!((from("db"), from("contact")), (db.into(), "default".into()));
    desk.folder.write("callboard.yaml", "month_back: 3\n");
    let answer = desk.call(&["config", "show"]);
    assert!(
        answer.code == 1
            && answer.stderr.contains("callboard.yaml:1:1")
            && answer.stderr.contains("months_back"),
        "{}",
        answer.stderr
    );
}

#[test]
fn completions_and_help_answer() {
    let desk = Desk::new();
    for shell in ["bash", "zsh", "fish"] {
        let answer = desk.call(&["completions", shell]);
        assert!(answer.code == 0 && answer.stdout.contains("collect"), "{}", answer.stderr);
    }
    for command in [
        "collect",
        "events",
        "show",
        "replay",
        "connector",
        "demo",
        "doctor",
        "init",
        "quarantine",
        "config",
        "completions",
    ] {
        let help = desk.call(&[command, "--help"]).stdout;
        assert!(help.contains("Example"), "{command} has no example:\n{help}");
    }
}

#[test]
fn parameters_in_examples_are_those_that_connectors_take() {
    let desk = Desk::new();
    let readme = include_str!("../../../../README.md");
    let help = desk.call(&["collect", "--help"]).stdout;
    let lines = readme.lines().chain(help.lines()).filter(|line| line.contains("--param"));
    let mut checked = 0;
    for line in lines.filter(|line| line.contains("collect --connector")) {
        let word_after = |flag: &str| line.split(flag).nth(1).and_then(|rest| rest.split_whitespace().next());
        let (Some(name), Some(param)) = (word_after("--connector "), word_after("--param ")) else {
            continue;
        };
        let answer = desk.call(&["collect", "--connector", name, "--param", param]);
        assert!(!answer.stderr.contains("has no parameter"), "{line}: {}", answer.stderr);
        checked += 1;
    }
    assert!(checked >= 2, "the examples are gone");
}
