//! A seller of tickets as it stands: events, tickets, orders, coupons, scans. Whatever changes in it
//! goes through [`Seller::touch`] or [`Seller::touch_order`], so that rendered rows never grow stale.

use std::sync::OnceLock;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Map, Value};

use super::kind::Kind;
use super::people::Person;
use super::region::Region;
use super::webhooks::Webhook;
use crate::dice::Dice;

#[derive(Debug)]
pub(crate) struct Seller {
    pub region: &'static Region,
    pub id: String,
    pub token: String,
    pub webhook_secret: String,
    /// Of the next id: seller and count.
    tag: u64,
    count: u32,
    /// Its own time: a second goes by with each edit.
    pub clock: DateTime<Utc>,
    pub dice: Dice,
    pub events: Vec<Event>,
    /// The event that the reports are about.
    pub main: usize,
    pub tickets: Vec<Ticket>,
    pub orders: Vec<Order>,
    pub series: Vec<Series>,
    pub coupons: Vec<Coupon>,
    pub tracked: Vec<Tracked>,
    pub scans: Vec<Scan>,
    /// What was told to nobody yet.
    pub outbox: Vec<Webhook>,
}

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

impl Seller {
    pub fn new(region: &'static Region, seed: u64, number: usize, now: DateTime<Utc>) -> Seller {
        let mut dice = Dice::new(seed.wrapping_mul(1000).wrapping_add(number as u64));
        let tag = dice.between(1, 0x00ff_ffff_ffff).unsigned_abs();
        let mut seller = Seller {
            region,
            id: String::new(),
            token: format!("key_{:012x}", dice.between(1, i64::MAX >> 16)),
            webhook_secret: format!("whsec_{:012x}", dice.between(1, i64::MAX >> 16)),
            tag,
            count: 0,
            clock: now - TimeDelta::hours(1),
            dice,
            events: Vec::new(),
            main: 0,
            tickets: Vec::new(),
            orders: Vec::new(),
            series: Vec::new(),
            coupons: Vec::new(),
            tracked: Vec::new(),
            scans: Vec::new(),
            outbox: Vec::new(),
        };
        seller.id = seller.next_id(now - TimeDelta::days(900));
        seller
    }

    /// Ids as document databases make them: a later one is greater.
    pub fn next_id(&mut self, at: DateTime<Utc>) -> String {
        self.count += 1;
        format!("{:08x}{:010x}{:06x}", at.timestamp(), self.tag, self.count)
    }

    pub fn tick(&mut self) -> DateTime<Utc> {
        self.clock += TimeDelta::seconds(1);
        self.clock
    }

    pub fn main_event(&self) -> &Event {
        &self.events[self.main]
    }

    pub fn kind(&self, ticket: &Ticket) -> Kind {
        self.events[ticket.event].types[ticket.offer].kind
    }

    /// The ticket, to be edited: its time moves on, and what was rendered of it is forgotten.
    pub fn touch(&mut self, ticket: usize, what: &'static str) -> &mut Ticket {
        let now = self.tick();
        let ticket = &mut self.tickets[ticket];
        ticket.updated = now;
        ticket.history.push((now, what));
        ticket.text.take();
        ticket
    }

    pub fn touch_order(&mut self, order: usize) -> &mut Order {
        let now = self.tick();
        let order = &mut self.orders[order];
        order.updated = now;
        order.text.take();
        order
    }

    /// What an order cost, in minor units: regular, and as paid with the charges that are on top.
    pub fn prices(&self, order: &Order) -> (i64, i64) {
        let of =
            |price: fn(&Ticket) -> i64| order.tickets.iter().map(|at| price(&self.tickets[*at])).sum::<i64>();
        (of(|ticket| ticket.regular), of(|ticket| ticket.price) + order.outer)
    }
}
