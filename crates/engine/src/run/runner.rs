//! A runner: how much it does at once, how long it goes on, and how it is told to stop. Its loop is in
//! [`turns`](super::turns).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use model::RunId;
use serde_json::{Map, Value};
use store::{RunnerId, StoreError};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tracing::Instrument as _;

use super::alive::{Identity, reap};
use super::context::later;
use super::patience::{PATIENCE, Patience};
use super::turns::Turns;
use super::{Backoff, RunError, World};
use crate::spans;

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
    /// How long the store may be away, or in use, before it gives up.
    pub patience: Duration,
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
            patience: PATIENCE,
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
    /// Until this run has ended; it takes work of no other. While the run is paused, it waits.
    Ended(RunId),
}

impl Until {
    /// The run it takes work of; `None` for any.
    pub(super) fn run(self) -> Option<RunId> {
        match self {
            Until::Ended(run) => Some(run),
            Until::Stopped | Until::Idle => None,
        }
    }
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
    pub(super) world: Arc<World>,
    pub(super) options: RunnerOptions,
    pub(super) until: Until,
    pub(super) secrets: HashMap<RunId, Map<String, Value>>,
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

    /// Runs; gives how many items it has ended. One that was given up because it was not heard of for
    /// too long (a machine that slept) starts anew as another runner.
    pub async fn run(self, stop: watch::Receiver<Stop>) -> Result<u64, RunError> {
        // Among the threads that do the work: each item that comes back would have to wake another one.
        let mut working = JoinSet::new();
        working.spawn(self.work(stop).in_current_span());
        match working.join_next().await {
            Some(Ok(ended)) => ended,
            Some(Err(error)) => Err(RunError::Fault(format!("the runner died: {error}"))),
            None => Ok(0),
        }
    }

    async fn work(self, stop: watch::Receiver<Stop>) -> Result<u64, RunError> {
        let runner = Arc::new(self);
        let mut ended = 0;
        // A store that is not there at the start is told of at once.
        let mut patience = Duration::ZERO;
        loop {
            let (identity, id) = runner.start(patience).await?;
            patience = runner.options.patience;
            let mut turns = Turns::new(runner.clone(), id, stop.clone());
            let went = turns.go_on().instrument(spans::runner(&identity.name)).await;
            let waits = if went.is_ok() && *stop.borrow() == Stop::No { patience } else { Duration::ZERO };
            let left = turns.leave(waits).await;
            ended += turns.ended();
            went?;
            left?;
            if !turns.is_lost() || *stop.borrow() != Stop::No {
                return Ok(ended);
            }
        }
    }

    /// Enters it; the store is waited for so long.
    async fn start(&self, patience: Duration) -> Result<(Identity, RunnerId), RunError> {
        let clock = self.world.clock;
        let identity = Identity::of_this_process(self.options.name.clone(), clock());
        let mut patience = Patience::new(patience);
        loop {
            match self.start_as(&identity, clock()).await {
                Ok(id) => return Ok((identity, id)),
                Err(error) => patience.wait_out(error).await?,
            }
        }
    }

    async fn start_as(&self, identity: &Identity, now: DateTime<Utc>) -> Result<RunnerId, StoreError> {
        let until = later(now, self.options.lease_time);
        let id = self.world.store.start_runner(identity.start(self.until.run(), now, until)).await?;
        reap(&self.world.store, id, now).await?;
        Ok(id)
    }
}
