//! What a commit writes, counts and leaves alone.

use crate::{Batch, EventQuery, Read, StoreError};
use model::{ContentHash, Event, Kind, Performer, Record, SourceName, Stated};
use serde_json::json;

use testkit::TempFolder;

use crate::tests::kit::{Kit, counts, db, document, event, kept_out, now, page, records_read, titled, venue};

/// What PostgreSQL cannot keep of a text does not count as a difference each time.
#[tokio::test]
async fn a_title_with_a_zero_byte_does_not_flap() {
    let mut kit = Kit::new().await;
    for _ in 0..2 {
        kit.collect(vec![page("a", vec![titled("1", "Ga\0la")]), page("b", vec![titled("1", "Ga\0la")])])
            .await;
    }
    assert_eq!(kit.log(0).await.len(), 1);
}

#[tokio::test]
async fn the_same_input_twice_changes_nothing() {
    let mut kit = Kit::new().await;
    let input =
        || vec![page("1", vec![venue("v", "Hall", 52.0, 13.0), titled("1", "Gala"), titled("2", "Ball")])];
    let first = kit.collect(input()).await;
    assert_eq!((counts(&first, Kind::Event), counts(&first, Kind::Venue)), ((2, 0, 0), (1, 0, 0)));
    assert_eq!(first.touched.len(), 3);
    let log = kit.last_change().await;
    let second = kit.collect(input()).await;
    assert_eq!((counts(&second, Kind::Event), counts(&second, Kind::Venue)), ((0, 0, 2), (0, 0, 1)));
    assert!(second.touched.is_empty());
    assert_eq!(kit.last_change().await, log);
}

#[tokio::test]
async fn an_edit_is_logged_field_by_field() {
    let mut kit = Kit::new().await;
    kit.collect(vec![page("1", vec![titled("1", "Gala"), titled("2", "Ball")])]).await;
    assert!(kit.log(0).await[0].starts_with("insert event title: null -> \"Gala\", start: null -> {"));
    let log = kit.last_change().await;
    let edited = kit.collect(vec![page("1", vec![titled("1", "Grand Gala"), titled("2", "Ball")])]).await;
    assert_eq!(counts(&edited, Kind::Event), (0, 1, 1));
    assert_eq!(kit.log(log).await, ["update event title: \"Gala\" -> \"Grand Gala\""]);
}

#[tokio::test]
async fn unstated_keeps_and_empty_clears() {
    let mut kit = Kit::new().await;
    let with_url = Event { url: "https://a.test/g".into(), currency: "EUR".into(), ..event("Gala") };
    kit.collect(vec![page("1", vec![Record::new("1", with_url)])]).await;
    let log = kit.last_change().await;
    let silent = kit.collect(vec![page("1", vec![titled("1", "Gala")])]).await;
    assert_eq!(counts(&silent, Kind::Event), (0, 0, 1));
    let clearing = Event { url: Stated::Empty, ..event("Gala") };
    kit.collect(vec![page("1", vec![Record::new("1", clearing)])]).await;
    assert_eq!(kit.log(log).await, ["update event url: \"https://a.test/g\" -> null"]);
    let found = kit.store.events(&EventQuery::default()).await.unwrap();
    assert_eq!((found[0].url.as_deref(), found[0].price.currency.as_deref()), (None, Some("EUR")));
}

#[tokio::test]
async fn pages_that_disagree_do_not_flap() {
    let mut kit = Kit::new().await;
    let input =
        || vec![page("list", vec![titled("1", "Gala")]), page("detail", vec![titled("1", "The Gala")])];
    let first = kit.collect(input()).await;
    assert_eq!(counts(&first, Kind::Event), (1, 0, 0), "new wins over changed");
    let log = kit.last_change().await;
    for _ in 0..3 {
        assert_eq!(counts(&kit.collect(input()).await, Kind::Event), (0, 0, 1));
    }
    assert_eq!(kit.last_change().await, log);
    assert_eq!(kit.titles(EventQuery::default()).await, ["The Gala"]);
    let mut edited = input();
    edited[0] = page("list", vec![titled("1", "Gala, moved")]);
    assert_eq!(counts(&kit.collect(edited).await, Kind::Event), (0, 1, 0));
    assert_eq!(kit.titles(EventQuery::default()).await, ["Gala, moved"]);
}

