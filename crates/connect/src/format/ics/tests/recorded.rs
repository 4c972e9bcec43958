//! The recorded calendars: counts against those made independently of us, occurrences against those
//! of a second implementation (Python's `recurring-ical-events`), and what single files are there
//! to show.

use chrono::TimeDelta;
use serde_json::Value;

use super::*;
use crate::format::ics::{Counts, count};

fn recorded(name: &str, from: &str, to: &str) -> Option<Reading> {
    let bytes = testkit::recorded_bytes(&format!("data/ics/{name}"))?;
    Some(read(&document(bytes), &options(from, to)).unwrap_or_else(|error| panic!("{name}: {error}")))
}

/// Events of each file in a window from 2000 to 2027, and listings rejected. Agrees with the second
/// implementation save where a comment says why not.
const EVENTS: &[(&str, usize, usize)] = &[
    ("allenporter_apple_ical.ics", 1942, 0),
    ("allenporter_calendar_labs_same_day_dtend.ics", 1, 0),
    ("allenporter_google_dtstart_until_mismatch.ics", 13, 0),
    ("allenporter_office_365_invalid_timezone.ics", 1, 0),
    ("allenporter_unicode.ics", 0, 0),
    ("bethel_park_public_meetings.ics", 733, 0),
    ("calagator_ical_apple.ics", 1, 0),
    ("calagator_ical_apple_v3.ics", 1, 0),
    ("calagator_ical_basic.ics", 1, 0),
    ("calagator_ical_basic_with_duration.ics", 1, 0),
    ("calagator_ical_eventful_many.ics", 15, 0),
    ("calagator_ical_upcoming_v2.ics", 1, 0),
    ("calagator_ical_z.ics", 1, 0),
    // The other fails: two DTSTART. The first counts here.
    ("collective_america_new_york_forward_reference.ics", 1, 0),
    // The other drops the event for its impossible DURATION.
    ("collective_invalid_duration.ics", 1, 0),
    ("collective_issue_101_icalendar_chokes_on_umlauts_in_organizer.ics", 1, 0),
    ("collective_issue_112_missing_tzinfo_on_exdate.ics", 11, 0),
    ("collective_issue_127_categories_with_commas.ics", 1, 0),
    ("collective_issue_313_globally_unique_tzid.ics", 3, 0),
    // Its event has no DTSTART; the other fails.
    ("collective_rfc_7986_conferences.ics", 0, 1),
    ("collective_timezone_rdate.ics", 1, 0),
    ("collective_x_location.ics", 2916, 0),
    ("det_great_lakes_water_authority.ics", 7, 0),
    ("family-action-org-uk.ics", 63, 0),
    ("garlockr_STL_Concerts.ics", 656, 0),
    ("hacs_waste_test.ics", 112, 0),
    ("ical4j_invalid_lastfm.ics", 33, 0),
    ("ical4j_valid_Australian_TV_Melbourne.ics", 263, 0),
    ("ical4j_valid_BCP321928.ics", 943, 0),
    ("ical4j_valid_THFC.ics", 606, 0),
    ("ical4j_valid_google_aus_holidays.ics", 218, 0),
    ("icalevents_basic.ics", 95, 0),
    // The other fails on the offset +005328 of Berlin before 1893.
    ("icalevents_icloud.ics", 36, 0),
    ("icalevents_rrule_until.ics", 4147, 0),
    ("icaljs_recur_instances.ics", 185, 0),
    ("icaljs_utc_negative_zero.ics", 1, 0),
    ("icalnet_CaseInsensitive1.ics", 1, 0),
    ("icalnet_USHolidays.ics", 715, 0),
    ("icspy_BA1.ics", 179, 0),
    ("icspy_case_meetup.ics", 3, 0),
    // One more: UNTIL=20220425 takes in the Monday it names, though DTSTART has a time.
    ("minn_st_paul_ps_ical_full.ics", 721, 0),
    ("nodeical_Office-2012-owa.ics", 90, 0),
    ("nodeical_badRRULE.ics", 5682, 0),
    ("nodeical_biweekly-exdate-until.ics", 563, 0),
    ("nodeical_duplicate-uid-sequence.ics", 2, 0),
    // One more: UNTIL=20260817T220000Z is the midnight of 18 August in Berlin.
    ("nodeical_exchange_whole_day_moved_recurrence.ics", 52, 0),
    ("nodeical_festival-multiday-rrule.ics", 159, 0),
    ("nodeical_google-calendar-kiev-tz.ics", 4, 0),
    ("nodeical_meetup-timed-tz.ics", 1, 0),
    ("nodeical_mixed-timezone-handling.ics", 5, 0),
    ("nodeical_recurrence-sequence.ics", 7, 0),
    ("nodeical_tentative-apple-calendar.ics", 4, 0),
    ("nodeical_tripit-location-escaping.ics", 47, 0),
    ("nodeical_vtimezone-year-0001-dtstart.ics", 1, 0),
    ("placecal_birchcommunitycentre.ics", 50, 0),
    ("placecal_icloud_yellowbird.ics", 620, 0),
    ("placecal_outlook365_empty.ics", 0, 0),
    ("placecal_teamup.ics", 29, 0),
    ("placecal_teamup_2022.ics", 26, 0),
    ("recurring_Germany.ics", 159, 0),
    ("recurring_discourse_no_dtend.ics", 4, 0),
    ("recurring_fablab_cottbus.ics", 147, 0),
    ("recurring_issue_20_exdate_ignored.ics", 7, 0),
    ("recurring_issue_223_thunderbird.ics", 5, 0),
    ("recurring_issue_48_dst.ics", 5247, 0),
    ("recurring_machbar_16_feb_2019.ics", 3080, 0),
];

