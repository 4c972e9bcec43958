//! The sort of a document, from its first bytes.

use std::borrow::Cow;

use encoding_rs::Encoding;
use memchr::memmem;

use crate::format::feed;

/// What a document looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sniffed {
    /// iCalendar.
    Calendar,
    /// A web page, whole or in part.
    Html,
    /// RSS or Atom.
    Feed,
    /// Other XML.
    Xml,
    /// JSON.
    Json,
    /// Nothing but white space.
    Empty,
    /// None of these.
    Unknown,
}

/// How far into a document is looked for the start of what it is; some calendars follow garbage.
const HEAD: usize = 16 * 1024;

/// Elements that may begin a page or a piece of one.
const HTML_ELEMENTS: &[&str] = &[
    "html",
    "head",
    "body",
    "title",
    "meta",
    "link",
    "script",
    "style",
    "base",
    "div",
    "span",
    "p",
    "a",
    "h1",
    "h2",
    "h3",
    "h4",
    "ul",
    "ol",
    "li",
    "dl",
    "table",
    "tbody",
    "tr",
    "td",
    "section",
    "article",
    "main",
    "header",
    "footer",
    "nav",
    "form",
    "img",
    "br",
    "hr",
    "b",
    "i",
    "strong",
    "em",
    "center",
    "font",
    "iframe",
    "noscript",
    "template",
    "time",
    "abbr",
    "pre",
    "input",
    "button",
    "svg",
    "aside",
    "figure",
    "blockquote",
    "frameset",
];

/// Tells the sort of a document from its content.
pub fn sniff(body: &[u8]) -> Sniffed {
    let head = head(body);
    let text = head.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
    match text.as_bytes().first() {
        None if body.len() <= HEAD => Sniffed::Empty,
        Some(b'<') => markup(text),
        Some(b'{' | b'[') => Sniffed::Json,
        _ if holds_calendar(text) => Sniffed::Calendar,
        _ if ["<html", "<body", "<script"].iter().any(|tag| contains(text, tag)) => Sniffed::Html,
        _ => Sniffed::Unknown,
    }
}

fn head(body: &[u8]) -> Cow<'_, str> {
    let bytes = &body[..body.len().min(HEAD)];
    match Encoding::for_bom(bytes) {
        Some((encoding, mark)) => encoding.decode_without_bom_handling(&bytes[mark..]).0,
        // Checked as a whole first: replacing goes through it byte by byte.
        None => str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed),
    }
}

fn contains(text: &str, wanted: &str) -> bool {
    memmem::find(text.to_ascii_lowercase().as_bytes(), wanted.as_bytes()).is_some()
}

fn holds_calendar(text: &str) -> bool {
    contains(text, "begin:vcalendar") || contains(text, "begin:vevent")
}

/// By the root element, behind declaration, comments and document type.
fn markup(text: &str) -> Sniffed {
    let mut rest = text;
    let mut declared_xml = false;
    loop {
        let lower_start: String = rest.chars().take(14).collect::<String>().to_ascii_lowercase();
        if lower_start.starts_with("<!doctype html") {
            return Sniffed::Html;
        }
        let end = match lower_start {
            start if start.starts_with("<?") => {
                declared_xml |= start.starts_with("<?xml");
                "?>"
            }
            start if start.starts_with("<!--") => "-->",
            start if start.starts_with("<!") => ">",
            _ => break,
        };
        match rest.find(end) {
            Some(at) => rest = rest[at + end.len()..].trim_start(),
            None => return if declared_xml { Sniffed::Xml } else { Sniffed::Html },
        }
    }
    by_root(rest, declared_xml)
}

fn by_root(rest: &str, declared_xml: bool) -> Sniffed {
    let name = rest.strip_prefix('<').unwrap_or_default();
    let name = name.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default();
    let local = name.rsplit(':').next().unwrap_or_default();
    if feed::is_feed_root(local) {
        return Sniffed::Feed;
    }
    let html = HTML_ELEMENTS.contains(&name.to_ascii_lowercase().as_str());
    match (html, declared_xml) {
        (true, false) => Sniffed::Html,
        (true, true) if name.eq_ignore_ascii_case("html") => Sniffed::Html,
        (false, false) if name.is_empty() || holds_calendar(rest) => {
            if holds_calendar(rest) {
                Sniffed::Calendar
            } else {
                Sniffed::Html
            }
        }
        _ => Sniffed::Xml,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_decides() {
        let check = |body: &str, expected: Sniffed| assert_eq!(sniff(body.as_bytes()), expected, "{body}");
        check("", Sniffed::Empty);
        check(" \r\n\u{feff} ", Sniffed::Empty);
        check("BEGIN:VCALENDAR\r\n", Sniffed::Calendar);
        check("\u{feff}begin:vcalendar", Sniffed::Calendar);
        check("some garbage\nBEGIN:VCALENDAR", Sniffed::Calendar);
        check("<!DOCTYPE html><html>", Sniffed::Html);
        check("<?xml version='1.0'?><!DOCTYPE html PUBLIC 'x'><html>", Sniffed::Html);
        check("<!-- hello --><HTML>", Sniffed::Html);
        check("<div class=vevent>", Sniffed::Html);
        check("<?xml version='1.0'?>\n<rss version='2.0'>", Sniffed::Feed);
        check("<rdf:RDF xmlns:rdf='x'>", Sniffed::Feed);
        check("<feed xmlns='http://www.w3.org/2005/Atom'>", Sniffed::Feed);
        check("<?xml version='1.0'?><!-- x --><ns:calendar>", Sniffed::Xml);
        check("<rsp stat='ok'/>", Sniffed::Xml);
        check("{\"a\": 1}", Sniffed::Json);
        check(" [1]", Sniffed::Json);
        check("Bad Request", Sniffed::Unknown);
        check("Hello <html><body>", Sniffed::Html);
    }
}
