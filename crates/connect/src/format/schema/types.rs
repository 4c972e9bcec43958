//! The types of schema.org that are events.

use serde_json::{Map, Value};

/// `Event` and its subtypes (schema.org 30.0).
pub const EVENT_TYPES: &[&str] = &[
    "Event",
    "BroadcastEvent",
    "BusinessEvent",
    "ChildrensEvent",
    "ComedyEvent",
    "ConferenceEvent",
    "CourseInstance",
    "DanceEvent",
    "DeliveryEvent",
    "EducationEvent",
    "EventSeries",
    "ExhibitionEvent",
    "Festival",
    "FoodEvent",
    "Hackathon",
    "LiteraryEvent",
    "MusicEvent",
    "OnDemandEvent",
    "PerformingArtsEvent",
    "PublicationEvent",
    "SaleEvent",
    "ScreeningEvent",
    "SocialEvent",
    "SportsEvent",
    "TheaterEvent",
    "VisualArtsEvent",
];

pub(super) fn is_event(name: &str) -> bool {
    EVENT_TYPES.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// The node's types without their prefix: `http://schema.org/Event`, `schema:Event` and `Event` are
/// the same.
pub(super) fn of(node: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let stated = node.get("@type").map(super::node::items).unwrap_or_default();
    stated.iter().filter_map(Value::as_str).map(local_name)
}

/// The last part of an address or prefixed name: `EventScheduled` of
/// `https://schema.org/EventScheduled`.
pub(super) fn local_name(text: &str) -> &str {
    text.trim().rsplit(['/', '#', ':']).next().unwrap_or_default().trim()
}

/// The category an event type means: `Visual Arts` for `VisualArtsEvent`; none for the plain type
/// and for those that say how it is published, not what it is.
pub(super) fn category(name: &str) -> Option<String> {
    let known = EVENT_TYPES.iter().find(|known| known.eq_ignore_ascii_case(name))?;
    let bare = match *known {
        "Event" | "EventSeries" | "PublicationEvent" | "DeliveryEvent" | "OnDemandEvent" => return None,
        other => other.strip_suffix("Event").unwrap_or(other),
    };
    let mut spaced = String::new();
    for c in bare.chars() {
        if c.is_uppercase() && !spaced.is_empty() {
            spaced.push(' ');
        }
        spaced.push(c);
    }
    Some(spaced)
}
