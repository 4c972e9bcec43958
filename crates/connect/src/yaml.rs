//! YAML as a tree that knows where each of its parts stands; [`shape`] holds it against a schema.
//!
//! Every file that users write (connectors, pipelines) is read through this, so that every fault is
//! reported at its line and column. JSON is YAML and needs nothing of its own.

pub mod shape;

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};
use serde_saphyr::Spanned;

/// Line and column, both from 1.
pub type Place = (usize, usize);

/// One part of the file.
#[derive(Debug)]
pub struct Node {
    /// Where it begins.
    pub place: Place,
    /// What it is.
    pub tree: Tree,
}

/// What a part of the file is.
#[derive(Debug)]
pub enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// The name of a member, and where it stands.
#[derive(Debug)]
pub struct Key {
    pub name: String,
    pub place: Place,
}

/// A step from a part to one inside it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Key(String),
    Index(usize),
}

/// Parses a whole file; the error says where and what. Only `true` and `false` are such: `no` and `on`
/// are texts.
pub fn parse(text: &str) -> Result<Node, (Option<Place>, String)> {
    let options = serde_saphyr::options! { with_snippet: false, strict_booleans: true };
    serde_saphyr::from_str_with_options::<Part>(text, options).map(node).map_err(|error| {
        let place = error.location().map(place).filter(|place| place.0 > 0);
        let plain = error.without_snippet().to_string();
        let message = plain.lines().next().unwrap_or_default();
        let message = message.split(" at line ").next().unwrap_or_default();
        (place, in_our_words(message.trim_start_matches("error: ")))
    })
}

/// What the library says of its own options, which whoever wrote the file cannot set.
fn in_our_words(message: &str) -> String {
    match message.split_once(": ") {
        Some(("duplicate mapping key", key)) => {
            format!("`{}` is there twice", key.split(',').next().unwrap_or(key))
        }
        Some(("budget breached", _)) => {
            "the file is larger, or refers to itself (`*name`) more often, than any such file needs to"
                .to_owned()
        }
        _ => message.to_owned(),
    }
}

/// What to do about the two slips that everybody makes once.
pub fn hint(text: &str, place: Option<Place>, message: &str) -> Option<String> {
    let at = place.map_or(0, |(line, _)| line.saturating_sub(1));
    let near = || text.lines().skip(at.saturating_sub(1)).take(3);
    let unquoted = |line: &str| line.contains(": {{") || line.contains("- {{");
    if near().any(unquoted) {
        return Some("put quotes around `{{ … }}`: a brace begins an object in YAML".to_owned());
    }
    let escape = message.to_lowercase().contains("escape")
        || near().any(|line| line.contains("\"{{") && line.contains('\\'));
    escape.then(|| {
        "inside double quotes YAML reads backslashes itself: use single quotes, or a block (`>-`)".to_owned()
    })
}

/// Where the byte `at` of `text` stands in the file, given where `text` begins: at its own column where
/// the text is written on one line as it is, else where the text begins.
pub fn place_within(source: &str, (line, column): Place, text: &str, at: usize) -> Place {
    let written = source.lines().nth(line.saturating_sub(1)).unwrap_or_default();
    let from = written.char_indices().nth(column.saturating_sub(1)).map_or(written.len(), |(at, _)| at);
    let before = text.get(..at).unwrap_or_default();
    match written[from..].find(text) {
        Some(quote) if quote <= 1 => (line, column + quote + before.chars().count()),
        _ => (line, column),
    }
}

impl Node {
    /// A tree that stands nowhere: what a program built rather than wrote to a file. Its places are
    /// `(0, 0)`.
    pub fn nowhere(json: &Value) -> Node {
        let tree = match json {
            Value::Null => Tree::Null,
            Value::Bool(flag) => Tree::Bool(*flag),
            Value::Number(number) => Tree::Number(number.clone()),
            Value::String(text) => Tree::Text(text.clone()),
            Value::Array(items) => Tree::List(items.iter().map(Node::nowhere).collect()),
            Value::Object(members) => {
                let member = |(name, value): (&String, &Value)| {
                    (Key { name: name.clone(), place: (0, 0) }, Node::nowhere(value))
                };
                Tree::Map(members.iter().map(member).collect())
            }
        };
        Node { place: (0, 0), tree }
    }

    /// How many lists and objects stand inside one another at most.
    pub fn depth(&self) -> usize {
        let inner = match &self.tree {
            Tree::List(items) => items.iter().map(Node::depth).max(),
            Tree::Map(pairs) => pairs.iter().map(|(_, node)| node.depth()).max(),
            _ => return 0,
        };
        1 + inner.unwrap_or(0)
    }

