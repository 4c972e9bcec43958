//! What an ack enters, how items end or go on, and which acks are refused.

use chrono::TimeDelta;
use model::RunId;
use serde_json::json;

use super::kit::*;
use crate::tests::kit::{about_files, page, titled};
use crate::{
    Ack, DeadQuery, Ending, EventQuery, ItemState, NewItem, Phase, RunState, Spread, StepNo, StepStatus,
    WorkQueue,
};

#[tokio::test]
async fn a_run_goes_from_its_steps_to_its_root_and_ends_with_it() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(runner).await;
    assert_eq!((lease.attempt, lease.failed_tries, lease.last, lease.phase), (1, 0, false, Phase::Start));
    assert_eq!(lease.input, Some(json!({"key": 0})));
    assert_eq!(crew.status(run, 0).await, StepStatus::Running);
    let ack = Ack { step: step_end(StepStatus::Completed), elapsed_ms: 5, ..done(&lease) };
    let acked = crew.end(runner, ack).await;
    assert_eq!((acked.parents.len(), acked.parents[0].open), (1, 0));
    let root = crew.lease_one(runner).await;
    assert_eq!((root.step, root.parent, root.phase), (None, None, Phase::Finish));
    crew.done(runner, &[root]).await;
    let detail = crew.detail(run).await;
    assert_eq!((detail.state, detail.outcome.as_deref()), (RunState::Ended, Some("completed")));
    let step = &detail.steps[0];
    assert_eq!((step.status, step.attempts, step.busy_ms), (StepStatus::Completed, 1, 5));
    assert_eq!(crew.store.runners().await.unwrap()[0].items, 2);
    crew.check().await;
}

#[tokio::test]
async fn a_run_without_items_is_ready_to_end() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![]).await;
    assert_eq!(crew.finish_all(runner).await, 1);
    assert_eq!(crew.detail(run).await.state, RunState::Ended);
    crew.check().await;
}

#[tokio::test]
async fn outputs_are_kept_by_key() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    let parent = crew.fan_out(runner, 3, 10).await;
    let given = |key: i64| (key != 1).then(|| json!({"said": ["a\u{1F3AD}\"\\\u{0}", 1.5, key]}));
    // PostgreSQL holds no U+0000; in its place stands what is shown for a character that cannot be.
    let nul = if about_files() { '\u{fffd}' } else { '\0' };
    let kept = |key: i64| (key != 1).then(|| json!({"said": [format!("a\u{1F3AD}\"\\{nul}"), 1.5, key]}));
    for lease in crew.lease(runner, 3).await {
        crew.end(runner, Ack::of(&lease, Ending::Done { output: given(lease.key) })).await;
    }
    let outputs = crew.store.outputs(parent.item, StepNo(0), 10).await.unwrap();
    let expected = (0..3).map(|key| (key, ItemState::Done, kept(key).unwrap_or_default()));
    assert_eq!(outputs, expected.collect::<Vec<_>>());
    crew.check().await;
}

#[tokio::test]
async fn an_ack_holds_once_under_its_attempt_by_its_runner() {
    let crew = Crew::new().await;
    let (one, other) = (crew.runner().await, crew.runner().await);
    crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(one).await;
    let refused = crew.ack(other, vec![done(&lease)]).await;
    assert_eq!(refused.refused, [lease.item], "another runner's");
    let early = Ack { attempt: 2, ..done(&lease) };
    assert_eq!(crew.ack(one, vec![early]).await.refused, [lease.item], "another attempt's");
    let late = Ack { attempt: 9, ..failed(&lease) };
    let twice = crew.ack(one, vec![late, done(&lease), failed(&lease)]).await;
    assert_eq!(twice.refused, [lease.item; 2], "all of a group but the first that is right");
    assert_eq!(crew.state(&lease).await, ItemState::Done);
    assert_eq!(crew.ack(one, vec![failed(&lease)]).await.refused, [lease.item], "it has ended");
    crew.check().await;
}

#[tokio::test]
async fn rows_and_their_item_come_together_or_not_at_all() {
    let crew = Crew::new().await;
    let (one, other) = (crew.runner().await, crew.runner().await);
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(one, 2, 10).await;
    let leases = crew.lease(one, 2).await;
    let with = |lease, name: &str| Ack {
        documents: vec![page(name, vec![titled(name, name)]).into()],
        ..done(lease)
    };
    let refused = crew.ack(other, vec![with(&leases[0], "stolen")]).await;
    assert_eq!((refused.refused.len(), refused.touched), (1, 0));
    let late = Ack { attempt: 9, ..with(&leases[1], "late") };
    let acked = crew.ack(one, vec![with(&leases[0], "Gala"), late]).await;
    assert_eq!((acked.refused, acked.touched), (vec![leases[1].item], 1));
    let titles = crew.store.events(&EventQuery::default()).await.unwrap();
    assert_eq!(titles.iter().map(|event| event.title.as_deref()).collect::<Vec<_>>(), [Some("Gala")]);
    assert_eq!(crew.store.changes(0, 10).await.unwrap().len(), 1);
    assert_eq!(
        (crew.state(&leases[0]).await, crew.state(&leases[1]).await),
        (ItemState::Done, ItemState::Leased)
    );
    crew.check().await;
}

