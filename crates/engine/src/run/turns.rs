//! The runner's loop: keeps a bounded number of items under way, enters what came of them in groups,
//! stays alive, and stops as it is told.

mod ahead;
mod beat;
mod front;
mod intake;
mod returns;
mod strain;

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use model::RunId;
use store::{Ack, Acked, Acks, Ending, ItemId, Lease, Phase, RunState, RunnerId, WorkQueue as _};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};
use tracing::Instrument as _;

use super::buffer::Buffer;
use super::execute::{Executed, execute};
use super::patience::Patience;
use super::{RunContext, RunError, Runner, Share, Stop, Until, World, outcome};
use crate::spans;
use ahead::Ahead;
use front::Front;

/// Acks, and what entering them said.
type Entered = (Acks, Result<Acked, store::StoreError>);

/// The state of the loop.
pub(super) struct Turns {
    runner: Arc<Runner>,
    id: RunnerId,
    stop: watch::Receiver<Stop>,
    runs: HashMap<RunId, Arc<RunContext>>,
    /// Runs of which this runner cannot do anything, as was said once.
    unable: HashSet<RunId>,
    front: Front,
    /// Leased and not begun.
    queue: VecDeque<Lease>,
    flying: JoinSet<(Lease, Result<Executed, RunError>)>,
    /// What is flying, by its task.
    aloft: HashMap<tokio::task::Id, (Lease, AbortHandle)>,
    buffer: Buffer,
    entering: Option<JoinHandle<Entered>>,
    /// What could not be entered, or may have been: the store was away.
    unentered: Option<Acks>,
    /// The room that the documents have which are being entered, or could not be.
    shares: Vec<Share>,
    leasing: Option<JoinHandle<Result<Vec<Lease>, store::StoreError>>>,
    /// How much work it takes at once.
    ahead: Ahead,
    /// How much it asked for the last time, and when.
    asked: usize,
    asked_at: DateTime<Utc>,
    /// When it asked for work without hearing what came of it.
    unheard: Vec<DateTime<Utc>>,
    patience: Patience,
    /// When a store that was away is asked again.
    again_at: Instant,
    /// There was less, and nothing was entered since.
    dry: bool,
    /// When it is worth asking for work again.
    ask_at: Instant,
    /// Until when it leaves a run to others that can do it.
    stands_back: Option<Instant>,
    /// Items whose children are judged by how many of them fail.
    judged: HashMap<ItemId, (Arc<RunContext>, store::StepNo)>,
    /// When what is in hand must have ended.
    grace: Option<Instant>,
    lost: bool,
    /// Runs that were cancelled while something of them was in hand.
    cancelled: Vec<RunId>,
    ended: u64,
}

impl Turns {
    pub(super) fn new(runner: Arc<Runner>, id: RunnerId, stop: watch::Receiver<Stop>) -> Turns {
        let patience = Patience::new(runner.options.patience);
        Turns {
            runner,
            id,
            stop,
            runs: HashMap::new(),
            unable: HashSet::new(),
            front: Front::default(),
            queue: VecDeque::new(),
            flying: JoinSet::new(),
            aloft: HashMap::new(),
            buffer: Buffer::default(),
            entering: None,
            unentered: None,
            shares: Vec::new(),
            leasing: None,
            ahead: Ahead::default(),
            asked: 0,
            asked_at: DateTime::UNIX_EPOCH,
            unheard: Vec::new(),
            patience,
            again_at: Instant::now(),
            dry: false,
            ask_at: Instant::now(),
            stands_back: None,
            judged: HashMap::new(),
            grace: None,
            lost: false,
            cancelled: Vec::new(),
            ended: 0,
        }
    }

