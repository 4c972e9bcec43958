//! A region's board out of the store: every kind in one state of it, only the columns that are counted, as
//! known now or at some time.

mod fields;

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use model::{Kind, SourceName, When};
use serde_json::Value;
use store::{PickedRow, Picking, Store, StoreError};

use super::days::EventDays;
use super::gender;
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
];
const SHOP: &[&str] = &["event", "name", "active"];
const SHOP_OFFER: &[&str] = &["event", "shop", "offer", "volume", "active"];
const SERIES: &[&str] = &["name", "active", "all_events", "events"];
const COUPON: &[&str] = &["code", "series", "name", "active", "used", "events"];
const TRANSACTION: &[&str] =
    &["event", "status", "currency", "price", "charge_inner", "charge_outer", "charge_payment", "refunded"];
const SCAN: &[&str] = &["event", "ticket", "form"];

/// Everything a board is made of, in the order in which it is read.
const KINDS: [Picking<'static>; 9] = [
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

/// Which board.
#[derive(Debug, Clone)]
pub struct Wanted<'a> {
    /// The source its rows are kept under.
    pub source: &'a SourceName,
    /// Source key of the event: what belongs to another one is left out.
    pub event: &'a str,
    /// As it was known then; as it is, without.
    pub at: Option<DateTime<Utc>>,
}

/// The board as the store has it. Birth dates are read where the store may show them; otherwise ages are
/// not known.
pub async fn board(store: &Store, wanted: &Wanted<'_>, rules: &Rules) -> Result<Board, StoreError> {
    let rows = store.picked(wanted.source, &KINDS, wanted.at).await?;
    let of_event = wanted.event.to_owned();
    // Reading names takes its time: not on the threads that everything else waits on.
    let rules = rules.clone();
    let made = tokio::task::spawn_blocking(move || Reader { event: of_event, rules }.board(rows)).await;
    made.map_err(|error| StoreError::Question(format!("the rows of the board cannot be read: {error}")))
}

/// The names of the tickets that were sold at a time, for growth; `None` where no ticket was known then.
pub async fn names_sold(
    store: &Store,
    wanted: &Wanted<'_>,
    rules: &Rules,
    days: &EventDays,
) -> Result<Option<Vec<Arc<Name>>>, StoreError> {
    let columns: [Picking<'_>; 1] = [(Kind::Ticket, &["event", "name", "status"])];
    let rows = store.picked(wanted.source, &columns, wanted.at).await?;
    let mut names = Names::new(rules, days);
    let (mut sold, mut known) = (Vec::new(), false);
    for row in rows.into_iter().flatten() {
        known = true;
        let mut fields = Fields::of(row);
        let (event, name, status) = (fields.text(), fields.text(), fields.text());
        let is_sold = matches!(status.as_deref(), Some("VALID" | "DETAILSREQUIRED"));
        if is_sold && event.is_none_or(|event| event == wanted.event) {
            sold.push(names.read(&name.unwrap_or_default()));
        }
    }
    Ok(known.then_some(sold))
}

struct Reader {
    event: String,
    rules: Rules,
}

impl Reader {
    fn board(&self, rows: Vec<Vec<PickedRow>>) -> Board {
        let mut kinds = rows.into_iter();
        let mut next = || kinds.next().unwrap_or_default();
        let event = next().into_iter().find(|row| row.key == self.event).map(event).unwrap_or_default();
        let days = event.days;
        let mut names = Names::new(&self.rules, &days);
        let types = next().into_iter().filter_map(|row| self.ticket_type(row, &mut names)).collect();
        let tickets = next().into_iter().filter_map(|row| self.ticket(row, &mut names)).collect();
        let shops = next().into_iter().filter_map(|row| self.shop(row)).collect();
        let shop_offers = next().into_iter().filter_map(|row| self.shop_offer(row)).collect();
        let series: Vec<CouponSeries> = next().into_iter().map(|row| self.series(row)).collect();
        let other: HashSet<&str> =
            series.iter().filter(|one| !one.applies).map(|one| one.key.as_str()).collect();
        let is_other = |coupon: &Coupon| coupon.series.as_deref().is_some_and(|key| other.contains(key));
        let coupons = next().into_iter().filter_map(|row| self.coupon(row));
        let coupons = coupons.filter(|coupon| !is_other(coupon)).collect();
        let transactions = next().into_iter().filter_map(|row| self.transaction(row)).collect();
        let scans = next().into_iter().filter_map(|row| self.scan(row)).collect();
        Board { event, types, tickets, shops, shop_offers, series, coupons, transactions, scans }
    }

    /// A row of another event is none of this board's; one that names none is.
    fn other(&self, event: Option<&String>) -> bool {
        event.is_some_and(|event| *event != self.event)
    }

    fn ticket_type(&self, row: PickedRow, names: &mut Names<'_>) -> Option<TicketType> {
        let mut fields = Fields::of(row);
        if self.other(fields.text().as_ref()) {
            return None;
        }
        Some(TicketType {
            name: names.read(&fields.text().unwrap_or_default()),
            amount: fields.whole(),
            active: fields.flag(),
            price: fields.amount(),
            currency: fields.text(),
            key: fields.key,
        })
    }

    fn ticket(&self, row: PickedRow, names: &mut Names<'_>) -> Option<Ticket> {
        let mut fields = Fields::of(row);
        if self.other(fields.text().as_ref()) {
            return None;
        }
        Some(Ticket {
            offer: fields.text(),
            name: names.read(&fields.text().unwrap_or_default()),
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
        self.names_event(&fields.value()).then_some(coupon)
    }

    /// Whether a list of events has this one; an empty one, or none, is no restriction.
    fn names_event(&self, events: &Value) -> bool {
        let events = events.as_array().map(Vec::as_slice).unwrap_or_default();
        events.is_empty() || events.iter().any(|event| event.as_str() == Some(&self.event))
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
    Event { name, zone, days, gender_options: gender_options(&extra), key: fields.key }
}

/// The day on the event's own clock.
fn day_of(when: &When, zone: Option<Tz>) -> Option<NaiveDate> {
    let moved = zone.and_then(|zone| Some(when.instant()?.with_timezone(&zone).date_naive()));
    moved.or(when.date)
}

/// What the event's form offers for the field.
fn gender_options(extra: &Value) -> Vec<String> {
    let questions = extra.get("questions").and_then(Value::as_array).into_iter().flatten();
    let is_gender = |question: &&Value| {
        ["name", "key"].iter().any(|part| {
            let named = question.get(part).and_then(Value::as_str);
            named.is_some_and(|text| text.eq_ignore_ascii_case(gender::FIELD))
        })
    };
    let field = questions.into_iter().find(is_gender);
    let options = field.and_then(|field| field.get("options")?.as_array()).into_iter().flatten();
    let text = |option: &Value| match option {
        Value::String(text) => Some(text.clone()),
        other => {
            ["value", "name", "label"].iter().find_map(|key| other.get(key)?.as_str().map(str::to_owned))
        }
    };
    options.filter_map(text).collect()
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
