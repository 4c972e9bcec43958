//! Events as an iCalendar file that calendar programs subscribe to.

use chrono::{DateTime, Days, Utc};
use icalendar::{Calendar, CalendarDateTime, Component, DatePerhapsTime, Event, EventLike, EventStatus};
use model::When;
use store::EventView;

/// One VEVENT per event; instants in UTC, floating times floating, days as days.
pub fn events_ics(events: &[EventView]) -> String {
    let mut calendar = Calendar::new();
    calendar.name("callboard");
    for event in events {
        calendar.push(vevent(event));
    }
    calendar.done().to_string()
}

fn vevent(event: &EventView) -> Event {
    let mut vevent = Event::new();
    vevent.uid(event.id.as_str());
    if let Ok(seen) = DateTime::parse_from_rfc3339(&event.last_seen) {
        vevent.timestamp(seen.with_timezone(&Utc));
    }
    vevent.summary(event.title.as_deref().unwrap_or("(untitled)"));
    if let Some(start) = event.start.as_ref().and_then(|when| point(when, 0)) {
        vevent.starts(start);
    }
    if let Some(end) = event.end.as_ref().and_then(|when| point(when, 1)) {
        vevent.ends(end);
    }
    let texts = [("DESCRIPTION", &event.description), ("URL", &event.url), ("LOCATION", &place(event))];
    for (name, text) in texts {
        if let Some(text) = text {
            vevent.add_property(name, text);
        }
    }
    if !event.categories.is_empty() {
        vevent.add_property("CATEGORIES", event.categories.join(","));
    }
    if let Some(status) = status(event) {
        vevent.status(status);
    }
    vevent.done()
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

fn place(event: &EventView) -> Option<String> {
    let venue = event.venue.as_ref()?;
    let parts = [&venue.name, &venue.street, &venue.city, &venue.region, &venue.country];
    let mut known: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
    if known.len() < 2
        && let Some(address) = &venue.address
    {
        known.push(address);
    }
    known.dedup();
    (!known.is_empty()).then(|| known.join(", "))
}

fn status(event: &EventView) -> Option<EventStatus> {
    match event.status.as_deref()? {
        "cancelled" => Some(EventStatus::Cancelled),
        "tentative" | "postponed" => Some(EventStatus::Tentative),
        _ => Some(EventStatus::Confirmed),
    }
}