#[test]
fn every_recorded_calendar_gives_its_events() {
    for (name, expected, rejected) in EVENTS {
        let Some(reading) = recorded(name, "2000-01-01", "2027-12-31") else { return };
        assert_eq!(events(&reading).len(), *expected, "{name}\n{}", notes(&reading));
        assert_eq!(reading.rejected.len(), *rejected, "{name}");
        assert!(reading.damaged.is_none(), "{name}: {:?}", reading.damaged);
        assert!(
            !reading.records.is_empty() || !reading.notes.is_empty() || *rejected > 0,
            "{name}: silent zero"
        );
        let mut keys: Vec<_> = reading.records.iter().map(|record| (record.kind(), &record.key)).collect();
        keys.sort();
        let count = keys.len();
        keys.dedup();
        assert_eq!(keys.len(), count, "{name}: two records share a key");
    }
}

/// Where STATS.json counts lines that look alike and are something else, or overlooks some.
const COUNTED_DIFFERENTLY: &[(&str, &str)] = &[
    // `BEGIN:vEvent`.
    ("icalnet_CaseInsensitive1.ics", "vcalendar vevent no_location"),
    // UIDs of to-dos, venues and alarms.
    ("allenporter_unicode.ics", "unique_uids"),
    ("calagator_ical_eventful_many.ics", "unique_uids"),
    ("icalevents_basic.ics", "unique_uids"),
    ("minn_st_paul_ps_ical_full.ics", "unique_uids"),
    // DTSTART with a date and without VALUE=DATE; and VALUE=DATE with a time.
    ("ical4j_valid_google_aus_holidays.ics", "all_day"),
    ("nodeical_festival-multiday-rrule.ics", "all_day"),
    // `LOCATION:` with nothing behind it.
    ("recurring_machbar_16_feb_2019.ics", "no_location"),
    // Colons and quotes inside TZID.
    ("nodeical_Office-2012-owa.ics", "tzids"),
    ("nodeical_vtimezone-year-0001-dtstart.ics", "tzids"),
];

