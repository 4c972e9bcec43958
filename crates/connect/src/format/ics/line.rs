//! Content lines: bytes in, properties out. Unfolds before decoding, because a fold may split a
//! character, and keeps the line of the document where each property begins.
//!
//! Everything after this borrows from the one unfolded [`Source`].

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use memchr::{memchr, memchr_iter, memchr2};

/// A calendar document, unfolded and decoded: one logical line a line.
pub struct Source {
    text: String,
    /// Line of the document, from 1, at which each logical line begins.
    places: Vec<u32>,
}

impl Source {
    /// Unfolds and decodes `body`. `charset` is the one the response declared; it is used only for
    /// lines that are not UTF-8, as most such declarations are the server's default.
    pub fn new(body: &[u8], charset: Option<&str>) -> Source {
        let body = without_byte_order_mark(body);
        let (unfolded, places) = unfold(&body);
        let text = String::from_utf8(unfolded).unwrap_or_else(|error| decode(error.as_bytes(), charset));
        Source { text, places }
    }

    /// The logical lines with their places; blank ones are left out.
    pub fn lines(&self) -> impl Iterator<Item = (u32, &str)> {
        let lines = self.text.split('\n').zip(&self.places);
        lines.filter(|(line, _)| !line.trim().is_empty()).map(|(line, place)| (*place, line))
    }

    /// Place of the last line.
    pub fn last_line(&self) -> u32 {
        self.places.last().copied().unwrap_or(1)
    }
}

/// UTF-16 announces itself by its mark; UTF-8 needs none and sometimes has one.
fn without_byte_order_mark(body: &[u8]) -> Cow<'_, [u8]> {
    match Encoding::for_bom(body) {
        Some((encoding, mark)) if encoding == UTF_8 => Cow::Borrowed(&body[mark..]),
        Some((encoding, mark)) => {
            Cow::Owned(encoding.decode_without_bom_handling(&body[mark..]).0.into_owned().into_bytes())
        }
        None => Cow::Borrowed(body),
    }
}

/// Joins folded lines. Ends of line may be CRLF, LF or, in a document without any LF, CR alone.
fn unfold(body: &[u8]) -> (Vec<u8>, Vec<u32>) {
    let end = if memchr(b'\n', body).is_some() { b'\n' } else { b'\r' };
    let mut unfolded = Vec::with_capacity(body.len());
    let mut places = Vec::with_capacity(body.len() / 32 + 1);
    let mut begin = 0;
    let ends = memchr_iter(end, body).chain(std::iter::once(body.len()));
    for (place, stop) in (1_u32..).zip(ends) {
        let line = without_carriage_returns(&body[begin..stop]);
        begin = stop + 1;
        match line {
            [b' ' | b'\t', rest @ ..] if !places.is_empty() => unfolded.extend_from_slice(rest),
            [] => {}
            line => {
                if !places.is_empty() {
                    unfolded.push(b'\n');
                }
                places.push(place);
                unfolded.extend_from_slice(line);
            }
        }
    }
    (unfolded, places)
}

fn without_carriage_returns(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] = line {
        line = rest;
    }
    line
}

/// Line by line, so that one bad byte does not change how the rest is read.
fn decode(unfolded: &[u8], charset: Option<&str>) -> String {
    let declared = charset.and_then(|label| Encoding::for_label(label.as_bytes()));
    let fallback = declared.filter(|encoding| *encoding != UTF_8).unwrap_or(WINDOWS_1252);
    let mut text = String::with_capacity(unfolded.len() + unfolded.len() / 16);
    for (index, line) in unfolded.split(|byte| *byte == b'\n').enumerate() {
        if index > 0 {
            text.push('\n');
        }
        match std::str::from_utf8(line) {
            Ok(line) => text.push_str(line),
            // A decoder may turn bytes into a line end; that would shift every place after it.
            Err(_) => text.push_str(&fallback.decode_without_bom_handling(line).0.replace('\n', " ")),
        }
    }
    text
}

/// One property: its name, its parameters and its value, all as written.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Property<'s> {
    /// Name as written; compare without regard to case.
    pub name: &'s str,
    /// The parameters as written, without the first `;`.
    parameters: &'s str,
    /// The value as written: escapes still in it.
    pub value: &'s str,
    /// Line of the document, from 1.
    pub line: u32,
}

impl<'s> Property<'s> {
    /// Reads one logical line; `None` when it is not a content line.
    pub fn parse(line: u32, text: &'s str) -> Option<Property<'s>> {
        let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let bytes = text.as_bytes();
        let name_end = memchr2(b':', b';', bytes)?;
        let name = text[..name_end].trim_end();
        let is_name_byte = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if name.is_empty() || !name.bytes().all(is_name_byte) {
            return None;
        }
        if bytes[name_end] == b':' {
            return Some(Property { name, parameters: "", value: &text[name_end + 1..], line });
        }
        let rest = &text[name_end + 1..];
        let colon = if holds_times(name) { rest.rfind(':') } else { value_colon(rest) }?;
        Some(Property { name, parameters: &rest[..colon], value: &rest[colon + 1..], line })
    }

    /// True when the name is `name`, given in upper case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value of the parameter `name`, without its quotes and with RFC 6868 escapes undone.
    pub fn parameter(&self, name: &str) -> Option<Cow<'s, str>> {
        if self.parameters.is_empty() {
            return None;
        }
        split_outside_quotes(self.parameters, b';').find_map(|parameter| {
            let (key, value) = parameter.split_once('=')?;
            let wanted = key.trim().eq_ignore_ascii_case(name);
            wanted.then(|| without_carets(value.trim().trim_matches('"')))
        })
    }
}

