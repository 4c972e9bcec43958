//! Microdata: `itemscope`, `itemtype`, `itemprop`, `itemref`, as nodes in the shape of JSON-LD.
//!
//! Needs the page's tree, which is dear: [`mentions`] tells from the bytes whether it is
//! worth building.

use std::collections::{HashMap, HashSet};

use memchr::memmem;
use scraper::{ElementRef, Html};
use serde_json::{Map, Value};

use super::schema;
use crate::value::text;

/// Deeper items are not followed: `itemref` can point in circles.
const MAX_DEPTH: usize = 16;

/// Where an `itemtype` of the page names an event type.
pub fn mentions(html: &str) -> impl Iterator<Item = usize> {
    memmem::find_iter(html.as_bytes(), b"itemtype").filter(|at| {
        let end = html.floor_char_boundary((at + 400).min(html.len()));
        let value = html[at + "itemtype".len()..end].trim_start();
        let Some(value) = value.strip_prefix('=') else { return false };
        let value = value.trim_start().trim_start_matches(['"', '\'']);
        let value = value.split(['"', '\'', '>']).next().unwrap_or_default();
        value.split_ascii_whitespace().any(is_event_type)
    })
}

/// True when items may reach for properties elsewhere on the page.
pub fn reaches_outside(html: &str) -> bool {
    memmem::find(html.as_bytes(), b"itemref").is_some()
}

/// The event items of a page that belong to no other event's `superEvent`, in page order.
pub fn events(tree: &Html) -> Vec<Value> {
    let page = &Tree::of(tree);
    let mut nodes = Vec::new();
    for scope in tree.tree.nodes().filter_map(ElementRef::wrap) {
        let (Some(types), Some(_)) = (scope.attr("itemtype"), scope.attr("itemscope")) else { continue };
        let listed = scope.attr("itemprop").is_none_or(|name| name != "superEvent");
        if listed && types.split_ascii_whitespace().any(is_event_type) {
            nodes.push(item(page, scope, 0));
        }
    }
    nodes
}

/// What `itemref` can point at.
struct Tree<'a> {
    ids: HashMap<&'a str, ElementRef<'a>>,
}

impl<'a> Tree<'a> {
    /// The index is only made when the page uses `itemref`.
    fn of(tree: &'a Html) -> Tree<'a> {
        let elements = || tree.tree.nodes().filter_map(ElementRef::wrap);
        let mut ids = HashMap::new();
        if elements().any(|element| element.attr("itemref").is_some()) {
            for element in elements() {
                if let Some(id) = element.attr("id") {
                    ids.entry(id).or_insert(element);
                }
            }
        }
        Tree { ids }
    }
}

fn is_event_type(name: &str) -> bool {
    let local = name.rsplit(['/', '#', ':']).next().unwrap_or_default();
    schema::EVENT_TYPES.iter().any(|known| known.eq_ignore_ascii_case(local))
}

/// One item as a JSON-LD node. A property given more than once is a list.
fn item<'a>(page: &Tree<'a>, scope: ElementRef<'a>, depth: usize) -> Value {
    let mut node = Map::new();
    if let Some(types) = scope.attr("itemtype") {
        node.insert(
            "@type".to_owned(),
            one_or_list(types.split_ascii_whitespace().map(Value::from).collect()),
        );
    }
    if let Some(id) = scope.attr("itemid") {
        node.insert("@id".to_owned(), Value::from(id));
    }
    for element in property_elements(page, scope) {
        let value = value(page, element, depth);
        for name in element.attr("itemprop").unwrap_or_default().split_ascii_whitespace() {
            let name = name.rsplit('/').next().unwrap_or(name);
            add(&mut node, name, value.clone());
        }
    }
    Value::Object(node)
}

fn one_or_list(mut values: Vec<Value>) -> Value {
    if values.len() == 1 { values.remove(0) } else { Value::Array(values) }
}

fn add(node: &mut Map<String, Value>, name: &str, value: Value) {
    match node.get_mut(name) {
        None => drop(node.insert(name.to_owned(), value)),
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
}

/// The elements with `itemprop` that belong to `scope`: below it or below what its `itemref` names,
/// and not below a scope in between.
fn property_elements<'a>(page: &Tree<'a>, scope: ElementRef<'a>) -> Vec<ElementRef<'a>> {
    let mut found = Vec::new();
    let mut seen = HashSet::from([scope.id()]);
    let mut pending: Vec<ElementRef<'a>> = scope.child_elements().collect();
    for id in scope.attr("itemref").unwrap_or_default().split_ascii_whitespace() {
        pending.extend(page.ids.get(id).copied());
    }
    pending.reverse();
    while let Some(element) = pending.pop() {
        if !seen.insert(element.id()) {
            continue;
        }
        if element.attr("itemprop").is_some() {
            found.push(element);
        }
        if element.attr("itemscope").is_none() {
            let children: Vec<ElementRef<'a>> = element.child_elements().collect();
            pending.extend(children.into_iter().rev());
        }
    }
    found
}

/// The value of a property element: an item, else the attribute its element keeps values in, else
/// its text. `content` counts on any element, as search engines read it.
fn value<'a>(page: &Tree<'a>, element: ElementRef<'a>, depth: usize) -> Value {
    if element.attr("itemscope").is_some() {
        return if depth < MAX_DEPTH { item(page, element, depth + 1) } else { Value::Null };
    }
    if let Some(content) = element.attr("content") {
        return Value::from(content.trim());
    }
    let attribute = match element.value().name() {
        "a" | "area" | "link" => element.attr("href"),
        "img" | "audio" | "embed" | "iframe" | "source" | "track" | "video" => element.attr("src"),
        "object" => element.attr("data"),
        "data" | "meter" => element.attr("value"),
        "time" => element.attr("datetime"),
        _ => None,
    };
    match attribute {
        Some(value) => Value::from(value.trim()),
        None => Value::from(visible_text(element)),
    }
}

/// An element's text with its blocks on lines of their own.
fn visible_text(element: ElementRef<'_>) -> String {
    if element.child_elements().next().is_none() {
        return text::fold(&element.text().collect::<String>());
    }
    text::from_html(&element.inner_html())
}

#[cfg(test)]
mod tests;
