//! An event with its venue, its offers, and the shops within its sale.

use std::collections::HashMap;

use model::{Amount, Event, Offer, Record, Shop, ShopOffer, Stated, Venue, When, Zone};
use serde_json::{Map, Value, json};

use super::said;

/// Everything one event states; nothing for what has no key.
pub(super) fn records(row: &Value) -> Vec<Record> {
    let Some(key) = said::key(row) else { return Vec::new() };
    let mut records = Vec::new();
    let mut event = event(row);
    if let Some((venue_key, venue)) = venue(row) {
        event.venue = Stated::Value(venue_key.clone());
        records.push(Record::new(venue_key, venue));
    }
    records.push(Record::new(key, event));
    records.extend(offers(row, key));
    for shop in listed(row, "underShops") {
        records.extend(shop_records(row, shop, key));
    }
    records
}

fn listed<'v>(row: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    row.get(name).into_iter().flat_map(said::items)
}

fn event(row: &Value) -> Event {
    let zone = row.get("timezone").and_then(Value::as_str).and_then(crate::value::zone::by_name);
    let at = |name: &str| -> Stated<When> {
        let text = row.get(name).and_then(Value::as_str);
        let when = text.and_then(|text| {
            Some(When::at_instant(
                text.to_owned(),
                said::parse(text)?,
                zone.map_or(Zone::Floating, Zone::Named),
            ))
        });
        when.into()
    };
    let prices = || {
        let active = listed(row, "tickets").filter(|offer| offer.get("active") != Some(&Value::Bool(false)));
        active.filter_map(|offer| Amount::from_f64(offer.get("price")?.as_f64()?))
    };
    Event {
        title: said::line(row, "name"),
        description: plain(row, "description").or(said::text(row, "slogan")),
        status: Stated::Value("scheduled".to_owned()),
        start: at("start"),
        end: at("end"),
        timezone: said::text(row, "timezone"),
        series: said::text(row, "rootId"),
        url: said::text(row, "url").map_link(),
        image_url: said::text(row, "image").map_link(),
        tags: said::texts(row, "tags"),
        currency: said::text(row, "currency"),
        price_min: prices().min().into(),
        price_max: prices().max().into(),
        sales_start: said::instant(row, "sellStart"),
        sales_end: said::instant(row, "sellEnd"),
        capacity: said::whole(row, "maxAmount"),
        published_at: said::instant(row, "createdAt"),
        modified_at: said::instant(row, "updatedAt"),
        extra: Stated::Value(extra(row)),
        ..Event::default()
    }
}

/// Texts that are addresses.
trait Link {
    fn map_link(self) -> Stated<String>;
}

impl Link for Stated<String> {
    fn map_link(self) -> Stated<String> {
        match self {
            Stated::Value(text) if !text.starts_with("http") => Stated::Unstated,
            other => other,
        }
    }
}

/// Rich text comes as a tree of its own in JSON; plain text is kept.
fn plain(row: &Value, name: &str) -> Stated<String> {
    match said::text(row, name) {
        Stated::Value(text) if text.starts_with(['{', '[']) => Stated::Unstated,
        Stated::Empty => Stated::Unstated,
        other => other,
    }
}

/// What has no column of its own, and is needed to tell what was sold.
fn extra(row: &Value) -> Value {
    const KEPT: &[(&str, &str)] = &[
        ("eventType", "event_type"),
        ("childEvents", "child_events"),
        ("sellerId", "seller"),
        ("groups", "groups"),
        ("categories", "categories"),
        ("cartAutomationRules", "cart_automation_rules"),
        ("maxAmountPerOrder", "max_per_order"),
    ];
    let mut extra = Map::new();
    for (said, kept) in KEPT {
        if let Some(value) = row.get(said).filter(|value| !value.is_null()) {
            extra.insert((*kept).to_owned(), value.clone());
        }
    }
    let questions: Vec<Value> = listed(row, "ticketExtraFields").map(question).collect();
    if !questions.is_empty() {
        extra.insert("questions".to_owned(), Value::Array(questions));
    }
    Value::Object(extra)
}

/// What holders are asked: with its options, so that an answer can be put right in its own words.
fn question(field: &Value) -> Value {
    let of = |name: &str| field.get(name).cloned().unwrap_or(Value::Null);
    json!({"key": of("_id"), "name": of("name"), "type": of("type"), "required": of("required"),
           "options": of("options"), "offers": of("allowedTicketTypes")})
}

fn venue(row: &Value) -> Option<(String, Venue)> {
    let name = said::line(row, "locationName").into_value()?;
    let place = row.get("geoCode").unwrap_or(&Value::Null);
    let venue = Venue {
        street: said::line(row, "locationStreet"),
        city: said::line(row, "locationCity"),
        postal_code: said::text(row, "locationPostal"),
        country: said::text(row, "locationCountry"),
        lat: said::number(place, "lat"),
        lon: said::number(place, "lng"),
        timezone: said::text(row, "timezone"),
        name: Stated::Value(name.clone()),
        ..Venue::default()
    };
    let city = venue.city.value().cloned().unwrap_or_default();
    Some((format!("{name}, {city}").trim_end_matches(", ").to_lowercase(), venue))
}

