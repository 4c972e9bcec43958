//! A region's board out of the store: every kind in one state of it, only the columns that are counted, as
//! known now or at some time.

mod fields;

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use model::{Kind, SourceName, When};
use serde_json::Value;
use store::{PickedRow, Picking, Store, StoreError};

use super::days::EventDays;
use super::rows::{
    Board, Coupon, CouponSeries, Event, Scan, Shop, ShopOffer, Ticket, TicketType, Transaction,
};
use super::rules::{Gender, Name, Rules};
use fields::{Fields, Names};

const EVENT: &[&str] = &["title", "start", "end", "timezone", "extra"];
const OFFER: &[&str] = &["event", "name", "capacity", "active", "price", "currency"];
const TICKET: &[&str] = &[
    "event",
    "offer",
    "name",
    "status",
    "transaction",
    "shop",
    "gender",
    "birth_date",
    "nationality",
    "residence",
    "country",
    "gym_status",
    "returning_athlete",
    "returning_city",
    "add_ons",
    "price",
    "currency",
    "origin",
    "created_at",
    "barcode",
];
const SHOP: &[&str] = &["event", "name", "active"];
const SHOP_OFFER: &[&str] = &["event", "shop", "offer", "volume", "active"];
const SERIES: &[&str] = &["name", "active", "all_events", "events"];
const COUPON: &[&str] = &["code", "series", "name", "active", "used", "events"];
const TRANSACTION: &[&str] =
    &["event", "status", "currency", "price", "charge_inner", "charge_outer", "charge_payment", "refunded"];
const SCAN: &[&str] = &["event", "ticket", "form"];

/// Everything a board is made of, in the order in which it is read: of an event before what hangs on it, of
/// series before their coupons.
const KINDS: [(Kind, &[&str]); 9] = [
    (Kind::Event, EVENT),
    (Kind::Offer, OFFER),
    (Kind::Ticket, TICKET),
    (Kind::Shop, SHOP),
    (Kind::ShopOffer, SHOP_OFFER),
    (Kind::CouponSeries, SERIES),
    (Kind::Coupon, COUPON),
    (Kind::Transaction, TRANSACTION),
    (Kind::Scan, SCAN),
];

/// What of a board is looked at, beside the event. What is not is not read, and is empty on it.
#[derive(Debug, Clone, Copy)]
pub struct Looks {
    /// Kinds.
    pub kinds: &'static [Kind],
    /// Columns of tickets, beside what says whose each is, what it is called and whether it is sold.
    pub tickets: &'static [&'static str],
}

/// Columns of tickets that are looked at whatever is counted.
const ALWAYS: [&str; 3] = ["event", "name", "status"];

/// Which board.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The source its rows are kept under.
    pub source: &'a SourceName,
    /// Source key of the event: what belongs to another one is left out.
    pub event: &'a str,
    /// What of it, for each that looks at it.
    pub looks: &'a [Looks],
    /// As it was known then; as it is, without.
    pub at: Option<DateTime<Utc>>,
}

impl Wanted<'_> {
    fn has(&self, kind: Kind) -> bool {
        kind == Kind::Event || self.looks.iter().any(|looks| looks.kinds.contains(&kind))
    }

    fn has_column(&self, column: &str) -> bool {
        ALWAYS.contains(&column) || self.looks.iter().any(|looks| looks.tickets.contains(&column))
    }
}

/// The board as the store has it. Birth dates are read where the store may show them; otherwise ages are
/// not known.
pub async fn board(store: &Store, wanted: &Wanted<'_>, rules: &Rules) -> Result<Board, StoreError> {
    let own = [wanted.event];
    let tickets: Vec<&str> = TICKET.iter().copied().filter(|column| wanted.has_column(column)).collect();
    let picking = |(kind, columns): &(Kind, &'static [&'static str])| match kind {
        Kind::Event => Picking { keys: Some(&own[..]), ..Picking::of(*kind, columns) },
        Kind::Ticket => Picking::of(*kind, &tickets),
        _ => Picking::of(*kind, columns),
    };
    let picked: Vec<Picking<'_>> = KINDS.iter().filter(|(kind, _)| wanted.has(*kind)).map(picking).collect();
    let columns = TICKET.iter().map(|column| wanted.has_column(column)).collect();
    let (event, names, others) = (wanted.event, Names::new(rules, EventDays::default()), HashSet::new());
    let mut reader = Reader { event, columns, names, others, board: Board::default() };
    store.pick(wanted.source, &picked, wanted.at, |row| reader.take(row)).await?;
    Ok(reader.board)
}

