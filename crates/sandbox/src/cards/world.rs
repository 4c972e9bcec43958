//! The report itself: what there is follows from seed and place, so that nothing of it need be held.

use super::CardSiteOptions;
use super::names::{BRANDS, CATEGORIES, GRADES, PEOPLE, SETS, VARIATIONS};
use crate::dice::Dice;

/// Rows on one page of a list.
pub const PAGE_ROWS: usize = 200;
/// The longest list of cards and of copies; certificates are numbered by it.
const LONGEST: usize = 256;

/// The report.
#[derive(Debug)]
pub struct World {
    pub options: CardSiteOptions,
    /// How often it grew.
    grown: u64,
    /// Cards that each short set has lost.
    withdrawn: usize,
}

/// Where a set stands: category, year, set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetAt {
    pub category: usize,
    pub year: usize,
    pub set: usize,
}

/// Where a card stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CardAt {
    pub set: SetAt,
    pub card: usize,
}

/// One graded copy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copy {
    pub certificate: String,
    /// Place in the list of grades: 0 is the best.
    pub grade: usize,
    /// When it was graded: year, month, day.
    pub day: (u32, u32, u32),
    pub rank: usize,
    pub rank_by_grade: usize,
    pub chronology: usize,
    pub chronology_by_grade: usize,
}

/// A letter and seven digits.
fn certificate(number: u64) -> String {
    let letter = char::from(b'A' + (number / 10_000_000 % 26) as u8);
    format!("{letter}{:07}", number % 10_000_000)
}

fn number(certificate: &str) -> Option<u64> {
    let mut signs = certificate.chars();
    let letter = signs.next().filter(char::is_ascii_uppercase)?;
    let digits: u64 = signs.as_str().parse().ok().filter(|digits| *digits < 10_000_000)?;
    Some(u64::from(letter as u8 - b'A') * 10_000_000 + digits)
}

impl World {
    pub fn new(options: CardSiteOptions) -> World {
        let options = CardSiteOptions {
            categories: options.categories.clamp(1, CATEGORIES.len()),
            years: options.years.clamp(1, 30),
            sets: options.sets.clamp(1, BRANDS.len() * SETS.len()),
            cards: options.cards.clamp(1, LONGEST),
            copies: options.copies.clamp(1, LONGEST / 2),
            ..options
        };
        World { options, grown: 0, withdrawn: 0 }
    }

    pub fn grow(&mut self) {
        self.grown += 1;
    }

    pub fn withdraw(&mut self) {
        self.withdrawn += 1;
    }

