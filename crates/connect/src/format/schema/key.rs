//! The keys rows are known by. They must stay the same from one reading to the next while other
//! fields change, so they rest on as little as tells the page's events apart.
//!
//! An event is its address. Only where several events of a page share one, its start is added, and
//! where that does not tell them apart its name, then its place. An event without an address is the
//! hash of start, name and place.

use std::collections::{HashMap, HashSet};

use model::ContentHash;
use serde_json::{Map, Value};
use url::Url;

use super::{Base, node, place};
use crate::value::time;

/// What can tell one event of a page from another.
#[derive(Debug, PartialEq, Eq, Hash, Clone)]
struct Traits {
    start: String,
    name: String,
    place: String,
}

/// The keys of the events that `nodes` state, in order; the same key for nodes that state the same
/// event.
pub(super) fn keys(nodes: &[&Map<String, Value>], base: &Base<'_>) -> Vec<String> {
    let traits: Vec<Traits> = nodes.iter().map(|node| traits(node)).collect();
    let addresses: Vec<Option<String>> = nodes.iter().map(|node| address(node, base.url)).collect();
    let ids: Vec<Option<&str>> = nodes.iter().map(|node| own_id(node)).collect();
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, address) in addresses.iter().enumerate() {
        if let Some(address) = address {
            groups.entry(address).or_default().push(index);
        }
    }
    let unaddressed = |(traits, address): (&Traits, &Option<String>)| match address {
        Some(_) => String::new(),
        None => hashed(traits),
    };
    let mut keys: Vec<String> = traits.iter().zip(&addresses).map(unaddressed).collect();
    for (address, members) in groups {
        let group = Group::of(members.iter().map(|index| &traits[*index]));
        let own_ids: Option<HashSet<&str>> = members.iter().map(|index| ids[*index]).collect();
        let by_id = group.distinct > 1 && own_ids.is_some_and(|ids| ids.len() == group.distinct);
        for index in members {
            keys[index] = match ids[index] {
                Some(id) if by_id => id.to_owned(),
                _ => group.told_apart(address, &traits[index]),
            };
        }
    }
    keys
}

/// What differs among the events that share one address.
struct Group<'a> {
    distinct: usize,
    starts: HashSet<&'a str>,
    names: HashMap<&'a str, HashSet<&'a str>>,
    places: HashMap<(&'a str, &'a str), HashSet<&'a str>>,
}

impl<'a> Group<'a> {
    fn of(members: impl Iterator<Item = &'a Traits>) -> Group<'a> {
        let all: HashSet<&Traits> = members.collect();
        let mut group = Group {
            distinct: all.len(),
            starts: HashSet::new(),
            names: HashMap::new(),
            places: HashMap::new(),
        };
        for Traits { start, name, place } in all {
            group.starts.insert(start);
            group.names.entry(start).or_default().insert(name);
            group.places.entry((start, name)).or_default().insert(place);
        }
        group
    }

    /// The address, with as many traits added as are needed.
    fn told_apart(&self, address: &str, own: &Traits) -> String {
        let several = |values: Option<&HashSet<&str>>| values.is_some_and(|values| values.len() > 1);
        let mut key = address.to_owned();
        if self.starts.len() > 1 {
            key = format!("{key}#{}", own.start);
        }
        if several(self.names.get(own.start.as_str())) {
            key = format!("{key}#{}", own.name);
        }
        if several(self.places.get(&(own.start.as_str(), own.name.as_str()))) {
            key = format!("{key}#{}", own.place);
        }
        key
    }
}

fn traits(node: &Map<String, Value>) -> Traits {
    let said = node::get(node, "startDate").and_then(node::verbatim).unwrap_or_default();
    let name = node::line(node, "name").unwrap_or_default();
    let place = place::first_name(node).unwrap_or_default();
    Traits { start: start_text(&said), name: slug(&name), place: slug(&place) }
}

/// Local date and time to the minute: the same for the same start however it is written.
pub(super) fn start_text(said: &str) -> String {
    let when = time::read(said);
    match (when.date, when.time) {
        (Some(date), Some(time)) => format!("{date}T{}", time.format("%H:%M")),
        (Some(date), None) => date.to_string(),
        _ => said.trim().to_owned(),
    }
}

fn hashed(traits: &Traits) -> String {
    let joined = [traits.start.as_str(), &traits.name, &traits.place].join("\n");
    format!("event-{}", &ContentHash::of(joined.as_bytes()).to_hex()[..16])
}

/// The event's own address, as a key: its `url`, else its `@id`. A relative link that cannot be made
/// whole still tells events apart.
fn address(event: &Map<String, Value>, base: &Url) -> Option<String> {
    if let Some(url) = node::link(event, "url", base) {
        return link_key(&url).or_else(|| id_key(event, base));
    }
    let relative = node::get(event, "url").and_then(node::verbatim);
    let relative = relative.filter(|text| !text.starts_with('#') && !text.contains(':')).map(String::from);
    relative.or_else(|| id_key(event, base))
}

fn id_key(event: &Map<String, Value>, base: &Url) -> Option<String> {
    let id = own_id(event)?;
    match base.join(id) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && id.contains('/') => address_key(url.as_str()),
        _ => Some(id.to_owned()),
    }
}

fn own_id(node: &Map<String, Value>) -> Option<&str> {
    let id = node.get("@id")?.as_str()?.trim();
    (!id.is_empty() && !id.starts_with("_:") && !id.starts_with('#')).then_some(id)
}

/// An address as a key: without fragment and tracking parameters, always `https`. `None` for a
/// site's front page, which many things on a site name as theirs.
pub(crate) fn address_key(text: &str) -> Option<String> {
    let mut url = Url::parse(text).ok()?;
    url.set_fragment(None);
    if url.query().is_some() {
        let kept: Vec<(String, String)> = url
            .query_pairs()
            .filter(|(name, _)| !is_tracking(name))
            .map(|(n, v)| (n.into(), v.into()))
            .collect();
        url.set_query(None);
        if !kept.is_empty() {
            url.query_pairs_mut().extend_pairs(kept);
        }
    }
    if url.path() == "/" && url.query().is_none() {
        return None;
    }
    let text = url.to_string();
    Some(text.strip_prefix("http://").map(|rest| format!("https://{rest}")).unwrap_or(text))
}

/// As [`address_key`], for an address that was made whole before: most need no second parsing.
pub(super) fn link_key(link: &str) -> Option<String> {
    match link.strip_prefix("https://").and_then(|rest| rest.split_once('/')) {
        Some((_, path)) if !link.contains(['?', '#']) => (!path.is_empty()).then(|| link.to_owned()),
        _ => address_key(link),
    }
}

fn is_tracking(parameter: &str) -> bool {
    const NAMES: &[&str] =
        &["fbclid", "gclid", "dclid", "msclkid", "mc_cid", "mc_eid", "igshid", "_ga", "_gl", "aff", "yclid"];
    parameter.starts_with("utm_") || NAMES.contains(&parameter)
}

/// Lower-case words of letters and digits joined by `-`: the same for the same name however it is
/// spaced and punctuated.
pub(crate) fn slug(text: &str) -> String {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}
