//! The one statement behind every list of events, and its rows as views.

use model::{Kind, RowId, SourceName, When};
use serde_json::Value;

use crate::rows::code_of;
use crate::sql::{Row, SqlResult, json};
use crate::{EventView, PriceView, VenueView};

/// What a list of events is read from: the tables, or what stands for them.
#[derive(Debug, Clone)]
pub(crate) struct Tables {
    events: String,
    venues: String,
    performers: String,
    organizers: String,
}

impl Default for Tables {
    fn default() -> Tables {
        let name = |kind: Kind| kind.spec().table.to_owned();
        Tables {
            events: name(Kind::Event),
            venues: name(Kind::Venue),
            performers: name(Kind::Performer),
            organizers: name(Kind::Organizer),
        }
    }
}

impl Tables {
    /// Rows of `kind` are read from here.
    pub(crate) fn set(&mut self, kind: Kind, from: &str) {
        let table = match kind {
            Kind::Event => &mut self.events,
            Kind::Venue => &mut self.venues,
            Kind::Performer => &mut self.performers,
            Kind::Organizer => &mut self.organizers,
            _ => return,
        };
        from.clone_into(table);
    }
}

/// The statement with these conditions; its last two values are limit and offset.
pub(super) fn statement(tables: &Tables, conditions: &[&str]) -> String {
    let Tables { events, venues, performers, organizers } = tables;
    let conditions = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
    let event = code_of(Kind::Event);
    format!(
        "SELECT e.*, v.id AS v_id, v.name AS v_name, v.street, v.city, v.region, v.postal_code, v.country,
            v.address, v.lat, v.lon, o.name AS organizer_name,
            (SELECT json_group_array(coalesce(p.name, k.value) ORDER BY k.key) FROM json_each(e.performers) k
             LEFT JOIN {performers} p ON p.source = e.source AND p.source_key = k.value) AS performer_names,
            coalesce((SELECT max(q.seen_at) FROM sightings s JOIN places q ON q.place = s.place
                      WHERE s.kind = {event} AND s.rid = e.rid AND s.run = q.read_run),
                     e.gone_at, e.first_seen_at) AS last_seen_at
         FROM {events} e
         LEFT JOIN {venues} v ON v.source = e.source AND v.source_key = e.venue
         LEFT JOIN {organizers} o ON o.source = e.source AND o.source_key = e.organizer
         WHERE {conditions}
         ORDER BY {BY_START} LIMIT ? OFFSET ?"
    )
}

/// The number and place of each event with these conditions, in the same order.
pub(super) fn places_statement(tables: &Tables, conditions: &[&str]) -> String {
    let Tables { events, venues, .. } = tables;
    let conditions = conditions.join(" AND ");
    format!(
        "SELECT e.rid, v.lat, v.lon FROM {events} e
         LEFT JOIN {venues} v ON v.source = e.source AND v.source_key = e.venue
         WHERE {conditions} ORDER BY {BY_START}"
    )
}

/// Floating and date-only times sort by their local reading among the instants of their day.
pub(super) const BY_START: &str = "e.start_date IS NULL, \
    coalesce(e.start ->> 'at', (e.start ->> 'date') || coalesce('T' || (e.start ->> 'time'), '')), e.rid";

/// One row of [`statement`].
pub(super) fn event_view(row: &Row) -> SqlResult<EventView> {
    let start: Option<When> = optional_json(row, "start")?;
    Ok(EventView {
        id: row_id(row, "id")?,
        title: row.try_get("title")?,
        all_day: start.as_ref().is_some_and(When::all_day),
        start,
        end: optional_json(row, "end")?,
        timezone: row.try_get("timezone")?,
        status: row.try_get("status")?,
        url: row.try_get("url")?,
        ticket_url: row.try_get("ticket_url")?,
        source: SourceName::new(row.try_get("source")?),
        source_key: row.try_get("source_key")?,
        venue: venue_view(row)?,
        location_notes: row.try_get("location_notes")?,
        organizer: row.try_get("organizer_name")?,
        performers: texts(row, "performer_names")?,
        price: price_view(row)?,
        availability: row.try_get("availability")?,
        attendance: row.try_get("attendance")?,
        categories: texts(row, "categories")?,
        tags: texts(row, "tags")?,
        description: row.try_get("description")?,
        image_url: row.try_get("image_url")?,
        series: row.try_get("series")?,
        first_seen: row.try_get("first_seen_at")?,
        last_seen: row.try_get("last_seen_at")?,
        gone_at: row.try_get("gone_at")?,
    })
}

fn venue_view(row: &Row) -> SqlResult<Option<VenueView>> {
    if row.try_get::<Option<&str>>("venue")?.is_none() {
        return Ok(None);
    }
    let id = row.try_get::<Option<&str>>("v_id")?.is_some();
    Ok(Some(VenueView {
        id: if id { Some(row_id(row, "v_id")?) } else { None },
        name: row.try_get("v_name")?,
        street: row.try_get("street")?,
        city: row.try_get("city")?,
        region: row.try_get("region")?,
        postal_code: row.try_get("postal_code")?,
        country: row.try_get("country")?,
        address: row.try_get("address")?,
        lat: row.try_get("lat")?,
        lon: row.try_get("lon")?,
    }))
}

fn price_view(row: &Row) -> SqlResult<PriceView> {
    Ok(PriceView {
        min: row.try_get("price_min")?,
        max: row.try_get("price_max")?,
        currency: row.try_get("currency")?,
        is_free: row.try_get("is_free")?,
    })
}

fn optional_json<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> SqlResult<Option<T>> {
    row.try_get::<Option<&str>>(column)?.map(json).transpose()
}

fn texts(row: &Row, column: &str) -> SqlResult<Vec<String>> {
    Ok(optional_json(row, column)?.unwrap_or_default())
}

/// A row id from a text column; ids are text in JSON too.
pub(crate) fn row_id(row: &Row, column: &str) -> SqlResult<RowId> {
    let text: String = row.try_get(column)?;
    serde_json::from_value(Value::String(text)).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}
