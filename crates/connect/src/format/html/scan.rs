//! One pass over a page's tags. Comments are stepped over, and so is the inside of scripts and
//! styles, so that markup quoted there is never taken for markup.

use std::borrow::Cow;

use memchr::{memchr, memchr3, memmem};

use super::Page;
use crate::value::text;

/// Reads what [`Page`] holds.
pub fn scan(html: &str) -> Page<'_> {
    let mut page = Page::default();
    let mut at = 0;
    while let Some(offset) = memchr(b'<', &html.as_bytes()[at..]) {
        at += offset;
        at += match html.as_bytes().get(at + 1) {
            Some(b'!') => markup_declaration_length(&html[at..]),
            Some(b'/') => closing_tag(&mut page, &html[at..]),
            Some(letter) if letter.is_ascii_alphabetic() => element(&mut page, &html[at..]),
            _ => 1,
        };
    }
    page
}

/// Elements that have no end tag, or whose end tag is commonly left out.
const NOT_NESTING: &[&str] = &[
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr",
    "p", "li", "td", "th", "tr", "dt", "dd", "option", "tbody", "thead", "html", "head", "body", "script",
    "style", "title",
];

fn nests(name: &str) -> bool {
    !NOT_NESTING.iter().any(|known| known.eq_ignore_ascii_case(name))
}

fn closing_tag(page: &mut Page<'_>, html: &str) -> usize {
    let length = html[2..].bytes().take_while(u8::is_ascii_alphanumeric).count();
    if length > 0 && nests(&html[2..2 + length]) {
        page.open = page.open.saturating_sub(1);
    }
    2 + length
}

/// Length of the comment or declaration at the start of `html`.
fn markup_declaration_length(html: &str) -> usize {
    if !html.starts_with("<!--") {
        return 2;
    }
    if html.starts_with("<!-->") || html.starts_with("<!--->") {
        return 5;
    }
    memmem::find(html.as_bytes(), b"-->").map_or(html.len(), |end| end + 3)
}

/// Takes what counts from the element that starts here; gives the length to step over.
fn element<'a>(page: &mut Page<'a>, html: &'a str) -> usize {
    let name_length = html[1..].bytes().take_while(u8::is_ascii_alphanumeric).count();
    let name = &html[1..=name_length];
    let end = tag_end(html);
    let attributes = &html[1 + name_length..end];
    let after = (end + 1).min(html.len());
    if nests(name) && !attributes.ends_with('/') {
        page.open += 1;
        page.deepest = page.deepest.max(page.open);
    }
    match name.len() {
        4 if name.eq_ignore_ascii_case("base") => page.base_href = attribute(attributes, "href"),
        4 if name.eq_ignore_ascii_case("link") => link(page, attributes),
        4 if name.eq_ignore_ascii_case("meta") => meta(page, attributes),
        5 if name.eq_ignore_ascii_case("input") => {
            page.asks_password |=
                attribute(attributes, "type").is_some_and(|t| t.eq_ignore_ascii_case("password"));
        }
        5 if name.eq_ignore_ascii_case("title") => {
            let title = raw_text(&html[after..], "</title");
            if page.title.is_empty() {
                page.title = title.trim();
            }
        }
        5 if name.eq_ignore_ascii_case("style") => return after + raw_text(&html[after..], "</style").len(),
        6 if name.eq_ignore_ascii_case("script") => {
            let content = raw_text(&html[after..], "</script");
            if is_json_ld(attributes) {
                page.json_ld.push(content);
            }
            return after + content.len();
        }
        _ => {}
    }
    after
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

/// Where the tag that starts here ends: its `>`, outside quoted values. A quote opens a value only
/// behind `=`, so that `<p title=it's>` is read as browsers read it.
fn tag_end(html: &str) -> usize {
    let bytes = html.as_bytes();
    let mut at = 1;
    while let Some(offset) = memchr3(b'>', b'"', b'\'', &bytes[at..]) {
        at += offset;
        if bytes[at] == b'>' {
            return at;
        }
        let opens = html[..at].trim_end().ends_with('=');
        at += 1;
        if opens {
            let quote = bytes[at - 1];
            match memchr(quote, &bytes[at..]) {
                Some(length) => at += length + 1,
                None => return bytes.len(),
            }
        }
    }
    bytes.len()
}

/// The text up to the closing tag `close` (in lower case), or to the end of the page.
fn raw_text<'a>(html: &'a str, close: &str) -> &'a str {
    let bytes = html.as_bytes();
    let mut at = 0;
    while let Some(offset) = memmem::find(&bytes[at..], b"</") {
        at += offset;
        let here = bytes.get(at..at + close.len()).unwrap_or_default();
        if here.eq_ignore_ascii_case(close.as_bytes()) {
            return &html[..at];
        }
        at += 2;
    }
    html
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
    fn depth_counts_what_nests() {
        assert_eq!(scan("<div><p><br><b>x</b><svg/></div><div><i></i></div>").deepest, 2);
        assert_eq!(scan(&"<div>".repeat(50)).deepest, 50);
    }

    #[test]
    fn cut_pages_end_quietly() {
        for cut in ["<", "<!", "<!--", "<script", "<script type=", "<script type='", "<a b", "</", "<title>x"]
        {
            scan(cut);
        }
    }
}
