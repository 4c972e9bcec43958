//! Dates in names: "23rd of October 2025", "October 23", "2025-10-23", "23.10.2025", "10월 23일". Where day
//! and month could be either, the event's own days tell.

use chrono::{Datelike, NaiveDate};

use super::Phrase;
use super::words::Words;
use crate::ticketing::days::EventDays;

/// Endings and words that stand between the parts of a date.
const BETWEEN: [&str; 9] = ["st", "nd", "rd", "th", "of", "de", "den", "der", "le"];

/// The first date that the words hold.
pub(super) fn find(words: &Words, months: &[Vec<Phrase>], days: &EventDays) -> Option<NaiveDate> {
    let parts: Vec<Part> = words
        .list()
        .iter()
        .filter(|word| !BETWEEN.contains(&word.as_str()))
        .map(|word| Part::of(word, months))
        .collect();
    (0..parts.len()).find_map(|at| date_at(parts.get(at..)?, days))
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Number(u32),
    Month(u32),
    /// The sign for "month" behind a number, as in Chinese, Japanese and Korean.
    MonthSign,
    Other,
}

impl Part {
    fn of(word: &str, months: &[Vec<Phrase>]) -> Part {
        if let Ok(number) = word.parse() {
            return Part::Number(number);
        }
        if word.starts_with('月') || word.starts_with('월') {
            return Part::MonthSign;
        }
        let alone = Words::of(word);
        let month = months.iter().position(|phrases| phrases.iter().any(|phrase| alone.hold(phrase)));
        month.map_or(Part::Other, |month| Part::Month(u32::try_from(month).unwrap_or(0) + 1))
    }
}

fn date_at(parts: &[Part], days: &EventDays) -> Option<NaiveDate> {
    use Part::{Month, MonthSign, Number};
    let year = |at: usize| match parts.get(at) {
        Some(Number(year)) if (1900..2200).contains(year) => i32::try_from(*year).ok(),
        _ => None,
    };
    match parts {
        [Number(y), Number(m), Number(d), ..] if *y >= 1900 => {
            NaiveDate::from_ymd_opt(i32::try_from(*y).ok()?, *m, *d)
        }
        [Number(d), Month(m), ..] => on(days, year(2), *m, *d),
        [Month(m), Number(d), ..] => on(days, year(2), *m, *d),
        [Number(m), MonthSign, Number(d), ..] => on(days, None, *m, *d),
        [Number(a), Number(b), ..] if year(2).is_some() => either(days, year(2)?, *a, *b),
        _ => None,
    }
}

/// Without a year, the one that the event is in.
fn on(days: &EventDays, year: Option<i32>, month: u32, day: u32) -> Option<NaiveDate> {
    if let Some(year) = year {
        return NaiveDate::from_ymd_opt(year, month, day);
    }
    let of_event = days.dates().into_iter().find(|date| date.month() == month && date.day() == day);
    of_event.or_else(|| NaiveDate::from_ymd_opt(days.first?.year(), month, day))
}

/// Day first, unless that is no date, or only the other way round is a day of the event.
fn either(days: &EventDays, year: i32, a: u32, b: u32) -> Option<NaiveDate> {
    let (day_first, month_first) = (NaiveDate::from_ymd_opt(year, b, a), NaiveDate::from_ymd_opt(year, a, b));
    let dates = days.dates();
    let of_event = [day_first, month_first].into_iter().flatten().find(|date| dates.contains(date));
    of_event.or(day_first).or(month_first)
}
