//! A seller of tickets as it stands. Whatever changes in it
//! goes through [`Seller::touch`] or [`Seller::touch_order`], so that rendered rows never grow stale.

use chrono::{DateTime, TimeDelta, Utc};

use super::kind::Kind;
use super::region::Region;
use super::rows::{Coupon, Event, Order, Scan, Series, Ticket, Tracked};
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
