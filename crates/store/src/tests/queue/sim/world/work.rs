//! What runners do: lease, work, ack, say that they are alive.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{Actor, World};
use crate::tests::kit::{page, titled};
use crate::tests::queue::kit::{ALIVE_SECS, blocked, fault, item, releasing, skipping, step_end};
use crate::tests::queue::sim::pipeline::{Shape, nested};
use crate::tests::queue::sim::random::mix;
use crate::{
    Ack, Acks, Ending, ItemState, Lease, LeaseRequest, NewItem, Phase, RunEnd, Siblings, Spread, StepNo,
    StepStatus, WorkQueue,
};

/// What working on an item comes to.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Fine,
    Retry,
    Fail,
}

impl World {
    /// A runner comes.
    pub(super) async fn come(&mut self) {
        let runner = self.crew.runner().await;
        let until = self.crew.now.timestamp_millis() + ALIVE_SECS * 1_000;
        self.actors.push(Actor { runner, until, in_hand: Vec::new() });
    }

    pub(super) async fn beat(&mut self, actor: usize) {
        let (runner, now) = (self.actors[actor].runner, self.crew.now);
        let until = now + TimeDelta::seconds(ALIVE_SECS);
        if self.crew.store.heartbeat(runner, now, until).await.unwrap().is_some() {
            self.actors[actor].until = until.timestamp_millis();
        } else {
            let actor = self.actors.remove(actor);
            self.stale.extend(actor.in_hand.into_iter().map(|lease| (actor.runner, lease)));
        }
    }

    pub(super) async fn lease(&mut self, actor: usize, want: usize) {
        let (runner, now) = (self.actors[actor].runner, self.crew.now);
        let ask = LeaseRequest { runner, now, want, run: None };
        let leases = self.crew.store.lease(ask).await.unwrap();
        self.say(|| format!("{runner:?} leases {}", told(&leases)));
        assert!(leases.len() <= want);
        for lease in &leases {
            let number = self.runs.iter().position(|run| run.id == lease.run).unwrap();
            self.model.leased(runner, lease, mix(self.seed, number as u64));
        }
        for lease in &leases {
            self.check_order(lease).await;
        }
        self.actors[actor].in_hand.extend(leases);
    }

    /// What a step waits for has been done when it begins.
    async fn check_order(&self, lease: &Lease) {
        let (Some(parent), Some(StepNo(step)), Phase::Start) = (lease.parent, lease.step, lease.phase) else {
            return;
        };
        let after = match self.pipeline(lease).steps.get(step as usize) {
            Some(steps) if self.is_step(lease) => steps.after.clone(),
            None if step % 2 == 1 => vec![step - 1],
            _ => return,
        };
        for step in after {
            let before = self.crew.store.outputs(parent, StepNo(step), 2).await.unwrap();
            let done = before.len() == 1 && before[0].1 == ItemState::Done;
            assert!(done || lease.given_up, "{lease:?} begins before step {step} is done: {before:?}");
        }
    }

    /// Acks so many of what a runner has, in a group.
    pub(super) async fn ack(&mut self, actor: usize, count: usize) {
        let leases: Vec<Lease> = self.actors[actor].in_hand.drain(..count).collect();
        let runner = self.actors[actor].runner;
        let mut acks = Vec::new();
        for lease in &leases {
            acks.push(self.work_on(actor, lease).await);
        }
        if self.random.once_in(12) && leases.last().is_some_and(|last| self.model.holds(runner, last)) {
            self.fail_in_the_middle(runner, &acks).await;
        }
        let acked =
            self.crew.store.ack(Acks { runner, at: self.crew.now, acks: acks.clone() }).await.unwrap();
        self.say(|| format!("{runner:?} acks {}, refused {:?}", told(&leases), acked.refused));
        let mut refused = Vec::new();
        for (lease, ack) in leases.iter().zip(&acks) {
            if self.random.once_in(3) {
                // It may come a second time, when the runner has the item under another attempt.
                self.stale.push((runner, lease.clone()));
            }
            if !self.model.holds(runner, lease) {
                refused.push(lease.item);
                continue;
            }
            self.model.held.remove(&lease.item.0);
            if let Ending::Done { .. } = ack.ending {
                self.model.done(lease);
            }
        }
        assert_eq!(acked.refused, refused);
    }

