//! The examples of RFC 5545 where they say something, and the `rrule` crate as second opinion on a
//! few hundred rules made from a seed.

use rrule::{RRule, Tz};

use super::*;

fn at(text: &str) -> NaiveDateTime {
    text.parse().expect("test time")
}

fn all(rule: &str, start: &str, from: &str, to: &str) -> Occurrences {
    let rule = Rule::parse(rule).expect(rule);
    let last = rule.last_time(|utc| utc);
    expand(&rule, at(start), last, Span { from: at(from), to: at(to), limit: 10_000 })
}

fn check(rule: &str, start: &str, to: &str, expected: &[&str]) {
    let found = all(rule, start, start, to);
    let shown: Vec<String> = found.starts.iter().map(|at| at.format("%Y-%m-%d %H:%M").to_string()).collect();
    assert_eq!(shown, expected, "{rule} from {start}");
    assert!(!found.cut, "{rule}");
}

#[test]
fn days_weeks_months_and_years() {
    check(
        "FREQ=DAILY;COUNT=3",
        "2026-01-30T09:00:00",
        "2027-01-01T00:00:00",
        &["2026-01-30 09:00", "2026-01-31 09:00", "2026-02-01 09:00"],
    );
    check(
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "1997-08-05T09:00:00",
        "1999-01-01T00:00:00",
        &["1997-08-05 09:00", "1997-08-10 09:00", "1997-08-19 09:00", "1997-08-24 09:00"],
    );
    check(
        "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "1997-08-05T09:00:00",
        "1999-01-01T00:00:00",
        &["1997-08-05 09:00", "1997-08-17 09:00", "1997-08-19 09:00", "1997-08-31 09:00"],
    );
    check(
        "FREQ=MONTHLY;COUNT=3;BYDAY=-1FR",
        "2026-01-30T19:00:00",
        "2027-01-01T00:00:00",
        &["2026-01-30 19:00", "2026-02-27 19:00", "2026-03-27 19:00"],
    );
    check(
        "FREQ=MONTHLY;UNTIL=20260601",
        "2026-01-31T08:00:00",
        "2027-01-01T00:00:00",
        &["2026-01-31 08:00", "2026-03-31 08:00", "2026-05-31 08:00"],
    );
    check(
        "FREQ=YEARLY",
        "2024-02-29T00:00:00",
        "2033-01-01T00:00:00",
        &["2024-02-29 00:00", "2028-02-29 00:00", "2032-02-29 00:00"],
    );
}

#[test]
fn positions_weeks_and_times_of_day() {
    check(
        "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2;COUNT=3",
        "1997-09-29T09:00:00",
        "1999-01-01T00:00:00",
        &["1997-09-29 09:00", "1997-10-30 09:00", "1997-11-27 09:00"],
    );
    check(
        "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO;COUNT=2",
        "1997-05-12T09:00:00",
        "2000-01-01T00:00:00",
        &["1997-05-12 09:00", "1998-05-11 09:00"],
    );
    check(
        "FREQ=YEARLY;BYDAY=20MO;COUNT=2",
        "1997-05-19T09:00:00",
        "2000-01-01T00:00:00",
        &["1997-05-19 09:00", "1998-05-18 09:00"],
    );
    check(
        "FREQ=DAILY;BYHOUR=9,20;BYMINUTE=0,30;COUNT=5",
        "2026-01-01T09:00:00",
        "2027-01-01T00:00:00",
        &["2026-01-01 09:00", "2026-01-01 09:30", "2026-01-01 20:00", "2026-01-01 20:30", "2026-01-02 09:00"],
    );
    check(
        "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000",
        "1997-09-02T09:00:00",
        "1998-01-01T00:00:00",
        &["1997-09-02 09:00", "1997-09-02 12:00", "1997-09-02 15:00"],
    );
}

#[test]
fn the_start_belongs_to_the_series_and_counts() {
    check(
        "FREQ=WEEKLY;BYDAY=TU;COUNT=2",
        "2026-01-02T09:00:00",
        "2027-01-01T00:00:00",
        &["2026-01-02 09:00", "2026-01-06 09:00"],
    );
    check("FREQ=DAILY;UNTIL=20250101", "2026-01-02T09:00:00", "2027-01-01T00:00:00", &["2026-01-02 09:00"]);
}

#[test]
fn a_late_window_is_reached_at_once_and_gives_the_same() {
    for rule in
        ["FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,TH", "FREQ=DAILY;INTERVAL=3", "FREQ=MONTHLY;INTERVAL=5;BYDAY=2TU"]
    {
        let whole = all(rule, "1990-01-01T09:00:00", "1990-01-01T09:00:00", "2020-12-31T00:00:00");
        let late = all(rule, "1990-01-01T09:00:00", "2019-06-01T00:00:00", "2020-12-31T00:00:00");
        let expected: Vec<_> =
            whole.starts.into_iter().filter(|at| at.date() >= late.starts[0].date()).collect();
        assert_eq!(late.starts, expected, "{rule}");
    }
}

