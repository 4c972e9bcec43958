//! Slots, clock changes, catching up, jitter; each as a table of what is expected.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn read(cron: &str, zone: &str) -> Schedule {
    parse(cron, Some(zone)).expect("a schedule")
}

fn times(schedule: &Schedule, after: &str, n: usize) -> Vec<String> {
    let zone = schedule.zone();
    next(schedule, at(after), n)
        .iter()
        .map(|at| at.with_timezone(&zone).format("%d %H:%M:%S %z").to_string())
        .collect()
}

#[test]
fn expressions_of_all_forms() {
    let check = |cron: &str, expected: &[&str]| {
        assert_eq!(times(&read(cron, "UTC"), "2026-11-25T12:00:00Z", expected.len()), expected, "{cron}");
    };
    check("0 2 * * 0", &["29 02:00:00 +0000", "06 02:00:00 +0000"]);
    check("*/15 * * * *", &["25 12:15:00 +0000", "25 12:30:00 +0000"]);
    check("30 */15 * * * *", &["25 12:00:30 +0000", "25 12:15:30 +0000"]);
    check("@daily", &["26 00:00:00 +0000", "27 00:00:00 +0000"]);
    check("0 9 * JAN-dec Mon,THU", &["26 09:00:00 +0000", "30 09:00:00 +0000"]);
    check("0 0 L * *", &["30 00:00:00 +0000", "31 00:00:00 +0000"]);
    check("0 12 * * 5#2", &["11 12:00:00 +0000", "08 12:00:00 +0000"]);
    check("0 12 * * FRI#L", &["27 12:00:00 +0000", "25 12:00:00 +0000"]);
    check("0 0 29 2 *", &["29 00:00:00 +0000"]);
    // day of month or weekday, as in every cron
    check("0 0 1 * 1", &["30 00:00:00 +0000", "01 00:00:00 +0000", "07 00:00:00 +0000"]);
}

#[test]
fn faults_say_what_is_wrong() {
    let check = |cron: &str, zone: Option<&str>, expected: &str| {
        let fault = parse(cron, zone).expect_err("a fault");
        assert!(fault.contains(expected), "{fault}");
    };
    check("", None, "is empty");
    check("0 2 * *", None, "has 4 fields");
    check("0 0 2 * * * 2027", None, "has 7 fields");
    check("61 2 * * *", None, "\"61\" is no minute; they go from 0 to 59");
    check("0 2 * * nope", None, "\"nope\" is no weekday");
    check("*/90 * * * *", None, "a step of 90 is longer than all minutes");
    check("@never", None, "is not a cron expression");
    check("0 0 31 2 *", None, "never comes");
    check("0 2 * * *", Some("Europe/Berln"), "is not a time zone");
}

#[test]
fn a_fixed_time_in_the_spring_gap_runs_once_right_after_it() {
    let berlin = read("30 2 * * *", "Europe/Berlin");
    let expected = ["28 02:30:00 +0100", "29 03:00:00 +0200", "30 02:30:00 +0200"];
    assert_eq!(times(&berlin, "2026-03-28T00:00:00Z", 3), expected);
    let new_york = read("30 2 * * *", "America/New_York");
    let expected = ["08 03:00:00 -0400", "09 02:30:00 -0400"];
    assert_eq!(times(&new_york, "2026-03-08T05:00:00Z", 2), expected);
    // a gap of half an hour
    let lord_howe = read("15 2 * * *", "Australia/Lord_Howe");
    let expected = ["03 02:15:00 +1030", "04 02:30:00 +1100", "05 02:15:00 +1100"];
    assert_eq!(times(&lord_howe, "2026-10-02T15:40:00Z", 3), expected);
}

#[test]
fn an_interval_jumps_over_the_spring_gap() {
    let quarters = read("*/30 * * * *", "Europe/Berlin");
    let expected = ["29 01:30:00 +0100", "29 03:00:00 +0200", "29 03:30:00 +0200"];
    assert_eq!(times(&quarters, "2026-03-29T00:00:00Z", 3), expected);
}

#[test]
fn a_fixed_time_in_the_autumn_overlap_runs_once() {
    let berlin = read("30 2 * * *", "Europe/Berlin");
    let expected = ["24 02:30:00 +0200", "25 02:30:00 +0200", "26 02:30:00 +0100"];
    assert_eq!(times(&berlin, "2026-10-24T00:00:00Z", 3), expected);
    // asked between the two passes: it has been
    assert_eq!(times(&berlin, "2026-10-25T00:45:00Z", 1), ["26 02:30:00 +0100"]);
}

#[test]
fn an_interval_runs_in_both_hours_of_the_overlap() {
    let halves = read("*/30 2 * * *", "Europe/Berlin");
    let expected = ["25 02:00:00 +0200", "25 02:30:00 +0200", "25 02:00:00 +0100", "25 02:30:00 +0100"];
    assert_eq!(times(&halves, "2026-10-24T23:00:00Z", 4), expected);
}

#[test]
fn a_day_of_quarters_has_as_many_slots_as_the_day_has() {
    let quarters = read("*/15 * * * *", "Europe/Berlin");
    let count = |from: &str, to: &str| {
        next(&quarters, at(from), 200).into_iter().take_while(|slot| *slot <= at(to)).count()
    };
    assert_eq!(count("2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"), 23 * 4);
    assert_eq!(count("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"), 25 * 4);
}

fn spec(catch_up: CatchUp) -> ScheduleSpec {
    ScheduleSpec { catch_up, catch_up_window_secs: 3 * 3600, ..ScheduleSpec::new("0 * * * *", None) }
}

