//! XML as it is sent: any charset, white space or a byte-order mark before the declaration, HTML
//! entities nobody defined, bare ampersands, stray control characters.
//!
//! [`text`] repairs, [`parse`] builds the tree over the repaired text, [`to_json`] turns an element
//! into a plain value, which is what manifests and rejected items work on.

mod repair;

use std::borrow::Cow;

use encoding_rs::Encoding;
use roxmltree::{Node, ParsingOptions};
use serde_json::{Map, Value};

use crate::ReadError;
use crate::format::html::charset_label;

/// No real feed comes near this many nodes; a hostile one is stopped here.
const MAX_NODES: u32 = 5_000_000;

/// Deeper elements give their text only: values are read by recursion.
const MAX_DEPTH: usize = 128;

/// The text of an XML document, ready for [`parse`]. `media_type` is the whole `Content-Type`
/// header, if there was one.
pub fn text<'a>(body: &'a [u8], media_type: Option<&str>) -> Cow<'a, str> {
    let declared = media_type.and_then(charset_label).or_else(|| declared_encoding(body));
    let encoding = declared.and_then(|label| Encoding::for_label(label.as_bytes()));
    let encoding = encoding.unwrap_or(encoding_rs::UTF_8);
    let (decoded, _, _) = encoding.decode(body);
    let start =
        decoded.len() - decoded.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}').len();
    let trimmed = match decoded {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..]),
        Cow::Owned(mut text) => {
            text.drain(..start);
            Cow::Owned(text)
        }
    };
    match repair::repaired(&trimmed) {
        Some(repaired) => Cow::Owned(repaired),
        None => trimmed,
    }
}

/// The tree of `text`, or where it is malformed.
pub fn parse(text: &str) -> Result<roxmltree::Document<'_>, ReadError> {
    let options = ParsingOptions { allow_dtd: true, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    roxmltree::Document::parse_with_options(text, options).map_err(|error| {
        let at = error.pos();
        ReadError::Malformed {
            format: "XML",
            line: at.row as usize,
            column: at.col as usize,
            message: error.to_string(),
        }
    })
}

/// A whole document as `{root name: value of the root}`, as [`to_json`] gives it.
pub fn read_json(body: &[u8], media_type: Option<&str>) -> Result<Value, ReadError> {
    let text = text(body, media_type);
    let document = parse(&text)?;
    let root = document.root_element();
    Ok(Value::Object(Map::from_iter([(name(root), to_json(root))])))
}

/// An element as a plain value.
///
/// - Neither attributes nor child elements: its text, trimmed; `""` when empty.
/// - Else an object: attributes as `@name`, children by their name (with the prefix the document
///   uses), text that stands beside them as `#text`. Children of one name become a list.
/// - More than 128 levels down only text is kept.
pub fn to_json(element: Node<'_, '_>) -> Value {
    to_json_at(element, 0)
}

fn to_json_at(element: Node<'_, '_>, depth: usize) -> Value {
    let text = own_text(element);
    if depth > MAX_DEPTH {
        return Value::String(text);
    }
    let mut object = Map::new();
    for attribute in element.attributes() {
        let prefix = attribute.namespace().and_then(|uri| element.lookup_prefix(uri));
        object.insert(format!("@{}", prefixed(prefix, attribute.name())), Value::from(attribute.value()));
    }
    for child in element.children().filter(Node::is_element) {
        push(&mut object, name(child), to_json_at(child, depth + 1));
    }
    if object.is_empty() {
        return Value::String(text);
    }
    if !text.is_empty() {
        object.insert("#text".to_owned(), Value::String(text));
    }
    Value::Object(object)
}

/// The name of an element as the document writes it: `ev:startdate`, `item`.
pub fn name(element: Node<'_, '_>) -> String {
    let tag = element.tag_name();
    let prefix = tag.namespace().and_then(|uri| element.lookup_prefix(uri));
    prefixed(prefix, tag.name())
}

/// All text directly inside an element, trimmed.
pub fn own_text(element: Node<'_, '_>) -> String {
    let parts = element.children().filter(Node::is_text).filter_map(|node| node.text());
    parts.collect::<String>().trim().to_owned()
}

fn prefixed(prefix: Option<&str>, name: &str) -> String {
    match prefix {
        Some(prefix) if !prefix.is_empty() => format!("{prefix}:{name}"),
        _ => name.to_owned(),
    }
}

fn push(object: &mut Map<String, Value>, name: String, value: Value) {
    match object.get_mut(&name) {
        None => drop(object.insert(name, value)),
        Some(Value::Array(list)) => list.push(value),
        Some(first) => {
            let list = vec![first.take(), value];
            *first = Value::Array(list);
        }
    }
}

/// The `encoding` of the XML declaration.
fn declared_encoding(body: &[u8]) -> Option<&str> {
    let head = &body[..body.len().min(200)];
    let head = str::from_utf8(head)
        .unwrap_or_else(|fault| str::from_utf8(&head[..fault.valid_up_to()]).unwrap_or_default());
    let declaration = head.split_once("<?xml")?.1.split_once("?>")?.0;
    let value = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value[1..].split_once(quote).map(|(label, _)| label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(xml: &[u8], expected: Value) {
        assert_eq!(read_json(xml, None), Ok(expected), "{}", String::from_utf8_lossy(xml));
    }

    #[test]
    fn elements_become_plain_values() {
        check(b"<a/>", json!({"a": ""}));
        check(b"<a> x </a>", json!({"a": "x"}));
        check(b"<a n='1'>x</a>", json!({"a": {"@n": "1", "#text": "x"}}));
        check(b"<a><b>1</b><b>2</b><c/><b>3</b></a>", json!({"a": {"b": ["1", "2", "3"], "c": ""}}));
        check(b"<a><![CDATA[<p>x & y</p>]]></a>", json!({"a": "<p>x & y</p>"}));
        check(
            b"<r xmlns:ev='u:ev'><ev:start ev:k='v'>x</ev:start></r>",
            json!({"r": {"ev:start": {"@ev:k": "v", "#text": "x"}}}),
        );
    }

    #[test]
    fn damage_of_the_wild_is_repaired() {
        check(b"\xEF\xBB\xBF \n<?xml version='1.0'?><a>x</a>", json!({"a": "x"}));
        check(
            b"<a>caf&eacute; &nbsp;R&B &amp; &#8217; &unknown;</a>",
            json!({"a": "caf\u{e9} \u{a0}R&B & \u{2019} &unknown;"}),
        );
        check(b"<a><![CDATA[&nbsp;]]></a>", json!({"a": "&nbsp;"}));
        check(b"<a>x\x0by</a>", json!({"a": "xy"}));
        check(b"<?xml version='1.0' encoding='ISO-8859-1'?><a>caf\xe9</a>", json!({"a": "caf\u{e9}"}));
        check(b"<!DOCTYPE a [<!ENTITY own 'mine'>]><a>&own;</a>", json!({"a": "mine"}));
    }

    #[test]
    fn malformed_xml_says_where() {
        let fault = read_json(b"<a>\n<b></a>", None).expect_err("malformed");
        assert!(matches!(fault, ReadError::Malformed { format: "XML", line: 2, .. }), "{fault}");
    }
}
