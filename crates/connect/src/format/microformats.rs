//! hCalendar (`vevent`) and h-event: events written into class names, as schema.org nodes, so that
//! one mapping serves all forms.
//!
//! Needs the page's tree, which is dear: [`mentions`] tells from the bytes whether it is worth
//! building.

mod value;

use memchr::memmem;
use scraper::{ElementRef, Html};
use serde_json::{Map, Value, json};

/// Where a class of the page may be `vevent` or `h-event`, in no particular order.
pub fn mentions(html: &str) -> impl Iterator<Item = usize> {
    EVENT_CLASSES.iter().flat_map(|class| {
        memmem::find_iter(html.as_bytes(), class.as_bytes()).filter(|at| {
            let before = html.as_bytes()[..*at].last();
            let after = html.as_bytes().get(at + class.len());
            let bounds =
                |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_whitespace() || b"\"'=>".contains(b));
            bounds(before) && bounds(after)
        })
    })
}

/// The events of a page, in page order.
pub fn events(page: &Html) -> Vec<Value> {
    let elements = page.tree.nodes().filter_map(ElementRef::wrap);
    elements.filter(|element| has_class(element, EVENT_CLASSES)).map(event).collect()
}

const EVENT_CLASSES: &[&str] = &["vevent", "h-event"];

/// An event property: its schema.org name, its classes in both formats, and how its value is kept.
struct Property {
    name: &'static str,
    classes: [&'static str; 2],
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    Text,
    Prose,
    Time,
    Link,
    Place,
    Party,
}

const fn property(name: &'static str, classes: [&'static str; 2], kind: Kind) -> Property {
    Property { name, classes, kind }
}

const PROPERTIES: &[Property] = &[
    property("name", ["summary", "p-name"], Kind::Text),
    property("startDate", ["dtstart", "dt-start"], Kind::Time),
    property("endDate", ["dtend", "dt-end"], Kind::Time),
    property("duration", ["duration", "dt-duration"], Kind::Time),
    property("location", ["location", "p-location"], Kind::Place),
    property("url", ["url", "u-url"], Kind::Link),
    property("@id", ["uid", "u-uid"], Kind::Link),
    property("description", ["description", "e-content"], Kind::Prose),
    property("description", ["description", "p-description"], Kind::Prose),
    property("description", ["description", "p-summary"], Kind::Prose),
    property("keywords", ["category", "p-category"], Kind::Text),
    property("image", ["photo", "u-photo"], Kind::Link),
    property("organizer", ["organizer", "p-organizer"], Kind::Party),
    property("eventStatus", ["status", "p-status"], Kind::Text),
];

fn event(root: ElementRef<'_>) -> Value {
    let mut node = Map::from_iter([("@type".to_owned(), json!("Event"))]);
    let elements = below(root, &["vevent", "h-event", "vcard", "h-card"]);
    for property in PROPERTIES {
        let mut stated = elements.iter().filter(|element| has_class(element, &property.classes));
        let values: Vec<Value> = match property.name {
            "keywords" => stated.map(|element| property_value(*element, property.kind)).collect(),
            _ => stated.next().map(|element| property_value(*element, property.kind)).into_iter().collect(),
        };
        let Some(first) = values.first().cloned() else { continue };
        let value = if values.len() == 1 { first } else { Value::Array(values) };
        node.entry(property.name).or_insert(value);
    }
    Value::Object(node)
}

fn property_value(element: ElementRef<'_>, kind: Kind) -> Value {
    match kind {
        Kind::Text => value::text(element).into(),
        Kind::Prose => value::prose(element).into(),
        Kind::Time => value::time(element).into(),
        Kind::Link => value::link(element).into(),
        Kind::Place => place(element),
        Kind::Party => party(element),
    }
}

/// All elements below `root`, in page order. What lies inside an element of a class in `closed`
/// belongs to that element, not to `root`.
fn below<'a>(root: ElementRef<'a>, closed: &[&str]) -> Vec<ElementRef<'a>> {
    let mut found = Vec::new();
    let mut pending: Vec<ElementRef<'a>> = root.child_elements().collect();
    pending.reverse();
    while let Some(element) = pending.pop() {
        found.push(element);
        if !has_class(&element, closed) {
            let children: Vec<ElementRef<'a>> = element.child_elements().collect();
            pending.extend(children.into_iter().rev());
        }
    }
    found
}

fn has_class(element: &ElementRef<'_>, classes: &[&str]) -> bool {
    element.value().classes().any(|class| classes.contains(&class))
}

/// A location: plain text, or a card with name, address and coordinates.
fn place(element: ElementRef<'_>) -> Value {
    let parts = below(element, &["vevent", "h-event"]);
    let part = |classes: &[&str]| {
        let found = parts.iter().find(|part| has_class(part, classes))?;
        Some(value::text(*found)).filter(|text| !text.is_empty())
    };
    let address = json!({
        "@type": "PostalAddress",
        "streetAddress": part(&["street-address", "p-street-address"]),
        "addressLocality": part(&["locality", "p-locality"]),
        "addressRegion": part(&["region", "p-region"]),
        "postalCode": part(&["postal-code", "p-postal-code"]),
        "addressCountry": part(&["country-name", "p-country-name"]),
    });
    let name = part(&["fn", "org", "p-name", "p-org"]);
    let structured =
        address.as_object().is_some_and(|a| a.values().filter(|value| !value.is_null()).count() > 1);
    if name.is_none() && !structured {
        return value::text(element).into();
    }
    json!({
        "@type": "Place",
        "name": name,
        "address": address,
        "geo": {
            "latitude": part(&["latitude", "p-latitude"]),
            "longitude": part(&["longitude", "p-longitude"]),
        },
        "telephone": part(&["tel", "p-tel"]),
    })
}

/// A person or organization: plain text or a card.
fn party(element: ElementRef<'_>) -> Value {
    let parts = below(element, &["vevent", "h-event"]);
    let find = |classes: &[&str]| parts.iter().copied().find(|part| has_class(part, classes));
    match find(&["fn", "org", "p-name"]) {
        None => value::text(element).into(),
        Some(name) => json!({"name": value::text(name), "url": find(&["url", "u-url"]).map(value::link)}),
    }
}

#[cfg(test)]
mod tests;
