//! Finds, in the text of an expression, what can be checked before it ever runs: the filters and tests
//! it names, and the patterns, selectors and zones it gives them as literals.

/// A filter or test as an expression names it.
#[derive(Debug, PartialEq)]
pub(super) struct Named<'a> {
    pub(super) name: &'a str,
    /// Byte offset in the expression.
    pub(super) at: usize,
    /// Its first argument, when that is a text literal.
    pub(super) literal: Option<String>,
}

/// Every `| name` of `source`, in order.
pub(super) fn filters(source: &str) -> Vec<Named<'_>> {
    let blanked = blank_literals(source);
    let mut found = Vec::new();
    for (at, _) in blanked.match_indices('|') {
        let skipped = blanked[at + 1..].len() - blanked[at + 1..].trim_start().len();
        let start = at + 1 + skipped;
        let name = identifier(&blanked[start..]);
        if !name.is_empty() {
            let end = start + name.len();
            let name = &source[start..end];
            found.push(Named { name, at: start, literal: first_literal(&source[end..]) });
        }
    }
    found
}

/// Every name after `is` or `is not`.
pub(super) fn tests(source: &str) -> Vec<Named<'_>> {
    let blanked = blank_literals(source);
    let mut found = Vec::new();
    for (at, _) in blanked.match_indices(" is ") {
        let mut start = at + 4;
        start += blanked[start..].len() - blanked[start..].trim_start().len();
        if let Some(rest) = blanked[start..].strip_prefix("not ") {
            start += 4 + rest.len() - rest.trim_start().len();
        }
        let name = identifier(&blanked[start..]);
        if !name.is_empty() {
            found.push(Named { name: &source[start..start + name.len()], at: start, literal: None });
        }
    }
    found
}

/// Byte offset of the variable `name` in `source`.
pub(super) fn variable(source: &str, name: &str) -> Option<usize> {
    let blanked = blank_literals(source);
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let free = |at: usize| {
        !blanked[..at].ends_with(|c| is_word(c) || c == '.')
            && !blanked[at + name.len()..].starts_with(is_word)
    };
    blanked.match_indices(name).map(|(at, _)| at).find(|at| free(*at))
}

pub(super) fn identifier(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

fn first_literal(after_name: &str) -> Option<String> {
    let inside = after_name.trim_start().strip_prefix('(')?.trim_start();
    let quote = inside.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let rest = &inside[1..];
    let end = blank_literals(inside)[1..].find(quote)?;
    let next = rest[end + 1..].trim_start();
    next.starts_with([',', ')']).then(|| unescaped(&rest[..end]))
}

fn unescaped(literal: &str) -> String {
    let mut text = String::with_capacity(literal.len());
    let mut chars = literal.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => text.push('\n'),
                Some('t') => text.push('\t'),
                Some(own @ ('\\' | '\'' | '"')) => text.push(own),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            },
            (plain, false) => text.push(plain),
        }
    }
    text
}

/// The source with every backslash in its literals doubled that begins no escape of a text: patterns are
/// written `'\d+'` and mean it. `\b` is a word's edge, not a backspace.
pub(super) fn keep_backslashes(source: &str) -> String {
    let mut kept = String::with_capacity(source.len());
    let mut quote: Option<char> = None;
    let mut chars = source.chars().peekable();
    while let Some(c) = chars.next() {
        kept.push(c);
        match quote {
            None if matches!(c, '\'' | '"') => quote = Some(c),
            Some(open) if c == open => quote = None,
            Some(_) if c == '\\' => match chars.peek().copied() {
                Some(next @ ('n' | 't' | 'r' | '\\' | '\'' | '"')) => {
                    kept.push(next);
                    chars.next();
                }
                _ => kept.push('\\'),
            },
            _ => {}
        }
    }
    kept
}

/// The same text with the inside of its literals blanked, so that offsets stay.
pub(super) fn blank_literals(source: &str) -> String {
    let mut blanked = String::with_capacity(source.len());
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for c in source.chars() {
        let inside = quote.is_some();
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        if inside && quote.is_some() {
            blanked.extend(std::iter::repeat_n('_', c.len_utf8()));
        } else {
            blanked.push(c);
        }
    }
    blanked
}

/// One part of a template: text, or an expression with its byte offset.
#[derive(Debug, PartialEq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    Expression(&'a str, usize),
}

/// Splits `text` at its `{{ … }}`; braces inside literals and object literals do not close one.
pub(super) fn parts(text: &str) -> Result<Vec<Part<'_>>, usize> {
    let mut parts = Vec::new();
    let mut from = 0;
    while let Some(found) = text[from..].find("{{") {
        let open = from + found;
        if open > from {
            parts.push(Part::Text(&text[from..open]));
        }
        let close = closing(&text[open + 2..]).ok_or(open)? + open + 2;
        parts.push(Part::Expression(&text[open + 2..close], open + 2));
        from = close + 2;
    }
    if from < text.len() {
        parts.push(Part::Text(&text[from..]));
    }
    Ok(parts)
}

/// Where the `}}` stands that ends an expression. Looks no further than it must, so that a text of many
/// expressions is read once.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match (quote, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (None, '{') => depth += 1,
            (None, '}') if depth > 0 => depth -= 1,
            (None, '}') if text[at..].starts_with("}}") => return Some(at),
            (None, _) => {}
        }
    }
    None
}

/// How many parts an expression chains at most. A chain is as deep as it is long, and Jinja goes down it
/// without looking at the stack.
const LONGEST_CHAIN: usize = 1_000;

/// Whether an expression is small enough to be compiled.
pub(super) fn is_bounded(source: &str) -> bool {
    let blanked = blank_literals(source);
    let signs = blanked.chars().filter(|c| ".|+-~*/%[(<>=!".contains(*c)).count();
    let is_link = |word: &&str| matches!(*word, "not" | "and" | "or" | "if" | "is" | "in");
    let words = blanked.split(|c: char| !c.is_alphanumeric() && c != '_').filter(is_link).count();
    signs + words <= LONGEST_CHAIN
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_filters_outside_literals() {
        let names: Vec<_> =
            filters("item.a|text | regex('a|b', 1) ~ '| no'").iter().map(|f| f.name).collect();
        assert_eq!(names, ["text", "regex"]);
        assert_eq!(filters("x | regex( 'a|b' )")[0].literal.as_deref(), Some("a|b"));
        assert_eq!(filters(r"x | regex('\d\'(')")[0].literal.as_deref(), Some(r"\d'("));
        assert_eq!(keep_backslashes(r"a ~ '\d\n\b\\\''"), r"a ~ '\\d\n\\b\\\''");
        assert_eq!(filters("x | css(name)")[0].literal, None);
        assert_eq!(super::tests("a is not defined and b is oddly")[1].name, "oddly");
    }

    #[test]
    fn splits_templates() {
        let shown = |text| parts(text).map(|parts| format!("{parts:?}"));
        assert_eq!(shown("a{{ b }}").unwrap(), r#"[Text("a"), Expression(" b ", 3)]"#);
        assert_eq!(shown("{{ {'a': {'b': 1}} }}").unwrap(), r#"[Expression(" {'a': {'b': 1}} ", 2)]"#);
        assert_eq!(shown("{{ '}}' }}").unwrap(), r#"[Expression(" '}}' ", 2)]"#);
        assert_eq!(parts("a {{ b"), Err(2));
    }
}
