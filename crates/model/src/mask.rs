//! What must not be shown: values of keys that look like credentials or personal data, in JSON and in
//! addresses. Logs, audit rows and messages all ask here, so that one list holds everywhere.

use serde_json::Value;
use std::borrow::Cow;

/// What stands in place of a masked value.
pub const MASK: &str = "***";

/// Word parts of names of credentials. Compared without case, `-`, `_` and `.`.
const CREDENTIALS: &[&str] = &[
    "authorization",
    "token",
    "apikey",
    "accesskey",
    "privatekey",
    "personalkey",
    "password",
    "passwd",
    "cookie",
    "secret",
    "credential",
    "signature",
];

/// Whole names of credentials that are too short to look for inside of others.
const SHORT_CREDENTIALS: &[&str] =
    &["key", "auth", "pass", "pwd", "sig", "pin", "jwt", "bearer", "sessionid"];

/// Word parts of names of personal data.
const PERSONAL: &[&str] =
    &["email", "phone", "birth", "firstname", "lastname", "surname", "ipaddress", "useragent", "passport"];

/// True when a value of this name is a credential and must not be shown.
pub fn names_credential(name: &str) -> bool {
    let name = bare(name);
    SHORT_CREDENTIALS.contains(&name.as_str()) || CREDENTIALS.iter().any(|part| name.contains(part))
}

/// True when a value of this name is about a person.
pub fn names_person(name: &str) -> bool {
    let name = bare(name);
    PERSONAL.iter().any(|part| name.contains(part))
}

fn bare(name: &str) -> String {
    name.chars().filter(|c| !matches!(c, '-' | '_' | '.' | ' ')).flat_map(char::to_lowercase).collect()
}

/// Replaces every value whose key names a credential or a person, at any depth, and the
/// credentials of addresses in texts. Numbers and flags under such keys go too; null stays.
pub fn json(value: &mut Value) {
    match value {
        Value::Object(fields) => fields.iter_mut().for_each(|(key, value)| {
            let hidden = names_credential(key) || names_person(key);
            match hidden && !value.is_null() {
                true => *value = Value::from(MASK),
                false => json(value),
            }
        }),
        Value::Array(items) => items.iter_mut().for_each(json),
        Value::String(said) => {
            if let Cow::Owned(masked) = text(said) {
                *said = masked;
            }
        }
        _ => {}
    }
}

/// Replaces, in running text, the values of credential-like query parameters (`?api_key=…`), logins in
/// addresses (`://user:password@`) and what follows `Bearer` or `Basic`.
pub fn text(text: &str) -> Cow<'_, str> {
    masked(text, hidden_spans(text))
}

/// The text with a mask in place of each of these parts, which are in order.
fn masked(text: &str, hidden: impl IntoIterator<Item = (usize, usize)>) -> Cow<'_, str> {
    let mut out = String::new();
    let mut kept = 0;
    for (start, end) in hidden {
        out.push_str(&text[kept..start]);
        out.push_str(MASK);
        kept = end;
    }
    if kept == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[kept..]);
    Cow::Owned(out)
}

/// As [`text`], and addresses of e-mail too: for what is logged, where nobody needs to know whose it is.
pub fn line(line: &str) -> Cow<'_, str> {
    let line = text(line);
    match persons(&line) {
        Cow::Owned(masked) => Cow::Owned(masked),
        Cow::Borrowed(_) => line,
    }
}

/// Replaces addresses of e-mail in running text.
pub fn persons(text: &str) -> Cow<'_, str> {
    addresses(text, |_| true)
}

/// Replaces those addresses of e-mail in running text of which `hidden` holds.
pub fn addresses(text: &str, mut hidden: impl FnMut(&str) -> bool) -> Cow<'_, str> {
    let mut seen = 0;
    let found = text.match_indices('@').filter_map(|(at, _)| {
        let (start, end) = address_around(text, seen, at)?;
        seen = end;
        hidden(&text[start..end]).then_some((start, end))
    });
    masked(text, found)
}

/// Where the address is whose `@` is at `at`, after `from`.
fn address_around(text: &str, from: usize, at: usize) -> Option<(usize, usize)> {
    let before = text.get(from..at)?;
    let start = before.rfind(|c: char| !in_address(c)).map_or(from, |n| from + n + width_at(text, from + n));
    let after = &text[at + 1..];
    let domain = &after[..after.find(|c: char| !in_domain(c)).unwrap_or(after.len())];
    let domain = domain.trim_end_matches(['.', '-']);
    (start < at && domain.contains('.')).then_some((start, at + 1 + domain.len()))
}

/// As [`json`], and addresses of e-mail in its texts.
pub fn json_line(value: &mut Value) {
    json(value);
    texts(value, &|said| match persons(said) {
        Cow::Owned(masked) => Some(masked),
        Cow::Borrowed(_) => None,
    });
}

/// Replaces each text of a value, at any depth, for which `with` gives another.
pub fn texts(value: &mut Value, with: &dyn Fn(&str) -> Option<String>) {
    match value {
        Value::Object(fields) => fields.values_mut().for_each(|value| texts(value, with)),
        Value::Array(items) => items.iter_mut().for_each(|item| texts(item, with)),
        Value::String(said) => {
            if let Some(masked) = with(said) {
                *said = masked;
            }
        }
        _ => {}
    }
}