fn hours_due(spec: &ScheduleSpec, since: &str, now: &str) -> Vec<u32> {
    use chrono::Timelike;
    let schedule = spec.compile().expect("a schedule");
    due(&schedule, "p", at(since), at(now)).iter().map(|slot| slot.at.hour()).collect()
}

#[test]
fn missed_slots_are_caught_up_as_declared() {
    let check = |catch_up, since: &str, now: &str, expected: &[u32]| {
        let day = |time: &str| format!("2026-11-25T{time}Z");
        assert_eq!(
            hours_due(&spec(catch_up), &day(since), &day(now)),
            expected,
            "{catch_up:?} {since} {now}"
        );
    };
    for catch_up in [CatchUp::All, CatchUp::Latest, CatchUp::None] {
        check(catch_up, "09:00:00", "09:59:59", &[]);
        check(catch_up, "09:00:00", "10:00:05", &[10]);
        check(catch_up, "10:00:00", "10:00:05", &[]);
    }
    check(CatchUp::All, "09:00:00", "12:30:00", &[10, 11, 12]);
    check(CatchUp::Latest, "09:00:00", "12:30:00", &[12]);
    check(CatchUp::None, "09:00:00", "12:30:00", &[]);
    check(CatchUp::None, "09:00:00", "13:01:00", &[13]);
    // beyond the window
    check(CatchUp::All, "01:00:00", "12:30:00", &[10, 11, 12]);
}

#[test]
fn catching_up_is_bounded() {
    let every_second = ScheduleSpec { catch_up: CatchUp::All, ..ScheduleSpec::new("* * * * * *", None) };
    let schedule = every_second.compile().expect("a schedule");
    let slots = due(&schedule, "p", at("2026-11-25T10:00:00Z"), at("2026-11-25T11:00:00Z"));
    assert_eq!((slots.len(), slots[0].at), (MAX_CAUGHT_UP, at("2026-11-25T10:43:21Z")));
}

#[test]
fn jitter_is_the_same_everywhere_and_differs_by_name_and_slot() {
    let jittered = ScheduleSpec { jitter_secs: 600, ..spec(CatchUp::All) };
    let schedule = jittered.compile().expect("a schedule");
    let (since, now) = (at("2026-11-25T07:30:00Z"), at("2026-11-25T10:10:00Z"));
    let slots = due(&schedule, "orders", since, now);
    assert_eq!(slots, due(&jittered.compile().expect("a schedule"), "orders", since, now));
    let delays =
        |name| due(&schedule, name, since, now).iter().map(|s| s.starts_at - s.at).collect::<Vec<_>>();
    let of = delays("orders");
    assert!(of.iter().all(|delay| (TimeDelta::zero()..TimeDelta::minutes(10)).contains(delay)), "{of:?}");
    assert!(of[0] != of[1] && of != delays("tickets"), "{of:?}");
    // not before its delay is over, and then for sure
    for slot in &slots {
        let early = due(
            &schedule,
            "orders",
            slot.at - TimeDelta::seconds(1),
            slot.starts_at - TimeDelta::milliseconds(1),
        );
        assert!(early.is_empty(), "{early:?}");
        assert_eq!(due(&schedule, "orders", slot.at - TimeDelta::seconds(1), slot.starts_at), [*slot]);
    }
}

#[test]
fn disabled_runs_once() {
    let once = parse("disabled", None).expect("a schedule");
    let now = at("2026-11-25T10:00:00Z");
    let slots = due(&once, "p", now - TimeDelta::hours(1), now);
    assert_eq!(slots.iter().map(|slot| slot.at).collect::<Vec<_>>(), [ONCE]);
    assert!(due(&once, "p", ONCE, now).is_empty());
    assert!(next(&once, now, 5).is_empty());
}

#[test]
fn a_file_states_it_short_or_whole() {
    let stated = |value| serde_json::from_value::<Stated>(value).map(ScheduleSpec::from);
    let short = stated(json!("0 2 * * *")).expect("short");
    assert_eq!(short, ScheduleSpec::new("0 2 * * *", None));
    let whole = json!({"cron": "0 2 * * *", "timezone": "Europe/Berlin", "overlap": "cancel_older", "catch_up": "none"});
    let whole = stated(whole).expect("whole");
    assert_eq!((whole.overlap, whole.catch_up), (Some(store::Overlap::CancelOlder), CatchUp::None));
    assert_eq!(stated(json!(whole)).expect("what was written"), whole);
    assert!(stated(json!({"cron": "@daily", "zone": "UTC"})).is_err());
    let long = ScheduleSpec { jitter_secs: 100_000, ..short };
    assert!(long.compile().expect_err("too long").contains("a day"));
}

#[test]
fn in_words() {
    let check = |cron: &str, expected: &str| assert_eq!(read(cron, "Europe/Berlin").describe(), expected);
    check("0 2 * * *", "every day at 02:00 Europe/Berlin");
    check("@daily", "every day at 00:00 Europe/Berlin");
    check("0 2 * * 0", "every Sunday at 02:00 Europe/Berlin");
    check("30 9 * * MON-FRI", "every weekday at 09:30 Europe/Berlin");
    check("*/15 * * * *", "every 15 minutes Europe/Berlin");
    check("0 * * * *", "every hour Europe/Berlin");
    check("0 0 L * *", "on the last day of every month at 00:00 Europe/Berlin");
    check("15 6 1 * *", "on day 1 of every month at 06:15 Europe/Berlin");
    check("0 0 1 jan *", "every 1 January at 00:00 Europe/Berlin");
    let odd = read("10,20 5 * * 2#1", "UTC").describe();
    assert!(odd.ends_with("UTC") && odd.len() > 20, "{odd}");
    assert_eq!(parse("disabled", None).expect("a schedule").describe(), "once");
}
