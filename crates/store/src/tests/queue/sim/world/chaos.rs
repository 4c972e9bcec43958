//! What may happen at any moment.

use super::World;
use super::work::told;
use crate::sql::{self, Dialect};
use crate::tests::queue::sim::pipeline::MOST_CAP;
use crate::{Ack, Acks, RunnerId, Store, StoreError, WorkQueue};

impl World {
    pub(super) async fn something_happens(&mut self) {
        if self.actors.is_empty() || self.actors.len() < self.most_actors && self.random.once_in(4) {
            self.come().await;
        }
        let actor = self.random.below(self.actors.len());
        let run = self.random.below(self.runs.len());
        match self.random.below(100) {
            0..30 => {
                let want = 1 + self.random.below(8);
                self.lease(actor, want).await;
            }
            30..64 => {
                let in_hand = self.actors[actor].in_hand.len();
                let count = self.random.below(in_hand + 1);
                self.ack(actor, count).await;
            }
            64..70 => self.beat(actor).await,
            70..80 => {
                let millis = if self.random.once_in(8) { 40_000 } else { 900 };
                let millis = self.random.below(millis) as i64;
                self.tick(millis);
            }
            80..84 => self.reap(&[]).await,
            84..87 => self.dies(actor).await,
            87..89 => self.acks_what_it_lost().await,
            89 => self.cancel(run).await,
            90..92 => {
                let id = self.runs[run].id;
                self.say(|| format!("run {run} is paused or goes on"));
                if !self.crew.store.pause(id, None).await.unwrap() {
                    self.crew.store.unpause(id).await.unwrap();
                }
            }
            92..94 => self.redrive(run).await,
            94..97 => {
                let path = format!("step{}", self.random.below(4));
                let cap = 1 + self.random.below(MOST_CAP) as u32;
                self.crew.store.set_cap(self.runs[run].id, &path, cap).await.unwrap();
            }
            _ => self.crash().await,
        }
    }

    /// It stops without a word: known to be gone, or only silent from now on.
    async fn dies(&mut self, actor: usize) {
        let known = self.random.once_in(2);
        let actor = self.actors.remove(actor);
        self.say(|| format!("{:?} dies with {}", actor.runner, told(&actor.in_hand)));
        if known {
            self.reap(&[actor.runner]).await;
        } else if self.random.once_in(3) {
            self.crew.store.stop_runner(actor.runner, self.crew.now).await.unwrap();
            self.model.lost(actor.runner);
        }
        self.stale.extend(actor.in_hand.into_iter().map(|lease| (actor.runner, lease)));
    }

    pub(super) async fn reap(&mut self, gone: &[RunnerId]) {
        self.crew.store.reap(self.crew.now, gone).await.unwrap();
        let alive: Vec<i64> =
            self.crew.store.runners().await.unwrap().iter().map(|row| row.runner.0).collect();
        self.model.held.retain(|_, (holder, _)| alive.contains(holder));
        for actor in &self.actors {
            let silent = actor.until < self.crew.now.timestamp_millis();
            assert_eq!(alive.contains(&actor.runner.0), !silent, "{:?}", actor.runner);
        }
        // Whoever was given up may not know, and acks later what it had.
        for index in (0..self.actors.len()).rev() {
            if !alive.contains(&self.actors[index].runner.0) && self.random.once_in(2) {
                let actor = self.actors.remove(index);
                self.stale.extend(actor.in_hand.into_iter().map(|lease| (actor.runner, lease)));
            }
        }
    }

    /// A runner that was given up comes with what it had, or one acks a second time.
    async fn acks_what_it_lost(&mut self) {
        // Sooner one of which the runner has the item again, under another attempt.
        let again = |(runner, lease): &&(RunnerId, crate::Lease)| {
            self.model.held.get(&lease.item.0).is_some_and(|(holder, _)| *holder == runner.0)
        };
        let found = self.stale.iter().find(again).cloned();
        let Some((runner, lease)) = found.or_else(|| self.random.pick(&self.stale).cloned()) else { return };
        if self.model.holds(runner, &lease) {
            return;
        }
        let ack = Ack::of(&lease, crate::Ending::Done { output: None });
        let acked = self.crew.store.ack(Acks { runner, at: self.crew.now, acks: vec![ack] }).await.unwrap();
        assert_eq!(acked.refused, [lease.item]);
    }

    async fn cancel(&mut self, run: usize) {
        self.say(|| format!("run {run} is cancelled"));
        self.crew.store.cancel(self.runs[run].id, self.crew.now, "enough").await.unwrap();
    }

    pub(super) async fn redrive(&mut self, number: usize) {
        let run = &self.runs[number];
        let redriven = self.crew.store.redrive(run.id, None, &run.pipeline.waits_for()).await;
        self.say(|| format!("run {number} is redriven: {redriven:?}"));
        if !matches!(redriven, Err(StoreError::Question(_))) {
            redriven.unwrap();
            self.runs[number].generation += 1;
            let held = self.held_in_store().await;
            self.model.redriven(&held);
        }
    }

    /// A transaction stops at its last item: nothing of it is there.
    pub(super) async fn fail_in_the_middle(&mut self, runner: RunnerId, acks: &[Ack]) {
        let last = acks[acks.len() - 1].item.0;
        let (fail, go_on) = match self.crew.store.writer.dialect() {
            Dialect::Sqlite => (
                format!(
                    "CREATE TEMP TRIGGER stop BEFORE UPDATE ON items WHEN new.id = {last} \
                     BEGIN SELECT RAISE(ABORT, 'no'); END"
                ),
                "DROP TRIGGER temp.stop",
            ),
            Dialect::Postgres => (
                format!("ALTER TABLE items ADD CONSTRAINT stop CHECK (id <> {last}) NOT VALID"),
                "ALTER TABLE items DROP CONSTRAINT stop",
            ),
        };
        sql::query(fail).execute(&self.crew.store.writer).await.unwrap();
        let acked = self.crew.store.ack(Acks { runner, at: self.crew.now, acks: acks.to_vec() }).await;
        assert!(acked.is_err(), "{acked:?}");
        sql::query(go_on).execute(&self.crew.store.writer).await.unwrap();
    }

    /// The process is gone in the middle of what it does, and so are all its runners.
    async fn crash(&mut self) {
        let Some(file) = self.file.clone() else { return };
        self.say(|| "it crashes".to_owned());
        let gone: Vec<RunnerId> = self.actors.iter().map(|actor| actor.runner).collect();
        for actor in self.actors.drain(..) {
            self.stale.extend(actor.in_hand.into_iter().map(|lease| (actor.runner, lease)));
        }
        let mut transaction = self.crew.store.begin().await.unwrap();
        sql::query("UPDATE items SET state = 4, owner = NULL").execute(&mut *transaction).await.unwrap();
        drop(transaction);
        self.crew.store = Store::open(&file).await.unwrap();
        self.reap(&gone).await;
    }
}
