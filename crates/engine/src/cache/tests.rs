//! The cache says what the store says: on every day, after every sort of change, whoever follows when.

mod faults;
mod kit;
mod random;

use std::time::Duration;

use chrono::TimeDelta;
use model::{Clock as Known, Event, Organizer, Performer, Record, Stated, Venue, When};
use store::cache::Filled;

use super::*;
use kit::{Desk, caches, day, evening, event, on};

/// Titles in a document.
async fn titles(desk: &Desk, of: &str) -> Vec<String> {
    let (document, from) = desk.days.day(day(of)).await.unwrap();
    assert_eq!(from, From::Cache, "{of}");
    let list: Vec<serde_json::Value> = serde_json::from_slice(&document.body).unwrap();
    assert_eq!(list.len() as u64, document.events);
    list.iter().map(|event| event["title"].as_str().unwrap_or_default().to_owned()).collect()
}

#[tokio::test]
async fn a_document_is_what_the_store_says_of_the_day_encoded_once() {
    for cache in caches() {
        let mut desk = Desk::new(cache).await;
        desk.collect(vec![
            event("1", "Set", evening("2026-03-10")),
            event("2", "Later", evening("2026-03-11")),
        ])
        .await;
        desk.days.catch_up().await.unwrap();
        let (document, _) = desk.days.day(day("2026-03-10")).await.unwrap();
        let only = Some(store::Bound::Day(day("2026-03-10")));
        let query = store::EventQuery { from: only, to: only, ..store::EventQuery::default() };
        let said = desk.days.store.events(&query).await.unwrap();
        let mut said: Vec<_> = said.iter().map(crate::present::event_json).collect();
        said[0].as_object_mut().unwrap().shift_remove("last_seen");
        assert_eq!(
            serde_json::from_slice::<serde_json::Value>(&document.body).unwrap(),
            serde_json::Value::from(said)
        );
        assert_eq!(document.hash, model::ContentHash::of(&document.body).to_hex());
        assert_eq!(titles(&desk, "2026-03-11").await, ["Later"]);

        // Seen again, and nothing else: the same bytes.
        desk.collect(vec![event("1", "Set", evening("2026-03-10"))]).await;
        desk.days.fill([day("2026-03-10")]).await.unwrap();
        assert_eq!(desk.days.day(day("2026-03-10")).await.unwrap().0.hash, document.hash);
    }
}

#[tokio::test]
async fn an_event_is_in_each_of_its_local_days_and_one_without_a_day_in_none() {
    for cache in caches() {
        let mut desk = Desk::new(cache).await;
        // 22:30 in Chicago is the next day in UTC.
        let late = When::at_local("x", "2026-03-10T22:30:00".parse().unwrap(), on("2026-03-10").zone);
        let only_date = |clock| When::on_date("x", day("2026-03-12"), clock, model::Zone::Floating);
        let fair = Event {
            title: "Fair".to_owned().into(),
            start: on("2026-03-14").into(),
            end: on("2026-03-16").into(),
            ..Event::default()
        };
        desk.collect(vec![
            event("late", "Late", late),
            event("date", "Date", only_date(Known::Unstated)),
            event("tba", "T.b.a.", only_date(Known::ToBeAnnounced)),
            event("none", "None", When { date: None, ..only_date(Known::ToBeAnnounced) }),
            Record::new("fair", fair),
        ])
        .await;
        desk.days.catch_up().await.unwrap();
        let check = async |of: &str, expected: &[&str]| assert_eq!(titles(&desk, of).await, expected, "{of}");
        check("2026-03-10", &["Late"]).await;
        check("2026-03-11", &[]).await;
        check("2026-03-12", &["Date", "T.b.a."]).await;
        check("2026-03-13", &[]).await;
        check("2026-03-14", &["Fair"]).await;
        check("2026-03-15", &["Fair"]).await;
        check("2026-03-16", &["Fair"]).await;
        check("2026-03-17", &[]).await;
    }
}

