//! What a ticket type really is, as the organiser thinks of it. Names are made from this and never read
//! back, so that the truth does not depend on reading names.

use chrono::Weekday;
use serde::Serialize;

/// What is done with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// One athlete.
    Single,
    /// Two athletes.
    Double,
    /// Four athletes.
    Relay,
    /// Looks on.
    Spectator,
    /// Anything else: photographs, helpers, friends.
    Extra,
}

impl Category {
    /// How many tickets make a team.
    pub(crate) fn team(self) -> usize {
        match self {
            Category::Double => 2,
            Category::Relay => 4,
            _ => 1,
        }
    }

    pub(crate) fn races(self) -> bool {
        matches!(self, Category::Single | Category::Double | Category::Relay)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    Men,
    Women,
    Mixed,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Open,
    Pro,
    Adaptive,
    Corporate,
}

/// The days that it is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Day {
    On(Weekday),
    Several,
    /// The name says nothing of a day.
    Unsaid,
}

impl Day {
    /// `SATURDAY`, `MULTI_DAY` or nothing.
    pub fn label(self) -> Option<&'static str> {
        match self {
            Day::On(weekday) => Some(weekday_label(weekday)),
            Day::Several => Some("MULTI_DAY"),
            Day::Unsaid => None,
        }
    }
}

fn weekday_label(weekday: Weekday) -> &'static str {
    match weekday {
        Weekday::Mon => "MONDAY",
        Weekday::Tue => "TUESDAY",
        Weekday::Wed => "WEDNESDAY",
        Weekday::Thu => "THURSDAY",
        Weekday::Fri => "FRIDAY",
        Weekday::Sat => "SATURDAY",
        Weekday::Sun => "SUNDAY",
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub category: Category,
    /// Of those who race.
    pub side: Option<Side>,
    pub class: Class,
    pub day: Day,
    /// A further member of a team; false for whoever brings the team.
    pub member: bool,
    pub charity: bool,
}

impl Kind {
    pub fn racing(category: Category, class: Class, side: Side, day: Day) -> Kind {
        Kind { category, side: Some(side), class, day, member: false, charity: false }
    }

    pub fn other(category: Category, day: Day) -> Kind {
        Kind { category, side: None, class: Class::Open, day, member: false, charity: false }
    }

    pub fn members(self) -> Kind {
        Kind { member: true, ..self }
    }

    pub fn for_charity(self) -> Kind {
        Kind { charity: true, ..self }
    }

    /// The group that it is reported in, charity and team members with it.
    pub fn group(self) -> &'static str {
        let Some(side) = self.side else {
            return if self.category == Category::Spectator { "SPECTATOR" } else { "EXTRA" };
        };
        let [men, women, mixed] = match (self.category, self.class) {
            (Category::Double, Class::Pro) => {
                ["HYROX PRO DOUBLES MEN", "HYROX PRO DOUBLES WOMEN", "HYROX PRO DOUBLES MIXED"]
            }
            (Category::Double, _) => ["HYROX DOUBLES MEN", "HYROX DOUBLES WOMEN", "HYROX DOUBLES MIXED"],
            (Category::Relay, Class::Corporate) => {
                ["HYROX MENS CORPORATE RELAY", "HYROX WOMENS CORPORATE RELAY", "HYROX MIXED CORPORATE RELAY"]
            }
            (Category::Relay, _) => ["HYROX MENS RELAY", "HYROX WOMENS RELAY", "HYROX MIXED RELAY"],
            (_, Class::Pro) => ["HYROX PRO MEN", "HYROX PRO WOMEN", "HYROX PRO MIXED"],
            (_, Class::Adaptive) => ["HYROX ADAPTIVE MEN", "HYROX ADAPTIVE WOMEN", "HYROX ADAPTIVE MIXED"],
            _ => ["HYROX MEN", "HYROX WOMEN", "HYROX MIXED"],
        };
        match side {
            Side::Men => men,
            Side::Women => women,
            Side::Mixed => mixed,
        }
    }
}
