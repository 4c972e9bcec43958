//! The short way to say where a value stands: a path in JSON and XML, a selector in HTML.
//!
//! One text serves all three, because what it is put to decides how it is read: `venue.name`,
//! `dates[0].start`, `media[*].url`; `item.ev:startdate`, `link@href`; `h2 a`, `a.more@href`. A leading
//! `$` starts from the document instead of the current item; `.` is the item itself.

use std::sync::Arc;

use minijinja::value::{Value, ValueKind};

use super::cache;
use super::page::Element;
use super::xml::XmlElement;

/// A parsed address.
#[derive(Debug, Clone, PartialEq)]
pub struct Address {
    source: String,
    from_document: bool,
    path: Option<Vec<Segment>>,
    css: String,
    attribute: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
enum Segment {
    Key(String),
    Index(i64),
    All,
}

impl Address {
    /// Parses without knowing yet what the address will be put to.
    pub fn parse(text: &str) -> Address {
        let text = text.trim();
        let from_document = text.starts_with('$');
        let rest = text.strip_prefix('$').map_or(text, str::trim_start);
        let (css, attribute) = split_attribute(rest);
        Address {
            source: text.to_owned(),
            from_document,
            path: path(rest.strip_prefix('.').filter(|_| from_document).unwrap_or(rest)),
            css: css.to_owned(),
            attribute: attribute.map(str::to_owned),
        }
    }

    /// The address as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What is wrong with it as a selector, if anything.
    pub fn selector_fault(&self) -> Option<String> {
        if self.is_self() {
            return None;
        }
        cache::checked_selector(&self.css).err()
    }

    /// True when it is no path either.
    pub fn path_fault(&self) -> Option<String> {
        self.path.is_none().then(|| "brackets hold a number, `*` or a quoted name: `dates[0]`".to_owned())
    }

    fn is_self(&self) -> bool {
        matches!(self.css.as_str(), "" | ".")
    }

    /// The one value it names: for a selector, of the first element that matches. Undefined when there
    /// is none.
    pub fn first(&self, item: &Value, document: &Value) -> Value {
        let from = if self.from_document { document } else { item };
        if let Some(element) = from.downcast_object_ref::<Element>() {
            return self.elements(element, true).into_iter().next().unwrap_or_default();
        }
        if let Some(element) = from.downcast_object::<XmlElement>() {
            return self.xml(&element).into_iter().next().unwrap_or_default();
        }
        self.walk(from)
    }

    /// Every value it names.
    pub fn all(&self, item: &Value, document: &Value) -> Vec<Value> {
        let from = if self.from_document { document } else { item };
        if let Some(element) = from.downcast_object_ref::<Element>() {
            return self.elements(element, false);
        }
        if let Some(element) = from.downcast_object::<XmlElement>() {
            return self.xml(&element);
        }
        listed(self.walk(from))
    }

    fn elements(&self, from: &Element, one: bool) -> Vec<Value> {
        let found = if self.is_self() {
            vec![from.clone()]
        } else {
            let Some(selector) = cache::selector(&self.css) else { return Vec::new() };
            if one { from.css(&selector).into_iter().collect() } else { from.css_all(&selector) }
        };
        let value = |element: Element| match &self.attribute {
            None => Some(Value::from(element)),
            Some(name) => element.attr(name).map(Value::from),
        };
        found.into_iter().filter_map(value).collect()
    }

    fn walk(&self, from: &Value) -> Value {
        let Some(path) = &self.path else { return Value::UNDEFINED };
        follow(from, path)
    }

