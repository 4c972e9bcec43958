//! Baskets become tickets and orders: prices as they were then, shops, coupons, and what is known of who
//! the tickets are for.

use std::ops::Range;
use std::sync::OnceLock;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Map, Value, json};

use super::basket::{Basket, basket};
use super::kind::Day;
use super::people::{Person, form, person, stated_gender};
use super::rows::{Order, OrderStatus, Ticket, TicketStatus};
use super::seller::Seller;

/// Sells until the race has `count` tickets; a few go to the seller's other events.
pub(crate) fn sell(seller: &mut Seller, count: usize, now: DateTime<Utc>) {
    let mut sold = 0;
    while sold < count {
        let event = if seller.dice.chance(4) { elsewhere(seller) } else { seller.main };
        let at = now - TimeDelta::minutes(seller.dice.between(120, 60 * 24 * 90));
        let mut basket = basket(seller, event);
        if event == seller.main {
            basket.lines.truncate(count - sold);
            sold += basket.lines.len();
        }
        buy(seller, basket, at);
        if seller.dice.chance(2) {
            give_up(seller, at);
        }
    }
}

/// One more order for the race; gives the tickets it made.
pub(crate) fn one_more(seller: &mut Seller) -> Range<usize> {
    let basket = basket(seller, seller.main);
    let at = seller.tick();
    buy(seller, basket, at)
}

fn elsewhere(seller: &mut Seller) -> usize {
    let events = seller.events.len();
    match seller.dice.below(events) {
        event if event == seller.main => 0,
        event => event,
    }
}

fn buy(seller: &mut Seller, basket: Basket, at: DateTime<Utc>) -> Range<usize> {
    let order = (!basket.free).then_some(seller.orders.len());
    let order_id = order.map(|_| seller.next_id(at));
    let buyer = (!basket.pos).then(|| {
        let customer = seller.next_id(at);
        person(seller.region, customer, &mut seller.dice)
    });
    let (shop, coupon) = match order {
        Some(_) if !basket.pos => (shop_for(seller, &basket), coupon_for(seller, &basket)),
        _ => (None, None),
    };
    let batch = basket.free.then(|| seller.next_id(at));
    let first = seller.tickets.len();
    let mut trigger = None;
    for (position, offer) in basket.lines.iter().enumerate() {
        let member = seller.events[basket.event].types[*offer].kind.member;
        let mut ticket = ticket(seller, basket.event, *offer, at);
        ticket.order = order;
        ticket.shop = shop;
        ticket.batch.clone_from(&batch);
        ticket.triggered_by = if member { trigger.clone() } else { None };
        if !member {
            trigger = Some(ticket.cart_item.clone());
        }
        price(seller, &mut ticket, at, coupon, basket.free);
        fill_in(seller, &mut ticket, position, buyer.as_ref());
        if basket.reserved {
            ticket.status = TicketStatus::Reserved;
        }
        if basket.pos {
            ticket.origin = "pos";
        }
        seller.tickets.push(ticket);
    }
    let tickets = first..seller.tickets.len();
    if let Some(id) = order_id {
        enter(seller, id, &basket, buyer, tickets.clone(), at);
        let made = seller.orders.last_mut();
        if let Some(made) = made {
            (made.shop, made.coupon) = (shop, coupon);
        }
    }
    tickets
}

fn ticket(seller: &mut Seller, event: usize, offer: usize, at: DateTime<Utc>) -> Ticket {
    let id = seller.next_id(at);
    Ticket {
        barcode: format!("{:010x}", seller.dice.between(1, i64::MAX >> 24)),
        cart_item: format!("c{}", id.get(8..).unwrap_or_default()),
        id,
        event,
        offer,
        order: None,
        triggered_by: None,
        status: TicketStatus::Valid,
        origin: "yourticket",
        regular: 0,
        price: 0,
        shop: None,
        person: None,
        form: None,
        add_ons: Vec::new(),
        batch: None,
        from_ticket: None,
        history: vec![(at, "ticket.created")],
        created: at,
        updated: at,
        text: OnceLock::new(),
    }
}

/// A shop that sells every line of the basket, now and then.
fn shop_for(seller: &mut Seller, basket: &Basket) -> Option<usize> {
    if !seller.dice.chance(14) {
        return None;
    }
    let shops = &seller.events[basket.event].shops;
    let sells = |shop: &super::rows::Shop, line: &usize| {
        shop.offers.iter().any(|offer| offer.base == *line && offer.active)
    };
    let fitting: Vec<usize> =
        (0..shops.len()).filter(|at| basket.lines.iter().all(|line| sells(&shops[*at], line))).collect();
    let chosen = seller.dice.below(fitting.len());
    fitting.get(chosen).copied()
}

