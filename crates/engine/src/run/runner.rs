//! The runner's loop: keeps a bounded number of items under way, enters what came of them in groups,
//! stays alive, and stops as it is told.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use model::RunId;
use serde_json::{Map, Value};
use store::{
    Acked, Acks, Ending, ItemId, Lease, LeaseRequest, Phase, RunSignal, RunState, RunnerId, Siblings,
    WorkQueue as _,
};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle, JoinSet};
use tokio::time::{Instant, MissedTickBehavior};

use super::alive::{Identity, reap};
use super::buffer::Buffer;
use super::context::later;
use super::execute::{self, Executed, execute};
use super::{Backoff, RunContext, RunError, World, each, outcome};
use crate::functions::Failure;
use crate::pipeline::{Each, Work};

/// Bounds and manners of a runner.
#[derive(Debug, Clone)]
pub struct RunnerOptions {
    /// Its name, for people; made up where there is none.
    pub name: Option<String>,
    /// Items under way at once.
    pub concurrency: usize,
    /// How long it counts as alive without saying so.
    pub lease_time: Duration,
    /// How often it looks for work where there was none.
    pub poll: Duration,
    /// How long what is in hand may take to end when it is to stop.
    pub grace: Duration,
    /// When failed attempts are tried again.
    pub backoff: Backoff,
}

impl Default for RunnerOptions {
    fn default() -> RunnerOptions {
        RunnerOptions {
            name: None,
            concurrency: 16,
            lease_time: Duration::from_secs(30),
            poll: Duration::from_millis(250),
            grace: Duration::from_secs(20),
            backoff: Backoff::default(),
        }
    }
}

/// How long a runner goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Until it is stopped: it takes work of any run.
    Stopped,
    /// Until there is nothing left to take, of any run.
    Idle,
    /// Until this run has ended; it takes work of no other.
    Ended(RunId),
}

/// How a runner is told to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Stop {
    /// It is not.
    #[default]
    No,
    /// It takes nothing more, gives back what it has not begun, and ends what is in hand within its
    /// grace time.
    Gently,
    /// At once: what is in hand is given back.
    Now,
}

/// A runner, ready to run.
pub struct Runner {
    world: Arc<World>,
    options: RunnerOptions,
    until: Until,
    secrets: HashMap<RunId, Map<String, Value>>,
}

impl Runner {
    /// One with everything its functions may use.
    pub fn new(world: Arc<World>, options: RunnerOptions, until: Until) -> Runner {
        Runner { world, options, until, secrets: HashMap::new() }
    }

    /// It knows the values of a run's secret parameters.
    pub fn with_secrets(mut self, run: RunId, secrets: Map<String, Value>) -> Runner {
        self.secrets.insert(run, secrets);
        self
    }

    /// Runs; gives how many items it has ended.
    pub async fn run(self, stop: watch::Receiver<Stop>) -> Result<u64, RunError> {
        let now = (self.world.clock)();
        let identity = Identity::of_this_process(self.options.name.clone(), now);
        let until = later(now, self.options.lease_time);
        let id = self.world.store.start_runner(identity.start(now, until)).await?;
        reap(&self.world.store, id, now).await?;
        let mut turns = Turns::new(self, id, stop);
        let went = turns.go_on().await;
        turns.leave().await?;
        went.map(|()| turns.ended)
    }
}

/// What joining the task of an item gives.
type Landed = Result<(tokio::task::Id, (Lease, Result<Executed, RunError>)), tokio::task::JoinError>;