/// The names of the tickets that were sold at a time, for growth; `None` where no ticket was known then.
pub async fn names_sold(
    store: &Store,
    wanted: &Wanted<'_>,
    rules: &Rules,
    days: &EventDays,
) -> Result<Option<Vec<Arc<Name>>>, StoreError> {
    let picked = [Picking::of(Kind::Ticket, &ALWAYS)];
    let mut names = Names::new(rules, *days);
    let (mut sold, mut known) = (Vec::new(), false);
    let take = |row: PickedRow| {
        known = true;
        let mut fields = Fields::of(row);
        let (event, name, status) = (fields.text(), fields.text(), fields.text());
        let is_sold = matches!(status.as_deref(), Some("VALID" | "DETAILSREQUIRED"));
        if is_sold && event.is_none_or(|event| event == wanted.event) {
            sold.push(names.read(&name.unwrap_or_default()));
        }
    };
    store.pick(wanted.source, &picked, wanted.at, take).await?;
    Ok(known.then_some(sold))
}

/// Puts row after row onto a board.
struct Reader<'a> {
    event: &'a str,
    /// For each column of a ticket, whether it was asked for.
    columns: Vec<bool>,
    names: Names<'a>,
    /// Series that are for other events.
    others: HashSet<String>,
    board: Board,
}

impl Reader<'_> {
    fn take(&mut self, row: PickedRow) {
        match row.kind {
            Kind::Event => {
                self.board.event = event(row);
                self.names.days = self.board.event.days;
            }
            Kind::Offer => {
                let of = self.ticket_type(row);
                self.board.types.extend(of);
            }
            Kind::Ticket => {
                let of = self.ticket(row);
                self.board.tickets.extend(of);
            }
            Kind::Shop => self.board.shops.extend(self.shop(row)),
            Kind::ShopOffer => self.board.shop_offers.extend(self.shop_offer(row)),
            Kind::CouponSeries => {
                let series = self.series(row);
                self.others.extend((!series.applies).then(|| series.key.clone()));
                self.board.series.push(series);
            }
            Kind::Coupon => self.board.coupons.extend(self.coupon(row)),
            Kind::Transaction => self.board.transactions.extend(self.transaction(row)),
            Kind::Scan => self.board.scans.extend(self.scan(row)),
            _ => {}
        }
    }

    /// A row of another event is none of this board's; one that names none is.
    fn other(&self, event: Option<&String>) -> bool {
        event.is_some_and(|event| event != self.event)
    }

    fn ticket_type(&mut self, row: PickedRow) -> Option<TicketType> {
        let mut fields = Fields::of(row);
        if self.other(fields.text().as_ref()) {
            return None;
        }
        Some(TicketType {
            name: self.names.read(&fields.text().unwrap_or_default()),
            amount: fields.whole(),
            active: fields.flag(),
            price: fields.amount(),
            currency: fields.text(),
            key: fields.key,
        })
    }

    fn ticket(&mut self, row: PickedRow) -> Option<Ticket> {
        let mut fields = Fields::some(row, &self.columns);
        if self.other(fields.text().as_ref()) {
            return None;
        }
        Some(Ticket {
            offer: fields.text(),
            name: self.names.read(&fields.text().unwrap_or_default()),
            status: fields.text().unwrap_or_default(),
            transaction: fields.text().filter(|text| !text.is_empty()),
            shop: fields.text().filter(|text| !text.is_empty()),
            gender: fields.text().and_then(|text| gender_kept(&text)),
            birth_date: fields.text().and_then(|text| text.parse::<NaiveDate>().ok()),
            nationality: fields.text(),
            residence: fields.text(),
            country: fields.text(),
            gym_status: fields.text(),
            returning: fields.flag(),
            returning_city: fields.flag(),
            add_ons: add_ons(&fields.value()),
            price: fields.amount(),
            currency: fields.text(),
            origin: fields.text(),
            created_at: fields.instant(),
            barcode: fields.text(),
            key: fields.key,
        })
    }

    fn shop(&self, row: PickedRow) -> Option<Shop> {
        let mut fields = Fields::of(row);
        if self.other(fields.text().as_ref()) {
            return None;
        }
        let (name, active) = (fields.text().unwrap_or_default(), fields.flag().unwrap_or(true));
        Some(Shop { name, active, key: fields.key })
    }

    fn shop_offer(&self, row: PickedRow) -> Option<ShopOffer> {
        let mut fields = Fields::of(row);
        if self.other(fields.text().as_ref()) {
            return None;
        }
        let (shop, offer) = (fields.text()?, fields.text()?);
        let (volume, active) = (fields.whole(), fields.flag().unwrap_or(true));
        Some(ShopOffer { shop, offer, volume, active })
    }

    fn transaction(&self, row: PickedRow) -> Option<Transaction> {
        let mut fields = Fields::of(row);
        if self.other(fields.text().as_ref()) {
            return None;
        }
        Some(Transaction {
            status: fields.text().unwrap_or_default(),
            currency: fields.text(),
            price: fields.amount(),
            charge_inner: fields.amount(),
            charge_outer: fields.amount(),
            charge_payment: fields.amount(),
            refunded: fields.amount(),
            key: fields.key,
        })
    }

    fn series(&self, row: PickedRow) -> CouponSeries {
        let mut fields = Fields::of(row);
        let (name, active) = (fields.text(), fields.flag());
        let applies = fields.flag() == Some(true) || self.names_event(&fields.value());
        CouponSeries { name, active, applies, key: fields.key }
    }

    /// A coupon whose series is for other events is one for those.
    fn coupon(&self, row: PickedRow) -> Option<Coupon> {
        let mut fields = Fields::of(row);
        let coupon = Coupon {
            code: fields.text().unwrap_or_default(),
            series: fields.text().filter(|text| !text.is_empty()),
            name: fields.text().filter(|text| !text.is_empty()),
            active: fields.flag(),
            used: fields.whole().unwrap_or(0),
            key: std::mem::take(&mut fields.key),
        };
        let is_other = coupon.series.as_ref().is_some_and(|key| self.others.contains(key));
        (!is_other && self.names_event(&fields.value())).then_some(coupon)
    }

    /// Whether a list of events has this one; an empty one, or none, is no restriction.
    fn names_event(&self, events: &Value) -> bool {
        let events = events.as_array().map(Vec::as_slice).unwrap_or_default();
        events.is_empty() || events.iter().any(|event| event.as_str() == Some(self.event))
    }

    fn scan(&self, row: PickedRow) -> Option<Scan> {
        let mut fields = Fields::of(row);
        if self.other(fields.text().as_ref()) {
            return None;
        }
        Some(Scan { ticket: fields.text(), form: fields.text().unwrap_or_default() })
    }
}

