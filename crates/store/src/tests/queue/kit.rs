//! A store with runs and runners, and short ways to lease, ack and look.

use chrono::{DateTime, TimeDelta, Utc};
use model::RunId;
use serde_json::{Value, json};

use super::sums::assert_sums;
use crate::tests::kit::{now, store};
use crate::{
    Ack, Acked, Acks, Begun, Ending, Fault, ItemCounts, ItemState, Lease, LeaseRequest, Lock, NewItem,
    NewRun, NewStep, Overlap, RunDetail, RunEnd, RunnerId, RunnerStart, Siblings, Skip, Spread, StepEnd,
    StepNo, StepStatus, Store, WaitsFor, WorkQueue,
};

pub struct Crew {
    pub store: Store,
    pub now: DateTime<Utc>,
}

/// How long runners count as alive.
pub const ALIVE_SECS: i64 = 60;

impl Crew {
    pub async fn new() -> Crew {
        Crew::of(store().await)
    }

    pub fn of(store: Store) -> Crew {
        Crew { store, now: now() }
    }

    pub fn secs_pass(&mut self, secs: i64) {
        self.now += TimeDelta::seconds(secs);
    }

    pub async fn runner(&self) -> RunnerId {
        let until = self.now + TimeDelta::seconds(ALIVE_SECS);
        let start = RunnerStart {
            name: "runner_1".to_owned(),
            host: "here".to_owned(),
            pid: 1,
            process: None,
            serves: None,
            at: self.now,
            until,
        };
        self.store.start_runner(start).await.unwrap()
    }

    pub async fn start(&self, run: NewRun) -> Begun {
        self.store.start_run(NewRun { at: self.now, ..run }).await.unwrap()
    }

    /// A run of these items, one step for each number that occurs.
    pub async fn run_of(&self, items: Vec<NewItem>) -> RunId {
        let run = run(items);
        let id = run.id;
        assert_eq!(self.start(run).await, Begun::Running);
        id
    }

    pub async fn lease(&self, runner: RunnerId, want: usize) -> Vec<Lease> {
        self.store.lease(LeaseRequest { runner, now: self.now, want, run: None }).await.unwrap()
    }

    /// The one item that is ready.
    pub async fn lease_one(&self, runner: RunnerId) -> Lease {
        let mut leases = self.lease(runner, 100).await;
        assert_eq!(leases.len(), 1, "{leases:?}");
        leases.remove(0)
    }

    pub async fn ack(&self, runner: RunnerId, acks: Vec<Ack>) -> Acked {
        self.store.ack(Acks { runner, at: self.now, acks }).await.unwrap()
    }

    /// Acks one and expects it to count.
    pub async fn end(&self, runner: RunnerId, ack: Ack) -> Acked {
        let acked = self.ack(runner, vec![ack]).await;
        assert_eq!(acked.refused, []);
        acked
    }

    pub async fn done(&self, runner: RunnerId, leases: &[Lease]) {
        let acked = self.ack(runner, leases.iter().map(done).collect()).await;
        assert_eq!(acked.refused, []);
    }

    /// Spreads the one item that is ready into `count` children of its own step.
    pub async fn fan_out(&self, runner: RunnerId, count: i64, cap: u32) -> Lease {
        let lease = self.lease_one(runner).await;
        self.spread(runner, lease, count, cap).await
    }

    /// As [`Crew::fan_out`], of this run, whatever else is ready.
    pub async fn fan_out_of(&self, run: RunId, runner: RunnerId, count: i64, cap: u32) -> Lease {
        let ask = LeaseRequest { runner, now: self.now, want: 1, run: Some(run) };
        let lease = self.store.lease(ask).await.unwrap().remove(0);
        self.spread(runner, lease, count, cap).await
    }

    async fn spread(&self, runner: RunnerId, lease: Lease, count: i64, cap: u32) -> Lease {
        let children = (0..count).map(|key| item(lease.step.unwrap().0, key)).collect();
        self.end(runner, Ack::of(&lease, spread(cap, children))).await;
        lease
    }

