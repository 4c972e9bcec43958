//! What is counted, as plain rows: everything that counts takes these and gives numbers, so that it needs
//! neither store nor clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use model::Amount;

use super::days::EventDays;
use super::rules::{Gender, Name};

/// A region's event with all that hangs on it, as it is known at one moment.
#[derive(Debug, Clone, Default)]
pub struct Board {
    /// The event.
    pub event: Event,
    /// Ticket types, by source key.
    pub types: Vec<TicketType>,
    /// Every ticket that the source still has, whatever its status, in the order of their keys.
    pub tickets: Vec<Ticket>,
    /// Shops within the sale.
    pub shops: Vec<Shop>,
    /// What shops have of ticket types.
    pub shop_offers: Vec<ShopOffer>,
    /// Series of coupons.
    pub series: Vec<CouponSeries>,
    /// Coupons, inactive ones too.
    pub coupons: Vec<Coupon>,
    /// Purchases.
    pub transactions: Vec<Transaction>,
    /// Check-ins at the door.
    pub scans: Vec<Scan>,
}

/// The event.
#[derive(Debug, Clone, Default)]
pub struct Event {
    /// Its source key.
    pub key: String,
    /// What it is called.
    pub name: String,
    /// Its own clock; `None` where the source names none.
    pub zone: Option<Tz>,
    /// The days it takes, on its own clock.
    pub days: EventDays,
    /// What the event's form offers as answers, by the name of the question in lower case.
    pub options: BTreeMap<String, Vec<String>>,
}

/// One way to buy into the event.
#[derive(Debug, Clone)]
pub struct TicketType {
    /// Its source key.
    pub key: String,
    /// What its name says.
    pub name: Arc<Name>,
    /// How many are on sale; `None` where that is not said.
    pub amount: Option<i64>,
    /// Whether it is on sale.
    pub active: Option<bool>,
    /// Price.
    pub price: Option<Amount>,
    /// Currency of the price.
    pub currency: Option<String>,
}

/// A ticket.
#[derive(Debug, Clone)]
pub struct Ticket {
    /// Its source key.
    pub key: String,
    /// Source key of its type.
    pub offer: Option<String>,
    /// What its name says.
    pub name: Arc<Name>,
    /// `VALID`, `INVALID`, `RESERVED`, `DETAILSREQUIRED` or `BLANK`.
    pub status: String,
    /// Source key of its purchase; `None` for one that was given away.
    pub transaction: Option<String>,
    /// Source key of the shop it was sold through.
    pub shop: Option<String>,
    /// As its holder answered.
    pub gender: Option<Gender>,
    /// As its holder answered.
    pub birth_date: Option<NaiveDate>,
    /// As its holder answered.
    pub nationality: Option<String>,
    /// As its holder answered.
    pub residence: Option<String>,
    /// Country of the billing address.
    pub country: Option<String>,
    /// `member`, `member_elsewhere` or `none`.
    pub gym_status: Option<String>,
    /// Took part before.
    pub returning: Option<bool>,
    /// Took part in this city before.
    pub returning_city: Option<bool>,
    /// Names of everything bought along with it.
    pub add_ons: Vec<String>,
    /// Price paid.
    pub price: Option<Amount>,
    /// Currency of the price.
    pub currency: Option<String>,
    /// How it came about.
    pub origin: Option<String>,
    /// When it was made.
    pub created_at: Option<DateTime<Utc>>,
    /// What is scanned at the door, where it was asked for and may be seen.
    pub barcode: Option<String>,
}

impl Ticket {
    /// Whether it counts as sold: it is valid, or will be once its holder has given what is missing.
    pub fn is_sold(&self) -> bool {
        matches!(self.status.as_str(), "VALID" | "DETAILSREQUIRED")
    }
}

/// A part of the sale with an address of its own.
#[derive(Debug, Clone)]
pub struct Shop {
    /// Its source key.
    pub key: String,
    /// Its name.
    pub name: String,
    /// Whether it sells.
    pub active: bool,
}

