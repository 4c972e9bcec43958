//! Reports on a small sale, and what holds for every report.

use super::*;
use crate::ticketing::coupons::Tracked;
use crate::ticketing::rows::kit::{board, born, ticket};
use crate::ticketing::rows::{Coupon, CouponSeries};
use crate::ticketing::rules::{Gender, Rules};
use crate::ticketing::statics::Capacities;
use crate::ticketing::{RegionDefaults, Written, read};

pub(crate) fn region() -> Region {
    let said = [
        ("token", "t"),
        ("event_id", "e1"),
        ("schema", "hk"),
        ("max_capacity", "100"),
        ("start_wave", "08:00"),
        ("price_tier", "L2"),
        ("price_trigger", "10"),
        ("locality", "HK"),
        ("summary_breakdown_day", "true"),
    ];
    let said = said.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let written: Written = [("hong-kong".to_owned(), said.into_iter().collect())].into_iter().collect();
    read(&written, &RegionDefaults::default()).unwrap().remove(0).region
}

pub(crate) fn sale() -> Board {
    let mut sale = board(vec![
        born("1", "HYROX MEN | Saturday", "a", "1990-05-01"),
        born("2", "HYROX WOMEN | Sunday", "b", "2010-01-01"),
        born("3", "HYROX DOUBLES MIXED | Saturday", "c", "1990-05-01"),
        born("4", "HYROX DOUBLES MIXED ATHLETE 2 | Saturday", "c", "1980-05-01"),
        ticket("5", "HYROX MENS RELAY | Friday", "d"),
        ticket("6", "SPECTATOR | Saturday", "e"),
        ticket("7", "Spectators 5 days Pass", "e"),
        Ticket { status: "INVALID".to_owned(), ..ticket("8", "HYROX MEN | Saturday", "f") },
    ]);
    sale.tickets[0].gender = Some(Gender::Male);
    sale.tickets[0].nationality = Some("HK".to_owned());
    sale.tickets[1].nationality = Some("DE".to_owned());
    sale.tickets[0].add_ons = vec!["Patch".to_owned(), "Photo Package".to_owned()];
    sale.event.zone = Some(Tz::Asia__Hong_Kong);
    sale.event.name = "HYROX Hong Kong".to_owned();
    sale.series = vec![CouponSeries {
        key: "s".to_owned(),
        name: Some("Gyms".to_owned()),
        active: Some(true),
        applies: true,
    }];
    let coupon = |code: &str, used| Coupon {
        key: code.to_owned(),
        code: code.to_owned(),
        series: Some("s".to_owned()),
        name: None,
        active: None,
        used,
    };
    sale.coupons = vec![coupon("A", 1), coupon("B", 0)];
    sale
}

fn ground() -> Ground {
    let rooms =
        r#"{"ticket_capacities": {"all": {"HYROX MEN": 4}, "by_day": {"SATURDAY": {"HYROX MEN": 2}}}}"#;
    Ground {
        capacities: Capacities::parse("hk.json", rooms).unwrap(),
        tracked: Tracked::parse("hk.csv", "Code,Category\nB,Gym\n").unwrap(),
        ..Ground::default()
    }
}

fn now() -> DateTime<Utc> {
    "2025-10-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn made(name: &str) -> Report {
    let (board, ground, region) = (sale(), ground(), region());
    let name_of = |name: &str| Arc::new(Rules::shipped().read(name, &board.event.days));
    let earlier = Earlier { at: now() - TimeDelta::minutes(15), sold: vec![name_of("HYROX MEN"); 4] };
    let ask = Ask { earlier: vec![earlier], ..Ask::at(now()) };
    let view = View { region: &region, board: &board, ground: &ground, ask: &ask };
    find(name).unwrap().of(&view)
}

fn rows(report: &Report, section: &str) -> Vec<String> {
    let found = report.sections.iter().find(|one| one.name == section).unwrap();
    let shown = |row: &Vec<super::super::report::Cell>| {
        row.iter().map(|cell| cell.shown(report.zone)).collect::<Vec<_>>().join(" | ")
    };
    found.rows.iter().map(shown).collect()
}

#[test]
fn every_report_is_whole_and_says_what_it_counts() {
    for spec in REPORTS {
        let report = made(spec.name);
        assert!(!report.sections.is_empty(), "{}", spec.name);
        for section in &report.sections {
            assert!(!section.counts.is_empty(), "{} {}", spec.name, section.name);
            for row in &section.rows {
                assert_eq!(row.len(), section.columns.len(), "{} {}", spec.name, section.name);
            }
        }
        let json = report.to_json();
        assert_eq!(json["report"], spec.name);
        assert_eq!(json["sections"].as_object().unwrap().len(), report.sections.len(), "{}", spec.name);
    }
    assert!(find("age_groups").is_some() && find("Sales").is_some() && find("nothing").is_none());
}