/// Times hold no colon, but names of zones do, and Exchange writes them without quotes:
/// `DTSTART;TZID=(UTC-03:00) Brasilia:20260101T190000`. So here the last colon divides.
fn holds_times(name: &str) -> bool {
    const NAMES: [&str; 8] =
        ["DTSTART", "DTEND", "RECURRENCE-ID", "EXDATE", "RDATE", "DUE", "DTSTAMP", "LAST-MODIFIED"];
    NAMES.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// The first colon outside quotes; where a quote is never closed, the first colon at all.
fn value_colon(rest: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'"' => quoted = !quoted,
            b':' if !quoted => return Some(at),
            _ => {}
        }
    }
    memchr(b':', rest.as_bytes())
}

fn split_outside_quotes(text: &str, separator: u8) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut quoted = false;
        let found = text.bytes().position(|byte| {
            quoted ^= byte == b'"';
            byte == separator && !quoted
        });
        let (part, after) = match found {
            Some(at) => (&text[..at], Some(&text[at + 1..])),
            None => (text, None),
        };
        rest = after;
        Some(part)
    })
}

/// RFC 6868: `^n` is a line break, `^'` a double quote, `^^` a caret.
fn without_carets(value: &str) -> Cow<'_, str> {
    if memchr(b'^', value.as_bytes()).is_none() {
        return Cow::Borrowed(value);
    }
    let mut plain = String::with_capacity(value.len());
    let mut rest = value;
    while let Some(at) = rest.find('^') {
        plain.push_str(&rest[..at]);
        let (replacement, length) = match rest.as_bytes().get(at + 1) {
            Some(b'n') => ('\n', 2),
            Some(b'\'') => ('"', 2),
            Some(b'^') => ('^', 2),
            _ => ('^', 1),
        };
        plain.push(replacement);
        rest = &rest[at + length..];
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(body: &[u8]) -> Vec<(u32, String)> {
        Source::new(body, None).lines().map(|(place, line)| (place, line.to_owned())).collect()
    }

    fn check(body: &[u8], expected: &[(u32, &str)]) {
        let expected: Vec<_> = expected.iter().map(|(place, line)| (*place, (*line).to_owned())).collect();
        assert_eq!(lines(body), expected);
    }

    #[test]
    fn unfolds_every_line_ending() {
        check(b"A:1\r\n 2\r\nB:3\r\n", &[(1, "A:12"), (3, "B:3")]);
        check(b"A:1\n\t2\nB:3", &[(1, "A:12"), (3, "B:3")]);
        check(b"A:1\r 2\rB:3\r", &[(1, "A:12"), (3, "B:3")]);
        check(b"A:1\r\r\n 2\r\r\nB:3", &[(1, "A:12"), (3, "B:3")]);
        check(b"\n\nA:1\n\n\nB:3\n", &[(3, "A:1"), (6, "B:3")]);
        check(b"", &[]);
    }

    #[test]
    fn a_fold_may_split_a_character() {
        check(b"A:caf\xc3\r\n \xa9!\r\n", &[(1, "A:café!")]);
    }

    #[test]
    fn other_encodings_are_decoded() {
        check(b"\xef\xbb\xbfA:1", &[(1, "A:1")]);
        check(b"A:caf\xe9\nB:caf\xc3\xa9", &[(1, "A:café"), (2, "B:café")]);
        check(b"\xff\xfeA\0:\x001\0\n\0B\0:\x002\0", &[(1, "A:1"), (2, "B:2")]);
        let cyrillic = Source::new(b"A:\xcf\xf0", Some("windows-1251"));
        assert_eq!(cyrillic.lines().next(), Some((1, "A:Пр")));
    }

    #[test]
    fn properties_with_parameters() {
        let property =
            Property::parse(7, r#"ATTENDEE;CN="Doe; Jane: x";X-A=a^nb^'c^^d^e;RSVP=TRUE:mailto:j@x.test"#)
                .expect("a content line");
        assert_eq!((property.name, property.line), ("ATTENDEE", 7));
        assert_eq!(property.value, "mailto:j@x.test");
        assert_eq!(property.parameter("cn").as_deref(), Some("Doe; Jane: x"));
        assert_eq!(property.parameter("X-A").as_deref(), Some("a\nb\"c^d^e"));
        assert_eq!(property.parameter("RSVP").as_deref(), Some("TRUE"));
        assert_eq!(property.parameter("ROLE"), None);
    }

    #[test]
    fn unquoted_colons_and_unclosed_quotes() {
        let check = |text, zone: Option<&str>, value| {
            let property = Property::parse(1, text).expect("a content line");
            assert_eq!(property.parameter("TZID").as_deref(), zone, "{text}");
            assert_eq!(property.value, value, "{text}");
        };
        check(
            "DTSTART;TZID=(UTC-03:00) Brasilia:20260101T190000",
            Some("(UTC-03:00) Brasilia"),
            "20260101T190000",
        );
        check("DTSTART;TZID=\"(UTC-03:00) Brasilia\":20260101", Some("(UTC-03:00) Brasilia"), "20260101");
        check("SUMMARY;X=\"open:text", None, "text");
    }

    #[test]
    fn what_is_not_a_content_line() {
        for text in ["just words", ":value", "two words:value", "Ünicode:x", ";X=1:y", "NAME;X=1"] {
            assert_eq!(Property::parse(1, text), None, "{text}");
        }
    }
}