    /// In XML a path may begin with the name of the element it starts from, and every name finds all
    /// its elements.
    fn xml(&self, from: &Arc<XmlElement>) -> Vec<Value> {
        let Some(path) = &self.path else { return Vec::new() };
        let mut here = vec![Arc::clone(from)];
        for (depth, segment) in path.iter().enumerate() {
            let name = match segment {
                Segment::Key(name) => name.as_str(),
                Segment::Index(index) => {
                    here = nth(here, *index).into_iter().collect();
                    continue;
                }
                Segment::All => continue,
            };
            let (element, attribute) = name.split_once('@').map_or((name, None), |(e, a)| (e, Some(a)));
            if !element.is_empty() {
                let inside: Vec<_> = here
                    .iter()
                    .flat_map(|from| from.children(element).cloned().collect::<Vec<_>>())
                    .collect();
                let names_itself = depth == 0 && inside.is_empty() && from.is_called(element);
                here = if names_itself { here } else { inside };
            }
            if let Some(attribute) = attribute {
                return here.iter().filter_map(|e| e.attribute(attribute).map(Value::from)).collect();
            }
        }
        here.into_iter().map(Value::from_dyn_object).collect()
    }
}

/// A list's values; one value by itself; nothing for nothing.
pub fn listed(value: Value) -> Vec<Value> {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Vec::new(),
        ValueKind::Seq | ValueKind::Iterable => value.try_iter().map(Iterator::collect).unwrap_or_default(),
        _ => vec![value],
    }
}

fn follow(from: &Value, path: &[Segment]) -> Value {
    let Some((first, rest)) = path.split_first() else { return from.clone() };
    let next = match first {
        Segment::Key(name) => from.get_attr(name).unwrap_or_default(),
        Segment::Index(index) => match nth(listed(from.clone()), *index) {
            Some(value) => value,
            None => Value::UNDEFINED,
        },
        Segment::All => {
            let members = members(from);
            let found = members.iter().map(|value| follow(value, rest)).filter(|v| !v.is_undefined());
            return Value::from(found.flat_map(flatten).collect::<Vec<_>>());
        }
    };
    if rest.is_empty() { next } else { follow(&next, rest) }
}

/// Lists found by `[*]` inside `[*]` come out as one list.
fn flatten(value: Value) -> Vec<Value> {
    if value.kind() == ValueKind::Seq { listed(value) } else { vec![value] }
}

/// The elements of a list, the values of an object.
fn members(value: &Value) -> Vec<Value> {
    if value.kind() != ValueKind::Map {
        return listed(value.clone());
    }
    let keys = value.try_iter().map(|keys| keys.collect::<Vec<_>>()).unwrap_or_default();
    keys.iter().filter_map(|key| value.get_item(key).ok()).collect()
}

/// Counted from the end when negative.
fn nth<T>(mut list: Vec<T>, index: i64) -> Option<T> {
    let length = i64::try_from(list.len()).ok()?;
    let at = usize::try_from(if index < 0 { length + index } else { index }).ok()?;
    (at < list.len()).then(|| list.swap_remove(at))
}

/// `a.more@href` is the `href` of `a.more`; an `@` inside quotes or brackets is none of ours.
fn split_attribute(text: &str) -> (&str, Option<&str>) {
    let Some((css, attribute)) = text.rsplit_once('@') else { return (text, None) };
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
    let named = !attribute.is_empty() && attribute.chars().all(is_name);
    if named { (css.trim_end(), Some(attribute)) } else { (text, None) }
}

fn path(text: &str) -> Option<Vec<Segment>> {
    let mut segments = Vec::new();
    if matches!(text, "" | ".") {
        return Some(segments);
    }
    for part in split_outside_brackets(text) {
        let (name, mut brackets) = part.find('[').map_or((part, ""), |at| part.split_at(at));
        if !name.is_empty() {
            segments.push(Segment::Key(name.to_owned()));
        }
        while let Some(rest) = brackets.strip_prefix('[') {
            let (inside, after) = rest.split_once(']')?;
            segments.push(bracketed(inside.trim())?);
            brackets = after;
        }
        if !brackets.is_empty() {
            return None;
        }
    }
    Some(segments)
}

fn bracketed(inside: &str) -> Option<Segment> {
    if matches!(inside, "*" | "") {
        return Some(Segment::All);
    }
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'));
    match quote {
        Some(quote) => Some(Segment::Key(inside.strip_prefix(quote)?.strip_suffix(quote)?.to_owned())),
        None => inside.parse().ok().map(Segment::Index),
    }
}

fn split_outside_brackets(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut from) = (0_usize, 0);
    for (at, c) in text.char_indices() {
        match c {
            '[' => depth += 1,
            ']' => depth = depth.saturating_sub(1),
            '.' if depth == 0 => {
                parts.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[from..]);
    parts
}
