//! Where an event is and who puts it on, as records of their own: LOCATION, GEO and what Apple adds,
//! ORGANIZER and CONTACT.

use model::{ContentHash, Organizer, Record, Stated, Venue};
use url::Url;

use super::component::Component;
use super::event::address;
use super::text;

/// What LOCATION says.
#[derive(Debug, PartialEq)]
pub enum Place {
    /// Nothing.
    Unstated,
    /// That it is online: a web address, or a word for it.
    Online,
    /// That it is not known yet, or nothing that is a place.
    Unknown(String),
    /// This place.
    At(String),
}

/// What LOCATION says; lines kept apart.
pub fn place(component: &Component<'_>) -> Place {
    let Some(value) = component.value("LOCATION") else { return Place::Unstated };
    let unescaped = text::unescape(value);
    let lines = unescaped.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    let said = lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let lower = said.to_lowercase();
    let is_url = lower.starts_with("http://") || lower.starts_with("https://");
    match lower.trim_matches(|c: char| !c.is_alphanumeric()) {
        "" => Place::Unstated,
        "online" | "virtual" | "zoom" | "online event" | "virtual event" | "via zoom" | "webinar" => {
            Place::Online
        }
        _ if is_url && !lower.contains(char::is_whitespace) => Place::Online,
        "tba" | "tbd" | "tbc" | "to be announced" | "to be confirmed" | "to be determined" => {
            Place::Unknown(said)
        }
        // Placeholders that an exporter did not fill.
        _ if lower.starts_with("#_location") => Place::Unstated,
        _ => Place::At(said),
    }
}

/// The venue of an event. Its key is its text in lower case, so that all events at one place share
/// one venue.
pub fn venue(component: &Component<'_>) -> Option<Record> {
    let Place::At(said) = place(component) else { return None };
    let (name, rest) = name_and_rest(&said);
    let apple = component.property("X-APPLE-STRUCTURED-LOCATION");
    let apple_name = apple.and_then(|property| property.parameter("X-TITLE")).map(|title| text::line(&title));
    let point = component.value("GEO").and_then(|geo| point(&geo.replace('\\', ""), ';'));
    let point = point.or_else(|| point_of_uri(apple?.value));
    let whole = text::line(&said.replace('\n', ", "));
    let fields = Venue {
        name: apple_name
            .filter(|title| whole.starts_with(title.as_str()) && !title.is_empty())
            .unwrap_or_else(|| name.to_owned())
            .into(),
        address: if rest.is_empty() { Stated::Unstated } else { Stated::Value(whole.clone()) },
        lat: point.map(|(lat, _)| lat).into(),
        lon: point.map(|(_, lon)| lon).into(),
        ..Venue::default()
    };
    Some(Record::new(whole.to_lowercase(), fields))
}

/// The name stands on the first line, before an address in brackets, or before the first comma, dash
/// or `@` of a single line.
fn name_and_rest(said: &str) -> (&str, &str) {
    let bracket = said.strip_suffix(')').and_then(|text| text.split_once(" ("));
    let address = bracket.filter(|(_, inside)| inside.contains(','));
    let divided = said.split_once('\n').or(address).or_else(|| {
        let dividers = [" — ", " – ", " @ ", ", "];
        let first = dividers.iter().filter_map(|divider| Some((said.find(divider)?, *divider))).min()?;
        said.split_once(first.1)
    });
    let Some((name, rest)) = divided else { return (said, "") };
    let name = name.trim_end_matches(',').trim();
    // A street number is not a name: "12, High Street".
    if name.chars().any(char::is_alphabetic) { (name, rest.trim()) } else { (said, rest) }
}

fn point(text: &str, separator: char) -> Option<(f64, f64)> {
    let (lat, lon) = text.split_once(separator)?;
    let (lat, lon): (f64, f64) = (lat.trim().parse().ok()?, lon.trim().parse().ok()?);
    // 0;0 is what exporters write when they know no place.
    let somewhere = lat.abs() <= 90.0 && lon.abs() <= 180.0 && (lat != 0.0 || lon != 0.0);
    somewhere.then_some((lat, lon))
}

fn point_of_uri(uri: &str) -> Option<(f64, f64)> {
    let coordinates = uri.trim().strip_prefix("geo:")?;
    point(coordinates.split([';', '?']).next()?, ',')
}