    pub(super) async fn go_on(&mut self) -> Result<(), RunError> {
        let mut beat = tokio::time::interval(self.beat_time());
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.mind_stop();
            self.launch();
            self.enter();
            self.ask();
            if self.is_idle() && self.is_over().await? {
                return Ok(());
            }
            let wake = self.wake_at();
            let mut stop = self.stop.clone();
            tokio::select! {
                Some(landed) = self.flying.join_next_with_id() => self.landed(landed),
                entered = finished(&mut self.entering) => self.entered(entered?).await?,
                leased = finished(&mut self.leasing) => self.leased(leased?).await?,
                _ = beat.tick() => self.beat().await?,
                Ok(()) = stop.changed() => { self.stop.borrow_and_update(); }
                () = tokio::time::sleep_until(wake) => {}
            }
        }
    }

    /// Items that it has ended.
    pub(super) fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether it was given up by the others.
    pub(super) fn is_lost(&self) -> bool {
        self.lost
    }

    fn world(&self) -> &Arc<World> {
        &self.runner.world
    }

    fn concurrency(&self) -> usize {
        self.runner.options.concurrency.max(1)
    }

    fn stopping(&self) -> bool {
        self.lost || *self.stop.borrow() != Stop::No
    }

    /// Gives back what has not begun, and stops what is in hand when its time is over.
    fn mind_stop(&mut self) {
        if !self.stopping() {
            return;
        }
        self.queue.clear();
        let grace = *self.grace.get_or_insert_with(|| Instant::now() + self.runner.options.grace);
        if self.lost || *self.stop.borrow() == Stop::Now || Instant::now() >= grace {
            self.aloft.values().for_each(|(_, task)| task.abort());
            if !self.patience.is_calm() {
                // It is done anew by whoever takes it when this runner is no longer heard of.
                (self.unentered, _) = (None, self.buffer.drain());
                self.shares.clear();
            }
        }
    }

    /// Begins items while there is room.
    fn launch(&mut self) {
        while self.flying.len() < self.concurrency() && !self.buffer.is_full() && !self.stopping() {
            let Some(lease) = self.queue.pop_front() else { return };
            let Some(run) = self.runs.get(&lease.run).cloned() else { continue };
            let (world, backoff, kept) = (self.world().clone(), self.runner.options.backoff, lease.clone());
            let span = spans::run(run.id);
            let serves = self.runner.until.run().is_none();
            let work = async move {
                let executed = match lease.step {
                    Some(_) => execute(&world, &run, &lease, &backoff).await,
                    None => end_of_run(&world, &run, &lease, serves).await,
                };
                (lease, executed)
            };
            let task = self.flying.spawn(work.instrument(span));
            self.aloft.insert(task.id(), (kept, task));
        }
    }

    /// Hands what came of items to the store, which works on it while others go on. Where nothing more
    /// is to be had, once there is a place for it, and at the latest when half of what is in hand is done: until
    /// it is entered, it holds the place of what comes next, and the other half is worked on meanwhile.
    fn enter(&mut self) {
        if self.entering.is_some() || self.lost {
            return;
        }
        let Some(acks) = self.next_acks() else { return };
        let acks = Acks { at: (self.world().clock)(), ..acks };
        let store = self.world().store.clone();
        // All that comes next waits for this, and it goes to the store and back some forty times. On a thread of
        // its own no answer of the store stands in line behind the work on items.
        let here = Handle::current();
        self.entering = Some(tokio::task::spawn_blocking(move || {
            // It may have to be said again.
            here.block_on(async move { (acks.clone(), store.ack(acks).await) })
        }));
    }

    fn next_acks(&mut self) -> Option<Acks> {
        if self.unentered.is_some() {
            return self.unentered.take_if(|_| Instant::now() >= self.again_at);
        }
        let idle = self.queue.is_empty() && self.flying.len() < self.concurrency();
        let half_done = self.queue.len() + self.flying.len() <= self.buffer.len();
        let starving = self.dry && (idle || half_done);
        if !self.buffer.is_due(starving) {
            return None;
        }
        let (acks, shares) = self.buffer.drain();
        self.shares = shares;
        let acks = Acks { runner: self.id, at: (self.world().clock)(), acks };
        self.ended += acks.acks.iter().filter(|ack| is_end(&ack.ending)).count() as u64;
        Some(acks)
    }

    fn is_idle(&self) -> bool {
        let nothing = self.queue.is_empty() && self.flying.is_empty() && self.buffer.is_empty();
        let entered = self.entering.is_none() && self.unentered.is_none();
        nothing && entered && (self.leasing.is_none() || self.stopping())
    }

    /// Whether there is nothing more to do for it.
    async fn is_over(&mut self) -> Result<bool, RunError> {
        if self.stopping() {
            return Ok(true);
        }
        if Instant::now() < self.again_at {
            return Ok(false);
        }
        let store = &self.world().store;
        let over = match self.runner.until {
            Until::Stopped => return Ok(false),
            Until::Idle => store.has_open_runs(&self.unable).await.map(|open| !open),
            Until::Ended(run) => {
                store.run_state(run).await.map(|state| state.is_none_or(|state| state == RunState::Ended))
            }
        };
        match over {
            Ok(over) => Ok(over),
            Err(error) => self.strained(error).map(|()| false),
        }
    }

    fn wake_at(&self) -> Instant {
        let soon = Instant::now() + self.runner.options.poll;
        let asking = if self.leasing.is_none() && !self.stopping() {
            self.asks_at().max(Instant::now())
        } else {
            soon
        };
        let due = self.buffer.due_in().map_or(soon, |wait| Instant::now() + wait);
        let grace = self.grace.unwrap_or(soon);
        let asking = if self.is_low() { asking } else { soon };
        let entering = match (&self.entering, &self.unentered) {
            (Some(_), _) => soon,
            (None, Some(_)) => self.again_at,
            (None, None) => due,
        };
        asking.min(entering).min(grace.max(Instant::now() + Duration::from_millis(5)))
    }

    /// Gives back everything, so that others need not wait for this runner's time to run out; a store that
    /// is away is waited for so long.
    pub(super) async fn leave(&mut self, patience: Duration) -> Result<(), RunError> {
        self.flying.abort_all();
        if let Some(entering) = self.entering.take() {
            // Whether it was entered or not, what is left is given back.
            let _ = entering.await;
        }
        if let Some(leasing) = self.leasing.take() {
            let _ = leasing.await;
        }
        let mut patience = Patience::new(patience);
        loop {
            match self.world().store.stop_runner(self.id, (self.world().clock)()).await {
                Ok(()) => return Ok(()),
                Err(error) => patience.wait_out(error).await?,
            }
        }
    }
}

