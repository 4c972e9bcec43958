//! Who performs and who organizes.

use model::{Kind, Organizer, Performer, Record};
use serde_json::{Map, Value};

use super::{Base, Collected, key, node, types};

/// Properties that name performers, in the order they are read. The last three are for sports.
const PERFORMERS: &[&str] = &["performer", "performers", "actor", "homeTeam", "awayTeam", "competitor"];

/// Type names that some plugins print where a performer's name belongs.
const TYPE_NAMES: &[&str] = &["Organization", "Person", "PerformingGroup", "MusicGroup", "Thing"];

/// Adds the node's performers; gives their keys in order.
pub(super) fn performers(event: &Map<String, Value>, base: &Base<'_>, into: &mut Collected) -> Vec<String> {
    let mut keys = Vec::new();
    let stated = PERFORMERS.iter().filter_map(|name| node::get(event, name));
    for item in stated.flat_map(node::items) {
        let Some((performer, name)) = performer(item, base) else { continue };
        let key = party_key(Kind::Performer, &name, performer.url.value(), into);
        if !keys.contains(&key) {
            keys.push(key.clone());
        }
        into.add(Record::new(key, performer));
    }
    keys
}

/// Adds the node's organizer; gives its key.
pub(super) fn organizer(event: &Map<String, Value>, base: &Base<'_>, into: &mut Collected) -> Option<String> {
    let stated = node::get(event, "organizer").map(node::items).unwrap_or_default();
    let (organizer, name) = stated.iter().find_map(|item| organizer_of(item, base))?;
    let key = party_key(Kind::Organizer, &name, organizer.url.value(), into);
    into.add(Record::new(key.clone(), organizer));
    Some(key)
}

fn performer(item: &Value, base: &Base<'_>) -> Option<(Performer, String)> {
    let name = party_name(item)?;
    let nothing = Map::new();
    let object = item.as_object().unwrap_or(&nothing);
    let performer = Performer {
        name: name.as_str().into(),
        role: role(object).map(str::to_owned).into(),
        url: own_link(object, base).into(),
        image_url: node::link(object, "image", base.url).into(),
        genres: Some(texts(object, "genre")).filter(|genres| !genres.is_empty()).into(),
        description: node::prose(object, "description").into(),
    };
    Some((performer, name))
}

fn organizer_of(item: &Value, base: &Base<'_>) -> Option<(Organizer, String)> {
    let name = party_name(item)?;
    let nothing = Map::new();
    let object = item.as_object().unwrap_or(&nothing);
    let image = node::link(object, "logo", base.url).or_else(|| node::link(object, "image", base.url));
    let organizer = Organizer {
        name: name.as_str().into(),
        url: own_link(object, base).into(),
        email: node::line(object, "email").into(),
        phone: node::line(object, "telephone").into(),
        image_url: image.into(),
        description: node::prose(object, "description").into(),
    };
    Some((organizer, name))
}

fn party_name(item: &Value) -> Option<String> {
    let name = node::line_of(item)?;
    (!TYPE_NAMES.contains(&name.as_str()) && !name.starts_with("http")).then_some(name)
}

fn own_link(object: &Map<String, Value>, base: &Base<'_>) -> Option<String> {
    node::link(object, "url", base.url).or_else(|| node::link(object, "sameAs", base.url))
}

fn role(object: &Map<String, Value>) -> Option<&'static str> {
    types::of(object).find_map(|name| match name {
        "Person" => Some("person"),
        "SportsTeam" => Some("team"),
        "MusicGroup" | "PerformingGroup" | "TheaterGroup" | "DanceGroup" => Some("group"),
        _ => None,
    })
}

/// All texts of a property, each on one line.
pub(super) fn texts(object: &Map<String, Value>, name: &str) -> Vec<String> {
    let stated = node::get(object, name).map(node::items).unwrap_or_default();
    stated.iter().filter_map(node::line_of).collect()
}

/// Its own address, else its name. An address that another name already has on this page is the
/// site's, not its own.
fn party_key(kind: Kind, name: &str, url: Option<&String>, known: &mut Collected) -> String {
    let by_name = key::slug(name);
    match url.and_then(|url| key::link_key(url)) {
        Some(by_url) if known.claim(kind, &by_url, &by_name) => by_url,
        _ => by_name,
    }
}
