//! What the name of a ticket says: category, group, day, gender, main or member.
//!
//! Names are typed by people, in many languages and in any order, and nothing else tells what a ticket
//! is. The words that mean something stand in a rule file (`shipped.yaml`); a region may put a file of its
//! own beside it. Whole words are compared, so that "Germany" holds no "man"; and what a name does not
//! say stays unsaid: no day is no day.

mod dates;
mod file;
mod words;

use std::collections::BTreeMap;
use std::sync::LazyLock;

use chrono::{Datelike, NaiveDate, Weekday};
use model::Finding;
use serde::Serialize;

use super::days::{Day, EventDays};
pub use file::Verdict;
use file::{File, GroupRule};
use words::{Phrase, Words};

const SHIPPED: &str = include_str!("rules/shipped.yaml");

/// What sort of ticket it is.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// One athlete.
    Single,
    /// One of two athletes.
    Double,
    /// One of four athletes.
    Relay,
    /// Somebody who watches.
    Spectator,
    /// Anything else that is sold: photos, transfers, helpers.
    Extra,
}

impl Category {
    /// The word for it in output.
    pub fn name(self) -> &'static str {
        match self {
            Category::Single => "single",
            Category::Double => "double",
            Category::Relay => "relay",
            Category::Spectator => "spectator",
            Category::Extra => "extra",
        }
    }

    /// Whether its holder competes.
    pub fn is_athlete(self) -> bool {
        matches!(self, Category::Single | Category::Double | Category::Relay)
    }

    /// How many compete together.
    pub fn team_size(self) -> usize {
        match self {
            Category::Double => 2,
            Category::Relay => 4,
            _ => 1,
        }
    }
}

/// Who a ticket is for.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    serde::Deserialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Gender {
    /// Men.
    Male,
    /// Women.
    Female,
    /// Both in one team.
    Mixed,
}

/// What a ticket's name says.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    /// The name as it is written, white space tidied.
    pub said: String,
    /// What sort of ticket it is.
    pub category: Category,
    /// The group it starts in, by its one spelling; `None` where no group has these words.
    pub group: Option<String>,
    /// The day it is for.
    pub day: Option<Day>,
    /// Who it is for, where the name says.
    pub gender: Option<Gender>,
    /// It belongs to a team whose main ticket is another one.
    pub member: bool,
    /// It is sold for charity.
    pub charity: bool,
    /// It is of a championship, where teams are put together otherwise.
    pub championship: bool,
    /// It is a package of photos.
    pub photos: bool,
}

impl Name {
    /// Whether it takes one of the places on sale: the main tickets of athletes do.
    pub fn takes_place(&self) -> bool {
        self.category.is_athlete() && !self.member
    }

    /// The group, or where there is none what the ticket is called.
    pub fn group_label(&self) -> &str {
        match (&self.group, self.category) {
            (Some(group), _) => group,
            (None, Category::Spectator) => "SPECTATOR",
            (None, Category::Extra) => "EXTRA",
            (None, _) => &self.said,
        }
    }
}

/// The rules for names.
#[derive(Debug, Clone)]
pub struct Rules {
    marks: BTreeMap<String, Vec<Phrase>>,
    days: Vec<(Weekday, Vec<Phrase>)>,
    months: Vec<Vec<Phrase>>,
    groups: Vec<GroupRule>,
    names: Vec<(String, Verdict)>,
}

/// The marks that tell one group from another.
const GROUP_MARKS: [&str; 8] = ["adaptive", "corporate", "doubles", "men", "mixed", "pro", "relay", "women"];

