//! A script cut into the words of SQL, as its database cuts it: where strings, names and comments end, so
//! that neither a semicolon nor a parameter is ever seen inside one.

mod postgres;

use crate::sql::Dialect;

/// A word of SQL and where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A keyword or a name without quotes.
    Word,
    /// A name in quotes, or a text, which SQLite takes as a name where it wants one.
    Quoted,
    Number,
    /// `?`, `?1`, `:name`, `@name`, `$name`.
    Parameter,
    /// Any other sign, one at a time.
    Sign,
}

impl Token {
    pub(super) fn text<'a>(&self, script: &'a str) -> &'a str {
        &script[self.start..self.end]
    }

    /// Whether it is this keyword.
    pub(super) fn is(&self, script: &str, keyword: &str) -> bool {
        self.kind == Kind::Word && self.text(script).eq_ignore_ascii_case(keyword)
    }

    pub(super) fn is_sign(&self, script: &str, sign: &str) -> bool {
        self.kind == Kind::Sign && self.text(script) == sign
    }

    /// The name that it is, without quotes.
    pub(super) fn name(&self, script: &str) -> Option<String> {
        let text = self.text(script);
        match self.kind {
            Kind::Word => Some(text.to_owned()),
            Kind::Quoted => {
                let quote = &text[..1];
                let inner = text.get(1..text.len() - 1)?;
                Some(if quote == "[" { inner.to_owned() } else { inner.replace(&quote.repeat(2), quote) })
            }
            _ => None,
        }
    }
}

/// The words of `script`; an error says what has no end.
pub(super) fn tokens(script: &str, dialect: Dialect) -> Result<Vec<Token>, String> {
    if script.contains('\0') {
        return Err("the script holds a zero byte".to_owned());
    }
    let bytes = script.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let found = match dialect {
            Dialect::Sqlite => next(script, at)?,
            Dialect::Postgres => postgres::next(script, at)?,
        };
        let (kind, end) = match found {
            (None, end) => {
                at = end;
                continue;
            }
            (Some(kind), end) => (kind, end),
        };
        tokens.push(Token { kind, start: at, end });
        at = end;
    }
    Ok(tokens)
}

/// What begins at `at`, and where it ends; no kind for space and comments.
fn next(script: &str, at: usize) -> Result<(Option<Kind>, usize), String> {
    let bytes = script.as_bytes();
    let rest = &script[at..];
    let words = |from: usize| from + bytes[from..].iter().take_while(|byte| is_inside(**byte)).count();
    Ok(match bytes[at] {
        byte if byte.is_ascii_whitespace() => (None, at + 1),
        b'-' if rest.starts_with("--") => (None, rest.find('\n').map_or(script.len(), |end| at + end)),
        b'/' if rest.starts_with("/*") => {
            (None, rest[2..].find("*/").map_or(script.len(), |end| at + 2 + end + 2))
        }
        b'\'' | b'"' | b'`' => (Some(Kind::Quoted), closing(script, at)?),
        b'[' => match rest.find(']') {
            Some(end) => (Some(Kind::Quoted), at + end + 1),
            None => return Err(unclosed(script, at)),
        },
        b'?' => {
            let digits = bytes[at + 1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            (Some(Kind::Parameter), at + 1 + digits)
        }
        b':' | b'@' | b'$' if words(at + 1) > at + 1 => (Some(Kind::Parameter), words(at + 1)),
        byte if byte.is_ascii_digit() => (Some(Kind::Number), words(at)),
        byte if is_inside(byte) => (Some(Kind::Word), words(at)),
        _ => (Some(Kind::Sign), at + rest.chars().next().map_or(1, char::len_utf8)),
    })
}

fn is_inside(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$') || byte >= 0x80
}

/// The end of what is quoted from `at`; the quote twice stands for itself.
fn closing(script: &str, at: usize) -> Result<usize, String> {
    let bytes = script.as_bytes();
    let mut end = at + 1;
    while end < bytes.len() {
        if bytes[end] == bytes[at] {
            if bytes.get(end + 1) != Some(&bytes[at]) {
                return Ok(end + 1);
            }
            end += 1;
        }
        end += 1;
    }
    Err(unclosed(script, at))
}

fn unclosed(script: &str, at: usize) -> String {
    let line = script[..at].matches('\n').count() + 1;
    format!("line {line}: the {} that opens here is not closed", &script[at..=at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_inside_quotes_and_comments_is_a_word() {
        let script = "select 'a;''b' x, \"c;\" -- d;\n/* e; */ [f;] ?2 :g @h 1e5 `i``j` ;";
        let tokens = tokens(script, Dialect::Sqlite).unwrap();
        let texts: Vec<&str> = tokens.iter().map(|token| token.text(script)).collect();
        let expected =
            ["select", "'a;''b'", "x", ",", "\"c;\"", "[f;]", "?2", ":g", "@h", "1e5", "`i``j`", ";"];
        assert_eq!(texts, expected);
        assert_eq!(tokens[10].name(script).as_deref(), Some("i`j"));
        assert_eq!(
            super::tokens("select\n 'a", Dialect::Sqlite).unwrap_err(),
            "line 2: the ' that opens here is not closed"
        );
    }
}