/// Who puts the event on. Its key is its address, or its name where it has none. An address of e-mail is of a
/// person, and keys are shown and kept in plain: its key is a hash of it.
pub fn organizer(component: &Component<'_>, base: &Url) -> Option<Record> {
    let property = component.property("ORGANIZER")?;
    let value = property.value.trim();
    let is_mail = value.get(..7).is_some_and(|scheme| scheme.eq_ignore_ascii_case("mailto:"));
    let email = if is_mail { Some(value[7..].trim()) } else { Some(value) };
    let email = email.filter(|email| is_email(email)).map(str::to_lowercase);
    // Some put a scheme of their own before the address: `X-ADDR:http://…`.
    let url = value.find("http").filter(|_| !is_mail).and_then(|at| address(&value[at..], base));
    let name = property.parameter("CN").map(|name| text::line(&name)).filter(|name| !name.is_empty());
    let of_mail = email.as_deref().map(|email| {
        let mut hash = ContentHash::of(email.as_bytes()).to_hex();
        hash.truncate(32);
        format!("mail-{hash}")
    });
    let key = of_mail.or_else(|| url.clone()).or_else(|| name.clone().map(|name| name.to_lowercase()))?;
    let fields =
        Organizer { name: name.into(), email: email.into(), url: url.into(), ..Organizer::default() };
    Some(Record::new(key, fields))
}

fn is_email(text: &str) -> bool {
    let plain = !text.contains(|c: char| c.is_whitespace() || matches!(c, ':' | '/'));
    plain && text.split_once('@').is_some_and(|(user, host)| !user.is_empty() && host.contains('.'))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::format::ics::component::parse;
    use crate::format::ics::line::Source;

    fn with<T>(properties: &str, read: impl Fn(&Component<'_>) -> T) -> T {
        let text = format!("BEGIN:VEVENT\n{properties}\nEND:VEVENT");
        let source = Source::new(text.as_bytes(), None);
        read(&parse(&source).calendars[0].children[0])
    }

    #[test]
    fn venues_from_location() {
        let check = |properties, expected: Value| {
            let found = with(properties, |component| venue(component).map(|record| record.to_json()));
            assert_eq!(found.unwrap_or_default(), expected, "{properties}");
        };
        check("LOCATION: Town Hall ", json!({"key": "town hall", "name": "Town Hall"}));
        check(
            "LOCATION:Old Rock House — 1200 S 7th St\\, St. Louis\nGEO:38.6;-90.2",
            json!({"key": "old rock house — 1200 s 7th st, st. louis", "name": "Old Rock House",
                "address": "Old Rock House — 1200 S 7th St, St. Louis", "lat": 38.6, "lon": -90.2}),
        );
        check(
            "LOCATION:Hall\\, Room 2\\n1 High St\\n\nGEO:0;0",
            json!({"key": "hall, room 2, 1 high st", "name": "Hall, Room 2", "address": "Hall, Room 2, 1 High St"}),
        );
        check(
            "LOCATION:Cafe Eden\\nBerlin\nX-APPLE-STRUCTURED-LOCATION;X-TITLE=\"Cafe Eden\":geo:52.38,13.4",
            json!({"key": "cafe eden, berlin", "name": "Cafe Eden", "address": "Cafe Eden, Berlin",
                "lat": 52.38, "lon": 13.4}),
        );
        check(
            "LOCATION:Loft\\, Inc. (1 High St\\, Town)",
            json!({"key": "loft, inc. (1 high st, town)", "name": "Loft, Inc.", "address": "Loft, Inc. (1 High St, Town)"}),
        );
        check("LOCATION:Phoenix (PHX)", json!({"key": "phoenix (phx)", "name": "Phoenix (PHX)"}));
        check("LOCATION:https://zoom.test/j/1", Value::Null);
        check("LOCATION:TBA", Value::Null);
        check("LOCATION:", Value::Null);
    }

    #[test]
    fn what_is_not_a_place() {
        let check =
            |properties, expected: Place| assert_eq!(with(properties, place), expected, "{properties}");
        check("LOCATION:Online", Place::Online);
        check("LOCATION:(Virtual)", Place::Online);
        check("LOCATION:TBA", Place::Unknown("TBA".to_owned()));
        check("LOCATION:#_LOCATIONNAME\\, #_LOCATIONTOWN", Place::Unstated);
        check("LOCATION:\\n", Place::Unstated);
    }

    #[test]
    fn organizers() {
        let base = Url::parse("https://x.test/").expect("test address");
        let check = |properties, expected: Value| {
            let found =
                with(properties, |component| organizer(component, &base).map(|record| record.to_json()));
            assert_eq!(found.unwrap_or_default(), expected, "{properties}");
        };
        // The same for everybody who writes them, and nothing to read.
        let mail = format!("mail-{}", &ContentHash::of(b"adm@x.test").to_hex()[..32]);
        check(
            "ORGANIZER;CN=\"acme, ädmin\":MAILTO:Adm@X.test",
            json!({"key": mail, "name": "acme, ädmin", "email": "adm@x.test"}),
        );
        check(
            "ORGANIZER;CN=duvander:X-ADDR:http://y.test/user/1/",
            json!({"key": "http://y.test/user/1/", "name": "duvander", "url": "http://y.test/user/1/"}),
        );
        check("ORGANIZER;CN=Band:invalid:nomail", json!({"key": "band", "name": "Band"}));
        check("ORGANIZER:é", Value::Null);
    }
}