/// What a shop has of a ticket type.
#[derive(Debug, Clone)]
pub struct ShopOffer {
    /// Source key of the shop.
    pub shop: String,
    /// Source key of the ticket type.
    pub offer: String,
    /// How many it may sell; `None` where that is not said, which is not none.
    pub volume: Option<i64>,
    /// Whether it is sold there.
    pub active: bool,
}

/// Coupons that are issued together.
#[derive(Debug, Clone)]
pub struct CouponSeries {
    /// Its source key.
    pub key: String,
    /// Its name.
    pub name: Option<String>,
    /// Whether its coupons can be used.
    pub active: Option<bool>,
    /// Whether its coupons hold for this event.
    pub applies: bool,
}

/// A coupon.
#[derive(Debug, Clone)]
pub struct Coupon {
    /// Its source key.
    pub key: String,
    /// What the buyer types.
    pub code: String,
    /// Source key of its series.
    pub series: Option<String>,
    /// Its own name.
    pub name: Option<String>,
    /// Whether it can be used, as it says itself.
    pub active: Option<bool>,
    /// How often it was used.
    pub used: i64,
}

/// A purchase.
#[derive(Debug, Clone)]
pub struct Transaction {
    /// Its source key.
    pub key: String,
    /// `NEW`, `RESERVED-BY-SYSTEM`, `ABORTED`, `COMPLETE` or `CANCELED`.
    pub status: String,
    /// Currency of the amounts.
    pub currency: Option<String>,
    /// Sum paid.
    pub price: Option<Amount>,
    /// Fees within the price.
    pub charge_inner: Option<Amount>,
    /// Fees on top of it.
    pub charge_outer: Option<Amount>,
    /// Fees of payment.
    pub charge_payment: Option<Amount>,
    /// Given back.
    pub refunded: Option<Amount>,
}

/// A check-in or check-out.
#[derive(Debug, Clone)]
pub struct Scan {
    /// Source key of the ticket.
    pub ticket: Option<String>,
    /// `checkin` or `checkout`.
    pub form: String,
}

impl Board {
    /// The tickets that count as sold.
    pub fn sold(&self) -> impl Iterator<Item = &Ticket> {
        self.tickets.iter().filter(|ticket| ticket.is_sold())
    }
}

#[cfg(test)]
pub(crate) mod kit {
    //! Boards for tests, in few words.

    use super::*;
    use crate::ticketing::rules::Rules;

    /// An event from Wednesday the 22nd to Sunday the 26th of October 2025.
    pub(crate) fn days() -> EventDays {
        EventDays::new("2025-10-22".parse().ok(), "2025-10-26".parse().ok())
    }

    /// A sold ticket of this name and purchase.
    pub(crate) fn ticket(key: &str, name: &str, transaction: &str) -> Ticket {
        Ticket {
            key: key.to_owned(),
            offer: Some(format!("type of {}", name.trim())),
            name: Arc::new(Rules::shipped().read(name, &days())),
            status: "VALID".to_owned(),
            transaction: Some(transaction.to_owned()).filter(|text| !text.is_empty()),
            shop: None,
            gender: None,
            birth_date: None,
            nationality: None,
            residence: None,
            country: None,
            gym_status: None,
            returning: None,
            returning_city: None,
            add_ons: Vec::new(),
            price: None,
            currency: None,
            origin: None,
            created_at: None,
            barcode: None,
        }
    }

    /// The same, born on that day.
    pub(crate) fn born(key: &str, name: &str, transaction: &str, birth: &str) -> Ticket {
        Ticket { birth_date: birth.parse().ok(), ..ticket(key, name, transaction) }
    }

    pub(crate) fn board(tickets: Vec<Ticket>) -> Board {
        Board { tickets, event: Event { days: days(), ..Event::default() }, ..Board::default() }
    }
}
