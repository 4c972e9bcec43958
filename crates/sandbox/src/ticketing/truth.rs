//! The right answer to every report, counted from what the seller knows of its own tickets: the kinds that
//! names were made from, never the names. Counted anew each time, so that it follows every edit.

mod ages;
mod coupons;
mod money;
mod people;
mod sales;
mod teams;

use serde::Serialize;

pub use ages::AgeCount;
pub use coupons::{SeriesUse, TrackedUse};
pub use money::Money;
pub use people::{Answers, GenderFix, Origin};
pub use sales::{GroupCount, ShopUse, Totals, TypeCount};
pub use teams::{BrokenOrder, MixedTeam};

use std::collections::{BTreeMap, BTreeSet};

use super::kind::Category;
use super::people::Gender;
use super::rows::{Scan, Ticket};
use super::seller::Seller;

/// What is true of a region's race. "Sold" is what is valid or still lacks details; people are tickets.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RegionTruth {
    /// The region.
    pub region: &'static str,
    /// The API's id of the event.
    pub event: String,
    /// Tickets of the event by the API's word for their status.
    pub statuses: BTreeMap<&'static str, u64>,
    /// Sold tickets by category.
    pub totals: Totals,
    /// Sold tickets by type; every type is there.
    pub types: Vec<TypeCount>,
    /// Sold tickets by group and day; only those that there are.
    pub groups: Vec<GroupCount>,
    /// Sold tickets of spectators by day, `MULTI_DAY` for passes.
    pub spectators: BTreeMap<&'static str, u64>,
    /// Athletes by group, day and age on the day of the race; only ranges with somebody in them.
    pub ages: Vec<AgeCount>,
    /// Athletes by their own age; those without one are left out.
    pub athlete_ages: BTreeMap<u32, u64>,
    /// Orders with teams that do not come out even.
    pub broken_orders: Vec<BrokenOrder>,
    /// Mixed teams with everybody in them that are not half and half.
    pub mixed: Vec<MixedTeam>,
    /// Athletes' tickets whose gender is missing or not that of their ticket.
    pub genders: Vec<GenderFix>,
    /// What athletes answered.
    pub answers: Answers,
    /// Where athletes are from.
    pub athletes: Origin,
    /// Where spectators are from.
    pub spectators_from: Origin,
    /// Sold by shops of partners: one for each ticket type on sale there.
    pub shops: Vec<ShopUse>,
    /// Add-ons of sold tickets, all of them.
    pub add_ons: BTreeMap<&'static str, u64>,
    /// Coupons by series; those without one by themselves.
    pub coupons: Vec<SeriesUse>,
    /// Every code that was handed out.
    pub tracked: Vec<TrackedUse>,
    /// Codes that were used and not handed out.
    pub untracked_used: Vec<String>,
    /// What came in and what went back.
    pub money: Money,
    /// Check-ins and check-outs at the door.
    pub scans: u64,
    /// Check-ins alone.
    pub check_ins: u64,
    /// Tickets that were checked in, whether they were checked out again or not.
    pub checked_in: u64,
}

pub(crate) fn truth(seller: &Seller) -> RegionTruth {
    let all: Vec<&Ticket> = seller.tickets.iter().filter(|ticket| ticket.event == seller.main).collect();
    let sold: Vec<&Ticket> = all.iter().copied().filter(|ticket| ticket.status.sold()).collect();
    let mut statuses = BTreeMap::new();
    for ticket in &all {
        *statuses.entry(ticket.status.label()).or_default() += 1;
    }
    let of = |wanted: fn(Category) -> bool| {
        sold.iter().copied().filter(|ticket| wanted(seller.kind(ticket).category)).collect::<Vec<_>>()
    };
    let scans: Vec<&Scan> =
        seller.scans.iter().filter(|scan| seller.tickets[scan.ticket].event == seller.main).collect();
    let ins = || scans.iter().filter(|scan| scan.checkin);
    let athletes = of(Category::races);
    let spectators = of(|category| category == Category::Spectator);
    RegionTruth {
        region: seller.region.name,
        event: seller.main_event().id.clone(),
        statuses,
        totals: sales::totals(seller, &sold),
        types: sales::types(seller, &sold),
        groups: sales::groups(seller, &sold),
        spectators: sales::spectators(seller, &spectators),
        ages: ages::ages(seller, &athletes),
        athlete_ages: ages::own(seller, &athletes),
        broken_orders: teams::broken(seller, &athletes),
        mixed: teams::mixed(seller, &athletes),
        genders: people::genders(seller, &athletes),
        answers: people::answers(&athletes),
        athletes: people::origin(seller, &athletes),
        spectators_from: people::origin(seller, &spectators),
        shops: sales::shops(seller, &sold),
        add_ons: sales::add_ons(&sold),
        coupons: coupons::series(seller),
        tracked: coupons::tracked(seller),
        untracked_used: coupons::untracked(seller),
        money: money::money(seller, &all),
        scans: scans.len() as u64,
        check_ins: ins().count() as u64,
        checked_in: ins().map(|scan| scan.ticket).collect::<BTreeSet<_>>().len() as u64,
    }
}

/// What the holder answered in the form.
fn answer<'a>(ticket: &'a Ticket, question: &str) -> Option<&'a str> {
    ticket.form.as_ref()?.get(question)?.as_str()
}

fn gender(ticket: &Ticket) -> Option<Gender> {
    super::people::gender_of(answer(ticket, "gender")?)
}
