//! One feed item as an event, with the venue and organizer it names.

use chrono::{DateTime, Utc};
use model::{Event, Organizer, Record, Rejected, Stated, Venue};
use roxmltree::Node;

use super::missing_start;
use crate::format::schema::{Base, address_key, slug};
use crate::format::xml::own_text;
use crate::value::{text, time};

/// Element names that give the start, compared without case, dashes and underscores. `ev:startdate`,
/// `xcal:dtstart`, `s:localstartdate`, `x-trumba:localstart`, `livewhale:starts`, `tribe:startdate`.
const STARTS: &[&str] = &[
    "startdate",
    "dtstart",
    "startdatetime",
    "eventstart",
    "eventstartdate",
    "localstartdate",
    "localstart",
    "starts",
    "starttime",
    "start",
    "begin",
];
const ENDS: &[&str] = &[
    "enddate",
    "dtend",
    "enddatetime",
    "eventend",
    "eventenddate",
    "localenddate",
    "localend",
    "ends",
    "endtime",
    "end",
];
const PLACES: &[&str] = &["location", "eventlocation", "gamelocation", "venue", "place", "where"];

/// The records of one item, or why it is none.
pub(super) fn read(item: Node<'_, '_>, base: &Base<'_>) -> Result<Vec<Record>, Box<Rejected>> {
    let title = text::line_from_html(&core_text(item, &["title", "summary"]).unwrap_or_default());
    let Some(start) = child_text(item, STARTS).or_else(|| when_attribute(item, "startTime")) else {
        return Err(missing_start(item, &title));
    };
    let link = link(item, base);
    let mut event = Event {
        title: title.as_str().into(),
        description: description(item).into(),
        url: link.clone().into(),
        start: base.when(&start).into(),
        end: child_text(item, ENDS)
            .or_else(|| when_attribute(item, "endTime"))
            .map(|said| base.when(&said))
            .into(),
        status: child_text(item, &["status", "eventstatus"]).as_deref().and_then(status).into(),
        categories: categories(item).into(),
        image_url: image(item, base).into(),
        published_at: instant(item, &["pubdate", "published", "issued"]).into(),
        modified_at: instant(item, &["updated", "modified"]).into(),
        ..Event::default()
    };
    event.timezone = event.start.value().and_then(|when| when.zone_name()).map(str::to_owned).into();
    let mut records = Vec::new();
    if let Some((key, venue)) = venue(item) {
        event.venue = key.as_str().into();
        records.push(Record::new(key, venue));
    }
    if let Some(name) = module_text(item, &["organizer"]).map(|said| text::line_from_html(&said)) {
        event.organizer = slug(&name).as_str().into();
        records
            .push(Record::new(slug(&name), Organizer { name: name.as_str().into(), ..Organizer::default() }));
    }
    records.push(Record::new(key(item, link.as_deref(), &title, &start), event));
    Ok(records)
}

/// The item's own id, else its link, else what tells it apart.
fn key(item: Node<'_, '_>, link: Option<&str>, title: &str, start: &str) -> String {
    let about = item.attributes().find(|a| a.name() == "about").map(|a| a.value().to_owned());
    let own = core_text(item, &["guid", "id", "uid"]).or(about);
    let linked = || link.map(|link| address_key(link).unwrap_or_else(|| link.to_owned()));
    own.or_else(linked).unwrap_or_else(|| format!("{}#{start}", slug(title)))
}

/// The text of the first child whose name is one of `names`; an element of a module counts before a
/// plain one, and earlier names before later ones.
fn child_text(item: Node<'_, '_>, names: &[&str]) -> Option<String> {
    ordered_text(item, names, |own| own)
}

/// The same, with the feed's own elements first: `title` before `media:title`.
fn core_text(item: Node<'_, '_>, names: &[&str]) -> Option<String> {
    ordered_text(item, names, |own| !own)
}

/// `last` says of an element, by whether it is of the feed's own format, that it counts last.
fn ordered_text(item: Node<'_, '_>, names: &[&str], last: fn(bool) -> bool) -> Option<String> {
    let own = item.tag_name().namespace();
    names.iter().find_map(|name| {
        let mut found: Vec<Node<'_, '_>> = children(item).filter(|child| folded(child) == *name).collect();
        found.sort_by_key(|child| last(child.tag_name().namespace() == own));
        found.into_iter().map(own_text).find(|text| !text.is_empty())
    })
}

/// The same, but never from the feed's own elements: Atom's `location` is none of ours, and plain
/// RSS has no `organizer`.
fn module_text(item: Node<'_, '_>, names: &[&str]) -> Option<String> {
    let own_namespace = item.tag_name().namespace();
    let of_module = |child: &Node<'_, '_>| child.tag_name().namespace() != own_namespace;
    let found = children(item).filter(of_module).find(|child| names.contains(&folded(child).as_str()))?;
    Some(own_text(found)).filter(|text| !text.is_empty())
}