fn event(row: PickedRow) -> Event {
    let mut fields = Fields::of(row);
    let name = fields.text().unwrap_or_default();
    let (start, end) = (fields.when(), fields.when());
    let zone: Option<Tz> = fields.text().and_then(|name| name.parse().ok());
    let day = |when: &Option<When>| day_of(when.as_ref()?, zone);
    let days = EventDays::new(day(&start), day(&end));
    let extra = fields.value();
    Event { name, zone, days, options: options(&extra), key: fields.key }
}

/// The day on the event's own clock.
fn day_of(when: &When, zone: Option<Tz>) -> Option<NaiveDate> {
    let moved = zone.and_then(|zone| Some(when.instant()?.with_timezone(&zone).date_naive()));
    moved.or(when.date)
}

/// What the event's form offers, by the names that a question has.
fn options(extra: &Value) -> BTreeMap<String, Vec<String>> {
    let mut options = BTreeMap::new();
    for question in extra.get("questions").and_then(Value::as_array).into_iter().flatten() {
        let offered = question.get("options").and_then(Value::as_array).into_iter().flatten();
        let offered: Vec<String> = offered.filter_map(option).collect();
        let names = ["name", "key"].iter().filter_map(|part| question.get(part)?.as_str());
        for name in names.filter(|_| !offered.is_empty()) {
            options.entry(name.to_lowercase()).or_insert_with(|| offered.clone());
        }
    }
    options
}

fn option(option: &Value) -> Option<String> {
    match option {
        Value::String(text) => Some(text.clone()),
        other => {
            ["value", "name", "label"].iter().find_map(|key| other.get(key)?.as_str().map(str::to_owned))
        }
    }
}

fn gender_kept(text: &str) -> Option<Gender> {
    match text {
        "Male" => Some(Gender::Male),
        "Female" => Some(Gender::Female),
        _ => None,
    }
}

fn add_ons(list: &Value) -> Vec<String> {
    let names = list.as_array().into_iter().flatten().filter_map(|one| one.get("name")?.as_str());
    names.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ticketing::reports::REPORTS;

    #[test]
    fn fault_25_every_column_that_is_counted_is_there() {
        for (kind, columns) in KINDS {
            for column in columns {
                assert!(kind.spec().column(column).is_some(), "{} {column}", kind.name());
            }
        }
        for spec in REPORTS {
            let known = |kind: &Kind| KINDS.iter().any(|(of, _)| of == kind);
            assert!(spec.looks.kinds.iter().all(known), "{}", spec.name);
            assert!(spec.looks.tickets.iter().all(|column| TICKET.contains(column)), "{}", spec.name);
        }
        assert!(ALWAYS.iter().all(|column| TICKET.contains(column)));
    }
}
