//! The numbers of a price text: where they stand, what they amount to, which are prices.

use model::Amount;

/// A number in a text that is a price.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number {
    pub(super) amount: Amount,
    pub(super) currency: Option<&'static str>,
    /// A currency sign or code stands beside it.
    marked: bool,
    start: usize,
    end: usize,
}

/// Signs and words beside a number that mark it as a price, with the currency where it is certain.
/// Longer ones first, because they hold shorter ones.
const MARKS: &[(&str, Option<&str>)] = &[
    ("us$", Some("USD")),
    ("ca$", Some("CAD")),
    ("au$", Some("AUD")),
    ("nz$", Some("NZD")),
    ("hk$", Some("HKD")),
    ("a$", Some("AUD")),
    ("c$", Some("CAD")),
    ("s$", Some("SGD")),
    ("r$", Some("BRL")),
    ("$", None),
    ("€", Some("EUR")),
    ("£", Some("GBP")),
    ("¥", None),
    ("₹", Some("INR")),
    ("₽", Some("RUB")),
    ("₩", Some("KRW")),
    ("₺", Some("TRY")),
    ("₴", Some("UAH")),
    ("₪", Some("ILS")),
    ("฿", Some("THB")),
    ("zł", Some("PLN")),
    ("kč", Some("CZK")),
    ("euros", Some("EUR")),
    ("euro", Some("EUR")),
    ("kr.", None),
    ("kr", None),
];

/// ISO 4217 codes that are recognised as words.
const CODES: &[&str] = &[
    "AED", "ARS", "AUD", "BGN", "BRL", "CAD", "CHF", "CLP", "CNY", "COP", "CZK", "DKK", "EGP", "EUR", "GBP",
    "HKD", "HUF", "IDR", "ILS", "INR", "ISK", "JPY", "KES", "KRW", "MXN", "MYR", "NGN", "NOK", "NZD", "PEN",
    "PHP", "PLN", "RON", "RUB", "SAR", "SEK", "SGD", "THB", "TRY", "TWD", "UAH", "USD", "VND", "ZAR",
];

pub(super) fn currency_code(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let mark = MARKS.iter().find(|(mark, _)| *mark == lower).and_then(|(_, code)| *code);
    mark.or_else(|| CODES.iter().copied().find(|code| code.eq_ignore_ascii_case(text)))
}

/// The numbers of `text` that are prices, by the rules in the head of [`super`].
pub(super) fn prices(text: &str) -> Vec<Number> {
    let text = text.to_lowercase();
    let all = numbers(&text);
    if !all.iter().any(|number| number.marked) {
        let bare = !all.is_empty() && only_joined(&text, &all);
        return if bare { all } else { Vec::new() };
    }
    let counts = |index: usize| {
        let number = &all[index];
        let before = index.checked_sub(1).map(|i| &all[i]);
        number.marked
            || before.is_some_and(|b| b.marked && joins(&text[b.end..number.start]))
            || all.get(index + 1).is_some_and(|n| n.marked && joins(&text[number.end..n.start]))
    };
    (0..all.len()).filter(|index| counts(*index)).map(|index| all[index]).collect()
}

/// Every number but percentages and charges on top, with the marks beside it.
fn numbers(text: &str) -> Vec<Number> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(offset) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + offset;
        let end = start + number_length(&text[start..]);
        at = end;
        if let Some(number) = number(text, start, end) {
            found.push(number);
        }
    }
    found
}

fn number(text: &str, start: usize, end: usize) -> Option<Number> {
    let amount = amount(&text[start..end])?;
    let (before, after) = (&text[..start], &text[end..]);
    let behind = after.strip_prefix(".-").or(after.strip_prefix(",-")).unwrap_or(after);
    let left = mark_before(before);
    let right = mark_after(behind);
    let (span_start, span_end) = (
        start - left.map_or(0, |m| m.length),
        end + (after.len() - behind.len()) + right.map_or(0, |m| m.length),
    );
    let on_top = text[..span_start].trim_end().ends_with('+');
    let attached =
        after.starts_with(['%', '+']) || before.ends_with(|c: char| c.is_alphanumeric()) && left.is_none();
    let unit = after.starts_with(|c: char| c.is_alphabetic()) && right.is_none();
    if on_top || attached || unit {
        return None;
    }
    let currency = right.and_then(|m| m.code).or(left.and_then(|m| m.code));
    let marked = left.is_some() || right.is_some();
    Some(Number { amount, currency, marked, start: span_start, end: span_end })
}

