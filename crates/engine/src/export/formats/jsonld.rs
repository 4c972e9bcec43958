//! schema.org events as one JSON-LD graph: what search engines and our own reader take events from.

use model::{Clock, When};
use serde_json::{Map, Value, json};
use store::{EventView, KeptRow, VenueView};

use super::ndjson::append;
use super::{At, Encoder, ExportError, FormatSpec, GONE};
use crate::present::{instant, local};

pub(super) static SPEC: FormatSpec = FormatSpec {
    name: "jsonld",
    summary: "schema.org events as JSON-LD, for search engines and web pages",
    events_only: true,
    tells_gone: false,
    binary: false,
    make: |_| Box::new(JsonLd { some: false }),
};

struct JsonLd {
    /// An event came before.
    some: bool,
}

impl Encoder for JsonLd {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(b"{\"@context\":\"https://schema.org\",\"@graph\":[");
        Ok(())
    }

    fn row(&mut self, row: KeptRow, out: &mut Vec<u8>) -> Result<Option<&'static str>, ExportError> {
        if row.gone_at.is_some() {
            return Ok(Some(GONE));
        }
        let Some(event) = &row.event else { return Ok(None) };
        out.extend(if self.some { ",\n" } else { "\n" }.bytes());
        self.some = true;
        let mut text = Vec::new();
        append(&node(event), &mut text)?;
        // Whoever puts it into a page must not find the end of a script in a description.
        for byte in text {
            match byte {
                b'<' => out.extend(b"\\u003c"),
                byte => out.push(byte),
            }
        }
        Ok(None)
    }

    fn resume(&mut self, at: &At, _: &[String]) -> Result<(), ExportError> {
        self.some = at.rows > 0;
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(b"\n]}\n");
        Ok(())
    }
}

fn node(event: &EventView) -> Value {
    let whole = json!({
        "@type": "Event",
        "@id": format!("urn:callboard:{}", event.id),
        "identifier": event.id,
        "name": event.title,
        "description": event.description,
        "startDate": event.start.as_ref().and_then(moment),
        "endDate": event.end.as_ref().and_then(moment),
        "eventSchedule": event.start.as_ref().and_then(|start| schedule(start, event.timezone.as_deref())),
        "eventStatus": event.status.as_deref().map(status),
        "eventAttendanceMode": event.attendance.as_deref().and_then(attendance),
        "location": event.venue.as_ref().map(place),
        "organizer": event.organizer.as_ref().map(|name| json!({"@type": "Organization", "name": name})),
        "performer": listed(event.performers.iter().map(|name| json!({"@type": "PerformingGroup", "name": name}))),
        "offers": offers(event),
        "isAccessibleForFree": event.price.is_free,
        "keywords": listed(event.categories.iter().chain(&event.tags).map(|word| Value::from(word.as_str()))),
        "url": event.url,
        "image": event.image_url,
    });
    without_nulls(whole)
}

/// With offset where the instant is known, local where the zone is not, else the day: never a midnight
/// that nobody stated.
fn moment(when: &When) -> Option<String> {
    instant(when).or_else(|| local(when)).or_else(|| when.date.map(|day| day.to_string()))
}

/// An offset does not tell a zone, and a day does not tell why it has no clock time.
fn schedule(start: &When, timezone: Option<&str>) -> Option<Value> {
    let note = match start.clock {
        Clock::ToBeAnnounced => Some("time to be announced"),
        Clock::Stated | Clock::AllDay | Clock::Unstated => None,
    };
    let zone = start.zone_name().or(timezone);
    (zone.is_some() || note.is_some())
        .then(|| json!({"@type": "Schedule", "scheduleTimezone": zone, "description": note}))
}

fn status(word: &str) -> String {
    let name = match word {
        "cancelled" => "EventCancelled",
        "postponed" => "EventPostponed",
        "rescheduled" => "EventRescheduled",
        "moved_online" => "EventMovedOnline",
        _ => "EventScheduled",
    };
    format!("https://schema.org/{name}")
}

fn attendance(word: &str) -> Option<&'static str> {
    match word {
        "in_person" => Some("https://schema.org/OfflineEventAttendanceMode"),
        "online" => Some("https://schema.org/OnlineEventAttendanceMode"),
        "mixed" => Some("https://schema.org/MixedEventAttendanceMode"),
        _ => None,
    }
}

fn place(venue: &VenueView) -> Value {
    let parts = [&venue.street, &venue.city, &venue.region, &venue.postal_code, &venue.country];
    let address = if parts.iter().any(|part| part.is_some()) {
        json!({
            "@type": "PostalAddress", "streetAddress": venue.street, "addressLocality": venue.city,
            "addressRegion": venue.region, "postalCode": venue.postal_code, "addressCountry": venue.country,
        })
    } else {
        json!(venue.address)
    };
    let point = venue.lat.zip(venue.lon);
    let geo = point.map(|(lat, lon)| json!({"@type": "GeoCoordinates", "latitude": lat, "longitude": lon}));
    json!({"@type": "Place", "name": venue.name, "address": address, "geo": geo})
}

fn offers(event: &EventView) -> Value {
    let price = &event.price;
    if price.min.is_none() && event.ticket_url.is_none() && event.availability.is_none() {
        return Value::Null;
    }
    let availability = event.availability.as_deref().and_then(|word| match word {
        "available" => Some("https://schema.org/InStock"),
        "limited" => Some("https://schema.org/LimitedAvailability"),
        "sold_out" => Some("https://schema.org/SoldOut"),
        "not_yet" => Some("https://schema.org/PreSale"),
        "ended" => Some("https://schema.org/Discontinued"),
        _ => None,
    });
    json!({
        "@type": "AggregateOffer", "lowPrice": price.min, "highPrice": price.max,
        "priceCurrency": price.currency, "availability": availability, "url": event.ticket_url,
    })
}

fn listed(items: impl Iterator<Item = Value>) -> Option<Vec<Value>> {
    Some(items.collect::<Vec<Value>>()).filter(|items| !items.is_empty())
}

/// What is not known is left away, at every depth.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(members) => {
            let known = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(known.map(|(name, value)| (name, without_nulls(value))).collect::<Map<_, _>>())
        }
        Value::Array(items) => items.into_iter().map(without_nulls).collect(),
        value => value,
    }
}
