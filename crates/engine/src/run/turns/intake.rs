//! Taking work in: asking for it, and what must be known of its run before any of it is begun.

use std::sync::Arc;
use std::time::Duration;

use model::RunId;
use store::{Ending, ItemId, Lease, LeaseRequest, WorkQueue as _};
use tokio::time::Instant;

use super::super::{RunContext, RunError, Until};
use super::{Turns, bare};
use crate::pipeline::Work;

/// How long a runner asks for nothing after it got items of a run of which it cannot do anything.
const STANDS_BACK: Duration = Duration::from_secs(5);

impl Turns {
    /// Asks for work before it runs out.
    pub(super) fn ask(&mut self) {
        if !self.is_low() || self.leasing.is_some() || self.stopping() || Instant::now() < self.asks_at() {
            return;
        }
        let want = self.ahead.want(self.room(), self.concurrency());
        self.asked = want;
        self.asked_at = (self.world().clock)();
        let ask = LeaseRequest { runner: self.id, now: self.asked_at, want, run: self.serves() };
        let store = self.world().store.clone();
        self.leasing = Some(tokio::spawn(async move { store.lease(ask).await }));
    }

    /// Items that could be begun and are not at hand.
    fn room(&self) -> usize {
        self.concurrency().saturating_sub(self.flying.len() + self.queue.len())
    }

    /// Whether it is time to ask for more, as far as what it has goes.
    pub(super) fn is_low(&self) -> bool {
        self.room() > 0 || self.queue.len() < self.ahead.reserve(self.concurrency())
    }

    /// When it asks for work again.
    pub(super) fn asks_at(&self) -> Instant {
        self.stands_back.map_or(self.ask_at, |until| until.max(self.ask_at))
    }

    pub(super) async fn leased(
        &mut self,
        leased: Result<Vec<Lease>, store::StoreError>,
    ) -> Result<(), RunError> {
        let leases = match leased {
            Ok(leases) => leases,
            Err(error) => {
                self.unheard.push(self.asked_at);
                return self.strained(error);
            }
        };
        self.eased();
        self.dry = leases.len() < self.asked;
        if leases.is_empty() {
            self.ask_at = Instant::now() + self.runner.options.poll;
            let looked = self.look_in_front().await;
            looked.or_else(|error| self.ride_out(error))?;
        }
        self.stands_back = None;
        for lease in leases {
            match self.context(lease.run).await {
                Ok(run) => self.take_in(lease, &run),
                Err(error) => self.decline(&lease, error)?,
            }
        }
        Ok(())
    }

    fn take_in(&mut self, lease: Lease, run: &Arc<RunContext>) {
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

    /// A run that this runner cannot read, or whose secrets it does not know, is left to those that
    /// can: its items go back, and for a while this runner does not stand in their way.
    fn decline(&mut self, lease: &Lease, error: RunError) -> Result<(), RunError> {
        if matches!(&error, RunError::Store(error) if error.passes()) {
            self.buffer.take(bare(lease, Ending::Untouched), None);
            return self.ride_out(error);
        }
        let own = self.runner.until == Until::Ended(lease.run);
        if own || !matches!(error, RunError::Usage(_) | RunError::Faults(_)) {
            return Err(error);
        }
        if self.unable.insert(lease.run) {
            tracing::warn!(run.id = %lease.run, "this runner leaves a run to others: {error}");
        }
        self.buffer.take(bare(lease, Ending::Untouched), None);
        if self.queue.is_empty() {
            self.stands_back = Some(Instant::now() + STANDS_BACK);
        }
        Ok(())
    }

    /// The holder of an item that is to be entered in its turn.
    pub(super) fn kept_in_order(&self, lease: &Lease) -> Option<ItemId> {
        let input = lease.input.as_ref()?.get("child")?;
        let step = self.runs.get(&lease.run)?.plan.step(lease.step?)?;
        let function = self.world().functions.find(step.function()?)?;
        lease.parent.filter(|_| function.in_order(input))
    }

    pub(super) async fn context(&mut self, id: RunId) -> Result<Arc<RunContext>, RunError> {
        if let Some(run) = self.runs.get(&id) {
            return Ok(run.clone());
        }
        let detail = self.world().store.run(id).await?;
        let detail = detail.ok_or_else(|| RunError::Fault(format!("run {id} is not there")))?;
        let secrets = &self.runner.secrets;
        // What its own run waits for has the same parameters.
        let own = self.runner.until.run().and_then(|own| secrets.get(&own));
        let secrets = secrets.get(&id).or(own).cloned().unwrap_or_default();
        let run = Arc::new(RunContext::load(&detail, &secrets, self.world())?);
        self.runs.insert(id, run.clone());
        Ok(run)
    }
}
