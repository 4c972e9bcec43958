//! What happens to a seller while it is read: refunds, transfers, corrections, new orders, scans. Each
//! moves the seller's time on, and the rows it touched with it.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::buying::{athlete_form, one_more};
use super::people::{gender_of, gender_text};
use super::picking::{one_team, pick, pick_order, valid};
use super::rows::{OrderStatus, PRODUCTS, Scan, Ticket, TicketStatus};
use super::seller::Seller;
use super::webhooks::Subject;

/// One edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TicketingEdit {
    /// Where.
    pub region: &'static str,
    /// `order`, `cancel`, `refund`, `transfer`, `details`, `gender`, `birth_date`, `add_on`, `price`,
    /// `coupon` or `scan`.
    pub what: &'static str,
    /// Of what was edited: a ticket, an order, a ticket type or a coupon.
    pub id: String,
}

const EDITS: [Edit; 11] = [
    ("order", order),
    ("cancel", cancel),
    ("refund", refund),
    ("transfer", transfer),
    ("details", details),
    ("gender", gender),
    ("birth_date", birth_date),
    ("add_on", add_on),
    ("price", price),
    ("coupon", coupon),
    ("scan", scan),
];

type Edit = (&'static str, fn(&mut Seller) -> Option<String>);

/// So many edits of all kinds in turn; fewer where there is nothing to edit.
pub(crate) fn mutate(seller: &mut Seller, count: usize) -> Vec<TicketingEdit> {
    let region = seller.region.name;
    let start = seller.dice.below(EDITS.len());
    let turn = EDITS.iter().copied().cycle().skip(start).take(count);
    turn.filter_map(|(what, edit)| Some(TicketingEdit { region, what, id: edit(seller)? })).collect()
}

/// Before anybody has read anything: some of what was sold is already given back or passed on.
pub(crate) fn history(seller: &mut Seller, tickets: usize) {
    for _ in 0..tickets / 80 {
        cancel(seller);
        refund(seller);
        transfer(seller);
    }
    let under_way = seller.main_event().start < seller.clock;
    for _ in 0..if under_way { tickets / 3 } else { 0 } {
        scan(seller);
    }
    for ticket in blank(seller, tickets) {
        seller.touch(ticket, "ticket.blanked").status = TicketStatus::Blank;
    }
}

/// A few hard tickets that nobody has yet.
fn blank(seller: &mut Seller, tickets: usize) -> Vec<usize> {
    let wanted = tickets / 300;
    (0..wanted)
        .filter_map(|_| pick(seller, |seller, ticket| valid(seller, ticket) && ticket.order.is_none()))
        .collect()
}

fn order(seller: &mut Seller) -> Option<String> {
    let tickets = one_more(seller);
    let id = seller.tickets.get(tickets.start)?.id.clone();
    if let Some(order) = seller.tickets[tickets.start].order {
        seller.tell("transaction.complete", Subject::Order(order));
    }
    for ticket in tickets {
        seller.tell("ticket.created", Subject::Ticket(ticket));
    }
    Some(id)
}

fn cancel(seller: &mut Seller) -> Option<String> {
    let at = pick_order(seller, |order| order.refunds.is_empty())?;
    let tickets = seller.orders[at].tickets.clone();
    for ticket in &tickets {
        invalidate(seller, *ticket);
    }
    // a ticket that was passed on goes with the order that it came from
    let passed: Vec<usize> = heirs(seller, at);
    for ticket in passed {
        invalidate(seller, ticket);
    }
    let paid = |ticket: &usize| (*ticket, seller.tickets[*ticket].price);
    let refunds = tickets.iter().map(paid).collect();
    let order = seller.touch_order(at);
    (order.status, order.refunds) = (OrderStatus::Canceled, refunds);
    let id = order.id.clone();
    seller.tell("transaction.canceled", Subject::Order(at));
    Some(id)
}

fn heirs(seller: &Seller, order: usize) -> Vec<usize> {
    let open = |ticket: &Ticket| ticket.order == Some(order) && ticket.status != TicketStatus::Invalid;
    (0..seller.tickets.len()).filter(|at| open(&seller.tickets[*at])).collect()
}

fn invalidate(seller: &mut Seller, ticket: usize) {
    if seller.tickets[ticket].status != TicketStatus::Invalid {
        seller.touch(ticket, "ticket.invalidated").status = TicketStatus::Invalid;
        seller.tell("ticket.updated", Subject::Ticket(ticket));
    }
}

/// One ticket of an order that has no two teams.
fn refund(seller: &mut Seller) -> Option<String> {
    let at = pick(seller, |seller, ticket| valid(seller, ticket) && one_team(seller, ticket))?;
    let order = seller.tickets[at].order?;
    invalidate(seller, at);
    let paid = seller.tickets[at].price;
    seller.touch_order(order).refunds.push((at, paid));
    seller.tell("transaction.partiallyCanceled", Subject::Order(order));
    Some(seller.tickets[at].id.clone())
}

/// The ticket becomes another one, of somebody else.
fn transfer(seller: &mut Seller) -> Option<String> {
    let at = pick(seller, |seller, ticket| {
        valid(seller, ticket) && one_team(seller, ticket) && ticket.person.is_some()
    })?;
    invalidate(seller, at);
    let now = seller.tick();
    let id = seller.next_id(now);
    let customer = seller.next_id(now);
    let person = super::people::person(seller.region, customer, &mut seller.dice);
    let old = &seller.tickets[at];
    let filled_in = old.form.is_some() && seller.kind(old).category.races();
    let mut heir = Ticket {
        barcode: format!("{}x", old.barcode),
        cart_item: old.cart_item.clone(),
        triggered_by: old.triggered_by.clone(),
        add_ons: old.add_ons.clone(),
        batch: old.batch.clone(),
        from_ticket: Some(old.id.clone()),
        history: vec![(now, "ticket.transferred")],
        person: Some(person.clone()),
        form: None,
        origin: "transfer",
        status: TicketStatus::Valid,
        text: Default::default(),
        created: now,
        updated: now,
        id,
        ..*old
    };
    if filled_in {
        heir.form = Some(athlete_form(seller, (heir.event, heir.offer), &person, 0));
    }
    let id = heir.id.clone();
    seller.tickets.push(heir);
    seller.tell("ticket.created", Subject::Ticket(seller.tickets.len() - 1));
    Some(id)
}

/// Somebody fills in the form at last.
fn details(seller: &mut Seller) -> Option<String> {
    let at =
        pick(seller, |_, ticket| ticket.status == TicketStatus::DetailsRequired && ticket.person.is_some())?;
    let ticket = &seller.tickets[at];
    let (of, person) = ((ticket.event, ticket.offer), ticket.person.clone()?);
    let form = athlete_form(seller, of, &person, 0);
    let ticket = seller.touch(at, "ticket.personalized");
    (ticket.status, ticket.form) = (TicketStatus::Valid, Some(form));
    told(seller, at)
}

fn gender(seller: &mut Seller) -> Option<String> {
    let stated = |ticket: &Ticket| gender_of(ticket.form.as_ref()?.get("gender")?.as_str()?);
    let at = pick(seller, |seller, ticket| valid(seller, ticket) && stated(ticket).is_some())?;
    let now = stated(&seller.tickets[at])?.other();
    let text = gender_text(now, seller.region.style, &mut seller.dice);
    seller.touch(at, "ticket.updated").form.as_mut()?.insert("gender".into(), json!(text));
    told(seller, at)
}

fn birth_date(seller: &mut Seller) -> Option<String> {
    let at = pick(seller, |seller, ticket| {
        valid(seller, ticket) && ticket.form.is_some() && seller.kind(ticket).category.races()
    })?;
    let born = format!("{}-06-15", seller.dice.between(1955, 2005));
    seller.touch(at, "ticket.updated").form.as_mut()?.insert("birth_date".into(), json!(born));
    told(seller, at)
}

fn add_on(seller: &mut Seller) -> Option<String> {
    let at = pick(seller, |seller, ticket| valid(seller, ticket) && seller.kind(ticket).category.races())?;
    let product = seller.dice.below(PRODUCTS.len());
    seller.touch(at, "ticket.updated").add_ons.push(product);
    told(seller, at)
}

fn told(seller: &mut Seller, ticket: usize) -> Option<String> {
    seller.tell("ticket.updated", Subject::Ticket(ticket));
    Some(seller.tickets[ticket].id.clone())
}

/// A type costs more from now on; what was sold keeps its price.
fn price(seller: &mut Seller) -> Option<String> {
    let now = seller.tick();
    let main = seller.main;
    let types = seller.events[main].types.len();
    let at = seller.dice.below(types);
    let event = &mut seller.events[main];
    event.updated = now;
    let of = &mut event.types[at];
    of.price += of.price / 10;
    let id = of.id.clone();
    seller.tell("event.updated", Subject::Event(main));
    Some(id)
}

/// A coupon is used, or a series comes to its end or back.
fn coupon(seller: &mut Seller) -> Option<String> {
    let now = seller.tick();
    let coupons = seller.coupons.len();
    let at = seller.dice.below(coupons);
    let coupon = seller.coupons.get_mut(at)?;
    if coupon.series.is_none() || coupon.used == 0 {
        coupon.used += 1;
    }
    coupon.updated = now;
    let id = coupon.id.clone();
    if seller.dice.chance(20) {
        let series = seller.dice.below(4);
        let series = &mut seller.series[series];
        (series.active, series.updated) = (!series.active, now);
    }
    Some(id)
}

fn scan(seller: &mut Seller) -> Option<String> {
    let ticket = pick(seller, valid)?;
    let time = seller.tick();
    let (id, checkin) = (seller.next_id(time), !seller.dice.chance(20));
    seller.scans.push(Scan { id: id.clone(), ticket, time, checkin });
    seller.tell("scan.created", Subject::Scan(seller.scans.len() - 1));
    Some(id)
}

/// Replaces a ticket's form, as the API's update does.
pub(crate) fn replace_form(seller: &mut Seller, ticket: usize, form: Map<String, Value>) {
    seller.touch(ticket, "ticket.updated").form = Some(form);
    seller.tell("ticket.updated", Subject::Ticket(ticket));
}
