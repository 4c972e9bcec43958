//! Prices: each offer as a record, and what they say together of the event.

use chrono::{DateTime, Utc};
use model::{Amount, Offer, Record, Stated};
use serde_json::{Map, Value};

use super::{Base, Collected, key, node, types};
use crate::value::money::{self, PriceRange};

/// What an event's offers say together.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) min: Option<Amount>,
    pub(super) max: Option<Amount>,
    pub(super) currency: Option<String>,
    pub(super) availability: Option<&'static str>,
    pub(super) url: Option<String>,
    pub(super) sales_start: Option<DateTime<Utc>>,
    pub(super) sales_end: Option<DateTime<Utc>>,
}

/// Adds the event's offers as records and sums them up.
pub(super) fn read(
    event: &Map<String, Value>,
    event_key: &str,
    base: &Base<'_>,
    into: &mut Collected,
) -> Summary {
    let mut offers = Vec::new();
    for item in node::get(event, "offers").map(node::items).unwrap_or_default() {
        collect(item, base, &mut offers);
    }
    let summary = summary(&offers);
    for (key, mut offer) in keyed(offers, event_key) {
        offer.event = event_key.into();
        into.add(Record::new(key, offer));
    }
    summary
}

/// One offer, or the offers an aggregate holds; an aggregate without any is one offer with a range.
fn collect(item: &Value, base: &Base<'_>, into: &mut Vec<Offer>) {
    let Value::Object(object) = item else { return };
    let parts = node::get(object, "offers").map(node::items).unwrap_or_default();
    let before = into.len();
    parts.iter().for_each(|part| collect(part, base, into));
    if into.len() == before {
        into.extend(offer(object, base));
    }
}

/// `None` when it says nothing a row could hold.
fn offer(object: &Map<String, Value>, base: &Base<'_>) -> Option<Offer> {
    let price = price(object);
    let offer = Offer {
        name: node::line(object, "name").into(),
        price: price.min.or(price.max).into(),
        price_max: price.max.filter(|max| Some(*max) != price.min).into(),
        currency: currency(object).or(price.currency.map(str::to_owned)).into(),
        availability: node::line(object, "availability")
            .and_then(|said| availability(&said))
            .map(str::to_owned)
            .into(),
        url: node::link(object, "url", base.url).into(),
        sales_start: instant(object, &["availabilityStarts", "validFrom"], base).into(),
        sales_end: instant(object, &["availabilityEnds", "validThrough", "priceValidUntil"], base).into(),
        category: node::line(object, "category").into(),
        ..Offer::default()
    };
    let priced = !offer.price.is_unstated() || !offer.name.is_unstated();
    let useful = priced || !offer.url.is_unstated() || !offer.availability.is_unstated();
    useful.then_some(offer)
}

/// `price`, or `lowPrice` and `highPrice`, here or in the price specification.
fn price(object: &Map<String, Value>) -> PriceRange {
    let inner = node::get(object, "priceSpecification").and_then(|value| node::items(value).first());
    let holders = [Some(object), inner.and_then(Value::as_object)];
    let stated = |names: &[&str]| {
        holders.into_iter().flatten().find_map(|holder| names.iter().find_map(|name| amounts(holder, name)))
    };
    let mut range = stated(&["price"]).unwrap_or_default();
    if let Some(low) = stated(&["lowPrice", "minPrice"]) {
        (range.min, range.currency) = (low.min, range.currency.or(low.currency));
    }
    if let Some(high) = stated(&["highPrice", "maxPrice"]) {
        (range.max, range.currency) = (high.max, range.currency.or(high.currency));
    }
    range
}