    pub async fn detail(&self, run: RunId) -> RunDetail {
        self.store.run(run).await.unwrap().unwrap()
    }

    pub async fn counts(&self, run: RunId) -> ItemCounts {
        self.detail(run).await.items()
    }

    pub async fn status(&self, run: RunId, step: usize) -> StepStatus {
        self.detail(run).await.steps[step].status
    }

    pub async fn redrive(&self, run: RunId) -> u64 {
        self.store.redrive(run, None, &WaitsFor::new()).await.unwrap().items
    }

    /// State of an item, by its number.
    pub async fn state(&self, lease: &Lease) -> ItemState {
        let (Some(parent), Some(step)) = (lease.parent, lease.step) else { panic!("a root") };
        let found = self.store.outputs(parent, step, 1_000).await.unwrap();
        found.into_iter().find(|(key, ..)| *key == lease.key).unwrap().1
    }

    /// Takes everything that is ready, whatever it is, and ends it, until nothing is left.
    pub async fn finish_all(&self, runner: RunnerId) -> usize {
        let mut ended = 0;
        loop {
            let leases = self.lease(runner, 100).await;
            if leases.is_empty() {
                return ended;
            }
            ended += leases.len();
            self.done(runner, &leases).await;
        }
    }

    pub async fn check(self) {
        assert_sums(&self.store).await;
    }
}

pub fn run(items: Vec<NewItem>) -> NewRun {
    let steps = items.iter().map(|item| item.step).collect::<std::collections::BTreeSet<_>>();
    let step = |no: StepNo| NewStep {
        no,
        path: format!("step{}", no.0),
        function: Some("f".to_owned()),
        parent: None,
    };
    NewRun {
        claim: None,
        audit: Vec::new(),
        id: RunId::new(),
        at: now(),
        pipeline: "p".to_owned(),
        definition: json!({}),
        command: json!({}),
        lock: None,
        steps: steps.into_iter().map(step).collect(),
        items,
        cap: 100,
    }
}

pub fn locked(overlap: Overlap) -> NewRun {
    let lock = Some(Lock { name: "l".to_owned(), overlap });
    NewRun { lock, ..run(vec![item(0, 0)]) }
}

/// An item that may be tried three times.
pub fn item(step: u32, key: i64) -> NewItem {
    let input = Some(json!({"key": key}));
    NewItem { step: StepNo(step), key, input, pending: 0, tries: 3, counted: true }
}

pub fn blocked(step: u32, pending: u32) -> NewItem {
    NewItem { pending, ..item(step, 0) }
}

pub fn fault() -> Fault {
    Fault::new("broken", "it broke")
}

/// Done, and with it its run where it is a root.
pub fn done(lease: &Lease) -> Ack {
    let end = RunEnd { outcome: "completed".to_owned(), summary: Value::Null };
    Ack { run: Some(end), ..Ack::of(lease, Ending::Done { output: None }) }
}

pub fn failed(lease: &Lease) -> Ack {
    Ack::of(lease, Ending::Failed(fault()))
}

pub fn retry(lease: &Lease, due: DateTime<Utc>) -> Ack {
    Ack::of(lease, Ending::Retry { fault: fault(), due })
}

pub fn spread(cap: u32, children: Vec<NewItem>) -> Ending {
    Ending::Spread(Spread { cap, most: None, children })
}

pub fn releasing(steps: &[u32]) -> Siblings {
    Siblings { release: steps.iter().copied().map(StepNo).collect(), ..Siblings::default() }
}

pub fn skipping(steps: &[u32]) -> Siblings {
    let skip = |step: &u32| Skip {
        step: StepNo(*step),
        reason: "depends on step0, which failed".to_owned(),
        release: Vec::new(),
    };
    Siblings { skip: steps.iter().map(skip).collect(), ..Siblings::default() }
}

pub fn step_end(status: StepStatus) -> Option<StepEnd> {
    Some(StepEnd { status, reason: None })
}

pub fn waits(pairs: &[(u32, &[u32])]) -> WaitsFor {
    pairs.iter().map(|(step, on)| (StepNo(*step), on.iter().copied().map(StepNo).collect())).collect()
}