/// A mark beside a number: what it names, and how many bytes it takes with the space between.
#[derive(Clone, Copy)]
struct Mark {
    code: Option<&'static str>,
    length: usize,
}

fn mark_before(text: &str) -> Option<Mark> {
    let trimmed = text.trim_end();
    let gap = text.len() - trimmed.len();
    let sign = MARKS.iter().find(|(mark, _)| trimmed.ends_with(mark) && stands_alone_before(trimmed, mark));
    if let Some((mark, code)) = sign {
        return Some(Mark { code: *code, length: gap + mark.len() });
    }
    let word = trimmed.rsplit(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    code_word(word).map(|code| Mark { code: Some(code), length: gap + word.len() })
}

fn mark_after(text: &str) -> Option<Mark> {
    let trimmed = text.trim_start();
    let gap = text.len() - trimmed.len();
    let sign = MARKS.iter().find(|(mark, _)| trimmed.starts_with(mark) && stands_alone_after(trimmed, mark));
    if let Some((mark, code)) = sign {
        return belongs_here(&trimmed[mark.len()..], gap)
            .then_some(Mark { code: *code, length: gap + mark.len() });
    }
    let word = trimmed.split(|c: char| !c.is_alphabetic()).next().unwrap_or_default();
    code_word(word).map(|code| Mark { code: Some(code), length: gap + word.len() })
}

/// In "£5 £8" the second sign belongs to the number behind it.
fn belongs_here(rest: &str, gap: usize) -> bool {
    gap == 0 || !rest.trim_start().starts_with(|c: char| c.is_ascii_digit())
}

fn stands_alone_before(text: &str, mark: &str) -> bool {
    let letters = mark.starts_with(|c: char| c.is_alphabetic());
    !letters || !text[..text.len() - mark.len()].ends_with(|c: char| c.is_alphabetic())
}

fn stands_alone_after(text: &str, mark: &str) -> bool {
    let letters = mark.ends_with(|c: char| c.is_alphabetic());
    !letters || !text[mark.len()..].starts_with(|c: char| c.is_alphabetic())
}

fn code_word(word: &str) -> Option<&'static str> {
    CODES.iter().copied().find(|code| code.eq_ignore_ascii_case(word))
}

/// True when nothing but numbers, joining words and "from" stands in the text.
fn only_joined(text: &str, numbers: &[Number]) -> bool {
    let mut at = 0;
    for number in numbers {
        if !joins(&text[at..number.start]) {
            return false;
        }
        at = number.end;
    }
    joins(&text[at..])
}

fn joins(between: &str) -> bool {
    between
        .split(|c: char| c.is_whitespace() || matches!(c, '-' | '–' | '—' | '/' | ',' | '|' | '~'))
        .all(|word| matches!(word, "" | "to" | "or" | "bis" | "oder" | "from" | "ab" | "tot" | "a" | "à"))
}

/// How far the number at the start of `text` reaches: digits, and separators between digits. A
/// space separates only groups of three.
fn number_length(text: &str) -> usize {
    let mut end = digits(text);
    loop {
        let rest = &text[end..];
        let Some(separator) = rest.chars().next().filter(|c| is_separator(*c)) else { return end };
        let group = digits(&rest[separator.len_utf8()..]);
        let groups_only = !matches!(separator, '.' | ',');
        if group == 0 || groups_only && group != 3 {
            return end;
        }
        end += separator.len_utf8() + group;
    }
}

fn is_separator(c: char) -> bool {
    matches!(c, '.' | ',' | '\'' | '\u{2019}' | ' ' | '\u{a0}' | '\u{202f}')
}

fn digits(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

/// What a written number amounts to. The last point or comma is the decimal sign, unless three
/// digits follow it or the same sign stands before as well.
fn amount(written: &str) -> Option<Amount> {
    let last = written.rfind(['.', ',']);
    let decimal = last.filter(|at| {
        let (before, after) = (&written[..*at], &written[at + 1..]);
        let sign = &written[*at..=*at];
        after.len() != 3 && !before.contains(sign)
    });
    let (units, fraction) = match decimal {
        Some(at) => (&written[..at], &written[at + 1..]),
        None => (written, ""),
    };
    let units: String = units.chars().filter(char::is_ascii_digit).collect();
    format!("{units}.{fraction}").parse().ok()
}
