//! What is cut otherwise in PostgreSQL: texts between dollars and with backslashes, comments within
//! comments, casts, and brackets, which are elements of arrays there.

use super::{Kind, closing, unclosed};

/// What begins at `at`, and where it ends; no kind for space and comments.
pub(super) fn next(script: &str, at: usize) -> Result<(Option<Kind>, usize), String> {
    let rest = &script[at..];
    let sign = |length: usize| Ok((Some(Kind::Sign), at + length));
    match rest.as_bytes()[0] {
        b'/' if rest.starts_with("/*") => Ok((None, end_of_comment(script, at)?)),
        b'$' if tag(rest).is_some() => Ok((Some(Kind::Quoted), end_of_dollars(script, at)?)),
        b'e' | b'E' if rest[1..].starts_with('\'') => Ok((Some(Kind::Quoted), end_of_escaped(script, at)?)),
        b':' if rest.starts_with("::") => sign(2),
        b'?' if rest.starts_with("?|") || rest.starts_with("?&") => sign(2),
        b'[' | b'`' => sign(1),
        b'\'' | b'"' => Ok((Some(Kind::Quoted), closing(script, at)?)),
        _ => super::next(script, at),
    }
}

fn end_of_comment(script: &str, at: usize) -> Result<usize, String> {
    let mut depth = 0_u32;
    let mut end = at;
    while end < script.len() {
        let rest = &script.as_bytes()[end..];
        if rest.starts_with(b"/*") {
            (depth, end) = (depth + 1, end + 2);
        } else if rest.starts_with(b"*/") {
            (depth, end) = (depth - 1, end + 2);
            if depth == 0 {
                return Ok(end);
            }
        } else {
            end += 1;
        }
    }
    Err(unclosed(script, at))
}

/// The `$tag$` that `text` begins with.
fn tag(text: &str) -> Option<&str> {
    let inner = text[1..].find('$')?;
    let name = &text[1..=inner];
    let fits = name.chars().all(|c| c.is_alphanumeric() || c == '_')
        && !name.starts_with(|c: char| c.is_ascii_digit());
    fits.then(|| &text[..inner + 2])
}

fn end_of_dollars(script: &str, at: usize) -> Result<usize, String> {
    let rest = &script[at..];
    let tag = tag(rest).unwrap_or("$");
    let end = rest[tag.len()..].find(tag).ok_or_else(|| unclosed(script, at))?;
    Ok(at + end + 2 * tag.len())
}

/// The end of `E'…'`, where a backslash takes the next character along.
fn end_of_escaped(script: &str, at: usize) -> Result<usize, String> {
    let bytes = script.as_bytes();
    let mut end = at + 2;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'\'' if bytes.get(end + 1) == Some(&b'\'') => end += 2,
            b'\'' => return Ok(end + 1),
            _ => end += 1,
        }
    }
    Err(unclosed(script, at + 1))
}

#[cfg(test)]
mod tests {
    use crate::script::tokens::tokens;
    use crate::sql::Dialect;

    #[test]
    fn words_end_where_postgresql_ends_them() {
        let check = |script: &str, expected: &[&str]| {
            let tokens = tokens(script, Dialect::Postgres).unwrap();
            let texts: Vec<&str> = tokens.iter().map(|token| token.text(script)).collect();
            assert_eq!(texts, expected);
        };
        check("a::text, b[1] = :c", &["a", "::", "text", ",", "b", "[", "1", "]", "=", ":c"]);
        check("/* a /* ; */ b */ $x$ ; $$ ' $x$ $$;$$", &["$x$ ; $$ ' $x$", "$$;$$"]);
        check(r"E'a\'; b' e'c''\\' 'c\' $1", &[r"E'a\'; b'", r"e'c''\\'", r"'c\'", "$1"]);
        check("a ?| b ? c", &["a", "?|", "b", "?", "c"]);
        assert!(tokens("$a$ b", Dialect::Postgres).unwrap_err().contains("not closed"));
        assert!(tokens("/* /* */", Dialect::Postgres).unwrap_err().contains("not closed"));
    }
}
