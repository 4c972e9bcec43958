//! The calendar feed as text: RFC 5545, with series, exceptions, several zones, UTC times, whole
//! days, folded lines.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, Utc};

use super::Status;
use super::listing::{Listing, Repeats, Time};

/// The feed of `listings`, as of `stamp`.
pub(crate) fn render<'a>(listings: impl Iterator<Item = &'a Listing>, stamp: DateTime<Utc>) -> String {
    let mut lines = Lines(String::with_capacity(16 * 1024));
    for line in ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Callboard Sandbox//Town Calendar 1.0//EN"] {
        lines.push(line);
    }
    lines.push("CALSCALE:GREGORIAN");
    lines.push("METHOD:PUBLISH");
    lines.push("X-WR-CALNAME:Town Calendar");
    for listing in listings {
        series(&mut lines, listing, stamp);
    }
    lines.push("END:VCALENDAR");
    lines.0
}

fn series(lines: &mut Lines, listing: &Listing, stamp: DateTime<Utc>) {
    match (&listing.repeats, listing.time) {
        (Some(repeats), Time::Clock { start, minutes }) => {
            event(lines, listing, stamp, listing.status, |lines| {
                span(lines, listing, start, minutes, false);
                rule(lines, listing, repeats, start);
            });
            exceptions(lines, listing, repeats, (start, minutes), stamp);
        }
        (_, Time::Clock { start, minutes }) => {
            // Some calendars write all times in UTC. Which event is written so follows from its id, which
            // begins with its number: it stays so when others go.
            let number = listing.id.split('-').next().and_then(|n| n.parse::<usize>().ok());
            let in_utc = number.is_some_and(|n| n % 4 == 1);
            event(lines, listing, stamp, listing.status, |lines| {
                span(lines, listing, start, minutes, in_utc);
            });
        }
        (_, Time::Days { first, days }) => event(lines, listing, stamp, listing.status, |lines| {
            lines.push(&format!("DTSTART;VALUE=DATE:{}", day(first)));
            lines.push(&format!("DTEND;VALUE=DATE:{}", day(first + Days::new(days))));
        }),
    }
}

fn event(
    lines: &mut Lines,
    listing: &Listing,
    stamp: DateTime<Utc>,
    status: Status,
    when: impl FnOnce(&mut Lines),
) {
    let (lat, lon) = listing.position();
    lines.push("BEGIN:VEVENT");
    lines.push(&format!("UID:{}", listing.id));
    lines.push(&format!("DTSTAMP:{}Z", local(stamp.naive_utc())));
    when(lines);
    lines.push(&format!("SUMMARY:{}", escape(&listing.title)));
    let place = format!("{}, {}, {}", listing.venue_name(), listing.street(), listing.city.name);
    lines.push(&format!("LOCATION:{}", escape(&place)));
    lines.push(&format!("GEO:{lat};{lon}"));
    lines.push(&format!("CATEGORIES:{}", escape(listing.category.label())));
    let status = if status == Status::Cancelled { "CANCELLED" } else { "CONFIRMED" };
    lines.push(&format!("STATUS:{status}"));
    lines.push("END:VEVENT");
}

fn span(lines: &mut Lines, listing: &Listing, start: NaiveDateTime, minutes: i64, in_utc: bool) {
    let end = start + TimeDelta::minutes(minutes);
    for (name, at) in [("DTSTART", start), ("DTEND", end)] {
        match in_utc {
            true => lines.push(&format!("{name}:{}Z", local(listing.instant(at).naive_utc()))),
            false => lines.push(&format!("{name};TZID={}:{}", listing.city.zone.name(), local(at))),
        }
    }
}

fn rule(lines: &mut Lines, listing: &Listing, repeats: &Repeats, start: NaiveDateTime) {
    let Repeats { every_weeks, count, skipped, .. } = repeats;
    lines.push(&format!("RRULE:FREQ=WEEKLY;INTERVAL={every_weeks};COUNT={count}"));
    for date in skipped {
        let at = local(date.and_time(start.time()));
        lines.push(&format!("EXDATE;TZID={}:{at}", listing.city.zone.name()));
    }
}

/// Overrides: occurrences with a `VEVENT` of their own.
fn exceptions(
    lines: &mut Lines,
    listing: &Listing,
    repeats: &Repeats,
    (start, minutes): (NaiveDateTime, i64),
    stamp: DateTime<Utc>,
) {
    let moved = repeats.moved.iter().map(|(date, to)| (*date, *to, listing.status));
    let off = repeats.cancelled.iter().map(|date| (*date, date.and_time(start.time()), Status::Cancelled));
    for (date, at, status) in moved.chain(off) {
        event(lines, listing, stamp, status, |lines| {
            let original = local(date.and_time(start.time()));
            lines.push(&format!("RECURRENCE-ID;TZID={}:{original}", listing.city.zone.name()));
            span(lines, listing, at, minutes, false);
        });
    }
}

fn day(date: NaiveDate) -> String {
    date.format("%Y%m%d").to_string()
}

fn local(at: NaiveDateTime) -> String {
    at.format("%Y%m%dT%H%M%S").to_string()
}

fn escape(text: &str) -> String {
    text.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,").replace('\n', "\\n")
}

/// Content lines: folded at 75 bytes, ended by CRLF.
struct Lines(String);

impl Lines {
    fn push(&mut self, line: &str) {
        let mut width = 0;
        for character in line.chars() {
            if width + character.len_utf8() > 75 {
                self.0.push_str("\r\n ");
                width = 1;
            }
            self.0.push(character);
            width += character.len_utf8();
        }
        self.0.push_str("\r\n");
    }
}