    /// The same as plain JSON.
    pub fn to_json(&self) -> Value {
        match &self.tree {
            Tree::Null => Value::Null,
            Tree::Bool(flag) => Value::Bool(*flag),
            Tree::Number(number) => Value::Number(number.clone()),
            Tree::Text(text) => Value::String(text.clone()),
            Tree::List(items) => Value::Array(items.iter().map(Node::to_json).collect()),
            Tree::Map(pairs) => {
                let member = |(key, node): &(Key, Node)| (key.name.clone(), node.to_json());
                Value::Object(pairs.iter().map(member).collect::<Map<_, _>>())
            }
        }
    }

    /// The part at the end of `path`, or the nearest one around where it would be.
    pub fn at(&self, path: &[Step]) -> &Node {
        let Some((step, rest)) = path.split_first() else { return self };
        let inside = match (step, &self.tree) {
            (Step::Key(name), Tree::Map(pairs)) => {
                pairs.iter().find(|(key, _)| key.name == *name).map(|(_, node)| node)
            }
            (Step::Index(index), Tree::List(items)) => items.get(*index),
            _ => None,
        };
        inside.map_or(self, |node| node.at(rest))
    }

    /// Where the last step of `path` is named: a member's name rather than its value.
    pub fn name_place(&self, path: &[Step]) -> Place {
        let Some((Step::Key(name), around)) = path.split_last() else { return self.at(path).place };
        let around = self.at(around);
        match &around.tree {
            Tree::Map(pairs) => {
                let key = pairs.iter().find(|(key, _)| key.name == *name);
                key.map_or(around.place, |(key, _)| key.place)
            }
            _ => around.place,
        }
    }
}

type Part = Spanned<Untyped>;

enum Untyped {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Part>),
    Map(Vec<(Spanned<String>, Part)>),
}

fn place(location: serde_saphyr::Location) -> Place {
    (usize::try_from(location.line()).unwrap_or(0), usize::try_from(location.column()).unwrap_or(0))
}

fn node(part: Part) -> Node {
    let tree = match part.value {
        Untyped::Null => Tree::Null,
        Untyped::Bool(flag) => Tree::Bool(flag),
        Untyped::Number(number) => Tree::Number(number),
        Untyped::Text(text) => Tree::Text(text),
        Untyped::List(items) => Tree::List(items.into_iter().map(node).collect()),
        Untyped::Map(pairs) => {
            let member = |(key, part): (Spanned<String>, Part)| {
                (Key { place: place(key.referenced), name: key.value }, node(part))
            };
            Tree::Map(pairs.into_iter().map(member).collect())
        }
    };
    Node { place: place(part.referenced), tree }
}

impl<'de> Deserialize<'de> for Untyped {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyTree)
    }
}

struct AnyTree;

impl<'de> Visitor<'de> for AnyTree {
    type Value = Untyped;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any YAML value")
    }

    fn visit_unit<E>(self) -> Result<Untyped, E> {
        Ok(Untyped::Null)
    }

    fn visit_none<E>(self) -> Result<Untyped, E> {
        Ok(Untyped::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Untyped, D::Error> {
        deserializer.deserialize_any(AnyTree)
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Untyped, E> {
        Ok(Untyped::Bool(flag))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Untyped, E> {
        Ok(Untyped::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Untyped, E> {
        Ok(Untyped::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Untyped, E> {
        Ok(Number::from_f64(number).map_or(Untyped::Null, Untyped::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Untyped, E> {
        Ok(Untyped::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Untyped, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Untyped::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Untyped, A::Error> {
        let mut map = Vec::new();
        while let Some(pair) = members.next_entry()? {
            map.push(pair);
        }
        Ok(Untyped::Map(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_where_everything_stands() {
        let tree =
            parse("name: x\nrequests:\n  list:\n    url: \"a\"\n    read:\n      - kind: event\n").unwrap();
        let key = |name: &str| Step::Key(name.to_owned());
        let path = [key("requests"), key("list"), key("read"), Step::Index(0), key("kind")];
        assert_eq!(tree.at(&path).place, (6, 15));
        assert_eq!(tree.name_place(&path), (6, 9));
        assert_eq!(tree.name_place(&path[..2]), (3, 3));
    }

    #[test]
    fn faults_of_the_yaml_itself_have_a_place() {
        let (place, message) = parse("name: x\nurl: [a, b\n").unwrap_err();
        assert!(place.is_some(), "{message}");
        let (place, message) = parse("name: x\nname: y\n").unwrap_err();
        assert_eq!((place, message.as_str()), (Some((2, 1)), "`name` is there twice"));
        let (_, message) = parse(&format!("[{}]", "1, ".repeat(300_000))).unwrap_err();
        assert!(message.starts_with("the file is larger"), "{message}");
        assert!(parse("").is_ok());
        let tree = parse("a: no\nb: on\nc: true\n").unwrap();
        assert_eq!(tree.to_json().to_string(), r#"{"a":"no","b":"on","c":true}"#);
    }
}
