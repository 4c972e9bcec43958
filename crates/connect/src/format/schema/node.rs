//! Reading one property of a node: schema.org allows text, object or a list of either everywhere.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::Url;

use crate::value::text;

/// What a JSON-LD document may write before a property's name.
const PREFIXES: &[&str] = &["schema:", "https://schema.org/", "http://schema.org/"];

/// The property called `name`, unless it is null or an empty list.
pub(super) fn get<'a>(node: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    let prefixed = || {
        let mut members = node.iter();
        let found = members.find(|(key, _)| key.strip_suffix(name).is_some_and(|p| PREFIXES.contains(&p)));
        found.map(|(_, value)| value)
    };
    let value = node.get(name).or_else(prefixed)?;
    let nothing = value.is_null() || value.as_array().is_some_and(Vec::is_empty);
    (!nothing).then_some(value)
}

/// The first of `names` that the node states.
pub(super) fn first<'a>(node: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    names.iter().find_map(|name| get(node, name))
}

/// A list's items; anything else is a list of one.
pub(super) fn items(value: &Value) -> &[Value] {
    match value {
        Value::Array(items) => items,
        other => std::slice::from_ref(other),
    }
}

/// The text of a value, verbatim: of an object its `@value` or name, of a list its first text.
/// `None` when blank.
pub(super) fn verbatim(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) => Some(Cow::Borrowed(text.trim())),
        Value::Number(number) => Some(Cow::Owned(number.to_string())),
        Value::Array(items) => items.iter().find_map(verbatim),
        Value::Object(object) => ["@value", "name"].iter().find_map(|name| verbatim(object.get(*name)?)),
        Value::Null | Value::Bool(_) => None,
    }
}

/// A property as one line of plain text.
pub(super) fn line(node: &Map<String, Value>, name: &str) -> Option<String> {
    line_of(get(node, name)?)
}

/// A value as one line of plain text.
pub(super) fn line_of(value: &Value) -> Option<String> {
    Some(text::line_from_html(&verbatim(value)?)).filter(|line| !line.is_empty())
}

/// A property as plain text of several lines. Some plugins escape for JavaScript before they write
/// JSON, which leaves `\\n` and `\\'` in the text itself.
pub(super) fn prose(node: &Map<String, Value>, name: &str) -> Option<String> {
    let said = verbatim(get(node, name)?)?;
    let said = if said.contains('\\') {
        Cow::Owned(said.replace("\\r", "").replace("\\n", "\n").replace("\\'", "'").replace("\\\"", "\""))
    } else {
        said
    };
    Some(text::from_html(&said)).filter(|text| !text.is_empty())
}

/// A property as an address: text, or an object with `url`, `contentUrl` or `@id`.
pub(super) fn link(node: &Map<String, Value>, name: &str, base: &Url) -> Option<String> {
    items(get(node, name)?).iter().find_map(|item| link_of(item, base))
}

pub(super) fn link_of(value: &Value, base: &Url) -> Option<String> {
    match value {
        Value::String(text) => absolute(text, base),
        Value::Object(object) => ["url", "contentUrl", "@id", "@value"]
            .iter()
            .find_map(|name| items(object.get(*name)?).iter().find_map(|item| link_of(item, base))),
        _ => None,
    }
}

/// An address made whole; `None` for what leads nowhere on the web (`javascript:`, a relative link of
/// a saved page that does not know its site).
fn absolute(text: &str, base: &Url) -> Option<String> {
    let text = text.trim();
    let decoded =
        if text.contains('&') { Cow::Owned(text::decode_entities(text)) } else { Cow::Borrowed(text) };
    if decoded.is_empty() || decoded.starts_with('#') {
        return None;
    }
    let url = base.join(&decoded).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

/// A property as a number, written as number or text.
pub(super) fn number(node: &Map<String, Value>, name: &str) -> Option<f64> {
    let number: f64 = verbatim(get(node, name)?)?.parse().ok()?;
    number.is_finite().then_some(number)
}

/// A property as true or false, written in any of the ways sources write it.
pub(super) fn flag(node: &Map<String, Value>, name: &str) -> Option<bool> {
    let value = get(node, name)?;
    if let Value::Bool(flag) = value {
        return Some(*flag);
    }
    match super::types::local_name(&verbatim(value)?).to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" => Some(true),
        "false" | "no" | "0" => Some(false),
        _ => None,
    }
}
