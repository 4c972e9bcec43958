//! A VEVENT as an event record: its words, its state, what is attached to it. Its times come from
//! the series.

use chrono::{DateTime, Datelike, Utc};
use model::{Amount, Event, Stated};
use serde_json::{Value, json};
use url::Url;

use super::component::Component;
use super::line::Property;
use super::text;
use super::time::{Stamp, stamp};
use super::venue;

/// The fields of a VEVENT other than its times, its venue and its organizer. `base` is the
/// document's address: links may be relative to it.
pub fn fields(component: &Component<'_>, base: &Url) -> Event {
    let line = |name| component.value(name).map(text::line).filter(|text| !text.is_empty());
    let title = line("SUMMARY");
    let mut event = Event {
        status: Stated::Value(status(component, title.as_deref()).to_owned()),
        title: title.into(),
        description: description(component).into(),
        url: ["URL", "X-ORIGINAL-URL"].iter().find_map(|n| address(component.value(n)?, base)).into(),
        ticket_url: component.value("X-TICKETS-URL").and_then(|url| address(url, base)).into(),
        categories: categories(component).into(),
        language: component
            .property("SUMMARY")
            .and_then(|p| p.parameter("LANGUAGE"))
            .map(String::from)
            .into(),
        published_at: instant(component, "CREATED").into(),
        modified_at: instant(component, "LAST-MODIFIED").into(),
        extra: extra(component).into(),
        ..Event::default()
    };
    attach(component, base, &mut event);
    price(component, &mut event);
    event
}