#[tokio::test]
async fn what_moves_vanishes_or_is_renamed_leaves_where_it_was() {
    for cache in caches() {
        let mut desk = Desk::new(cache).await;
        desk.collect(vec![
            event("1", "Moves", evening("2026-03-10")),
            event("2", "Vanishes", evening("2026-03-10")),
            event("3", "Stays", evening("2026-03-20")),
        ])
        .await;
        desk.days.catch_up().await.unwrap();
        assert_eq!(titles(&desk, "2026-03-10").await, ["Moves", "Vanishes"]);
        let moved =
            vec![event("1", "Moves", evening("2026-03-11")), event("3", "Renamed", evening("2026-03-20"))];
        assert_eq!(desk.collect_all(moved).await, 1);
        assert_eq!(titles(&desk, "2026-03-10").await, ["Moves", "Vanishes"], "nobody followed yet");
        let done = desk.days.catch_up().await.unwrap();
        assert_eq!((done.changes, done.written), (3, 3));
        assert_eq!(titles(&desk, "2026-03-10").await, Vec::<String>::new());
        assert_eq!(titles(&desk, "2026-03-11").await, ["Moves"]);
        assert_eq!(titles(&desk, "2026-03-20").await, ["Renamed"]);
        assert_eq!(desk.days.catch_up().await.unwrap(), CaughtUp::default(), "nothing came since");
        // It is back, somewhere else, and has moved twice before anybody follows.
        for back in ["2026-03-12", "2026-03-13"] {
            desk.collect(vec![event("2", "Back", evening(back))]).await;
        }
        desk.days.catch_up().await.unwrap();
        assert_eq!(titles(&desk, "2026-03-12").await, Vec::<String>::new());
        assert_eq!(titles(&desk, "2026-03-13").await, ["Back"]);
    }
}

#[tokio::test]
async fn a_venue_a_performer_or_an_organizer_with_another_name_changes_their_days() {
    let of = |hall: &str, act: &str, house: &str| {
        let set = Event {
            title: "Set".to_owned().into(),
            start: evening("2026-03-10").into(),
            venue: "v".to_owned().into(),
            performers: Stated::Value(vec!["p".to_owned()]),
            organizer: "o".to_owned().into(),
            ..Event::default()
        };
        vec![
            Record::new("v", Venue { name: hall.to_owned().into(), ..Venue::default() }),
            Record::new("p", Performer { name: act.to_owned().into(), ..Performer::default() }),
            Record::new("o", Organizer { name: house.to_owned().into(), ..Organizer::default() }),
            Record::new("1", set),
            event("2", "Elsewhere", evening("2026-03-11")),
        ]
    };
    for cache in caches() {
        let mut desk = Desk::new(cache).await;
        desk.collect(of("Hall", "Act", "House")).await;
        desk.days.catch_up().await.unwrap();
        for names in
            [["Hall 2", "Act", "House"], ["Hall 2", "Act 2", "House"], ["Hall 2", "Act 2", "House 2"]]
        {
            desk.collect(of(names[0], names[1], names[2])).await;
            assert_eq!(desk.days.catch_up().await.unwrap().written, 1, "{names:?}");
            let (document, from) = desk.days.day(day("2026-03-10")).await.unwrap();
            let list: serde_json::Value = serde_json::from_slice(&document.body).unwrap();
            let found = [&list[0]["venue"]["name"], &list[0]["performers"][0], &list[0]["organizer"]];
            assert_eq!((found, from), (names.map(serde_json::Value::from).each_ref(), From::Cache));
        }
    }
}

#[tokio::test]
async fn documents_live_as_the_ladder_says() {
    for cache in caches() {
        let desk = Desk::new(cache).await;
        desk.days.catch_up().await.unwrap();
        let today = desk.days.today();
        let check = async |distance: i64, hours: u64| {
            let left = desk.days.cache.left(vec![today + TimeDelta::days(distance)]).await.unwrap()[0];
            let full = Duration::from_secs(hours * 3_600);
            assert!(left <= full && left > full - Duration::from_secs(120), "{distance}: {left:?}");
        };
        check(-1, 168).await;
        check(0, 1).await;
        check(1, 12).await;
        check(7, 12).await;
        check(8, 24).await;
        check(30, 24).await;
        let beyond = today + TimeDelta::days(31);
        assert_eq!(desk.days.cache.left(vec![beyond]).await.unwrap(), [Duration::ZERO]);
        // Who asks for a day beyond fills it.
        assert_eq!(desk.days.day(beyond).await.unwrap().1, From::Store);
        assert_eq!(desk.days.day(beyond).await.unwrap().1, From::Cache);
    }
}

