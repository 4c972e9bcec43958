//! Values in every shape schema.org allows, keys that stay, and forms that merge.

use chrono_tz::Tz;
use model::{Event, Stated};
use serde_json::json;

use super::*;

fn read(nodes: &[Value]) -> Vec<Record> {
    let url = Url::parse("https://x.test/list/").expect("url");
    records(nodes, &Base { url: &url, timezone: None })
}

fn of_kind(records: &[Record], kind: Kind) -> Vec<Value> {
    records.iter().filter(|record| record.kind() == kind).map(Record::to_json).collect()
}

fn one_event(node: Value) -> Event {
    let records = read(&[node]);
    records.iter().find_map(Record::as_event).expect("an event").clone()
}

fn event_keys(nodes: &[Value]) -> Vec<String> {
    let records = read(nodes);
    let events = records.iter().filter(|record| record.kind() == Kind::Event);
    events.map(|record| record.key.clone()).collect()
}

#[test]
fn places_in_every_shape() {
    let check = |location: Value, expected: Value| {
        let records = read(&[json!({"@type": "Event", "name": "a", "location": location.clone()})]);
        let venues = of_kind(&records, Kind::Venue);
        assert_eq!(venues.first().cloned().unwrap_or(Value::Null), expected, "{location}");
    };
    check(json!("Town Hall"), json!({"key": "town-hall", "name": "Town Hall"}));
    check(
        json!("Town Hall, 1 High St, Leeds"),
        json!({"key": "town-hall-1-high-st-leeds", "name": "Town Hall", "address": "Town Hall, 1 High St, Leeds"}),
    );
    check(json!("1 High St, Leeds"), json!({"key": "1-high-st-leeds", "address": "1 High St, Leeds"}));
    check(
        json!([{"@type": "Place", "name": "Hall &amp; Bar", "address": "1 High St",
                "geo": {"latitude": "53.8", "longitude": -1.5}}]),
        json!({"key": "hall-bar-1-high-st", "name": "Hall & Bar", "address": "1 High St", "lat": 53.8, "lon": -1.5}),
    );
    check(
        json!({"@type": "Place", "name": "Hall", "address": {"@type": "PostalAddress",
               "streetAddress": "1 High St", "addressLocality": "Leeds", "addressCountry": {"name": "gb"}}}),
        json!({"key": "hall-leeds", "name": "Hall", "street": "1 High St", "city": "Leeds", "country": "GB"}),
    );
    check(
        json!({"@type": "PostalAddress", "streetAddress": "1 High St", "postalCode": 12345}),
        json!({"key": "1-high-st-12345", "street": "1 High St", "postal_code": "12345"}),
    );
    check(json!({"@type": "Place", "geo": {"latitude": 0, "longitude": 0}}), Value::Null);
    check(json!({"@type": "Place", "name": ""}), Value::Null);
    check(
        json!({"name": "Hall, 1 High St", "address": "Hall, 1 High St"}),
        json!({"key": "hall-1-high-st", "name": "Hall", "address": "Hall, 1 High St"}),
    );
    check(json!(null), Value::Null);
}

#[test]
fn virtual_places_are_no_venues() {
    let online = one_event(
        json!({"@type": "Event", "location": {"@type": "VirtualLocation", "url": "https://meet.test/1"}}),
    );
    assert_eq!((online.attendance, online.venue), ("online".into(), Stated::Unstated));
    assert_eq!(online.location_notes, "https://meet.test/1".into());
    let linked =
        one_event(json!({"@type": "Event", "location": [{"@type": "Place", "name": "https://meet.test/1"}]}));
    assert_eq!((linked.attendance, linked.venue), ("online".into(), Stated::Unstated));
    let mixed = one_event(json!({"@type": "Event", "location": [{"@type": "VirtualLocation"}, "Hall"]}));
    assert_eq!((mixed.attendance, mixed.venue), ("mixed".into(), "hall".into()));
}

#[test]
fn prices_in_every_shape() {
    let check = |offers: Value, expected: &str| {
        let event = one_event(json!({"@type": "Event", "offers": offers.clone()}));
        let amount = |a: &Stated<model::Amount>| a.value().map_or("-".to_owned(), |a| a.to_string());
        let text = |t: &Stated<String>| t.value().cloned().unwrap_or("-".to_owned());
        let free = event.is_free.value().map_or("-".to_owned(), |f| f.to_string());
        let shown = format!(
            "{} {} {} {free} {}",
            amount(&event.price_min),
            amount(&event.price_max),
            text(&event.currency),
            text(&event.availability)
        );
        assert_eq!(shown, expected, "{offers}");
    };
    check(json!({"price": "35.60", "priceCurrency": "EUR"}), "35.60 35.60 EUR false -");
    check(json!({"price": 0, "priceCurrency": "GBP"}), "0 0 GBP true -");
    check(json!({"price": "", "availability": "https://schema.org/SoldOut"}), "- - - - sold_out");
    check(json!({"lowPrice": "$35", "offerCount": "1938"}), "35 35 - false -");
    check(json!({"lowPrice": 5, "highPrice": "12.50", "priceCurrency": "usd"}), "5 12.50 USD false -");
    check(
        json!([{"name": "Adult", "price": 10, "priceCurrency": "EUR", "availability": "InStock"},
               {"name": "Child", "price": 0, "priceCurrency": "EUR", "availability": "SoldOut"}]),
        "0 10 EUR false available",
    );
    check(
        json!({"@type": "AggregateOffer", "lowPrice": 1, "offers": [{"price": 3}, {"price": 4}]}),
        "3 4 - false -",
    );
    check(json!({"priceSpecification": {"price": "7", "priceCurrency": "EUR"}}), "7 7 EUR false -");
    check(json!([{"price": 5, "priceCurrency": "EUR"}, {"price": 6, "priceCurrency": "USD"}]), "- - - - -");
    check(json!([]), "- - - - -");
    check(json!("free"), "- - - - -");
}

