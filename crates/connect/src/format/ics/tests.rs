//! Calendars as a whole: small ones written for one rule each, and the recorded ones.

mod damage;
mod recorded;
mod repeating;

use chrono::{DateTime, NaiveDate};
use chrono_tz::Tz;
use model::{Document, Event, Kind, Reading, Window};
use url::Url;

use super::read;
use crate::connector::ReadOptions;

fn day(text: &str) -> NaiveDate {
    text.parse().expect("test date")
}

fn options(from: &str, to: &str) -> ReadOptions {
    ReadOptions { window: Window { from: day(from), to: day(to) }, timezone: None, now: DateTime::UNIX_EPOCH }
}

fn document(body: impl Into<Vec<u8>>) -> Document {
    let url = Url::parse("https://x.test/feed.ics").expect("test address");
    Document::from_bytes("feed.ics", url, body.into())
}

/// A calendar of these lines, read in a window around 2026.
fn calendar(lines: &str) -> Reading {
    calendar_in(lines, &options("2026-01-01", "2026-12-31"))
}

fn calendar_in(lines: &str, options: &ReadOptions) -> Reading {
    let body = format!("BEGIN:VCALENDAR\r\n{lines}\r\nEND:VCALENDAR\r\n");
    read(&document(body), options).expect("a calendar")
}

fn vevent(lines: &str) -> String {
    format!("BEGIN:VEVENT\n{lines}\nEND:VEVENT")
}

fn events(reading: &Reading) -> Vec<(&str, &Event)> {
    let found = reading.records.iter().filter(|record| record.kind() == Kind::Event);
    found.map(|record| (record.key.as_str(), record.as_event().expect("an event"))).collect()
}

/// Key and start of each event: the instant with its offset, or the day.
fn starts(reading: &Reading) -> Vec<String> {
    let mut shown: Vec<String> = events(reading)
        .into_iter()
        .map(|(key, event)| {
            let start = event.start.value().expect("a start");
            let when = match start.instant() {
                Some(instant) => instant.to_rfc3339(),
                None => start
                    .local()
                    .map_or_else(|| start.date.expect("a day").to_string(), |local| local.to_string()),
            };
            format!("{key} {when}")
        })
        .collect();
    shown.sort();
    shown
}

