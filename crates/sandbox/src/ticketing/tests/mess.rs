//! Everything that is wrong in life is there, or the numbers would be right by luck.

use super::{options, seller};
use crate::ticketing::truth::truth;
use crate::ticketing::{TicketingOptions, sellers};

#[test]
fn teams_are_broken_in_every_way() {
    let broken = truth(&sellers(&TicketingOptions { tickets: 3000, ..options(1) })[0]).broken_orders;
    let has = |mains: usize, members: usize, relay: bool| {
        broken.iter().any(|order| {
            (order.mains, order.members, order.group.contains("RELAY")) == (mains, members, relay)
        })
    };
    assert!(has(1, 0, false), "a double without partner");
    assert!(has(0, 1, false) && has(0, 1, true), "members without a team");
    assert!(has(1, 1, true) && has(1, 2, true) && has(1, 4, true), "relays of 2, 3 and 5");
}

#[test]
fn people_and_coupons_are_as_odd_as_in_life() {
    let truth = truth(&sellers(&TicketingOptions { tickets: 3000, ..options(1) })[0]);
    assert!(truth.genders.iter().any(|fix| fix.stated.is_none()));
    assert!(truth.genders.iter().any(|fix| fix.stated.is_some()));
    assert!(!truth.mixed.is_empty());
    assert!(truth.ages.iter().any(|of| of.range == "Incomplete"));
    assert!(truth.athletes.unsaid > 0 && truth.athletes.countries.contains_key("ZZ"));
    assert!(truth.tracked.iter().any(|code| code.used.is_none()), "codes that were never made");
    assert!(!truth.untracked_used.is_empty());
    assert!(truth.coupons.iter().any(|of| of.series.is_none() && of.total == 1));
    assert!(truth.shops.iter().any(|shop| shop.count > 0));
    assert!(truth.groups.iter().any(|group| group.day.is_none()), "no day is said");
    assert!(truth.spectators.contains_key("MULTI_DAY"));
    for status in ["VALID", "DETAILSREQUIRED", "INVALID", "RESERVED", "BLANK"] {
        assert!(truth.statuses.contains_key(status), "{status}");
    }
}

#[test]
fn tickets_lack_what_real_ones_lack() {
    let seller = seller();
    let of = |origin: &'static str| seller.tickets.iter().filter(move |ticket| ticket.origin == origin);
    assert!(of("pos").count() > 0 && of("pos").all(|ticket| ticket.person.is_none()));
    assert!(of("transfer").count() > 0 && of("transfer").all(|ticket| ticket.from_ticket.is_some()));
    assert!(seller.tickets.iter().any(|ticket| ticket.order.is_none() && ticket.batch.is_some()));
    assert!(seller.tickets.iter().any(|ticket| ticket.add_ons.len() > 1));
    assert!(seller.tickets.iter().any(|ticket| ticket.event != seller.main));
}

#[test]
fn a_race_under_way_has_scans() {
    let sellers = sellers(&options(4));
    let scans = |at: usize| truth(&sellers[at]).scans;
    assert!(scans(3) > 0 && scans(0) == 0);
}
