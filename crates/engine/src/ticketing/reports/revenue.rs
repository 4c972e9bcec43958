//! The report on what was taken in.

use model::Kind;

use super::{Parts, View};
use crate::ticketing::report::{Cell, Section};
use crate::ticketing::revenue::{Sum, by_category, takings};

pub(super) fn parts(view: &View<'_>) -> Parts {
    let columns = [
        ("category", "Category"),
        ("currency", "Currency"),
        ("tickets", "Tickets"),
        ("free", "Free"),
        ("revenue", "Revenue"),
    ];
    let counts = "sold tickets that state a price, and what was paid for them";
    let rows = by_category(view.board.sold()).into_iter().map(|one| {
        let (category, revenue) = (one.category.name(), money(one.revenue));
        vec![category.into(), one.currency.into(), one.tickets.into(), one.free.into(), revenue]
    });
    let tickets = Section::new("tickets", "By tickets", counts, &columns).with(rows);
    Parts { facts: Vec::new(), sections: vec![tickets, purchases(view)] }
}

fn money(sum: Sum) -> Cell {
    Cell::Number(sum.as_f64())
}

fn purchases(view: &View<'_>) -> Section {
    let columns = [
        ("currency", "Currency"),
        ("purchases", "Purchases"),
        ("gross", "Gross"),
        ("charges_inner", "Fees within"),
        ("charges_outer", "Fees on top"),
        ("charges_payment", "Fees of payment"),
        ("refunds", "Refunds"),
        ("refunded", "Refunded"),
        ("net", "Net"),
        ("refunded_cancelled", "Refunded of cancelled"),
    ];
    let counts = "complete purchases; net is gross less what was given back of them";
    let rows = takings(&view.board.transactions).into_iter().map(|one| {
        vec![
            one.currency.into(),
            one.purchases.into(),
            money(one.gross),
            money(one.charges_inner),
            money(one.charges_outer),
            money(one.charges_payment),
            one.refunds.into(),
            money(one.refunded),
            money(one.net),
            money(one.refunded_cancelled),
        ]
    });
    let section = Section::new("purchases", "By purchases", counts, &columns).with(rows);
    match view.ask.never.contains(&Kind::Transaction) {
        true => section.note("no purchases were gathered: the function `events_tickets_ingestion` does"),
        false => {
            section.note("what was given back of purchases that were cancelled as a whole is in no other sum")
        }
    }
}
