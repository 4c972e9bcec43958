//! Rows as the API gives them, in the shapes that its owner's OpenAPI file declares.

mod event;
mod transaction;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

pub(crate) use event::event;
pub(crate) use transaction::transaction;

use super::rows::{Coupon, PRODUCTS, Scan, Series, Ticket};
use super::seller::Seller;

pub(crate) fn time(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// An amount in minor units as the number that the API gives.
pub(crate) fn amount(seller: &Seller, minor: i64) -> Value {
    if minor % seller.region.minor == 0 {
        return json!(minor / seller.region.minor);
    }
    json!(minor as f64 / seller.region.minor as f64)
}

/// What the ticket says of others is only stated where there is something to say: real tickets lack
/// fields, they do not have them empty. Only a missing order is an empty text.
pub(crate) fn ticket(seller: &Seller, ticket: &Ticket) -> Value {
    let event = &seller.events[ticket.event];
    let of = &event.types[ticket.offer];
    let mut row = json!({
        "_id": ticket.id,
        "sellerId": seller.id,
        "eventId": event.id,
        "transactionId": ticket.order.map_or("", |order| &seller.orders[order].id),
        "ticketTypeId": of.id,
        "ticketName": of.name,
        "categoryRef": format!("{}c", of.id.get(..23).unwrap_or_default()),
        "status": ticket.status.label(),
        "barcode": ticket.barcode,
        "secret": format!("{}-secret", ticket.barcode),
        "type": "SINGLE",
        "origin": ticket.origin,
        "currency": seller.region.currency,
        "regularPrice": amount(seller, ticket.regular),
        "realPrice": amount(seller, ticket.price),
        "cartItemId": ticket.cart_item,
        "triggeredBy": ticket.triggered_by.iter().collect::<Vec<_>>(),
        "deliveryType": "VIRTUAL",
        "personalized": ticket.form.is_some(),
        "completed": ticket.status.sold(),
        "expired": false,
        "entryPermissions": [],
        "excludedEventIds": [],
        "addOns": ticket.add_ons.iter().map(|product| add_on(seller, *product)).collect::<Vec<_>>(),
        "history": history(ticket),
        "createdAt": time(ticket.created),
        "updatedAt": time(ticket.updated),
        "__v": 0,
    });
    if let Value::Object(row) = &mut row {
        person(row, ticket);
        details(seller, row, ticket);
    }
    row
}

fn person(row: &mut Map<String, Value>, ticket: &Ticket) {
    let Some(person) = &ticket.person else { return };
    row.insert("firstname".into(), json!(person.first));
    row.insert("lastname".into(), json!(person.last));
    row.insert("name".into(), json!(format!("{} {}", person.first, person.last)));
    row.insert("email".into(), json!(person.email));
    row.insert("street".into(), json!(person.street));
    row.insert("city".into(), json!(person.city));
    row.insert("postal".into(), json!(person.postal));
    row.insert("country".into(), json!(person.country));
    row.insert("customerId".into(), json!(person.customer));
}

fn details(seller: &Seller, row: &mut Map<String, Value>, ticket: &Ticket) {
    let shop = ticket.shop.map(|shop| &seller.events[ticket.event].shops[shop].id);
    for (name, value) in [
        ("underShopId", shop),
        ("batch", ticket.batch.as_ref()),
        ("originTicketId", ticket.from_ticket.as_ref()),
    ] {
        if let Some(value) = value {
            row.insert(name.into(), json!(value));
        }
    }
    if ticket.origin == "pos" {
        row.insert("posId".into(), json!(format!("{}05", seller.id.get(..22).unwrap_or_default())));
    }
    if let Some(form) = &ticket.form {
        row.insert("extraFields".into(), Value::Object(form.clone()));
    }
}

pub(crate) fn add_on(seller: &Seller, product: usize) -> Value {
    let id = |digit: char| format!("{}{digit}{product}", seller.id.get(..22).unwrap_or_default());
    json!({"productId": id('a'), "productVariantId": id('b'), "name": PRODUCTS[product]})
}

fn history(ticket: &Ticket) -> Vec<Value> {
    let entries = ticket.history.iter().zip(0..);
    let id = |number: u32| format!("{}{:02x}", ticket.id.get(..22).unwrap_or_default(), number % 256);
    entries.map(|((at, what), number)| json!({"_id": id(number), "date": time(*at), "type": what})).collect()
}

/// What a series and a coupon of its own have in common.
fn terms(seller: &Seller, percent: i64, event: Option<&str>) -> Value {
    json!({
        "sellerId": seller.id,
        "maxUsagePerEvent": null,
        "maxTickets": 4,
        "canBeCombined": false,
        "discountType": "var",
        "discountValue": percent as f64 / 100.0,
        "discountMaxValue": null,
        "allowAllEvents": event.is_none(),
        "allowedEvents": event.iter().collect::<Vec<_>>(),
        "allowAllTickets": true,
        "allowedTickets": [],
        "taggingEnabled": false,
        "tags": [],
        "validFrom": null,
        "validUntil": null,
        "minTicketsInCart": null,
        "note": null,
        "unlocks": [],
    })
}

pub(crate) fn series(seller: &Seller, at: usize, series: &Series) -> Value {
    let event = match at {
        super::coupons::FOREIGN => Some(seller.events[0].id.as_str()),
        _ => series.main_event_only.then_some(seller.main_event().id.as_str()),
    };
    let mut row = terms(seller, series.percent, event);
    row["_id"] = json!(series.id);
    row["name"] = json!(series.name);
    row["active"] = json!(series.active);
    row["singleUsage"] = json!(true);
    row["maxUsage"] = json!(1);
    row["createdAt"] = json!(time(series.created));
    row["updatedAt"] = json!(time(series.updated));
    row
}

/// Those of a series say neither name nor active; the series does.
pub(crate) fn coupon(seller: &Seller, coupon: &Coupon) -> Value {
    let mut row = match coupon.series {
        Some(at) => json!({
            "couponType": "couponSeries",
            "couponSeriesId": seller.series[at].id,
            "sellerId": seller.id,
            "customer": null,
        }),
        None => {
            let mut row = terms(seller, coupon.percent, Some(&seller.main_event().id));
            row["couponType"] = json!("coupon");
            row["name"] = json!(coupon.name);
            row["active"] = json!(coupon.active);
            row["singleUsage"] = json!(false);
            row["maxUsage"] = json!(500);
            row
        }
    };
    row["_id"] = json!(coupon.id);
    row["code"] = json!(coupon.code);
    row["used"] = json!(coupon.used);
    row["createdAt"] = json!(time(coupon.created));
    row["updatedAt"] = json!(time(coupon.updated));
    row
}

pub(crate) fn scan(seller: &Seller, scan: &Scan) -> Value {
    let ticket = &seller.tickets[scan.ticket];
    let event = &seller.events[ticket.event];
    let of = &event.types[ticket.offer];
    let name =
        ticket.person.as_ref().map_or_else(String::new, |person| format!("{} {}", person.first, person.last));
    json!({
        "_id": scan.id,
        "sellerId": seller.id,
        "ticketId": ticket.id,
        "eventId": event.id,
        "time": time(scan.time),
        "barcode": ticket.barcode,
        "name": name,
        "ticketTypeId": of.id,
        "ticketName": of.name,
        "deviceId": format!("{}0d", seller.id.get(..22).unwrap_or_default()),
        "type": if scan.checkin { "checkin" } else { "checkout" },
        "scanResult": "approved",
    })
}
