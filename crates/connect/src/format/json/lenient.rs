//! JSON as web pages hold it: trailing and doubled commas, bad escapes, raw control characters,
//! JavaScript comments, HTML comment and CDATA wrappers, trailing semicolons, quotes inside text,
//! several values in a row.
//!
//! Promise: strict JSON gives what a strict parser gives, and text is never dropped from inside a
//! string. What cannot be understood is an error with its place, never a guess.

use serde_json::{Map, Number, Value};
use thiserror::Error;

/// Deeper nesting is refused; no page needs it, and it would exhaust the stack.
const MAX_DEPTH: usize = 128;

/// Why and where lenient reading failed too.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message} at byte {offset}")]
pub struct Fault {
    /// Byte offset in the text.
    pub offset: usize,
    /// What was expected.
    pub message: &'static str,
}

/// Reads JSON with the damage listed in the module's head. Nothing but space and comments gives
/// `Null`; several values in a row give a list of them.
pub fn lenient(text: &str) -> Result<Value, Fault> {
    let mut parser = Parser { text, at: 0 };
    let mut values = Vec::new();
    loop {
        parser.skip_between_values();
        if parser.peek().is_none() {
            break;
        }
        values.push(parser.value(0)?);
    }
    Ok(match values.len() {
        0 => Value::Null,
        1 => values.remove(0),
        _ => Value::Array(values),
    })
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn fault(&self, message: &'static str) -> Fault {
        Fault { offset: self.at, message }
    }

    /// White space and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
            self.at += rest.len() - trimmed.len();
            if trimmed.starts_with("//") {
                self.at += trimmed.find('\n').unwrap_or(trimmed.len());
            } else if trimmed.starts_with("/*") {
                self.at += trimmed.find("*/").map_or(trimmed.len(), |end| end + 2);
            } else {
                return;
            }
        }
    }

    /// What may stand around whole values: the wrappers pages use, and separators.
    fn skip_between_values(&mut self) {
        const WRAPPERS: [&str; 6] = ["<!--", "-->", "<![CDATA[", "]]>", ";", ","];
        loop {
            self.skip();
            let Some(wrapper) = WRAPPERS.iter().find(|wrapper| self.rest().starts_with(**wrapper)) else {
                return;
            };
            self.at += wrapper.len();
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, Fault> {
        if depth > MAX_DEPTH {
            return Err(self.fault("nested too deeply"));
        }
        match self.peek() {
            Some(b'{') => self.object(depth),
            Some(b'[') => self.array(depth),
            Some(quote @ (b'"' | b'\'')) => self.string(quote).map(Value::String),
            Some(_) => self.word(),
            None => Err(self.fault("the text ends inside a value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut members = Map::new();
        self.at += 1;
        loop {
            self.skip_commas();
            match self.peek() {
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Object(members));
                }
                Some(_) => {
                    let key = self.key()?;
                    self.skip();
                    let value = self.value(depth + 1)?;
                    members.insert(key, value);
                }
                None => return Err(self.fault("the text ends inside an object")),
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, Fault> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.skip_commas();
            match self.peek() {
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::Array(items));
                }
                Some(_) => items.push(self.value(depth + 1)?),
                None => return Err(self.fault("the text ends inside a list")),
            }
        }
    }

    fn skip_commas(&mut self) {
        self.skip();
        while self.peek() == Some(b',') {
            self.at += 1;
            self.skip();
        }
    }

    /// A member's name, quoted or bare, with its colon.
    fn key(&mut self) -> Result<String, Fault> {
        let key = match self.peek() {
            Some(quote @ (b'"' | b'\'')) => self.string(quote)?,
            _ => {
                let length =
                    self.rest().bytes().take_while(|b| b.is_ascii_alphanumeric() || b"_$@".contains(b));
                let name = &self.rest()[..length.count()];
                self.at += name.len();
                name.to_owned()
            }
        };
        self.skip();
        if self.peek() != Some(b':') {
            return Err(self.fault("a member's name and colon expected"));
        }
        self.at += 1;
        Ok(key)
    }

    fn string(&mut self, quote: u8) -> Result<String, Fault> {
        let mut text = String::new();
        self.at += 1;
        loop {
            let rest = self.rest();
            let stop = rest.bytes().position(|b| b == quote || b == b'\\');
            let Some(length) = stop else { return Err(self.fault("the text ends inside a string")) };
            text.push_str(&rest[..length]);
            self.at += length;
            if self.peek() == Some(b'\\') {
                self.escape(&mut text);
            } else if self.closes_string() {
                self.at += 1;
                return Ok(text);
            } else {
                text.push(char::from(quote));
                self.at += 1;
            }
        }
    }

    /// A quote ends a string when what follows can follow a string; otherwise somebody forgot to
    /// escape it. On a new line another quote may follow: a forgotten comma.
    fn closes_string(&self) -> bool {
        let behind = &self.rest()[1..];
        let next = behind.trim_start();
        let gap = &behind[..behind.len() - next.len()];
        match next.bytes().next() {
            None | Some(b',' | b':' | b'}' | b']' | b';') => true,
            Some(b'"' | b'\'') => gap.contains('\n'),
            _ => ["//", "/*", "-->"].iter().any(|wrapper| next.starts_with(wrapper)),
        }
    }

    /// One escape; for an unknown one (`\'`) the backslash is dropped.
    fn escape(&mut self, text: &mut String) {
        self.at += 1;
        let Some(escaped) = self.rest().chars().next() else { return };
        self.at += escaped.len_utf8();
        match escaped {
            'n' => text.push('\n'),
            't' => text.push('\t'),
            'r' => text.push('\r'),
            'b' => text.push('\u{8}'),
            'f' => text.push('\u{c}'),
            'u' => text.push(self.unicode_escape()),
            other => text.push(other),
        }
    }

    /// The character of `\uXXXX` or of a surrogate pair; U+FFFD for what is neither.
    fn unicode_escape(&mut self) -> char {
        let Some(unit) = self.hex4() else { return char::REPLACEMENT_CHARACTER };
        let mut units = vec![unit];
        if (0xD800..0xDC00).contains(&unit) && self.rest().starts_with("\\u") {
            let before = self.at;
            self.at += 2;
            match self.hex4() {
                Some(low) if (0xDC00..0xE000).contains(&low) => units.push(low),
                _ => self.at = before,
            }
        }
        char::decode_utf16(units).next().and_then(Result::ok).unwrap_or(char::REPLACEMENT_CHARACTER)
    }

    fn hex4(&mut self) -> Option<u16> {
        let digits = self.rest().get(..4).filter(|d| d.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.at += 4;
        u16::from_str_radix(digits, 16).ok()
    }

    /// A number or a bare word: `true`, `null`, and what scripts print in their place.
    fn word(&mut self) -> Result<Value, Fault> {
        let length =
            self.rest().bytes().take_while(|b| b.is_ascii_alphanumeric() || b"+-._".contains(b)).count();
        let word = &self.rest()[..length];
        let value = match word {
            "true" | "True" => Value::Bool(true),
            "false" | "False" => Value::Bool(false),
            "null" | "None" | "undefined" | "NaN" => Value::Null,
            _ => number(word).ok_or_else(|| self.fault("a value expected"))?,
        };
        self.at += length;
        Ok(value)
    }
}

fn number(word: &str) -> Option<Value> {
    if let Ok(number) = word.parse::<Number>() {
        return Some(Value::Number(number));
    }
    let digits_first = word.trim_start_matches(['+', '-', '.']).starts_with(|c: char| c.is_ascii_digit());
    let value: f64 = if digits_first { word.parse().ok()? } else { return None };
    Number::from_f64(value).map(Value::Number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(text: &str, expected: Value) {
        assert_eq!(lenient(text), Ok(expected), "{text}");
    }

    #[test]
    fn strict_json_reads_the_same() {
        for text in [
            r#"{"a": [1, -2.5e3, true, null, "x\n\u00e9\ud83d\ude00\"\\\/"], "b": {}}"#,
            "[]",
            r#""<!-- kept --> // kept /* kept */""#,
            "12",
        ] {
            let strict: Value = serde_json::from_str(text).expect("strict JSON");
            check(text, strict);
        }
    }

    #[test]
    fn damage_is_read_through() {
        check(r#"{"a": 1,}"#, json!({"a": 1}));
        check("[1,,2,]", json!([1, 2]));
        check(r#"{"a": "it\'s"}"#, json!({"a": "it's"}));
        check("{\"a\": \"two\nlines\t\"}", json!({"a": "two\nlines\t"}));
        check("{\"a\": 1, // why\n /* and */ \"b\": 2}", json!({"a": 1, "b": 2}));
        check("<!--\n{\"a\": 1}\n-->", json!({"a": 1}));
        check("/*<![CDATA[*/{\"a\": 1}/*]]>*/", json!({"a": 1}));
        check("//<![CDATA[\n{\"a\": 1}\n//]]>", json!({"a": 1}));
        check("{\"a\": 1};", json!({"a": 1}));
        check("{\"a\": 1}\n{\"b\": 2}", json!([{"a": 1}, {"b": 2}]));
        check(r#"{"a": "The "Best" show", "b": 1}"#, json!({"a": "The \"Best\" show", "b": 1}));
        check("{\"a\": \"x\"\n\"b\": \"y\"}", json!({"a": "x", "b": "y"}));
        check("{a: 'x', b: undefined}", json!({"a": "x", "b": null}));
        check(r#"{"a": "\ud800 \uZZ"}"#, json!({"a": "\u{fffd} \u{fffd}ZZ"}));
    }

    #[test]
    fn nothing_is_null() {
        for text in ["", "  \n", "null", "<!-- -->", "// only a comment"] {
            check(text, Value::Null);
        }
    }

    #[test]
    fn what_cannot_be_read_says_where() {
        for text in ["{", "{\"a\"", "{\"a\": ", "[1", "\"abc", "{\"a\": <b>}", "{{}}", "nonsense here"] {
            assert!(lenient(text).is_err(), "{text}");
        }
        assert_eq!(lenient("[1, ?]").map_err(|fault| fault.offset), Err(4));
        assert!(lenient(&"[".repeat(100_000)).is_err());
    }
}
