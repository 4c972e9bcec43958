//! The rule file as it is written: one struct, from which come the parser and the faults with their
//! places. A region's own file has the same keys; what it gives stands instead of what ships.

use std::collections::BTreeMap;

use chrono::Weekday;
use connect::yaml::{self, shape::Shape};
use model::Finding;
use schemars::{JsonSchema, schema_for};
use serde::Deserialize;

use super::{Category, Gender, Name};
use crate::ticketing::days::Day;

/// The rules for the names of tickets.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct File {
    /// By mark, the words that set it.
    pub(super) marks: BTreeMap<String, Vec<String>>,
    /// By weekday, the words for it.
    pub(super) days: BTreeMap<DayName, Vec<String>>,
    /// The words for the months, January first.
    pub(super) months: Vec<Vec<String>>,
    /// The groups, in the order of reports.
    pub(super) groups: Vec<GroupRule>,
    /// What single names mean, whatever their words say. Case, spaces and punctuation make no difference.
    pub(super) names: BTreeMap<String, Verdict>,
}

/// A group that athletes start in: names with exactly these marks belong to it.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupRule {
    /// Its one spelling.
    pub(super) name: String,
    /// Of `men`, `women`, `mixed`, `pro`, `adaptive`, `corporate`, `doubles`, `relay`.
    pub(super) marks: Vec<String>,
}

/// What a name means; what is left out is read from its words.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Verdict {
    /// What sort of ticket it is.
    category: Option<Category>,
    /// The group it starts in.
    group: Option<String>,
    /// The day: a weekday, a date, `multi_day` or `none`.
    day: Option<String>,
    /// Who it is for.
    gender: Option<Gender>,
    /// It belongs to a team whose main ticket is another one.
    member: Option<bool>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum DayName {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl DayName {
    pub(super) fn weekday(self) -> Weekday {
        match self {
            DayName::Monday => Weekday::Mon,
            DayName::Tuesday => Weekday::Tue,
            DayName::Wednesday => Weekday::Wed,
            DayName::Thursday => Weekday::Thu,
            DayName::Friday => Weekday::Fri,
            DayName::Saturday => Weekday::Sat,
            DayName::Sunday => Weekday::Sun,
        }
    }
}

impl File {
    /// Reads a file, or tells everything that is wrong with it at its place.
    pub(super) fn parse(name: &str, text: &str) -> Result<File, Vec<Finding>> {
        let tree = yaml::parse(text).map_err(|(place, message)| {
            vec![Finding { place, help: yaml::hint(text, place, &message), ..Finding::error(name, message) }]
        })?;
        let schema = schema_for!(File).to_value();
        let shape = Shape { file: name, schema: &schema, whole: "the rules", templates: false };
        let faults = shape.faults(&tree);
        if !faults.is_empty() {
            return Err(faults);
        }
        if matches!(tree.tree, yaml::Tree::Null) {
            return Ok(File::default());
        }
        let file = serde_json::from_value::<File>(tree.to_json());
        file.map_err(|error| vec![Finding::error(name, error.to_string())])
    }

    /// What `own` says stands instead.
    pub(super) fn take(&mut self, own: File) {
        self.marks.extend(own.marks);
        self.days.extend(own.days);
        if !own.months.is_empty() {
            self.months = own.months;
        }
        if !own.groups.is_empty() {
            self.groups = own.groups;
        }
        self.names.extend(own.names);
    }
}

impl Verdict {
    pub(super) fn apply(&self, name: &mut Name) {
        if let Some(category) = self.category {
            name.category = category;
        }
        if let Some(gender) = self.gender {
            name.gender = Some(gender);
        }
        if let Some(member) = self.member {
            name.member = member;
        }
        if self.group.is_some() {
            name.group.clone_from(&self.group);
        }
        if let Some(day) = &self.day {
            let date = day.parse::<chrono::NaiveDate>().ok();
            let of_date = date.map(|date| Day::One(chrono::Datelike::weekday(&date)));
            name.day = of_date.or_else(|| Day::from_name(day));
        }
    }
}
