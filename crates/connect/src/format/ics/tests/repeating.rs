//! Repeating events, one rule a test.

use super::*;

const WEEKLY: &str = "UID:w\nSUMMARY:Choir\nDTSTART;TZID=Europe/Berlin:20260306T190000\n\
    DTEND;TZID=Europe/Berlin:20260306T210000\nRRULE:FREQ=WEEKLY;COUNT=5";

fn keys(lines: &str) -> Vec<String> {
    starts(&calendar(lines))
}

#[test]
fn occurrences_keep_their_clock_across_daylight_saving() {
    let expected = [
        "w#20260306T190000 2026-03-06T19:00:00+01:00",
        "w#20260313T190000 2026-03-13T19:00:00+01:00",
        "w#20260320T190000 2026-03-20T19:00:00+01:00",
        "w#20260327T190000 2026-03-27T19:00:00+01:00",
        "w#20260403T190000 2026-04-03T19:00:00+02:00",
    ];
    let reading = calendar(&vevent(WEEKLY));
    assert_eq!(starts(&reading), expected);
    let (_, event) = events(&reading)[4];
    assert_eq!(event.series.value().map(String::as_str), Some("w"));
    assert_eq!(event.occurrence.value().map(String::as_str), Some("20260403T190000"));
    let end = event.end.value().and_then(model::When::instant).map(|end| end.to_rfc3339());
    assert_eq!(end.as_deref(), Some("2026-04-03T21:00:00+02:00"));
}

#[test]
fn excluded_by_time_by_instant_by_day_and_without_zone() {
    let excluded = "EXDATE;TZID=Europe/Berlin:20260306T190000\nEXDATE:20260313T180000Z\n\
        EXDATE;VALUE=DATE:20260320\nEXDATE:20260327T190000,20260101T000000";
    assert_eq!(
        keys(&vevent(&format!("{WEEKLY}\n{excluded}"))),
        ["w#20260403T190000 2026-04-03T19:00:00+02:00"]
    );
    let ruled = format!("{WEEKLY}\nEXRULE:FREQ=WEEKLY;INTERVAL=2");
    assert_eq!(keys(&vevent(&ruled)).len(), 2);
}

#[test]
fn added_dates_and_periods() {
    let reading = calendar(&vevent(
        "UID:1\nDTSTART:20260601T190000Z\nDTEND:20260601T200000Z\n\
         RDATE:20260603T190000Z,20260601T190000Z\nRDATE;VALUE=PERIOD:20260605T100000Z/PT3H,20260606T100000Z/20260606T101500Z\n\
         RDATE;VALUE=DATE:20260607",
    ));
    let expected = [
        "1#20260601T190000 2026-06-01T19:00:00+00:00",
        "1#20260603T190000 2026-06-03T19:00:00+00:00",
        "1#20260605T100000 2026-06-05T10:00:00+00:00",
        "1#20260606T100000 2026-06-06T10:00:00+00:00",
        "1#20260607T190000 2026-06-07T19:00:00+00:00",
    ];
    assert_eq!(starts(&reading), expected);
    let end = |at: usize| {
        let end = events(&reading)[at].1.end.value().and_then(model::When::instant);
        end.map(|end| end.format("%H:%M").to_string())
    };
    assert_eq!(
        (end(1).as_deref(), end(2).as_deref(), end(3).as_deref()),
        (Some("20:00"), Some("13:00"), Some("10:15"))
    );
}

#[test]
fn an_override_keeps_the_name_of_what_it_replaces() {
    let moved = vevent(
        "UID:w\nRECURRENCE-ID;TZID=Europe/Berlin:20260313T190000\nDTSTART;TZID=Europe/Berlin:20260314T110000",
    );
    let cancelled = vevent(
        "UID:w\nSUMMARY:Choir\nSTATUS:CANCELLED\nRECURRENCE-ID:20260320T180000Z\nDTSTART;TZID=Europe/Berlin:20260320T190000",
    );
    let reading = calendar(&format!("{moved}\n{}\n{cancelled}", vevent(WEEKLY)));
    let found = starts(&reading);
    assert_eq!(found.len(), 5);
    assert_eq!(found[1], "w#20260313T190000 2026-03-14T11:00:00+01:00");
    let by_key = |key: &str| events(&reading).into_iter().find(|(k, _)| *k == key).expect("there").1.clone();
    assert_eq!(by_key("w#20260313T190000").title.value().map(String::as_str), Some("Choir"));
    assert_eq!(by_key("w#20260320T190000").status.value().map(String::as_str), Some("cancelled"));
}

#[test]
fn overrides_without_a_master_and_moved_into_the_window() {
    let orphan = vevent("UID:o\nRECURRENCE-ID:20260101T100000Z\nDTSTART:20260102T100000Z");
    assert_eq!(keys(&orphan), ["o#20260101T100000 2026-01-02T10:00:00+00:00"]);
    let outside = vevent("UID:m\nDTSTART:20250101T100000Z\nRRULE:FREQ=DAILY;COUNT=3");
    let inside = vevent("UID:m\nRECURRENCE-ID:20250102T100000Z\nDTSTART:20260102T100000Z");
    assert_eq!(keys(&format!("{outside}\n{inside}")), ["m#20250102T100000 2026-01-02T10:00:00+00:00"]);
    let away = vevent("UID:w\nRECURRENCE-ID:20260306T180000Z\nDTSTART:20270306T180000Z");
    assert_eq!(keys(&format!("{}\n{away}", vevent(WEEKLY))).len(), 4);
}

