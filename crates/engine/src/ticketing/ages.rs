//! Ages and their ranges. An age is that on the day of the event, so that the same ticket has the same age
//! whenever it is counted; today's is there for who asks for it.

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use super::days::EventDays;
use super::pairing::{self, Entry};
use super::rows::Ticket;
use super::rules::{Category, Rules};

/// Which day ages are those of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AgeOn {
    /// The day that the ticket is for.
    #[default]
    EventDay,
    /// This day, whatever the ticket is for.
    Day(NaiveDate),
}

/// Whole years from birth to `on`; `None` before the first birthday, and for births to come.
pub fn age(birth: NaiveDate, on: NaiveDate) -> Option<u32> {
    let had_birthday = (on.month(), on.day()) >= (birth.month(), birth.day());
    let years = on.year() - birth.year() - i32::from(!had_birthday);
    u32::try_from(years).ok().filter(|years| *years > 0)
}

/// The age of a ticket's holder; `None` where it is not known.
pub fn age_of(ticket: &Ticket, days: &EventDays, on: AgeOn) -> Option<u32> {
    let day = match on {
        AgeOn::EventDay => days.date_for(ticket.name.day)?,
        AgeOn::Day(day) => day,
    };
    age(ticket.birth_date?, day)
}

/// What the youngest range is called, and the first age of each one after it.
fn starts(category: Category) -> (&'static str, &'static [u32]) {
    match category {
        Category::Double => ("U29", &[30, 40, 50, 60, 70]),
        Category::Relay => ("U40", &[40]),
        _ => ("U24", &[25, 30, 35, 40, 45, 50, 55, 60, 65, 70]),
    }
}

/// The names of the ranges of a sort of ticket, youngest first.
pub fn ranges(category: Category) -> Vec<String> {
    let (youngest, starts) = starts(category);
    let mut names = vec![youngest.to_owned()];
    names.extend(starts.windows(2).map(|pair| format!("{}-{}", pair[0], pair[1] - 1)));
    names.extend(starts.last().map(|last| format!("{last}+")));
    names
}

/// The range that an age is in.
pub fn range(category: Category, age: u32) -> String {
    let place = starts(category).1.iter().filter(|start| age >= **start).count();
    ranges(category).swap_remove(place)
}

/// What stands for people whose age, or whose team, is not known.
pub const INCOMPLETE: &str = "Incomplete";

/// People of one group on one day, by age.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AgeGroup {
    /// The group.
    pub group: String,
    /// Its sort.
    pub category: Category,
    /// The day its tickets are for.
    pub day: Option<super::days::Day>,
    /// People by range, youngest first; ranges without people are there.
    pub ranges: Vec<(String, u64)>,
    /// People whose age, or whose team, is not known.
    pub incomplete: u64,
    /// All of them: as many as there are tickets.
    pub total: u64,
    /// Teams in which nothing is missing; people, for singles.
    pub complete_entries: u64,
    /// The average of the ages that the ranges go by.
    pub average: Option<f64>,
}

/// People by group, day and age. A team counts as the people in it, in the range of its average age;
/// together they are always as many as there are tickets.
pub fn age_groups(tickets: &[&Ticket], days: &EventDays, on: AgeOn, rules: &Rules) -> Vec<AgeGroup> {
    let mut groups: Vec<AgeGroup> = Vec::new();
    let mut sums: Vec<u64> = Vec::new();
    for entry in pairing::entries(tickets) {
        let name = &entry.tickets[0].name;
        let (label, day) = (name.group_label(), name.day);
        let found = groups
            .iter()
            .position(|group| group.group == label && group.day == day && group.category == name.category);
        let at = found.unwrap_or_else(|| {
            groups.push(empty(label, name.category, day));
            sums.push(0);
            groups.len() - 1
        });
        sums[at] += u64::from(count(&mut groups[at], &entry, days, on));
    }
    for (group, sum) in groups.iter_mut().zip(sums) {
        group.average = (group.complete_entries > 0).then(|| sum as f64 / group.complete_entries as f64);
    }
    groups.sort_by_key(|group| (rules.place_of(&group.group), group.group.clone(), group.day));
    groups
}

fn empty(group: &str, category: Category, day: Option<super::days::Day>) -> AgeGroup {
    AgeGroup {
        group: group.to_owned(),
        category,
        day,
        ranges: ranges(category).into_iter().map(|name| (name, 0)).collect(),
        incomplete: 0,
        total: 0,
        complete_entries: 0,
        average: None,
    }
}

/// Counts the people of an entry; gives the age that they go by, or 0.
fn count(group: &mut AgeGroup, entry: &Entry<'_>, days: &EventDays, on: AgeOn) -> u32 {
    let people = entry.tickets.len() as u64;
    group.total += people;
    let Some(age) = entry_age(entry, days, on) else {
        group.incomplete += people;
        return 0;
    };
    let range = range(group.category, age);
    if let Some((_, count)) = group.ranges.iter_mut().find(|(name, _)| *name == range) {
        *count += people;
    }
    group.complete_entries += 1;
    age
}