#[tokio::test]
async fn a_row_counts_once_per_run_across_batches() {
    let mut kit = Kit::new().await;
    kit.collect(vec![
        page("1", vec![venue("v", "Hall", 1.0, 1.0)]),
        page("2", vec![venue("v", "Hall", 1.0, 1.0)]),
    ])
    .await;
    let run = kit.begin().await;
    let mut sum = kit.commit(run, vec![page("1", vec![venue("v", "Hall", 1.0, 1.0)])]).await;
    let second = kit.commit(run, vec![page("2", vec![venue("v", "New Hall", 1.0, 1.0)])]).await;
    sum.by_kind.get_mut(&Kind::Venue).unwrap().add(second.by_kind[&Kind::Venue]);
    assert_eq!(counts(&sum, Kind::Venue), (0, 1, 0));
}

#[tokio::test]
async fn said_differently_is_not_a_change() {
    let mut kit = Kit::new().await;
    kit.collect(vec![page("1", vec![titled("1", "Gala")])]).await;
    let log = kit.last_change().await;
    let mut again = event("Gala");
    if let Stated::Value(start) = &mut again.start {
        start.said = "10 March, 7 pm".to_owned();
    }
    let outcome = kit.collect(vec![page("1", vec![Record::new("1", again)])]).await;
    assert_eq!(counts(&outcome, Kind::Event), (0, 0, 1));
    assert_eq!(kit.last_change().await, log);
}

#[tokio::test]
async fn unchanged_documents_stand_for_what_they_said() {
    let mut kit = Kit::new().await;
    let quarantined = vec![kept_out(Some("bad"), "missing_start")];
    let read = records_read(vec![titled("1", "Gala"), venue("v", "Hall", 1.0, 1.0)], quarantined);
    assert_eq!(kit.store.known_document("page", crate::tests::kit::SCOPE, "1").await.unwrap(), None);
    kit.collect(vec![document("1", read)]).await;
    let known = kit.store.known_document("page", crate::tests::kit::SCOPE, "1").await.unwrap().unwrap();
    assert_eq!((known.body, known.etag.as_deref()), (ContentHash::of(b"1"), Some("\"1\"")));
    assert_eq!((known.records[&Kind::Event], known.quarantined), (1, 1));
    let mut answer = document("1", Read::Unchanged);
    (answer.status, answer.body) = (304, None);
    let outcome = kit.collect(vec![answer]).await;
    assert_eq!((counts(&outcome, Kind::Event), counts(&outcome, Kind::Venue)), ((0, 0, 1), (0, 0, 1)));
    assert_eq!(outcome.quarantined["missing_start"], 1);
    let documents = kit.store.documents_of_source(&SourceName::new("a")).await.unwrap();
    let told: Vec<_> = documents.iter().map(|d| (&d.outcome[..], d.status, d.records, d.body)).collect();
    let body = Some(ContentHash::of(b"1"));
    assert_eq!(told, [("read", 200, 2, body), ("unchanged", 304, 2, body)]);
}

#[tokio::test]
async fn a_failed_document_is_kept_and_changes_nothing_known() {
    let mut kit = Kit::new().await;
    kit.collect(vec![page("1", vec![titled("1", "Gala")])]).await;
    let mut failed = document("1", Read::Failed { error: "500".to_owned() });
    failed.headers.push(("set-cookie".to_owned(), "session=secret".to_owned()));
    let run = kit.begin().await;
    kit.commit(run, vec![failed]).await;
    let documents = kit.store.documents_of_run(run.0).await.unwrap();
    assert_eq!((&documents[0].outcome[..], documents[0].error.as_deref()), ("failed", Some("500")));
    assert!(documents[0].headers.iter().all(|(name, _)| name != "set-cookie"));
    assert!(kit.store.known_document("page", crate::tests::kit::SCOPE, "1").await.unwrap().is_some());
}

