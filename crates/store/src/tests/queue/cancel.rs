//! Cancelling, pausing and continuing.

use super::kit::*;
use crate::tests::kit::{page, titled};
use crate::{Ack, Ending, EventQuery, ItemState, RunSignal, RunState, Spread, StepStatus, WorkQueue};

#[tokio::test]
async fn a_run_of_which_nothing_is_in_hand_is_cancelled_at_once() {
    let crew = Crew::new().await;
    let run = crew.run_of(vec![item(0, 0), blocked(1, 1)]).await;
    let stopped = crew.store.cancel(run, crew.now, "enough").await.unwrap().unwrap();
    assert_eq!((stopped.items, stopped.in_hand, stopped.state), (3, 0, RunState::Ended));
    let detail = crew.detail(run).await;
    assert_eq!((detail.outcome.as_deref(), detail.note.as_deref()), (Some("cancelled"), Some("enough")));
    assert!(detail.steps.iter().all(|step| step.status == StepStatus::Cancelled));
    assert_eq!(crew.store.cancel(run, crew.now, "again").await.unwrap(), None);
    crew.check().await;
}

#[tokio::test]
async fn what_is_in_hand_is_told_and_ends_the_run_when_it_is_over() {
    let crew = Crew::new().await;
    let (one, other) = (crew.runner().await, crew.runner().await);
    let run = crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(one, 9, 9).await;
    let (leases, theirs) = (crew.lease(one, 5).await, crew.lease(other, 1).await);
    let stopped = crew.store.cancel(run, crew.now, "enough").await.unwrap().unwrap();
    assert_eq!((stopped.items, stopped.in_hand, stopped.state), (5, 6, RunState::Cancelling));
    let heard = crew.store.heartbeat(one, crew.now, crew.now).await.unwrap();
    assert_eq!(heard, Some(vec![(run, RunSignal::Stop)]));
    let more = Spread { cap: 1, most: None, children: vec![item(1, 0)] };
    assert!(crew.store.enqueue(one, leases[4].item, 1, more).await.unwrap());
    let documents = vec![page("1", vec![titled("1", "Gala")]).into()];
    let acks = vec![
        Ack { documents, follow: vec![item(0, 50)], ..done(&leases[0]) },
        retry(&leases[1], crew.now),
        Ack::of(&leases[2], Ending::Untouched),
        failed(&leases[3]),
        Ack::of(&leases[4], spread(1, vec![item(1, 1)])),
    ];
    assert_eq!(crew.ack(one, acks).await.touched, 1, "what was done counts");
    let mut states = Vec::new();
    for lease in &leases {
        states.push(crew.state(lease).await);
    }
    use ItemState::{Cancelled, Done, Failed};
    assert_eq!(states, [Done, Cancelled, Cancelled, Failed, Cancelled]);
    assert_eq!(crew.detail(run).await.state, RunState::Cancelling);
    assert!(crew.store.redrive(run, None, &waits(&[])).await.is_err());
    crew.store.reap(crew.now, &[other]).await.unwrap();
    assert_eq!(crew.state(&theirs[0]).await, Cancelled);
    assert_eq!(crew.detail(run).await.outcome.as_deref(), Some("cancelled"));
    assert_eq!(crew.store.events(&EventQuery::default()).await.unwrap().len(), 1);
    assert_eq!(crew.lease(one, 9).await, []);
    // What was followed up meanwhile is not lost: it comes back with the rest.
    crew.redrive(run).await;
    let keys: Vec<_> = crew.lease(one, 20).await.iter().map(|l| (l.step.unwrap().0, l.key)).collect();
    assert!(keys.contains(&(0, 50)) && !keys.contains(&(0, 0)), "{keys:?}");
    crew.check().await;
}

#[tokio::test]
async fn nothing_of_a_paused_run_is_begun_until_it_is_continued() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 3, 9).await;
    let lease = crew.lease(runner, 1).await;
    assert!(crew.store.pause(run, Some("lunch")).await.unwrap());
    assert!(!crew.store.pause(run, None).await.unwrap());
    assert_eq!(crew.lease(runner, 9).await, []);
    assert_eq!(crew.store.next_due(None).await.unwrap(), None);
    assert_eq!(crew.detail(run).await.note.as_deref(), Some("lunch"));
    crew.done(runner, &lease).await;
    assert!(crew.store.unpause(run).await.unwrap());
    assert!(!crew.store.unpause(run).await.unwrap());
    assert_eq!(crew.lease(runner, 9).await.len(), 2);
    crew.check().await;
}

#[tokio::test]
async fn a_paused_run_can_be_cancelled_and_a_queued_one_too() {
    let crew = Crew::new().await;
    let (first, second) = (locked(crate::Overlap::Queue), locked(crate::Overlap::Queue));
    let ids = [first.id, second.id];
    crew.start(first).await;
    crew.start(second).await;
    crew.store.pause(ids[0], None).await.unwrap();
    for id in [ids[1], ids[0]] {
        let stopped = crew.store.cancel(id, crew.now, "no").await.unwrap().unwrap();
        assert_eq!(stopped.state, RunState::Ended);
    }
    crew.check().await;
}

#[tokio::test]
async fn a_cancelled_run_leaves_others_alone() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let runs = [crew.run_of(vec![item(0, 0)]).await, crew.run_of(vec![item(0, 0)]).await];
    crew.store.cancel(runs[0], crew.now, "no").await.unwrap();
    assert_eq!(crew.finish_all(runner).await, 2);
    assert_eq!(crew.detail(runs[1]).await.outcome.as_deref(), Some("completed"));
    crew.check().await;
}
