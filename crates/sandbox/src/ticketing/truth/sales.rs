//! How many were sold, of what, by whom, and what with.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::ticketing::kind::Category;
use crate::ticketing::rows::{PRODUCTS, Ticket};
use crate::ticketing::seller::Seller;

/// Sold tickets by category.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Single athletes.
    pub singles: u64,
    /// Members of pairs.
    pub doubles: u64,
    /// Members of relays.
    pub relays: u64,
    /// Spectators.
    pub spectators: u64,
    /// Anything else.
    pub extras: u64,
    /// Singles, doubles and relays.
    pub athletes: u64,
    /// All of them.
    pub tickets: u64,
}

/// Sold tickets of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TypeCount {
    /// The API's id of the type.
    pub id: String,
    /// Its name, as the API gives it.
    pub name: String,
    /// Its category.
    pub category: Category,
    /// Its group.
    pub group: &'static str,
    /// `SATURDAY`, `MULTI_DAY`, or nothing.
    pub day: Option<&'static str>,
    /// True for further members of teams.
    pub member: bool,
    /// Sold.
    pub sold: u64,
}

/// Sold tickets of a group on a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GroupCount {
    /// The group.
    pub group: &'static str,
    /// The day.
    pub day: Option<&'static str>,
    /// Tickets, which are people.
    pub tickets: u64,
    /// Main tickets among them, which are teams.
    pub mains: u64,
}

/// What a partner's shop sold of a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShopUse {
    /// The API's id of the shop.
    pub shop: String,
    /// The API's id of the type.
    pub ticket_type: String,
    /// Sold there, spectators and extras aside.
    pub count: u64,
    /// Set aside for it.
    pub volume: i64,
}

pub(super) fn totals(seller: &Seller, sold: &[&Ticket]) -> Totals {
    let mut totals = Totals { tickets: sold.len() as u64, ..Totals::default() };
    for ticket in sold {
        let category = seller.kind(ticket).category;
        totals.athletes += u64::from(category.races());
        *match category {
            Category::Single => &mut totals.singles,
            Category::Double => &mut totals.doubles,
            Category::Relay => &mut totals.relays,
            Category::Spectator => &mut totals.spectators,
            Category::Extra => &mut totals.extras,
        } += 1;
    }
    totals
}

pub(super) fn types(seller: &Seller, sold: &[&Ticket]) -> Vec<TypeCount> {
    let types = seller.main_event().types.iter().enumerate();
    let count = |at: usize| sold.iter().filter(|ticket| ticket.offer == at).count() as u64;
    let of = types.map(|(at, of)| TypeCount {
        id: of.id.clone(),
        name: of.name.clone(),
        category: of.kind.category,
        group: of.kind.group(),
        day: of.kind.day.label(),
        member: of.kind.member,
        sold: count(at),
    });
    of.collect()
}

pub(super) fn groups(seller: &Seller, sold: &[&Ticket]) -> Vec<GroupCount> {
    let mut groups: BTreeMap<(&str, Option<&str>), (u64, u64)> = BTreeMap::new();
    for ticket in sold {
        let kind = seller.kind(ticket);
        let (tickets, mains) = groups.entry((kind.group(), kind.day.label())).or_default();
        *tickets += 1;
        *mains += u64::from(!kind.member);
    }
    groups
        .into_iter()
        .map(|((group, day), (tickets, mains))| GroupCount { group, day, tickets, mains })
        .collect()
}

pub(super) fn spectators(seller: &Seller, spectators: &[&Ticket]) -> BTreeMap<&'static str, u64> {
    let mut days = BTreeMap::new();
    for ticket in spectators {
        *days.entry(seller.kind(ticket).day.label().unwrap_or_default()).or_default() += 1;
    }
    days
}

pub(super) fn shops(seller: &Seller, sold: &[&Ticket]) -> Vec<ShopUse> {
    let event = seller.main_event();
    let mut uses = Vec::new();
    for (at, shop) in event.shops.iter().enumerate().filter(|(_, shop)| shop.active && shop.partner) {
        for offer in shop.offers.iter().filter(|offer| offer.active) {
            let races = event.types[offer.base].kind.category.races();
            let here = |ticket: &&&Ticket| ticket.shop == Some(at) && ticket.offer == offer.base;
            uses.push(ShopUse {
                shop: shop.id.clone(),
                ticket_type: event.types[offer.base].id.clone(),
                count: if races { sold.iter().filter(here).count() as u64 } else { 0 },
                volume: offer.volume,
            });
        }
    }
    uses
}

pub(super) fn add_ons(sold: &[&Ticket]) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for product in sold.iter().flat_map(|ticket| &ticket.add_ons) {
        *counts.entry(PRODUCTS[*product]).or_default() += 1;
    }
    counts
}
