//! Vanishing and coming back.

use crate::{EventQuery, Read, Shrink};
use model::{Event, Kind, Offer, Record};

use crate::tests::kit::{Kit, counts, document, event, on, page, titled, venue};

#[tokio::test]
async fn what_a_complete_sweep_misses_vanishes_and_may_return() {
    let mut kit = Kit::new().await;
    let both =
        || vec![page("1", vec![titled("1", "Gala"), titled("2", "Ball"), venue("v", "Hall", 1.0, 1.0)])];
    kit.collect(both()).await;
    let log = kit.last_change().await;
    let sweep = kit.collect_and_sweep(vec![page("1", vec![titled("1", "Gala")])], 0.5).await;
    assert_eq!((sweep.vanished, sweep.refused), (1, None));
    assert_eq!(kit.titles(EventQuery::default()).await, ["Gala"]);
    let all = EventQuery { include_gone: true, ..EventQuery::default() };
    assert_eq!(kit.titles(all).await.len(), 2);
    assert_eq!(kit.log(log).await, ["vanish event "]);
    assert!(kit.store.show("v").await.unwrap().unwrap().gone_at.is_none(), "places stay");

    let back = kit.collect(both()).await;
    assert_eq!(counts(&back, Kind::Event), (0, 1, 1));
    assert_eq!(kit.log(log + 1).await, ["return event "]);
    assert_eq!(kit.titles(EventQuery::default()).await.len(), 2);
}

#[tokio::test]
async fn a_sweep_that_shrinks_too_far_is_refused() {
    let mut kit = Kit::new().await;
    kit.collect(vec![page("1", vec![titled("1", "A"), titled("2", "B"), titled("3", "C")])]).await;
    let sweep = kit.collect_and_sweep(vec![page("1", vec![titled("1", "A")])], 0.5).await;
    assert_eq!((sweep.vanished, sweep.refused), (0, Some(Shrink { known: 3, seen: 1 })));
    assert_eq!(kit.titles(EventQuery::default()).await.len(), 3);
    let sweep = kit.collect_and_sweep(vec![page("1", vec![titled("1", "A")])], 0.7).await;
    assert_eq!(sweep.vanished, 2);
}

#[tokio::test]
async fn unchanged_documents_and_other_scopes_keep_rows() {
    let mut kit = Kit::new().await;
    let mut elsewhere = page("x", vec![titled("2", "B")]);
    elsewhere.scope = "other".to_owned();
    kit.collect(vec![page("1", vec![titled("1", "A")]), page("2", vec![titled("2", "B")]), elsewhere]).await;
    let sweep = kit.collect_and_sweep(vec![document("1", Read::Unchanged)], 0.0).await;
    assert_eq!((sweep.vanished, sweep.refused), (0, None));
}

#[tokio::test]
async fn a_page_that_comes_back_unchanged_is_read_again() {
    let mut kit = Kit::new().await;
    kit.collect(vec![page("1", vec![titled("1", "A")]), page("2", vec![titled("2", "B")])]).await;
    kit.collect_and_sweep(vec![page("1", vec![titled("1", "A")])], 0.5).await;
    assert_eq!(kit.store.known_document("page", crate::tests::kit::SCOPE, "2").await.unwrap(), None);
    assert!(kit.store.known_document("page", crate::tests::kit::SCOPE, "1").await.unwrap().is_some());
}

#[tokio::test]
async fn occurrences_outside_the_window_are_left_alone() {
    let mut kit = Kit::new().await;
    let occurrence = |key: &str, day: &str| {
        let (occurrence, start) = (day.into(), on(day).into());
        Record::new(key, Event { occurrence, start, ..event(day) })
    };
    let inside = || occurrence("in", "2026-04-01");
    let all =
        vec![occurrence("past", "2026-02-01"), inside(), occurrence("far", "2026-09-01"), titled("1", "A")];
    kit.collect(vec![page("1", all)]).await;
    let sweep = kit.collect_and_sweep(vec![page("1", vec![titled("1", "A")])], 0.5).await;
    assert_eq!(sweep.vanished, 1);
    assert_eq!(kit.titles(EventQuery::default()).await, ["2026-02-01", "A", "2026-09-01"]);
}

