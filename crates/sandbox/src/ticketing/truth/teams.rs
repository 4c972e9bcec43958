//! Who starts with whom. Inside an order the n-th main ticket of a group and day goes with the n-th
//! member, or the n-th three; who is left over starts with nobody.

use std::collections::BTreeMap;

use serde::Serialize;

use super::gender;
use crate::ticketing::kind::Side;
use crate::ticketing::people::Gender;
use crate::ticketing::rows::Ticket;
use crate::ticketing::seller::Seller;

/// The teams of a group and day in one order do not come out even.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct BrokenOrder {
    /// The API's id of the order.
    pub order: String,
    /// The group.
    pub group: &'static str,
    /// The day.
    pub day: Option<&'static str>,
    /// Main tickets.
    pub mains: usize,
    /// Members.
    pub members: usize,
}

/// A mixed team with everybody in it that is not half and half.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct MixedTeam {
    /// The API's id of its main ticket.
    pub ticket: String,
    /// Men.
    pub men: usize,
    /// Women; whose gender is not stated is neither.
    pub women: usize,
}

/// Those who start together, and whether they are as many as it takes.
pub(super) struct Entry<'a> {
    pub tickets: Vec<&'a Ticket>,
    pub whole: bool,
}

type Lot = (usize, &'static str, Option<&'static str>);

/// Athletes of each order, group and day. Those of no order are in none of these.
fn lots<'a>(seller: &Seller, athletes: &[&'a Ticket]) -> BTreeMap<Lot, Vec<&'a Ticket>> {
    let mut lots: BTreeMap<Lot, Vec<&Ticket>> = BTreeMap::new();
    for ticket in athletes {
        let kind = seller.kind(ticket);
        if let (Some(order), true) = (ticket.order, kind.category.team() > 1) {
            lots.entry((order, kind.group(), kind.day.label())).or_default().push(ticket);
        }
    }
    for tickets in lots.values_mut() {
        tickets.sort_by(|one, other| one.id.cmp(&other.id));
    }
    lots
}

pub(super) fn entries<'a>(seller: &Seller, athletes: &[&'a Ticket]) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    for ticket in athletes {
        let alone = seller.kind(ticket).category.team() == 1;
        if alone || ticket.order.is_none() {
            entries.push(Entry { tickets: vec![ticket], whole: alone });
        }
    }
    for tickets in lots(seller, athletes).into_values() {
        let size = tickets.first().map_or(1, |ticket| seller.kind(ticket).category.team());
        let (mut members, mains): (Vec<&Ticket>, Vec<&Ticket>) =
            tickets.into_iter().partition(|ticket| seller.kind(ticket).member);
        for main in mains {
            let with = members.len().min(size - 1);
            let rest = members.split_off(with);
            let tickets = [vec![main], std::mem::replace(&mut members, rest)].concat();
            entries.push(Entry { whole: tickets.len() == size, tickets });
        }
        entries.extend(members.into_iter().map(|left| Entry { tickets: vec![left], whole: false }));
    }
    entries
}

pub(super) fn broken(seller: &Seller, athletes: &[&Ticket]) -> Vec<BrokenOrder> {
    let mut broken = Vec::new();
    for ((order, group, day), tickets) in lots(seller, athletes) {
        let size = tickets.first().map_or(1, |ticket| seller.kind(ticket).category.team());
        let members = tickets.iter().filter(|ticket| seller.kind(ticket).member).count();
        let mains = tickets.len() - members;
        if members != mains * (size - 1) {
            broken.push(BrokenOrder { order: seller.orders[order].id.clone(), group, day, mains, members });
        }
    }
    broken.sort();
    broken
}

pub(super) fn mixed(seller: &Seller, athletes: &[&Ticket]) -> Vec<MixedTeam> {
    let mut teams = Vec::new();
    for entry in entries(seller, athletes) {
        let mixed = entry.tickets.iter().all(|ticket| seller.kind(ticket).side == Some(Side::Mixed));
        let count = |wanted| entry.tickets.iter().filter(|ticket| gender(ticket) == Some(wanted)).count();
        let (men, women) = (count(Gender::Male), count(Gender::Female));
        let half = entry.tickets.len() / 2;
        if mixed && entry.whole && (men, women) != (half, half) {
            teams.push(MixedTeam { ticket: entry.tickets[0].id.clone(), men, women });
        }
    }
    teams.sort();
    teams
}
