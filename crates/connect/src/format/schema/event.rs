//! One event node as an event record, and through its parts as their records.

use chrono::{NaiveTime, TimeDelta};
use model::{Amount, Event, Record, Stated, When};
use serde_json::{Map, Value};

use super::{Base, Collected, key, node, offer, party, place, types};

/// Adds the event of `node` under `key`, behind everything it refers to.
pub(super) fn read(event: &Map<String, Value>, key: String, base: &Base<'_>, into: &mut Collected) {
    let mut record = Event {
        title: node::line(event, "name").or_else(|| node::line(event, "headline")).into(),
        description: node::prose(event, "description").into(),
        status: status(event).map(str::to_owned).into(),
        url: node::link(event, "url", base.url).into(),
        image_url: image(event, base).into(),
        categories: listed(categories(event)),
        tags: listed(tags(event)),
        language: node::get(event, "inLanguage").and_then(language).into(),
        age_restriction: node::line(event, "typicalAgeRange").into(),
        capacity: node::number(event, "maximumAttendeeCapacity").map(|n| n as i64).into(),
        series: series(event, base).into(),
        ..Event::default()
    };
    times(&mut record, event, base);
    whereabouts(&mut record, event, base, into);
    record.performers = listed(party::performers(event, base, into));
    record.organizer = party::organizer(event, base, into).into();
    let prices = offer::read(event, &key, base, into);
    priced(&mut record, event, prices);
    into.add(Record::new(key, record));
}

fn listed(items: Vec<String>) -> Stated<Vec<String>> {
    Some(items).filter(|items| !items.is_empty()).into()
}

fn times(record: &mut Event, event: &Map<String, Value>, base: &Base<'_>) {
    let stated = |name: &str| Some(base.when(&node::verbatim(node::get(event, name)?)?));
    let start = stated("startDate");
    let end = stated("endDate").or_else(|| after_duration(start.as_ref()?, event));
    let doors = node::get(event, "doorTime").and_then(node::verbatim);
    record.doors = doors.map(|said| door_time(&said, start.as_ref(), base)).into();
    record.timezone = start.as_ref().and_then(When::zone_name).map(str::to_owned).into();
    record.previous_start = stated("previousStartDate").into();
    record.end = end.into();
    record.start = start.into();
}

/// Doors open at a full time or at a clock time of the event's own day.
fn door_time(said: &str, start: Option<&When>, base: &Base<'_>) -> When {
    let full = base.when(said);
    let clock = said.trim().trim_start_matches('T');
    let time = ["%H:%M:%S", "%H:%M"].iter().find_map(|form| NaiveTime::parse_from_str(clock, form).ok());
    match (full.date, time, start.and_then(|start| Some((start.date?, start.zone)))) {
        (None, Some(time), Some((date, zone))) => When::at_local(said, date.and_time(time), zone),
        _ => full,
    }
}

/// The end that a start and a `duration` like `PT2H30M` give.
fn after_duration(start: &When, event: &Map<String, Value>) -> Option<When> {
    let said = node::verbatim(node::get(event, "duration")?)?;
    let end = start.local()?.checked_add_signed(duration(&said)?)?;
    Some(When::at_local(said, end, start.zone))
}

/// Weeks, days, hours, minutes and seconds of an ISO 8601 duration; months and years have no length.
fn duration(text: &str) -> Option<TimeDelta> {
    let mut seconds = 0_i64;
    let mut number = String::new();
    for c in text.strip_prefix('P')?.chars() {
        let unit = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            'T' if number.is_empty() => continue,
            'W' => 604_800,
            'D' => 86_400,
            'H' => 3_600,
            'M' if text.contains('T') => 60,
            'S' => 1,
            _ => return None,
        };
        seconds = seconds.checked_add(number.parse::<i64>().ok()?.checked_mul(unit)?)?;
        number.clear();
    }
    (seconds > 0 && number.is_empty()).then(|| TimeDelta::try_seconds(seconds)).flatten()
}

