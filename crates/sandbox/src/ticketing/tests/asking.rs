//! Paging, filters, updates and errors of the API.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::seller;
use crate::ticketing::api::{Call, Envelopes, answer};
use crate::ticketing::edits::mutate;
use crate::ticketing::query::{Query, Refusal};
use crate::ticketing::seller::Seller;
use crate::ticketing::truth::truth;

pub(super) fn ask(seller: &mut Seller, path: &str, pairs: &[(&str, &str)]) -> Result<Value, Refusal> {
    send(seller, false, path, pairs, b"")
}

fn send(
    seller: &mut Seller,
    put: bool,
    path: &str,
    pairs: &[(&str, &str)],
    body: &[u8],
) -> Result<Value, Refusal> {
    let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let call = Call { put, path: format!("/api/{path}"), query: Query::new(pairs), body: body.to_vec() };
    let how = Envelopes { total_off: 0, series_in_docs: false };
    answer(seller, &call, how).map(|text| serde_json::from_str(&text).expect("answers are JSON"))
}

/// Every row of a list, a page of `top` at a time.
pub(super) fn all(seller: &mut Seller, path: &str, pairs: &[(&str, &str)], top: usize) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let (top, skip) = (top.to_string(), rows.len().to_string());
        let paging = [("top", top.as_str()), ("skip", skip.as_str())];
        let page = ask(seller, path, &[pairs, &paging].concat()).expect("a page");
        let found = page.get("rows").or(page.get("docs")).unwrap_or(&page).as_array().expect("rows").clone();
        if found.is_empty() {
            return rows;
        }
        rows.extend(found);
    }
}

#[test]
fn pages_give_every_ticket_once() {
    let mut seller = seller();
    let event = seller.main_event().id.clone();
    for top in [7, 1000] {
        let rows = all(&mut seller, "tickets", &[("event", &event)], top);
        let ids: BTreeSet<&str> = rows.iter().filter_map(|row| row["_id"].as_str()).collect();
        let total: u64 = truth(&seller).statuses.values().sum();
        assert_eq!((ids.len() as u64, rows.len() as u64), (total, total));
    }
    let page = ask(&mut seller, "tickets", &[]).expect("a page");
    assert_eq!(page["rows"].as_array().map(Vec::len), Some(25));
    assert_eq!(page["total"], json!(seller.tickets.len()));
}

#[test]
fn the_race_is_not_on_the_first_page_of_events() {
    let mut seller = seller();
    let id = seller.main_event().id.clone();
    let page = ask(&mut seller, "events", &[]).expect("a page");
    assert!(page["rows"].as_array().expect("rows").iter().all(|event| event["_id"] != json!(id)));
    assert!(all(&mut seller, "events", &[], 25).iter().any(|event| event["_id"] == json!(id)));
    assert_eq!(ask(&mut seller, &format!("events/{id}"), &[]).expect("the event")["_id"], json!(id));
}

#[test]
fn filters_are_those_asked_for() {
    let mut seller = seller();
    let event = seller.main_event().id.clone();
    let truth = truth(&seller);
    let valid = all(&mut seller, "tickets", &[("event", &event), ("status", "VALID,DETAILSREQUIRED")], 1000);
    assert_eq!(valid.len() as u64, truth.totals.tickets);
    let all_coupons = all(&mut seller, "coupon/rich", &[("eventId", &event)], 100).len() as u64;
    let active =
        all(&mut seller, "coupon/rich", &[("eventId", &event), ("active", "true")], 100).len() as u64;
    assert_eq!(all_coupons, truth.coupons.iter().map(|series| series.total).sum::<u64>());
    assert!(active < all_coupons && all_coupons < seller.coupons.len() as u64);
    let before = seller.clock;
    let edits = mutate(&mut seller, 11);
    let since = [("updatedAt[$gte]", &*before.to_rfc3339())].map(|(key, value)| (key, value.to_owned()));
    let since = [(since[0].0, since[0].1.as_str())];
    let changed = all(&mut seller, "tickets", &since, 1000);
    assert!(!edits.is_empty() && !changed.is_empty() && changed.len() < 60, "{edits:?}");
}

#[test]
fn an_update_replaces_the_whole_form_and_the_truth_follows() {
    let mut seller = seller();
    let fix = truth(&seller).genders.into_iter().find(|fix| fix.stated.is_some()).expect("a wrong gender");
    let path = format!("tickets/{}", fix.ticket);
    let mut form = ask(&mut seller, &path, &[]).expect("the ticket")["extraFields"].clone();
    form["gender"] = json!(fix.expected);
    let body = json!({"extraFields": form}).to_string();
    let told = send(&mut seller, true, &path, &[], body.as_bytes()).expect("an answer");
    assert_eq!(told["extraFields"], form);
    assert!(truth(&seller).genders.iter().all(|left| left.ticket != fix.ticket));
    let born = truth(&seller).athlete_ages.values().sum::<u64>();
    send(&mut seller, true, &path, &[], br#"{"extraFields": {}}"#).expect("an answer");
    assert_eq!(truth(&seller).athlete_ages.values().sum::<u64>(), born - 1);
    assert!(seller.outbox.iter().filter(|webhook| webhook.topic == "ticket.updated").count() == 2);
}

#[test]
fn wrong_calls_are_refused_with_a_status() {
    let mut seller = seller();
    let status = |answer: Result<Value, Refusal>| answer.expect_err("refused").0;
    assert_eq!(status(ask(&mut seller, "tickets", &[("top", "1001")])), 400);
    assert_eq!(status(ask(&mut seller, "tickets", &[("updatedAt[$gte]", "soon")])), 400);
    assert_eq!(status(ask(&mut seller, "tickets/none", &[])), 404);
    assert_eq!(status(ask(&mut seller, "nothing", &[])), 404);
    let id = seller.tickets[0].id.clone();
    assert_eq!(status(send(&mut seller, true, &format!("tickets/{id}"), &[], b"[]")), 400);
}
