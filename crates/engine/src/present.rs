//! Events as programs get them: JSON objects, rows of comma-separated values, a calendar. In JSON times
//! are RFC 3339 with offset and what is unknown is null.

mod csv_rows;
mod ics;

use model::When;
use serde_json::{Value, json};
use store::EventView;

pub use csv_rows::events_csv;
pub use ics::events_ics;
pub(crate) use ics::{CALENDAR_END, CALENDAR_HEAD, place, vevent};

/// The object that `events --format json|ndjson` prints. `start` and `end` are null unless day,
/// clock time and zone are all known; `start_date` and `start_local` say what is known.
pub fn event_json(event: &EventView) -> Value {
    let venue = event.venue.as_ref().map(|venue| {
        json!({
            "id": venue.id, "name": venue.name, "street": venue.street, "city": venue.city,
            "region": venue.region, "postal_code": venue.postal_code, "country": venue.country,
            "address": venue.address, "lat": venue.lat, "lon": venue.lon,
        })
    });
    let price = &event.price;
    json!({
        "id": event.id,
        "title": event.title,
        "start": event.start.as_ref().and_then(instant),
        "end": event.end.as_ref().and_then(instant),
        "start_date": event.start.as_ref().and_then(|when| when.date),
        "start_local": event.start.as_ref().and_then(local),
        "end_date": event.end.as_ref().and_then(|when| when.date),
        "all_day": event.all_day,
        "time": event.start.as_ref().map(|when| when.clock),
        "timezone": event.timezone,
        "status": event.status,
        "url": event.url,
        "ticket_url": event.ticket_url,
        "source": event.source,
        "source_key": event.source_key,
        "venue": venue,
        "location_notes": event.location_notes,
        "organizer": event.organizer,
        "performers": event.performers,
        "price": {
            "min": price.min, "max": price.max, "currency": price.currency, "is_free": price.is_free,
        },
        "availability": event.availability,
        "attendance": event.attendance,
        "categories": event.categories,
        "tags": event.tags,
        "description": event.description,
        "image_url": event.image_url,
        "series": event.series,
        "first_seen": event.first_seen,
        "last_seen": event.last_seen,
        "gone_at": event.gone_at,
    })
}

/// RFC 3339 with the offset of the event's own zone.
pub fn instant(when: &When) -> Option<String> {
    when.instant().map(|instant| instant.to_rfc3339())
}

/// Local date and time without zone.
pub fn local(when: &When) -> Option<String> {
    when.local().map(|local| local.format("%Y-%m-%dT%H:%M:%S").to_string())
}

/// A time for a table: day and clock as they are told at the place, and what is not known.
pub fn for_people(when: &When) -> String {
    use model::Clock::{AllDay, Stated, ToBeAnnounced, Unstated};
    let Some(date) = when.date else {
        return if when.clock == ToBeAnnounced { "date to be announced".to_owned() } else { "?".to_owned() };
    };
    let day = date.format("%a %Y-%m-%d");
    match (when.clock, when.time) {
        (Stated, Some(time)) => format!("{day} {}", time.format("%H:%M")),
        (AllDay, _) => format!("{day} all day"),
        (ToBeAnnounced, _) => format!("{day} time t.b.a."),
        (Unstated | Stated, _) => day.to_string(),
    }
}