/// The age that an entry goes by: one's own, or the average of a whole team, rounded down.
fn entry_age(entry: &Entry<'_>, days: &EventDays, on: AgeOn) -> Option<u32> {
    if !entry.complete {
        return None;
    }
    let ages: Option<Vec<u32>> = entry.tickets.iter().map(|ticket| age_of(ticket, days, on)).collect();
    let ages = ages?;
    let count = u32::try_from(ages.len()).ok().filter(|count| *count > 0)?;
    Some(ages.iter().sum::<u32>() / count)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::{born, days, ticket};

    fn groups(tickets: &[Ticket]) -> Vec<AgeGroup> {
        let all: Vec<&Ticket> = tickets.iter().collect();
        age_groups(&all, &days(), AgeOn::EventDay, Rules::shipped())
    }

    fn people(group: &AgeGroup, range: &str) -> u64 {
        group.ranges.iter().find(|(name, _)| name == range).unwrap().1
    }

    #[test]
    fn fault_11_age_is_that_on_the_day_of_the_event() {
        let date = |text: &str| text.parse::<NaiveDate>().unwrap();
        assert_eq!(age(date("2000-10-25"), date("2025-10-24")), Some(24));
        assert_eq!(age(date("2000-10-25"), date("2025-10-25")), Some(25));
        assert_eq!(age(date("2004-02-29"), date("2025-02-28")), Some(20));
        assert_eq!(age(date("2004-02-29"), date("2025-03-01")), Some(21));
        assert_eq!(age(date("2026-01-01"), date("2025-10-25")), None);
        // The ticket's own day counts; without one, the event's first.
        let on = |name: &str| age_of(&born("1", name, "t", "2000-10-25"), &days(), AgeOn::EventDay);
        assert_eq!(on("HYROX MEN | Friday"), Some(24));
        assert_eq!(on("HYROX MEN | Saturday"), Some(25));
        assert_eq!(on("HYROX MEN"), Some(24));
        let today = AgeOn::Day(date("2030-01-01"));
        assert_eq!(age_of(&born("1", "HYROX MEN", "t", "2000-10-25"), &days(), today), Some(29));
        // What is no date is no age, and the ticket is still there.
        assert_eq!(groups(&[born("1", "HYROX MEN", "t", "31/31/99")])[0].incomplete, 1);
    }

    #[test]
    fn ranges_are_those_of_the_sort() {
        assert_eq!(
            ranges(Category::Single).join(" "),
            "U24 25-29 30-34 35-39 40-44 45-49 50-54 55-59 60-64 65-69 70+"
        );
        assert_eq!(ranges(Category::Double).join(" "), "U29 30-39 40-49 50-59 60-69 70+");
        assert_eq!(ranges(Category::Relay).join(" "), "U40 40+");
        let check = |category, age, expected: &str| assert_eq!(range(category, age), expected, "{age}");
        check(Category::Single, 24, "U24");
        check(Category::Single, 25, "25-29");
        check(Category::Single, 70, "70+");
        check(Category::Double, 29, "U29");
        check(Category::Double, 69, "60-69");
        check(Category::Relay, 39, "U40");
        check(Category::Relay, 40, "40+");
    }

    #[test]
    fn teams_count_as_people_in_the_range_of_their_average() {
        let tickets = [
            born("1", "HYROX DOUBLES MIXED | Saturday", "t", "1995-01-01"),
            born("2", "HYROX DOUBLES MIXED ATHLETE 2 | Saturday", "t", "1996-01-01"),
            born("3", "HYROX DOUBLES MIXED | Saturday", "u", "1995-01-01"),
        ];
        let groups = groups(&tickets);
        assert_eq!(groups.len(), 1);
        assert_eq!((people(&groups[0], "U29"), people(&groups[0], "30-39")), (2, 0));
        assert_eq!((groups[0].incomplete, groups[0].total, groups[0].average), (1, 3, Some(29.0)));
    }

    #[test]
    fn fault_17_relays_without_ages_and_orphans_are_incomplete() {
        let name = "HYROX MENS RELAY | Friday";
        let member = "HYROX MENS RELAY TEAM MEMBER | Friday";
        let mut tickets = vec![ticket("1", name, "a")];
        tickets.extend((2..5).map(|n| ticket(&n.to_string(), member, "a")));
        tickets.push(ticket("5", member, "orphan"));
        tickets.push(born("6", name, "", "1990-01-01"));
        let groups = groups(&tickets);
        assert_eq!((groups[0].incomplete, groups[0].total), (6, 6));
        assert!(age_groups(&[], &days(), AgeOn::EventDay, Rules::shipped()).is_empty());
    }
}
