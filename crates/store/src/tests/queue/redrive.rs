//! Redriving, dropping and listing what ended badly.

use super::kit::*;
use model::RunId;

use crate::{Ack, DeadQuery, Ending, ItemId, ItemState, Lease, Phase, RunState, StepStatus, WorkQueue};

/// A run whose one step has `count` elements, of which those with a key below `bad` failed; it has ended.
async fn failed_run(crew: &Crew, runner: crate::RunnerId, count: i64, bad: i64) -> (RunId, Lease) {
    let run = crew.run_of(vec![item(0, 0)]).await;
    let parent = crew.fan_out(runner, count, 100).await;
    let leases = crew.lease(runner, 100).await;
    let ack = |lease: &Lease| if lease.key < bad { failed(lease) } else { done(lease) };
    crew.ack(runner, leases.iter().map(ack).collect()).await;
    let finish = crew.lease_one(runner).await;
    crew.end(runner, Ack { step: step_end(StepStatus::Failed), ..failed(&finish) }).await;
    let root = crew.lease_one(runner).await;
    crew.done(runner, &[root]).await;
    (run, parent)
}

#[tokio::test]
async fn only_what_failed_is_done_again_any_number_of_times() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let (run, parent) = failed_run(&crew, runner, 5, 2).await;
    for time in 1..=3 {
        assert_eq!(crew.redrive(run).await, 2);
        let detail = crew.detail(run).await;
        assert_eq!((detail.state, detail.outcome), (RunState::Running, None));
        let leases = crew.lease(runner, 9).await;
        assert_eq!(leases.iter().map(|lease| lease.key).collect::<Vec<_>>(), [0, 1]);
        assert!(
            leases.iter().all(|lease| lease.attempt == time + 1 && lease.failed_tries == 0 && !lease.last)
        );
        crew.ack(runner, leases.iter().map(failed).collect()).await;
        let finish = crew.lease_one(runner).await;
        assert_eq!((finish.item, finish.phase), (parent.item, Phase::Finish));
        crew.end(runner, failed(&finish)).await;
        let root = crew.lease_one(runner).await;
        crew.done(runner, &[root]).await;
    }
    assert_eq!(crew.redrive(run).await, 2);
    assert_eq!(crew.finish_all(runner).await, 4);
    assert_eq!((crew.counts(run).await.done, crew.redrive(run).await), (6, 0));
    assert_eq!(crew.detail(run).await.state, RunState::Ended, "there was nothing to do");
    crew.check().await;
}

#[tokio::test]
async fn one_item_can_be_redriven_alone() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let (run, _) = failed_run(&crew, runner, 5, 3).await;
    let dead = crew.store.dead(DeadQuery { run: Some(run), item: None, limit: 9 }).await.unwrap();
    assert_eq!(dead.len(), 3, "the step is not listed beside what made it fail");
    let only = [dead[0].item, ItemId(999_999)];
    let redriven = crew.store.redrive(run, Some(&only), &waits(&[])).await.unwrap();
    assert_eq!(redriven.items, 1);
    assert_eq!(crew.lease_one(runner).await.item, dead[0].item);
    crew.check().await;
}

#[tokio::test]
async fn dropped_items_are_not_listed_nor_redriven() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let (run, _) = failed_run(&crew, runner, 5, 2).await;
    let query = DeadQuery { run: None, item: None, limit: 9 };
    let items: Vec<_> = crew.store.dead(query).await.unwrap().iter().map(|dead| dead.item).collect();
    assert_eq!(crew.store.drop_dead(&items).await.unwrap(), 2);
    assert_eq!(crew.store.drop_dead(&items).await.unwrap(), 0);
    let counts = crew.counts(run).await;
    assert_eq!((counts.skipped, counts.failed), (2, 1));
    // The step itself failed in its finish, and does that again.
    assert_eq!(crew.redrive(run).await, 1);
    assert_eq!(crew.lease_one(runner).await.phase, Phase::Finish);
    crew.check().await;
}

#[tokio::test]
async fn steps_that_were_skipped_come_back_and_wait_again() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0), blocked(1, 1), blocked(2, 1)]).await;
    let lease = crew.lease_one(runner).await;
    let ack = Ack { siblings: skipping(&[1, 2]), step: step_end(StepStatus::Failed), ..failed(&lease) };
    crew.end(runner, ack).await;
    crew.finish_all(runner).await;
    let order = waits(&[(1, &[0]), (2, &[1])]);
    assert_eq!(crew.store.redrive(run, None, &order).await.unwrap().items, 3);
    for (step, next) in [(0, Some(1)), (1, Some(2)), (2, None)] {
        let lease = crew.lease_one(runner).await;
        assert_eq!(lease.step.unwrap().0, step);
        assert_eq!(crew.status(run, step as usize).await, StepStatus::Running);
        let siblings = releasing(&next.into_iter().collect::<Vec<_>>());
        crew.end(runner, Ack { siblings, step: step_end(StepStatus::Completed), ..done(&lease) }).await;
    }
    assert_eq!(crew.finish_all(runner).await, 1);
    crew.check().await;
}