impl Rules {
    /// Those that ship.
    pub fn shipped() -> &'static Rules {
        static RULES: LazyLock<Rules> = LazyLock::new(|| {
            let file = File::parse("shipped.yaml", SHIPPED).unwrap_or_default();
            Rules::of(file)
        });
        &RULES
    }

    /// Those that ship, with what a region's own file says instead. Everything wrong with it is told.
    pub fn with(name: &str, text: &str) -> Result<Rules, Vec<Finding>> {
        let own = File::parse(name, text)?;
        let mut file = File::parse("shipped.yaml", SHIPPED)?;
        file.take(own);
        Ok(Rules::of(file))
    }

    fn of(file: File) -> Rules {
        let phrases = |list: &[String]| list.iter().map(|text| Phrase::new(text)).collect::<Vec<_>>();
        Rules {
            marks: file.marks.iter().map(|(name, list)| (name.clone(), phrases(list))).collect(),
            days: file.days.iter().map(|(day, list)| (day.weekday(), phrases(list))).collect(),
            months: file.months.iter().map(|list| phrases(list)).collect(),
            groups: file.groups,
            names: file.names.into_iter().map(|(name, verdict)| (words::key(&name), verdict)).collect(),
        }
    }

    /// The groups in the order of reports.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| group.name.as_str())
    }

    /// The place of a group in reports; unknown ones come last.
    pub fn place_of(&self, group: &str) -> usize {
        self.groups.iter().position(|rule| rule.name == group).unwrap_or(usize::MAX)
    }

    /// What this name says. The event's own days tell which date a weekday is.
    pub fn read(&self, name: &str, days: &EventDays) -> Name {
        let words = Words::of(name);
        let mut read = Name {
            said: words::tidy(name),
            category: self.category(&words),
            group: None,
            day: self.day(&words, days),
            gender: self.gender(&words),
            member: self.has(&words, "member"),
            charity: self.has(&words, "charity"),
            championship: self.has(&words, "championship"),
            photos: self.has(&words, "photos"),
        };
        if read.category.is_athlete() {
            read.group = self.group(&words, read.category);
        }
        if let Some((_, verdict)) = self.names.iter().find(|(key, _)| *key == words::key(name)) {
            verdict.apply(&mut read);
        }
        read
    }

    /// Whether a text of its own (a shop, an add-on) has this mark.
    pub fn marked(&self, text: &str, mark: &str) -> bool {
        self.has(&Words::of(text), mark)
    }

    /// The gender that a text states, as people answer it in forms: "Male 남성", "female", "Women".
    pub fn gender_of(&self, text: &str) -> Option<Gender> {
        self.gender(&Words::of(text)).filter(|gender| *gender != Gender::Mixed)
    }

    fn has(&self, words: &Words, mark: &str) -> bool {
        self.marks.get(mark).is_some_and(|phrases| phrases.iter().any(|phrase| words.hold(phrase)))
    }

    fn category(&self, words: &Words) -> Category {
        let member_of_team = self.has(words, "team_member");
        match () {
            () if self.has(words, "extra") || self.has(words, "photos") => Category::Extra,
            () if self.has(words, "doubles") => Category::Double,
            () if self.has(words, "relay") => Category::Relay,
            () if self.has(words, "spectator") => Category::Spectator,
            () if member_of_team => Category::Relay,
            () if self.has(words, "member") => Category::Double,
            () => Category::Single,
        }
    }

    fn gender(&self, words: &Words) -> Option<Gender> {
        let (men, women) = (self.has(words, "men"), self.has(words, "women"));
        match () {
            () if self.has(words, "mixed") || (men && women) => Some(Gender::Mixed),
            () if women => Some(Gender::Female),
            () if men => Some(Gender::Male),
            () => None,
        }
    }

    /// The group that has exactly the marks of the name.
    fn group(&self, words: &Words, category: Category) -> Option<String> {
        let gender = self.gender(words)?;
        let holds = |mark: &str| match mark {
            "men" => gender == Gender::Male,
            "women" => gender == Gender::Female,
            "mixed" => gender == Gender::Mixed,
            "doubles" => category == Category::Double,
            "relay" => category == Category::Relay,
            other => self.has(words, other),
        };
        let marks: Vec<&str> = GROUP_MARKS.into_iter().filter(|mark| holds(mark)).collect();
        let fits = |rule: &&GroupRule| {
            rule.marks.len() == marks.len() && rule.marks.iter().all(|mark| marks.contains(&mark.as_str()))
        };
        self.groups.iter().find(fits).map(|rule| rule.name.clone())
    }

    /// A weekday, or that of a date; several where the name says several.
    fn day(&self, words: &Words, days: &EventDays) -> Option<Day> {
        if self.has(words, "all_days") || words.number_before(self.marks.get("days")).is_some_and(|n| n > 1) {
            return Some(Day::Several);
        }
        let named = self.days.iter().filter(|(_, phrases)| phrases.iter().any(|phrase| words.hold(phrase)));
        let named: Vec<Weekday> = named.map(|(day, _)| *day).collect();
        match named.as_slice() {
            [] => dates::find(words, &self.months, days).map(|date: NaiveDate| Day::One(date.weekday())),
            [one] => Some(Day::One(*one)),
            _ => Some(Day::Several),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
