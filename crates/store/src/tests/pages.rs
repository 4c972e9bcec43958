//! Rows page by page: in order, each once, with conditions, since a change.

use model::{Event, Kind, Offer, Organizer, Performer, Record, SourceName, Stated, Venue};

use super::kit::{Kit, event, on, page, titled, venue};
use crate::{KeptRow, LandedDocument, RowCondition, RowQuery};

/// Reads everything in pages of so many.
async fn all(kit: &Kit, query: &RowQuery, most: usize) -> Vec<KeptRow> {
    let extent = kit.store.extent(query.kind).await.unwrap();
    let (mut rows, mut after) = (Vec::new(), Some(0));
    while let Some(from) = after {
        let page = kit.store.row_page(query, from, extent.last_row, most).await.unwrap();
        assert!(page.rows.len() <= most);
        rows.extend(page.rows);
        after = page.next;
    }
    assert!(rows.is_sorted_by(|a, b| a.number < b.number), "in order, each once");
    rows
}

async fn keys(kit: &Kit, query: &RowQuery) -> Vec<String> {
    all(kit, query, 2).await.into_iter().map(|row| row.source_key).collect()
}

fn with(kind: Kind, condition: &str) -> RowQuery {
    RowQuery { conditions: vec![RowCondition::parse(kind, condition).unwrap()], ..RowQuery::all(kind) }
}

#[tokio::test]
async fn pages_of_any_size_hold_every_row_once() {
    let mut kit = Kit::new().await;
    let records = (0..10).map(|n| titled(&n.to_string(), "Gala")).collect();
    kit.collect(vec![page("1", records)]).await;
    for most in [1, 3, 5, 10, 50] {
        assert_eq!(all(&kit, &RowQuery::all(Kind::Event), most).await.len(), 10, "{most}");
    }
    assert_eq!(all(&kit, &RowQuery::all(Kind::Venue), 5).await, []);
}

#[tokio::test]
async fn rows_of_one_source_are_asked_for_by_it() {
    let mut kit = Kit::new().await;
    let of = |source: &str, key: &str| {
        let source = SourceName::new(source);
        LandedDocument { source, ..page(key, vec![titled(key, "Gala"), venue("hall", "Hall", 52.5, 13.4)]) }
    };
    kit.collect(vec![of("a", "1"), of("b", "2"), of("a", "3")]).await;
    for (source, kind, expected) in [
        (Some("a"), Kind::Event, &["1", "3"][..]),
        (Some("b"), Kind::Event, &["2"]),
        (Some("c"), Kind::Event, &[]),
        (None, Kind::Event, &["1", "2", "3"]),
        (Some("b"), Kind::Venue, &["hall"]),
    ] {
        let query = RowQuery { source: source.map(SourceName::new), ..RowQuery::all(kind) };
        assert_eq!(keys(&kit, &query).await, expected, "{source:?} {}", kind.name());
    }
}

