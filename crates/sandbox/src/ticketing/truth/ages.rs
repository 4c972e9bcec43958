//! Athletes by age range: a team by the mean of its members, everybody by the day they race on.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use super::answer;
use super::teams::{Entry, entries};
use crate::ticketing::kind::Category;
use crate::ticketing::rows::Ticket;
use crate::ticketing::seller::Seller;

/// Athletes of a group and day in an age range.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AgeCount {
    /// The group.
    pub group: &'static str,
    /// The day.
    pub day: Option<&'static str>,
    /// `U24`, `25-29`, `70+`, `Incomplete`.
    pub range: &'static str,
    /// People.
    pub people: u64,
}

const SINGLE: [(u32, &str); 11] = [
    (0, "U24"),
    (25, "25-29"),
    (30, "30-34"),
    (35, "35-39"),
    (40, "40-44"),
    (45, "45-49"),
    (50, "50-54"),
    (55, "55-59"),
    (60, "60-64"),
    (65, "65-69"),
    (70, "70+"),
];
const DOUBLE: [(u32, &str); 6] =
    [(0, "U29"), (30, "30-39"), (40, "40-49"), (50, "50-59"), (60, "60-69"), (70, "70+")];
const RELAY: [(u32, &str); 2] = [(0, "U40"), (40, "40+")];

pub(super) fn ages(seller: &Seller, athletes: &[&Ticket]) -> Vec<AgeCount> {
    let mut counts: BTreeMap<(&str, Option<&str>, &str), u64> = BTreeMap::new();
    for entry in entries(seller, athletes) {
        let kind = seller.kind(entry.tickets[0]);
        let range = mean(seller, &entry).map_or("Incomplete", |age| range(kind.category, age));
        *counts.entry((kind.group(), kind.day.label(), range)).or_default() += entry.tickets.len() as u64;
    }
    counts.into_iter().map(|((group, day, range), people)| AgeCount { group, day, range, people }).collect()
}

pub(super) fn own(seller: &Seller, athletes: &[&Ticket]) -> BTreeMap<u32, u64> {
    let mut counts = BTreeMap::new();
    for age in athletes.iter().filter_map(|ticket| age(seller, ticket)) {
        *counts.entry(age).or_default() += 1;
    }
    counts
}

fn range(category: Category, age: u32) -> &'static str {
    let ranges: &[(u32, &str)] = match category {
        Category::Double => &DOUBLE,
        Category::Relay => &RELAY,
        _ => &SINGLE,
    };
    ranges.iter().rev().find(|(from, _)| age >= *from).map_or("", |(_, name)| name)
}

/// Whole years, rounded down; nothing where anybody is missing or has no age.
fn mean(seller: &Seller, entry: &Entry) -> Option<u32> {
    if !entry.whole {
        return None;
    }
    let ages: Option<Vec<u32>> = entry.tickets.iter().map(|ticket| age(seller, ticket)).collect();
    let ages = ages?;
    Some(ages.iter().sum::<u32>() / ages.len() as u32)
}

fn age(seller: &Seller, ticket: &Ticket) -> Option<u32> {
    let born: NaiveDate = answer(ticket, "birth_date")?.parse().ok()?;
    let race = seller.events[ticket.event].date_of(seller.kind(ticket).day);
    race.years_since(born).filter(|age| *age > 0)
}