#[tokio::test]
async fn what_still_waits_is_not_released_twice_by_a_step_that_was_redriven() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    // In sequence: each waits for the end of the one before, and 2 for both.
    let run = crew.run_of(vec![item(0, 0), item(1, 0), blocked(2, 2)]).await;
    let leases = crew.lease(runner, 9).await;
    crew.end(runner, Ack { siblings: releasing(&[2]), ..failed(&leases[0]) }).await;
    let order = waits(&[(2, &[0, 1])]);
    assert_eq!(crew.store.redrive(run, None, &order).await.unwrap().items, 1);
    let again = crew.lease_one(runner).await;
    crew.end(runner, Ack { siblings: releasing(&[2]), ..done(&again) }).await;
    assert_eq!(crew.lease(runner, 9).await, [], "1 is still under way");
    crew.end(runner, Ack { siblings: releasing(&[2]), ..done(&leases[1]) }).await;
    assert_eq!(crew.lease_one(runner).await.step.unwrap().0, 2);
    crew.check().await;
}

#[tokio::test]
async fn a_redrive_in_a_running_run_takes_a_finish_back() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 2, 9).await;
    let leases = crew.lease(runner, 2).await;
    crew.ack(runner, vec![failed(&leases[0]), done(&leases[1])]).await;
    let finish = crew.lease_one(runner).await;
    assert_eq!(crew.redrive(run).await, 1);
    assert_eq!(crew.ack(runner, vec![done(&finish)]).await.refused, [finish.item]);
    assert_eq!(crew.finish_all(runner).await, 3);
    crew.check().await;
}

#[tokio::test]
async fn a_redrive_lets_an_item_that_is_spreading_go_on() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(runner).await;
    let more = crate::Spread { cap: 9, most: None, children: vec![item(0, 0)] };
    crew.store.enqueue(runner, lease.item, lease.attempt, more).await.unwrap();
    let child = crew.lease_one(runner).await;
    crew.end(runner, failed(&child)).await;
    assert_eq!(crew.redrive(run).await, 1);
    crew.end(runner, Ack::of(&lease, spread(9, vec![item(0, 1)]))).await;
    assert_eq!(crew.finish_all(runner).await, 4);
    crew.check().await;
}

#[tokio::test]
async fn a_cancelled_run_goes_on_where_it_was() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0), blocked(1, 1)]).await;
    crew.fan_out(runner, 4, 9).await;
    let leases = crew.lease(runner, 2).await;
    let element = Ack::of(&leases[0], spread(9, vec![item(2, 0), item(2, 1)]));
    crew.ack(runner, vec![element, done(&leases[1])]).await;
    crew.store.cancel(run, crew.now, "enough").await.unwrap();
    let order = waits(&[(1, &[0])]);
    assert_eq!(crew.store.redrive(run, None, &order).await.unwrap().items, 5);
    let leases = crew.lease(runner, 9).await;
    let mut told: Vec<_> = leases.iter().map(|lease| (lease.step.unwrap().0, lease.key)).collect();
    told.sort_unstable();
    assert_eq!(told, [(0, 2), (0, 3), (2, 0), (2, 1)]);
    crew.done(runner, &leases).await;
    let element = crew.lease_one(runner).await;
    assert_eq!((element.phase, element.key), (Phase::Finish, 0));
    crew.done(runner, &[element]).await;
    let step = crew.lease_one(runner).await;
    crew.end(runner, Ack { siblings: releasing(&[1]), ..done(&step) }).await;
    assert_eq!(crew.finish_all(runner).await, 2);
    assert_eq!(crew.detail(run).await.outcome.as_deref(), Some("completed"));
    crew.check().await;
}

#[tokio::test]
async fn a_run_cancelled_when_only_its_end_was_missing_can_still_end() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(runner).await;
    crew.done(runner, &[lease]).await;
    crew.store.cancel(run, crew.now, "enough").await.unwrap();
    assert_eq!(crew.redrive(run).await, 0);
    assert_eq!(crew.finish_all(runner).await, 1);
    assert_eq!(crew.detail(run).await.outcome.as_deref(), Some("completed"));
    crew.check().await;
}

#[tokio::test]
async fn what_was_skipped_for_its_own_reason_stays_skipped() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(runner).await;
    crew.end(runner, Ack::of(&lease, Ending::Skipped { reason: "condition is false".to_owned() })).await;
    crew.finish_all(runner).await;
    assert_eq!(crew.redrive(run).await, 0);
    assert_eq!(crew.state(&lease).await, ItemState::Skipped);
    crew.check().await;
}
