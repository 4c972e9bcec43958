//! TEXT values: escapes undone, lists split, markup taken out where a producer put some in.

use std::borrow::Cow;

use memchr::memchr;

use crate::value::text::from_html;

/// The text with `\n`, `\,`, `\;` and `\\` undone. A backslash before anything else stays.
pub fn unescape(value: &str) -> Cow<'_, str> {
    if memchr(b'\\', value.as_bytes()).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = memchr(b'\\', rest.as_bytes()) {
        plain.push_str(&rest[..at]);
        let (replacement, length) = match rest.as_bytes().get(at + 1) {
            Some(b'n' | b'N') => ('\n', 2),
            Some(b',') => (',', 2),
            Some(b';') => (';', 2),
            Some(b':') => (':', 2),
            Some(b'"') => ('"', 2),
            Some(b'\\') => ('\\', 2),
            _ => ('\\', 1),
        };
        plain.push(replacement);
        rest = &rest[at + length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// The items of a comma-separated list, unescaped and trimmed; empty ones are left out.
pub fn items(value: &str) -> impl Iterator<Item = String> {
    let mut escaped = false;
    let comma = move |c: char| {
        let splits = c == ',' && !escaped;
        escaped = c == '\\' && !escaped;
        splits
    };
    value.split(comma).map(|item| unescape(item).trim().to_owned()).filter(|item| !item.is_empty())
}

/// One line of plain text: unescaped, white space folded.
pub fn line(value: &str) -> String {
    let text = unescape(value);
    let mut words = text.split_whitespace();
    let mut line = String::with_capacity(text.len());
    line.extend(words.next());
    for word in words {
        line.push(' ');
        line.push_str(word);
    }
    line
}

/// Text of several lines: unescaped, markup taken out if it is HTML.
pub fn prose(value: &str) -> String {
    let text = unescape(value);
    if is_markup(&text) { from_html(&text) } else { text.trim().to_owned() }
}

/// True when the text is HTML rather than text with an angle bracket in it.
fn is_markup(text: &str) -> bool {
    const TAGS: [&str; 20] = [
        "a",
        "b",
        "br",
        "br/",
        "div",
        "em",
        "font",
        "h1",
        "h2",
        "h3",
        "html",
        "html-blob",
        "i",
        "img",
        "li",
        "p",
        "span",
        "strong",
        "table",
        "ul",
    ];
    text.match_indices('<').take(50).any(|(at, _)| {
        let rest = text[at + 1..].trim_start_matches('/');
        let end = rest.find(|c: char| c == '>' || c.is_whitespace());
        end.is_some_and(|end| TAGS.iter().any(|tag| rest[..end].eq_ignore_ascii_case(tag)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        let check = |value, expected: &str| assert_eq!(unescape(value), expected, "{value}");
        check("plain", "plain");
        check(r"a\, b\; c\nd\Ne\\n", "a, b; c\nd\ne\\n");
        check(r"C:\Temp\", "C:\\Temp\\");
        check(r"\\\,", "\\,");
        check(r"é\é", "é\\é");
    }

    #[test]
    fn lists_keep_escaped_commas() {
        let check =
            |value, expected: &[&str]| assert_eq!(items(value).collect::<Vec<_>>(), expected, "{value}");
        check(r"one,two\, too, three ,", &["one", "two, too", "three"]);
        check(r"a\\,b", &["a\\", "b"]);
        check("", &[]);
    }

    #[test]
    fn markup_is_told_from_text() {
        assert!(is_markup("<p>Hi</p>") && is_markup("a<br>b") && is_markup("x <a href='y'>z</a>"));
        assert!(!is_markup("a < b") && !is_markup("<http://x.test/>") && !is_markup("<me@x.test>"));
        assert_eq!(prose(" a\\nb "), "a\nb");
        assert_eq!(line("  a \\n b "), "a b");
    }
}
