//! What counts of a page's tags, in one pass over them.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Page;
use super::tags::{Tag, TagKind, raw_text, tags};
use crate::value::text;

/// Reads what [`Page`] holds.
pub fn scan(html: &str) -> Page<'_> {
    let mut page = Page::default();
    let mut open = Open::default();
    for tag in tags(html) {
        let nests = tag.nests();
        match tag.kind {
            TagKind::End if nests => open.close(tag.name),
            TagKind::End => {}
            TagKind::Start(attributes) if nests => open.open(tag.name, attributes.ends_with('/')),
            TagKind::Start(attributes) => element(&mut page, html, &tag, attributes),
        }
    }
    page.deepest = open.deepest;
    page
}

/// The elements that are open, by name: an end tag closes none of another name, so that a page cannot pass
/// for flat by ending what it never began.
#[derive(Default)]
struct Open<'a> {
    by_name: HashMap<Cow<'a, str>, usize>,
    depth: usize,
    deepest: usize,
}

impl<'a> Open<'a> {
    fn open(&mut self, name: &'a str, ends_itself: bool) {
        let name = lower(name);
        if ends_itself && self.is_foreign(&name) {
            return;
        }
        *self.by_name.entry(name).or_default() += 1;
        self.depth += 1;
        self.deepest = self.deepest.max(self.depth);
    }

    /// Only what belongs to a picture or a formula can end itself; elsewhere the slash means nothing.
    fn is_foreign(&self, name: &str) -> bool {
        let around = |root: &str| name == root || self.by_name.get(root).is_some_and(|open| *open > 0);
        around("svg") || around("math")
    }

    fn close(&mut self, name: &'a str) {
        let Some(open) = self.by_name.get_mut(&lower(name)).filter(|open| **open > 0) else { return };
        *open -= 1;
        self.depth -= 1;
    }
}

fn lower(name: &str) -> Cow<'_, str> {
    let upper = name.bytes().any(|byte| byte.is_ascii_uppercase());
    if upper { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }
}

/// True when the page's text, white space folded, is longer than `limit` bytes. Reads no further than
/// it must.
pub fn says_more_than(html: &str, limit: usize) -> bool {
    let (mut said, mut at) = (0, 0);
    for tag in tags(html) {
        said += words_length(&html[at..tag.start]);
        if said > limit {
            return true;
        }
        let hidden = if tag.holds_code() { raw_text(html, &tag).len() } else { 0 };
        at = tag.end + hidden;
    }
    said + words_length(&html[at..]) > limit
}

/// Length of what stands between two tags: text, and comments that do not count.
fn words_length(between: &str) -> usize {
    let plain = if between.contains("<!") {
        Cow::Owned(text::line_from_html(between))
    } else {
        Cow::Borrowed(between)
    };
    plain.split_ascii_whitespace().map(|word| word.len() + 1).sum()
}

/// Takes what counts from one element; none of those that count nests.
fn element<'a>(page: &mut Page<'a>, html: &'a str, tag: &Tag<'a>, attributes: &'a str) {
    match tag.name.len() {
        4 if tag.is("base") => page.base_href = attribute(attributes, "href"),
        4 if tag.is("link") => link(page, attributes),
        4 if tag.is("meta") => meta(page, attributes),
        5 if tag.is("input") => {
            page.asks_password |=
                attribute(attributes, "type").is_some_and(|t| t.eq_ignore_ascii_case("password"));
        }
        5 if tag.is("title") && page.title.is_empty() => page.title = raw_text(html, tag).trim(),
        6 if tag.is("script") && is_json_ld(attributes) => page.json_ld.push(raw_text(html, tag)),
        _ => {}
    }
}

fn is_json_ld(attributes: &str) -> bool {
    let Some(media_type) = attribute(attributes, "type") else { return false };
    let bare = media_type.split(';').next().unwrap_or_default().trim();
    bare.eq_ignore_ascii_case("application/ld+json")
}

fn link<'a>(page: &mut Page<'a>, attributes: &'a str) {
    let rel = attribute(attributes, "rel").unwrap_or_default();
    if page.canonical.is_none() && rel.split_ascii_whitespace().any(|r| r.eq_ignore_ascii_case("canonical")) {
        page.canonical = attribute(attributes, "href").filter(|href| !href.trim().is_empty());
    }
}

fn meta<'a>(page: &mut Page<'a>, attributes: &'a str) {
    let named = |attribute_name, value: &str| {
        attribute(attributes, attribute_name).is_some_and(|found| found.eq_ignore_ascii_case(value))
    };
    if page.og_url.is_none() && (named("property", "og:url") || named("name", "og:url")) {
        page.og_url = attribute(attributes, "content").filter(|content| !content.trim().is_empty());
    }
    if named("http-equiv", "refresh") {
        page.refresh = attribute(attributes, "content").and_then(refresh_target);
    }
}

