//! Puts right what can be put right without guessing, and counts what it did.

use std::collections::{BTreeMap, HashMap};

use chrono::TimeDelta;
use chrono_tz::Tz;
use model::{Amount, Event, Note, Record, Stated, Venue, When, Zone};
use serde_json::{Value, json};
use url::Url;

/// How often each repair was made.
#[derive(Debug, Default)]
pub(super) struct Repairs(BTreeMap<&'static str, usize>);

impl Repairs {
    pub(super) fn note(&mut self, times: usize, what: &'static str) {
        *self.0.entry(what).or_default() += times;
    }

    pub(super) fn into_notes(self) -> Vec<Note> {
        self.0.into_iter().map(|(what, times)| Note::new(format!("{times} {what}"))).collect()
    }
}

/// A floating start or end is read on the clock of the event's venue, where the same document names
/// that venue's zone.
pub(super) fn zones_from_venues(mut records: Vec<Record>) -> Vec<Record> {
    let zones: HashMap<String, Tz> = records
        .iter()
        .filter_map(|record| {
            let zone = record.as_venue()?.timezone.value()?.parse().ok()?;
            Some((record.key.clone(), zone))
        })
        .collect();
    if zones.is_empty() {
        return records;
    }
    for event in records.iter_mut().filter_map(Record::as_event_mut) {
        if let Some(zone) = event.venue.value().and_then(|key| zones.get(key)) {
            read_on_clock_of(event, *zone);
        }
    }
    records
}

/// Normalises one record in place.
pub(super) fn record(record: &mut Record, repairs: &mut Repairs) {
    if let Some(event) = record.as_event_mut() {
        name_the_zone(event);
        order_start_and_end(event, repairs);
        free_means_no_price(event);
        event.links = std::mem::take(&mut event.links).map(list_of_links);
        drop_unless(
            &mut event.currency,
            is_currency_code,
            "currencies left out: not a three-letter code",
            repairs,
        );
        for url in [&mut event.url, &mut event.image_url, &mut event.ticket_url] {
            drop_unless(url, is_web_address, "addresses left out: not a web address", repairs);
        }
    }
    if let Some(venue) = record.as_venue_mut() {
        drop_impossible_coordinates(venue, repairs);
    }
}

fn name_the_zone(event: &mut Event) {
    if let Some(zone) = event.timezone.value().and_then(|name| name.parse::<Tz>().ok()) {
        read_on_clock_of(event, zone);
    } else if let Some(name) = event.start.value().and_then(When::zone_name) {
        event.timezone = Stated::Value(name.to_owned());
    }
}

fn read_on_clock_of(event: &mut Event, zone: Tz) {
    for when in [&mut event.start, &mut event.end, &mut event.doors, &mut event.previous_start] {
        *when = std::mem::take(when).map(|w| w.in_zone_if_floating(Zone::Named(zone)));
    }
    if event.timezone.is_unstated() {
        event.timezone = Stated::Value(zone.name().to_owned());
    }
}

/// Sources write "22:00 to 02:00" with one date: such an end lies on the next day. Any other end
/// before the start is left out rather than believed.
fn order_start_and_end(event: &mut Event, repairs: &mut Repairs) {
    let (Some(start), Some(end)) = (event.start.value(), event.end.value()) else { return };
    if !ends_before(start, end) {
        return;
    }
    let next_day = end.date.and_then(|date| date.checked_add_signed(TimeDelta::days(1)));
    let past_midnight = start.date == end.date && start.local().is_some() && end.local().is_some();
    let moved = When { date: next_day, ..end.clone() };
    if past_midnight && next_day.is_some() {
        event.end = Stated::Value(moved);
        repairs.note(1, "ends moved to the next day: they came before the start on the same date");
    } else {
        event.end = Stated::Unstated;
        repairs.note(1, "ends left out: they lie before the start");
    }
}

fn ends_before(start: &When, end: &When) -> bool {
    match (start.instant(), end.instant()) {
        (Some(start), Some(end)) => end < start,
        _ if start.time.is_some() && end.time.is_some() => end.sort_key() < start.sort_key(),
        _ => end.date.is_some() && end.date < start.date,
    }
}

fn free_means_no_price(event: &mut Event) {
    let zero = |amount: &Stated<Amount>| amount.value() == Some(&Amount::ZERO);
    if event.is_free.is_unstated() && zero(&event.price_min) && zero(&event.price_max) {
        event.is_free = Stated::Value(true);
    }
}

/// Links are a list of `{title, url}`; a lone one and a bare address are told so too.
fn list_of_links(links: Value) -> Value {
    let link = |link: Value| if link.is_string() { json!({ "url": link }) } else { link };
    match links {
        Value::Array(links) => links.into_iter().map(link).collect(),
        lone => Value::Array(vec![link(lone)]),
    }
}

fn drop_unless(
    field: &mut Stated<String>,
    valid: fn(&str) -> bool,
    what: &'static str,
    repairs: &mut Repairs,
) {
    if field.value().is_some_and(|text| !valid(text)) {
        *field = Stated::Unstated;
        repairs.note(1, what);
    }
}

fn is_currency_code(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}

fn is_web_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host())
}

/// Out of range, or exactly 0,0 in the Gulf of Guinea, where forms put what they do not know.
fn drop_impossible_coordinates(venue: &mut Venue, repairs: &mut Repairs) {
    let (Some(lat), Some(lon)) = (venue.lat.value(), venue.lon.value()) else { return };
    let possible = (-90.0..=90.0).contains(lat) && (-180.0..=180.0).contains(lon);
    if !possible || (*lat == 0.0 && *lon == 0.0) {
        (venue.lat, venue.lon) = (Stated::Unstated, Stated::Unstated);
        repairs.note(1, "coordinates left out: impossible or 0,0");
    }
}