#[tokio::test]
async fn a_retry_waits_for_its_time_and_the_last_one_is_dead() {
    let mut crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 1, 10).await;
    for attempt in 1..=3 {
        let lease = crew.lease_one(runner).await;
        assert_eq!((lease.attempt, lease.failed_tries, lease.last), (attempt, attempt - 1, attempt == 3));
        let due = crew.now + TimeDelta::seconds(10);
        crew.end(runner, retry(&lease, due)).await;
        if attempt < 3 {
            assert_eq!(crew.store.next_due(None).await.unwrap(), Some(due));
            assert!(!crew.store.has_work(crew.now, None).await.unwrap());
            assert_eq!(crew.lease(runner, 9).await, []);
        }
        crew.secs_pass(10);
    }
    let counts = crew.counts(run).await;
    assert_eq!((counts.dead, counts.total, counts.waiting), (1, 2, 1));
    let query = DeadQuery { run: Some(run), item: None, limit: 10 };
    let dead = crew.store.dead(query).await.unwrap();
    assert_eq!((dead.len(), dead[0].state, &dead[0].input), (1, ItemState::Dead, &Some(json!({"key": 0}))));
    let attempts: Vec<_> = dead[0].attempts.iter().map(|a| (a.attempt, a.outcome.as_str())).collect();
    assert_eq!(attempts, [(1, "retry"), (2, "retry"), (3, "dead")]);
    crew.check().await;
}

#[tokio::test]
async fn what_is_tried_again_comes_before_what_has_not_begun() {
    let mut crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 5, 10).await;
    let first = crew.lease(runner, 1).await.remove(0);
    crew.end(runner, retry(&first, crew.now + TimeDelta::seconds(1))).await;
    assert_eq!(crew.lease(runner, 1).await[0].key, 1);
    crew.secs_pass(2);
    assert_eq!(crew.lease(runner, 1).await[0].key, 0);
    crew.check().await;
}

#[tokio::test]
async fn an_item_that_is_given_back_keeps_its_tries_but_not_its_number() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![NewItem { tries: 1, ..item(0, 0) }]).await;
    for attempt in 1..=3 {
        let lease = crew.lease_one(runner).await;
        assert_eq!((lease.attempt, lease.failed_tries, lease.last), (attempt, 0, true));
        crew.end(runner, Ack::of(&lease, Ending::Untouched)).await;
    }
    assert_eq!(crew.detail(run).await.steps[0].attempts, 0);
    crew.check().await;
}

#[tokio::test]
async fn failed_and_skipped_and_cancelled_are_ends() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 3, 10).await;
    let leases = crew.lease(runner, 3).await;
    let skipped = Ack::of(&leases[1], Ending::Skipped { reason: "condition is false".to_owned() });
    let cancelled = Ack::of(&leases[2], Ending::Cancelled);
    let acked = crew.ack(runner, vec![failed(&leases[0]), skipped, cancelled]).await;
    assert_eq!((acked.parents.len(), acked.parents[0].open, acked.parents[0].failed), (1, 0, 1));
    let counts = crew.counts(run).await;
    assert_eq!((counts.failed, counts.skipped), (1, 2));
    assert_eq!(crew.lease_one(runner).await.phase, Phase::Finish);
    crew.check().await;
}

#[tokio::test]
async fn follow_ups_are_there_once_whoever_names_them() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 2, 10).await;
    let leases = crew.lease(runner, 2).await;
    let follow = |keys: &[i64]| keys.iter().map(|key| item(0, *key)).collect::<Vec<_>>();
    let acks = vec![
        Ack { follow: follow(&[0, 2, 3, 3]), ..done(&leases[0]) },
        Ack { follow: follow(&[1, 3, 4]), ..done(&leases[1]) },
    ];
    crew.ack(runner, acks).await;
    let mut keys: Vec<i64> = crew.lease(runner, 9).await.iter().map(|lease| lease.key).collect();
    keys.sort_unstable();
    assert_eq!(keys, [2, 3, 4]);
    assert_eq!(crew.counts(run).await.total, 6, "and the item they are children of");
    crew.check().await;
}

#[tokio::test]
async fn the_bound_on_children_holds_within_a_group_and_counts_only_new_ones() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    let parent = crew.lease_one(runner).await;
    let children = (0..3).map(|key| item(0, key)).collect();
    crew.end(runner, Ack::of(&parent, Ending::Spread(Spread { cap: 9, most: Some(5), children }))).await;
    let leases = crew.lease(runner, 3).await;
    let follow = |keys: &[i64]| keys.iter().map(|key| item(0, *key)).collect::<Vec<_>>();
    let acks = vec![
        Ack { follow: follow(&[0, 10]), ..done(&leases[0]) },
        Ack { follow: follow(&[10, 0, 11, 12]), left_out: 7, ..done(&leases[1]) },
    ];
    let acked = crew.ack(runner, acks).await;
    assert_eq!((acked.parents[0].total, acked.parents[0].left_out), (5, 8));
    let acked = crew.end(runner, Ack { follow: follow(&[0, 10, 11, 13]), ..done(&leases[2]) }).await;
    assert_eq!((acked.parents[0].total, acked.parents[0].left_out), (5, 9));
    crew.check().await;
}

#[tokio::test]
async fn a_group_may_span_runs() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let runs = [crew.run_of(vec![item(0, 0)]).await, crew.run_of(vec![item(0, 0)]).await];
    let leases = crew.lease(runner, 9).await;
    let with = |lease: &crate::Lease| {
        let name = format!("{:?}", lease.run);
        Ack { documents: vec![page(&name, vec![titled(&name, &name)]).into()], ..done(lease) }
    };
    assert_eq!(crew.ack(runner, leases.iter().map(with).collect()).await.touched, 2);
    for run in runs {
        assert_eq!(crew.store.documents_of_run(run).await.unwrap().len(), 1);
    }
    crew.check().await;
}

#[tokio::test]
async fn a_run_that_is_not_there_is_not_found() {
    let crew = Crew::new().await;
    assert_eq!(crew.store.run(RunId::new()).await.unwrap(), None);
    crew.check().await;
}
