//! The addresses of a population report, read from whatever spelling a link has and written in one:
//! category, year, brand, set, card, number and variation as they are called, each one segment.
//!
//! Links hold raw spaces, percent escapes, accents, `+` for a space in the set's name, and slashes inside
//! names ("Marvel/DC", "026/094"), escaped or not.

use url::{Url, form_urlencoded};

/// The first segment of every page of the report.
const REPORT: &str = "pop-report";
/// The first segment of certificates.
const CERTIFICATE: &str = "card";

/// What a page is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    /// The list of all categories.
    List,
    /// A category: its years.
    Category(String),
    /// A year: its sets.
    Year(Year),
    /// A set: its cards.
    Set(Set),
    /// A card: its graded copies.
    Card(Card),
    /// The report of one certificate.
    Certificate(String),
}

/// A year of a category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Year {
    pub category: String,
    pub year: String,
}

/// A set of a year.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Set {
    pub year: Year,
    pub brand: String,
    /// Empty for the brand's base set.
    pub name: String,
}

/// A card of a set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Card {
    pub set: Set,
    pub name: String,
    /// Empty where it has none.
    pub number: String,
    /// Empty where it is none.
    pub variation: String,
}

impl Address {
    /// What `url` leads to; `None` when it is no page of a report.
    pub fn parse(url: &Url) -> Option<Address> {
        let segments: Vec<String> = url.path_segments()?.map(decoded).collect();
        let (first, rest) = segments.split_first()?;
        let rest: Vec<&str> = rest.iter().map(String::as_str).filter(|segment| !segment.is_empty()).collect();
        match (first.as_str(), rest.as_slice()) {
            (REPORT, []) => Some(Address::List),
            (REPORT, rest) => Some(report(rest, url)),
            (CERTIFICATE, [certificate]) => Some(Address::Certificate(certificate.to_uppercase())),
            _ => None,
        }
    }

    /// The one spelling of its address at `base`.
    pub fn url(&self, base: &Url) -> Url {
        let mut url = base.clone();
        url.set_query(None);
        url.set_fragment(None);
        let mut segments: Vec<&str> = vec![REPORT];
        match self {
            Address::List => {}
            Address::Category(category) => segments.push(category),
            Address::Year(year) => segments.extend(year.segments()),
            Address::Set(set) => segments.extend(set.segments()),
            Address::Card(card) => {
                segments.extend(card.set.segments());
                segments.push(&card.name);
                segments.extend(Some(card.number.as_str()).filter(|number| !number.is_empty()));
            }
            Address::Certificate(certificate) => segments = vec![CERTIFICATE, certificate],
        }
        if let Ok(mut path) = url.path_segments_mut() {
            path.clear().extend(segments);
        }
        let (set, variation) = match self {
            Address::Set(set) => (set.name.as_str(), ""),
            Address::Card(card) => (card.set.name.as_str(), card.variation.as_str()),
            _ => ("", ""),
        };
        for (name, value) in [("setName", set), ("variation", variation)] {
            if !value.is_empty() {
                url.query_pairs_mut().append_pair(name, value);
            }
        }
        url
    }

    /// The step of requests for such a page.
    pub fn step(&self) -> &'static str {
        match self {
            Address::List => "list",
            Address::Category(_) => "category",
            Address::Year(_) => "year",
            Address::Set(_) => "set",
            Address::Card(_) => "card",
            Address::Certificate(_) => "certificate",
        }
    }
}

impl Year {
    fn segments(&self) -> [&str; 2] {
        [&self.category, &self.year]
    }

    /// Its source key.
    pub fn key(&self) -> String {
        key(&self.segments())
    }
}

impl Set {
    fn segments(&self) -> [&str; 3] {
        [&self.year.category, &self.year.year, &self.brand]
    }

    /// Its source key. A set and an insert of the same brand differ in the last part.
    pub fn key(&self) -> String {
        let [category, year, brand] = self.segments();
        key(&[category, year, brand, &self.name])
    }

    /// Brand and set, to read.
    pub fn title(&self) -> String {
        format!("{} {}", self.brand, self.name).trim_end().to_owned()
    }
}

impl Card {
    /// Its source key: all that makes it the same card.
    pub fn key(&self) -> String {
        let [category, year, brand] = self.set.segments();
        key(&[category, year, brand, &self.set.name, &self.name, &self.number, &self.variation])
    }
}

/// Parts with slashes between. What is one in a part is escaped, so that no two lists give one key.
fn key(parts: &[&str]) -> String {
    let escaped: Vec<String> =
        parts.iter().map(|part| part.replace('%', "%25").replace('/', "%2F")).collect();
    escaped.join("/")
}

/// What the segments behind `pop-report` name. A category goes as far as the year: its slashes are not
/// always escaped.
fn report(segments: &[&str], url: &Url) -> Address {
    let query = |name: &str| {
        let found = url.query_pairs().find(|(known, _)| known == name);
        found.map(|(_, value)| collapsed(&value)).unwrap_or_default()
    };
    let Some(at) = segments.iter().position(|segment| is_year(segment)).filter(|at| *at > 0) else {
        return Address::Category(segments.join("/"));
    };
    let year = Year { category: segments[..at].join("/"), year: segments[at].to_owned() };
    let (brand, rest) = match &segments[at + 1..] {
        [] => return Address::Year(year),
        [brand, rest @ ..] => (brand, rest),
    };
    let set = Set { year, brand: (*brand).to_owned(), name: query("setName") };
    match rest {
        [] => Address::Set(set),
        [name, number @ ..] => Address::Card(Card {
            set,
            name: (*name).to_owned(),
            number: number.join("/"),
            variation: query("variation"),
        }),
    }
}

