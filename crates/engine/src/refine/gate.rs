//! What a listing must have to be kept: a title, and a start that can be used.

use chrono::Datelike;
use model::{Clock, Event, Record, Stated, When};

/// The first fault of `record` that keeps it out: its class and a sentence for a person.
pub(super) fn fault(record: &Record) -> Option<(&'static str, String)> {
    let event = record.as_event()?;
    missing_title(event).or_else(|| unusable_start(event))
}

fn missing_title(event: &Event) -> Option<(&'static str, String)> {
    let blank = event.title.value().is_none_or(|title| title.trim().is_empty());
    blank.then(|| ("missing_title", "the listing has no title".to_owned()))
}

fn unusable_start(event: &Event) -> Option<(&'static str, String)> {
    let Stated::Value(start) = &event.start else {
        return Some(("missing_start", "the listing does not say when it begins".to_owned()));
    };
    match start.date {
        Some(date) if !(1900..=2200).contains(&date.year()) => {
            Some(("implausible_date", format!("it would begin in the year {}", date.year())))
        }
        Some(_) => None,
        None if start.clock == Clock::ToBeAnnounced => None,
        None => Some(("unusable_time", unreadable(start))),
    }
}

fn unreadable(start: &When) -> String {
    format!("the start {:?} cannot be read as a time", start.said)
}
