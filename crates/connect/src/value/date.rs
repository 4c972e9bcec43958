//! Dates as people write them: "Monday, January 14, 2019 at 3 p.m.", "7/3/19 5:30PM", "5 March, 18h30".
//!
//! One reader for pages nobody planned for. It looks for a date, a time, and what ends them anywhere in
//! a text, in English, German, French, Spanish and Dutch. It never guesses a clock time: a text without
//! one gives a date without one. A year that is not written is inferred by one rule: see [`Hints`].

mod scan;
mod words;
mod year;

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use chrono_tz::Tz;
use model::{Clock, When, Zone};

use scan::Found;

/// How to read `3/4/2019`. A number above 12 is the day whatever the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// March 4 between slashes and dashes, 3 April between dots.
    #[default]
    Usual,
    /// Always the month first.
    MonthFirst,
    /// Always the day first.
    DayFirst,
}

/// What the reader may know beside the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hints {
    /// The year of dates that name none (a heading's "2019 Meetings").
    pub year: Option<i32>,
    /// Today. A date with neither year nor `year` above falls between 90 days before it and 275 days
    /// after it; where a weekday is written, in the nearest year in which that weekday fits.
    pub today: Option<NaiveDate>,
    /// Order of the numbers of numeric dates.
    pub order: Order,
}

/// What a text says about one event's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// When it begins.
    pub start: When,
    /// When it ends, if the text says so.
    pub end: Option<When>,
}

/// The first date of `text`, with the first time. `None` when there is no date in it.
pub fn read(text: &str, hints: &Hints) -> Option<When> {
    read_span(text, hints).map(|span| span.start)
}

/// The first date or range of dates of `text`, with the first time or range of times. `None` when
/// there is no date in it.
pub fn read_span(text: &str, hints: &Hints) -> Option<Span> {
    let said = text.trim();
    let found = scan::scan(said, hints.order);
    let hints = Hints { year: year::apart(said).or(hints.year), ..*hints };
    let (first, last) = year::settle(&found.dates, &hints)?;
    let start = when(said, first, found.start, &found);
    let end = end_of(said, first, last, &found);
    Some(Span { start, end })
}

/// The first clock time of `text` and the one that ends it.
pub fn read_times(text: &str) -> Option<(NaiveTime, Option<NaiveTime>)> {
    let found = scan::scan(text, Order::Usual);
    found.start.map(|start| (start, found.end))
}

/// The text `text` says that its time is still to be announced.
pub fn says_tba(text: &str) -> bool {
    scan::scan(text, Order::Usual).to_be_announced
}

fn when(said: &str, date: NaiveDate, time: Option<NaiveTime>, found: &Found) -> When {
    match time {
        Some(time) => When::at_local(said, NaiveDateTime::new(date, time), found.zone),
        None => When::on_date(said, date, found.clock(), found.zone),
    }
}

/// An end needs words of its own: a second date or a second time. An end that lies before its start on
/// the same day is past midnight; one that repeats it says nothing: calendars fill it in so.
fn end_of(said: &str, first: NaiveDate, last: Option<NaiveDate>, found: &Found) -> Option<When> {
    let (date, time) = match (last, found.end) {
        (Some(last), end) => (last, end),
        (None, Some(end)) if found.start == Some(end) => return None,
        (None, Some(end)) => {
            let overnight = found.start.is_some_and(|start| end < start);
            (if overnight { first + TimeDelta::days(1) } else { first }, Some(end))
        }
        (None, None) => return None,
    };
    Some(when(said, date, time, found))
}

/// The same day with the clock time that `time` says; `date` unchanged when it says none.
pub fn at(date: &When, time: &str) -> When {
    let Some(day) = date.date else { return date.clone() };
    let said = format!("{} {}", date.said, time.trim());
    match read_times(time) {
        Some((start, _)) => When::at_local(said, day.and_time(start), date.zone),
        None if says_tba(time) => When::on_date(said, day, Clock::ToBeAnnounced, date.zone),
        None => date.clone(),
    }
}

/// Reads by one or more `strftime` formats, the first that fits.
pub fn read_by_formats(text: &str, formats: &[String], zone: Option<Tz>) -> Option<When> {
    let text = text.trim();
    let zone = zone.map_or(Zone::Floating, Zone::Named);
    formats.iter().find_map(|format| {
        if let Ok(instant) = chrono::DateTime::parse_from_str(text, format) {
            return Some(When::at_local(text, instant.naive_local(), Zone::Offset(*instant.offset())));
        }
        if let Ok(local) = NaiveDateTime::parse_from_str(text, format) {
            return Some(When::at_local(text, local, zone));
        }
        let date = NaiveDate::parse_from_str(text, format).ok()?;
        Some(When::on_date(text, date, Clock::Unstated, zone))
    })
}

#[cfg(test)]
mod tests;