fn as_stats(counts: &Counts) -> Vec<(&'static str, Value)> {
    vec![
        ("vcalendar", counts.calendars.into()),
        ("vevent", counts.events.into()),
        ("vtimezone", counts.timezones.into()),
        ("rrule", counts.rules.into()),
        ("rdate", counts.added_dates.into()),
        ("exdate", counts.excluded_dates.into()),
        ("recurrence_id", counts.overrides.into()),
        ("all_day", counts.all_day.into()),
        ("cancelled", counts.cancelled.into()),
        ("no_location", counts.without_location.into()),
        ("no_uid", counts.without_uid.into()),
        ("unique_uids", counts.unique_uids.into()),
        ("tzids", counts.zones.iter().cloned().collect()),
    ]
}

#[test]
fn counts_agree_with_the_recorded_statistics() {
    let Some(stats) = testkit::recorded_bytes("data/ics/STATS.json") else { return };
    let stats: Value = serde_json::from_slice(&stats).expect("JSON");
    for path in testkit::recorded_files("data/ics", &[".ics"]) {
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let Some(expected) = stats["files"].get(&name) else { continue };
        let differently =
            COUNTED_DIFFERENTLY.iter().find(|(file, _)| *file == name).map_or("", |(_, keys)| keys);
        let counts = count(&std::fs::read(&path).expect("a recorded file"));
        for (key, ours) in as_stats(&counts) {
            if !differently.contains(key) {
                assert_eq!(ours, expected[key], "{name}: {key}");
            }
        }
    }
}

fn check(name: &str, from: &str, to: &str, expected: &[&str]) {
    if let Some(reading) = recorded(name, from, to) {
        assert_eq!(starts(&reading), expected, "{name}");
    }
}

#[test]
fn daylight_saving_keeps_the_local_hour() {
    let Some(reading) = recorded("recurring_issue_48_dst.ics", "2020-10-20", "2020-11-10") else { return };
    let found: Vec<String> = starts(&reading).into_iter().filter(|at| at.starts_with("m4dpn70")).collect();
    let expected = ["m4dpn70@google.com#20201030T141500 2020-10-30T14:15:00-05:00"];
    assert_eq!(found, expected, "23 October and 6 November are excluded");
    let found: Vec<String> = starts(&reading).into_iter().filter(|at| at.starts_with("2ohv")).collect();
    let expected = [
        "2ohv@google.com#20201020T101500 2020-10-20T10:15:00-05:00",
        "2ohv@google.com#20201027T101500 2020-10-27T10:15:00-05:00",
        "2ohv@google.com#20201103T101500 2020-11-03T10:15:00-06:00",
        "2ohv@google.com#20201110T101500 2020-11-10T10:15:00-06:00",
    ];
    assert_eq!(found, expected);
}