    pub fn category(&self, category: usize) -> &'static str {
        CATEGORIES[category % CATEGORIES.len()]
    }

    pub fn year(&self, year: usize) -> String {
        (1989 + year).to_string()
    }

    /// Brand and name of a set. Those of one year all differ.
    pub fn set(&self, at: SetAt) -> (&'static str, &'static str) {
        (BRANDS[at.set % BRANDS.len()], SETS[at.set / BRANDS.len() % SETS.len()])
    }

    /// Name, number and variation of a card. People recur with other numbers, numbers with variations.
    pub fn card(&self, at: CardAt) -> (&'static str, String, &'static str) {
        let number = at.card / 2 + 1;
        let name = PEOPLE[(at.card / 2 + at.set.set) % PEOPLE.len()];
        let number = if at.set.category == 2 { format!("{number:03}/094") } else { number.to_string() };
        let variation = VARIATIONS[if at.card.is_multiple_of(2) { 0 } else { 1 + at.card / 2 % 2 }];
        (name, number, variation)
    }

    pub fn sets_of(&self, category: usize, year: usize) -> impl Iterator<Item = SetAt> + use<> {
        (0..self.options.sets).map(move |set| SetAt { category, year, set })
    }

    /// The first set of a category is longer than a page.
    pub fn cards_of(&self, set: SetAt) -> impl Iterator<Item = CardAt> + use<> {
        let long = set.year == 0 && set.set == 0;
        let short = self.options.cards.saturating_sub(self.withdrawn).max(1);
        let count = if long { PAGE_ROWS + 32 } else { short };
        (0..count).map(move |card| CardAt { set, card })
    }

    pub fn all_sets(&self) -> impl Iterator<Item = SetAt> + '_ {
        let years = (0..self.options.categories)
            .flat_map(|category| (0..self.options.years).map(move |year| (category, year)));
        years.flat_map(|(category, year)| self.sets_of(category, year))
    }

    pub fn all_cards(&self) -> impl Iterator<Item = CardAt> + '_ {
        self.all_sets().flat_map(|set| self.cards_of(set))
    }

    /// The number of the certificate of a copy.
    pub fn certificate(&self, at: CardAt, copy: usize) -> String {
        certificate(self.serial(at) * LONGEST as u64 + copy as u64)
    }

    /// A number of its own for every card there can be.
    fn serial(&self, at: CardAt) -> u64 {
        let years = at.set.category * self.options.years + at.set.year;
        ((years * self.options.sets + at.set.set) * LONGEST + at.card) as u64
    }

    fn dice(&self, serial: u64, salt: u64) -> Dice {
        Dice::new(self.options.seed ^ serial.wrapping_mul(0x9e37_79b9).wrapping_add(salt << 40))
    }

    /// How many copies of a card there are by now. The first card of a category's second set has more than
    /// fit on a page.
    pub fn copy_count(&self, at: CardAt) -> usize {
        let serial = self.serial(at);
        let long = at.card == 0 && at.set.year == 0 && at.set.set == 1;
        let first = if long { PAGE_ROWS + 15 } else { self.dice(serial, 1).below(self.options.copies + 1) };
        let grew = |step: u64| {
            let mut dice = self.dice(serial, 1 + step);
            if dice.chance(10) { 1 + dice.below(3) } else { 0 }
        };
        (first + (1..=self.grown).map(grew).sum::<usize>()).min(LONGEST)
    }

    /// The copies by grade: how many of each, best first.
    pub fn populations(&self, at: CardAt) -> [u64; GRADES.len()] {
        let mut counts = [0; GRADES.len()];
        for copy in 0..self.copy_count(at) {
            counts[self.grade(at, copy)] += 1;
        }
        counts
    }

    /// Better grades are more frequent, as people send in what looks well.
    fn grade(&self, at: CardAt, copy: usize) -> usize {
        let mut dice = self.dice(self.serial(at) * LONGEST as u64 + copy as u64, 90);
        let spread = if dice.chance(70) { 6 } else { GRADES.len() };
        dice.below(spread)
    }

    /// The card and the place in time of the copy that has a certificate.
    pub fn certified(&self, certificate: &str) -> Option<(CardAt, usize)> {
        let number = number(certificate)? as usize;
        let (serial, copy) = (number / LONGEST, number % LONGEST);
        let (serial, card) = (serial / LONGEST, serial % LONGEST);
        let (years, set) = (serial / self.options.sets, serial % self.options.sets);
        let (category, year) = (years / self.options.years, years % self.options.years);
        let at = CardAt { set: SetAt { category, year, set }, card };
        let there = category < self.options.categories
            && card < self.cards_of(at.set).count()
            && copy < self.copy_count(at);
        there.then_some((at, copy))
    }

    /// Of 1000, for one copy.
    pub fn score(&self, at: CardAt, copy: usize) -> u64 {
        let mut dice = self.dice(self.serial(at) * LONGEST as u64 + copy as u64, 92);
        (990 - 45 * self.grade(at, copy) + dice.below(10)) as u64
    }

    /// The copies as the card's page lists them: best first, of one grade the older first.
    pub fn copies(&self, at: CardAt) -> Vec<Copy> {
        let serial = self.serial(at) * LONGEST as u64;
        let mut copies: Vec<Copy> = (0..self.copy_count(at))
            .map(|copy| {
                let number = serial + copy as u64;
                let mut dice = self.dice(number, 91);
                Copy {
                    certificate: certificate(number),
                    grade: self.grade(at, copy),
                    day: (2020 + (copy / 60) as u32, 1 + dice.below(12) as u32, 1 + dice.below(28) as u32),
                    rank: 0,
                    rank_by_grade: 0,
                    chronology: copy + 1,
                    chronology_by_grade: 0,
                }
            })
            .collect();
        let mut by_grade = [0; GRADES.len()];
        for copy in &mut copies {
            by_grade[copy.grade] += 1;
            copy.chronology_by_grade = by_grade[copy.grade];
            copy.rank_by_grade = by_grade[copy.grade];
        }
        copies.sort_by_key(|copy| (copy.grade, copy.chronology));
        copies.iter_mut().enumerate().for_each(|(index, copy)| copy.rank = index + 1);
        copies
    }
}
