//! The world of a simulation: the store, the clock, the runs, the runners, and what may happen.

mod chaos;
mod work;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use model::RunId;

use super::model::Model;
use super::pipeline::Pipeline;
use super::random::Random;
use crate::sql;
use crate::tests::queue::kit::{ALIVE_SECS, Crew, run};
use crate::tests::queue::sums::assert_sums;
use crate::{Lease, Lock, NewRun, Overlap, RunState, RunnerId, Store};

pub struct World {
    seed: u64,
    random: Random,
    crew: Crew,
    /// Where the store is, if it is in a file.
    file: Option<crate::Address>,
    runs: Vec<Run>,
    actors: Vec<Actor>,
    most_actors: usize,
    /// Leases that were lost, of runners that may not know.
    stale: Vec<(RunnerId, Lease)>,
    model: Model,
    with_documents: bool,
    talkative: bool,
}

struct Run {
    id: RunId,
    pipeline: Pipeline,
    /// How often it was redriven.
    generation: u32,
}

struct Actor {
    runner: RunnerId,
    until: i64,
    in_hand: Vec<Lease>,
}

impl World {
    pub fn new(seed: u64, store: Store, file: Option<crate::Address>) -> World {
        let mut random = Random::of(seed);
        let most_actors = 1 + random.below(8);
        World {
            seed,
            crew: Crew::of(store),
            file,
            runs: Vec::new(),
            actors: Vec::new(),
            most_actors,
            stale: Vec::new(),
            model: Model::default(),
            with_documents: random.once_in(8),
            talkative: std::env::var_os("CALLBOARD_SIM_SEED").is_some(),
            random,
        }
    }

    pub async fn run(mut self) {
        for number in 0..1 + self.random.below(3) {
            self.start_run(number).await;
        }
        for turn in 0..60 + self.random.below(100) {
            self.something_happens().await;
            self.compare().await;
            if turn % 40 == 0 {
                assert_sums(&self.crew.store).await;
            }
        }
        self.end_well().await;
    }

    async fn start_run(&mut self, number: usize) {
        let pipeline = Pipeline::random(&mut self.random);
        let lock = Lock { name: "l".to_owned(), overlap: Overlap::Queue };
        let lock = Some(lock).filter(|_| self.random.once_in(3));
        let (steps, cap) = (pipeline.new_steps(), pipeline.cap);
        let new = NewRun { lock, steps, cap, ..run(pipeline.items()) };
        self.say(|| format!("run {number} is {pipeline:?}"));
        self.runs.push(Run { id: new.id, pipeline, generation: 0 });
        self.crew.start(new).await;
    }

    /// Holds what the store says is in hand against the model.
    async fn compare(&mut self) {
        assert_eq!(self.held_in_store().await, self.model.held);
        let over: Vec<i64> = sql::query_scalar("SELECT item FROM spreads WHERE running > ?")
            .bind(super::pipeline::MOST_CAP as i64)
            .fetch_all(&self.crew.store.readers)
            .await
            .unwrap();
        assert!(over.is_empty(), "over their cap: {over:?}");
    }

    async fn held_in_store(&self) -> BTreeMap<i64, (i64, u32)> {
        let sql = "SELECT id, owner, attempt FROM items WHERE state = 2";
        let rows = sql::query(sql).fetch_all(&self.crew.store.readers).await.unwrap();
        let held =
            |row: &sql::Row| (row.try_get(0).unwrap(), (row.try_get(1).unwrap(), row.try_get(2).unwrap()));
        rows.iter().map(held).collect()
    }

    /// Nothing goes wrong any more: after a few redrives everything has been done, once.
    async fn end_well(&mut self) {
        let gone: Vec<RunnerId> = self.actors.drain(..).map(|actor| actor.runner).collect();
        // Those that fell silent are given up too.
        self.tick(ALIVE_SECS * 1_000 + 1);
        self.reap(&gone).await;
        for number in 0..self.runs.len() {
            self.crew.store.unpause(self.runs[number].id).await.unwrap();
        }
        self.drain().await;
        for _ in 0..3 {
            for number in 0..self.runs.len() {
                self.redrive(number).await;
                self.drain().await;
            }
        }
        assert_sums(&self.crew.store).await;
        let mut total = 0;
        for run in &self.runs {
            let detail = self.crew.detail(run.id).await;
            let items = detail.items();
            assert_eq!((detail.state, detail.outcome.as_deref()), (RunState::Ended, Some("completed")));
            assert_eq!((items.done, items.total), (run.pipeline.total(), run.pipeline.total()), "{run:?}");
            total += run.pipeline.effects();
        }
        assert_eq!(self.model.effects.len() as u64, total);
        if self.with_documents {
            let changes = self.crew.store.changes(0, 10_000).await.unwrap();
            assert_eq!(changes.len() as u64, total, "one row for each");
        }
    }

    /// One runner does all that can be done.
    async fn drain(&mut self) {
        self.come().await;
        for _ in 0..10_000 {
            self.beat(0).await;
            self.lease(0, 20).await;
            if !self.actors[0].in_hand.is_empty() {
                let count = self.actors[0].in_hand.len();
                self.ack(0, count).await;
                continue;
            }
            let Some(due) = self.crew.store.next_due(None).await.unwrap() else {
                let actor = self.actors.remove(0);
                self.crew.store.stop_runner(actor.runner, self.crew.now).await.unwrap();
                return;
            };
            assert!(due > self.crew.now, "due, but not to be had");
            self.crew.now = due;
        }
        panic!("it never comes to an end");
    }

    fn tick(&mut self, millis: i64) {
        self.crew.now += TimeDelta::milliseconds(millis);
    }

    fn say(&self, what: impl Fn() -> String) {
        if self.talkative {
            eprintln!("seed {} at {}: {}", self.seed, self.crew.now.format("%T%.3f"), what());
        }
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        write!(formatter, "{:?} redriven {} times", self.pipeline, self.generation)
    }
}
