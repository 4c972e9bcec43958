//! Whether the levels agree: what a page states as its total, the sum of its rows, and what is listed a
//! level below. Differences are told, never put right.

use std::collections::{BTreeMap, BTreeSet};

use model::Kind;
use serde_json::Value;
use store::{Store, StoreError};

use super::{CardRow, Filter, each_row};

/// Two counts of the same thing that differ.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Difference {
    /// `category`, `year`, `set` or `card`.
    pub scope: &'static str,
    /// Source key of what is counted.
    pub of: String,
    /// What is counted: `sets`, `items`, `graded`, `total` or a grade.
    pub what: String,
    /// Who says what.
    pub stated: String,
    /// The first count.
    pub says: i64,
    /// Against whom.
    pub against: String,
    /// The other count.
    pub counted: i64,
}

/// Counts by name, for each key.
type Sums = BTreeMap<String, BTreeMap<String, i64>>;

/// What comparing gave.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reconciled {
    /// Every difference.
    pub differences: Vec<Difference>,
    /// How many comparisons there were.
    pub compared: usize,
    /// Rows that count something of which nothing was gathered: there is nothing to compare.
    pub unseen: Unseen,
}

/// How many rows there are of which nothing below was gathered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Unseen {
    /// Years without their sets.
    pub years: usize,
    /// Sets without their cards.
    pub sets: usize,
    /// Cards without their copies.
    pub cards: usize,
}

/// Compares all that the filter lets through.
pub async fn reconcile(store: &Store, filter: &Filter) -> Result<Reconciled, StoreError> {
    let mut book = Book::default();
    each_row(store, Kind::CardTotals, filter, |row| book.totals(&row)).await?;
    each_row(store, Kind::CardYear, filter, |row| book.year(&row)).await?;
    each_row(store, Kind::CardSet, filter, |row| book.set(&row)).await?;
    each_row(store, Kind::Card, filter, |row| book.card(&row)).await?;
    each_row(store, Kind::GradedCard, &Filter::default(), |row| book.copy(&row)).await?;
    book.compare();
    Ok(book.found)
}

#[derive(Default)]
struct Book {
    /// What pages state as their totals, by scope and key.
    totals: BTreeMap<(String, String), BTreeMap<String, i64>>,
    /// What the rows of each level state, summed up for the page they stand on.
    of_category: Sums,
    of_year: Sums,
    of_set: Sums,
    /// What rows state of themselves.
    years: Sums,
    sets: Sums,
    cards: Sums,
    copies: Sums,
    /// How many rows each year has below it.
    listed: BTreeMap<String, Listed>,
    found: Reconciled,
}

#[derive(Default)]
struct Listed {
    sets: i64,
    cards: i64,
}

impl Book {
    fn totals(&mut self, row: &CardRow) {
        let at = (row.text("scope").to_owned(), row.text("of").to_owned());
        self.totals.insert(at, counts(row.fields.get("metrics")));
    }

    fn year(&mut self, row: &CardRow) {
        let names = ["sets", "items", "graded"];
        let stated: BTreeMap<String, i64> =
            names.iter().filter_map(|name| Some(((*name).to_owned(), row.number(name)?))).collect();
        add(self.of_category.entry(row.text("category").to_owned()).or_default(), &stated);
        self.years.insert(row.key.clone(), stated);
    }

    fn set(&mut self, row: &CardRow) {
        let stated = populated(row);
        let year = year_of(&row.key);
        self.listed.entry(year.clone()).or_default().sets += 1;
        add(self.of_year.entry(year).or_default(), &stated);
        self.sets.insert(row.key.clone(), stated);
    }

    fn card(&mut self, row: &CardRow) {
        let stated = populated(row);
        self.listed.entry(year_of(&row.key)).or_default().cards += 1;
        add(self.of_set.entry(row.text("card_set").to_owned()).or_default(), &stated);
        self.cards.insert(row.key.clone(), stated);
    }

    fn copy(&mut self, row: &CardRow) {
        let sums = self.copies.entry(row.text("card").to_owned()).or_default();
        *sums.entry("total".to_owned()).or_default() += 1;
        if let Some((grade, _)) = model::grade::grade_of(row.text("grade")) {
            *sums.entry(grade).or_default() += 1;
        }
    }

