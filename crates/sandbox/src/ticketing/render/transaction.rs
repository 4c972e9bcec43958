//! An order as a transaction: its items, its charges, and what was paid back.

use serde_json::{Map, Value, json};

use super::{add_on, amount, time};
use crate::ticketing::rows::{Order, OrderStatus};
use crate::ticketing::seller::Seller;

pub(crate) fn transaction(seller: &Seller, order: &Order) -> Value {
    let (regular, real) = seller.prices(order);
    let event = &seller.events[order.event];
    let mut row = json!({
        "_id": order.id,
        "sellerId": seller.id,
        "eventId": event.id,
        "tickets": items(seller, order),
        "products": [],
        "additionalItems": [],
        "currency": seller.region.currency,
        "regularPrice": amount(seller, regular),
        "realPrice": amount(seller, real),
        "innerCharge": amount(seller, order.inner),
        "outerCharge": amount(seller, order.outer),
        "paymentCharge": amount(seller, order.payment),
        "taxRate": 0.15,
        "status": status(order),
        "paymentStatus": payment_status(order),
        "paymentMethod": if order.pos { "local" } else { "stripe" },
        "origin": if order.pos { "pos" } else { "yourticket" },
        "appliedCoupons": coupons(seller, order),
        "vouchers": [],
        "historyEntries": history(order),
        "secret": format!("{}-secret", order.id),
        "createdAt": time(order.created),
        "updatedAt": time(order.updated),
    });
    if let Value::Object(row) = &mut row {
        buyer(row, order);
        if let Some(shop) = order.shop {
            row.insert("underShop".into(), json!(event.shops[shop].id));
        }
        if !order.refunds.is_empty() {
            row.insert("cancellationInfo".into(), cancelled(seller, order));
        }
    }
    row
}

fn items(seller: &Seller, order: &Order) -> Vec<Value> {
    let item = |at: &usize| {
        let ticket = &seller.tickets[*at];
        let of = &seller.events[ticket.event].types[ticket.offer];
        json!({
            "type": "ticket",
            "_id": ticket.cart_item,
            "name": of.name,
            "amount": 1,
            "price": amount(seller, ticket.price),
            "netPrice": amount(seller, ticket.price),
            "taxRate": 0.15,
            "ticketTypeId": of.id,
            "addOns": ticket.add_ons.iter().map(|product| add_on(seller, *product)).collect::<Vec<_>>(),
        })
    };
    order.tickets.iter().map(item).collect()
}

fn status(order: &Order) -> &'static str {
    match order.status {
        OrderStatus::Complete => "COMPLETE",
        OrderStatus::Canceled => "CANCELED",
        OrderStatus::Reserved => "RESERVED-BY-SYSTEM",
        OrderStatus::Aborted => "ABORTED",
    }
}

fn payment_status(order: &Order) -> &'static str {
    match order.status {
        OrderStatus::Complete if order.pos => "POS-RECEIVED",
        OrderStatus::Complete => "RECEIVED",
        OrderStatus::Canceled => "REFUND",
        OrderStatus::Reserved => "AWAITING",
        OrderStatus::Aborted => "FAILED",
    }
}

fn coupons(seller: &Seller, order: &Order) -> Vec<Value> {
    let applied = order.coupon.iter().map(|at| &seller.coupons[*at]);
    applied.map(|coupon| json!({"_id": coupon.id, "code": coupon.code})).collect()
}

fn history(order: &Order) -> Vec<Value> {
    let mut entries = vec![("created", order.created)];
    match order.status {
        OrderStatus::Complete => entries.push(("completed", order.created)),
        OrderStatus::Canceled => entries.extend([("canceled", order.updated), ("refunded", order.updated)]),
        OrderStatus::Reserved => entries.push(("reserved", order.created)),
        OrderStatus::Aborted => entries.push(("aborted", order.created)),
    }
    if order.status == OrderStatus::Complete && !order.refunds.is_empty() {
        entries.extend([("partial.canceled", order.updated), ("partial.refunded", order.updated)]);
    }
    let id = |number: usize| format!("{}{number:02x}", order.id.get(..22).unwrap_or_default());
    let entry =
        |(number, (what, at)): (usize, (&str, _))| json!({"_id": id(number), "date": time(at), "type": what});
    entries.into_iter().enumerate().map(entry).collect()
}

fn buyer(row: &mut Map<String, Value>, order: &Order) {
    let Some(buyer) = &order.buyer else { return };
    row.insert("customerId".into(), json!(buyer.customer));
    row.insert("prename".into(), json!(buyer.first));
    row.insert("lastname".into(), json!(buyer.last));
    row.insert("name".into(), json!(format!("{} {}", buyer.first, buyer.last)));
    row.insert("email".into(), json!(buyer.email));
    row.insert("street".into(), json!(buyer.street));
    row.insert("city".into(), json!(buyer.city));
    row.insert("postal".into(), json!(buyer.postal));
    row.insert("country".into(), json!(buyer.country));
}

fn cancelled(seller: &Seller, order: &Order) -> Value {
    let item = |(at, paid): &(usize, i64)| {
        let ticket = &seller.tickets[*at];
        let of = &seller.events[ticket.event].types[ticket.offer];
        json!({
            "cartItemId": ticket.cart_item,
            "type": "ticket",
            "name": of.name,
            "price": amount(seller, *paid),
            "taxRate": 0.15,
            "refundId": format!("re_{}", ticket.id),
            "cancelledAt": time(ticket.updated),
        })
    };
    let mut items: Vec<Value> = order.refunds.iter().map(item).collect();
    if order.status == OrderStatus::Canceled && order.outer > 0 {
        items.push(fee(seller, order));
    }
    json!({"cancellableItems": items})
}

/// The charge on top, which goes back with the last of an order.
fn fee(seller: &Seller, order: &Order) -> Value {
    json!({
        "cartItemId": format!("fee{}", order.id.get(8..).unwrap_or_default()),
        "type": "fee",
        "name": "Booking fee",
        "price": amount(seller, order.outer),
        "refundId": format!("re_{}", order.id),
        "cancelledAt": time(order.updated),
    })
}
