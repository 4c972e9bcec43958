//! What was taken in: by what tickets cost, and by what purchases say was paid, charged and given back.
//! Amounts of different currencies are never added up.

use std::collections::BTreeMap;

use model::Amount;
use serde::{Serialize, Serializer};

use super::rows::{Ticket, Transaction};
use super::rules::Category;

/// What stands for a currency that is not stated.
const NO_CURRENCY: &str = "-";

/// A sum of money that is written as a number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Sum(i64);

/// Ten-thousandths, as amounts are kept.
const SCALE: f64 = 10_000.0;

impl Sum {
    fn add(&mut self, amount: Option<Amount>) {
        let parts = amount.map_or(0.0, |amount| amount.as_f64() * SCALE);
        self.0 = self.0.saturating_add(parts.round() as i64);
    }

    fn less(self, other: Sum) -> Sum {
        Sum(self.0.saturating_sub(other.0))
    }

    /// As a number of units.
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / SCALE
    }
}

impl Serialize for Sum {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

/// What sold tickets of one category cost together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CategoryRevenue {
    /// The category.
    pub category: Category,
    /// The currency.
    pub currency: String,
    /// Sold tickets with a price.
    pub tickets: u64,
    /// Those of them that cost nothing.
    pub free: u64,
    /// What they cost together.
    pub revenue: Sum,
}

/// What purchases say, in one currency.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Takings {
    /// The currency.
    pub currency: String,
    /// Purchases that are complete.
    pub purchases: u64,
    /// What was paid for them.
    pub gross: Sum,
    /// Fees within what was paid.
    pub charges_inner: Sum,
    /// Fees on top of it.
    pub charges_outer: Sum,
    /// Fees of payment.
    pub charges_payment: Sum,
    /// Purchases of which something was given back.
    pub refunds: u64,
    /// What was given back of complete purchases.
    pub refunded: Sum,
    /// What was given back of purchases that were cancelled as a whole.
    pub refunded_cancelled: Sum,
    /// What was paid for complete purchases less what was given back of them.
    pub net: Sum,
}

/// What sold tickets cost, by category and currency.
pub fn by_category<'a>(sold: impl Iterator<Item = &'a Ticket>) -> Vec<CategoryRevenue> {
    let mut sums: BTreeMap<(Category, String), CategoryRevenue> = BTreeMap::new();
    for ticket in sold.filter(|ticket| ticket.price.is_some()) {
        let currency = ticket.currency.clone().unwrap_or_else(|| NO_CURRENCY.to_owned());
        let category = ticket.name.category;
        let sum = sums.entry((category, currency.clone())).or_insert_with(|| CategoryRevenue {
            category,
            currency,
            tickets: 0,
            free: 0,
            revenue: Sum::default(),
        });
        sum.tickets += 1;
        sum.free += u64::from(ticket.price == Some(Amount::ZERO));
        sum.revenue.add(ticket.price);
    }
    sums.into_values().collect()
}

/// What purchases say was paid and given back, by currency. Only complete ones were paid; what was given
/// back of one that was cancelled stands apart, as its payment is not in the sum.
pub fn takings(transactions: &[Transaction]) -> Vec<Takings> {
    let mut sums: BTreeMap<String, Takings> = BTreeMap::new();
    for one in transactions {
        let complete = one.status == "COMPLETE";
        let refund = one.refunded.filter(|amount| *amount > Amount::ZERO);
        if !complete && refund.is_none() {
            continue;
        }
        let currency = one.currency.clone().unwrap_or_else(|| NO_CURRENCY.to_owned());
        let sum = sums.entry(currency.clone()).or_insert_with(|| Takings { currency, ..Takings::default() });
        sum.refunds += u64::from(refund.is_some());
        if !complete {
            sum.refunded_cancelled.add(refund);
            continue;
        }
        sum.purchases += 1;
        sum.gross.add(one.price);
        sum.charges_inner.add(one.charge_inner);
        sum.charges_outer.add(one.charge_outer);
        sum.charges_payment.add(one.charge_payment);
        sum.refunded.add(refund);
        sum.net = sum.gross.less(sum.refunded);
    }
    sums.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticketing::rows::kit::ticket;

    fn amount(text: &str) -> Option<Amount> {
        text.parse().ok()
    }

    #[test]
    fn tickets_add_up_by_currency() {
        let of = |name: &str, price: &str, currency: &str| Ticket {
            price: amount(price),
            currency: Some(currency.to_owned()),
            ..ticket("1", name, "t")
        };
        let tickets = [
            of("HYROX MEN", "99.10", "EUR"),
            of("HYROX WOMEN", "0", "EUR"),
            of("HYROX MEN", "120", "GBP"),
            of("SPECTATOR", "10", "EUR"),
        ];
        let sums = by_category(tickets.iter());
        let shown: Vec<_> =
            sums.iter().map(|sum| (sum.currency.as_str(), sum.tickets, sum.revenue.as_f64())).collect();
        assert_eq!(shown, [("EUR", 2, 99.1), ("GBP", 1, 120.0), ("EUR", 1, 10.0)]);
        assert_eq!(sums[0].free, 1);
    }

    #[test]
    fn fault_24_purchases_and_refunds_are_counted() {
        let of = |status: &str, price: &str, refunded: &str| Transaction {
            key: "1".to_owned(),
            status: status.to_owned(),
            currency: Some("EUR".to_owned()),
            price: amount(price),
            charge_inner: amount("1.5"),
            charge_outer: None,
            charge_payment: amount("0.25"),
            refunded: amount(refunded),
        };
        let all = [
            of("COMPLETE", "100", ""),
            of("COMPLETE", "50", "20.50"),
            of("CANCELED", "70", "70"),
            of("ABORTED", "40", ""),
        ];
        let takings = takings(&all);
        assert_eq!(takings.len(), 1);
        let euro = &takings[0];
        assert_eq!((euro.purchases, euro.refunds), (2, 2));
        assert_eq!((euro.gross.as_f64(), euro.refunded.as_f64(), euro.net.as_f64()), (150.0, 20.5, 129.5));
        assert_eq!((euro.refunded_cancelled.as_f64(), euro.charges_payment.as_f64()), (70.0, 0.5));
    }
}
