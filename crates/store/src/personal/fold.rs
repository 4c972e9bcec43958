//! What tells a person: an address of e-mail, a telephone number, a name, in one spelling each.

use model::mask;

/// Fewer digits are a house number, or a year.
const PHONE_DIGITS: usize = 7;

/// `text` in the one spelling that persons are compared in.
pub(crate) fn fold(text: &str) -> String {
    let text = text.trim().trim_start_matches("mailto:").trim_start_matches("tel:");
    if is_phone(text) {
        return text.chars().filter(char::is_ascii_digit).collect();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Whether it is a telephone number.
pub(crate) fn is_phone(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_digit() || "+-/(). \u{a0}".contains(c);
    text.chars().all(fits) && text.chars().filter(char::is_ascii_digit).count() >= PHONE_DIGITS
}

/// Everything that a value tells a person by: the whole of it, and each address in it.
pub(crate) fn identities(text: &str) -> Vec<String> {
    let mut found = vec![fold(text)];
    mask::addresses(text, |address| {
        found.push(fold(address));
        false
    });
    found.retain(|identity| !identity.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_person_has_one_spelling() {
        let check = |said: &str, expected: &str| assert_eq!(fold(said), expected);
        check(" Ada@Example.TEST ", "ada@example.test");
        check("mailto:ada@example.test", "ada@example.test");
        check("+49 (0)30 / 12-34 567", "490301234567");
        check("Ada   LOVELACE", "ada lovelace");
        check("12 34", "12 34");
        assert_eq!(identities("Ada <ada@x.test>"), ["ada <ada@x.test>", "ada@x.test"]);
    }
}