#[tokio::test]
async fn conditions_hold_by_the_columns_type() {
    let mut kit = Kit::new().await;
    let hall = Venue { city: "Berlin".into(), capacity: 900.into(), url: Stated::Empty, ..Venue::default() };
    let gala = Event { tags: vec!["swing".to_owned()].into(), is_free: true.into(), ..event("Gala") };
    let ball = Event {
        start: on("2026-03-20").into(),
        price_min: "12.50".parse::<model::Amount>().unwrap().into(),
        venue: "hall".to_owned().into(),
        organizer: "who".to_owned().into(),
        performers: vec!["trio".to_owned(), "Unlisted".to_owned()].into(),
        ..event("Ball")
    };
    let offer = Offer {
        sales_start: "2026-03-02T10:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap().into(),
        ..Offer::default()
    };
    let records = vec![
        Record::new("hall", hall),
        venue("cave", "Cave", 52.5, 13.4),
        Record::new("gala", gala),
        Record::new("ball", ball),
        Record::new("early", offer),
        Record::new("trio", Performer { name: "The Trio".into(), ..Performer::default() }),
        Record::new("who", Organizer { name: "Who".into(), ..Organizer::default() }),
    ];
    kit.collect(vec![page("1", records)]).await;
    let check = async |kind, condition: &str, expected: &[&str]| {
        assert_eq!(keys(&kit, &with(kind, condition)).await, expected, "{condition}");
    };
    check(Kind::Venue, "city=Berlin", &["hall"]).await;
    check(Kind::Venue, "city!=Berlin", &["cave"]).await;
    check(Kind::Venue, "city=Berlin' OR '1'='1", &[]).await;
    check(Kind::Venue, "city=", &["cave"]).await;
    check(Kind::Venue, "capacity>=900", &["hall"]).await;
    check(Kind::Venue, "lat<52.6", &["cave"]).await;
    check(Kind::Event, "tags=swing", &["gala"]).await;
    check(Kind::Event, "tags!=swing", &["ball"]).await;
    check(Kind::Event, "is_free=true", &["gala"]).await;
    check(Kind::Event, "price_min<=12.5", &["ball"]).await;
    check(Kind::Event, "start>2026-03-10", &["ball"]).await;
    check(Kind::Event, "start<2026-03-10T19:00:00Z", &["gala"]).await;
    check(Kind::Event, "start_date>2026-03-10", &["ball"]).await;
    check(Kind::Event, "start_date=2026-03-20", &["ball"]).await;
    check(Kind::Event, "start_at<2026-03-10T19:00:00Z", &["gala"]).await;
    check(Kind::Event, "start_local<2026-03-11", &["gala"]).await;
    check(Kind::Event, "doors_zone=", &["gala", "ball"]).await;
    check(Kind::Event, "venue_city=Berlin", &["ball"]).await;
    check(Kind::Event, "venue_lat=", &["gala", "ball"]).await;
    check(Kind::Event, "organizer_name=Who", &["ball"]).await;
    check(Kind::Event, "performer_names=The Trio", &["ball"]).await;
    check(Kind::Event, "performer_names=Unlisted", &["ball"]).await;
    check(Kind::Event, "performer_names!=The Trio", &["gala"]).await;
    check(Kind::Event, "last_seen>=2999-01-01", &[]).await;
    check(Kind::Venue, "last_seen>=2000-01-01", &["hall", "cave"]).await;
    check(Kind::Venue, "gone_at!=", &[]).await;
    check(Kind::Offer, "sales_start=2026-03-02", &["early"]).await;
    check(Kind::Offer, "sales_start>2026-03-02", &[]).await;
    check(Kind::Offer, "sales_start<=2026-03-02", &["early"]).await;
    check(Kind::Organizer, "source!= A", &[]).await;
}

#[tokio::test]
async fn since_a_change_come_what_changed_and_what_is_gone() {
    let mut kit = Kit::new().await;
    let records = |titles: &[(&str, &str)]| titles.iter().map(|(key, title)| titled(key, title)).collect();
    kit.collect_and_sweep(
        vec![page("1", records(&[("1", "One"), ("2", "Two"), ("3", "Three"), ("4", "Four")]))],
        1.0,
    )
    .await;
    let before = kit.last_change().await;
    kit.collect_and_sweep(vec![page("1", records(&[("1", "One"), ("2", "Second"), ("4", "Four")]))], 1.0)
        .await;

    let since = RowQuery { since: Some(before), ..RowQuery::all(Kind::Event) };
    let changed = all(&kit, &since, 1).await;
    let told: Vec<_> = changed.iter().map(|row| (row.source_key.as_str(), row.gone_at.is_some())).collect();
    assert_eq!(told, [("2", false), ("3", true)]);
    let now = kit.store.extent(Kind::Event).await.unwrap().last_change;
    assert_eq!(all(&kit, &RowQuery { since: Some(now), ..since }, 5).await, []);

    let there = keys(&kit, &RowQuery::all(Kind::Event)).await;
    assert_eq!(there, ["1", "2", "4"]);
    let gone = keys(&kit, &RowQuery { gone: true, ..RowQuery::all(Kind::Event) }).await;
    assert_eq!(gone.len(), 4);
}

#[tokio::test]
async fn events_come_with_what_hangs_on_them_and_the_earliest_first_when_asked() {
    let mut kit = Kit::new().await;
    let at = |key: &str, day: &str| {
        Record::new(key, Event { start: on(day).into(), venue: "v".into(), ..event(key) })
    };
    let records = vec![venue("v", "Hall", 52.5, 13.4), at("late", "2026-05-01"), at("early", "2026-03-01")];
    kit.collect(vec![page("1", records)]).await;
    let query = RowQuery::all(Kind::Event);
    let numbers = kit.store.earliest_events(&query, 5).await.unwrap();
    let rows = kit.store.row_list(Kind::Event, &numbers).await.unwrap();
    let keys: Vec<&str> = rows.iter().map(|row| row.source_key.as_str()).collect();
    assert_eq!(keys, ["early", "late"]);
    let venue = rows[0].event.as_ref().and_then(|event| event.venue.as_ref()).unwrap();
    assert_eq!(venue.name.as_deref(), Some("Hall"));

    let mut near = query;
    for (radius_km, found) in [(1.0, 2), (0.0001, 0)] {
        near.events.near = Some(crate::Near { lat: 52.5005, lon: 13.4, radius_km });
        assert_eq!(all(&kit, &near, 1).await.len(), found, "{radius_km}");
    }
}
