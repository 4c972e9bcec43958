//! Web pages: what they state in JSON-LD, microdata and microformats, as one reading.

use model::{Document, Found, Note, Reading, SourceName};
use scraper::Html;
use serde_json::Value;

use super::wrong;
use crate::format::html::{self, MAX_DEPTH, Page};
use crate::format::{jsonld, microdata, microformats, schema};
use crate::{ReadError, ReadOptions};

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
    let too_deep = page.deepest > MAX_DEPTH;
    let nodes = if too_deep {
        reading.damaged = Some(Note::new("the page nests too deeply; only its JSON-LD was read"));
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
        if too_deep {
            return Err(ReadError::TooDeep);
        }
        reading.notes.push(nothing_found());
    }
    Ok(reading)
}

/// Trees are only built when the page's bytes promise events in them.
fn with_other_forms(mut nodes: Vec<Value>, text: &str) -> Vec<Value> {
    let mentions = mentions(text);
    if mentions.is_empty() {
        return nodes;
    }
    let trees = trees(text, &mentions);
    nodes = schema::merge(nodes, trees.iter().flat_map(microdata::events).collect());
    schema::merge(nodes, trees.iter().flat_map(microformats::events).collect())
}

/// Where the page may hold an event's element, in order.
fn mentions(text: &str) -> Vec<usize> {
    let mut mentions: Vec<usize> = microdata::mentions(text).chain(microformats::mentions(text)).collect();
    mentions.sort_unstable();
    mentions
}

/// Trees of the parts that hold the events, or of the whole page when they cannot stand alone.
fn trees(text: &str, mentions: &[usize]) -> Vec<Html> {
    let parts = if microdata::reaches_outside(text) { None } else { html::fragments(text, mentions) };
    match parts {
        Some(parts) => parts.into_iter().map(Html::parse_fragment).collect(),
        None => vec![Html::parse_document(text)],
    }
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

#[cfg(test)]
mod tests {
    use testkit::recorded_files;

    use super::*;
    use crate::sources::Sources;

    /// Its tree would take minutes, whoever asks for it: detection, or the rules of any connector.
    #[test]
    fn no_tree_is_built_of_a_page_that_nests_too_deeply() {
        let page = format!("<html><body>{}<div itemscope itemprop=startDate>", "<div>".repeat(200_000));
        let url = url::Url::parse("https://x.test/").expect("url");
        let document = |body: String| Document::from_bytes("x.html", url.clone(), body.into_bytes());
        let now = chrono::DateTime::UNIX_EPOCH;
        let options =
            ReadOptions { window: model::Window::around(now.date_naive(), 1, 1), timezone: None, now };
        let deep = document(page.clone());
        assert!(Sources::load(&[]).0.recognise(&deep).is_none());
        assert_eq!(read(&deep, &options).expect_err("not read"), ReadError::TooDeep);
        let stated = r#"{"@type":"Event","name":"Gala","startDate":"2026-05-01"}"#;
        let half = format!("<script type='application/ld+json'>{stated}</script>{page}");
        let reading = read(&document(half), &options).expect("its JSON-LD");
        assert_eq!(reading.records.len(), 1);
        assert!(reading.damaged.is_some());
    }

    #[test]
    fn parts_of_a_page_read_as_the_whole() {
        let mut in_parts = 0;
        for folder in ["data/microdata", "data/jsonld"] {
            for file in recorded_files(folder, &[".html"]) {
                let body = std::fs::read(&file).expect("recorded page");
                let text = String::from_utf8_lossy(&body);
                let mentions = mentions(&text);
                let Some(parts) = html::fragments(&text, &mentions) else { continue };
                in_parts += usize::from(!parts.is_empty());
                let whole = [Html::parse_document(&text)];
                let trees: Vec<Html> = parts.into_iter().map(Html::parse_fragment).collect();
                let read = |trees: &[Html]| -> [Vec<Value>; 2] {
                    [
                        trees.iter().flat_map(microdata::events).collect(),
                        trees.iter().flat_map(microformats::events).collect(),
                    ]
                };
                assert_eq!(read(&trees), read(&whole), "{}", file.display());
            }
        }
        assert!(in_parts >= 4 || recorded_files("data/microdata", &[".html"]).is_empty(), "{in_parts}");
    }
}
