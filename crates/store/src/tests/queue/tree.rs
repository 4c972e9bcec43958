//! Children, what waits for whom, and finishing exactly once.

use super::kit::*;
use crate::{Ack, Ending, ItemState, NewItem, Phase, Siblings, Spread, StepStatus, WorkQueue};

#[tokio::test]
async fn an_item_without_children_finishes_at_once() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.fan_out(runner, 0, 1).await;
    let finish = crew.lease_one(runner).await;
    assert_eq!((finish.item, finish.phase, finish.failed_tries), (lease.item, Phase::Finish, 0));
    crew.done(runner, &[finish]).await;
    assert_eq!(crew.lease_one(runner).await.parent, None);
    crew.check().await;
}

#[tokio::test]
async fn the_finish_comes_once_after_the_last_child_whatever_became_of_it() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 3, 9).await;
    let leases = crew.lease(runner, 3).await;
    crew.ack(runner, vec![failed(&leases[0]), done(&leases[1])]).await;
    assert_eq!(crew.lease(runner, 9).await, []);
    crew.done(runner, &leases[2..]).await;
    let finish = crew.lease_one(runner).await;
    assert_eq!(finish.phase, Phase::Finish);
    assert_eq!(crew.lease(runner, 9).await, []);
    crew.check().await;
}

#[tokio::test]
async fn a_long_list_is_spread_in_goes_while_its_children_are_worked_on() {
    let crew = Crew::new().await;
    let (one, other) = (crew.runner().await, crew.runner().await);
    crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(one).await;
    for go in 0..3 {
        // Each overlaps with the one before.
        let children = (go * 2..go * 2 + 3).map(|key| item(0, key)).collect();
        let more = Spread { cap: 9, most: None, children };
        assert!(crew.store.enqueue(one, lease.item, lease.attempt, more).await.unwrap());
        let children = crew.lease(other, 9).await;
        assert_eq!(children.len(), if go == 0 { 3 } else { 2 });
        crew.done(other, &children).await;
    }
    let more = Spread { cap: 9, most: None, children: vec![item(0, 99)] };
    assert!(!crew.store.enqueue(other, lease.item, lease.attempt, more.clone()).await.unwrap());
    assert!(!crew.store.enqueue(one, lease.item, lease.attempt + 1, more).await.unwrap());
    assert_eq!(crew.lease(one, 9).await, [], "all children have ended, but more may come");
    crew.end(one, Ack::of(&lease, spread(9, vec![]))).await;
    let finish = crew.lease_one(one).await;
    assert_eq!((finish.item, finish.phase), (lease.item, Phase::Finish));
    crew.check().await;
}

#[tokio::test]
async fn a_spread_that_is_tried_again_keeps_the_children_it_has() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(runner).await;
    let children = |from: i64, to: i64| (from..to).map(|key| item(0, key)).collect::<Vec<_>>();
    let more = Spread { cap: 9, most: None, children: children(0, 2) };
    crew.store.enqueue(runner, lease.item, lease.attempt, more).await.unwrap();
    crew.end(runner, retry(&lease, crew.now)).await;
    let leases = crew.lease(runner, 9).await;
    assert_eq!(leases.len(), 3);
    let (again, first): (Vec<_>, Vec<_>) = leases.into_iter().partition(|l| l.item == lease.item);
    assert_eq!(again[0].phase, Phase::Start);
    crew.done(runner, &first).await;
    crew.end(runner, Ack::of(&again[0], spread(9, children(0, 3)))).await;
    assert_eq!(crew.lease_one(runner).await.key, 2);
    crew.check().await;
}

#[tokio::test]
async fn an_item_that_fails_while_it_spreads_ends_with_the_last_child_in_hand() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(runner).await;
    let children = (0..3).map(|key| item(0, key)).collect();
    let more = Spread { cap: 9, most: None, children };
    crew.store.enqueue(runner, lease.item, lease.attempt, more).await.unwrap();
    let child = crew.lease(runner, 1).await.remove(0);
    let ack = Ack { step: step_end(StepStatus::Failed), ..failed(&lease) };
    crew.end(runner, ack).await;
    assert_eq!(crew.state(&lease).await, ItemState::Waiting);
    assert_eq!(crew.lease(runner, 9).await, [], "those that had not begun are stopped");
    crew.end(runner, Ack { follow: vec![item(0, 7)], ..done(&child) }).await;
    assert_eq!(crew.state(&lease).await, ItemState::Failed);
    assert_eq!(crew.status(run, 0).await, StepStatus::Failed);
    assert_eq!(crew.lease_one(runner).await.parent, None);
    // It had not been spread to the end, so it begins anew.
    crew.redrive(run).await;
    let leases = crew.lease(runner, 9).await;
    let again = leases.iter().find(|l| l.item == lease.item).unwrap();
    assert_eq!((leases.len(), again.phase), (4, Phase::Start));
    crew.check().await;
}

