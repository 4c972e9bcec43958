//! The course of one population over time: a table with a chart for eyes; for programs one row for each day and
//! grade, or the points as they are kept.

use std::collections::BTreeMap;

use anyhow::Result;
use engine::cards::{self, Point, Trend};
use model::Kind;
use serde_json::{Value, json};
use store::Store;

use super::shown::Sheet;
use super::trends::TrendOf;
use super::{CardFormat, charts};
use crate::output::{print, usage};

pub async fn course(store: &Store, asked: &TrendOf, name: &str, since: &str) -> Result<()> {
    let kind = if asked.set { Kind::CardSet } else { Kind::Card };
    let Some(mut trend) = cards::trend(store, kind, name).await? else {
        return Err(usage(format!("no {} fits {name:?}; `callboard tag search` finds them", kind.name())));
    };
    // What held when the days began is where the course begins.
    let from = trend.points.iter().rposition(|point| point.at.as_str() < since).unwrap_or(0);
    trend.points.drain(..from);
    let grade = asked.grade.as_deref();
    match asked.format {
        CardFormat::Table => for_eyes(&trend, grade),
        CardFormat::Json => Ok(print(&(serde_json::to_string_pretty(&as_kept(&trend, grade))? + "\n"))?),
        CardFormat::Ndjson | CardFormat::Csv => by_day(&trend, grade).show(asked.format),
    }
}

/// Copies of a grade, or of all; none where it is not known how many.
fn count(point: &Point, grade: Option<&str>) -> Option<i64> {
    let Some(grade) = grade else { return point.total };
    match point.populations.get(grade) {
        Some(count) => count.as_i64(),
        None if point.populations.is_empty() && point.total != Some(0) => None,
        None => Some(0),
    }
}

fn for_eyes(trend: &Trend, grade: Option<&str>) -> Result<()> {
    let counts: Vec<i64> = trend.points.iter().filter_map(|point| count(point, grade)).collect();
    print(&format!("{}  {}\n", trend.key, charts::line(&counts)))?;
    let mut sheet = Sheet::new(&["SINCE", grade.unwrap_or("TOTAL"), "CHANGE", "BY GRADE"]);
    let mut before = None;
    for point in &trend.points {
        let now = count(point, grade);
        let change = now.zip(before).map(|(now, before): (i64, i64)| format!("{:+}", now - before));
        let grades: Vec<String> =
            point.populations.iter().map(|(grade, count)| format!("{grade}: {count}")).collect();
        sheet.rows.push(vec![point.at.as_str().into(), now.into(), change.into(), grades.join("  ").into()]);
        before = now.or(before);
    }
    sheet.show(CardFormat::Table)?;
    let last = trend.points.last().into_iter().flat_map(|point| &point.populations);
    let counts: Vec<(String, i64)> =
        last.filter_map(|(grade, count)| Some((grade.clone(), count.as_i64()?))).collect();
    Ok(print(&charts::bars(&counts))?)
}

/// Every change; with a grade, how many of it there were beside.
fn as_kept(trend: &Trend, grade: Option<&str>) -> Value {
    let mut told = json!(trend);
    let Some(grade) = grade else { return told };
    told["grade"] = grade.into();
    if let Some(points) = told["points"].as_array_mut() {
        for (told, point) in points.iter_mut().zip(&trend.points) {
            told["count"] = count(point, Some(grade)).into();
        }
    }
    told
}

/// For each day on which something changed what held at its end, grade by grade.
fn by_day(trend: &Trend, grade: Option<&str>) -> Sheet {
    let mut sheet = Sheet::new(&["KEY", "DAY", "GRADE", "COUNT", "CHANGE", "TOTAL"]);
    let days: BTreeMap<&str, &Point> = trend.points.iter().map(|point| (day(point), point)).collect();
    let grades = grade.map_or_else(|| grades(trend), |grade| vec![grade.to_owned()]);
    let mut before: BTreeMap<&str, i64> = BTreeMap::new();
    for (day, point) in days {
        for grade in &grades {
            let now = count(point, Some(grade));
            let change = now.zip(before.get(grade.as_str())).map(|(now, before)| now - before);
            before.extend(now.map(|now| (grade.as_str(), now)));
            sheet.rows.push(vec![
                trend.key.as_str().into(),
                day.into(),
                grade.as_str().into(),
                now.into(),
                change.into(),
                point.total.into(),
            ]);
        }
    }
    sheet
}

fn day(point: &Point) -> &str {
    point.at.split('T').next().unwrap_or_default()
}

/// Every grade that there ever was, best first; where none was stated, one without a name.
fn grades(trend: &Trend) -> Vec<String> {
    let all = trend.points.iter().flat_map(|point| point.populations.keys());
    let rank = |grade: &String| model::grade::grade_of(grade).map(|(_, tenths)| -tenths);
    let mut grades: Vec<String> = all.cloned().collect();
    grades.sort_by_key(|grade| (rank(grade), grade.clone()));
    grades.dedup();
    if grades.is_empty() { vec![String::new()] } else { grades }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: &str, total: i64, populations: Value) -> Point {
        let populations = populations.as_object().cloned().unwrap_or_default();
        Point { at: at.to_owned(), total: Some(total), populations }
    }

    fn trend() -> Trend {
        let points = vec![
            point("2026-05-01T08:00:00Z", 1, json!({"9": 1})),
            point("2026-05-01T09:00:00Z", 2, json!({"9": 2})),
            point("2026-05-02T08:00:00Z", 2, json!({"10": 1, "9": 1})),
        ];
        Trend { key: "c".to_owned(), title: None, points }
    }

    #[test]
    fn programs_get_a_row_for_each_day_and_grade() {
        let rows = |grade| json!(by_day(&trend(), grade).rows);
        let first =
            [json!(["c", "2026-05-01", "10", 0, null, 2]), json!(["c", "2026-05-01", "9", 2, null, 2])];
        let second = [json!(["c", "2026-05-02", "10", 1, 1, 2]), json!(["c", "2026-05-02", "9", 1, -1, 2])];
        assert_eq!(rows(Some("10")), json!([&first[0], &second[0]]));
        assert_eq!(rows(None), json!([first, second].concat()));
    }

    #[test]
    fn json_tells_of_the_grade_and_what_is_not_stated_is_not_none() {
        let told = as_kept(&trend(), Some("10"));
        let counts: Vec<&Value> =
            told["points"].as_array().into_iter().flatten().map(|p| &p["count"]).collect();
        assert_eq!((&told["grade"], counts), (&json!("10"), vec![&json!(0), &json!(0), &json!(1)]));
        assert_eq!(count(&point("", 5, json!({})), Some("10")), None);
        assert_eq!(count(&point("", 0, json!({})), Some("10")), Some(0));
    }
}