#[tokio::test]
async fn nothing_is_served_when_its_time_is_over_and_what_will_be_is_written_anew() {
    for cache in caches() {
        let desk = Desk::new(cache).await;
        desk.days.catch_up().await.unwrap();
        let today = desk.days.today();
        assert_eq!(desk.days.day(today).await.unwrap().1, From::Cache);
        desk.pass(TimeDelta::minutes(59));
        assert_eq!(
            desk.days.freshen().await.unwrap(),
            u64::from(!desk.days.cache.is_shared()),
            "today's alone"
        );
        desk.pass(TimeDelta::minutes(2));
        let (document, from) = desk.days.day(today).await.unwrap();
        // Redis has a clock of its own, and did not count that hour; the document says when it ends.
        let expected = if desk.days.cache.is_shared() { From::Store } else { From::Cache };
        assert_eq!(from, expected);
        assert!(document.expires_at > (desk.days.clock)());
        let counts = desk.days.cache.counters().read();
        assert_eq!(counts.hits + counts.misses, 2, "{counts:?}");
    }
}

#[tokio::test]
async fn who_read_before_a_change_and_writes_after_it_was_followed_is_refused() {
    for cache in caches() {
        let mut desk = Desk::new(cache).await;
        // Beyond the window: there is no document that would be newer.
        let far = "2026-06-10";
        desk.collect(vec![event("1", "Old", evening(far))]).await;
        desk.days.catch_up().await.unwrap();
        let late = desk.days.document(day(far)).await.unwrap();
        desk.collect(vec![event("1", "New", evening(far))]).await;
        assert_eq!(desk.days.catch_up().await.unwrap(), CaughtUp { changes: 1, ..CaughtUp::default() });
        assert!(!desk.days.cache.put(late).await.unwrap());
        assert_eq!(desk.days.day(day(far)).await.unwrap().1, From::Store);
        assert_eq!(titles(&desk, far).await, ["New"]);
    }
}

#[tokio::test]
async fn after_a_purge_nothing_of_it_is_served_even_before_anybody_follows() {
    for cache in caches() {
        let mut desk = Desk::new(cache).await;
        desk.collect(vec![event("1", "Old", evening("2026-03-10"))]).await;
        desk.days.catch_up().await.unwrap();
        assert_eq!(titles(&desk, "2026-03-10").await, ["Old"]);
        let late = desk.days.document(day("2026-03-10")).await.unwrap();
        desk.pass(TimeDelta::hours(25));
        desk.purge().await;
        let (document, from) = desk.days.day(day("2026-03-10")).await.unwrap();
        assert_eq!((&document.body[..], from), (&b"[]"[..], From::Store));
        desk.days.catch_up().await.unwrap();
        assert!(
            !desk.days.cache.put(late).await.unwrap(),
            "who read before the purge and is late is refused"
        );
        assert_eq!(titles(&desk, "2026-03-10").await, Vec::<String>::new());
    }
}

#[tokio::test]
async fn a_store_that_went_back_in_time_begins_anew() {
    for cache in caches() {
        let mut desk = Desk::new(cache).await;
        desk.collect(vec![event("1", "Set", evening("2026-03-10"))]).await;
        desk.days.catch_up().await.unwrap();
        let at = desk.days.store.mark().await.unwrap();
        let ahead = store::Mark { seq: at.seq + 5, ..at };
        assert!(desk.days.cache.advance(at, ahead).await.unwrap());
        assert_eq!(desk.days.catch_up().await.unwrap().anew, Some(Anew::Ahead));
        assert_eq!(desk.days.cache.filled().await.unwrap(), Filled::UpTo(at));
        assert_eq!(titles(&desk, "2026-03-10").await, ["Set"]);
    }
}
