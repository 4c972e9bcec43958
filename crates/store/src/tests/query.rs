//! Finding events: by time, place, text and the rest.

use crate::{Bound, EventQuery, Near, StoreError};
use model::{Clock, Event, Record, Stated, Venue, When, Zone};

use crate::tests::kit::{Kit, event, on, page, titled, venue};

fn day(text: &str) -> Option<Bound> {
    Some(Bound::Day(text.parse().unwrap()))
}

fn instant(text: &str) -> Option<Bound> {
    Some(Bound::Instant(text.parse().unwrap()))
}

fn at(key: &str, local: &str, zone: Zone) -> Record {
    let start = When::at_local(local, local.parse().unwrap(), zone);
    Record::new(key, Event { start: start.into(), ..event(key) })
}

fn days(key: &str, first: &str, last: &str) -> Record {
    let on = |text: &str| When::on_date(text, text.parse().unwrap(), Clock::AllDay, Zone::Floating).into();
    Record::new(key, Event { start: on(first), end: on(last), ..event(key) })
}

#[tokio::test]
async fn days_are_local_and_instants_are_absolute() {
    let zone = |name: &str| Zone::Named(name.parse().unwrap());
    let mut kit = Kit::new().await;
    let records = vec![
        at("tokyo", "2026-03-29T08:00:00", zone("Asia/Tokyo")),
        at("berlin gap", "2026-03-29T02:30:00", zone("Europe/Berlin")),
        at("berlin after", "2026-03-29T03:10:00", zone("Europe/Berlin")),
        at("floating", "2026-03-29T12:00:00", Zone::Floating),
        days("fair", "2026-03-27", "2026-03-29"),
        at("new york", "2026-03-28T23:30:00", zone("America/New_York")),
    ];
    kit.collect(vec![page("1", records)]).await;
    let check = async |from, to, expected: &[&str]| {
        let query = EventQuery { from, to, ..EventQuery::default() };
        assert_eq!(kit.titles(query).await, expected, "{from:?} {to:?}");
    };
    let sunday = ["fair", "tokyo", "berlin after", "berlin gap", "floating"];
    check(day("2026-03-29"), day("2026-03-29"), &sunday).await;
    check(day("2026-03-28"), day("2026-03-28"), &["fair", "new york"]).await;
    check(day("2026-03-30"), None, &[]).await;
    check(None, day("2026-03-27"), &["fair"]).await;
    // 02:30 does not exist in Berlin that night: it lands at 01:30 UTC, after 03:10 (01:10 UTC).
    check(instant("2026-03-29T01:20:00Z"), None, &["berlin gap", "new york"]).await;
    check(None, instant("2026-03-29T01:10:00Z"), &["tokyo", "berlin after"]).await;
}

#[tokio::test]
async fn a_view_tells_what_hangs_on_the_event() {
    let mut kit = Kit::new().await;
    let fields = Event {
        venue: "v".into(),
        organizer: "unknown".into(),
        price_min: "12.50".parse::<model::Amount>().unwrap().into(),
        currency: "EUR".into(),
        is_free: false.into(),
        categories: vec!["Music".to_owned()].into(),
        ..event("Gala")
    };
    kit.collect(vec![page("1", vec![Record::new("1", fields), venue("v", "Hall", 52.5, 13.4)])]).await;
    let found = kit.store.events(&EventQuery::default()).await.unwrap();
    let gala = &found[0];
    let hall = gala.venue.as_ref().unwrap();
    assert_eq!((hall.name.as_deref(), hall.lat, hall.city.as_deref()), (Some("Hall"), Some(52.5), None));
    assert_eq!((gala.price.min, gala.price.max, gala.price.is_free), (Some(12.5), None, Some(false)));
    assert_eq!(
        (gala.organizer.as_deref(), gala.all_day, &gala.categories[..]),
        (None, false, &["Music".to_owned()][..])
    );
    assert_eq!(gala.start, Some(on("2026-03-10")));
    assert_eq!(
        (&gala.first_seen, &gala.last_seen),
        (&"2026-03-01T13:00:00Z".to_owned(), &"2026-03-01T13:00:00Z".to_owned())
    );
}

#[tokio::test]
async fn near_is_a_circle_and_the_limit_counts_inside_it() {
    let mut kit = Kit::new().await;
    let mut records = Vec::new();
    // In the corner of the box, 14 km away; then three inside.
    for (key, lat, lon) in
        [("corner", 52.59, 13.55), ("a", 52.52, 13.40), ("b", 52.53, 13.41), ("c", 52.50, 13.40)]
    {
        records.push(venue(key, key, lat, lon));
        records.push(Record::new(key, Event { venue: key.into(), ..event(key) }));
    }
    records.push(titled("nowhere", "nowhere"));
    kit.collect(vec![page("1", records)]).await;
    let near = Some(Near { lat: 52.52, lon: 13.40, radius_km: 11.0 });
    let query = EventQuery { near, ..EventQuery::default() };
    assert_eq!(kit.titles(query.clone()).await, ["a", "b", "c"]);
    assert_eq!(kit.titles(EventQuery { limit: Some(2), offset: 1, ..query.clone() }).await, ["b", "c"]);
    let wide = Some(Near { lat: 52.52, lon: 13.40, radius_km: 20.0 });
    assert_eq!(kit.titles(EventQuery { near: wide, ..query }).await.len(), 4);
}