#[test]
fn offers_are_records_of_their_event() {
    let records = read(&[json!({"@type": "Event", "name": "a", "url": "/e/1", "offers":
        [{"name": "Adult", "price": 10}, {"name": "Adult", "price": 12}, {"price": 3, "url": "/buy"}]})]);
    let offers = of_kind(&records, Kind::Offer);
    let keys: Vec<&str> = offers.iter().filter_map(|offer| offer["key"].as_str()).collect();
    let event = "https://x.test/e/1";
    assert_eq!(
        keys,
        [format!("{event}#offer-adult"), format!("{event}#offer-adult-2"), format!("{event}#offer-3")]
    );
    assert!(offers.iter().all(|offer| offer["event"] == event));
    assert_eq!(offers[2]["url"], "https://x.test/buy");
}

#[test]
fn parties_in_every_shape() {
    let records = read(&[json!({
        "@type": "MusicEvent",
        "performer": [{"@type": "MusicGroup", "name": "One", "sameAs": "http://a.test/one?utm_source=x"}, "Two",
                      "Organization"],
        "organizer": {"@type": "Organization", "name": "Club", "url": false, "email": "", "telephone": "1"},
    })]);
    assert_eq!(
        of_kind(&records, Kind::Performer),
        [
            json!({"key": "https://a.test/one", "name": "One", "role": "group",
                   "url": "http://a.test/one?utm_source=x"}),
            json!({"key": "two", "name": "Two"}),
        ]
    );
    assert_eq!(of_kind(&records, Kind::Organizer), [json!({"key": "club", "name": "Club", "phone": "1"})]);
    let event = records.iter().find_map(Record::as_event).expect("an event");
    assert_eq!(event.performers, vec!["https://a.test/one".to_owned(), "two".to_owned()].into());
    assert_eq!(event.categories, vec!["Music".to_owned()].into());
}

#[test]
fn the_sites_address_is_no_ones_own() {
    let shared = json!({"@type": "Event", "performer": [
        {"name": "One", "url": "https://x.test/"}, {"name": "Two", "url": "https://x.test/all"},
        {"name": "Three", "url": "https://x.test/all"}]});
    let event = one_event(shared);
    let expected = ["one", "https://x.test/all", "three"].map(str::to_owned).to_vec();
    assert_eq!(event.performers, expected.into());
}

#[test]
fn words_of_status_attendance_and_text() {
    let event = one_event(json!({
        "@type": "Event", "name": "It&amp;#8217;s  <b>on</b>", "description": "<p>One</p><p>Two\\'s</p>\\n",
        "eventStatus": ["EventRescheduled", "http://schema.org/EventMovedOnline"],
        "eventAttendanceMode": "https://schema.org/MixedEventAttendanceMode",
        "isAccessibleForFree": "True", "keywords": "jazz, late ,", "inLanguage": {"name": "Dutch", "alternateName": "nl"},
        "image": [{"@type": "ImageObject", "url": "/i.png"}], "typicalAgeRange": "18-", "superEvent": {"name": "The Run"},
    }));
    assert_eq!(event.title, "It\u{2019}s on".into());
    assert_eq!(event.description, "One\n\nTwo's".into());
    assert_eq!(event.status, "rescheduled".into());
    assert_eq!(event.attendance, "mixed".into());
    assert_eq!(event.is_free, true.into());
    assert_eq!(event.tags, vec!["jazz".to_owned(), "late".to_owned()].into());
    assert_eq!(event.language, "nl".into());
    assert_eq!(event.image_url, "https://x.test/i.png".into());
    assert_eq!(event.age_restriction, "18-".into());
    assert_eq!(event.series, "the-run".into());
}

