//! Which year a date without one means.

use chrono::{Datelike, NaiveDate, TimeDelta, Weekday};

use super::Hints;

/// A date as written: the year may be missing, the weekday is checked, not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) year: Option<i32>,
    pub(super) month: u32,
    pub(super) day: u32,
    pub(super) weekday: Option<Weekday>,
}

const DAYS_BACK: i64 = 90;
const DAYS_AHEAD: i64 = 275;

/// The year that stands in `text` apart from its day: "October 12 (Wed), 7 pm, 2022". Only a lone one,
/// and none that a name follows: that is a house number.
pub(super) fn apart(text: &str) -> Option<i32> {
    let mut years = text.match_indices(|c: char| c.is_ascii_digit()).filter_map(|(at, _)| year_at(text, at));
    let first = years.next()?;
    years.all(|year| year == first).then_some(first)
}

fn year_at(text: &str, at: usize) -> Option<i32> {
    let part_of_number = |c: char| c.is_alphanumeric() || matches!(c, ':' | '/' | '-' | '.');
    let year: i32 = text.get(at..at + 4)?.parse().ok().filter(|year| (1990..=2100).contains(year))?;
    let (before, after) = (&text[..at], &text[at + 4..]);
    if before.ends_with(part_of_number) || after.starts_with(|c: char| part_of_number(c) && c != '.') {
        return None;
    }
    let followed_by_name = after.trim_start().starts_with(char::is_uppercase);
    (!followed_by_name).then_some(year)
}

/// The first date, and the last one where the text holds a range. An end without a year takes the
/// start's, or the one after it ("Dec 30 to Jan 2"); a start without one takes the end's.
pub(super) fn settle(dates: &[Written], hints: &Hints) -> Option<(NaiveDate, Option<NaiveDate>)> {
    let mut first = *dates.first()?;
    let Some(mut last) = dates.get(1).copied() else { return Some((resolve(first, hints)?, None)) };
    if first.year.is_none() {
        first.year = last
            .year
            .map(|year| if (last.month, last.day) < (first.month, first.day) { year - 1 } else { year });
    }
    let start = resolve(first, hints)?;
    if last.year.is_none() {
        let wraps = (last.month, last.day) < (start.month(), start.day());
        last.year = Some(start.year() + i32::from(wraps));
    }
    let end = resolve(last, hints).filter(|end| *end >= start);
    Some((start, end))
}

fn resolve(written: Written, hints: &Hints) -> Option<NaiveDate> {
    let on = |year: i32| NaiveDate::from_ymd_opt(year, written.month, written.day);
    if let Some(year) = written.year.or(hints.year) {
        return on(year);
    }
    let today = hints.today?;
    let by_distance = |date: &NaiveDate| (*date - today).num_days().abs();
    if let Some(weekday) = written.weekday {
        let fitting =
            (-6..=6).filter_map(|shift| on(today.year() + shift)).filter(|d| d.weekday() == weekday);
        if let Some(date) = fitting.min_by_key(by_distance) {
            return Some(date);
        }
    }
    let (from, to) = (today - TimeDelta::days(DAYS_BACK), today + TimeDelta::days(DAYS_AHEAD));
    let candidates: Vec<NaiveDate> = (-4..=4).filter_map(|shift| on(today.year() + shift)).collect();
    let inside = candidates.iter().find(|date| from <= **date && **date <= to);
    inside.copied().or_else(|| candidates.into_iter().min_by_key(by_distance))
}