    fn compare(&mut self) {
        self.compare_totals();
        self.compare_years();
        for (of, stated) in std::mem::take(&mut self.sets) {
            match self.of_set.get(&of) {
                Some(sum) => {
                    let told = both("set", &of, ("its year", &stated), ("the sum of its cards", sum));
                    self.note(told);
                }
                None => self.found.unseen.sets += usize::from(counts_some(&stated)),
            }
        }
        for (of, stated) in std::mem::take(&mut self.cards) {
            match self.copies.get(&of) {
                Some(copies) => {
                    let told = both("card", &of, ("its set", &stated), ("its copies", copies));
                    self.note(told);
                }
                None => self.found.unseen.cards += usize::from(counts_some(&stated)),
            }
        }
    }

    fn compare_totals(&mut self) {
        for ((scope, of), stated) in std::mem::take(&mut self.totals) {
            let (scope, sums, rows) = match scope.as_str() {
                "category" => ("category", &self.of_category, "the sum of its years"),
                "year" => ("year", &self.of_year, "the sum of its sets"),
                "set" => ("set", &self.of_set, "the sum of its cards"),
                "card" => ("card", &self.copies, "its copies"),
                _ => continue,
            };
            let Some(sum) = sums.get(&of) else { continue };
            let told = match scope {
                // What its page has no column for, it does not state.
                "card" => each(scope, &of, ("its TOTALS", &stated), (rows, sum)),
                _ => both(scope, &of, ("its TOTALS", &stated), (rows, sum)),
            };
            self.note(told);
        }
    }

    /// What a category says of a year, against what the year lists: sets, cards, copies. Cards are counted
    /// where those of all its sets are known.
    fn compare_years(&mut self) {
        let partly: BTreeSet<String> = self.sets_without_cards().map(|set| year_of(set)).collect();
        for (of, stated) in std::mem::take(&mut self.years) {
            let Some(listed) = self.listed.get(&of) else {
                self.found.unseen.years += usize::from(counts_some(&stated));
                continue;
            };
            let graded = self.of_year.get(&of).and_then(|sum| sum.get("total")).copied().unwrap_or(0);
            let mut told = Vec::new();
            for (name, against, counted) in [
                ("sets", "the sets it lists", listed.sets),
                ("items", "the cards of its sets", listed.cards),
                ("graded", "the sum of its sets", graded),
            ] {
                if let Some(says) = stated.get(name).filter(|_| name != "items" || !partly.contains(&of)) {
                    told.push(one("year", &of, name, ("its category", *says), (against, counted)));
                }
            }
            self.note(told);
        }
    }

    fn sets_without_cards(&self) -> impl Iterator<Item = &String> {
        let sets = self.sets.iter();
        sets.filter(|(set, stated)| counts_some(stated) && !self.of_set.contains_key(*set))
            .map(|(set, _)| set)
    }

    fn note(&mut self, told: Vec<Option<Difference>>) {
        self.found.compared += told.len();
        self.found.differences.extend(told.into_iter().flatten());
    }
}

/// One comparison for each count that either side has.
fn both(
    scope: &'static str,
    of: &str,
    (stated, says): (&str, &BTreeMap<String, i64>),
    (against, counted): (&str, &BTreeMap<String, i64>),
) -> Vec<Option<Difference>> {
    let mut names: Vec<&String> = says.keys().chain(counted.keys()).collect();
    names.sort();
    names.dedup();
    let known = names.into_iter().filter(|name| !name.starts_with("metric_"));
    let get = |counts: &BTreeMap<String, i64>, name: &String| counts.get(name).copied().unwrap_or(0);
    known.map(|name| one(scope, of, name, (stated, get(says, name)), (against, get(counted, name)))).collect()
}

/// One comparison for each count that is stated.
fn each(
    scope: &'static str,
    of: &str,
    (stated, says): (&str, &BTreeMap<String, i64>),
    (against, counted): (&str, &BTreeMap<String, i64>),
) -> Vec<Option<Difference>> {
    let known = says.iter().filter(|(name, _)| !name.starts_with("metric_"));
    let get = |name: &String| counted.get(name).copied().unwrap_or(0);
    known.map(|(name, says)| one(scope, of, name, (stated, *says), (against, get(name)))).collect()
}

