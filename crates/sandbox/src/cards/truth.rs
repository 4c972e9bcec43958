//! What the report holds, in plain values, for those who compare.

use std::collections::BTreeMap;

use super::names::GRADES;
use super::world::{CardAt, SetAt, World};

/// One year of a category.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TruthYear {
    pub category: String,
    pub year: String,
    pub sets: u64,
    /// Different cards.
    pub items: u64,
    pub graded: u64,
}

/// One set.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TruthSet {
    pub category: String,
    pub year: String,
    pub brand: String,
    pub set: String,
    /// Copies by grade, where there are any.
    pub populations: BTreeMap<String, u64>,
    pub total: u64,
}

/// One card.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TruthCard {
    pub category: String,
    pub year: String,
    pub brand: String,
    pub set: String,
    pub name: String,
    pub number: String,
    pub variation: String,
    pub populations: BTreeMap<String, u64>,
    pub total: u64,
}

/// One graded copy.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TruthCopy {
    pub certificate: String,
    /// Name, number and variation of its card.
    pub card: (String, String, String),
    /// Category, year, brand and set of its card.
    pub set: (String, String, String, String),
    /// As the row says it.
    pub grade: String,
    pub rank: u64,
    pub rank_by_grade: u64,
    /// `2023-11-21`.
    pub completed: String,
}

/// The report of one certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct TruthCertificate {
    pub certificate: String,
    pub player: String,
    /// Year and brand.
    pub set: String,
    /// Empty for the brand's base set.
    pub subset: String,
    /// Empty where it is none.
    pub variation: String,
    /// Of 1000.
    pub score: u64,
}

/// Copies by grade as names and counts.
pub(super) fn by_grade(counts: &[u64; GRADES.len()]) -> BTreeMap<String, u64> {
    let named = GRADES.iter().zip(counts).filter(|(_, count)| **count > 0);
    named.map(|((grade, _), count)| ((*grade).to_owned(), *count)).collect()
}

/// The copies by grade of a whole set.
pub(super) fn set_populations(world: &World, set: SetAt) -> [u64; GRADES.len()] {
    let mut sum = [0; GRADES.len()];
    for card in world.cards_of(set) {
        for (all, one) in sum.iter_mut().zip(world.populations(card)) {
            *all += one;
        }
    }
    sum
}

pub(super) fn years(world: &World) -> Vec<TruthYear> {
    let mut years = Vec::new();
    for category in 0..world.options.categories {
        for year in 0..world.options.years {
            years.push(year_of(world, category, year));
        }
    }
    years
}

pub(super) fn year_of(world: &World, category: usize, year: usize) -> TruthYear {
    let cards = || world.sets_of(category, year).flat_map(|set| world.cards_of(set));
    TruthYear {
        category: world.category(category).to_owned(),
        year: world.year(year),
        sets: world.options.sets as u64,
        items: cards().count() as u64,
        graded: cards().map(|card| world.copy_count(card) as u64).sum(),
    }
}

pub(super) fn sets(world: &World) -> Vec<TruthSet> {
    world.all_sets().map(|set| set_of(world, set)).collect()
}

fn set_of(world: &World, at: SetAt) -> TruthSet {
    let counts = set_populations(world, at);
    let (brand, set) = world.set(at);
    TruthSet {
        category: world.category(at.category).to_owned(),
        year: world.year(at.year),
        brand: brand.to_owned(),
        set: set.to_owned(),
        populations: by_grade(&counts),
        total: counts.iter().sum(),
    }
}

pub(super) fn cards(world: &World) -> Vec<TruthCard> {
    world.all_cards().map(|card| card_of(world, card)).collect()
}

fn card_of(world: &World, at: CardAt) -> TruthCard {
    let counts = world.populations(at);
    let ((brand, set), (name, number, variation)) = (world.set(at.set), world.card(at));
    TruthCard {
        category: world.category(at.set.category).to_owned(),
        year: world.year(at.set.year),
        brand: brand.to_owned(),
        set: set.to_owned(),
        name: name.to_owned(),
        number,
        variation: variation.to_owned(),
        populations: by_grade(&counts),
        total: counts.iter().sum(),
    }
}

pub(super) fn copies(world: &World) -> Vec<TruthCopy> {
    let mut all = Vec::new();
    for at in world.all_cards() {
        let ((brand, set), (name, number, variation)) = (world.set(at.set), world.card(at));
        for copy in world.copies(at) {
            let (year, month, day) = copy.day;
            all.push(TruthCopy {
                certificate: copy.certificate,
                card: (name.to_owned(), number.clone(), variation.to_owned()),
                set: (
                    world.category(at.set.category).to_owned(),
                    world.year(at.set.year),
                    brand.to_owned(),
                    set.to_owned(),
                ),
                grade: GRADES[copy.grade].1.to_owned(),
                rank: copy.rank as u64,
                rank_by_grade: copy.rank_by_grade as u64,
                completed: format!("{year}-{month:02}-{day:02}"),
            });
        }
    }
    all
}

pub(super) fn certificates(world: &World) -> Vec<TruthCertificate> {
    let copies = world.all_cards().flat_map(|at| (0..world.copy_count(at)).map(move |copy| (at, copy)));
    copies.map(|(at, copy)| certificate_of(world, at, copy)).collect()
}

pub(super) fn certificate_of(world: &World, at: CardAt, copy: usize) -> TruthCertificate {
    let ((brand, set), (name, _, variation)) = (world.set(at.set), world.card(at));
    TruthCertificate {
        certificate: world.certificate(at, copy),
        player: name.to_owned(),
        set: format!("{} {brand}", world.year(at.set.year)),
        subset: set.to_owned(),
        variation: variation.to_owned(),
        score: world.score(at, copy),
    }
}
