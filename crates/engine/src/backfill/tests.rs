//! Windows on ordinary and on strange days, and which of them are run.

use super::*;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn zone(name: &str) -> Tz {
    name.parse().expect("a zone")
}

fn cut(from: &str, to: &str, unit: &str, name: &str) -> Vec<Window> {
    let zone = zone(name);
    let (from, to) = (lower_bound(from, zone).expect("from"), upper_bound(to, zone).expect("to"));
    windows(from, to, unit.parse().expect("a unit"), zone).expect("windows")
}

#[test]
fn windows_of_every_unit() {
    let check = |from: &str, to: &str, unit: &str, expected: &[&str]| {
        let cut = cut(from, to, unit, "UTC");
        assert!(cut.windows(2).all(|pair| pair[0].to == pair[1].from), "no gap, no overlap");
        assert_eq!(cut.iter().map(|window| window.label(Tz::UTC)).collect::<Vec<_>>(), expected, "{unit}");
    };
    check("2026-11-01", "2026-11-03", "day", &["2026-11-01", "2026-11-02", "2026-11-03"]);
    check("2026-11-01", "2026-11-01", "day", &["2026-11-01"]);
    check("2026-11-01", "2026-11-15", "week", &["2026-11-01", "2026-11-08", "2026-11-15"]);
    check("2026-01-31", "2026-04-30", "month", &["2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30"]);
    check("2024-02-29", "2026-03-01", "year", &["2024-02-29", "2025-02-28", "2026-02-28"]);
    check("2026-11-01", "2026-11-07", "P3D", &["2026-11-01", "2026-11-04", "2026-11-07"]);
    let halves = ["2026-11-01T00:00+00:00", "2026-11-01T06:00+00:00", "2026-11-01T12:00+00:00"];
    check("2026-11-01T00:00:00Z", "2026-11-01T13:00:00Z", "PT6H", &halves);
    check(
        "2026-11-01T23:00",
        "2026-11-02T01:00",
        "hour",
        &["2026-11-01T23:00+00:00", "2026-11-02T00:00+00:00"],
    );
}

#[test]
fn days_of_clock_changes_are_whole_local_days() {
    let hours = |from: &str, to: &str, name: &str| {
        cut(from, to, "day", name).iter().map(|w| (w.to - w.from).num_hours()).collect::<Vec<_>>()
    };
    assert_eq!(hours("2026-03-28", "2026-03-30", "Europe/Berlin"), [24, 23, 24]);
    assert_eq!(hours("2026-10-24", "2026-10-26", "Europe/Berlin"), [24, 25, 24]);
    // midnight itself is skipped
    assert_eq!(hours("2018-11-03", "2018-11-05", "America/Sao_Paulo"), [24, 23, 24]);
    // a day that never was
    assert_eq!(hours("2011-12-29", "2011-12-31", "Pacific/Apia"), [24, 24]);
    assert_eq!(cut("2026-03-29", "2026-03-29", "hour", "Europe/Berlin").len(), 23);
    assert_eq!(cut("2026-10-25", "2026-10-25", "hour", "Europe/Berlin").len(), 25);
    assert_eq!(cut("2026-03-01", "2026-03-31", "month", "Europe/Berlin").len(), 1);
}

#[test]
fn faults_say_what_is_wrong() {
    for unit in ["", "fortnight", "P", "P1", "P0D", "PT1D", "P1H", "P1DT2H", "P99999999999D", "1D"] {
        assert!(unit.parse::<Unit>().expect_err(unit).contains("no length of a window"), "{unit}");
    }
    let (from, to) = (at("2026-01-01T00:00:00Z"), at("2026-01-01T00:00:00Z"));
    assert!(windows(from, to, Unit::Days(1), Tz::UTC).is_err());
    let far = windows(from, at("9999-01-01T00:00:00Z"), Unit::Minutes(1), Tz::UTC).expect_err("too many");
    assert!(far.contains("more than 100000 windows"), "{far}");
    assert!(lower_bound("yesterday", Tz::UTC).expect_err("no day").contains("neither a day"));
}

#[test]
fn what_is_run_follows_from_what_is_known() {
    let all = cut("2026-11-01", "2026-11-06", "day", "UTC");
    use WindowState::*;
    let states = [Completed, Partial, Failed, Cancelled, Running];
    let known: BTreeMap<_, _> = all.iter().copied().zip(states).collect();
    let check = |reprocess, reverse, expected: &[&str]| {
        let chosen = to_run(&all, &known, reprocess, reverse);
        let days: Vec<_> = chosen.iter().map(|window| window.label(Tz::UTC)[8..].to_owned()).collect();
        assert_eq!(days, expected, "{reprocess:?}");
    };
    check(Reprocess::None, false, &["06"]);
    check(Reprocess::Failed, false, &["02", "03", "04", "06"]);
    check(Reprocess::All, false, &["01", "02", "03", "04", "06"]);
    check(Reprocess::All, true, &["06", "04", "03", "02", "01"]);
}

#[test]
fn the_grid_has_a_cell_for_each_step_of_each_window() {
    let all = cut("2026-11-01", "2026-11-02", "day", "UTC");
    let known = BTreeMap::from([(all[0], WindowState::Failed)]);
    let of_first = BTreeMap::from([("load".to_owned(), "completed".to_owned())]);
    let statuses = BTreeMap::from([(all[0], of_first)]);
    let grid = Grid::new(&all, Tz::UTC, &["load".to_owned(), "post".to_owned()], &known, &statuses);
    assert_eq!(grid.rows[0].cells, [Some("completed".to_owned()), None]);
    assert_eq!(grid.rows[1].cells, [None, None]);
    assert_eq!((grid.count(Some(WindowState::Failed)), grid.count(None)), (1, 1));
}
