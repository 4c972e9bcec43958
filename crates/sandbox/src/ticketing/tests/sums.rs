//! The truth adds up, follows edits, and is what the rows of the API say.

use std::collections::BTreeMap;

use super::asking::all;
use super::{options, seller};
use crate::ticketing::edits::mutate;
use crate::ticketing::sellers;
use crate::ticketing::truth::{RegionTruth, truth};

fn check(truth: &RegionTruth) {
    let totals = &truth.totals;
    let sum = |counts: &mut dyn Iterator<Item = u64>| counts.sum::<u64>();
    assert_eq!(sum(&mut truth.types.iter().map(|of| of.sold)), totals.tickets);
    assert_eq!(sum(&mut truth.groups.iter().map(|of| of.tickets)), totals.tickets);
    assert_eq!(sum(&mut truth.ages.iter().map(|of| of.people)), totals.athletes, "ages and Incomplete");
    assert_eq!(sum(&mut truth.spectators.values().copied()), totals.spectators);
    let from = &truth.athletes;
    assert_eq!(from.local + from.international + from.unsaid, totals.athletes);
    assert_eq!(sum(&mut from.countries.values().copied()), from.local + from.international);
    let sold = truth.statuses["VALID"] + truth.statuses["DETAILSREQUIRED"];
    assert_eq!(sold, totals.tickets);
}

#[test]
fn every_sum_is_the_number_of_tickets() {
    for mut seller in sellers(&options(9)) {
        check(&truth(&seller));
        mutate(&mut seller, 60);
        check(&truth(&seller));
    }
}

#[test]
fn the_same_seed_gives_the_same_truth_and_another_another() {
    let (one, other) = (sellers(&options(2)), sellers(&options(2)));
    assert_eq!(truth(&one[1]), truth(&other[1]));
    let seven = crate::ticketing::TicketingOptions { seed: 8, ..options(2) };
    assert_ne!(truth(&one[1]), truth(&sellers(&seven)[1]));
}

#[test]
fn each_edit_changes_the_truth_or_a_row() {
    let mut seller = seller();
    let before = truth(&seller);
    let edits = mutate(&mut seller, 33);
    assert!(edits.len() > 25, "{edits:?}");
    assert_ne!(truth(&seller), before);
}

#[test]
fn rows_say_what_the_truth_says() {
    let mut seller = seller();
    mutate(&mut seller, 44);
    let truth = truth(&seller);
    let event = truth.event.clone();
    let tickets = all(&mut seller, "tickets", &[("event", &event)], 1000);
    let mut statuses: BTreeMap<&str, u64> = BTreeMap::new();
    let mut add_ons: BTreeMap<&str, u64> = BTreeMap::new();
    let mut by_type: BTreeMap<&str, u64> = BTreeMap::new();
    for ticket in &tickets {
        let status = ticket["status"].as_str().expect("a status");
        *statuses.entry(status).or_default() += 1;
        if matches!(status, "VALID" | "DETAILSREQUIRED") {
            *by_type.entry(ticket["ticketTypeId"].as_str().expect("a type")).or_default() += 1;
            for add_on in ticket["addOns"].as_array().expect("add-ons") {
                *add_ons.entry(add_on["name"].as_str().expect("a name")).or_default() += 1;
            }
        }
    }
    assert_eq!(statuses, truth.statuses);
    assert_eq!(add_ons, truth.add_ons);
    for of in &truth.types {
        assert_eq!(by_type.get(of.id.as_str()).copied().unwrap_or_default(), of.sold, "{}", of.name);
    }
    let orders = all(&mut seller, "transactions", &[("event", &event), ("status", "COMPLETE")], 1000);
    let paid: f64 = orders.iter().filter_map(|order| order["realPrice"].as_f64()).sum();
    assert_eq!(
        (orders.len() as u64, (paid * truth.money.minor as f64).round() as i64),
        (truth.money.orders, truth.money.paid)
    );
    let items = all(&mut seller, "transactions", &[("event", &event)], 1000);
    let items =
        items.iter().filter_map(|order| order["cancellationInfo"]["cancellableItems"].as_array()).flatten();
    let back: f64 = items.filter_map(|item| item["price"].as_f64()).sum();
    let expected = truth.money.refunded + truth.money.cancelled;
    assert_eq!((back * truth.money.minor as f64).round() as i64, expected);
    assert!(truth.money.refunded > 0 && truth.money.paid > truth.money.refunded);
}
