//! Calendars from the command line: twice the same, edited, damaged, and what is no calendar at all.

use testkit::{recorded, recorded_bytes};

use crate::call::{Desk, event_counts};

const CALENDAR: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//EN\r\n\
BEGIN:VEVENT\r\nUID:a\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;TZID=America/Chicago:20261205T190000\r\n\
DTEND;TZID=America/Chicago:20261205T210000\r\nSUMMARY:Winter Gala\r\nLOCATION:Town Hall\\, 1 Main St\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:b\r\nDTSTAMP:20260101T000000Z\r\nDTSTART;VALUE=DATE:20261224\r\nSUMMARY:Market\r\nEND:VEVENT\r\n\
BEGIN:VEVENT\r\nUID:c\r\nDTSTAMP:20260101T000000Z\r\nDTSTART:20261206T100000\r\nSUMMARY:Walk\r\nEND:VEVENT\r\n\
END:VCALENDAR\r\n";

#[test]
fn unchanged_input_changes_nothing_and_edits_are_exact() {
    let desk = Desk::new();
    desk.folder.write("town.ics", CALENDAR);
    let first = desk.collect(&["town.ics"]);
    assert_eq!(event_counts(&first), [3, 0, 0, 0, 0], "{first}");
    assert_eq!(first["outcome"], "completed");

    let second = desk.collect(&["town.ics"]);
    assert_eq!(event_counts(&second), [0, 0, 3, 0, 0], "{second}");
    assert_eq!(second["documents"]["unchanged"], 1);
    assert_eq!(
        (second["records"]["new"].as_u64(), second["records"]["changed"].as_u64()),
        (Some(0), Some(0))
    );

    desk.folder.write("town.ics", CALENDAR.replace("Winter Gala", "Winter Ball"));
    let third = desk.collect(&["town.ics"]);
    assert_eq!(event_counts(&third), [0, 1, 2, 0, 0], "{third}");
    let gala = &desk.events(&["--q", "ball"])[0];
    let shown = desk.show(gala["id"].as_str().expect("an id"));
    let edit = &shown["history"][1]["edits"][0];
    assert_eq!(
        (edit["field"].as_str(), edit["from"].as_str(), edit["to"].as_str()),
        (Some("title"), Some("Winter Gala"), Some("Winter Ball"))
    );
}

#[test]
fn what_a_complete_calendar_no_longer_holds_vanishes_and_may_return() {
    let desk = Desk::new();
    desk.folder.write("town.ics", CALENDAR);
    desk.collect(&["town.ics"]);
    let (head, rest) = CALENDAR.split_once("BEGIN:VEVENT\r\nUID:b").expect("the second event");
    let (_, tail) = rest.split_once("END:VEVENT\r\n").expect("its end");
    desk.folder.write("town.ics", format!("{head}{tail}"));
    let without = desk.collect(&["town.ics"]);
    assert_eq!(event_counts(&without), [0, 0, 2, 0, 1], "{without}");
    assert_eq!(desk.events(&[]).len(), 2);
    assert_eq!(desk.events(&["--gone"]).len(), 3);

    desk.folder.write("town.ics", CALENDAR);
    let back = desk.collect(&["town.ics"]);
    assert_eq!(event_counts(&back), [0, 1, 2, 0, 0], "{back}");
    assert_eq!(desk.events(&[]).len(), 3);
}

#[test]
fn what_is_still_listed_without_a_usable_start_does_not_vanish() {
    let desk = Desk::new();
    // Occurrences are inside the window whenever this runs.
    let collect = || desk.collect(&["town.ics", "--months-back", "1200", "--months-ahead", "1200"]);
    let weekly = "BEGIN:VEVENT\r\nUID:w\r\nDTSTART:20261203T190000Z\r\nRRULE:FREQ=WEEKLY;COUNT=2\r\nSUMMARY:Choir\r\nEND:VEVENT\r\n";
    let whole = CALENDAR.replace("END:VCALENDAR", &format!("{weekly}END:VCALENDAR"));
    desk.folder.write("town.ics", &whole);
    let listed = collect()["by_kind"]["event"]["new"].clone();
    let damaged = whole
        .replace("DTSTART;VALUE=DATE:20261224\r\n", "")
        .replace("DTSTART:20261203T190000Z", "DTSTART:soon");
    desk.folder.write("town.ics", &damaged);
    let found = collect();
    assert_eq!((event_counts(&found)[3], event_counts(&found)[4]), (2, 0), "{found}");
    assert_eq!(desk.events(&[]).len() as u64, listed.as_u64().expect("a count"));
    desk.folder.write("town.ics", &whole);
    assert_eq!(collect()["records"]["changed"], 0);
}

#[test]
fn a_folder_with_the_store_in_it_is_collected_as_often_as_one_likes() {
    let desk = Desk::new();
    desk.folder.write("town.ics", CALENDAR);
    for _ in 0..3 {
        let found = desk.collect(&["."]);
        assert_eq!(
            (&found["outcome"], &found["documents"]["failed"]),
            (&"completed".into(), &0.into()),
            "{found}"
        );
    }
    assert_eq!(desk.events(&[]).len(), 3);
}