    async fn work_on(&mut self, actor: usize, lease: &Lease) -> Ack {
        let Some(StepNo(step)) = lease.step else { return self.root(lease).await };
        if self.random.once_in(20) {
            return Ack::of(lease, Ending::Untouched);
        }
        let fate = self.fate(lease);
        let top = if step < 100 { step } else { (step - 100) / 2 };
        let shape = self.pipeline(lease).steps[top as usize].shape;
        let is_step = self.is_step(lease);
        match (shape, fate, lease.phase) {
            _ if step >= 100 => self.nested(lease, fate, step, top),
            (Shape::Nested(_), Fate::Fine, Phase::Start) if !is_step => {
                let [first, second] = nested(top);
                let children = vec![item(first, 0), blocked(second, 1)];
                Ack::of(lease, Ending::Spread(Spread { cap: 2, most: None, children }))
            }
            (Shape::Crawl(count), Fate::Fine, _) if !is_step => {
                Ack { follow: follow_ups(step, lease.key, count), ..self.effect(lease) }
            }
            (Shape::Plain | Shape::Fan(_) | Shape::Nested(_), Fate::Fine, Phase::Finish) if !is_step => {
                self.finish(lease).await
            }
            (_, Fate::Fine, _) if !is_step => self.effect(lease),
            (Shape::Plain, Fate::Fine, _) => self.end_of_step(lease, step, self.effect(lease)),
            (_, Fate::Fine, Phase::Start) => self.spread(actor, lease, step, shape).await,
            (_, Fate::Fine, Phase::Finish) => {
                let ack = self.finish(lease).await;
                self.end_of_step(lease, step, ack)
            }
            (_, fate, _) if is_step => self.end_of_step(lease, step, self.bad(lease, fate)),
            (_, Fate::Fail, _) if self.random.once_in(3) => {
                let stop = Some("one is enough".to_owned());
                Ack { siblings: Siblings { stop, ..Siblings::default() }, ..self.bad(lease, fate) }
            }
            (_, fate, _) => self.bad(lease, fate),
        }
    }

    fn pipeline(&self, lease: &Lease) -> &crate::tests::queue::sim::pipeline::Pipeline {
        &self.runs.iter().find(|run| run.id == lease.run).unwrap().pipeline
    }

    /// It is the item of a step itself, a child of the root.
    fn is_step(&self, lease: &Lease) -> bool {
        let number = self.runs.iter().position(|run| run.id == lease.run).unwrap();
        let root = mix(self.seed, number as u64);
        self.model.name(lease.item) == mix(mix(root, u64::from(lease.step.unwrap().0)), lease.key as u64)
    }

    fn fate(&self, lease: &Lease) -> Fate {
        let generation = self.generation(lease);
        if lease.given_up {
            return Fate::Fail;
        }
        match (mix(self.model.name(lease.item), lease.phase as u64) % 24, generation, lease.failed_tries) {
            (0, 0, _) | (1, 0 | 1, _) => Fate::Fail,
            (2, 0, _) | (3 | 4, _, 0) | (5, _, 0 | 1) => Fate::Retry,
            _ => Fate::Fine,
        }
    }

    fn generation(&self, lease: &Lease) -> u32 {
        self.runs.iter().find(|run| run.id == lease.run).unwrap().generation
    }

    fn bad(&self, lease: &Lease, fate: Fate) -> Ack {
        let due = self.crew.now + TimeDelta::milliseconds((self.model.name(lease.item) % 3_000) as i64);
        let ending = match fate {
            Fate::Retry => Ending::Retry { fault: fault(), due },
            _ => Ending::Failed(fault()),
        };
        Ack::of(lease, ending)
    }

    fn effect(&self, lease: &Lease) -> Ack {
        let name = format!("{:x}", self.model.name(lease.item));
        let documents =
            if self.with_documents { vec![page(&name, vec![titled(&name, &name)]).into()] } else { vec![] };
        Ack { documents, ..Ack::of(lease, Ending::Done { output: Some(json!({"name": name})) }) }
    }

    fn nested(&self, lease: &Lease, fate: Fate, step: u32, top: u32) -> Ack {
        let [first, second] = nested(top);
        match fate {
            Fate::Fine if step == first => Ack { siblings: releasing(&[second]), ..self.effect(lease) },
            Fate::Fine => self.effect(lease),
            fate => {
                let ack = self.bad(lease, fate);
                let ended = lease.last || fate == Fate::Fail;
                let skipped = if ended && step == first { vec![second] } else { vec![] };
                Ack { siblings: skipping(&skipped), ..ack }
            }
        }
    }

