//! An element's content cut where lines end, each line an element again: for entries that stand between
//! `<br>`, every one with its own links.

use std::fmt::Write;

use ego_tree::iter::Edge;
use scraper::{ElementRef, Node};

use super::{breaks, inside_code};

/// The markup of each line, as [`super::Element::lines`] cuts them. What spans several lines (a `<strong>`
/// around all) is closed and opened again in each.
pub(super) fn markup_by_line(element: ElementRef<'_>) -> Vec<String> {
    let mut lines = Lines::default();
    for edge in element.traverse() {
        match edge {
            Edge::Open(node) => match node.value() {
                Node::Text(text) if !inside_code(node) => push_escaped(&mut lines.line, text),
                Node::Element(inner) if matches!(inner.name(), "td" | "th") => lines.line.push(' '),
                Node::Element(inner) if breaks(inner.name()) => lines.end(),
                Node::Element(inner) => lines.open(inner),
                _ => {}
            },
            Edge::Close(node) => match node.value() {
                Node::Element(inner) if matches!(inner.name(), "td" | "th") => lines.line.push(' '),
                Node::Element(inner) if breaks(inner.name()) => lines.end(),
                Node::Element(inner) => lines.close(inner.name()),
                _ => {}
            },
        }
    }
    lines.end();
    lines.done
}

#[derive(Default)]
struct Lines {
    done: Vec<String>,
    line: String,
    /// Name and start tag of what is open, outermost first.
    open: Vec<(String, String)>,
}

impl Lines {
    fn open(&mut self, element: &scraper::node::Element) {
        let mut tag = format!("<{}", element.name());
        for (name, value) in element.attrs() {
            let _ = write!(tag, " {name}=\"{}\"", value.replace('&', "&amp;").replace('"', "&quot;"));
        }
        tag.push('>');
        self.line.push_str(&tag);
        if !is_void(element.name()) {
            self.open.push((element.name().to_owned(), tag));
        }
    }

    fn close(&mut self, name: &str) {
        if self.open.last().is_some_and(|(open, _)| open == name) {
            self.open.pop();
            let _ = write!(self.line, "</{name}>");
        }
    }

    fn end(&mut self) {
        for (name, _) in self.open.iter().rev() {
            let _ = write!(self.line, "</{name}>");
        }
        let next = self.open.iter().map(|(_, tag)| tag.as_str()).collect();
        self.done.push(std::mem::replace(&mut self.line, next));
    }
}

fn push_escaped(line: &mut String, text: &str) {
    line.push_str(&text.replace('&', "&amp;").replace('<', "&lt;"));
}

fn is_void(name: &str) -> bool {
    matches!(name, "img" | "input" | "wbr" | "embed" | "source" | "area" | "col" | "link" | "meta")
}
