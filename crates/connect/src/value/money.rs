//! Prices as people write them: "$12.50–$30", "€ 10,00", "£5 / £8 concs", "From 1.234,50 EUR", "Free".
//!
//! Rules. A number is a price when a currency sign or code stands beside it, when it is joined to
//! such a number ("10–15 €"), or when the text holds nothing but numbers and joining words. What is
//! charged on top ("+ $2 fee") and percentages are no prices. A comma or point before one or two
//! last digits is a decimal sign, before groups of three a separator. The currency is only given
//! when it is said: `$`, `¥` and `kr` belong to several countries and so name none.

mod number;

use model::Amount;

use number::Number;

/// A price or a span of prices as one text states it. What the text leaves open is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriceRange {
    /// Lowest price.
    pub min: Option<Amount>,
    /// Highest price; `None` for "from 10 EUR".
    pub max: Option<Amount>,
    /// ISO 4217 code, where the text names a currency.
    pub currency: Option<&'static str>,
    /// True when nothing is to be paid, false when something is, `None` when the text does not say.
    pub is_free: Option<bool>,
}

/// The one price a text states: the lowest, when it states several; zero for "free".
pub fn read_price(text: &str) -> Option<Amount> {
    let range = read_range(text);
    range.min.or(range.max)
}

/// The prices a text states.
pub fn read_range(text: &str) -> PriceRange {
    let numbers = number::prices(text);
    let free = says_free(text);
    let amounts: Vec<Amount> = numbers.iter().map(|n| n.amount).collect();
    let (lowest, highest) = (amounts.iter().min().copied(), amounts.iter().max().copied());
    let currency = single_currency(&numbers);
    match (lowest, highest) {
        (Some(low), Some(high)) if free && high > Amount::ZERO => {
            PriceRange { min: Some(Amount::ZERO.min(low)), max: Some(high), currency, is_free: Some(false) }
        }
        (Some(low), Some(high)) => bounded(text, low, high, currency),
        _ if free => PriceRange {
            min: Some(Amount::ZERO),
            max: Some(Amount::ZERO),
            currency: None,
            is_free: Some(true),
        },
        _ => PriceRange::default(),
    }
}

/// The ISO 4217 code that a currency's sign, name or code means, where it means only one.
pub fn currency_code(text: &str) -> Option<&'static str> {
    number::currency_code(text.trim())
}

/// "From 10" leaves the highest price open, "up to 30" the lowest.
fn bounded(text: &str, low: Amount, high: Amount, currency: Option<&'static str>) -> PriceRange {
    let is_free = Some(high == Amount::ZERO);
    let (mut min, mut max) = (Some(low), Some(high));
    if low == high && starts_with_word(text, &["from", "ab", "vanaf", "dès", "desde", "da", "fra", "od"]) {
        max = None;
    }
    if low == high && starts_with_word(text, &["up to", "bis zu", "max", "tot"]) {
        min = None;
    }
    PriceRange { min, max, currency, is_free: is_free.filter(|free| !free || min.is_some()) }
}

fn starts_with_word(text: &str, words: &[&str]) -> bool {
    let text = text.trim_start().to_lowercase();
    words.iter().any(|word| {
        text.strip_prefix(word).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphabetic()))
    })
}

/// Words that say "nothing to pay" in the languages of the recorded sources; whole words only, so
/// that "Freedom Tour" is not free.
fn says_free(text: &str) -> bool {
    const WORDS: &[&str] = &[
        "free",
        "gratis",
        "kostenlos",
        "kostenfrei",
        "gratuit",
        "gratuite",
        "gratuito",
        "gratuita",
        "darmowe",
        "ingyenes",
    ];
    let lower = text.to_lowercase();
    if lower.contains("not free") || lower.contains("eintritt frei") {
        return lower.contains("eintritt frei");
    }
    let mut words = lower.split(|c: char| !c.is_alphanumeric() && c != '-');
    words.any(|word| WORDS.contains(&word))
}

/// The currency the numbers name, if they name one and the same.
fn single_currency(numbers: &[Number]) -> Option<&'static str> {
    let mut named = numbers.iter().filter_map(|number| number.currency);
    let first = named.next()?;
    named.all(|other| other == first).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(range: &PriceRange) -> String {
        let amount = |a: Option<Amount>| a.map_or("-".to_owned(), |a| a.to_string());
        let free = range.is_free.map_or("-".to_owned(), |free| free.to_string());
        format!("{} {} {} {free}", amount(range.min), amount(range.max), range.currency.unwrap_or("-"))
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(shown(&read_range(text)), expected, "{text}");
    }

    #[test]
    fn one_price() {
        check("£5", "5 5 GBP false");
        check("€ 10,00", "10 10 EUR false");
        check("12,50 €", "12.50 12.50 EUR false");
        check("USD 20", "20 20 USD false");
        check("20.5 usd", "20.50 20.50 USD false");
        check("1 234,50 zł", "1234.50 1234.50 PLN false");
        check("CHF 1'250.-", "1250 1250 CHF false");
        check("35.60", "35.60 35.60 - false");
        check("$0", "0 0 - true");
        check("US$1,234.00", "1234 1234 USD false");
    }

    #[test]
    fn a_sign_of_several_countries_names_no_currency() {
        check("$12", "12 12 - false");
        check("¥1,000", "1000 1000 - false");
        check("150 kr", "150 150 - false");
        check("CA$12", "12 12 CAD false");
        check("$12 CAD", "12 12 CAD false");
    }

    #[test]
    fn spans() {
        check("$12.50–$30", "12.50 30 - false");
        check("£5 / £8 concs", "5 8 GBP false");
        check("10-15 €", "10 15 EUR false");
        check("$20 advance, $25 at the door", "20 25 - false");
        check("From 1.234,50 EUR", "1234.50 - EUR false");
        check("ab 10 €", "10 - EUR false");
        check("up to £30", "- 30 GBP false");
        check("Free - $20", "0 20 - false");
        check("10 - 15", "10 15 - false");
    }

    #[test]
    fn nothing_to_pay() {
        check("Free", "0 0 - true");
        check("FREE entry", "0 0 - true");
        check("kostenlos", "0 0 - true");
        check("Gratis", "0 0 - true");
        check("Eintritt frei", "0 0 - true");
        check("Freedom Tour", "- - - -");
    }

    #[test]
    fn what_is_no_price() {
        check("", "- - - -");
        check("Doors 7pm", "- - - -");
        check("18+", "- - - -");
        check("10% off", "- - - -");
        check("Ages 18+, $10", "10 10 - false");
        check("$20 + $2 fee", "20 20 - false");
        check("2 for £30", "30 30 GBP false");
        check("£99999999999999999999999", "- - - -");
    }

    #[test]
    fn one_price_of_a_text() {
        assert_eq!(read_price("£5 / £8").map(|a| a.to_string()).as_deref(), Some("5"));
        assert_eq!(read_price("1.234").map(|a| a.to_string()).as_deref(), Some("1234"));
        assert_eq!(read_price("sold out"), None);
        assert_eq!(currency_code(" € "), Some("EUR"));
        assert_eq!(currency_code("eur"), Some("EUR"));
        assert_eq!(currency_code("$"), None);
    }
}