#[test]
fn overrides_replace_and_newest_versions_win() {
    check(
        "nodeical_recurrence-sequence.ics",
        "2024-01-01",
        "2024-12-31",
        &[
            "sequence-test@node-ical.test#20240101T100000 2024-01-01T10:00:00+00:00",
            "sequence-test@node-ical.test#20240102T100000 2024-01-02T14:00:00+00:00",
            "sequence-test@node-ical.test#20240103T100000 2024-01-03T15:00:00+00:00",
            "sequence-test@node-ical.test#20240104T090000 2024-01-04T09:00:00+00:00",
            "sequence-test@node-ical.test#20240104T100000 2024-01-04T10:00:00+00:00",
            "sequence-test@node-ical.test#20240104T150000 2024-01-04T15:00:00+00:00",
            "sequence-test@node-ical.test#20240105T100000 2024-01-05T10:00:00+00:00",
        ],
    );
    check(
        "nodeical_duplicate-uid-sequence.ics",
        "2024-01-01",
        "2024-12-31",
        &[
            "duplicate-sequence-test@node-ical.test 2024-01-15T10:00:00+00:00",
            "newer-wins-test@node-ical.test 2024-01-20T14:00:00+00:00",
        ],
    );
    let uid = "623c13c0-6c2b-45d6-a12b-c33ad61c4868";
    let expected = [
        format!("{uid}#20121002T100000 2012-10-02T15:00:00-07:00"),
        format!("{uid}#20121105T100000 2012-11-06T20:00:00-08:00"),
        format!("{uid}#20121106T100000 2012-11-06T10:00:00-08:00"),
        format!("{uid}#20121110T100000 2012-11-10T10:00:00-08:00"),
        format!("{uid}#20121130T100000 2012-11-30T10:00:00-08:00"),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check("icaljs_recur_instances.ics", "2012-10-01", "2012-12-31", &expected);
}

#[test]
fn moved_occurrences_keep_the_name_of_their_old_day() {
    let Some(reading) = recorded("recurring_machbar_16_feb_2019.ics", "2018-11-01", "2019-03-31") else {
        return;
    };
    let uid = "ome5r9735mpdoo3n6lpf8oi0c4@google.com";
    let found: Vec<String> = starts(&reading).into_iter().filter(|at| at.starts_with(uid)).collect();
    let expected = [
        format!("{uid}#20181117T110000 2018-11-17T11:00:00+01:00"),
        format!("{uid}#20181215T110000 2018-12-08T11:00:00+01:00"),
        format!("{uid}#20190119T110000 2019-01-27T11:00:00+01:00"),
        format!("{uid}#20190216T110000 2019-02-24T11:00:00+01:00"),
    ];
    assert_eq!(found, expected);
}

#[test]
fn a_whole_day_moved_by_exchange_keeps_its_name() {
    check(
        "nodeical_exchange_whole_day_moved_recurrence.ics",
        "2026-02-19",
        "2026-03-03",
        &[
            "exchange-moved-recurrence#20260219 2026-02-19",
            "exchange-moved-recurrence#20260224 2026-02-24",
            "exchange-moved-recurrence#20260226 2026-02-27",
            "exchange-moved-recurrence#20260303 2026-03-03",
        ],
    );
    check(
        "nodeical_exchange_whole_day_moved_recurrence.ics",
        "2026-08-13",
        "2026-12-31",
        &["exchange-moved-recurrence#20260813 2026-08-13", "exchange-moved-recurrence#20260818 2026-08-18"],
    );
}

#[test]
fn excluded_dates_are_excluded() {
    let uid = "ak30b02u7858q1oo6ji9dm4mgg@google.com";
    let expected = [
        format!("{uid}#20131005T120000 2013-10-05T12:00:00-04:00"),
        format!("{uid}#20131018T120000 2013-10-18T12:00:00-04:00"),
        format!("{uid}#20131019T120000 2013-10-19T12:00:00-04:00"),
    ];
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check("collective_issue_112_missing_tzinfo_on_exdate.ics", "2013-10-05", "2013-12-31", &expected);
    if let Some(reading) = recorded("recurring_issue_20_exdate_ignored.ics", "2019-01-01", "2020-12-31") {
        let days: Vec<String> =
            starts(&reading).iter().filter_map(|at| Some(at.split('#').nth(1)?[..8].to_owned())).collect();
        let expected = ["20191029", "20191112", "20191210", "20200107", "20200114", "20200121", "20200128"];
        assert_eq!(days, expected);
    }
    if let Some(reading) = recorded("nodeical_biweekly-exdate-until.ics", "2017-07-01", "2017-08-12") {
        let days: Vec<String> =
            starts(&reading).iter().filter_map(|at| Some(at.split('#').nth(1)?[..8].to_owned())).collect();
        assert_eq!(days, ["20170703", "20170731"]);
    }
}

#[test]
fn zones_of_every_kind_resolve() {
    let first = |name: &str| {
        let reading = recorded(name, "2000-01-01", "2027-12-31")?;
        let (_, event) = events(&reading)[0];
        let instant = event.start.value()?.instant()?.to_rfc3339();
        Some(format!("{instant} {}", event.timezone.value().map_or("-", String::as_str)))
    };
    let check = |name: &str, expected: &str| {
        if let Some(found) = first(name) {
            assert_eq!(found, expected, "{name}");
        }
    };
    check("nodeical_vtimezone-year-0001-dtstart.ics", "2024-06-01T10:00:00+02:00 Europe/Berlin");
    check("nodeical_Office-2012-owa.ics", "2020-10-28T13:30:00+11:00 Australia/Sydney");
    check("nodeical_google-calendar-kiev-tz.ics", "2016-08-25T14:00:00+03:00 Europe/Kiev");
    check("family-action-org-uk.ics", "2022-11-10T17:30:00+00:00 Europe/London");
    check("collective_america_new_york_forward_reference.ics", "2014-08-29T08:00:00-04:00 -");
    check("collective_timezone_rdate.ics", "2012-02-13T10:00:00+01:00 Europe/Vaduz");
    check("collective_issue_313_globally_unique_tzid.ics", "2020-04-26T14:00:00+02:00 Europe/Berlin");
    check("icaljs_utc_negative_zero.ics", "2012-08-21T21:00:00+00:00 Etc/GMT");
    if let Some(reading) = recorded("allenporter_office_365_invalid_timezone.ics", "2024-01-01", "2024-12-31")
    {
        assert_eq!(events(&reading)[0].1.start.value().and_then(model::When::instant), None);
        assert!(notes(&reading).contains("unknown time zone"), "{}", notes(&reading));
    }
}

#[test]
fn times_with_value_date_keep_their_time() {
    let Some(reading) = recorded("nodeical_festival-multiday-rrule.ics", "2011-01-01", "2011-12-31") else {
        return;
    };
    let found = events(&reading);
    let (_, compo) = found
        .iter()
        .find(|(_, event)| event.title.value().is_some_and(|title| title == "GameDev compo"))
        .expect("there");
    let start = compo.start.value().and_then(model::When::local).expect("a time");
    let end = compo.end.value().and_then(model::When::local).expect("a time");
    assert_eq!((start.to_string().as_str(), end - start), ("2011-08-05 00:00:00", TimeDelta::hours(1)));
}

#[test]
fn open_ends_and_equal_dates() {
    if let Some(reading) = recorded("recurring_discourse_no_dtend.ics", "2019-01-01", "2019-12-31") {
        let ends: Vec<bool> = events(&reading).iter().map(|(_, event)| event.end.value().is_some()).collect();
        assert_eq!(ends, [false, true, true, true]);
    }
    if let Some(reading) =
        recorded("allenporter_calendar_labs_same_day_dtend.ics", "2025-01-01", "2025-12-31")
    {
        let (_, event) = events(&reading)[0];
        let (start, end) = (event.start.value().expect("start"), event.end.value().expect("end"));
        assert!(start.all_day() && end.all_day());
        assert_eq!((start.date, end.date), (Some(day("2025-12-08")), Some(day("2025-12-08"))));
    }
}

#[test]
fn status_of_every_kind() {
    let Some(reading) = recorded("nodeical_tentative-apple-calendar.ics", "2022-01-01", "2022-12-31") else {
        return;
    };
    let found = events(&reading);
    let statuses: Vec<&str> =
        found.iter().filter_map(|(_, event)| event.status.value().map(String::as_str)).collect();
    assert_eq!(statuses, ["tentative", "scheduled", "cancelled", "scheduled"]);
}

#[test]
fn pages_served_in_place_of_a_calendar_are_not_one() {
    for name in ["placecal_icloud_yellowbird_301.html", "placecal_outlook365_400.html"] {
        let Some(bytes) = testkit::recorded_bytes(&format!("data/ics/{name}")) else { return };
        let fault = read(&document(bytes), &options("2020-01-01", "2020-12-31")).expect_err(name);
        assert!(matches!(fault, crate::ReadError::Unrecognised(_)), "{name}: {fault}");
    }
}