#[tokio::test]
async fn text_finds_words_wherever_they_stand() {
    let mut kit = Kit::new().await;
    let fields = Event {
        description: "An evening of rock'n'roll".into(),
        venue: "v".into(),
        tags: vec!["Swing".to_owned()].into(),
        ..event("Große Café-Gala")
    };
    kit.collect(vec![page("1", vec![Record::new("1", fields), titled("2", "Other")])]).await;
    let place = Venue { name: "Tempodrom".into(), city: "Zürich".into(), ..Venue::default() };
    kit.collect(vec![page("2", vec![Record::new("v", place)])]).await;
    let check = async |kit: &Kit, text: &str, expected: usize| {
        let query = EventQuery { text: Some(text.to_owned()), ..EventQuery::default() };
        assert_eq!(kit.titles(query).await.len(), expected, "{text:?}");
    };
    for text in
        ["cafe", "gala tempo", "ZURICH", "rock'n'roll", "swi", "zürich evening", "\"gala", "gala)", "gala\0"]
    {
        check(&kit, text, 1).await;
    }
    for text in ["gala OR other", "gal cafe", "title:gala^", "NOT gala", "tempodrom*x"] {
        check(&kit, text, 0).await;
    }
    let empty = EventQuery { text: Some(" \"* ".to_owned()), ..EventQuery::default() };
    assert!(matches!(kit.store.events(&empty).await, Err(StoreError::Question(_))));

    kit.collect(vec![page("2", vec![Record::new("v", Venue { name: "Arena".into(), ..Venue::default() })])])
        .await;
    check(&kit, "arena", 1).await;
    check(&kit, "tempodrom", 0).await;
    kit.collect(vec![page("1", vec![titled("1", "Renamed")])]).await;
    check(&kit, "renamed arena", 1).await;
    check(&kit, "cafe", 0).await;
}

#[tokio::test]
async fn a_word_with_a_sign_inside_is_words_beside_each_other() {
    let mut kit = Kit::new().await;
    let titles =
        ["Hip-Hop at 7:30", "Hop on, hip people", "R & B", "B sides of the R", "Jazz/Funk", "Funk, Jazz"];
    let events = titles.iter().enumerate().map(|(at, title)| titled(&at.to_string(), title));
    kit.collect(vec![page("1", events.collect())]).await;
    for (text, expected) in [
        ("hip-hop", 1),
        ("hip hop", 2),
        ("hop-hip", 0),
        ("r&b", 1),
        ("b r", 2),
        ("jazz/funk", 1),
        ("jazz/fu", 1),
        ("jazz/fu funk", 0),
        ("7:30", 1),
        ("7:3", 1),
        ("7:30 hip-hop", 1),
        ("30:7", 0),
    ] {
        let query = EventQuery { text: Some(text.to_owned()), ..EventQuery::default() };
        assert_eq!(kit.titles(query).await.len(), expected, "{text:?}");
    }
}

#[tokio::test]
async fn the_other_filters_disregard_case() {
    let mut kit = Kit::new().await;
    let fields = Event {
        status: "cancelled".into(),
        categories: vec!["Folk_Music".to_owned()].into(),
        is_free: Stated::Value(true),
        ..event("Gala")
    };
    kit.collect(vec![page("1", vec![Record::new("1", fields), titled("2", "Other")])]).await;
    let any = EventQuery::default;
    let check = async |query: EventQuery, expected: &[&str]| {
        assert_eq!(kit.titles(query.clone()).await, expected, "{query:?}");
    };
    check(EventQuery { status: Some("Cancelled".into()), ..any() }, &["Gala"]).await;
    check(EventQuery { category: Some("folk_music".into()), ..any() }, &["Gala"]).await;
    check(EventQuery { category: Some("folkxmusic".into()), ..any() }, &[]).await;
    check(EventQuery { free: Some(true), ..any() }, &["Gala"]).await;
    check(EventQuery { free: Some(false), ..any() }, &[]).await;
    check(EventQuery { source: Some("A".into()), limit: Some(1), ..any() }, &["Gala"]).await;
    check(EventQuery { source: Some("b".into()), ..any() }, &[]).await;
    let sources = kit.store.sources().await.unwrap();
    assert_eq!((sources.len(), sources[0].source.as_str(), sources[0].events), (1, "a", 2));
}
