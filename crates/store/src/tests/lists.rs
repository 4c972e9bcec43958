//! Lists that move while they are paged over: versions, what was seen and known, sweeps, cursors.

use chrono::{DateTime, Utc};
use model::{Kind, Record, Ticket};
use serde_json::{Value, json};

use crate::tests::kit::{Kit, SCOPE, counts, document, page, scope};
use crate::{LandedDocument, Read};

fn ticket(key: &str, status: &str, second: u32) -> Record {
    let at: DateTime<Utc> = format!("2026-03-01T10:00:{second:02}Z").parse().unwrap();
    Record::new(key, Ticket { status: status.into(), updated_at: at.into(), ..Ticket::default() })
}

fn with_cursor(name: &str, cursor: Value) -> LandedDocument {
    let cursor = Some(cursor);
    let read =
        Read::Records { reading_key: "r".to_owned(), records: Vec::new(), quarantined: Vec::new(), cursor };
    document(name, read)
}

#[tokio::test]
async fn an_earlier_version_never_overwrites_a_later_one() {
    let mut kit = Kit::new().await;
    kit.collect(vec![page("1", vec![ticket("t", "VALID", 1)])]).await;
    let later = kit.collect(vec![page("webhook", vec![ticket("t", "INVALID", 2)])]).await;
    assert_eq!(counts(&later, Kind::Ticket), (0, 1, 0));
    let log = kit.last_change().await;
    let stale = kit.collect(vec![page("2", vec![ticket("t", "VALID", 1)])]).await;
    assert_eq!(counts(&stale, Kind::Ticket), (0, 0, 1));
    assert_eq!(kit.log(log).await, Vec::<String>::new());
    let newest = kit.collect(vec![page("1", vec![ticket("t", "VALID", 3)])]).await;
    assert_eq!(counts(&newest, Kind::Ticket), (0, 1, 0));
}

/// Fault 10: what is gone leaves a tombstone and its history.
#[tokio::test]
async fn fault_10_a_sweep_takes_what_nothing_has_stated_since_its_run_began() {
    let mut kit = Kit::new().await;
    let three = vec![ticket("a", "VALID", 1), ticket("b", "VALID", 1), ticket("c", "VALID", 1)];
    kit.collect(vec![page("1", three)]).await;
    let run = kit.begin().await;
    kit.commit(run, vec![page("1", vec![ticket("a", "VALID", 1)])]).await;
    // A webhook tells of one meanwhile, in a run of its own.
    kit.collect(vec![page("webhook", vec![ticket("c", "VALID", 2)])]).await;
    let log = kit.last_change().await;
    let what = scope(0.5);
    let swept = kit.store.sweep_rows(run.0, run.1, Kind::Ticket, &what).await.unwrap();
    assert_eq!((swept.vanished, swept.refused), (1, None));
    assert_eq!(kit.log(log).await, ["vanish ticket "]);
    assert!(kit.store.show("b").await.unwrap().unwrap().gone_at.is_some());
    assert_eq!(kit.store.known_in(SCOPE, Kind::Ticket).await.unwrap(), 2);

    let run = kit.begin().await;
    let swept = kit.store.sweep_rows(run.0, run.1, Kind::Ticket, &what).await.unwrap();
    assert!(swept.vanished == 0 && swept.refused.is_some(), "nothing was seen at all: {swept:?}");
}

#[tokio::test]
async fn rows_on_two_pages_are_seen_once_and_only_in_the_pages_named() {
    let mut kit = Kit::new().await;
    let run = kit.begin().await;
    let (first, second) =
        (vec![ticket("a", "VALID", 1), ticket("b", "VALID", 1)], vec![ticket("b", "VALID", 1)]);
    let mut counted = page("total", Vec::new());
    counted.remarks.total = Some(2);
    kit.commit(run, vec![page("1", first), page("2", second), counted]).await;
    let seen = async |names: &[&str]| kit.store.stated_by(run.0, SCOPE, Kind::Ticket, names).await.unwrap();
    assert_eq!((seen(&["1", "2"]).await, seen(&["2"]).await, seen(&["3"]).await), (2, 1, 0));
    let asked = kit.store.asked(run.0, SCOPE).await.unwrap();
    let shown: Vec<_> = asked.iter().map(|row| (row.name.as_str(), row.total, row.failed)).collect();
    assert_eq!(shown, [("1", None, false), ("2", None, false), ("total", Some(2), false)]);
}

#[tokio::test]
async fn the_greatest_cursor_of_a_run_stands_once_its_scope_is_done() {
    let mut kit = Kit::new().await;
    let at = |time: &str| json!({"began": "2026-03-01T00:00:00.000Z", "since": time});
    let run = kit.begin().await;
    let (early, late) = (at("2026-03-01T10:00:00.000Z"), at("2026-03-01T11:00:00.000Z"));
    kit.commit(run, vec![with_cursor("2", late.clone()), with_cursor("1", early.clone())]).await;
    assert_eq!(kit.store.cursor("page", SCOPE).await.unwrap(), None);
    kit.store.keep_cursor("page", "another", run.0).await.unwrap();
    assert_eq!(kit.store.cursor("page", SCOPE).await.unwrap(), None);
    kit.store.keep_cursor("page", SCOPE, run.0).await.unwrap();
    assert_eq!(kit.store.cursor("page", SCOPE).await.unwrap(), Some(late));
    // Another run begins anew: its cursor stands however small.
    let run = kit.begin().await;
    kit.commit(run, vec![with_cursor("1", early.clone())]).await;
    kit.store.keep_cursor("page", SCOPE, run.0).await.unwrap();
    assert_eq!(kit.store.cursor("page", SCOPE).await.unwrap(), Some(early));
}
