//! What an edit may be made on: never anything after which two could count differently who starts with whom.

use super::rows::{Order, OrderStatus, Ticket, TicketStatus};
use super::seller::Seller;

/// A ticket of the race that is good.
pub(crate) fn valid(seller: &Seller, ticket: &Ticket) -> bool {
    ticket.status == TicketStatus::Valid && ticket.event == seller.main
}

/// True where no other team of the order could take its place.
pub(crate) fn one_team(seller: &Seller, ticket: &Ticket) -> bool {
    let Some(order) = ticket.order else { return false };
    let brings = |at: &&usize| {
        let kind = seller.kind(&seller.tickets[**at]);
        kind.category.team() > 1 && !kind.member
    };
    seller.orders[order].status == OrderStatus::Complete
        && seller.orders[order].tickets.iter().filter(brings).count() < 2
}

/// A ticket of the race that will do; none where two hundred tries found none.
pub(crate) fn pick(seller: &mut Seller, fits: impl Fn(&Seller, &Ticket) -> bool) -> Option<usize> {
    let tickets = seller.tickets.len();
    (0..200).find_map(|_| {
        let at = seller.dice.below(tickets);
        seller.tickets.get(at).is_some_and(|ticket| fits(seller, ticket)).then_some(at)
    })
}

pub(crate) fn pick_order(seller: &mut Seller, fits: impl Fn(&Order) -> bool) -> Option<usize> {
    let orders = seller.orders.len();
    (0..200).find_map(|_| {
        let at = seller.dice.below(orders);
        let order = seller.orders.get(at)?;
        let open = order.status == OrderStatus::Complete && order.event == seller.main;
        (open && fits(order)).then_some(at)
    })
}