/// The address in `0; url=/new`.
fn refresh_target(content: Cow<'_, str>) -> Option<Cow<'_, str>> {
    let lower = content.to_ascii_lowercase();
    let at = lower.find("url=")? + 4;
    let target = content[at..].trim().trim_matches(['"', '\'']);
    (!target.is_empty()).then(|| Cow::Owned(target.to_owned()))
}

/// The value of the attribute `wanted`, entities decoded. `attributes` is the inside of a tag.
fn attribute<'a>(attributes: &'a str, wanted: &str) -> Option<Cow<'a, str>> {
    let mut rest = attributes;
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_ascii_whitespace() || c == '/');
        let name_end =
            rest.find(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/')).unwrap_or(rest.len());
        let name = &rest[..name_end];
        rest = rest[name_end..].trim_start();
        let value = match rest.strip_prefix('=') {
            Some(behind) => {
                let (value, remaining) = attribute_value(behind.trim_start());
                rest = remaining;
                value
            }
            None if name.is_empty() => return None,
            None => "",
        };
        if name.eq_ignore_ascii_case(wanted) {
            let plain = !value.contains('&');
            return Some(if plain { Cow::Borrowed(value) } else { Cow::Owned(text::decode_entities(value)) });
        }
    }
}

/// The value at the start of `text`, quoted or bare, and what follows it.
fn attribute_value(text: &str) -> (&str, &str) {
    let quoted = text.starts_with(['"', '\'']);
    if quoted {
        let inside = &text[1..];
        return inside.split_once(&text[..1]).unwrap_or((inside, ""));
    }
    let end = text.find(|c: char| c.is_ascii_whitespace()).unwrap_or(text.len());
    text.split_at(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(html: &str) -> Vec<&str> {
        scan(html).json_ld
    }

    #[test]
    fn finds_blocks_however_the_tag_is_written() {
        assert_eq!(blocks(r#"<script type="application/ld+json">1</script>"#), ["1"]);
        assert_eq!(blocks("<SCRIPT class='a>b' TYPE = 'Application/LD+JSON' >1</SCRIPT >"), ["1"]);
        assert_eq!(blocks("<script id=x type=application/ld+json>1</script>"), ["1"]);
        assert_eq!(blocks(r#"<script type="application/ld+json; charset=utf-8">1</script>"#), ["1"]);
        assert_eq!(blocks(r#"<script type="application/ld&#43;json">1</script>"#), ["1"]);
        assert_eq!(blocks(r#"<script data-x type="application/ld+json">1"#), ["1"]);
    }

    #[test]
    fn quoted_and_commented_markup_is_no_markup() {
        assert!(blocks("<!-- <script type='application/ld+json'>1</script> -->").is_empty());
        assert!(blocks("<script>x = \"<script type='application/ld+json'>1\";</script>").is_empty());
        assert!(blocks("<style><script type='application/ld+json'>1</style>").is_empty());
        assert!(blocks("<div title=\"<script type='application/ld+json'>1\">").is_empty());
        assert_eq!(blocks("<!--><script type='application/ld+json'>1</script>"), ["1"]);
        assert_eq!(
            blocks("<p title=it's><script type='application/ld+json'>\"</b>\"</script>"),
            ["\"</b>\""]
        );
    }

    #[test]
    fn reads_the_head() {
        let page = scan(
            "<title> A &amp; B </title><meta http-equiv=Refresh content=\"0; URL='/new'\">\
             <input name=p type='Password'>",
        );
        assert_eq!(page.title, "A &amp; B");
        assert_eq!(page.refresh.as_deref(), Some("/new"));
        assert!(page.asks_password);
    }

    #[test]
    fn text_is_what_is_neither_tag_nor_comment_nor_script() {
        let page = "<p>ab  <!-- no --><script>no</script> <b title='no'>c</b></p>\nd";
        assert!(says_more_than(page, 6));
        assert!(!says_more_than(page, 7));
    }

    #[test]
    fn depth_counts_what_nests() {
        assert_eq!(scan("<div><p><br><b>x</b><svg/></div><div><i></i></div>").deepest, 2);
        assert_eq!(scan(&"<div>".repeat(50)).deepest, 50);
        // What ends nothing does not make a page flat, nor does a slash where it means nothing.
        assert_eq!(scan(&"<div></span>".repeat(50)).deepest, 50);
        assert_eq!(scan(&"<div/>".repeat(50)).deepest, 50);
        assert_eq!(scan(&format!("<svg>{}</svg>", "<path/>".repeat(50))).deepest, 1);
        assert_eq!(scan(&"<DIV></div>".repeat(50)).deepest, 1);
    }

    #[test]
    fn cut_pages_end_quietly() {
        for cut in ["<", "<!", "<!--", "<script", "<script type=", "<script type='", "<a b", "</", "<title>x"]
        {
            scan(cut);
        }
    }
}