#[tokio::test]
async fn a_step_waits_for_all_that_it_depends_on() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0), item(1, 0), blocked(2, 2)]).await;
    let leases = crew.lease(runner, 9).await;
    assert_eq!(leases.len(), 2);
    for (index, lease) in leases.iter().enumerate() {
        let ack = Ack { siblings: releasing(&[2]), step: step_end(StepStatus::Completed), ..done(lease) };
        crew.end(runner, ack).await;
        assert_eq!(crew.lease(runner, 9).await.len(), index);
    }
    assert_eq!(crew.status(run, 2).await, StepStatus::Running);
    crew.check().await;
}

#[tokio::test]
async fn what_cannot_run_is_skipped_and_says_why() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0), blocked(1, 1), blocked(2, 1), item(3, 0)]).await;
    let leases = crew.lease(runner, 9).await;
    let ack =
        Ack { siblings: skipping(&[1, 2, 3]), step: step_end(StepStatus::Failed), ..failed(&leases[0]) };
    crew.end(runner, ack).await;
    let steps = crew.detail(run).await.steps;
    let told: Vec<_> = steps.iter().map(|step| (step.status, step.reason.is_some())).collect();
    use StepStatus::{Failed, Running, Skipped};
    assert_eq!(told, [(Failed, false), (Skipped, true), (Skipped, true), (Running, false)]);
    crew.check().await;
}

#[tokio::test]
async fn stopping_spares_what_has_begun() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 6, 9).await;
    let leases = crew.lease(runner, 4).await;
    crew.end(runner, Ack::of(&leases[3], spread(1, vec![]))).await;
    crew.end(runner, Ack::of(&leases[2], spread(1, vec![item(1, 0)]))).await;
    let stop = Siblings { stop: Some("1 of 3 failed".to_owned()), ..Siblings::default() };
    let acked = crew.end(runner, Ack { siblings: stop, ..failed(&leases[0]) }).await;
    assert!(acked.parents.iter().any(|parent| parent.stopped.is_some() && parent.open == 3));
    let acked = crew.end(runner, Ack { follow: vec![item(0, 50)], ..done(&leases[1]) }).await;
    assert_eq!(acked.parents[0].open, 2, "a follow-up is entered as cancelled");
    assert_eq!(crew.finish_all(runner).await, 5, "nested, two elements, their step, the root");
    crew.check().await;
}

#[tokio::test]
async fn stopping_from_outside_lets_the_parent_finish() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0), blocked(1, 1)]).await;
    let parent = crew.fan_out(runner, 5, 9).await;
    assert_eq!(crew.store.stop_children(parent.item, "too many").await.unwrap(), 5);
    assert_eq!(crew.store.stop_children(parent.item, "too many").await.unwrap(), 0);
    let finish = crew.lease_one(runner).await;
    assert_eq!(finish.phase, Phase::Finish);
    assert_eq!(crew.store.stop_children(finish.parent.unwrap(), "stop_on_failure").await.unwrap(), 1);
    assert_eq!(crew.status(run, 1).await, StepStatus::Cancelled);
    crew.check().await;
}

#[tokio::test]
async fn items_that_only_hold_others_do_not_count() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![NewItem { counted: false, ..item(0, 0) }]).await;
    crew.fan_out(runner, 2, 9).await;
    crew.finish_all(runner).await;
    let step = crew.detail(run).await.steps.remove(0);
    assert_eq!((step.items.total, step.items.done, step.attempts), (2, 2, 2));
    crew.check().await;
}

#[tokio::test]
async fn a_finish_may_be_tried_again_too() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 0, 9).await;
    let finish = crew.lease_one(runner).await;
    crew.end(runner, retry(&finish, crew.now)).await;
    let finish = crew.lease_one(runner).await;
    assert_eq!((finish.phase, finish.failed_tries), (Phase::Finish, 1));
    crew.end(runner, Ack::of(&finish, Ending::Untouched)).await;
    let finish = crew.lease_one(runner).await;
    assert_eq!((finish.phase, finish.failed_tries), (Phase::Finish, 1));
    crew.check().await;
}