#[test]
fn an_emptied_calendar_stops_the_sweep_and_says_so() {
    let desk = Desk::new();
    desk.folder.write("town.ics", CALENDAR);
    desk.collect(&["town.ics"]);
    desk.folder.write("town.ics", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nEND:VCALENDAR\r\n");
    let emptied = desk.collect(&["town.ics"]);
    assert_eq!(emptied["outcome"], "partial", "{emptied}");
    assert!(emptied["notes"].to_string().contains("--max-shrink 1"), "{emptied}");
    assert_eq!(desk.events(&[]).len(), 3);
    let accepted = desk.collect(&["town.ics", "--max-shrink", "1"]);
    assert_eq!(event_counts(&accepted)[4], 3, "{accepted}");
}

#[test]
fn times_keep_what_was_said() {
    let desk = Desk::new();
    desk.folder.write("town.ics", CALENDAR);
    desk.collect(&["town.ics"]);
    let events = desk.events(&[]);
    let by = |title: &str| events.iter().find(|event| event["title"] == title).expect("the event").clone();
    let (gala, market, walk) = (by("Winter Gala"), by("Market"), by("Walk"));
    assert_eq!(gala["start"], "2026-12-05T19:00:00-06:00");
    assert_eq!(gala["timezone"], "America/Chicago");
    assert_eq!(
        (&market["all_day"], &market["start"], &market["start_date"]),
        (&true.into(), &serde_json::Value::Null, &"2026-12-24".into())
    );
    assert_eq!(
        (&walk["start"], &walk["start_local"]),
        (&serde_json::Value::Null, &"2026-12-06T10:00:00".into())
    );

    desk.collect(&["town.ics", "--timezone", "Europe/Berlin"]);
    let walk = desk.events(&["--q", "walk"])[0].clone();
    assert_eq!(walk["start"], "2026-12-06T10:00:00+01:00");
}

#[test]
fn a_dry_run_leaves_no_trace() {
    let desk = Desk::new();
    desk.folder.write("town.ics", CALENDAR);
    let rehearsed = desk.collect(&["town.ics", "--dry-run"]);
    assert_eq!(event_counts(&rehearsed), [3, 0, 0, 0, 0], "{rehearsed}");
    assert_eq!(desk.folder.names(), ["town.ics"]);

    desk.collect(&["town.ics"]);
    desk.folder.write("town.ics", CALENDAR.replace("Market", "Fair"));
    let rehearsed = desk.collect(&["town.ics", "--dry-run"]);
    assert_eq!(event_counts(&rehearsed), [0, 1, 2, 0, 0], "{rehearsed}");
    assert_eq!(desk.events(&["--q", "fair"]).len(), 0);
}

#[test]
fn what_is_no_calendar_is_told_and_fails() {
    let desk = Desk::new();
    let check = |name: &str, content: &[u8], code: i32, said: &str| {
        desk.folder.write(name, content);
        let answer = desk.call(&["collect", name, "--db", &format!("{name}.db")]);
        assert_eq!(answer.code, code, "{name}: {}{}", answer.stdout, answer.stderr);
        let all = format!("{}{}", answer.stdout, answer.stderr).to_lowercase();
        assert!(all.contains(said), "{name} does not say {said:?}:\n{all}");
    };
    check("empty.ics", b"", 1, "empty");
    check("blank.ics", b"  \r\n \r\n", 1, "empty");
    check("cut.ics", &CALENDAR.as_bytes()[..CALENDAR.len() - 60], 3, "line");
    let sign_in =
        b"<!doctype html><html><head><title>Sign in - Accounts</title></head><body><form action='/login'>\
        <input type=email><input type='password' name=p></form></body></html>";
    check("private.ics", sign_in, 1, "sign-in");
    let moved = b"<html><head><title>301 Moved Permanently</title></head><body><h1>Moved Permanently</h1>\
        The document has moved <a href=\"https://x.test/new.ics\">here</a>.</body></html>";
    check("moved.ics", moved, 1, "https://x.test/new.ics");
    check("noise.ics", b"\x00\x01\x02\x03garbage", 1, "not a listing");
    check("two.ics", format!("{CALENDAR}{}", CALENDAR.replace("UID:", "UID:z")).as_bytes(), 0, "completed");
}

#[test]
fn recorded_oddities_give_the_outcome_they_deserve() {
    let check = |path: &str, outcome: &str| {
        let Some(file) = recorded(path) else { return };
        let summary = Desk::new().collect(&[&file.to_string_lossy()]);
        assert_eq!(summary["outcome"], outcome, "{path}: {summary}");
    };
    check("data/ics/placecal_outlook365_400.html", "failed");
    check("data/ics/placecal_icloud_yellowbird_301.html", "failed");
    check("data/ics/placecal_outlook365_empty.ics", "completed");
    check("data/ics/family-action-org-uk.ics", "completed");
}

#[test]
fn a_folder_of_recorded_calendars_is_read_to_the_end_and_twice_the_same() {
    let Some(folder) = recorded("data/ics") else { return };
    let folder = folder.to_string_lossy().into_owned();
    let desk = Desk::new();
    let first = desk.collect(&[&folder]);
    assert_eq!(first["outcome"], "partial", "the two HTML files fail: {}", first["failures"]);
    assert!(event_counts(&first)[0] > 2000, "{}", first["records"]);
    let second = desk.collect(&[&folder]);
    assert_eq!(
        (second["records"]["new"].as_u64(), second["records"]["changed"].as_u64()),
        (Some(0), Some(0)),
        "{}",
        second["records"]
    );
    assert_eq!(second["records"]["vanished"], 0);
}

#[test]
fn a_truncated_recording_keeps_what_is_whole() {
    let Some(bytes) = recorded_bytes("data/ics/bethel_park_public_meetings.ics") else { return };
    let desk = Desk::new();
    desk.folder.write("cut.ics", &bytes[..bytes.len() / 2]);
    let summary = desk.collect(&["cut.ics"]);
    assert_eq!(summary["outcome"], "partial", "{summary}");
    assert!(summary["notes"].to_string().contains("line"), "{summary}");
}
