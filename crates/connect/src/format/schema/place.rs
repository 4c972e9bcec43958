//! Where an event is: places, postal addresses, virtual locations, plain text, or a list of these.

use model::{Stated, Venue};
use serde_json::{Map, Value};

use super::{Base, key, node, types};
use crate::value::text;

/// Longest text taken for the name of a place; more is a description.
const LONGEST_NAME: usize = 120;

/// Where an event is, as its node states it.
#[derive(Debug, Default)]
pub(super) struct Location {
    /// The first place, with its key.
    pub(super) venue: Option<(String, Venue)>,
    /// What else is said of where it is.
    pub(super) notes: Vec<String>,
    /// True when it can be attended online.
    pub(super) online: bool,
}

/// Reads the node's `location`.
pub(super) fn read(event: &Map<String, Value>, base: &Base<'_>) -> Location {
    let mut location = Location::default();
    for item in node::get(event, "location").map(node::items).unwrap_or_default() {
        location.add(item, base);
    }
    location
}

/// The name or text of the first location, for telling events apart.
pub(super) fn first_name(event: &Map<String, Value>) -> Option<String> {
    let first = node::items(node::get(event, "location")?).first()?;
    match first {
        Value::Object(object) => node::line(object, "name").or_else(|| node::line(object, "address")),
        other => node::line_of(other),
    }
}

impl Location {
    fn add(&mut self, item: &Value, base: &Base<'_>) {
        let venue = match item {
            Value::Object(object) if is_virtual(object) => {
                self.online = true;
                self.notes.extend(node::link(object, "url", base.url).or_else(|| node::line(object, "name")));
                return;
            }
            other if node::verbatim(other).is_some_and(|said| said.starts_with("http")) => {
                self.online = true;
                self.notes.extend(
                    node::verbatim(other).map(String::from).filter(|link| !self.notes.contains(link)),
                );
                return;
            }
            Value::Object(object) => Some(from_object(object, base)),
            other => node::verbatim(other).map(|said| from_text(&said)),
        };
        let Some((key, venue)) = venue.and_then(keyed) else { return };
        match &self.venue {
            None => self.venue = Some((key, venue)),
            Some((first, _)) if *first == key => {}
            Some(_) => self.notes.extend(venue.name.into_value().or(venue.address.into_value())),
        }
    }
}

fn is_virtual(object: &Map<String, Value>) -> bool {
    types::of(object).any(|name| name.eq_ignore_ascii_case("VirtualLocation"))
}

/// A place in words: an address when it reads like one, else a name.
fn from_text(said: &str) -> Venue {
    let line = text::line_from_html(said);
    let mut venue = Venue::default();
    let first_part = line.split(',').next().unwrap_or_default().trim();
    let street_first = first_part.starts_with(|c: char| c.is_ascii_digit());
    if line.contains(',') || street_first {
        venue.address = line.as_str().into();
    }
    if !street_first && first_part.len() <= LONGEST_NAME {
        venue.name = first_part.into();
    } else if venue.address.is_unstated() {
        venue.address = line.as_str().into();
    }
    venue
}

fn from_object(object: &Map<String, Value>, base: &Base<'_>) -> Venue {
    let mut venue = Venue {
        name: node::line(object, "name").into(),
        url: node::link(object, "url", base.url).or_else(|| node::link(object, "sameAs", base.url)).into(),
        phone: node::line(object, "telephone").into(),
        capacity: node::number(object, "maximumAttendeeCapacity").map(|n| n as i64).into(),
        description: node::prose(object, "description").into(),
        image_url: node::link(object, "image", base.url).into(),
        ..Venue::default()
    };
    let itself = types::of(object).any(|name| name.eq_ignore_ascii_case("PostalAddress"));
    let address = if itself { None } else { node::get(object, "address") };
    match address.and_then(|value| node::items(value).first()) {
        Some(Value::Object(address)) => postal(&mut venue, address),
        Some(said) => venue.address = node::line_of(said).into(),
        None => postal(&mut venue, object),
    }
    if !venue.name.is_unstated() && venue.name == venue.address {
        let said = from_text(venue.name.value().map(String::as_str).unwrap_or_default());
        (venue.name, venue.address) = (said.name, said.address);
    }
    (venue.lat, venue.lon) = coordinates(object);
    venue
}

fn postal(venue: &mut Venue, address: &Map<String, Value>) {
    venue.street = node::line(address, "streetAddress").into();
    venue.city = node::line(address, "addressLocality").into();
    venue.region = node::line(address, "addressRegion").into();
    venue.postal_code = node::line(address, "postalCode").into();
    venue.country = node::line(address, "addressCountry").map(country).into();
    let parts = [&venue.street, &venue.city, &venue.region, &venue.postal_code];
    if parts.iter().all(|part| part.is_unstated()) && venue.address.is_unstated() {
        let named = types::of(address).any(|name| name.eq_ignore_ascii_case("PostalAddress"));
        venue.address = if named { node::line(address, "name").into() } else { Stated::Unstated };
    }
}

/// Two-letter codes in capitals; names stay names.
fn country(said: String) -> String {
    let code = said.len() == 2 && said.bytes().all(|b| b.is_ascii_alphabetic());
    if code { said.to_ascii_uppercase() } else { said }
}

/// `geo` of a place, or coordinates on the place itself. 0,0 is what forms print when they have
/// none.
fn coordinates(place: &Map<String, Value>) -> (Stated<f64>, Stated<f64>) {
    let geo = node::get(place, "geo").and_then(|value| node::items(value).first()).and_then(Value::as_object);
    let holder = geo.unwrap_or(place);
    let pair = (node::number(holder, "latitude"), node::number(holder, "longitude"));
    match pair {
        (Some(lat), Some(lon)) if (lat, lon) != (0.0, 0.0) && lat.abs() <= 90.0 && lon.abs() <= 180.0 => {
            (lat.into(), lon.into())
        }
        _ => (Stated::Unstated, Stated::Unstated),
    }
}

/// A venue's key: its name with its city, or with its address where no city is given (one name can
/// stand for two houses); without a name its address; else where it lies. `None` when it says
/// nothing.
fn keyed(venue: Venue) -> Option<(String, Venue)> {
    let text = |part: &Stated<String>| part.value().cloned().unwrap_or_default();
    let name = text(&venue.name);
    let city = text(&venue.city);
    let address = match text(&venue.address) {
        whole if whole.is_empty() => [&venue.street, &venue.postal_code, &venue.city].map(text).join(" "),
        whole => whole,
    };
    let said = match (name.is_empty(), city.is_empty()) {
        (false, false) => format!("{name} {city}"),
        (false, true) if address.starts_with(&name) => address,
        _ => format!("{name} {address}"),
    };
    let key = match (key::slug(&said), venue.lat.value(), venue.lon.value()) {
        (key, ..) if !key.is_empty() => key,
        (_, Some(lat), Some(lon)) => format!("{lat},{lon}"),
        _ => return None,
    };
    Some((key, venue))
}
