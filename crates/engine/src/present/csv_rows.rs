//! Events as comma-separated values: one flat row each, the same names as in JSON.

use store::EventView;

use super::{instant, local};

const HEADER: [&str; 24] = [
    "id",
    "title",
    "start",
    "end",
    "start_date",
    "start_local",
    "all_day",
    "timezone",
    "status",
    "url",
    "source",
    "source_key",
    "venue_name",
    "venue_city",
    "venue_region",
    "venue_country",
    "venue_lat",
    "venue_lon",
    "price_min",
    "price_max",
    "currency",
    "is_free",
    "categories",
    "performers",
];

/// The header and a row per event.
pub fn events_csv(events: &[EventView]) -> Result<String, csv::Error> {
    let mut rows = csv::Writer::from_writer(Vec::new());
    rows.write_record(HEADER)?;
    for event in events {
        rows.write_record(row(event))?;
    }
    let bytes = rows.into_inner().map_err(csv::IntoInnerError::into_error)?;
    // Every field was text.
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn row(event: &EventView) -> [String; 24] {
    let (start, end, venue) =
        (event.start.as_ref(), event.end.as_ref(), event.venue.clone().unwrap_or_default());
    let number = |number: Option<f64>| number.map(|n| n.to_string()).unwrap_or_default();
    [
        event.id.to_string(),
        event.title.clone().unwrap_or_default(),
        start.and_then(instant).unwrap_or_default(),
        end.and_then(instant).unwrap_or_default(),
        start.and_then(|when| when.date).map(|date| date.to_string()).unwrap_or_default(),
        start.and_then(local).unwrap_or_default(),
        event.all_day.to_string(),
        event.timezone.clone().unwrap_or_default(),
        event.status.clone().unwrap_or_default(),
        event.url.clone().unwrap_or_default(),
        event.source.to_string(),
        event.source_key.clone(),
        venue.name.unwrap_or_default(),
        venue.city.unwrap_or_default(),
        venue.region.unwrap_or_default(),
        venue.country.unwrap_or_default(),
        number(venue.lat),
        number(venue.lon),
        number(event.price.min),
        number(event.price.max),
        event.price.currency.clone().unwrap_or_default(),
        event.price.is_free.map(|free| free.to_string()).unwrap_or_default(),
        event.categories.join("; "),
        event.performers.join("; "),
    ]
}