#[test]
fn every_search_is_bounded() {
    let never = all(
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
        "2020-01-01T00:00:00",
        "2020-01-01T00:00:00",
        "2030-01-01T00:00:00",
    );
    assert_eq!(never.starts.len(), 1);
    let seconds = all("FREQ=SECONDLY", "2020-01-01T00:00:00", "2020-01-01T00:00:00", "2030-01-01T00:00:00");
    assert_eq!((seconds.starts.len(), seconds.cut), (10_000, true));
    let counted = all(
        "FREQ=SECONDLY;COUNT=4000000000",
        "2020-01-01T00:00:00",
        "2029-01-01T00:00:00",
        "2030-01-01T00:00:00",
    );
    assert!(counted.cut);
    let hours: Vec<String> = (0..24).map(|hour| hour.to_string()).collect();
    let sixty: Vec<String> = (0..60).map(|minute| minute.to_string()).collect();
    let (hours, sixty) = (hours.join(","), sixty.join(","));
    let dense = format!(
        "FREQ=YEARLY;BYHOUR={hours};BYMINUTE={sixty};BYSECOND={sixty};BYSETPOS=-1;BYDAY=MO,TU,WE,TH,FR,SA,SU"
    );
    assert!(all(&dense, "2020-01-01T00:00:00", "2020-01-01T00:00:00", "2030-01-01T00:00:00").cut);
    let wide = all(
        "FREQ=DAILY;INTERVAL=4294967295",
        "2020-01-01T00:00:00",
        "2020-01-01T00:00:00",
        "2030-01-01T00:00:00",
    );
    assert_eq!(wide.starts.len(), 1);
}

/// A small generator of numbers, the same at every run.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }

    fn pick<'a>(&mut self, choices: &[&'a str]) -> &'a str {
        choices[usize::try_from(self.below(choices.len() as u64)).expect("small")]
    }
}

fn made_rule(seed: &mut Seeded) -> String {
    let frequency = seed.pick(&["YEARLY", "MONTHLY", "WEEKLY", "DAILY"]);
    let mut rule = format!("FREQ={frequency};INTERVAL={}", 1 + seed.below(3));
    rule += seed.pick(&["", "", ";COUNT=7", ";UNTIL=20270301T120000Z"]);
    rule += seed.pick(&["", "", ";BYMONTH=3,10", ";BYMONTH=1,2,6"]);
    match frequency {
        "YEARLY" => {
            rule +=
                seed.pick(&["", ";BYDAY=MO,TH", ";BYDAY=2TU,-1SU", ";BYYEARDAY=1,60,-1", ";BYMONTHDAY=1,31"])
        }
        "MONTHLY" => {
            rule += seed.pick(&["", ";BYDAY=1MO,-1FR", ";BYMONTHDAY=15,-1", ";BYDAY=MO,TU,WE;BYSETPOS=2,-1"])
        }
        "WEEKLY" => rule += seed.pick(&["", ";BYDAY=MO,WE,SU;WKST=SU", ";BYDAY=TU,SU;WKST=MO"]),
        _ => rule += seed.pick(&["", ";BYDAY=SA,SU", ";BYMONTHDAY=10,20"]),
    }
    rule += seed.pick(&["", "", ";BYHOUR=8,20"]);
    rule
}

#[test]
fn agrees_with_the_rrule_crate() {
    let mut seed = Seeded(7);
    for round in 0..400 {
        let text = made_rule(&mut seed);
        let start =
            at("2024-01-01T08:30:00") + TimeDelta::days(i64::try_from(seed.below(500)).expect("small"));
        let parsed: RRule<rrule::Unvalidated> = text.parse().expect("the second opinion reads it");
        let Ok(set) = parsed.build(start.and_utc().with_timezone(&Tz::UTC)) else { continue };
        let end = at("2028-01-01T00:00:00");
        let theirs: Vec<NaiveDateTime> =
            set.into_iter().map(|at| at.naive_utc()).take_while(|at| *at <= end).take(2000).collect();
        // Where the rule does not match its start, the two differ on purpose.
        if theirs.first() != Some(&start) {
            continue;
        }
        let rule = Rule::parse(&text).expect("valid");
        let ours =
            expand(&rule, start, rule.last_time(|utc| utc), Span { from: start, to: end, limit: 2000 });
        assert_eq!(ours.starts, theirs, "round {round}: {text} from {start}");
    }
}
