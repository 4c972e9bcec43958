//! Who gets what: one runner an item, caps, fairness between runs, depth first within one.

use std::collections::BTreeSet;

use super::kit::*;
use crate::{Ack, LeaseRequest, Phase, WorkQueue};

#[tokio::test]
async fn an_item_is_leased_to_one_runner_at_a_time() {
    let crew = Crew::new().await;
    let (one, other) = (crew.runner().await, crew.runner().await);
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(one, 10, 100).await;
    let first: BTreeSet<i64> = crew.lease(one, 6).await.iter().map(|lease| lease.key).collect();
    let second: BTreeSet<i64> = crew.lease(other, 6).await.iter().map(|lease| lease.key).collect();
    assert_eq!((first.len(), second.len(), first.intersection(&second).count()), (6, 4, 0));
    assert_eq!(crew.lease(one, 6).await, []);
    crew.check().await;
}

#[tokio::test]
async fn a_runner_that_is_not_alive_gets_nothing() {
    let mut crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.secs_pass(ALIVE_SECS + 1);
    assert_eq!(crew.lease(runner, 1).await, []);
    assert!(crew.store.keep_alive(runner, crew.now, crew.now).await.unwrap());
    assert_eq!(crew.lease(runner, 1).await.len(), 1);
    crew.check().await;
}

#[tokio::test]
async fn a_cap_bounds_what_is_under_way_and_may_change_meanwhile() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let run = crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 20, 3).await;
    let leases = crew.lease(runner, 9).await;
    assert_eq!(leases.len(), 3);
    assert_eq!(crew.lease(runner, 9).await, []);
    assert_eq!(crew.store.next_due(None).await.unwrap(), None, "there is no room");
    crew.done(runner, &leases[..1]).await;
    assert_eq!(crew.lease(runner, 9).await.len(), 1);
    assert_eq!(crew.store.set_cap(run, "step0", 5).await.unwrap(), 1);
    assert_eq!(crew.lease(runner, 9).await.len(), 2);
    crew.store.set_cap(run, "step0", 1).await.unwrap();
    crew.done(runner, &leases[1..]).await;
    assert_eq!(crew.lease(runner, 9).await, [], "three are under way still");
    assert_eq!(crew.store.set_cap(run, "step9", 5).await.unwrap(), 0);
    crew.check().await;
}

#[tokio::test]
async fn a_cap_of_nothing_is_one() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 2, 0).await;
    assert_eq!(crew.lease(runner, 9).await.len(), 1);
    crew.check().await;
}

#[tokio::test]
async fn an_item_with_children_is_under_way_until_it_has_ended() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0)]).await;
    crew.fan_out(runner, 3, 1).await;
    let element = crew.lease_one(runner).await;
    crew.end(runner, Ack::of(&element, spread(1, vec![item(1, 0)]))).await;
    let nested = crew.lease_one(runner).await;
    assert_eq!(nested.parent, Some(element.item));
    crew.done(runner, &[nested]).await;
    let finish = crew.lease_one(runner).await;
    assert_eq!((finish.item, finish.phase), (element.item, Phase::Finish));
    crew.done(runner, &[finish]).await;
    assert_eq!(crew.lease_one(runner).await.key, 1);
    crew.check().await;
}

#[tokio::test]
async fn runs_share_alike_whatever_their_size() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    let mut runs = Vec::new();
    for count in [1_000, 50, 3] {
        runs.push(crew.run_of(vec![item(0, 0)]).await);
        crew.fan_out_of(runs[runs.len() - 1], runner, count, 10_000).await;
    }
    let leases = crew.lease(runner, 43).await;
    let of = |run| leases.iter().filter(|lease| lease.run == run).count();
    assert_eq!([of(runs[0]), of(runs[1]), of(runs[2])], [20, 20, 3]);
    let ask = LeaseRequest { runner, now: crew.now, want: 5, run: Some(runs[1]) };
    let only = crew.store.lease(ask).await.unwrap();
    assert!(only.len() == 5 && only.iter().all(|lease| lease.run == runs[1]));
    crew.check().await;
}

#[tokio::test]
async fn one_at_a_time_no_run_is_passed_over_for_long() {
    let mut crew = Crew::new().await;
    let runner = crew.runner().await;
    for _ in 0..2 {
        let run = crew.run_of(vec![item(0, 0)]).await;
        crew.fan_out_of(run, runner, 100, 10_000).await;
    }
    let mut runs = BTreeSet::new();
    for _ in 0..2 {
        runs.insert(crew.lease(runner, 1).await[0].run.to_string());
        crew.now += chrono::TimeDelta::milliseconds(1);
    }
    assert_eq!(runs.len(), 2);
    crew.check().await;
}

#[tokio::test]
async fn steps_share_alike_and_within_one_what_has_begun_comes_first() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    crew.run_of(vec![item(0, 0), item(1, 0)]).await;
    for step in crew.lease(runner, 2).await {
        let number = step.step.unwrap().0;
        crew.end(runner, Ack::of(&step, spread(100, (0..9).map(|key| item(number, key)).collect()))).await;
    }
    let elements = crew.lease(runner, 6).await;
    let of = |number: u32| elements.iter().filter(move |lease| lease.step.unwrap().0 == number);
    assert_eq!((of(0).count(), of(1).count()), (3, 3));
    for element in of(0) {
        crew.end(runner, Ack::of(element, spread(9, vec![item(2, 0), item(2, 1)]))).await;
    }
    let next = crew.lease(runner, 8).await;
    let parents: Vec<_> = next.iter().filter(|lease| lease.step.unwrap().0 == 2).map(|l| l.parent).collect();
    let oldest: Vec<_> = of(0).take(2).flat_map(|lease| [Some(lease.item); 2]).collect();
    assert_eq!(parents, oldest, "the nested items of the oldest elements");
    assert_eq!(next.iter().filter(|lease| lease.step.unwrap().0 == 1).count(), 4);
    crew.check().await;
}

#[tokio::test]
async fn holders_whose_items_are_not_due_do_not_stand_in_the_way() {
    let crew = Crew::new().await;
    let runner = crew.runner().await;
    for _ in 0..2 {
        let run = crew.run_of(vec![item(0, 0)]).await;
        crew.fan_out_of(run, runner, 4, 100).await;
    }
    let later = crew.now + chrono::TimeDelta::hours(1);
    let first = crew.lease(runner, 8).await;
    let (wait, back): (Vec<_>, Vec<_>) = first.iter().partition(|lease| lease.run == first[0].run);
    let mut acks: Vec<Ack> = wait[..3].iter().map(|lease| retry(lease, later)).collect();
    acks.push(Ack::of(wait[3], crate::Ending::Untouched));
    acks.extend(back.iter().map(|lease| Ack::of(lease, crate::Ending::Untouched)));
    crew.ack(runner, acks).await;
    assert_eq!(crew.lease(runner, 4).await.len(), 4);
    assert_eq!(crew.lease(runner, 4).await.len(), 1);
    assert_eq!(crew.store.next_due(None).await.unwrap(), Some(later));
    crew.check().await;
}
