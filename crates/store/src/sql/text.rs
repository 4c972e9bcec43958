//! From the SQL that statements are written in to PostgreSQL's: what is valid in SQLite and has one
//! meaning, put into the other's words.

/// Numbers the placeholders as PostgreSQL does, and puts a set of keys as it does.
///
/// - `?` and `?3` become `$1`, `$3`; text within quotes is left alone.
/// - `IN (SELECT value FROM json_each(?))` becomes `= ANY($1)`: the set is bound as an array;
///   so none of them is written `NOT (x IN ...)`.
/// - `json_each(?)` elsewhere becomes the elements of a JSON array, as `value`; `json_each(column)`, its
///   elements as texts, with their place in `key`.
/// - What only tells SQLite how to go about it is left out, and functions get their names there.
pub(super) fn for_postgres(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 32);
    let (mut rest, mut count) = (text, 0);
    while let Some(next) = rest.find(['\'', '"', '?', 'I', 'C', 'N', 'j', 'i', 't']) {
        out.push_str(&rest[..next]);
        let begins_word = !out.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        rest = &rest[next..];
        if begins_word && let Some((word, ours)) = WORDS.iter().find(|(word, _)| rest.starts_with(word)) {
            out.push_str(ours);
            rest = &rest[word.len()..];
            continue;
        }
        rest = match rest.as_bytes()[0] {
            quote @ (b'\'' | b'"') => quoted(rest, char::from(quote), &mut out),
            b'?' => placeholder(&rest[1..], &mut count, &mut out, ""),
            _ if rest.starts_with(KEYS) => {
                let rest = placeholder(&rest[KEYS.len()..], &mut count, &mut out, "= ANY(");
                out.push(')');
                rest.strip_prefix("))").unwrap_or(rest)
            }
            _ if rest.starts_with(EACH) => {
                let rest = placeholder(&rest[EACH.len()..], &mut count, &mut out, "jsonb_array_elements(");
                out.push_str("::jsonb)");
                alias(rest.strip_prefix(')').unwrap_or(rest), &mut out)
            }
            _ if rest.starts_with(EACH_OF) => {
                let inside = &rest[EACH_OF.len()..];
                let (column, rest) = inside.split_once(')').unwrap_or((inside, ""));
                out.push_str(&format!("jsonb_array_elements_text({column}) WITH ORDINALITY"));
                let rest = alias(rest, &mut out);
                out.truncate(out.len() - 1);
                out.push_str(", key)");
                rest
            }
            _ => {
                out.push_str(&rest[..1]);
                &rest[1..]
            }
        };
    }
    out.push_str(rest);
    out
}

const KEYS: &str = "IN (SELECT value FROM json_each(?";
const EACH: &str = "json_each(?";
const EACH_OF: &str = "json_each(";

const WORDS: [(&str, &str); 7] = [
    ("CROSS JOIN", "JOIN"),
    ("NOT INDEXED", ""),
    ("json_group_array(", "json_agg("),
    ("json_array(", "json_build_array("),
    ("json(", "to_jsonb("),
    ("instr(", "strpos("),
    ("temp.", "pg_temp."),
];

/// Copies a quoted text; a doubled quote ends one and begins the next.
fn quoted<'a>(text: &'a str, quote: char, out: &mut String) -> &'a str {
    let end = text[1..].find(quote).map_or(text.len(), |end| end + 2);
    out.push_str(&text[..end]);
    &text[end..]
}

/// Writes the placeholder whose number, if it has one, `text` begins with.
fn placeholder<'a>(text: &'a str, count: &mut usize, out: &mut String, before: &str) -> &'a str {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let number = match text[..digits].parse() {
        Ok(number) => number,
        Err(_) => {
            *count += 1;
            *count
        }
    };
    out.push_str(before);
    out.push('$');
    out.push_str(&number.to_string());
    &text[digits..]
}

/// Names the column of a set of elements, under the alias that follows or none.
fn alias<'a>(text: &'a str, out: &mut String) -> &'a str {
    let named = text.strip_prefix(' ').unwrap_or("");
    let end = named.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(named.len());
    out.push_str(" AS ");
    out.push_str(if end == 0 { "each" } else { &named[..end] });
    out.push_str("(value)");
    if end == 0 { text } else { &named[end..] }
}

#[cfg(test)]
mod tests {
    use super::for_postgres;

    #[test]
    fn statements_are_put_as_postgresql_reads_them() {
        let check = |text: &str, expected: &str| assert_eq!(for_postgres(text), expected);
        check("SELECT 1", "SELECT 1");
        check("a = ? AND b = ?", "a = $1 AND b = $2");
        check("a = ?2 OR b = ?1 OR c = ?12", "a = $2 OR b = $1 OR c = $12");
        check("a = '?' AND \"?\" = ? AND x = 'it''s ?'", "a = '?' AND \"?\" = $1 AND x = 'it''s ?'");
        check("x IN (SELECT value FROM json_each(?)) AND y = ?", "x = ANY($1) AND y = $2");
        check("x IN (SELECT value FROM json_each(?3))", "x = ANY($3)");
        check(
            "FROM json_each(?) a JOIN b ON b.x = a.value",
            "FROM jsonb_array_elements($1::jsonb) AS a(value) JOIN b ON b.x = a.value",
        );
        check(
            "FROM json_each(e.tags) k CROSS JOIN b ON b.x = k.value",
            "FROM jsonb_array_elements_text(e.tags) WITH ORDINALITY AS k(value, key) JOIN b ON b.x = k.value",
        );
        check(
            "json_group_array(json(x)), mytemp.y, instr(a, b)",
            "json_agg(to_jsonb(x)), mytemp.y, strpos(a, b)",
        );
        check(
            "FROM json_each(?2) WHERE true",
            "FROM jsonb_array_elements($2::jsonb) AS each(value) WHERE true",
        );
    }
}
