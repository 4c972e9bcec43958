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

/// Whether two folded telephone numbers are one, with the code of its country or without.
pub(crate) fn is_same_phone(one: &str, other: &str) -> bool {
    /// Fewer digits in common are those of many.
    const COMMON: usize = 8;
    /// `00` and a code of three digits.
    const CODE: usize = 5;
    let digits = |text: &str| text.len() >= PHONE_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(one) || !digits(other) {
        return false;
    }
    let (one, other) = (one.trim_start_matches('0'), other.trim_start_matches('0'));
    let (short, long) = if one.len() < other.len() { (one, other) } else { (other, one) };
    short == long || (short.len() >= COMMON && long.len() - short.len() <= CODE && long.ends_with(short))
}

/// `text` with `mask` in place of each telephone number that is one of `numbers`, however it is written.
pub(crate) fn without_phones(text: &str, numbers: &[&str], mask: &str) -> String {
    /// More groups of digits than a number is written in.
    const GROUPS: usize = 8;
    let groups = groups_of_digits(text);
    let (mut out, mut at, mut first) = (String::new(), 0, 0);
    while first < groups.len() {
        let mut digits = String::new();
        let joined = |last: &usize| *last == first || is_between(&text[groups[*last - 1].1..groups[*last].0]);
        let mut within = (first..groups.len().min(first + GROUPS)).take_while(joined);
        let last = within.find(|last| {
            digits.push_str(&text[groups[*last].0..groups[*last].1]);
            numbers.iter().any(|number| is_same_phone(number, &digits))
        });
        first = match last {
            Some(last) => {
                out.push_str(text[at..groups[first].0].trim_end_matches(['+', '(']));
                out.push_str(mask);
                at = groups[last].1;
                last + 1
            }
            None => first + 1,
        };
    }
    out + &text[at..]
}

fn groups_of_digits(text: &str) -> Vec<(usize, usize)> {
    let mut groups: Vec<(usize, usize)> = Vec::new();
    for (at, _) in text.bytes().enumerate().filter(|(_, byte)| byte.is_ascii_digit()) {
        match groups.last_mut().filter(|(_, end)| *end == at) {
            Some((_, end)) => *end += 1,
            None => groups.push((at, at + 1)),
        }
    }
    groups
}

/// Whether what stands between two groups of digits belongs to one number.
fn is_between(text: &str) -> bool {
    text.chars().count() <= 3 && text.chars().all(|c| "-/(). \u{a0}\u{2013}".contains(c))
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
    fn a_number_is_found_however_it_is_written() {
        let check = |text: &str, expected: &str| {
            assert_eq!(without_phones(text, &["491512345678"], "***"), expected, "{text}");
        };
        check("call 0151/2345678.", "call ***.");
        check("+49 (151) 234 56 78 or 030 1112223", "*** or 030 1112223");
        check("0151 2345679, 12.05.2026 20:00", "0151 2345679, 12.05.2026 20:00");
        check("", "");
    }

    #[test]
    fn one_person_has_one_spelling() {
        let check = |said: &str, expected: &str| assert_eq!(fold(said), expected);
        check(" Ada@Example.TEST ", "ada@example.test");
        check("mailto:ada@example.test", "ada@example.test");
        check("+49 (0)30 / 12-34 567", "490301234567");
        check("Ada   LOVELACE", "ada lovelace");
        check("12 34", "12 34");
        assert!(is_same_phone(&fold("+49 151 2345678"), &fold("0151/2345678")));
        assert!(is_same_phone(&fold("+49 (0)30 1234567"), &fold("030 1234567")));
        assert!(!is_same_phone(&fold("0151 2345678"), &fold("0152 2345678")));
        assert!(!is_same_phone(&fold("2345678"), &fold("0151 2345678")), "too short to be sure");
        assert_eq!(identities("Ada <ada@x.test>"), ["ada <ada@x.test>", "ada@x.test"]);
    }
}
