//! Web pages: what they state in JSON-LD, microdata and microformats, as one reading.

use model::{Document, Found, Note, Reading, SourceName};
use scraper::Html;
use serde_json::Value;

use super::wrong;
use crate::format::html::{self, Page};
use crate::format::{jsonld, microdata, microformats, schema};
use crate::{ReadError, ReadOptions};

/// The tree of a page that nests deeper is not built: the cost grows with the square of the depth, and
/// no browser shows such a page either.
const MAX_DEPTH: usize = 2_000;

/// Reads a page. One without events is told apart from one that stands where a page with events
/// should be.
pub(super) fn read(document: &Document, options: &ReadOptions) -> Result<Reading, ReadError> {
    let text = html::decode(document);
    let page = html::scan(&text);
    let found = jsonld::read(&page.json_ld);
    let mut reading = Reading { notes: found.unparsable, ..Reading::default() };
    if found.lenient > 0 {
        reading
            .notes
            .push(Note::new(format!("{} JSON-LD block(s) are malformed and were repaired", found.lenient)));
    }
    let nodes = if page.deepest > MAX_DEPTH {
        reading.notes.push(Note::new("the page nests too deeply; only its JSON-LD was read"));
        found.nodes
    } else {
        with_other_forms(found.nodes, &text)
    };
    let base_url = page.base_url(document);
    let base = schema::Base { url: &base_url, timezone: options.timezone };
    reading.records = schema::records(&nodes, &base);
    reading.notes.extend(unexpanded(&nodes));
    reading.source = own_source(&page, document);
    if nodes.is_empty() {
        wrong::page(&page, &text, document)?;
        reading.notes.push(nothing_found());
    }
    Ok(reading)
}

/// The page's tree is only built when its bytes promise events in it.
fn with_other_forms(nodes: Vec<Value>, text: &str) -> Vec<Value> {
    let (microdata, microformats) = (microdata::mentions_event(text), microformats::mentions_event(text));
    if !microdata && !microformats {
        return nodes;
    }
    let tree = Html::parse_document(text);
    let mut nodes = nodes;
    if microdata {
        nodes = schema::merge(nodes, microdata::events(&tree));
    }
    if microformats {
        nodes = schema::merge(nodes, microformats::events(&tree));
    }
    nodes
}

/// A saved page knows the site it is from; a fetched one is kept under the address it came from.
fn own_source(page: &Page<'_>, document: &Document) -> Option<SourceName> {
    if document.found != Found::File {
        return None;
    }
    page.own_url(document)?.host_str().map(SourceName::new)
}

/// Repeating rules in pages are rare and are not expanded; the user is told.
fn unexpanded(nodes: &[Value]) -> Option<Note> {
    let count =
        nodes.iter().filter(|node| node.get("eventSchedule").is_some_and(|rule| !rule.is_null())).count();
    (count > 0).then(|| {
        Note::new(format!(
            "{count} event(s) state a repeating schedule (eventSchedule), which is not expanded; only their start is kept"
        ))
    })
}

fn nothing_found() -> Note {
    Note::new(
        "no events found; looked for JSON-LD, microdata, hCalendar and h-event. If the page shows events, look for \
         its calendar or feed link, or write a connector for it: `callboard connector new`",
    )
}
