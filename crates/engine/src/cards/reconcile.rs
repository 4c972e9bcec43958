//! Whether the levels agree: what a page states as its total, the sum of its rows, and what is listed a
//! level below. Differences are told, never put right.

use std::collections::BTreeMap;

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
    /// Cards with copies of which none was gathered: there is nothing to compare.
    pub unseen: usize,
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
    found: Reconciled,
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
        let year = row.key.splitn(3, '/').take(2).collect::<Vec<_>>().join("/");
        add(self.of_year.entry(year).or_default(), &stated);
        self.sets.insert(row.key.clone(), stated);
    }

    fn card(&mut self, row: &CardRow) {
        let stated = populated(row);
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
        let totals = std::mem::take(&mut self.totals);
        for ((scope, of), stated) in &totals {
            let (scope, sums, rows) = match scope.as_str() {
                "category" => ("category", &self.of_category, "the sum of its years"),
                "year" => ("year", &self.of_year, "the sum of its sets"),
                "set" => ("set", &self.of_set, "the sum of its cards"),
                _ => continue,
            };
            if let Some(sum) = sums.get(of) {
                let told = both(scope, of, ("its TOTALS", stated), (rows, sum));
                self.note(told);
            }
        }
        for (of, stated) in std::mem::take(&mut self.years) {
            if let Some(sum) = self.of_year.get(&of) {
                let says = stated.get("graded").copied().unwrap_or(0);
                let counted = sum.get("total").copied().unwrap_or(0);
                let told =
                    one("year", &of, "graded", ("its category", says), ("the sum of its sets", counted));
                self.note(vec![told]);
            }
        }
        for (of, stated) in std::mem::take(&mut self.sets) {
            if let Some(sum) = self.of_set.get(&of) {
                let told = both("set", &of, ("its year", &stated), ("the sum of its cards", sum));
                self.note(told);
            }
        }
        for (of, stated) in std::mem::take(&mut self.cards) {
            match self.copies.get(&of) {
                Some(copies) => {
                    let told = both("card", &of, ("its set", &stated), ("its copies", copies));
                    self.note(told);
                }
                None if stated.get("total").is_some_and(|total| *total > 0) => self.found.unseen += 1,
                None => {}
            }
        }
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