    /// Adds what the ending of a step means for the others.
    fn end_of_step(&self, lease: &Lease, step: u32, ack: Ack) -> Ack {
        let pipeline = self.pipeline(lease);
        match &ack.ending {
            Ending::Done { .. } => {
                let siblings = releasing(&pipeline.next(step));
                Ack { siblings, step: step_end(StepStatus::Completed), ..ack }
            }
            Ending::Retry { .. } if !lease.last => ack,
            _ => {
                let siblings = skipping(&pipeline.all_after(step));
                Ack { siblings, step: step_end(StepStatus::Failed), ..ack }
            }
        }
    }

    async fn spread(&mut self, actor: usize, lease: &Lease, step: u32, shape: Shape) -> Ack {
        let count = match shape {
            Shape::Fan(count) | Shape::Nested(count) => count,
            _ => 1,
        };
        let cap = self.pipeline(lease).steps[step as usize].cap;
        let mut children: Vec<NewItem> = (0..count).map(|key| item(step, key)).collect();
        if self.random.once_in(2) {
            let runner = self.actors[actor].runner;
            let first: Vec<NewItem> = children.drain(..children.len() / 2).collect();
            let spread = Spread { cap, most: None, children: first };
            let holds = self.crew.store.enqueue(runner, lease.item, lease.attempt, spread).await.unwrap();
            assert_eq!(holds, self.model.holds(runner, lease));
            // It fails when it has spread in part.
            match self.random.below(12) {
                0 if !lease.last => return self.bad(lease, Fate::Retry),
                1 if self.generation(lease) < 2 => {
                    return self.end_of_step(lease, step, self.bad(lease, Fate::Fail));
                }
                _ => {}
            }
            children = (0..count).map(|key| item(step, key)).collect();
        }
        Ack::of(lease, Ending::Spread(Spread { cap, most: None, children }))
    }

    /// All children have ended; it is done if they all are.
    async fn finish(&self, lease: &Lease) -> Ack {
        let mut steps = vec![lease.step.unwrap()];
        steps.extend(nested(steps[0].0).map(StepNo));
        let mut fine = true;
        for step in steps {
            let children = self.crew.store.outputs(lease.item, step, 1_000).await.unwrap();
            assert!(
                !self.model.holds(self.runner_of(lease), lease)
                    || children.iter().all(|(_, state, _)| state.has_ended()),
                "finishes too early: {lease:?} {children:?}"
            );
            fine &= children.iter().all(|(_, state, _)| *state == ItemState::Done);
        }
        if fine { Ack::of(lease, Ending::Done { output: None }) } else { self.bad(lease, Fate::Fail) }
    }

    fn runner_of(&self, lease: &Lease) -> crate::RunnerId {
        crate::RunnerId(self.model.held.get(&lease.item.0).map_or(0, |(runner, _)| *runner))
    }

    async fn root(&self, lease: &Lease) -> Ack {
        let mut fine = true;
        for step in 0..self.pipeline(lease).steps.len() as u32 {
            let items = self.crew.store.outputs(lease.item, StepNo(step), 10).await.unwrap();
            fine &= items.iter().all(|(_, state, _)| *state == ItemState::Done);
        }
        let outcome = if fine { "completed" } else { "partial" }.to_owned();
        let run = Some(RunEnd { outcome, summary: Value::Null });
        Ack { run, ..Ack::of(lease, Ending::Done { output: None }) }
    }
}

/// Each request leads to two others, and names some that are known.
fn follow_ups(step: u32, key: i64, count: i64) -> Vec<NewItem> {
    let keys = [2 * key + 1, 0, 2 * key + 2, key, key / 2, 2 * key + 1];
    keys.into_iter().filter(|key| *key < count).map(|key| item(step, key)).collect()
}

pub(super) fn told(leases: &[Lease]) -> String {
    let told = leases.iter().map(|lease| {
        format!("{}#{} ({:?}/{} {:?})", lease.item.0, lease.attempt, lease.step, lease.key, lease.phase)
    });
    told.collect::<Vec<_>>().join(", ")
}