/// Exactly four digits; all else in the place of a year is none.
pub fn is_year(text: &str) -> bool {
    text.len() == 4 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A path segment in plain text. A plus is a plus here.
fn decoded(segment: &str) -> String {
    let escaped = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    let text = form_urlencoded::parse(escaped.as_bytes()).next().map(|(text, _)| text.into_owned());
    collapsed(&text.unwrap_or_default())
}

/// Trimmed, with single spaces.
pub fn collapsed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(url: &str) -> Address {
        Address::parse(&Url::parse(url).expect("an address")).expect("a page of the report")
    }

    /// Every spelling leads to the same page, whose own spelling it is.
    fn check(spellings: &[&str], key: &str, written: &str) {
        for spelling in spellings {
            let address = parse(spelling);
            let found = match &address {
                Address::Year(year) => year.key(),
                Address::Set(set) => set.key(),
                Address::Card(card) => card.key(),
                Address::Category(name) | Address::Certificate(name) => name.clone(),
                Address::List => String::new(),
            };
            assert_eq!(found, key, "{spelling}");
            let base = Url::parse("https://my.taggrading.com/").expect("an address");
            let own = address.url(&base);
            assert_eq!(own.as_str(), written, "{spelling}");
            assert_eq!(Address::parse(&own), Some(address), "{spelling}");
        }
    }

    #[test]
    fn fault_10_categories_with_slashes_spaces_and_accents_have_one_spelling() {
        check(
            &[
                "https://my.taggrading.com/pop-report/Marvel%2FDC/2023",
                "https://my.taggrading.com/pop-report/Marvel/DC/2023/",
            ],
            "Marvel%2FDC/2023",
            "https://my.taggrading.com/pop-report/Marvel%2FDC/2023",
        );
        check(
            &[
                "https://my.taggrading.com/pop-report/Pokémon/1999",
                "https://my.taggrading.com/pop-report/Pok%C3%A9mon/1999",
            ],
            "Pokémon/1999",
            "https://my.taggrading.com/pop-report/Pok%C3%A9mon/1999",
        );
        check(
            &[
                "https://my.taggrading.com/pop-report/Garbage Pail Kids",
                "https://my.taggrading.com/pop-report/Garbage%20Pail%20Kids",
            ],
            "Garbage Pail Kids",
            "https://my.taggrading.com/pop-report/Garbage%20Pail%20Kids",
        );
    }

    #[test]
    fn fault_14_a_set_and_its_insert_do_not_collide() {
        let base = "https://my.taggrading.com/pop-report/Baseball/1989/Donruss";
        check(&[base], "Baseball/1989/Donruss/", base);
        check(
            &[&format!("{base}?setName=Diamond+Kings"), &format!("{base}?setName=Diamond%20Kings")],
            "Baseball/1989/Donruss/Diamond Kings",
            &format!("{base}?setName=Diamond+Kings"),
        );
        // Brand and set run together would be the same here.
        let other = "https://my.taggrading.com/pop-report/Baseball/1989/Donruss%20Diamond?setName=Kings";
        check(&[other], "Baseball/1989/Donruss Diamond/Kings", other);
    }

    #[test]
    fn fault_12_number_and_variation_are_part_of_a_card() {
        check(
            &[
                "https://my.taggrading.com/pop-report/Pok%C3%A9mon/2023/Paldea/Luffy/026%2F094?setName=&variation=&grades=",
                "https://my.taggrading.com/pop-report/Pokémon/2023/Paldea/Luffy/026/094",
            ],
            "Pokémon/2023/Paldea//Luffy/026%2F094/",
            "https://my.taggrading.com/pop-report/Pok%C3%A9mon/2023/Paldea/Luffy/026%2F094",
        );
        check(
            &["https://my.taggrading.com/pop-report/Hockey/1989/Topps/Mario%20Lemieux/1?variation=Red+Back"],
            "Hockey/1989/Topps//Mario Lemieux/1/Red Back",
            "https://my.taggrading.com/pop-report/Hockey/1989/Topps/Mario%20Lemieux/1?variation=Red+Back",
        );
    }

    #[test]
    fn fault_24_a_plus_is_a_plus_in_a_path_and_a_space_in_a_set() {
        check(
            &["https://my.taggrading.com/pop-report/Baseball/2024/Topps/A+B/1?setName=C%2BD+E"],
            "Baseball/2024/Topps/C+D E/A+B/1/",
            "https://my.taggrading.com/pop-report/Baseball/2024/Topps/A+B/1?setName=C%2BD+E",
        );
    }

    #[test]
    fn other_pages() {
        assert_eq!(parse("https://my.taggrading.com/pop-report"), Address::List);
        assert_eq!(parse("https://my.taggrading.com/card/x3032464"), Address::Certificate("X3032464".into()));
        let none = |url: &str| Address::parse(&Url::parse(url).expect("an address"));
        assert_eq!(none("https://my.taggrading.com/about"), None);
        assert_eq!(none("https://my.taggrading.com/pop-reports/Baseball"), None);
    }
}
