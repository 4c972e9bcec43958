//! An event with its ticket types, groups, shops and the rule that adds team members to a cart.

use serde_json::{Value, json};

use super::{amount, time};
use crate::ticketing::kind::Category;
use crate::ticketing::naming::Style;
use crate::ticketing::people::gender_options;
use crate::ticketing::rows::{Event, Shop, TicketType};
use crate::ticketing::seller::Seller;

pub(crate) fn event(seller: &Seller, event: &Event) -> Value {
    let region = seller.region;
    json!({
        "_id": event.id,
        "sellerId": seller.id,
        "name": event.name,
        "slogan": "",
        "description": format!("{} at {}", event.name, region.venue),
        "locationName": region.venue,
        "locationStreet": "1 Example Way",
        "locationCity": region.city,
        "locationPostal": "10000",
        "locationCountry": region.country,
        "start": time(event.start),
        "end": time(event.end),
        "sellStart": time(event.created),
        "sellEnd": time(event.end),
        "timezone": region.zone.name(),
        "maxAmount": 60000,
        "maxAmountPerOrder": 10,
        "eventType": "SINGLE",
        "childEvents": [],
        "url": format!("event-{}", event.id.get(16..).unwrap_or_default()),
        "tags": [],
        "hideInListing": false,
        "groups": groups(event),
        "categories": [{"_id": below(event, "ca"), "name": "Admission", "ref": below(event, "cb"), "amount": 60000}],
        "cartAutomationRules": rules(event),
        "tickets": types(seller, event),
        "underShops": event.shops.iter().map(|shop| under_shop(seller, event, shop)).collect::<Vec<_>>(),
        "ticketExtraFields": form(region.style, event),
        "createdAt": time(event.created),
        "updatedAt": time(event.updated),
    })
}

/// What athletes are asked, as far as it is a choice or a date.
fn form(style: Style, event: &Event) -> Value {
    json!([
        {"_id": below(event, "e1"), "name": "gender", "type": "select", "required": true,
         "options": gender_options(style)},
        {"_id": below(event, "e2"), "name": "birth_date", "type": "date", "required": true},
        {"_id": below(event, "e3"), "name": "nationality", "type": "country", "required": false},
        {"_id": below(event, "e4"), "name": "returning_athlete", "type": "select", "required": false,
         "options": ["Yes", "No"]},
    ])
}

/// An id of something inside an event.
fn below(event: &Event, ending: &str) -> String {
    format!("{}{ending}", event.id.get(..24 - ending.len()).unwrap_or_default())
}

fn types(seller: &Seller, event: &Event) -> Vec<Value> {
    let of = |(place, of): (usize, &TicketType)| {
        json!({
            "_id": of.id,
            "name": of.name,
            "price": amount(seller, of.price),
            "amount": of.capacity,
            "active": of.active,
            "posActive": of.kind.category == Category::Spectator,
            "categoryRef": below(event, "cb"),
            "sortingKey": place,
            "taxRate": 0.15,
            "requiresPersonalization": of.kind.category.races(),
            "rules": [],
        })
    };
    event.types.iter().enumerate().map(of).collect()
}

fn groups(event: &Event) -> Vec<Value> {
    let of = |category: Category| {
        let inside = event.types.iter().filter(|of| of.kind.category == category);
        inside.map(|of| of.id.clone()).collect::<Vec<_>>()
    };
    [("Athletes", Category::Single), ("Doubles", Category::Double), ("Relays", Category::Relay)]
        .into_iter()
        .zip(1..)
        .map(|((name, category), number)| json!({"_id": below(event, &format!("9{number}")), "name": name, "tickets": of(category)}))
        .collect()
}

fn rules(event: &Event) -> Value {
    json!([
        {"_id": below(event, "71"), "name": "Doubles partner", "triggerType": "hasBeenAdded",
         "triggerTargetGroup": below(event, "92"), "thenType": "autoAdd",
         "thenTargets": [{"_id": below(event, "72"), "thenTargetGroup": below(event, "92"),
                          "thenTargetMin": 1, "thenTargetMax": 1}]},
        {"_id": below(event, "73"), "name": "Relay team", "triggerType": "hasBeenAdded",
         "triggerTargetGroup": below(event, "93"), "thenType": "autoAdd",
         "thenTargets": [{"_id": below(event, "74"), "thenTargetGroup": below(event, "93"),
                          "thenTargetMin": 3, "thenTargetMax": 3}]},
    ])
}

fn under_shop(seller: &Seller, event: &Event, shop: &Shop) -> Value {
    let offers = shop.offers.iter().map(|offer| {
        let base = &event.types[offer.base];
        json!({
            "_id": offer.id,
            "baseTicket": base.id,
            "name": base.name,
            "price": amount(seller, base.price),
            "amount": offer.volume,
            "active": offer.active,
        })
    });
    json!({
        "_id": shop.id,
        "name": shop.name,
        "active": shop.active,
        "tickets": offers.collect::<Vec<_>>(),
        "sellStart": time(event.created),
        "sellEnd": time(event.end),
        "maxAmount": 1000,
        "customerTags": [],
        "inventoryStrategy": "independent",
    })
}