/// A coupon, now and then; codes of a series are used once.
fn coupon_for(seller: &mut Seller, basket: &Basket) -> Option<usize> {
    if basket.reserved || basket.event != seller.main || seller.coupons.is_empty() || !seller.dice.chance(12)
    {
        return None;
    }
    let coupons = seller.coupons.len();
    let at = seller.dice.below(coupons);
    let coupon = &seller.coupons[at];
    let used_up = coupon.series.is_some() && coupon.used > 0;
    if used_up || !seller.applies(coupon, basket.event) {
        return None;
    }
    seller.coupons[at].used += 1;
    Some(at)
}

/// Prices as they were then: early ones were lower.
fn price(seller: &Seller, ticket: &mut Ticket, at: DateTime<Utc>, coupon: Option<usize>, free: bool) {
    let now = seller.events[ticket.event].types[ticket.offer].price;
    let early = at < seller.clock - TimeDelta::days(60);
    ticket.regular = if early { now * 9 / 10 } else { now };
    let percent = coupon.map_or(0, |at| seller.coupons[at].percent);
    ticket.price = if free { 0 } else { ticket.regular - ticket.regular * percent / 100 };
}

/// Who it is for, and what they said of themselves.
fn fill_in(seller: &mut Seller, ticket: &mut Ticket, position: usize, buyer: Option<&Person>) {
    let Some(buyer) = buyer else { return };
    let kind = seller.kind(ticket);
    let person = holder(seller, buyer, position);
    ticket.person = Some(person.clone());
    if !kind.category.races() {
        ticket.form = seller.dice.chance(40).then(|| visitor(seller)).filter(|_| kind.day != Day::Unsaid);
        return;
    }
    if seller.dice.chance(7) {
        ticket.status = TicketStatus::DetailsRequired;
        return;
    }
    ticket.form = Some(athlete_form(seller, (ticket.event, ticket.offer), &person, position));
    if !kind.member {
        let add_ons = [0, 0, 0, 1, 1, 2, 3][seller.dice.below(7)];
        ticket.add_ons = (0..add_ons).map(|_| seller.dice.below(super::rows::PRODUCTS.len())).collect();
    }
}

fn holder(seller: &mut Seller, buyer: &Person, position: usize) -> Person {
    if position == 0 {
        return buyer.clone();
    }
    let customer = buyer.customer.clone();
    person(seller.region, customer, &mut seller.dice)
}

fn visitor(seller: &mut Seller) -> Map<String, Value> {
    let from = if seller.dice.chance(80) { seller.region.country } else { "GB" };
    Map::from_iter([("nationality".to_owned(), json!(from))])
}

/// The form of who races with a type of an event, as it is filled in at last.
pub(crate) fn athlete_form(
    seller: &mut Seller,
    (event, offer): (usize, usize),
    person: &Person,
    position: usize,
) -> Map<String, Value> {
    let kind = seller.events[event].types[offer].kind;
    let race = seller.events[event].date_of(kind.day);
    let gender = stated_gender(kind.side, position, &mut seller.dice);
    form(seller.region, person, gender, race, &mut seller.dice)
}

/// An order that came to nothing.
fn give_up(seller: &mut Seller, at: DateTime<Utc>) {
    let (id, customer) = (seller.next_id(at), seller.next_id(at));
    let buyer = person(seller.region, customer, &mut seller.dice);
    let basket = Basket { event: seller.main, ..Basket::default() };
    let none = seller.tickets.len()..seller.tickets.len();
    enter(seller, id, &basket, Some(buyer), none, at);
    if let Some(order) = seller.orders.last_mut() {
        order.status = OrderStatus::Aborted;
    }
}

fn enter(
    seller: &mut Seller,
    id: String,
    basket: &Basket,
    buyer: Option<Person>,
    tickets: Range<usize>,
    at: DateTime<Utc>,
) {
    let total: i64 = seller.tickets[tickets.clone()].iter().map(|ticket| ticket.price).sum();
    let one = seller.region.scale * seller.region.minor;
    let fee = if basket.pos || total == 0 { 0 } else { one * tickets.len() as i64 };
    seller.orders.push(Order {
        id,
        event: basket.event,
        status: if basket.reserved { OrderStatus::Reserved } else { OrderStatus::Complete },
        pos: basket.pos,
        buyer,
        tickets: tickets.collect(),
        inner: total * 3 / 100,
        outer: fee,
        payment: total / 100,
        coupon: None,
        shop: None,
        refunds: Vec::new(),
        created: at,
        updated: at,
        text: OnceLock::new(),
    });
}
