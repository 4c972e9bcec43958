//! Which days do changes touch? Those the event is on now, and those it was on before each change of its
//! start or end. Pure.

use std::collections::{BTreeSet, HashMap};

use chrono::NaiveDate;
use model::Window;
use store::{Span, Touched};

/// The days inside `reach` whose documents may say something else now.
pub(super) fn touched_days(touched: &Touched, reach: Window) -> BTreeSet<NaiveDate> {
    let mut days = BTreeSet::new();
    for span in touched.now.iter().chain(&touched.purged) {
        add(&mut days, *span, reach);
    }
    // From the newest change back: what an event was before one is what it was after the one before.
    let mut spans: HashMap<i64, Span> = HashMap::new();
    for moved in &touched.moves {
        let span = spans.entry(moved.event).or_insert(moved.now);
        add(&mut days, *span, reach);
        span.start = moved.start_before.unwrap_or(span.start);
        span.end = moved.end_before.unwrap_or(span.end);
        add(&mut days, *span, reach);
    }
    days
}

/// An event without a day is in no document. One that ends before it begins is asked for by neither.
fn add(days: &mut BTreeSet<NaiveDate>, span: Span, reach: Window) {
    let Some(start) = span.start else { return };
    let (first, last) = (start.max(reach.from), span.end.unwrap_or(start).min(reach.to));
    days.extend(first.iter_days().take_while(|day| *day <= last));
}

#[cfg(test)]
mod tests {
    use store::Move;

    use super::*;

    fn day(text: &str) -> Option<NaiveDate> {
        (!text.is_empty()).then(|| format!("2026-{text}").parse().unwrap())
    }

    fn span(start: &str, end: &str) -> Span {
        Span { start: day(start), end: day(end) }
    }

    fn reach() -> Window {
        Window { from: day("02-01").unwrap(), to: day("03-31").unwrap() }
    }

    fn check(touched: &Touched, expected: &[&str]) {
        let found: Vec<String> =
            touched_days(touched, reach()).iter().map(|day| day.format("%m-%d").to_string()).collect();
        assert_eq!(found, expected, "{touched:?}");
    }

    #[test]
    fn an_event_touches_each_of_its_days() {
        let now = |spans: &[Span]| Touched { now: spans.to_vec(), ..Touched::default() };
        check(&now(&[span("03-01", "")]), &["03-01"]);
        check(&now(&[span("03-01", "03-03"), span("03-02", "03-02")]), &["03-01", "03-02", "03-03"]);
        check(&now(&[span("", ""), span("", "03-02"), span("03-05", "03-04")]), &[]);
        check(&now(&[span("03-30", "12-31")]), &["03-30", "03-31"]);
        check(&now(&[span("01-01", "02-02"), span("04-01", "")]), &["02-01", "02-02"]);
        check(&Touched { purged: vec![span("03-07", "03-08")], ..Touched::default() }, &["03-07", "03-08"]);
    }

    #[test]
    fn an_event_that_moved_touches_the_days_it_was_on_before_each_move() {
        let moved = |now: Span, start: &str, end: &str| Move {
            event: 1,
            now,
            start_before: (start != "-").then(|| day(start)),
            end_before: (end != "-").then(|| day(end)),
        };
        let now = span("03-20", "");
        let moves = |moves: Vec<Move>| Touched { moves, ..Touched::default() };
        check(&moves(vec![moved(now, "03-10", "-")]), &["03-10", "03-20"]);
        check(&moves(vec![moved(now, "03-10", "-"), moved(now, "03-01", "-")]), &["03-01", "03-10", "03-20"]);
        // It had no day before.
        check(&moves(vec![moved(now, "", "-")]), &["03-20"]);
        // It lost its end, before that it moved: 05 to 06 first, then 19 to 20.
        let lost_end = vec![moved(now, "-", "03-21"), moved(now, "03-05", "03-06")];
        check(&moves(lost_end), &["03-05", "03-06", "03-20", "03-21"]);
        let others =
            vec![moved(now, "03-10", "-"), Move { event: 2, ..moved(span("03-02", ""), "03-03", "-") }];
        check(&moves(others), &["03-02", "03-03", "03-10", "03-20"]);
    }
}