/// A price written as a number, a plain decimal ("35.60", as schema.org asks) or as people write it.
fn amounts(object: &Map<String, Value>, name: &str) -> Option<PriceRange> {
    let said = node::verbatim(node::get(object, name)?)?;
    let range = match said.parse::<Amount>() {
        Ok(amount) => PriceRange { min: Some(amount), max: Some(amount), ..PriceRange::default() },
        Err(()) => money::read_range(&said),
    };
    range.min.or(range.max).filter(|amount| *amount >= Amount::ZERO).map(|_| range)
}

fn currency(object: &Map<String, Value>) -> Option<String> {
    let inner = node::get(object, "priceSpecification").and_then(|value| node::items(value).first());
    let said = node::line(object, "priceCurrency")
        .or_else(|| inner.and_then(Value::as_object).and_then(|inner| node::line(inner, "priceCurrency")))?;
    let code = said.len() == 3 && said.bytes().all(|b| b.is_ascii_alphabetic());
    if code { Some(said.to_ascii_uppercase()) } else { money::currency_code(&said).map(str::to_owned) }
}

fn availability(said: &str) -> Option<&'static str> {
    match types::local_name(said).to_ascii_lowercase().as_str() {
        "instock" | "instoreonly" | "onlineonly" | "madetoorder" => Some("available"),
        "limitedavailability" => Some("limited"),
        "soldout" | "outofstock" => Some("sold_out"),
        "preorder" | "presale" | "backorder" => Some("not_yet"),
        "discontinued" => Some("ended"),
        _ => None,
    }
}

fn instant(object: &Map<String, Value>, names: &[&str], base: &Base<'_>) -> Option<DateTime<Utc>> {
    let said = node::verbatim(node::first(object, names)?)?;
    base.when(&said).instant().map(|t| t.with_timezone(&Utc))
}

fn summary(offers: &[Offer]) -> Summary {
    let lows = offers.iter().filter_map(|offer| offer.price.value());
    let highs = offers.iter().filter_map(|offer| offer.price_max.value().or(offer.price.value()));
    let currencies: Vec<&String> = offers.iter().filter_map(|offer| offer.currency.value()).collect();
    let one_currency = currencies.windows(2).all(|pair| pair[0] == pair[1]);
    // Prices in several currencies have no common lowest.
    let (min, max) = if one_currency { (lows.min().copied(), highs.max().copied()) } else { (None, None) };
    let ends = offers.iter().map(|offer| offer.sales_end.value().copied());
    Summary {
        min,
        max,
        currency: currencies.first().filter(|_| one_currency).map(|code| (*code).clone()),
        availability: best_availability(offers),
        url: offers.iter().find_map(|offer| offer.url.value().cloned()),
        sales_start: offers.iter().filter_map(|offer| offer.sales_start.value().copied()).min(),
        sales_end: ends.collect::<Option<Vec<_>>>().and_then(|ends| ends.into_iter().max()),
    }
}

/// An event can be got into while one of its offers can be had.
fn best_availability(offers: &[Offer]) -> Option<&'static str> {
    const BEST_FIRST: [&str; 5] = ["available", "limited", "not_yet", "sold_out", "ended"];
    let stated: Vec<&str> =
        offers.iter().filter_map(|offer| offer.availability.value()).map(String::as_str).collect();
    BEST_FIRST.into_iter().find(|word| stated.contains(word))
}

/// Keys from the offers' names, else their position; a second offer of one name gets its position
/// too.
fn keyed(offers: Vec<Offer>, event_key: &str) -> Vec<(String, Offer)> {
    let mut keyed: Vec<(String, Offer)> = Vec::new();
    for (index, offer) in offers.into_iter().enumerate() {
        let name = match &offer.name {
            Stated::Value(name) => key::slug(name),
            _ => String::new(),
        };
        let mut key = if name.is_empty() {
            format!("{event_key}#offer-{}", index + 1)
        } else {
            format!("{event_key}#offer-{name}")
        };
        if keyed.iter().any(|(taken, _)| *taken == key) {
            key = format!("{key}-{}", index + 1);
        }
        keyed.push((key, offer));
    }
    keyed
}
