//! Runners that stop, fall silent or are gone, and what becomes of what they had.

use chrono::TimeDelta;

use super::kit::*;
use crate::{Ack, DeadQuery, ItemState, NewItem, RunSignal, StepStatus, WorkQueue};

#[tokio::test]
async fn what_a_silent_runner_had_is_taken_again_and_its_late_acks_are_refused() {
    let mut crew = Crew::new().await;
    let (slow, other) = (crew.runner().await, crew.runner().await);
    crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(slow).await;
    crew.secs_pass(ALIVE_SECS - 1);
    assert_eq!(crew.store.reap(crew.now, &[]).await.unwrap(), 0);
    crew.store.keep_alive(other, crew.now, crew.now + TimeDelta::minutes(9)).await.unwrap();
    crew.secs_pass(2);
    assert_eq!(crew.store.reap(crew.now, &[]).await.unwrap(), 1);
    assert_eq!(crew.store.heartbeat(slow, crew.now, crew.now).await.unwrap(), None);
    assert_eq!(crew.ack(slow, vec![done(&lease)]).await.refused, [lease.item]);
    assert!(!crew.store.enqueue(slow, lease.item, 1, crate::Spread::default()).await.unwrap());
    let again = crew.lease_one(other).await;
    assert_eq!((again.item, again.attempt, again.failed_tries), (lease.item, 2, 0));
    assert_eq!(crew.ack(slow, vec![done(&again)]).await.refused, [lease.item]);
    crew.done(other, &[again]).await;
    crew.check().await;
}

#[tokio::test]
async fn a_runner_that_was_silent_but_not_given_up_goes_on() {
    let mut crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(runner).await;
    crew.secs_pass(ALIVE_SECS * 10);
    let until = crew.now + TimeDelta::seconds(1);
    let heard = crew.store.heartbeat(runner, crew.now, until).await.unwrap();
    assert_eq!(heard, Some(vec![(lease.run, RunSignal::Go)]));
    assert_eq!(crew.store.reap(crew.now, &[]).await.unwrap(), 0);
    crew.done(runner, &[lease]).await;
    crew.check().await;
}

#[tokio::test]
async fn a_runner_known_to_be_gone_is_given_up_at_once() {
    let crew = Crew::new().await;
    let (gone, other) = (crew.runner().await, crew.runner().await);
    crew.run_of(vec![NewItem { tries: 1, ..item(0, 0) }]).await;
    crew.lease_one(gone).await;
    assert_eq!(crew.store.reap(crew.now, &[gone]).await.unwrap(), 1);
    assert_eq!(crew.store.reap(crew.now, &[gone]).await.unwrap(), 0);
    assert_eq!(crew.lease(gone, 1).await, []);
    let lease = crew.lease_one(other).await;
    assert_eq!((lease.attempt, lease.last), (2, true), "a lost attempt is not one of its tries");
    assert_eq!(crew.store.runners().await.unwrap().len(), 1);
    crew.check().await;
}

#[tokio::test]
async fn a_runner_that_stops_gives_back_what_it_has() {
    let crew = Crew::new().await;
    let (one, other) = (crew.runner().await, crew.runner().await);
    let run = crew.run_of(vec![item(0, 0)]).await;
    let lease = crew.lease_one(one).await;
    assert_eq!(crew.store.runners().await.unwrap()[0].leased, 1);
    crew.store.stop_runner(one, crew.now).await.unwrap();
    let again = crew.lease_one(other).await;
    assert_eq!((again.item, again.attempt, again.failed_tries), (lease.item, 2, 0));
    assert_eq!(crew.detail(run).await.steps[0].attempts, 0);
    assert_eq!(crew.ack(one, vec![done(&lease)]).await.refused, [lease.item]);
    crew.check().await;
}

/// Loses runners with the one ready item until it is given up, and gives how many that were.
async fn lose_runners(crew: &Crew) -> usize {
    let mut item = None;
    for lost in 0..200 {
        let runner = crew.runner().await;
        match crew.lease(runner, 9).await.as_slice() {
            [lease] if *item.get_or_insert(lease.item) == lease.item && !lease.given_up => {}
            _ => {
                crew.store.stop_runner(runner, crew.now).await.unwrap();
                return lost;
            }
        }
        crew.store.reap(crew.now, &[runner]).await.unwrap();
    }
    panic!("never given up");
}

#[tokio::test]
async fn an_item_that_kills_its_runners_is_dead_in_the_end() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 1, 9).await;
    let child = crew.lease_one(runner).await;
    crew.end(runner, Ack::of(&child, crate::Ending::Untouched)).await;
    assert_eq!(lose_runners(&crew).await, 100);
    assert_eq!(crew.state(&child).await, ItemState::Dead);
    let dead = crew.store.dead(DeadQuery { run: Some(run), item: Some(child.item), limit: 1 }).await.unwrap();
    assert_eq!((dead[0].attempts.len(), dead[0].attempts[99].outcome.as_str()), (100, "dead"));
    crew.redrive(run).await;
    assert_eq!(lose_runners(&crew).await, 100, "it begins to count anew");
    crew.check().await;
}

#[tokio::test]
async fn a_step_that_kills_its_runners_is_given_up_so_that_others_hear_of_it() {
    let crew = Crew::new().await;
    let run = crew.run_of(vec![item(0, 0), blocked(1, 1)]).await;
    assert_eq!(lose_runners(&crew).await, 100);
    let runner = crew.runner().await;
    let lease = crew.lease_one(runner).await;
    assert!(lease.given_up && lease.last);
    let ack = Ack { siblings: skipping(&[1]), step: step_end(StepStatus::Failed), ..failed(&lease) };
    crew.end(runner, ack).await;
    assert_eq!(crew.finish_all(runner).await, 1);
    crew.store.redrive(run, None, &waits(&[(1, &[0])])).await.unwrap();
    assert!(!crew.lease_one(runner).await.given_up);
    crew.check().await;
}

/// What a store that went away may have leased: it goes back, and is leased anew under another attempt.
#[tokio::test]
async fn what_was_leased_unheard_goes_back_and_nothing_else_does() {
    let mut crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 4, 10).await;
    let heard = crew.lease(runner, 2).await;
    crew.secs_pass(1);
    let (asked, unheard) = (crew.now, crew.lease(runner, 2).await);
    crew.secs_pass(1);
    assert_eq!(crew.store.give_back(runner, asked, crew.now).await.unwrap(), 2);
    assert_eq!(crew.store.give_back(runner, asked, crew.now).await.unwrap(), 0);
    let late = crew.ack(runner, unheard.iter().map(done).collect()).await;
    assert_eq!(late.refused.len(), 2);
    let again = crew.lease(runner, 10).await;
    assert_eq!(
        again.iter().map(|lease| (lease.attempt, lease.failed_tries)).collect::<Vec<_>>(),
        [(2, 0); 2]
    );
    crew.done(runner, &heard).await;
    crew.done(runner, &again).await;
    crew.finish_all(runner).await;
    crew.check().await;
}