/// The state of the loop.
struct Turns {
    world: Arc<World>,
    options: RunnerOptions,
    until: Until,
    secrets: HashMap<RunId, Map<String, Value>>,
    id: RunnerId,
    stop: watch::Receiver<Stop>,
    runs: HashMap<RunId, Arc<RunContext>>,
    /// Leased and not begun.
    queue: VecDeque<Lease>,
    flying: JoinSet<(Lease, Result<Executed, RunError>)>,
    /// What is flying, by its task.
    aloft: HashMap<tokio::task::Id, (Lease, AbortHandle)>,
    buffer: Buffer,
    entering: Option<JoinHandle<Result<Acked, store::StoreError>>>,
    leasing: Option<JoinHandle<Result<Vec<Lease>, store::StoreError>>>,
    /// When it is worth asking for work again.
    ask_at: Instant,
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
    fn new(runner: Runner, id: RunnerId, stop: watch::Receiver<Stop>) -> Turns {
        Turns {
            world: runner.world,
            options: runner.options,
            until: runner.until,
            secrets: runner.secrets,
            id,
            stop,
            runs: HashMap::new(),
            queue: VecDeque::new(),
            flying: JoinSet::new(),
            aloft: HashMap::new(),
            buffer: Buffer::default(),
            entering: None,
            leasing: None,
            ask_at: Instant::now(),
            judged: HashMap::new(),
            grace: None,
            lost: false,
            cancelled: Vec::new(),
            ended: 0,
        }
    }