fn one(
    scope: &'static str,
    of: &str,
    what: &str,
    (stated, says): (&str, i64),
    (against, counted): (&str, i64),
) -> Option<Difference> {
    (says != counted).then(|| Difference {
        scope,
        of: of.to_owned(),
        what: what.to_owned(),
        stated: stated.to_owned(),
        says,
        against: against.to_owned(),
        counted,
    })
}

/// The category and year that a key begins with.
fn year_of(key: &str) -> String {
    key.splitn(3, '/').take(2).collect::<Vec<_>>().join("/")
}

fn counts_some(stated: &BTreeMap<String, i64>) -> bool {
    stated.values().any(|count| *count > 0)
}

fn populated(row: &CardRow) -> BTreeMap<String, i64> {
    let mut stated = counts(row.fields.get("populations"));
    stated.extend(row.number("total").map(|total| ("total".to_owned(), total)));
    stated
}

fn counts(object: Option<&Value>) -> BTreeMap<String, i64> {
    let members = object.and_then(Value::as_object).into_iter().flatten();
    members.filter_map(|(name, count)| Some((name.clone(), count.as_i64()?))).collect()
}

fn add(sums: &mut BTreeMap<String, i64>, counts: &BTreeMap<String, i64>) {
    for (name, count) in counts {
        *sums.entry(name.clone()).or_default() += count;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn row(key: &str, fields: Value) -> CardRow {
        let fields = fields.as_object().cloned().unwrap_or_default();
        let (first_seen, last_seen) = (String::new(), String::new());
        CardRow { key: key.to_owned(), first_seen, last_seen, fields }
    }

    /// A year of two sets, with the cards of one of them, and one copy.
    fn book(sets: i64, items: i64) -> Book {
        let mut book = Book::default();
        let counts = json!({"category": "B", "sets": sets, "items": items, "graded": 3});
        book.year(&row("B/1989", counts));
        book.set(&row("B/1989/T/", json!({"total": 2, "populations": {"10": 2}})));
        book.set(&row("B/1989/D/", json!({"total": 1, "populations": {"9": 1}})));
        book.card(&row(
            "B/1989/T//A/1/",
            json!({"card_set": "B/1989/T/", "total": 2, "populations": {"10": 2}}),
        ));
        book
    }

    fn told(book: &Book) -> Vec<(&str, &str, i64, i64)> {
        let differences = book.found.differences.iter();
        differences.map(|one| (one.scope, one.what.as_str(), one.says, one.counted)).collect()
    }

    #[test]
    fn the_counts_of_a_year_are_compared_with_what_it_lists() {
        let mut partly = book(3, 9);
        partly.compare();
        assert_eq!(told(&partly), [("year", "sets", 3, 2)], "the cards of one set are not known");
        assert_eq!(partly.found.unseen, Unseen { years: 0, sets: 1, cards: 1 });
        let mut whole = book(2, 9);
        whole.card(&row(
            "B/1989/D//C/1/",
            json!({"card_set": "B/1989/D/", "total": 1, "populations": {"9": 1}}),
        ));
        whole.compare();
        assert_eq!(told(&whole), [("year", "items", 9, 2)]);
    }

    #[test]
    fn the_totals_of_a_card_are_compared_with_its_copies() {
        let mut book = book(2, 2);
        book.copy(&row("X1", json!({"card": "B/1989/T//A/1/", "grade": "10"})));
        let stated = json!({"scope": "card", "of": "B/1989/T//A/1/", "metrics": {"total": 2, "metric_4": 7}});
        book.totals(&row("card:B/1989/T//A/1/", stated));
        book.compare();
        let of_card = book.found.differences.iter().filter(|one| one.scope == "card");
        let by: Vec<&str> = of_card.map(|one| one.stated.as_str()).collect();
        assert_eq!(by, ["its TOTALS", "its set", "its set"], "{:?}", book.found.differences);
    }
}