fn notes(reading: &Reading) -> String {
    reading.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

#[test]
fn times_keep_what_was_said_beside_what_it_means() {
    let reading = calendar(&vevent(
        "UID:1\nDTSTART;TZID=W. Europe Standard Time:20260601T190000\nDTEND;TZID=W. Europe Standard Time:20260601T210000",
    ));
    let (_, event) = events(&reading)[0];
    let (start, end) = (event.start.value().expect("start"), event.end.value().expect("end"));
    assert_eq!(start.said, "TZID=W. Europe Standard Time:20260601T190000");
    assert_eq!(start.instant().map(|t| t.to_rfc3339()).as_deref(), Some("2026-06-01T19:00:00+02:00"));
    assert_eq!(end.instant().map(|t| t.to_rfc3339()).as_deref(), Some("2026-06-01T21:00:00+02:00"));
    assert_eq!(event.timezone.value().map(String::as_str), Some("Europe/Berlin"));
}

#[test]
fn zones_are_named_defined_inherited_or_unknown() {
    let custom = "BEGIN:VTIMEZONE\nTZID:Our Town\nBEGIN:STANDARD\nDTSTART:16010101T000000\nTZOFFSETFROM:+0230\n\
        TZOFFSETTO:+0230\nEND:STANDARD\nEND:VTIMEZONE\n";
    let check = |lines: &str, expected: &str, note: Option<&str>| {
        let reading = calendar(lines);
        assert_eq!(starts(&reading), [expected], "{lines}");
        let told = notes(&reading);
        match note {
            Some(note) => assert!(told.contains(note), "{told}"),
            None => assert_eq!(told, "", "{lines}"),
        }
    };
    let event = |start: &str| vevent(&format!("UID:1\nDTSTART{start}"));
    check(&event(":20260601T190000"), "1 2026-06-01 19:00:00", None);
    check(&event(":20260601T190000Z"), "1 2026-06-01T19:00:00+00:00", None);
    check(
        &format!("{custom}{}", event(";TZID=Our Town:20260601T190000")),
        "1 2026-06-01T19:00:00+02:30",
        None,
    );
    let home = "X-WR-TIMEZONE:America/New_York\n";
    check(&format!("{home}{}", event(":20260601T190000")), "1 2026-06-01T19:00:00-04:00", None);
    check(&format!("{home}{}", event(":20260601T190000Z")), "1 2026-06-01T15:00:00-04:00", None);
    let unknown = event(";TZID=Customized Time Zone:20260601T190000");
    check(&unknown, "1 2026-06-01 19:00:00", Some("line 4: 1 unknown time zone (\"Customized Time Zone\")"));
    check(&format!("{home}{unknown}"), "1 2026-06-01T19:00:00-04:00", Some("unknown time zone"));
}

#[test]
fn the_users_zone_is_for_floating_times_alone() {
    let mut options = options("2026-01-01", "2026-12-31");
    options.timezone = Some(Tz::Europe__Berlin);
    let floating = calendar_in(&vevent("UID:1\nDTSTART:20260601T190000"), &options);
    assert_eq!(starts(&floating), ["1 2026-06-01T19:00:00+02:00"]);
    let utc = calendar_in(&vevent("UID:1\nDTSTART:20260601T190000Z"), &options);
    assert_eq!(starts(&utc), ["1 2026-06-01T19:00:00+00:00"]);
}

#[test]
fn ends_of_whole_days_and_durations() {
    let check = |lines: &str, expected: Option<&str>| {
        let reading = calendar(&vevent(&format!("UID:1\n{lines}")));
        let (_, event) = events(&reading)[0];
        let shown = event.end.value().map(|end| match end.instant() {
            Some(instant) => instant.to_rfc3339(),
            None => end.date.expect("a day").to_string(),
        });
        assert_eq!(shown.as_deref(), expected, "{lines}");
    };
    check("DTSTART;VALUE=DATE:20260601\nDTEND;VALUE=DATE:20260603", Some("2026-06-02"));
    check("DTSTART;VALUE=DATE:20260601\nDTEND;VALUE=DATE:20260601", Some("2026-06-01"));
    check("DTSTART;VALUE=DATE:20260601\nDURATION:P3D", Some("2026-06-03"));
    check("DTSTART;VALUE=DATE:20260601", None);
    check("DTSTART:20260601T220000Z\nDURATION:PT3H", Some("2026-06-02T01:00:00+00:00"));
    check("DTSTART:20260601T220000Z\nDURATION:P999999999999999999W", None);
    check("DTSTART:20260601T220000Z\nDTEND:20260601T210000Z", None);
    check("DTSTART:20260601T220000Z\nDTEND;VALUE=DATE:20260603", Some("2026-06-02"));
    check(
        "DTSTART;TZID=Europe/London:20260601T220000\nDTEND;TZID=Europe/Paris:20260602T000000",
        Some("2026-06-02T00:00:00+02:00"),
    );
}

#[test]
fn what_cannot_be_a_record_is_rejected_with_all_it_said() {
    let reading = calendar(&format!(
        "{}\n{}\n{}",
        vevent("UID:1\nSUMMARY:No start\nCOMMENT:a\nCOMMENT:b"),
        vevent("UID:2\nDTSTART:soon"),
        vevent("UID:3\nDTSTART:20260601T190000Z"),
    ));
    assert_eq!(events(&reading).len(), 1);
    let reasons: Vec<&str> = reading.rejected.iter().map(|rejected| rejected.reason.as_str()).collect();
    assert_eq!(reasons, ["missing_start", "unusable_time"]);
    let keys: Vec<_> = reading.rejected.iter().map(|rejected| rejected.key.as_deref()).collect();
    assert_eq!(keys, [Some("1"), Some("2")]);
    let said = serde_json::json!({"UID": "1", "SUMMARY": "No start", "COMMENT": ["a", "b"]});
    assert_eq!(reading.rejected[0].said, said);
    assert!(reading.rejected[1].detail.contains("\"soon\""), "{}", reading.rejected[1].detail);
}

#[test]
fn a_calendar_sent_to_cancel_cancels() {
    let reading =
        calendar(&format!("METHOD:CANCEL\n{}", vevent("UID:1\nDTSTART:20260601T190000Z\nSTATUS:CONFIRMED")));
    assert_eq!(events(&reading)[0].1.status.value().map(String::as_str), Some("cancelled"));
}

#[test]
fn events_without_uid_keep_their_key() {
    let event = vevent("SUMMARY:A\nDTSTART:20260601T190000Z\nDTSTAMP:20260101T000000Z");
    let again = event.replace("DTSTAMP:20260101", "DTSTAMP:20260202");
    let (first, second) = (calendar(&event), calendar(&again));
    assert_eq!(events(&first)[0].0, events(&second)[0].0);
    let other = calendar(&event.replace("SUMMARY:A", "SUMMARY:B"));
    assert_ne!(events(&first)[0].0, events(&other)[0].0);
}

#[test]
fn places_and_organizers_are_written_once_and_before_their_events() {
    let event = |uid: u32, more: &str| {
        vevent(&format!(
            "UID:{uid}\nDTSTART:20260601T190000Z\nLOCATION:Town Hall\nORGANIZER;CN=A:mailto:a@x.test{more}"
        ))
    };
    let reading = calendar(&format!("{}\n{}", event(1, ""), event(2, "\nGEO:1.5;2.5")));
    let kinds: Vec<Kind> = reading.records.iter().map(|record| record.kind()).collect();
    assert_eq!(kinds, [Kind::Venue, Kind::Organizer, Kind::Event, Kind::Event]);
    assert_eq!(reading.records[0].as_venue().expect("a venue").lat.value(), Some(&1.5));
    assert_eq!(events(&reading)[1].1.venue.value().map(String::as_str), Some("town hall"));
    assert!(events(&reading)[1].1.organizer.value().is_some_and(|key| key.starts_with("mail-")));
}