fn children<'a, 'i>(item: Node<'a, 'i>) -> impl Iterator<Item = Node<'a, 'i>> {
    item.children().filter(Node::is_element)
}

fn folded(element: &Node<'_, '_>) -> String {
    element.tag_name().name().replace(['-', '_'], "").to_lowercase()
}

/// `<gd:when startTime="…">`.
fn when_attribute(item: Node<'_, '_>, name: &str) -> Option<String> {
    let when = children(item).find(|child| child.tag_name().name() == "when")?;
    when.attribute(name).map(str::to_owned)
}

fn link(item: Node<'_, '_>, base: &Base<'_>) -> Option<String> {
    let links = || children(item).filter(|child| child.tag_name().name() == "link");
    let alternate =
        links().find(|l| matches!(l.attribute("rel"), None | Some("alternate")) && l.has_attribute("href"));
    let said = match alternate.and_then(|l| l.attribute("href")) {
        Some(href) => href.to_owned(),
        None => links().map(own_text).find(|text| !text.is_empty()).or_else(|| permalink(item))?,
    };
    let url = base.url.join(&text::decode_entities(said.trim())).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// A guid that is an address, unless it says that it is not one.
fn permalink(item: Node<'_, '_>) -> Option<String> {
    let guid = children(item).find(|child| child.tag_name().name() == "guid")?;
    let denied = guid.attribute("isPermaLink").is_some_and(|said| said.eq_ignore_ascii_case("false"));
    Some(own_text(guid)).filter(|text| !denied && text.starts_with("http"))
}

/// The fullest text the item gives.
fn description(item: Node<'_, '_>) -> Option<String> {
    let said = core_text(item, &["encoded", "content", "description", "summary"])?;
    Some(text::from_html(&said)).filter(|text| !text.is_empty())
}

fn status(said: &str) -> Option<String> {
    let word = match said.trim().to_lowercase().as_str() {
        "confirmed" | "scheduled" => "scheduled",
        "tentative" => "tentative",
        "cancelled" | "canceled" => "cancelled",
        "postponed" => "postponed",
        _ => return None,
    };
    Some(word.to_owned())
}

fn categories(item: Node<'_, '_>) -> Option<Vec<String>> {
    let elements =
        children(item).filter(|child| matches!(folded(child).as_str(), "category" | "subject" | "type"));
    let said = elements.filter_map(|element| {
        let attribute = element.attribute("label").or(element.attribute("term"));
        let said = attribute.map_or_else(|| own_text(element), str::to_owned);
        Some(text::line_from_html(&said)).filter(|line| !line.is_empty())
    });
    let mut listed: Vec<String> = said.collect();
    listed.dedup();
    (!listed.is_empty()).then_some(listed)
}

fn image(item: Node<'_, '_>, base: &Base<'_>) -> Option<String> {
    let found = children(item).find(|child| {
        let kind = child.attribute("type").or(child.attribute("medium")).unwrap_or_default();
        match child.tag_name().name() {
            "enclosure" | "content" => kind.starts_with("image"),
            "thumbnail" => true,
            _ => false,
        }
    })?;
    base.url.join(found.attribute("url")?).ok().map(|url| url.to_string())
}

fn instant(item: Node<'_, '_>, names: &[&str]) -> Option<DateTime<Utc>> {
    time::instant(&core_text(item, names)?)
}

fn venue(item: Node<'_, '_>) -> Option<(String, Venue)> {
    let place = module_text(item, PLACES).or_else(|| child_text(item, PLACES));
    let name = place.map(|said| text::line_from_html(&said)).filter(|name| !name.is_empty());
    let point = point(item);
    let (lat, lon) = point.unzip();
    let key = match (&name, point) {
        (Some(name), _) => slug(name),
        (None, Some((lat, lon))) => format!("{lat},{lon}"),
        (None, None) => return None,
    };
    let venue = Venue { name: Stated::from(name), lat: lat.into(), lon: lon.into(), ..Venue::default() };
    Some((key, venue))
}

/// `geo:lat` and `geo:long`, alone or inside `geo:Point`, or `georss:point`.
fn point(item: Node<'_, '_>) -> Option<(f64, f64)> {
    let find = |names: [&str; 2]| {
        let mut found = item.descendants().filter(|node| node.is_element());
        let element = found.find(|node| names.contains(&node.tag_name().name()))?;
        own_text(element).parse::<f64>().ok()
    };
    let pair = match (find(["lat", "latitude"]), find(["long", "longitude"])) {
        (Some(lat), Some(lon)) => (lat, lon),
        _ => georss(item)?,
    };
    let plausible = pair != (0.0, 0.0) && pair.0.abs() <= 90.0 && pair.1.abs() <= 180.0;
    plausible.then_some(pair)
}

fn georss(item: Node<'_, '_>) -> Option<(f64, f64)> {
    let element = item.descendants().find(|node| node.tag_name().name() == "point")?;
    let text = own_text(element);
    let mut numbers = text.split_ascii_whitespace().map(str::parse::<f64>);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}
