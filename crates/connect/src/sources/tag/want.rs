//! What of a population report a run wants: the parameters, read once.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{ContentHash, Kind, Request, nearest};
use serde_json::Value;
use url::Url;

use super::KNOWN;
use super::address::{Address, Card, Set};
use super::levels::Counts;
use crate::connector::ByName;
use crate::value::text::is_like;

/// The levels of a crawl: what each finds. Pages of a level are asked for when it is wanted, or one below it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Categories, from the list of them.
    Category,
    /// Years, from the pages of categories.
    Year,
    /// Sets, from the pages of years.
    Set,
    /// Cards, from the pages of sets.
    Card,
    /// Graded copies, from the pages of cards.
    Copy,
    /// Scores and pictures, from the reports of certificates.
    Certificate,
}

/// `graderows`, as people say it.
const OTHER_NAME: &str = "grades";

/// Parameters that are numbers, and the least that each can be.
const NUMBERS: [(&str, f64); 4] =
    [("delay", 0.0), ("max_retries", 0.0), ("retry_backoff", f64::MIN_POSITIVE), ("recrawl_days", 0.0)];

const LEVELS: [(&str, Level); 7] = [
    ("category", Level::Category),
    ("year", Level::Year),
    ("set", Level::Set),
    ("card", Level::Card),
    ("graderows", Level::Copy),
    (OTHER_NAME, Level::Copy),
    ("certificate", Level::Certificate),
];

impl Level {
    /// The level of this name.
    pub fn named(name: &str) -> Option<Level> {
        let name = name.trim().to_lowercase();
        LEVELS.iter().find(|(known, _)| *known == name).map(|(_, level)| *level)
    }
}

/// What a run wants.
#[derive(Debug, Clone, PartialEq)]
pub struct Want {
    /// Address of the site.
    pub base: Url,
    /// Only these categories; empty is whatever the list holds.
    pub categories: Vec<String>,
    years: Vec<String>,
    sets: Vec<String>,
    cards: Vec<String>,
    /// Where the crawl begins.
    pub from: Level,
    /// How deep it goes.
    pub deepest: Level,
    /// Days after which a page is asked for again of which nothing is said to have changed; 0 is always.
    recrawl_days: i64,
    /// The present, as far as reading knows it.
    now: DateTime<Utc>,
}

/// Four digits, which a season may go on from (`1989-90`), or with any text in it (`19*`).
fn is_year(text: &str) -> bool {
    text.contains('*') || text.bytes().take_while(u8::is_ascii_digit).count() == 4
}

impl Want {
    /// Reads the parameters; the error says which is wrong and what would be right.
    pub fn of(params: &BTreeMap<String, Value>) -> Result<Want, String> {
        let text = |name: &str| params.get(name).and_then(Value::as_str).unwrap_or_default();
        let list = |name: &str| texts(params.get(name));
        let base = Url::parse(text("url")).map_err(|error| format!("parameter `url`: {error}"))?;
        let level = |name: &str, text: &str| {
            Level::named(text).ok_or_else(|| {
                let names = LEVELS.iter().map(|(name, _)| *name);
                let near = nearest(&text.to_lowercase(), names.clone());
                let near = near.map(|near| format!("; did you mean {near:?}?")).unwrap_or_default();
                let names: Vec<&str> = names.filter(|name| *name != OTHER_NAME).collect();
                format!("parameter `{name}`: {text:?} is none of {}{near}", names.join(", "))
            })
        };
        let from = match text("start_from") {
            "" => Level::Category,
            named => level("start_from", named)?,
        };
        let levels: Result<Vec<Level>, String> =
            list("levels").iter().map(|named| level("levels", named)).collect();
        let deepest = levels?.into_iter().max().unwrap_or(Level::Copy);
        for (name, least) in NUMBERS {
            let given = params.get(name).filter(|value| !value.is_null());
            let fits =
                |value: &Value| value.as_f64().is_some_and(|value| value.is_finite() && value >= least);
            if let Some(value) = given.filter(|value| !fits(value)) {
                let bound = if least > 0.0 { "above 0" } else { "0 or more" };
                return Err(format!("parameter `{name}`: {value} is no number {bound}"));
            }
        }
        if let Some(year) = list("year_filter").iter().find(|year| !is_year(year)) {
            return Err(format!("parameter `year_filter`: {year:?} is no year of four digits, such as 1989"));
        }
        if from > deepest {
            return Err("parameter `start_from`: a crawl cannot begin below its deepest level".to_owned());
        }
        let discover = |name: &String| name.eq_ignore_ascii_case("discover");
        let categories = list("categories");
        Ok(Want {
            base,
            categories: match categories.iter().any(discover) {
                true => Vec::new(),
                false => categories.into_iter().map(spelt).collect(),
            },
            years: list("year_filter"),
            sets: list("set_filter"),
            cards: list("card_filter"),
            from,
            deepest,
            recrawl_days: params.get("recrawl_days").and_then(Value::as_i64).unwrap_or(0),
            now: DateTime::UNIX_EPOCH,
        })
    }