#[test]
fn times_stay_as_said_and_take_the_configured_zone() {
    let node = json!({"@type": "Event", "startDate": "2026-05-01T20:00", "duration": "PT2H30M",
                      "doorTime": "19:00", "previousStartDate": "2026-04-01"});
    let event = one_event(node.clone());
    let start = event.start.value().expect("start");
    assert_eq!((start.said.as_str(), start.zone), ("2026-05-01T20:00", Zone::Floating));
    assert!(event.timezone.is_unstated());
    let local = |when: &Stated<When>| when.value().and_then(When::local).map(|t| t.to_string());
    assert_eq!(local(&event.end).as_deref(), Some("2026-05-01 22:30:00"));
    assert_eq!(local(&event.doors).as_deref(), Some("2026-05-01 19:00:00"));

    let url = Url::parse("https://x.test/").expect("url");
    let zoned = records(&[node], &Base { url: &url, timezone: Some(Tz::Europe__Paris) });
    let event = zoned.iter().find_map(Record::as_event).expect("an event");
    assert_eq!(event.timezone, "Europe/Paris".into());

    let broken = one_event(json!({"@type": "Event", "startDate": "2019-9-18T10-10-00-00"}));
    assert_eq!(
        broken.start.value().map(|when| (when.said.as_str(), when.date)),
        Some(("2019-9-18T10-10-00-00", None))
    );
}

#[test]
fn a_key_rests_on_as_little_as_tells_events_apart() {
    let event = |url: &str, start: &str, name: &str| json!({"@type": "Event", "url": url, "startDate": start, "name": name});
    let check = |nodes: &[Value], expected: &[&str]| assert_eq!(event_keys(nodes), expected);
    check(&[event("http://x.test/e?utm_source=a#top", "2026-05-01", "a")], &["https://x.test/e"]);
    check(
        &[event("/e", "2026-05-01T20:00:00+01:00", "a"), event("/e", "2026-05-02T20:00", "a")],
        &["https://x.test/e#2026-05-01T20:00", "https://x.test/e#2026-05-02T20:00"],
    );
    check(
        &[event("/e", "2026-05-01", "Early set"), event("/e", "2026-05-01", "Late set")],
        &["https://x.test/e#early-set", "https://x.test/e#late-set"],
    );
    check(&[event("/e", "2026-05-01", "a"), event("/e", "2026-05-01", "A!")], &["https://x.test/e"]);
    let own_id =
        |id: &str, start: &str| json!({"@type": "Event", "@id": id, "url": "/e", "startDate": start});
    check(&[own_id("e-1", "2026-05-01"), own_id("e-2", "2026-05-02")], &["e-1", "e-2"]);
}

#[test]
fn a_key_outlives_changes_of_other_fields() {
    let node = |price: &str, end: &str| json!({"@type": "Event", "name": "a", "startDate": "2026-05-01T20:00", "endDate": end, "offers": {"price": price}});
    let (before, after) =
        (event_keys(&[node("5", "2026-05-01T22:00")]), event_keys(&[node("6", "2026-05-01T23:00")]));
    assert_eq!(before, after);
    assert!(before[0].starts_with("event-"), "{before:?}");
    // A site's front page is not the event's own address.
    let front =
        json!({"@type": "Event", "name": "a", "startDate": "2026-05-01T20:00", "url": "https://x.test/"});
    assert_eq!(event_keys(&[front]), before);
}

#[test]
fn a_series_with_dates_of_its_own_is_no_event() {
    let dated = json!({"@type": "EventSeries", "name": "S", "subEvent": [{"@type": "Event", "name": "a"}]});
    assert_eq!(event_keys(&[dated]).len(), 0);
    assert_eq!(
        event_keys(&[json!({"@type": "EventSeries", "name": "S", "startDate": "2026-05-01"})]).len(),
        1
    );
}

#[test]
fn one_event_in_two_forms_is_one_node() {
    let first = vec![
        json!({"@type": "Event", "name": "Gala", "startDate": "2026-05-01T20:00:00+01:00", "image": ""}),
    ];
    let same = json!({"@type": "Event", "name": "GALA", "startDate": "2026-05-01T20:00", "image": "/i.png", "name2": 1});
    let other = json!({"@type": "Event", "name": "Other", "startDate": "2026-05-01T20:00"});
    let merged = merge(first.clone(), vec![same, other]);
    assert_eq!(merged.len(), 2);
    assert_eq!((&merged[0]["name"], &merged[0]["image"]), (&json!("Gala"), &json!("/i.png")));

    let day_only = json!({"@type": "Event", "name": "Gala", "startDate": "2026-05-01"});
    assert_eq!(merge(first.clone(), vec![day_only.clone()]).len(), 1);
    let two_sets =
        vec![first[0].clone(), json!({"@type": "Event", "name": "Gala", "startDate": "2026-05-01T22:00"})];
    assert_eq!(merge(two_sets, vec![day_only]).len(), 3);
}

#[test]
fn a_time_that_can_be_read_stands_in_for_one_that_cannot() {
    let broken = json!({"@type": "Event", "name": "Gala", "startDate": "2019-9-13T10-10-00-00", "endDate": "2019-9-13T23-23-50-00"});
    let sound = json!({"@type": "Event", "name": "Gala", "startDate": "2019-9-13T10:00", "endDate": "2019-9-13T23:50"});
    let merged = merge(vec![broken.clone()], vec![sound.clone()]);
    assert_eq!(merged, vec![sound]);
    let other_day = json!({"@type": "Event", "name": "Gala", "startDate": "2019-9-14T10:00"});
    assert_eq!(merge(vec![broken], vec![other_day]).len(), 2);
}
