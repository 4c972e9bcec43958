//! XML as values of expressions: elements with attributes, addressed by local names.
//!
//! An element prints as its text. Names match with or without their prefix: `startdate` and
//! `ev:startdate` both find `<ev:startdate>`.

use std::fmt;
use std::sync::Arc;

use minijinja::value::{Object, ObjectRepr, Value};

use crate::value::text::fold;

/// One element of an XML document.
pub struct XmlElement {
    prefixed: String,
    local: String,
    attributes: Vec<(String, String)>,
    text: String,
    children: Vec<Arc<XmlElement>>,
}

/// Elements nested deeper than this are no listing.
const DEEPEST: usize = 200;

impl XmlElement {
    /// The root element of `xml`, or where and why it is none: line, column, message.
    pub fn parse(xml: &str) -> Result<Arc<XmlElement>, (usize, usize, String)> {
        let options =
            roxmltree::ParsingOptions { allow_dtd: true, nodes_limit: 5_000_000, ..Default::default() };
        let document =
            roxmltree::Document::parse_with_options(xml.trim_start(), options).map_err(|error| {
                let at = error.pos();
                (at.row as usize, at.col as usize, error.to_string())
            })?;
        Ok(Arc::new(build(document.root_element(), 0)))
    }

    /// The elements directly inside that bear `name`.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Arc<XmlElement>> {
        self.children.iter().filter(move |child| child.is_called(name))
    }

    /// True when `name` is its local or its prefixed name, or `*`.
    pub fn is_called(&self, name: &str) -> bool {
        name == "*" || self.local == name || self.prefixed == name
    }

    /// Every element inside that bears `name`, in document order.
    pub fn descendants(self: &Arc<Self>, name: &str, found: &mut Vec<Arc<XmlElement>>) {
        for child in &self.children {
            if child.is_called(name) {
                found.push(Arc::clone(child));
            }
            child.descendants(name, found);
        }
    }

    /// An attribute by its local or prefixed name.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// Its text and that of the elements inside it.
    pub fn text(&self) -> String {
        let mut all = String::new();
        self.collect(&mut all);
        all.trim().to_owned()
    }

    fn collect(&self, all: &mut String) {
        all.push_str(&self.text);
        for child in &self.children {
            all.push(' ');
            child.collect(all);
        }
    }
}

fn build(node: roxmltree::Node<'_, '_>, depth: usize) -> XmlElement {
    let local = node.tag_name().name().to_owned();
    let prefix = node.tag_name().namespace().and_then(|uri| node.lookup_prefix(uri));
    let prefixed = prefix.map_or_else(|| local.clone(), |prefix| format!("{prefix}:{local}"));
    let attributes = node.attributes().map(|a| (a.name().to_owned(), a.value().to_owned())).collect();
    let text = node.children().filter(|child| child.is_text()).filter_map(|child| child.text()).collect();
    let inner = node.children().filter(|child| child.is_element() && depth < DEEPEST);
    let children = inner.map(|child| Arc::new(build(child, depth + 1))).collect();
    XmlElement { prefixed, local, attributes, text, children }
}

impl fmt::Debug for XmlElement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>", self.prefixed)
    }
}

impl Object for XmlElement {
    fn repr(self: &Arc<Self>) -> ObjectRepr {
        ObjectRepr::Plain
    }

    /// `item.title` is the first `<title>` inside; `item['@href']` an attribute.
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let name = key.as_str()?;
        if let Some(attribute) = name.strip_prefix('@') {
            return self.attribute(attribute).map(Value::from);
        }
        self.children(name).next().map(|child| Value::from_dyn_object(Arc::clone(child)))
    }

    fn is_true(self: &Arc<Self>) -> bool {
        true
    }

    fn render(self: &Arc<Self>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&fold(&self.text()))
    }
}