    async fn go_on(&mut self) -> Result<(), RunError> {
        let mut beat = tokio::time::interval((self.options.lease_time / 6).min(BEAT_MOST));
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
                acked = finished(&mut self.entering) => self.acked(acked?).await?,
                leased = finished(&mut self.leasing) => self.leased(leased?).await?,
                _ = beat.tick() => self.beat().await?,
                Ok(()) = stop.changed() => { self.stop.borrow_and_update(); }
                () = tokio::time::sleep_until(wake) => {}
            }
        }
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
        let grace = *self.grace.get_or_insert_with(|| Instant::now() + self.options.grace);
        if self.lost || *self.stop.borrow() == Stop::Now || Instant::now() >= grace {
            self.aloft.values().for_each(|(_, task)| task.abort());
        }
    }

    /// Begins items while there is room.
    fn launch(&mut self) {
        while self.flying.len() < self.options.concurrency && !self.buffer.is_full() && !self.stopping() {
            let Some(lease) = self.queue.pop_front() else { return };
            let Some(run) = self.runs.get(&lease.run).cloned() else { continue };
            let (world, backoff, kept) = (self.world.clone(), self.options.backoff, lease.clone());
            let task = self.flying.spawn(async move {
                let executed = match lease.step {
                    Some(_) => execute(&world, &run, &lease, &backoff).await,
                    None => end_of_run(&world, &run, &lease).await,
                };
                (lease, executed)
            });
            self.aloft.insert(task.id(), (kept, task));
        }
    }

    /// Hands what came of items to the store, which works on it while others go on.
    fn enter(&mut self) {
        let idle = self.flying.is_empty() && self.queue.is_empty();
        if self.entering.is_some() || self.lost || !self.buffer.is_due(idle) {
            return;
        }
        let acks = Acks { runner: self.id, at: (self.world.clock)(), acks: self.buffer.drain() };
        self.ended += acks.acks.len() as u64;
        let store = self.world.store.clone();
        self.entering = Some(tokio::spawn(async move { store.ack(acks).await }));
    }

    /// Asks for work before it runs out.
    fn ask(&mut self) {
        let low = self.queue.len() < self.options.concurrency;
        if !low || self.leasing.is_some() || self.stopping() || Instant::now() < self.ask_at {
            return;
        }
        let run = match self.until {
            Until::Ended(run) => Some(run),
            Until::Stopped | Until::Idle => None,
        };
        let want = (self.options.concurrency * 4).clamp(16, 512);
        let ask = LeaseRequest { runner: self.id, now: (self.world.clock)(), want, run };
        let store = self.world.store.clone();
        self.leasing = Some(tokio::spawn(async move { store.lease(ask).await }));
    }

    async fn leased(&mut self, leased: Result<Vec<Lease>, store::StoreError>) -> Result<(), RunError> {
        let leases = leased?;
        if leases.is_empty() {
            self.ask_at = Instant::now() + self.options.poll;
        }
        for lease in leases {
            let run = self.context(lease.run).await?;
            let step = lease.step.and_then(|no| run.plan.step(no));
            if let (Some(step), Some(parent), true) = (step, lease.parent, lease.input.is_some())
                && matches!(step.work, Work::Each(_))
            {
                self.judged.entry(parent).or_insert_with(|| (run.clone(), step.no));
            }
            if let Some(holder) = self.kept_in_order(&lease) {
                self.buffer.expect(holder, lease.item);
            }
            self.queue.push_back(lease);
        }
        Ok(())
    }

    /// The holder of an item that is to be entered in its turn.
    fn kept_in_order(&self, lease: &Lease) -> Option<ItemId> {
        let input = lease.input.as_ref()?.get("child")?;
        let step = self.runs.get(&lease.run)?.plan.step(lease.step?)?;
        let function = self.world.functions.find(step.function()?)?;
        lease.parent.filter(|_| function.in_order(input))
    }

    async fn context(&mut self, id: RunId) -> Result<Arc<RunContext>, RunError> {
        if let Some(run) = self.runs.get(&id) {
            return Ok(run.clone());
        }
        let detail = self.world.store.run(id).await?;
        let detail = detail.ok_or_else(|| RunError::Fault(format!("run {id} is not there")))?;
        let secrets = self.secrets.get(&id).cloned().unwrap_or_default();
        let run = Arc::new(RunContext::load(&detail, &secrets, &self.world)?);
        self.runs.insert(id, run.clone());
        Ok(run)
    }

    fn landed(&mut self, landed: Landed) {
        let (task, executed) = match landed {
            Ok((task, (_, executed))) => (task, executed),
            Err(error) => (error.id(), Err(RunError::Fault(describe(&error)))),
        };
        let Some((lease, _)) = self.aloft.remove(&task) else { return };
        let holder = self.kept_in_order(&lease);
        let executed = executed.unwrap_or_else(|error| self.fallen(&lease, error));
        self.buffer.take(executed, holder);
    }

    /// An item that was stopped, or whose execution failed as a whole.
    fn fallen(&self, lease: &Lease, error: RunError) -> Executed {
        let cancelled = self.cancelled.contains(&lease.run);
        let ending = match (&error, self.runs.get(&lease.run)) {
            (RunError::Fault(why), _) if why == STOPPED && cancelled => Ending::Cancelled,
            (RunError::Fault(why), _) if why == STOPPED => Ending::Untouched,
            (_, Some(run)) if lease.step.is_some() => {
                let failure = Failure::from(error);
                return execute::given_up(&self.world, run, lease, failure, &self.options.backoff);
            }
            // The end of a run must come: it is tried for as long as it takes.
            _ => Ending::Later { due: later((self.world.clock)(), self.options.backoff.base) },
        };
        Executed { ack: bare(lease, ending), records: 0 }
    }

    async fn acked(&mut self, acked: Result<Acked, store::StoreError>) -> Result<(), RunError> {
        let acked = acked?;
        // What was released may be there now.
        self.ask_at = Instant::now();
        for count in acked.parents {
            let Some((run, no)) = self.judged.get(&count.item) else { continue };
            let Some(Work::Each(Each { tolerance, .. })) = run.plan.step(*no).map(|step| &step.work) else {
                continue;
            };
            let ended = count.total - count.open;
            if count.open > 0
                && count.stopped.is_none()
                && tolerance.exceeded(Some(count.total), ended, count.failed)
            {
                let reason = each::too_many(count.failed, count.total);
                self.world.store.stop_children(count.item, &reason).await?;
            }
            if count.open == 0 {
                self.judged.remove(&count.item);
            }
        }
        Ok(())
    }

    /// Says that it is alive; stops what belongs to cancelled runs; takes back what others left behind.
    async fn beat(&mut self) -> Result<(), RunError> {
        let now = (self.world.clock)();
        let until = later(now, self.options.lease_time);
        let Some(signals) = self.world.store.heartbeat(self.id, now, until).await? else {
            tracing::warn!(runner.id = self.id.0, "this runner was given up; what it had is taken by others");
            self.lost = true;
            return Ok(());
        };
        let stopped = signals.into_iter().filter(|(_, signal)| *signal == RunSignal::Stop);
        self.cancelled = stopped.map(|(run, _)| run).collect();
        for (lease, task) in self.aloft.values() {
            if self.cancelled.contains(&lease.run) {
                task.abort();
            }
        }
        let queue = std::mem::take(&mut self.queue);
        let (stopped, queue): (VecDeque<Lease>, VecDeque<Lease>) =
            queue.into_iter().partition(|lease| self.cancelled.contains(&lease.run));
        self.queue = queue;
        for lease in stopped {
            let executed = Executed { ack: bare(&lease, Ending::Cancelled), records: 0 };
            let holder = self.kept_in_order(&lease);
            self.buffer.take(executed, holder);
        }
        reap(&self.world.store, self.id, now).await?;
        Ok(())
    }

    fn is_idle(&self) -> bool {
        let nothing = self.queue.is_empty() && self.flying.is_empty() && self.buffer.is_empty();
        nothing && self.entering.is_none() && (self.leasing.is_none() || self.stopping())
    }

    /// Whether there is nothing more to do for it.
    async fn is_over(&mut self) -> Result<bool, RunError> {
        if self.stopping() {
            return Ok(true);
        }
        match self.until {
            Until::Stopped => Ok(false),
            Until::Idle => Ok(!self.world.store.has_open_runs().await?),
            Until::Ended(run) => {
                let state = self.world.store.run_state(run).await?;
                Ok(state.is_none_or(|state| matches!(state, RunState::Ended | RunState::Paused)))
            }
        }
    }

    fn wake_at(&self) -> Instant {
        let soon = Instant::now() + self.options.poll;
        let asking =
            if self.leasing.is_none() && !self.stopping() { self.ask_at.max(Instant::now()) } else { soon };
        let due = self.buffer.due_in().map_or(soon, |wait| Instant::now() + wait);
        let grace = self.grace.unwrap_or(soon);
        let busy =
            self.queue.len() >= self.options.concurrency || self.flying.len() >= self.options.concurrency;
        let asking = if busy { soon } else { asking };
        let entering = if self.entering.is_some() { soon } else { due };
        asking.min(entering).min(grace.max(Instant::now() + Duration::from_millis(5)))
    }

    /// Gives back everything, so that others need not wait for this runner's time to run out.
    async fn leave(&mut self) -> Result<(), RunError> {
        self.flying.abort_all();
        if let Some(entering) = self.entering.take() {
            // Whether it was entered or not, what is left is given back.
            let _ = entering.await;
        }
        if let Some(leasing) = self.leasing.take() {
            let _ = leasing.await;
        }
        Ok(self.world.store.stop_runner(self.id, (self.world.clock)()).await?)
    }
}

/// How often it says that it is alive, and hears of cancelled runs, at least.
const BEAT_MOST: Duration = Duration::from_secs(1);

/// What stopping a task reads as.
const STOPPED: &str = "stopped";

fn describe(error: &tokio::task::JoinError) -> String {
    if error.is_cancelled() { STOPPED.to_owned() } else { format!("an item's task died: {error}") }
}

/// An ack that brings nothing.
pub(super) fn bare(lease: &Lease, ending: Ending) -> store::Ack {
    store::Ack {
        item: lease.item,
        attempt: lease.attempt,
        elapsed_ms: 0,
        ending,
        documents: Vec::new(),
        follow: Vec::new(),
        left_out: 0,
        siblings: Siblings::default(),
        step: None,
    }
}

/// The root of a run has nothing to do but to sum up.
async fn end_of_run(world: &Arc<World>, run: &Arc<RunContext>, lease: &Lease) -> Result<Executed, RunError> {
    if lease.phase == Phase::Finish {
        outcome::end_run(world, run).await?;
    }
    Ok(Executed { ack: bare(lease, Ending::Done { output: None }), records: 0 })
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