#[tokio::test]
async fn the_quarantine_holds_each_listing_once_until_it_passes() {
    let mut kit = Kit::new().await;
    let bad = || {
        records_read(
            vec![titled("1", "Gala")],
            vec![kept_out(Some("2"), "missing_start"), kept_out(None, "noise")],
        )
    };
    let first = kit.collect(vec![document("1", bad())]).await;
    assert_eq!(first.quarantined.values().sum::<u64>(), 2);
    kit.collect(vec![document("1", bad())]).await;
    let standing = kit.store.quarantine(10).await.unwrap();
    assert_eq!(standing.len(), 2);
    assert!(
        standing.iter().all(|row| row.count == 2 && row.first_seen < row.last_seen && row.document == "1")
    );
    kit.collect(vec![page("1", vec![titled("1", "Gala"), titled("2", "Ball")])]).await;
    assert_eq!(kit.store.quarantine(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_row_that_the_gate_keeps_out_later_stays_and_is_compared_when_it_passes() {
    let mut kit = Kit::new().await;
    kit.collect(vec![page("1", vec![titled("1", "Gala"), titled("2", "Ball")])]).await;
    let bad = records_read(vec![titled("1", "Gala")], vec![kept_out(Some("2"), "missing_start")]);
    let sweep = kit.collect_and_sweep(vec![document("1", bad)], 0.0).await;
    assert_eq!((sweep.vanished, sweep.refused), (0, None));
    let back = kit.collect(vec![page("1", vec![titled("1", "Gala"), titled("2", "Ball")])]).await;
    assert_eq!(counts(&back, Kind::Event), (0, 0, 2));
    assert_eq!(kit.store.quarantine(10).await.unwrap(), []);
}

#[tokio::test]
async fn the_occurrences_of_a_series_that_is_kept_out_stay() {
    let mut kit = Kit::new().await;
    let occurrence = |key: &str, series: &str| {
        Record::new(key, Event { series: Stated::Value(series.to_owned()), ..event(key) })
    };
    let all = || vec![occurrence("s#1", "s"), occurrence("s#2", "s"), occurrence("t#1", "t")];
    kit.collect(vec![page("1", all())]).await;
    let bad = records_read(Vec::new(), vec![kept_out(Some("s"), "missing_start")]);
    let sweep = kit.collect_and_sweep(vec![document("1", bad)], 1.0).await;
    assert_eq!((sweep.vanished, sweep.refused), (1, None));
    let back = kit.collect(vec![page("1", all())]).await;
    assert_eq!(counts(&back, Kind::Event), (0, 1, 2), "that of the other series is back");
    assert_eq!(kit.store.quarantine(10).await.unwrap(), []);
}

#[tokio::test]
async fn a_cursor_counts_once_its_run_has_completed() {
    let mut kit = Kit::new().await;
    let with = |cursor| {
        let read = Read::Records {
            reading_key: "r1".into(),
            records: vec![],
            quarantined: vec![],
            cursor: Some(json!(cursor)),
        };
        vec![document("1", read)]
    };
    kit.collect(with(1)).await;
    let run = kit.begin().await;
    kit.commit(run, with(2)).await;
    kit.store.end_run(run.0, run.1, "partial", &json!({"x": 1})).await.unwrap();
    assert_eq!(kit.store.cursor("page", crate::tests::kit::SCOPE).await.unwrap(), Some(json!(1)));
    let runs = kit.store.runs(1).await.unwrap();
    assert_eq!((runs[0].outcome.as_deref(), &runs[0].summary), (Some("partial"), &json!({"x": 1})));
}

#[tokio::test]
async fn show_tells_what_set_each_field() {
    let mut kit = Kit::new().await;
    let priced = Event { currency: "EUR".into(), ..Event::default() };
    kit.collect(vec![
        page("list", vec![titled("1", "Gala")]),
        page("detail", vec![Record::new("1", priced)]),
    ])
    .await;
    kit.collect(vec![page("list", vec![titled("1", "Grand Gala")])]).await;
    let by_key = kit.store.show("1").await.unwrap().unwrap();
    let by_prefix = kit.store.show(&by_key.id.as_str()[..10]).await.unwrap().unwrap();
    assert_eq!(by_key, by_prefix);
    assert_eq!(by_key.fields["title"], "Grand Gala");
    let origin = |field: &str| {
        let origin = by_key.origins.iter().find(|origin| origin.field == field).unwrap();
        (origin.document.as_deref().unwrap().to_owned(), origin.change)
    };
    assert_eq!((origin("title"), origin("currency")), (("list".into(), 3), ("detail".into(), 2)));
    assert_eq!(by_key.history.len(), 3);
    assert_eq!(by_key.sightings.len(), 2);
    assert_eq!(kit.store.show("nothing").await.unwrap(), None);
    kit.collect(vec![page("more", vec![titled("x", "X")])]).await;
    assert!(matches!(kit.store.show("ev_").await, Err(StoreError::Ambiguous { ids, .. }) if ids.len() == 2));
}

#[tokio::test]
async fn a_commit_that_is_dropped_midway_leaves_nothing() {
    let folder = TempFolder::new();
    let mut kit = Kit::of(crate::Store::open(db(&folder)).await.unwrap());
    let run = kit.begin().await;
    // Each attempt is dropped after twice as many polls, until one gets through.
    for doublings in 0..30 {
        let records = (0..50).map(|n| titled(&n.to_string(), "Gala")).collect();
        let batch = Batch { run: run.0, at: now(), documents: vec![page("1", records)] };
        let mut commit = Box::pin(kit.store.commit(batch));
        let mut done = false;
        for _ in 0..1_u64 << doublings {
            done = futures::poll!(commit.as_mut()).is_ready();
            if done {
                break;
            }
            tokio::task::yield_now().await;
        }
        drop(commit);
        let counts = kit.store.counts().await.unwrap();
        let whole = (counts.rows[&Kind::Event], counts.changes, counts.documents);
        assert!(whole.0 == 0 && whole.1 == 0 && whole.2 == 0 || whole.0 == 50 && whole.1 == 50, "{whole:?}");
        if done {
            return;
        }
    }
    panic!("no attempt got through");
}

#[tokio::test]
async fn performers_are_named_and_found() {
    let mut kit = Kit::new().await;
    let with = Event { performers: vec!["p".to_owned(), "unknown".to_owned()].into(), ..event("Gala") };
    kit.collect(vec![page("1", vec![Record::new("1", with)])]).await;
    let performer = Performer { name: "Zoë Keating".into(), ..Performer::default() };
    kit.collect(vec![page("2", vec![Record::new("p", performer)])]).await;
    let query = EventQuery { text: Some("zoe keat".to_owned()), ..EventQuery::default() };
    let found = kit.store.events(&query).await.unwrap();
    assert_eq!(found[0].performers, ["Zoë Keating", "unknown"]);
}

/// What comes in without end (webhooks) belongs to runs that have ended: nothing is held of it.
#[tokio::test]
async fn what_is_entered_under_an_ended_run_is_kept_and_nothing_of_it_is_held() {
    let mut kit = Kit::new().await;
    let run = kit.begin().await;
    kit.store.end_run(run.0, run.1, "completed", &json!({})).await.unwrap();
    let documents = vec![page("1", vec![titled("1", "Gala")])];
    kit.store.enter(Batch { run: run.0, at: run.1, documents }).await.unwrap();
    assert_eq!(kit.titles(EventQuery::default()).await, ["Gala"]);
    assert!(kit.store.tallies.lock().unwrap().is_empty());
}
