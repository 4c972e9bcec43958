//! What came in and what went back, in minor units.

use serde::Serialize;

use crate::ticketing::rows::{OrderStatus, Ticket};
use crate::ticketing::seller::Seller;

/// Sums over the race's orders and tickets.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Money {
    /// ISO 4217 code.
    pub currency: &'static str,
    /// Minor units in one.
    pub minor: i64,
    /// Paid for tickets that count as sold.
    pub sold_tickets: i64,
    /// Orders that are complete.
    pub orders: u64,
    /// Paid for those, charges on top included.
    pub paid: i64,
    /// Charges that the organiser bears, of those.
    pub inner_charges: i64,
    /// Charges on top, of those.
    pub outer_charges: i64,
    /// Charges of payment, of those.
    pub payment_charges: i64,
    /// Paid back for single tickets of those.
    pub refunded: i64,
    /// Orders that were cancelled.
    pub cancelled_orders: u64,
    /// What those had cost, charges on top included; all of it was paid back.
    pub cancelled: i64,
}

pub(super) fn money(seller: &Seller, tickets: &[&Ticket]) -> Money {
    let sold = tickets.iter().filter(|ticket| ticket.status.sold());
    let mut money = Money {
        currency: seller.region.currency,
        minor: seller.region.minor,
        sold_tickets: sold.map(|ticket| ticket.price).sum(),
        ..Money::default()
    };
    for order in seller.orders.iter().filter(|order| order.event == seller.main) {
        let (_, real) = seller.prices(order);
        match order.status {
            OrderStatus::Complete => {
                money.orders += 1;
                money.refunded += order.refunds.iter().map(|(_, paid)| paid).sum::<i64>();
                money.paid += real;
                money.inner_charges += order.inner;
                money.outer_charges += order.outer;
                money.payment_charges += order.payment;
            }
            OrderStatus::Canceled => {
                money.cancelled_orders += 1;
                money.cancelled += real;
            }
            OrderStatus::Reserved | OrderStatus::Aborted => {}
        }
    }
    money
}