#[test]
fn this_and_future_moves_the_rest() {
    let later = vevent(
        "UID:w\nSUMMARY:Choir (new hall)\nRECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Europe/Berlin:20260320T190000\n\
         DTSTART;TZID=Europe/Berlin:20260321T180000\nDTEND;TZID=Europe/Berlin:20260321T183000",
    );
    let own = vevent(
        "UID:w\nSUMMARY:Concert\nRECURRENCE-ID;TZID=Europe/Berlin:20260327T190000\nDTSTART;TZID=Europe/Berlin:20260327T200000",
    );
    let reading = calendar(&format!("{}\n{later}\n{own}", vevent(WEEKLY)));
    let expected = [
        "w#20260306T190000 2026-03-06T19:00:00+01:00",
        "w#20260313T190000 2026-03-13T19:00:00+01:00",
        "w#20260320T190000 2026-03-21T18:00:00+01:00",
        "w#20260327T190000 2026-03-27T20:00:00+01:00",
        "w#20260403T190000 2026-04-04T18:00:00+02:00",
    ];
    assert_eq!(starts(&reading), expected);
    let last = events(&reading).into_iter().find(|(key, _)| *key == "w#20260403T190000").expect("there").1;
    assert_eq!(last.title.value().map(String::as_str), Some("Choir (new hall)"));
    let end = last.end.value().and_then(model::When::instant).map(|end| end.to_rfc3339());
    assert_eq!(end.as_deref(), Some("2026-04-04T18:30:00+02:00"));
}

#[test]
fn the_newest_version_counts() {
    let version = |sequence: u32, stamp: u32, hour: u32| {
        vevent(&format!(
            "UID:1\nSEQUENCE:{sequence}\nDTSTAMP:2026010{stamp}T000000Z\nDTSTART:20260601T{hour}0000Z"
        ))
    };
    let reading = calendar(&format!("{}\n{}\n{}", version(1, 1, 11), version(2, 1, 12), version(1, 9, 13)));
    assert_eq!(starts(&reading), ["1 2026-06-01T12:00:00+00:00"]);
    assert!(notes(&reading).contains("2 older or double versions"), "{}", notes(&reading));
    let by_stamp = calendar(&format!("{}\n{}", version(0, 2, 14), version(0, 1, 15)));
    assert_eq!(starts(&by_stamp), ["1 2026-06-01T14:00:00+00:00"]);
}

#[test]
fn the_window_takes_what_overlaps_it() {
    let series = "UID:n\nDTSTART;VALUE=DATE:20251229\nDTEND;VALUE=DATE:20260103\nRRULE:FREQ=YEARLY;COUNT=3";
    assert_eq!(keys(&vevent(series)), ["n#20251229 2025-12-29", "n#20261229 2026-12-29"]);
    let midnight = "UID:n\nDTSTART:20251231T200000\nDTEND:20260101T000000\nRRULE:FREQ=YEARLY;COUNT=1";
    let reading = calendar(&vevent(midnight));
    assert!(reading.records.is_empty());
    assert_eq!(notes(&reading), "1 repeating event with no occurrence inside the window");
    assert_eq!(keys(&vevent("UID:old\nDTSTART:19990101T100000Z")).len(), 1);
}

#[test]
fn bad_rules_keep_the_first_occurrence() {
    let reading = calendar(&vevent("UID:b\nDTSTART:20260601T190000Z\nRRULE:FREQ=SOMETIMES"));
    assert_eq!(starts(&reading), ["b 2026-06-01T19:00:00+00:00"]);
    assert!(
        notes(&reading).contains("line 5: 1 recurrence rule that cannot be followed"),
        "{}",
        notes(&reading)
    );
}

#[test]
fn endless_series_are_cut_with_a_note() {
    let reading = calendar(&vevent("UID:s\nDTSTART:20260101T000000Z\nRRULE:FREQ=SECONDLY"));
    assert_eq!(events(&reading).len(), 10_000);
    let damaged = reading.damaged.unwrap();
    assert!(damaged.message.contains("cut short"), "{damaged}");
    assert!(!reading.complete, "what was not read has not vanished");
}

#[test]
fn evenings_end_at_their_hour_when_the_clock_changes() {
    let night = "UID:d\nDTSTART;TZID=Europe/Berlin:20261024T220000\nDTEND;TZID=Europe/Berlin:20261025T040000\nRRULE:FREQ=DAILY;COUNT=2";
    let reading = calendar(&vevent(night));
    let ends: Vec<String> = events(&reading)
        .iter()
        .filter_map(|(_, event)| Some(event.end.value()?.instant()?.to_rfc3339()))
        .collect();
    assert_eq!(ends, ["2026-10-25T04:00:00+01:00", "2026-10-26T04:00:00+01:00"]);
}