    /// The same at another time.
    pub fn at(self, now: DateTime<Utc>) -> Want {
        Want { now, ..self }
    }

    /// What a page is known by to be the one that was read before: what is said of it, and the stretch of
    /// days it falls into, which begins for each page on a day of its own, so that not all fall due at once.
    pub fn stamp(&self, request: &Request, counts: &Counts) -> Option<String> {
        let period = u64::try_from(self.recrawl_days).ok().filter(|days| *days > 0)?;
        let own = ContentHash::of(request.identity().as_bytes()).short().unsigned_abs();
        let day = u64::try_from(self.now.timestamp() / 86_400).unwrap_or(0);
        let stretch = (day + own % period) / period;
        let said = ContentHash::of(counts.said.as_bytes()).short();
        Some(format!("{said:x}-{stretch}"))
    }

    /// Whether the page of `address` is to be asked for, as something that follows.
    pub fn follows(&self, address: &Address) -> bool {
        let level = match address {
            Address::List => Level::Category,
            Address::Category(_) => Level::Year,
            Address::Year(_) => Level::Set,
            Address::Set(_) => Level::Card,
            Address::Card(_) => Level::Copy,
            Address::Certificate(_) => Level::Certificate,
        };
        level <= self.deepest && self.covers(address)
    }

    /// Whether `address` lies within the filters. What they do not speak of does.
    pub fn covers(&self, address: &Address) -> bool {
        match address {
            Address::List | Address::Certificate(_) => true,
            Address::Category(name) => self.has_category(name),
            Address::Year(year) => self.has_category(&year.category) && fits(&self.years, &[&year.year]),
            Address::Set(set) => self.has_set(set),
            Address::Card(card) => self.has_card(card),
        }
    }

    /// What is asked for by name.
    pub fn by_name(&self) -> Vec<ByName> {
        let filters: [(&str, &[String], Kind, &[&str]); 4] = [
            ("categories", &self.categories, Kind::CardCategory, &["name"]),
            ("year_filter", &self.years, Kind::CardYear, &["year"]),
            ("set_filter", &self.sets, Kind::CardSet, &["brand", "set_name", "title"]),
            ("card_filter", &self.cards, Kind::Card, &["name", "number"]),
        ];
        let each = filters.into_iter().flat_map(|(parameter, names, kind, columns)| {
            names.iter().map(move |name| ByName { parameter, name: name.clone(), kind, columns })
        });
        each.collect()
    }

    fn has_category(&self, name: &str) -> bool {
        self.categories.is_empty() || self.categories.iter().any(|wanted| same(wanted, name))
    }

    fn has_set(&self, set: &Set) -> bool {
        self.covers(&Address::Year(set.year.clone()))
            && fits(&self.sets, &[&set.brand, &set.name, &set.title()])
    }

    fn has_card(&self, card: &Card) -> bool {
        self.has_set(&card.set) && fits(&self.cards, &[&card.name, &card.number])
    }
}

