//! Graded trading cards: what a grading company's population report says, level by level. A card is
//! category, year, brand, set, name, number and variation together; a graded copy is its certificate.
//!
//! Populations are what the page says of each grade; their history is in the change log.

use serde_json::Value;

use crate::When;
use crate::record::record_kind;

record_kind! {
    /// A category of a population report: a sport or a franchise.
    CardCategory, "card_category", "card_categories" {
        /// What it is called ("Baseball", "Marvel/DC").
        name: String;
        /// Its page.
        url: String;
        /// A picture of it.
        image_url: String;
    }
}

record_kind! {
    /// One year of a category.
    CardYear, "card_year", "card_years" {
        /// Category and year, to read.
        title: String;
        /// The category's name.
        category: String;
        /// The year, four digits.
        year: String;
        /// Its page.
        url: String;
        /// How many sets it has.
        sets: i64;
        /// How many different cards of it were graded.
        items: i64;
        /// How many copies of it were graded.
        graded: i64;
    }
}

record_kind! {
    /// One set of a year.
    CardSet, "card_set", "card_sets" {
        /// Brand and set, to read.
        title: String;
        /// The category's name.
        category: String;
        /// The year, four digits.
        year: String;
        /// The brand.
        brand: String;
        /// The set within the brand; empty for the brand's base set.
        set_name: String;
        /// Its page.
        url: String;
        /// Copies by grade: an object of grade and count, best grade first; a grade that is not in it
        /// has none.
        populations: Value;
        /// Copies of all grades, as the page states it.
        total: i64;
    }
}

record_kind! {
    /// One card of a set, in one variation.
    Card, "card", "cards" {
        /// Player, character or whatever it shows.
        name: String;
        /// The category's name.
        category: String;
        /// The year, four digits.
        year: String;
        /// The brand.
        brand: String;
        /// The set within the brand; empty for the brand's base set.
        set_name: String;
        /// Its number within the set, as printed ("53", "026/094").
        number: String;
        /// Its variation, where it is one.
        variation: String;
        /// Source key of its set.
        card_set: String;
        /// Its page.
        url: String;
        /// Copies by grade: an object of grade and count, best grade first; a grade that is not in it
        /// has none.
        populations: Value;
        /// Copies of all grades, as the page states it.
        total: i64;
    }
}

record_kind! {
    /// One graded copy of a card. Its key is the number of its certificate, which no other copy has.
    GradedCard, "graded_card", "graded_cards" {
        /// Certificate and grade, to read.
        title: String;
        /// The number of its certificate ("X3032464").
        certificate: String;
        /// Source key of its card.
        card: String;
        /// Its grade in the source's words ("8.5 NM MT+").
        grade: String;
        /// Its grade to sort by, in tenths: 85 for 8.5, 105 for a pristine 10, 0 for authentic alone.
        grade_tenths: i64;
        /// Whom or what it shows, where the certificate's page states it.
        player: String;
        /// The set it is of, in the words of the certificate's page.
        set_title: String;
        /// The subset or insert within the set, where that page states one.
        subset: String;
        /// Its variation, where that page states one.
        variation: String;
        /// Its score of 1000, where the certificate's page states it.
        score: i64;
        /// Its rank among the copies of its card.
        rank: i64;
        /// Its rank among those of the same grade.
        rank_by_grade: i64;
        /// Which copy of its card it was to be graded, as shown ("1ST").
        chronology: String;
        /// The same among those of its grade ("1ST NM MT+").
        chronology_by_grade: String;
        /// When it was graded, as shown.
        completed_text: String;
        /// When it was graded, as far as that can be read.
        completed: When;
        /// The page of its certificate.
        url: String;
        /// A picture of it.
        image_url: String;
    }
}

record_kind! {
    /// What a page of a population report states as the totals of all its rows.
    CardTotals, "card_totals", "card_totals" {
        /// What it sums up, to read.
        title: String;
        /// `category`, `year`, `set` or `card`: whose page it stands on.
        scope: String;
        /// Source key of that category, year, set or card.
        of: String;
        /// The category's name.
        category: String;
        /// The year, for all but a category.
        year: String;
        /// Counts by name: `sets`, `items` and `graded` for a category, else grades and `total`.
        metrics: Value;
    }
}