/// The word for the event's status; where a page gives several, the one that matters most to who
/// wants to go.
fn status(event: &Map<String, Value>) -> Option<&'static str> {
    const WEIGHTIEST_FIRST: [&str; 5] =
        ["cancelled", "postponed", "rescheduled", "moved_online", "scheduled"];
    let stated: Vec<&str> =
        party::texts(event, "eventStatus").iter().filter_map(|said| status_word(said)).collect();
    WEIGHTIEST_FIRST.into_iter().find(|word| stated.contains(word))
}

fn status_word(said: &str) -> Option<&'static str> {
    let name = types::local_name(said).to_ascii_lowercase();
    match name.strip_prefix("event").unwrap_or(&name) {
        "scheduled" | "confirmed" | "on-schedule" => Some("scheduled"),
        "cancelled" | "canceled" => Some("cancelled"),
        "postponed" => Some("postponed"),
        "rescheduled" => Some("rescheduled"),
        "movedonline" => Some("moved_online"),
        _ => None,
    }
}

fn image(event: &Map<String, Value>, base: &Base<'_>) -> Option<String> {
    ["image", "thumbnailUrl", "photo"].iter().find_map(|name| node::link(event, name, base.url))
}

fn categories(event: &Map<String, Value>) -> Vec<String> {
    types::of(event).filter_map(types::category).collect()
}

/// `keywords` as a list, or as one text with commas.
fn tags(event: &Map<String, Value>) -> Vec<String> {
    let stated = party::texts(event, "keywords");
    let parts = stated.iter().flat_map(|text| text.split(',')).map(str::trim);
    parts.filter(|tag| !tag.is_empty()).map(str::to_owned).collect()
}

/// A language tag; of a `Language` object the code it gives beside its name.
fn language(value: &Value) -> Option<String> {
    let first = node::items(value).first()?;
    let coded = first.as_object().and_then(|object| node::line(object, "alternateName"));
    coded.or_else(|| node::line_of(first))
}

/// The event or series it is part of: by address, else by name.
fn series(event: &Map<String, Value>, base: &Base<'_>) -> Option<String> {
    let parent = node::items(node::get(event, "superEvent")?).first()?;
    let by_url = node::link_of(parent, base.url).and_then(|url| key::link_key(&url));
    by_url.or_else(|| node::line_of(parent).map(|name| key::slug(&name)))
}

fn whereabouts(record: &mut Event, event: &Map<String, Value>, base: &Base<'_>, into: &mut Collected) {
    let location = place::read(event, base);
    let mode = node::line(event, "eventAttendanceMode").and_then(|said| attendance(&said));
    let implied = location.online.then(|| if location.venue.is_some() { "mixed" } else { "online" });
    record.attendance = mode.or(implied).map(str::to_owned).into();
    record.location_notes = Some(location.notes.join("; ")).filter(|notes| !notes.is_empty()).into();
    if let Some((key, venue)) = location.venue {
        record.venue = key.as_str().into();
        into.add(Record::new(key, venue));
    }
}

fn attendance(said: &str) -> Option<&'static str> {
    let name = types::local_name(said).to_ascii_lowercase();
    match name.trim_end_matches("eventattendancemode") {
        "offline" => Some("in_person"),
        "online" => Some("online"),
        "mixed" => Some("mixed"),
        _ => None,
    }
}

fn priced(record: &mut Event, event: &Map<String, Value>, prices: offer::Summary) {
    let stated_free = node::flag(event, "isAccessibleForFree").or_else(|| node::flag(event, "free"));
    let highest = prices.max.or(prices.min);
    record.is_free = stated_free.or(highest.map(|amount| amount == Amount::ZERO)).into();
    record.price_min = prices.min.into();
    record.price_max = prices.max.into();
    record.currency = prices.currency.into();
    record.availability = prices.availability.map(str::to_owned).into();
    record.ticket_url = prices.url.into();
    record.sales_start = prices.sales_start.into();
    record.sales_end = prices.sales_end.into();
}
