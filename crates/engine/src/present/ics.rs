//! Events as an iCalendar file that calendar programs subscribe to.

use chrono::{DateTime, Days, Utc};
use icalendar::{CalendarDateTime, Component, DatePerhapsTime, Event, EventLike, EventStatus};
use model::{Clock, When};
use store::{EventView, VenueView};

/// What a calendar begins and ends with.
pub(crate) const CALENDAR_HEAD: &str = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//callboard//callboard//EN\r\n\
                                        CALSCALE:GREGORIAN\r\nNAME:callboard\r\nX-WR-CALNAME:callboard\r\n";
pub(crate) const CALENDAR_END: &str = "END:VCALENDAR\r\n";

/// One VEVENT per event; instants in UTC, floating times floating, days as days. What has no day is left
/// out: there is no way to write it.
pub fn events_ics(events: &[EventView]) -> String {
    let mut calendar = CALENDAR_HEAD.to_owned();
    calendar.extend(events.iter().filter_map(vevent));
    calendar + CALENDAR_END
}

/// One event as text; `None` when its day is not known. Its UID is its id, which stays.
pub(crate) fn vevent(event: &EventView) -> Option<String> {
    let mut vevent = Event::new();
    vevent.uid(event.id.as_str());
    if let Ok(seen) = DateTime::parse_from_rfc3339(&event.last_seen) {
        vevent.timestamp(seen.with_timezone(&Utc));
    }
    vevent.summary(event.title.as_deref().unwrap_or("(untitled)"));
    let start = event.start.as_ref()?;
    let begins = point(start, 0)?;
    if let Some(ends) = event.end.as_ref().and_then(|when| point(when, 1)).filter(|end| follows(&begins, end))
    {
        vevent.ends(ends);
    }
    vevent.starts(begins);
    let place = event.venue.as_ref().and_then(place);
    let zone = start.zone_name().map(str::to_owned).or(event.timezone.clone());
    let texts = [
        ("DESCRIPTION", &event.description),
        ("URL", &event.url),
        ("LOCATION", &place),
        ("X-CALLBOARD-TIMEZONE", &zone),
        ("COMMENT", &unknown(start.clock).map(str::to_owned)),
    ];
    for (name, text) in texts {
        if let Some(text) = text {
            vevent.add_property(name, text);
        }
    }
    for category in &event.categories {
        vevent.add_multi_property("CATEGORIES", &escaped(category));
    }
    if let Some(status) = status(event) {
        vevent.status(status);
    }
    vevent.done().try_into_string().ok().map(|text| folded(&text))
}

/// The octets of a line, without its end.
const LINE: usize = 75;

/// The same with its lines folded anew: the library counts the blank that a further line begins with to none.
fn folded(text: &str) -> String {
    let unfolded = text.replace("\r\n ", "");
    let mut folded = String::with_capacity(text.len() + 8);
    for mut line in unfolded.split_terminator("\r\n") {
        let mut room = LINE;
        while line.len() > room {
            let (first, rest) = line.split_at(line.floor_char_boundary(room));
            folded.extend([first, "\r\n "]);
            (line, room) = (rest, LINE - 1);
        }
        folded.extend([line, "\r\n"]);
    }
    folded
}

/// A comma would begin a further category; the library escapes what it knows as text, and not this.
fn escaped(category: &str) -> String {
    let escaped = category.replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,");
    escaped.replace(['\r', '\n'], " ")
}

/// `extra_days` after a whole day: iCalendar's last day is the one after.
fn point(when: &When, extra_days: u64) -> Option<DatePerhapsTime> {
    if let Some(instant) = when.instant() {
        return Some(DatePerhapsTime::DateTime(CalendarDateTime::Utc(instant.with_timezone(&Utc))));
    }
    match when.local() {
        Some(local) => Some(DatePerhapsTime::DateTime(CalendarDateTime::Floating(local))),
        None => when.date?.checked_add_days(Days::new(extra_days)).map(DatePerhapsTime::Date),
    }
}

/// An end has to be of the same sort as the start, and after it.
fn follows(start: &DatePerhapsTime, end: &DatePerhapsTime) -> bool {
    use CalendarDateTime::{Floating, Utc};
    match (start, end) {
        (DatePerhapsTime::Date(start), DatePerhapsTime::Date(end)) => end > start,
        (DatePerhapsTime::DateTime(Utc(start)), DatePerhapsTime::DateTime(Utc(end))) => end > start,
        (DatePerhapsTime::DateTime(Floating(start)), DatePerhapsTime::DateTime(Floating(end))) => end > start,
        _ => false,
    }
}

/// A day alone looks like a whole day.
fn unknown(clock: Clock) -> Option<&'static str> {
    match clock {
        Clock::ToBeAnnounced => Some("Time to be announced"),
        Clock::Unstated => Some("Time not stated"),
        Clock::Stated | Clock::AllDay => None,
    }
}

/// A place in one line: its name and address, or what is known of them.
pub(crate) fn place(venue: &VenueView) -> Option<String> {
    let parts = [&venue.name, &venue.street, &venue.city, &venue.region, &venue.country];
    let mut known: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    if known.len() < 2
        && let Some(address) = &venue.address
    {
        // An address that begins with the name says it all.
        known.retain(|name| !address.starts_with(name));
        known.push(address);
    }
    known.dedup();
    (!known.is_empty()).then(|| known.join(", "))
}

/// To a calendar, what is no longer listed does not take place.
fn status(event: &EventView) -> Option<EventStatus> {
    if event.gone_at.is_some() {
        return Some(EventStatus::Cancelled);
    }
    match event.status.as_deref()? {
        "cancelled" => Some(EventStatus::Cancelled),
        "tentative" | "postponed" => Some(EventStatus::Tentative),
        _ => Some(EventStatus::Confirmed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_is_longer_than_75_octets() {
        for length in 60..400 {
            for letter in ["a", "é", "한", "a b"] {
                let line = format!("SUMMARY:{}", letter.repeat(length));
                let text = folded(&format!("{line}\r\nUID:1\r\n"));
                assert!(text.split("\r\n").all(|line| line.len() <= LINE), "{text}");
                assert_eq!(text.replace("\r\n ", ""), format!("{line}\r\nUID:1\r\n"));
            }
        }
    }
}