#[tokio::test]
async fn offers_go_and_return_with_their_event() {
    let mut kit = Kit::new().await;
    let offer =
        |key: &str| Record::new(key, Offer { event: "1".into(), name: key.into(), ..Offer::default() });
    let all = || vec![page("1", vec![titled("1", "A"), offer("early"), offer("late"), titled("2", "B")])];
    let offers = async |kit: &Kit| kit.store.show("1").await.unwrap().unwrap().offers.len();
    kit.collect(all()).await;
    assert_eq!(offers(&kit).await, 2);
    kit.collect_and_sweep(vec![page("1", vec![titled("1", "A"), offer("late"), titled("2", "B")])], 0.5)
        .await;
    assert_eq!(offers(&kit).await, 1, "an offer that its event no longer has");
    kit.collect_and_sweep(vec![page("1", vec![titled("2", "B")])], 0.5).await;
    assert_eq!(offers(&kit).await, 0);
    kit.collect(all()).await;
    assert_eq!(offers(&kit).await, 2);
}

#[tokio::test]
async fn one_place_in_several_batches_of_a_run_keeps_all_it_said() {
    let mut kit = Kit::new().await;
    let first = || page("1", vec![titled("1", "A")]);
    kit.collect(vec![first()]).await;
    let run = kit.begin().await;
    kit.commit(run, vec![first()]).await;
    kit.commit(run, vec![page("1", vec![titled("2", "B")])]).await;
    let sweep = kit.store.sweep(run.0, run.1, &crate::tests::kit::scope(0.0)).await.unwrap();
    assert_eq!((sweep.vanished, sweep.refused), (0, None));
}

#[tokio::test]
async fn what_came_to_its_end_since_it_was_last_seen_has_not_vanished() {
    let mut kit = Kit::new().await;
    let coming = |key: &str, day: &str| {
        Record::new(key, Event { title: key.into(), start: on(day).into(), ..Event::default() })
    };
    kit.collect(vec![page("1", vec![coming("over", "2026-03-05"), coming("called off", "2026-04-20")])])
        .await;
    kit.days_pass(10);
    let sweep = kit.collect_and_sweep(vec![page("1", vec![coming("new", "2026-05-01")])], 1.0).await;
    assert_eq!(sweep.vanished, 1);
    assert_eq!(kit.titles(EventQuery::default()).await, ["over", "new"]);
}

#[tokio::test]
async fn two_runs_beside_each_other_do_not_take_each_others_events() {
    let mut kit = Kit::new().await;
    let offer = Record::new("o", Offer { event: "1".into(), name: "o".into(), ..Offer::default() });
    let first = || vec![page("1", vec![titled("1", "A"), offer.clone()])];
    let second = || vec![page("2", vec![titled("2", "B")])];
    kit.collect([first(), second()].concat()).await;
    for newer_ends_first in [true, false] {
        let log = kit.last_change().await;
        let older = kit.begin().await;
        kit.commit(older, first()).await;
        // As another process begins within the same second.
        let newer = (model::RunId::new(), older.1);
        let command = serde_json::json!({});
        kit.store.begin_run(crate::RunStart { id: newer.0, at: newer.1, command }).await.unwrap();
        kit.commit(newer, first()).await;
        kit.commit(older, second()).await;
        kit.commit(newer, second()).await;
        kit.commit(older, first()).await;
        let (before, after) = if newer_ends_first { (newer, older) } else { (older, newer) };
        for run in [before, after] {
            let swept = kit.store.sweep(run.0, run.1, &crate::tests::kit::scope(1.0)).await.unwrap();
            assert_eq!((swept.vanished, swept.refused), (0, None));
            kit.store.end_run(run.0, run.1, "completed", &serde_json::json!({})).await.unwrap();
        }
        assert_eq!(kit.log(log).await, Vec::<String>::new());
        let known = kit.store.known_document("page", crate::tests::kit::SCOPE, "1").await.unwrap();
        assert!(known.is_some(), "it would be read again for nothing");
    }
}

#[tokio::test]
async fn what_a_run_saw_that_ended_in_the_second_in_which_this_one_began_may_vanish() {
    let mut kit = Kit::new().await;
    let run = kit.begin().await;
    kit.commit(run, vec![page("1", vec![titled("1", "A")]), page("2", vec![titled("2", "B")])]).await;
    kit.store.end_run(run.0, run.1, "completed", &serde_json::json!({})).await.unwrap();
    let next = (model::RunId::new(), run.1);
    let command = serde_json::json!({});
    kit.store.begin_run(crate::RunStart { id: next.0, at: next.1, command }).await.unwrap();
    kit.commit(next, vec![page("1", vec![titled("1", "A")])]).await;
    let swept = kit.store.sweep(next.0, next.1, &crate::tests::kit::scope(0.5)).await.unwrap();
    assert_eq!(swept.vanished, 1);
}