/// STATUS, or the prefix that many feeds put before the title instead. An event that is listed
/// without a word about its status takes place.
fn status(component: &Component<'_>, title: Option<&str>) -> &'static str {
    let stated = component.value("STATUS").unwrap_or_default().to_ascii_uppercase();
    if matches!(stated.as_str(), "CANCELLED" | "CANCELED") || title.is_some_and(says_cancelled) {
        "cancelled"
    } else if stated == "TENTATIVE" {
        "tentative"
    } else {
        "scheduled"
    }
}

fn says_cancelled(title: &str) -> bool {
    let title = title.trim_start_matches(|c: char| !c.is_alphanumeric());
    let word = title.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    ["cancelled", "canceled"].iter().any(|cancelled| word.eq_ignore_ascii_case(cancelled))
}

fn description(component: &Component<'_>) -> Option<String> {
    let plain = component.value("DESCRIPTION").map(text::prose);
    let written = plain.filter(|text| !text.is_empty());
    written.or_else(|| component.value("X-ALT-DESC").map(text::prose)).filter(|text| !text.is_empty())
}

fn categories(component: &Component<'_>) -> Option<Vec<String>> {
    let mut categories: Vec<String> = Vec::new();
    for item in component.properties_named("CATEGORIES").flat_map(|property| text::items(property.value)) {
        if !categories.contains(&item) {
            categories.push(item);
        }
    }
    (!categories.is_empty()).then_some(categories)
}

/// CREATED and LAST-MODIFIED. DTSTAMP is left out: servers set it anew at every fetch, and an event
/// that did not change would look changed.
fn instant(component: &Component<'_>, name: &str) -> Option<DateTime<Utc>> {
    let utc = match stamp(component.value(name)?)? {
        Stamp::Utc(at) | Stamp::Local(at) => at,
        Stamp::Offset(at, offset) => at - offset,
        Stamp::Date(date) => date.and_hms_opt(0, 0, 0)?,
    };
    // Exporters write year 1 or 1900 for "not known".
    (utc.year() >= 1970).then(|| utc.and_utc())
}

/// An absolute web address, or `None` for anything else.
pub fn address(value: &str, base: &Url) -> Option<String> {
    let value = text::unescape(value.trim());
    let value = value.trim();
    if value.is_empty() || value.contains(char::is_whitespace) {
        return None;
    }
    let guessed = if value.starts_with("www.") { format!("https://{value}") } else { value.to_owned() };
    let url = match Url::parse(&guessed) {
        Ok(url) => url,
        Err(_) if base.scheme().starts_with("http") => base.join(&guessed).ok()?,
        Err(_) => return None,
    };
    let web = matches!(url.scheme(), "http" | "https") && url.has_host();
    web.then(|| url.to_string())
}

/// Pictures, files and ways to join online.
fn attach(component: &Component<'_>, base: &Url, event: &mut Event) {
    let mut links = Vec::new();
    for property in &component.properties {
        let Some(url) = is_link(property).then(|| address(property.value, base)).flatten() else { continue };
        let picture = property.is("IMAGE") || property.is("ATTACH") && is_picture(property, &url);
        if picture {
            if event.image_url.is_unstated() {
                event.image_url = Stated::Value(url);
            }
            continue;
        }
        let title = ["LABEL", "FILENAME", "X-FILENAME"].iter().find_map(|name| property.parameter(name));
        let link = json!({"title": title.map(|title| title.into_owned()), "url": url});
        if !links.contains(&link) {
            links.push(link);
        }
    }
    if !links.is_empty() {
        event.links = Stated::Value(Value::Array(links));
    }
    event.attendance = attendance(component).map(str::to_owned).into();
}

fn is_link(property: &Property<'_>) -> bool {
    ["ATTACH", "IMAGE"].iter().any(|name| property.is(name)) || is_online(property)
}

fn is_online(property: &Property<'_>) -> bool {
    const NAMES: [&str; 5] = [
        "CONFERENCE",
        "X-GOOGLE-CONFERENCE",
        "X-GOOGLE-HANGOUT",
        "X-MICROSOFT-SKYPETEAMSMEETINGURL",
        "X-MICROSOFT-ONLINEMEETINGEXTERNALLINK",
    ];
    NAMES.iter().any(|name| property.is(name)) && !property.value.trim().is_empty()
}

fn is_picture(property: &Property<'_>, url: &str) -> bool {
    if let Some(kind) = property.parameter("FMTTYPE") {
        return kind.to_ascii_lowercase().starts_with("image/");
    }
    let path = url.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    [".jpg", ".jpeg", ".png", ".gif", ".webp", ".svg"].iter().any(|ending| path.ends_with(ending))
}

fn attendance(component: &Component<'_>) -> Option<&'static str> {
    let joinable = component.properties.iter().any(is_online);
    match (venue::place(component), joinable) {
        (venue::Place::Online, _) | (venue::Place::Unstated, true) => Some("online"),
        (venue::Place::At(_), true) => Some("mixed"),
        _ => None,
    }
}

/// COST and X-COST, where they hold one plain amount or say that it is free.
fn price(component: &Component<'_>, event: &mut Event) {
    let kind = component.value("X-COST-TYPE").unwrap_or_default();
    let cost = ["X-COST", "COST", "X-PRICE"].iter().find_map(|name| component.value(name));
    let cost = cost.map(text::line).unwrap_or_default();
    if kind.eq_ignore_ascii_case("free") || cost.eq_ignore_ascii_case("free") {
        event.is_free = Stated::Value(true);
        return;
    }
    let currency = [('€', "EUR"), ('£', "GBP"), ('¥', "JPY")].iter().find(|(sign, _)| cost.contains(*sign));
    let plain = cost.trim_matches(|c: char| matches!(c, '$' | '€' | '£' | '¥') || c.is_whitespace());
    let Ok(amount) = plain.parse::<Amount>() else { return };
    if amount < Amount::ZERO {
        return;
    }
    event.price_min = Stated::Value(amount);
    event.price_max = Stated::Value(amount);
    event.is_free = Stated::Value(amount == Amount::ZERO);
    event.currency = currency.map(|(_, code)| (*code).to_owned()).into();
}

/// What has no column and is still worth keeping.
fn extra(component: &Component<'_>) -> Option<Value> {
    let class = component.value("CLASS").map(str::to_ascii_uppercase).filter(|class| class != "PUBLIC")?;
    Some(json!({ "class": class }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::ics::component::parse;
    use crate::format::ics::line::Source;

    fn event(properties: &str) -> Event {
        let text = format!("BEGIN:VCALENDAR\nBEGIN:VEVENT\n{properties}\nEND:VEVENT\nEND:VCALENDAR");
        let source = Source::new(text.as_bytes(), None);
        let base = Url::parse("https://x.test/calendar/feed.ics").expect("test address");
        fields(&parse(&source).calendars[0].children[0], &base)
    }

    #[test]
    fn status_from_the_property_or_the_title() {
        let check = |properties, expected: &str| {
            assert_eq!(event(properties).status.into_value().as_deref(), Some(expected), "{properties}");
        };
        check("SUMMARY:Gala", "scheduled");
        check("STATUS:CONFIRMED", "scheduled");
        check("STATUS:tentative", "tentative");
        check("STATUS:CANCELLED", "cancelled");
        check("SUMMARY:CANCELLED - Gala", "cancelled");
        check("SUMMARY:[Canceled] Gala", "cancelled");
        check("SUMMARY:How the cancelled gala came back", "scheduled");
    }

    #[test]
    fn links_pictures_and_online_rooms() {
        let found = event(
            "URL:/event/1\nATTACH;FMTTYPE=image/png:https://x.test/p\nATTACH;FILENAME=a.pdf:https://x.test/a.pdf\n\
             CONFERENCE;VALUE=URI;LABEL=Room:https://meet.test/1\nATTACH:CID:12@x",
        );
        assert_eq!(found.url, Stated::Value("https://x.test/event/1".to_owned()));
        assert_eq!(found.image_url, Stated::Value("https://x.test/p".to_owned()));
        assert_eq!(found.attendance, Stated::Value("online".to_owned()));
        let links = json!([
            {"title": "a.pdf", "url": "https://x.test/a.pdf"},
            {"title": "Room", "url": "https://meet.test/1"},
        ]);
        assert_eq!(found.links, Stated::Value(links));
        assert_eq!(event("URL:mailto:a@x.test").url, Stated::Unstated);
    }

    #[test]
    fn words_prices_and_times_of_change() {
        let found = event(
            "SUMMARY;LANGUAGE=de:A\\, B\nCATEGORIES:x,y\\, z\nCATEGORIES:x\nX-COST:£5.50\nCLASS:PRIVATE\n\
             CREATED:00011231T000000Z\nLAST-MODIFIED:20260101T100000Z\nDTSTAMP:20260202T100000Z\nX-ALT-DESC:Hello",
        );
        assert_eq!(found.title, Stated::Value("A, B".to_owned()));
        assert_eq!(found.language, Stated::Value("de".to_owned()));
        assert_eq!(found.categories, Stated::Value(vec!["x".to_owned(), "y, z".to_owned()]));
        assert_eq!(found.price_min.value().map(ToString::to_string).as_deref(), Some("5.50"));
        assert_eq!((found.currency, found.is_free), (Stated::Value("GBP".to_owned()), Stated::Value(false)));
        assert_eq!(found.published_at, Stated::Unstated);
        let modified = found.modified_at.into_value().map(|at| at.to_rfc3339());
        assert_eq!(modified.as_deref(), Some("2026-01-01T10:00:00+00:00"));
        assert_eq!(found.extra, Stated::Value(json!({"class": "PRIVATE"})));
        assert_eq!(found.description, Stated::Value("Hello".to_owned()));
        assert_eq!(event("X-COST:10-15").price_min, Stated::Unstated);
    }
}
