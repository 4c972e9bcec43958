//! A user's words as a full-text query. Whatever is typed, quotes and operators too, is words.

/// All of the words, the last one also as the beginning of a longer one; `None` when there are none.
pub(super) fn match_expression(text: &str) -> Option<String> {
    let has_letters = |word: &&str| word.chars().any(char::is_alphanumeric);
    let words: Vec<&str> = text.split_whitespace().filter(has_letters).collect();
    let (last, others) = words.split_last()?;
    let mut terms: Vec<String> = others.iter().map(|word| quoted(word)).collect();
    terms.push(format!("{}*", quoted(last)));
    Some(terms.join(" "))
}

/// A word in quotes is plain text to the index; a quote inside is doubled. NUL would end the query.
fn quoted(word: &str) -> String {
    format!("\"{}\"", word.replace('\0', " ").replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::match_expression;

    #[test]
    fn anything_typed_becomes_words() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(match_expression(text).as_deref(), expected, "{text:?}");
        };
        check("jazz", Some("\"jazz\"*"));
        check("  jazz  night ", Some("\"jazz\" \"night\"*"));
        check("\"a\" OR b", Some("\"\"\"a\"\"\" \"OR\" \"b\"*"));
        check("NEAR(x) - *", Some("\"NEAR(x)\"*"));
        check("title:x", Some("\"title:x\"*"));
        check(" \" * ", None);
        check("", None);
    }
}
