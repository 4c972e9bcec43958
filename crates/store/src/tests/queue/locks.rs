//! Runs with the same lock do not overlap.

use super::kit::*;
use crate::{Begun, Overlap, RunState};

#[tokio::test]
async fn runs_with_one_lock_go_one_after_the_other_in_order() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let runs = [(); 3].map(|()| locked(Overlap::Queue));
    let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
    let behind = Begun::Queued { behind: ids[0] };
    for (run, expected) in runs.into_iter().zip([Begun::Running, behind.clone(), behind]) {
        assert_eq!(crew.start(run).await, expected);
    }
    let other = run(vec![]);
    assert_eq!(crew.start(other).await, Begun::Running, "without a lock");
    for id in &ids {
        let lease = crew.lease(runner, 9).await.into_iter().find(|l| l.run == *id).unwrap();
        crew.done(runner, &[lease]).await;
        let root = crew.lease(runner, 9).await;
        crew.done(runner, &root).await;
        assert_eq!(crew.detail(*id).await.state, RunState::Ended);
    }
    crew.check().await;
}

#[tokio::test]
async fn a_run_that_is_to_be_skipped_leaves_nothing() {
    let crew = Crew::new().await;
    let (first, second) = (locked(Overlap::Skip), locked(Overlap::Skip));
    let (holder, left_out) = (first.id, second.id);
    assert_eq!(crew.start(first).await, Begun::Running);
    assert_eq!(crew.start(second).await, Begun::Skipped { behind: holder });
    assert_eq!(crew.store.run(left_out).await.unwrap(), None);
    crew.check().await;
}

#[tokio::test]
async fn a_newer_run_takes_the_place_of_older_ones() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let runs = [Overlap::Queue, Overlap::Queue, Overlap::CancelOlder, Overlap::CancelOlder].map(locked);
    let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
    let [first, second, third, fourth] = runs;
    crew.start(first).await;
    let lease = crew.lease_one(runner).await;
    crew.start(second).await;
    assert_eq!(crew.start(third).await, Begun::Queued { behind: ids[0] });
    assert_eq!(crew.detail(ids[1]).await.outcome.as_deref(), Some("cancelled"));
    assert_eq!(crew.detail(ids[0]).await.state, RunState::Cancelling);
    crew.done(runner, &[lease]).await;
    assert_eq!(crew.detail(ids[0]).await.outcome.as_deref(), Some("cancelled"));
    assert_eq!(crew.detail(ids[2]).await.state, RunState::Running);
    assert_eq!(crew.start(fourth).await, Begun::Running, "nothing of the third was in hand");
    crew.check().await;
}

#[tokio::test]
async fn a_paused_run_keeps_its_lock_and_one_that_waited_stands_back() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let runs = [(); 3].map(|()| locked(Overlap::Queue));
    let ids: Vec<_> = runs.iter().map(|run| run.id).collect();
    for run in runs {
        crew.start(run).await;
    }
    for id in &ids[..2] {
        assert!(crew.store.pause(*id, Some("for now")).await.unwrap());
    }
    assert_eq!(crew.lease(runner, 9).await, [], "the lock is held");
    assert!(
        !crew.store.has_open_runs(&Default::default()).await.unwrap(),
        "the third waits for one that is paused"
    );
    assert!(crew.store.unpause(ids[0]).await.unwrap());
    assert_eq!(crew.detail(ids[0]).await.state, RunState::Running);
    crew.finish_all(runner).await;
    assert_eq!(crew.detail(ids[0]).await.state, RunState::Ended);
    assert_eq!(crew.detail(ids[2]).await.state, RunState::Ended, "the second was paused while it waited");
    assert!(crew.store.unpause(ids[1]).await.unwrap());
    assert_eq!(crew.detail(ids[1]).await.state, RunState::Running);
    crew.check().await;
}

#[tokio::test]
async fn a_run_within_another_is_paused_and_goes_on_with_it() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let (outer, inner, apart) = (run(vec![item(0, 0)]), run(vec![item(0, 0)]), run(vec![item(0, 0)]));
    let (outer_id, ids) = (outer.id, [inner.id, apart.id]);
    crew.start(outer).await;
    let holder = crew.lease_one(runner).await;
    for within in [inner, apart] {
        crew.store.start_run_within(outer_id, holder.item, within).await.unwrap().unwrap();
    }
    assert!(crew.store.pause(ids[1], Some("by itself")).await.unwrap());
    assert!(crew.store.pause(outer_id, None).await.unwrap());
    assert!(!crew.store.pause(outer_id, None).await.unwrap(), "it is paused already");
    assert_eq!(crew.lease(runner, 9).await, []);
    assert!(crew.store.unpause(outer_id).await.unwrap());
    let states = [crew.detail(outer_id).await.state, crew.detail(ids[0]).await.state];
    assert_eq!(states, [RunState::Running, RunState::Running]);
    assert_eq!(crew.detail(ids[1]).await.state, RunState::Paused, "that was asked for apart");
    crew.check().await;
}

#[tokio::test]
async fn a_redriven_run_waits_for_its_lock() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let (first, second) = (locked(Overlap::Queue), locked(Overlap::Queue));
    let ids = [first.id, second.id];
    crew.start(first).await;
    crew.store.cancel(ids[0], crew.now, "no").await.unwrap();
    assert_eq!(crew.start(second).await, Begun::Running);
    assert_eq!(crew.redrive(ids[0]).await, 1);
    assert_eq!(crew.detail(ids[0]).await.state, RunState::Queued);
    // Whatever the numbers say, the one that has begun goes on first.
    crew.store.pause(ids[1], None).await.unwrap();
    crew.store.unpause(ids[1]).await.unwrap();
    assert_eq!(crew.detail(ids[1]).await.state, RunState::Running);
    assert_eq!(crew.finish_all(runner).await, 4);
    crew.check().await;
}
