//! The parts of a page that hold given places, so that only those need a tree: on most pages with
//! events in their markup that is a small part.
//!
//! Promise: the tree of a part is what it is within the tree of the page. Where that is not certain
//! no parts are given, and the caller builds the tree of the whole page.

use std::iter::Peekable;
use std::slice::Iter;

use super::tags::{Tag, TagKind, tags};

/// The outermost elements in whose start tags the offsets `wanted` (in order) lie; offsets elsewhere
/// count for nothing. `None` when some element's bounds depend on how a browser repairs the page.
pub fn fragments<'a>(html: &'a str, wanted: &[usize]) -> Option<Vec<&'a str>> {
    let mut found = Vec::new();
    let mut wanted = wanted.iter().peekable();
    let mut outside = Outside::default();
    let mut part: Option<Part<'a>> = None;
    for tag in tags(html) {
        if let Some(open) = &mut part {
            if open.step(&tag)? {
                found.push(&html[open.start..tag.start]);
                part = None;
            }
        } else if holds_next(&tag, &mut wanted) {
            part = Some(outside.begin(&tag)?);
        } else {
            outside.step(&tag);
        }
        if part.is_none() && wanted.peek().is_none() {
            return Some(found);
        }
    }
    part.is_none().then_some(found)
}

/// True when one of the offsets lies in the tag; those before it are dropped.
fn holds_next(tag: &Tag<'_>, wanted: &mut Peekable<Iter<'_, usize>>) -> bool {
    while wanted.next_if(|at| **at < tag.start).is_some() {}
    let mut holds = false;
    while wanted.next_if(|at| **at < tag.end).is_some() {
        holds = matches!(tag.kind, TagKind::Start(_));
    }
    holds
}

/// What around a part decides how it is read.
#[derive(Default)]
struct Outside<'a> {
    /// An element is open whose inside is no ordinary markup.
    special: Option<&'a str>,
    /// A paragraph may be open: any block in it ends it, and with it what it holds.
    in_paragraph: bool,
    /// A link is open: a link in it ends it in the same way.
    in_link: bool,
}

/// Elements whose inside is text, drawing or set apart.
const SPECIAL: &[&str] =
    &["iframe", "math", "noembed", "noframes", "noscript", "select", "svg", "template", "textarea", "xmp"];

/// Elements that a browser reads in the same way wherever they stand.
const SELF_STANDING: &[&str] = &["article", "aside", "div", "li", "main", "section"];

impl<'a> Outside<'a> {
    fn step(&mut self, tag: &Tag<'a>) {
        let start = matches!(tag.kind, TagKind::Start(_));
        match self.special {
            Some(name) if !start && tag.is(name) => self.special = None,
            Some(_) => {}
            None if tag.is("p") => self.in_paragraph = start,
            None if tag.is("a") => self.in_link = start,
            None if start => self.special = SPECIAL.iter().find(|name| tag.is(name)).copied(),
            None => {}
        }
    }

    fn begin(&self, tag: &Tag<'a>) -> Option<Part<'a>> {
        let inside = self.special.is_some() || self.in_link;
        let whole = SELF_STANDING.iter().any(|name| tag.is(name)) || tag.is("span") && !self.in_paragraph;
        (whole && !inside).then(|| Part { start: tag.start, name: tag.name, open: Vec::new() })
    }
}

/// An element whose end is looked for.
struct Part<'a> {
    start: usize,
    name: &'a str,
    /// The elements open in it.
    open: Vec<&'a str>,
}

impl<'a> Part<'a> {
    /// True when this tag ends the part; `None` when its tags do not pair.
    fn step(&mut self, tag: &Tag<'a>) -> Option<bool> {
        let start = matches!(tag.kind, TagKind::Start(_));
        if self.ends_with_item(tag) {
            // The next item would end it too, but then its own end tag was left out.
            return (!start && self.open.is_empty()).then_some(true);
        }
        match tag.kind {
            _ if !tag.nests() => {}
            // Closes itself in a drawing only; elsewhere browsers do not see the slash.
            TagKind::Start(attributes) if attributes.ends_with('/') => {
                return (tag.is("svg") || self.within(&["svg", "math"])).then_some(false);
            }
            TagKind::Start(_) => self.open.push(tag.name),
            TagKind::End => match self.open.pop() {
                Some(name) if tag.is(name) => {}
                None if tag.is(self.name) => return Some(true),
                _ => return None,
            },
        }
        Some(false)
    }

    /// True for the start or end of a list item when the part itself is one, of the same list.
    fn ends_with_item(&self, tag: &Tag<'_>) -> bool {
        tag.is("li") && self.name.eq_ignore_ascii_case("li") && !self.within(&["ul", "ol"])
    }

    fn within(&self, names: &[&str]) -> bool {
        self.open.iter().any(|open| names.iter().any(|name| open.eq_ignore_ascii_case(name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The parts that hold `X`.
    fn check(html: &str, expected: Option<&[&str]>) {
        let wanted: Vec<usize> = html.match_indices('X').map(|(at, _)| at).collect();
        assert_eq!(fragments(html, &wanted).as_deref(), expected, "{html}");
    }

    #[test]
    fn a_part_runs_to_its_own_end_tag() {
        check("<p>a<div X><div>b</div><p>c</div>d", Some(&["<div X><div>b</div><p>c"]));
        check("<ul><li X>a<ul><li>b</ul></li><li X>c</LI></ul>", Some(&["<li X>a<ul><li>b</ul>", "<li X>c"]));
        check("<div X><svg><path/></svg></div>", Some(&["<div X><svg><path/></svg>"]));
        check("<p>a</p><span X>b<br></span>", Some(&["<span X>b<br>"]));
        check("<div X><section X></section></div>", Some(&["<div X><section X></section>"]));
    }

    #[test]
    fn what_is_no_tag_holds_nothing() {
        check("X <!-- <div X> --><script>'<div X>'</script></div X>", Some(&[]));
    }

    #[test]
    fn what_a_browser_would_repair_is_left_to_the_whole_page() {
        for html in [
            "<div X>a",
            "<div X><b><i>a</b></i></div>",
            "<ul><li X>a<li>b</ul>",
            "<ul><li X><div>a<li>b</div></ul>",
            "<div X><div/>a</div>",
            "<p>a<span X><div>b</div></span>",
            "<a><div X><a>b</a></div></a>",
            "<table><tr X><td>a</td></tr></table>",
            "<body X>a</body>",
            "<noscript><div X>a</div></noscript>",
        ] {
            check(html, None);
        }
    }
}