fn offers(row: &Value, event: &str) -> Vec<Record> {
    let categories: HashMap<&str, &str> = listed(row, "categories")
        .filter_map(|one| Some((one.get("ref")?.as_str()?, one.get("name")?.as_str()?)))
        .collect();
    let offer = |offer: &Value| {
        let category = offer.get("categoryRef").and_then(Value::as_str);
        let stated = Offer {
            event: Stated::Value(event.to_owned()),
            name: said::line(offer, "name"),
            price: said::amount(offer, "price"),
            currency: said::text(row, "currency"),
            sales_start: said::instant(offer, "salesStart"),
            sales_end: said::instant(offer, "salesEnd"),
            category: category.and_then(|key| categories.get(key)).map(|name| (*name).to_owned()).into(),
            capacity: said::whole(offer, "amount"),
            tax_rate: said::number(offer, "taxRate"),
            active: said::flag(offer, "active"),
            ..Offer::default()
        };
        Some(Record::new(said::key(offer)?, stated))
    };
    listed(row, "tickets").filter_map(offer).collect()
}

fn shop_records(row: &Value, shop: &Value, event: &str) -> Vec<Record> {
    let Some(key) = said::key(shop) else { return Vec::new() };
    let stated = Shop {
        event: Stated::Value(event.to_owned()),
        name: said::line(shop, "name"),
        active: said::flag(shop, "active"),
        sales_start: said::instant(shop, "sellStart"),
        sales_end: said::instant(shop, "sellEnd"),
        capacity: said::whole(shop, "maxAmount"),
        customer_tags: said::texts(shop, "customerTags"),
        inventory: said::text(shop, "inventoryStrategy"),
        unlock: said::text(shop, "unlockMode"),
    };
    let offer = |offer: &Value| {
        let base = offer.get("baseTicket").and_then(Value::as_str);
        let own = said::key(offer).or(base)?;
        let stated = ShopOffer {
            event: Stated::Value(event.to_owned()),
            shop: Stated::Value(key.to_owned()),
            offer: base.map(str::to_owned).into(),
            name: said::line(offer, "name"),
            price: said::amount(offer, "price"),
            currency: said::text(row, "currency"),
            volume: said::whole(offer, "amount"),
            active: said::flag(offer, "active"),
        };
        Some(Record::new(format!("{key}/{own}"), stated))
    };
    let mut records = vec![Record::new(key, stated)];
    records.extend(listed(shop, "tickets").filter_map(offer));
    records
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_states_its_offers_and_shops() {
        let row = json!({
            "_id": "e1", "name": " HYROX  Hong Kong ", "timezone": "Asia/Hong_Kong", "maxAmount": 9000,
            "start": "2026-05-01T00:00:00.000Z", "end": "2026-05-03T10:00:00.000Z",
            "locationName": "AsiaWorld-Expo", "locationCity": "Hong Kong", "geoCode": {"lat": 22.3, "lng": 113.9},
            "categories": [{"ref": "k1", "name": "Athletes"}], "groups": [{"_id": "g1"}],
            "tickets": [{"_id": "o1", "name": "HYROX MEN | Friday ", "price": 900, "amount": 92, "active": true, "categoryRef": "k1"},
                        {"_id": "o2", "name": "SPECTATOR | All days", "price": 50, "active": false}],
            "underShops": [{"_id": "s1", "name": "PARTNERSHIP  ACCESS", "active": true,
                            "tickets": [{"_id": "x", "baseTicket": "o1", "amount": 10, "active": true}, {"baseTicket": "o2"}]}],
        });
        let records: Vec<(&str, Value)> =
            records(&row).iter().map(|record| (record.kind().name(), record.to_json())).collect();
        let kinds: Vec<&str> = records.iter().map(|(kind, _)| *kind).collect();
        assert_eq!(kinds, ["venue", "event", "offer", "offer", "shop", "shop_offer", "shop_offer"]);
        let event = &records[1].1;
        assert_eq!(
            (&event["title"], &event["venue"]),
            (&json!("HYROX Hong Kong"), &json!("asiaworld-expo, hong kong"))
        );
        assert_eq!((&event["price_max"], &event["extra"]["groups"][0]["_id"]), (&json!(900.0), &json!("g1")));
        assert_eq!(
            (&records[2].1["name"], &records[2].1["category"]),
            (&json!("HYROX MEN | Friday"), &json!("Athletes"))
        );
        assert_eq!(
            (&records[4].1["name"], &records[5].1["volume"]),
            (&json!("PARTNERSHIP ACCESS"), &json!(10))
        );
        // Fault 19: what is not known is not nothing.
        assert_eq!((&records[6].1["key"], records[6].1.get("volume")), (&json!("s1/o2"), None));
    }
}
