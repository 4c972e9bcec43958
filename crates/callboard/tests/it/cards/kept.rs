//! What the store keeps, in the words of the site's own record, and the two compared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

use sandbox::{TruthCard, TruthCopy, TruthSet, TruthYear};
use serde_json::Value;

use super::{Shop, text};

impl Shop {
    /// Every level of the store is that of the site, row by row, and the levels count the same.
    pub fn check(&self) {
        let categories: BTreeSet<String> =
            self.export("card_category").iter().map(|row| text(row, "name")).collect();
        same("categories", categories, self.site.categories());
        same("years", self.export("card_year").iter().map(year), self.site.years());
        same("sets", self.export("card_set").iter().map(set), self.site.sets());
        let cards: BTreeMap<String, TruthCard> =
            self.export("card").iter().map(|row| (text(row, "source_key"), card(row))).collect();
        same("cards", cards.values().cloned(), self.site.cards());
        same("copies", self.export("graded_card").iter().map(|row| copy(row, &cards)), self.site.copies());
        self.check_totals();
    }

    /// Each page's own totals are the truth, and agree with the rows of the page and with the level below.
    fn check_totals(&self) {
        let stated = self.export("card_totals");
        let of = |scope: &str, count: &str| {
            let rows = stated.iter().filter(|row| text(row, "scope") == scope);
            rows.map(|row| row["metrics"][count].as_u64().unwrap_or(0)).sum::<u64>()
        };
        let graded = self.site.copies().len() as u64;
        assert_eq!([of("category", "graded"), of("year", "total"), of("set", "total")], [graded; 3]);
        assert_eq!(of("category", "sets"), self.site.sets().len() as u64);
        let pages = self.site.categories().len() + self.site.years().len() + self.site.sets().len();
        assert_eq!(stated.len(), pages, "a page of each has totals");
        assert_eq!(self.tag(&["totals", "--differences"]), Vec::<Value>::new(), "the levels agree");
    }
}

fn same<T: Ord + Debug>(what: &str, kept: impl IntoIterator<Item = T>, truth: Vec<T>) {
    let kept: Vec<T> = kept.into_iter().collect();
    assert_eq!(kept.len(), truth.len(), "{what}");
    let (kept, truth): (BTreeSet<T>, BTreeSet<T>) = (kept.into_iter().collect(), truth.into_iter().collect());
    let differ: Vec<&T> = kept.symmetric_difference(&truth).take(3).collect();
    assert!(differ.is_empty(), "{what} differ: {differ:?}");
}

fn number(row: &Value, name: &str) -> u64 {
    row[name].as_u64().unwrap_or_else(|| panic!("{name} is a count: {row}"))
}

fn populations(row: &Value) -> BTreeMap<String, u64> {
    let counts = row["populations"].as_object().into_iter().flatten();
    counts.map(|(grade, count)| (grade.clone(), count.as_u64().expect("a count"))).collect()
}

fn year(row: &Value) -> TruthYear {
    TruthYear {
        category: text(row, "category"),
        year: text(row, "year"),
        sets: number(row, "sets"),
        items: number(row, "items"),
        graded: number(row, "graded"),
    }
}

fn set(row: &Value) -> TruthSet {
    TruthSet {
        category: text(row, "category"),
        year: text(row, "year"),
        brand: text(row, "brand"),
        set: text(row, "set_name"),
        populations: populations(row),
        total: number(row, "total"),
    }
}

pub fn card(row: &Value) -> TruthCard {
    TruthCard {
        category: text(row, "category"),
        year: text(row, "year"),
        brand: text(row, "brand"),
        set: text(row, "set_name"),
        name: text(row, "name"),
        number: text(row, "number"),
        variation: text(row, "variation"),
        populations: populations(row),
        total: number(row, "total"),
    }
}

fn copy(row: &Value, cards: &BTreeMap<String, TruthCard>) -> TruthCopy {
    let card = cards.get(&text(row, "card")).unwrap_or_else(|| panic!("its card is there: {row}"));
    TruthCopy {
        certificate: text(row, "certificate"),
        card: (card.name.clone(), card.number.clone(), card.variation.clone()),
        set: (card.category.clone(), card.year.clone(), card.brand.clone(), card.set.clone()),
        grade: text(row, "grade"),
        rank: number(row, "rank"),
        rank_by_grade: number(row, "rank_by_grade"),
        completed: text(&row["completed"], "date"),
    }
}
