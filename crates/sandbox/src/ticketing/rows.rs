//! What a seller has: events with ticket types and shops, tickets, orders, coupons, scans. Amounts are in
//! minor units, and what belongs together names each other by place.

use std::sync::OnceLock;

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Map, Value};

use super::kind::Kind;
use super::people::Person;

#[derive(Debug)]
pub(crate) struct Event {
    pub id: String,
    pub name: String,
    pub first_day: NaiveDate,
    pub days: u64,
    pub start: DateTime<Utc>,
    pub end: DateTime<Utc>,
    pub types: Vec<TicketType>,
    pub shops: Vec<Shop>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

#[derive(Debug)]
pub(crate) struct TicketType {
    pub id: String,
    pub name: String,
    pub kind: Kind,
    /// In minor units.
    pub price: i64,
    pub capacity: i64,
    pub active: bool,
    /// Of the type of the further members of its team.
    pub members: Option<usize>,
}

/// A shop inside the shop, with a volume of its own a ticket type.
#[derive(Debug)]
pub(crate) struct Shop {
    pub id: String,
    pub name: String,
    pub active: bool,
    /// True when what it sells counts as access of partners.
    pub partner: bool,
    pub offers: Vec<ShopOffer>,
}

#[derive(Debug)]
pub(crate) struct ShopOffer {
    pub id: String,
    pub base: usize,
    pub volume: i64,
    pub active: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum TicketStatus {
    Valid,
    DetailsRequired,
    Invalid,
    Reserved,
    Blank,
}

impl TicketStatus {
    pub fn label(self) -> &'static str {
        match self {
            TicketStatus::Valid => "VALID",
            TicketStatus::DetailsRequired => "DETAILSREQUIRED",
            TicketStatus::Invalid => "INVALID",
            TicketStatus::Reserved => "RESERVED",
            TicketStatus::Blank => "BLANK",
        }
    }

    pub fn sold(self) -> bool {
        matches!(self, TicketStatus::Valid | TicketStatus::DetailsRequired)
    }
}

#[derive(Debug)]
pub(crate) struct Ticket {
    pub id: String,
    pub barcode: String,
    pub event: usize,
    pub offer: usize,
    /// Free ones have none.
    pub order: Option<usize>,
    pub cart_item: String,
    pub triggered_by: Option<String>,
    pub status: TicketStatus,
    pub origin: &'static str,
    pub regular: i64,
    pub price: i64,
    pub shop: Option<usize>,
    pub person: Option<Person>,
    pub form: Option<Map<String, Value>>,
    /// Places in the list of products.
    pub add_ons: Vec<usize>,
    pub batch: Option<String>,
    pub from_ticket: Option<String>,
    pub history: Vec<(DateTime<Utc>, &'static str)>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub text: OnceLock<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OrderStatus {
    Complete,
    Canceled,
    Reserved,
    Aborted,
}

#[derive(Debug)]
pub(crate) struct Order {
    pub id: String,
    pub event: usize,
    pub status: OrderStatus,
    pub pos: bool,
    pub buyer: Option<Person>,
    pub tickets: Vec<usize>,
    pub inner: i64,
    pub outer: i64,
    pub payment: i64,
    pub coupon: Option<usize>,
    pub shop: Option<usize>,
    /// Tickets that were given back, and what was paid back for each.
    pub refunds: Vec<(usize, i64)>,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
    pub text: OnceLock<String>,
}

#[derive(Debug)]
pub(crate) struct Series {
    pub id: String,
    pub name: String,
    pub active: bool,
    pub percent: i64,
    /// False: every event of the seller.
    pub main_event_only: bool,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

#[derive(Debug)]
pub(crate) struct Coupon {
    pub id: String,
    pub code: String,
    /// Those of a series have neither name nor active of their own.
    pub series: Option<usize>,
    pub name: String,
    pub active: bool,
    pub percent: i64,
    pub used: u32,
    pub created: DateTime<Utc>,
    pub updated: DateTime<Utc>,
}

/// A code that was handed out, as the organiser's list has it.
#[derive(Debug)]
pub(crate) struct Tracked {
    pub code: String,
    pub category: &'static str,
}

#[derive(Debug)]
pub(crate) struct Scan {
    pub id: String,
    pub ticket: usize,
    pub time: DateTime<Utc>,
    pub checkin: bool,
}

pub(crate) const PRODUCTS: [&str; 4] = ["Finisher Patch", "Training Plan", "Race T-Shirt", "Photo Flat"];