/// A category in the spelling that is known, which is that of its address.
fn spelt(category: String) -> String {
    // Nearly always so, and this is asked with every page.
    if KNOWN.contains(&category.as_str()) {
        return category;
    }
    KNOWN.iter().find(|known| same(known, &category)).map_or(category, |known| (*known).to_owned())
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let list = value.and_then(Value::as_array).into_iter().flatten();
    list.filter_map(Value::as_str)
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect()
}

/// True where nothing is asked for, or one of the names is one of what is; `*` stands for any text.
fn fits(wanted: &[String], names: &[&str]) -> bool {
    wanted.is_empty() || wanted.iter().any(|wanted| names.iter().any(|name| is_like(wanted, name)))
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn want(params: Value) -> Result<Want, String> {
        let mut params: BTreeMap<String, Value> = serde_json::from_value(params).expect("an object");
        params.entry("url".to_owned()).or_insert(json!("https://my.taggrading.com"));
        Want::of(&params)
    }

    fn at(path: &str) -> Address {
        let url = Url::parse("https://my.taggrading.com/pop-report/").expect("an address");
        Address::parse(&url.join(path).expect("a path")).expect("a page")
    }

    #[test]
    fn values_that_mean_nothing_are_refused() {
        for (params, named) in [
            (json!({"delay": -1}), "delay"),
            (json!({"retry_backoff": 0}), "retry_backoff"),
            (json!({"max_retries": -1}), "max_retries"),
            (json!({"recrawl_days": -1}), "recrawl_days"),
            (json!({"year_filter": ["89"]}), "year_filter"),
            (json!({"start_from": "crad"}), "did you mean \"card\"?"),
        ] {
            let error = want(params).expect_err(named);
            assert!(error.contains(named), "{error}");
        }
        want(json!({"delay": 0, "retry_backoff": 1.5, "year_filter": ["1989", "199*"]})).expect("all right");
    }

    #[test]
    fn fault_3_filters_and_levels_are_honoured() {
        let want = want(json!({
            "categories": ["baseball"], "year_filter": ["1989"], "set_filter": ["Donruss*"],
            "card_filter": ["*Carter", "7"], "levels": ["card", "graderows"],
        }))
        .expect("they are right");
        let check = |path: &str, expected| assert_eq!(want.follows(&at(path)), expected, "{path}");
        check("Baseball", true);
        check("Hockey", false);
        check("Baseball/1989", true);
        check("Baseball/1990", false);
        check("Baseball/1989/Donruss?setName=Diamond+Kings", true);
        check("Baseball/1989/Topps", false);
        check("Baseball/1989/Donruss/Gary%20Carter/53", true);
        check("Baseball/1989/Donruss/Barry%20Bonds/7", true);
        check("Baseball/1989/Donruss/Barry%20Bonds/8", false);
        check("/card/X3032464", false);
    }

    #[test]
    fn levels_bound_the_depth() {
        let shallow = want(json!({"levels": ["year"]})).expect("they are right");
        assert!(shallow.follows(&at("Baseball")) && !shallow.follows(&at("Baseball/1989")));
        assert!(want(json!({"levels": ["certificate"]})).expect("right").follows(&at("/card/X1")));
        let told = want(json!({"start_from": "sets"})).expect_err("no such level");
        assert!(told.contains("category, year, set, card, graderows"), "{told}");
        assert!(want(json!({"start_from": "card", "levels": ["year"]})).is_err());
        assert_eq!(want(json!({"categories": ["discover"]})).expect("right").categories, [""; 0]);
    }

    #[test]
    fn patterns() {
        let check =
            |pattern, name, expected| assert_eq!(is_like(pattern, name), expected, "{pattern} {name}");
        check("topps", "Topps", true);
        check("topps", "Topps Chrome", false);
        check("topps*", "Topps Chrome", true);
        check("*chrome*", "Topps Chrome MLS", true);
        check("t*s*e", "Topps Chrome", true);
        check("a*a", "a", false);
    }
}
