//! RSS 0.9x, 1.0 and 2.0 and Atom, with the modules that carry an event's time.
//!
//! A feed lists news: `pubDate` says when an item was published, never when an event starts. An item
//! becomes an event only when a module states its start; else it is rejected with what it said. A
//! feed shows its latest items, so it is never complete.

mod item;

use model::{Document, Note, Reading, Rejected};
use roxmltree::Node;

use super::{schema, xml};
use crate::{ReadError, ReadOptions};

/// True when the root element is that of a feed.
pub fn is_feed_root(name: &str) -> bool {
    matches!(name, "rss" | "RDF" | "feed" | "channel")
}

/// Reads a feed's items.
pub fn read(document: &Document, options: &ReadOptions) -> Result<Reading, ReadError> {
    let text = xml::text(&document.body, document.header("content-type"));
    let tree = xml::parse(&text)?;
    let root = tree.root_element();
    if !is_feed_root(root.tag_name().name()) {
        return Err(unknown_root(root));
    }
    let base = schema::Base { url: &document.url, timezone: options.timezone };
    let mut reading = Reading::default();
    let mut collected = schema::Collected::default();
    for element in items(root) {
        match item::read(element, &base) {
            Ok(records) => records.into_iter().for_each(|record| collected.add(record)),
            Err(rejected) => reading.rejected.push(*rejected),
        }
    }
    reading.records = collected.into_records();
    if reading.records.is_empty() {
        reading.notes.push(nothing_found(reading.rejected.len()));
    }
    Ok(reading)
}

/// XML that is no feed.
fn unknown_root(root: Node<'_, '_>) -> ReadError {
    ReadError::Unrecognised(format!(
        "XML with the root element <{}>; a connector manifest with `decode: xml` can read it \
         (`callboard connector new` writes a template)",
        xml::name(root)
    ))
}

fn items<'a>(root: Node<'a, 'a>) -> impl Iterator<Item = Node<'a, 'a>> {
    let elements = root.descendants().filter(Node::is_element);
    elements.filter(|element| matches!(element.tag_name().name(), "item" | "entry"))
}

fn nothing_found(rejected: usize) -> Note {
    Note::new(match rejected {
        0 => "the feed has no items".to_owned(),
        count => format!(
            "none of the feed's {count} items states when an event starts; looked for the ev:, xCal and iCalendar \
             modules and for vendors' start dates. A connector manifest can read dates out of titles or pages"
        ),
    })
}

pub(super) fn missing_start(item: Node<'_, '_>, title: &str) -> Box<Rejected> {
    Box::new(Rejected {
        key: None,
        reason: "missing_start".to_owned(),
        detail: format!("the feed item {title:?} does not state when the event starts"),
        said: xml::to_json(item),
    })
}

#[cfg(test)]
mod tests;
