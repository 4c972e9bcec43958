//! Repairs of XML text that lose nothing: HTML entities become characters, bare ampersands are
//! escaped, characters XML does not allow are dropped. CDATA sections and comments stay as they are.

use crate::value::text;

/// Longest entity name looked at.
const LONGEST: usize = 32;

/// The repaired text, or `None` when nothing needs repair.
pub(super) fn repaired(xml: &str) -> Option<String> {
    let own_entities = xml.contains("<!ENTITY");
    let mut out = String::new();
    let mut kept = 0;
    let mut at = 0;
    while let Some(offset) = xml[at..].find(|c: char| c == '&' || c == '<' || is_forbidden(c)) {
        at += offset;
        let rest = &xml[at..];
        if rest.starts_with('<') {
            at += verbatim_length(rest);
            continue;
        }
        let (length, replacement) = if rest.starts_with('&') {
            reference(rest, own_entities)
        } else {
            (rest.chars().next().map_or(1, char::len_utf8), Some(String::new()))
        };
        if let Some(replacement) = replacement {
            out.push_str(&xml[kept..at]);
            out.push_str(&replacement);
            kept = at + length;
        }
        at += length;
    }
    if kept == 0 {
        return None;
    }
    out.push_str(&xml[kept..]);
    Some(out)
}

/// How far to step at a `<`: over a whole CDATA section or comment, else over the sign alone.
fn verbatim_length(rest: &str) -> usize {
    let end = match rest {
        _ if rest.starts_with("<![CDATA[") => "]]>",
        _ if rest.starts_with("<!--") => "-->",
        _ => return 1,
    };
    rest.find(end).map_or(rest.len(), |at| at + end.len())
}

/// Length of the reference here, and what to put in its place; `None` when it is right as it is.
fn reference(rest: &str, own_entities: bool) -> (usize, Option<String>) {
    let bare = || (1, Some("&amp;".to_owned()));
    let Some(end) = rest.bytes().take(LONGEST).position(|byte| byte == b';') else { return bare() };
    let (name, whole) = (&rest[1..end], &rest[..=end]);
    if matches!(name, "amp" | "lt" | "gt" | "quot" | "apos") || is_character_number(name) {
        return (whole.len(), None);
    }
    let letters = name.strip_prefix('#').unwrap_or(name);
    if letters.is_empty() || !letters.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return bare();
    }
    if own_entities && !name.starts_with('#') {
        return (whole.len(), None);
    }
    let decoded = text::decode_entities(whole);
    if decoded == whole { bare() } else { (whole.len(), Some(decoded.replace(is_forbidden, ""))) }
}

/// `#8217` or `#x2019`, for a character that XML allows.
fn is_character_number(name: &str) -> bool {
    let code = match name.strip_prefix("#x") {
        Some(hex) => u32::from_str_radix(hex, 16).ok(),
        None => name.strip_prefix('#').and_then(|digits| digits.parse().ok()),
    };
    code.and_then(char::from_u32).is_some_and(|c| !is_forbidden(c))
}

fn is_forbidden(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}')
}