fn is_end(ending: &Ending) -> bool {
    matches!(ending, Ending::Done { .. } | Ending::Skipped { .. } | Ending::Failed(_))
}

/// An ack that brings nothing.
fn bare(lease: &Lease, ending: Ending) -> Executed {
    Executed { ack: Ack::of(lease, ending), records: 0, share: Share::default() }
}

/// The root of a run has nothing to do but to sum up.
async fn end_of_run(
    world: &Arc<World>,
    run: &Arc<RunContext>,
    lease: &Lease,
    serves: bool,
) -> Result<Executed, RunError> {
    let (end, audit) = match lease.phase {
        Phase::Finish => {
            let (end, audit) = outcome::end_of(world, run).await?;
            log_end(&run.plan.name, &end.outcome, serves);
            (Some(end), audit)
        }
        Phase::Start => (None, Vec::new()),
    };
    let ack = Ack { run: end, audit, ..Ack::of(lease, Ending::Done { output: None }) };
    Ok(Executed { ack, records: 0, share: Share::default() })
}

/// Who attends a run is told how it ended; of one that a runner of all runs has ended, nobody is.
fn log_end(pipeline: &str, outcome: &str, serves: bool) {
    match outcome {
        "failed" | "partial" if serves => tracing::warn!(pipeline, outcome, "a run has ended"),
        _ => tracing::info!(pipeline, outcome, "a run has ended"),
    }
}

/// Waits for what is under way; for ever when nothing is.
async fn finished<T>(handle: &mut Option<JoinHandle<T>>) -> Result<T, RunError> {
    match handle {
        Some(running) => {
            let result = running.await.map_err(|error| RunError::Fault(error.to_string()));
            *handle = None;
            result
        }
        None => std::future::pending().await,
    }
}