#[test]
fn sales_stand_beside_their_room_and_their_trigger() {
    let report = made("sales");
    assert_eq!(report.time(), "2025-10-01 20:00 HKT");
    let totals = rows(&report, "totals");
    assert!(totals.contains(&"Total_athletes | 5 | 10 | 50.00 %".to_owned()), "{totals:?}");
    assert!(totals.contains(&"Max_capacity | 5 | 100 | 5.00 %".to_owned()), "{totals:?}");
    let groups = rows(&report, "breakdown");
    assert_eq!(groups[0], "HYROX MEN | - | 1 | 1 | 4 | 25.00 % | 3");
    let days = rows(&report, "breakdown_by_day");
    assert!(days.contains(&"HYROX MEN | SATURDAY | 1 | 1 | 2 | 50.00 % | 1".to_owned()), "{days:?}");
    let growth = rows(&report, "growth");
    assert!(
        growth.contains(&"Total_athletes | 2025-10-01 19:45 HKT | 4 | 5 | 1 | 25.00 %".to_owned()),
        "{growth:?}"
    );
    let on = rows(&report, "projections");
    assert!(on.iter().any(|row| row.starts_with("Total_athletes | 2025-10-01 20:15 HKT | 6 |")), "{on:?}");
}

#[test]
fn fault_23_too_few_samples_are_told_in_the_report() {
    let (board, ground, region) = (sale(), ground(), region());
    let ask = Ask::at(now());
    let view = View { region: &region, board: &board, ground: &ground, ask: &ask };
    let report = find("sales").unwrap().of(&view);
    let growth = report.sections.iter().find(|section| section.name == "growth").unwrap();
    assert!(growth.rows.is_empty() && growth.notes[0].starts_with("too few samples: 1 within 15 minutes"));
}

#[test]
fn a_region_of_spectators_alone_tells_of_them_alone() {
    let (board, ground) = (sale(), ground());
    let region = Region { only_spectator_report: true, ..region() };
    let ask = Ask::at(now());
    let report =
        find("sales").unwrap().of(&View { region: &region, board: &board, ground: &ground, ask: &ask });
    assert_eq!(
        rows(&report, "spectators"),
        ["SATURDAY | - | 1", "MULTI_DAY | Spectators 5 days Pass | 1", "Total | - | 2"]
    );
}

/// Nothing is told of what nobody asked the source for; none is none where it was asked.
#[test]
fn what_was_never_gathered_is_not_none() {
    let (mut board, ground, region) = (sale(), ground(), region());
    board.coupons.clear();
    let of = |name: &str, never: Vec<Kind>| {
        let ask = Ask { never, ..Ask::at(now()) };
        find(name).unwrap().of(&View { region: &region, board: &board, ground: &ground, ask: &ask })
    };
    let (unasked, none) = (of("status", vec![Kind::Scan]), of("status", Vec::new()));
    assert_eq!(rows(&unasked, "check_ins"), ["check-ins | -", "tickets checked in | -"]);
    assert_eq!(rows(&none, "check_ins"), ["check-ins | 0", "tickets checked in | 0"]);
    assert!(unasked.to_json()["sections"]["check_ins"]["rows"][0]["count"].is_null());
    let (unasked, none) = (of("coupons", vec![Kind::Coupon]), of("coupons", Vec::new()));
    assert_eq!(rows(&unasked, "stats")[0], "all | - | - | - | -");
    assert_eq!(rows(&none, "stats")[0], "all | 0 | 0 | 0 | -");
}

#[test]
fn the_other_reports_tell_what_they_should() {
    let ages = made("age-groups");
    let people = rows(&ages, "age_groups");
    assert!(
        people.contains(&"HYROX DOUBLES MIXED | SATURDAY | double | 40-49 | 2 | 100.00 %".to_owned())
            || people.contains(&"HYROX DOUBLES MIXED | SATURDAY | double | 30-39 | 2 | 100.00 %".to_owned()),
        "{people:?}"
    );
    let coupons = made("coupons");
    assert_eq!(rows(&coupons, "stats")[0], "all | 2 | 1 | 1 | 50.00 %");
    assert_eq!(rows(&coupons, "distributed"), ["B | Gym | Gyms | UNUSED | 0"]);
    assert_eq!(rows(&coupons, "untracked"), ["A | Gyms | 1"]);
    let status = made("status");
    assert_eq!(rows(&status, "statuses"), ["INVALID | 1 | 12.50 %", "VALID | 7 | 87.50 %"]);
    assert_eq!(rows(&status, "team_check"), ["OK | 1", "MISMATCH | 1"]);
    assert_eq!(rows(&status, "young")[0], "under 16 | 1");
    assert_eq!(rows(&status, "photos")[2], "total | 1");
    let origin = made("origin");
    assert_eq!(rows(&origin, "summary")[0], "athletes | 5 | 1 | 20.00 % | 1 | 20.00 % | 3");
    assert_eq!(rows(&origin, "athletes"), ["Germany | DE | 1 | 20.00 %", "Other Countries | - | 0 | 0.00 %"]);
}