fn in_address(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-')
}

fn in_domain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-')
}

/// Byte ranges of what is to be hidden, in order and apart.
fn hidden_spans(text: &str) -> Vec<(usize, usize)> {
    let mut spans = parameters(text);
    spans.extend(logins(text));
    spans.extend(schemes(text));
    spans.sort_unstable();
    let mut end = 0;
    spans.retain(|span| {
        let apart = span.0 >= end && span.0 < span.1;
        end = end.max(span.1);
        apart
    });
    spans
}

/// Values of `name=value`, `name="value"` and `"name":"value"` where the name is a credential's.
fn parameters(text: &str) -> Vec<(usize, usize)> {
    let value = |at: usize, between: &str| {
        let name = text[..at].rfind(|c: char| !is_name(c)).map_or(0, |n| n + width_at(text, n));
        let after = at + between.len();
        let start = after + usize::from(text[after..].starts_with('"'));
        let end = text[start..].find(ends_value).map_or(text.len(), |n| start + n);
        (name < at && names_credential(&text[name..at])).then_some((start, end))
    };
    let of = |between: &'static str| text.match_indices(between).filter_map(move |(at, b)| value(at, b));
    of("=").chain(of("\":")).collect()
}

/// `user:password` of `scheme://user:password@host`.
fn logins(text: &str) -> Vec<(usize, usize)> {
    let login = |at: usize| {
        let start = at + 3;
        let end = text[start..].find(|c: char| c == '/' || ends_value(c)).map_or(text.len(), |n| start + n);
        text[start..end].rfind('@').map(|n| (start, start + n))
    };
    text.match_indices("://").filter_map(|(at, _)| login(at)).collect()
}

/// What follows an authentication scheme.
fn schemes(text: &str) -> Vec<(usize, usize)> {
    let follows = |at: usize, word: &str| {
        let start = at + word.len();
        let end = text[start..].find(ends_value).map_or(text.len(), |n| start + n);
        // shorter is prose: "Basic plan"
        (end - start >= 8).then_some((start, end))
    };
    let of = |word: &'static str| text.match_indices(word).filter_map(move |(at, word)| follows(at, word));
    of("Bearer ").chain(of("bearer ")).chain(of("Basic ")).collect()
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '.')
}

fn ends_value(c: char) -> bool {
    c.is_whitespace() || matches!(c, '&' | '#' | '"' | '\'' | ')' | ']' | '}' | ',' | ';' | '<' | '>' | '\\')
}

fn width_at(text: &str, at: usize) -> usize {
    text[at..].chars().next().map_or(1, char::len_utf8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn keys_that_look_like_credentials_or_people_are_masked_at_any_depth() {
        let mut value = json!({
            "Authorization": "Bearer abc", "api_key": "k", "nested": [{"X-Auth-Token": 5, "pages": 3}],
            "Set-Cookie": "a=b", "client.secret": "s", "email": "a@b.c", "monkey": "fine", "password": null,
            "url": "https://a.test/?q=1&apikey=zzz",
        });
        json(&mut value);
        assert_eq!(
            value,
            json!({
                "Authorization": "***", "api_key": "***", "nested": [{"X-Auth-Token": "***", "pages": 3}],
                "Set-Cookie": "***", "client.secret": "***", "email": "***", "monkey": "fine", "password": null,
                "url": "https://a.test/?q=1&apikey=***",
            })
        );
    }

    #[test]
    fn addresses_of_people_are_masked_in_lines() {
        let check = |said: &str, expected: &str| assert_eq!(line(said), expected);
        check("organizer <ada.l+x@mail.example.test>, and b@c.de.", "organizer <***>, and ***.");
        check("mailto:ada@example.test?api_key=k", "mailto:***?api_key=***");
        check("@ada or ada@home or a @ b.c", "@ada or ada@home or a @ b.c");
        check("ünal@example.test@x.test", "***@x.test");
        let mut value = json!({"note": "write to ada@example.test", "n": 1, "list": ["a@b.de"]});
        json_line(&mut value);
        assert_eq!(value, json!({"note": "write to ***", "n": 1, "list": ["***"]}));
    }

    #[test]
    fn addresses_and_headers_in_text_lose_their_credentials() {
        let check = |said: &str, expected: &str| assert_eq!(text(said), expected);
        check(
            "GET https://a.test/x?api_key=abc123&page=2 failed",
            "GET https://a.test/x?api_key=***&page=2 failed",
        );
        check("https://u:p%40ss@a.test/path@2", "https://***@a.test/path@2");
        check("postgres://me:pw@db:5432/x?sslmode=on", "postgres://***@db:5432/x?sslmode=on");
        check("sent Authorization: Bearer eyJhbGciOi.x, got 401", "sent Authorization: Bearer ***, got 401");
        check("token=\"abc\" {\"api_key\":\"k1\",\"n\":1}", "token=\"***\" {\"api_key\":\"***\",\"n\":1}");
        check("ü=1 page=2 https://a.test/?q=a=b", "ü=1 page=2 https://a.test/?q=a=b");
        check("the Basic plan", "the Basic plan");
        check("", "");
        check("=", "=");
        check("?token=", "?token=");
        check("key=\u{1F511}x y", "key=*** y");
    }
}
