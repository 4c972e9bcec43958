//! One leased item, from lease to ack.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;
use store::{
    Ack, Ending, Fault, LandedDocument, Lease, NewItem, Phase, Read, Spread, StepEnd, StepNo, StepStatus,
};

use tracing::Instrument as _;

use super::context::{elapsed_ms, later};
use super::{Backoff, Input, RunContext, RunError, Share, World, audit, each};
use crate::functions::{Answer, Call, Child, Failure, Function, STORE_AWAY};
use crate::pipeline::{Inner, PlanStep, Work};
use crate::spans;

/// When an item is looked at again that needed a store which was away.
const STORE_BACK: Duration = Duration::from_secs(2);

/// What came of an item: its ack, and what the runner must know beside it.
pub(super) struct Executed {
    pub(super) ack: Ack,
    /// Records that its documents state.
    pub(super) records: usize,
    /// Its share of the room for large documents, until it is entered.
    pub(super) share: Share,
}

/// What an item gave, before it is known what that means for the others.
pub(super) enum Turn {
    Done { output: Option<Value>, partial: Option<String> },
    Skipped { reason: String },
    Failed(Failure),
    Later(Duration),
    Spread(Spread),
}

/// The execution of one item.
pub(super) struct Execution<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) run: &'a Arc<RunContext>,
    pub(super) step: &'a PlanStep,
    pub(super) lease: &'a Lease,
    pub(super) input: Option<Input>,
}

/// Executes `lease`; never fails as a whole: what goes wrong is the item's ending.
pub(super) async fn execute(
    world: &Arc<World>,
    run: &Arc<RunContext>,
    lease: &Lease,
    backoff: &Backoff,
) -> Result<Executed, RunError> {
    let began = Instant::now();
    let step = lease.step.and_then(|no| run.plan.step(no));
    let step = step.ok_or_else(|| RunError::Fault(format!("item {} is of no step", lease.item.0)))?;
    let input = Input::read(lease.input.clone())?;
    let execution = Execution { world, run, step, lease, input };
    let (turn, brought) = match execution.settled().instrument(spans::step(&step.path)).await {
        Ok(turned) => turned,
        Err(failure) if failure.fault.class == STORE_AWAY => plain(Turn::Later(STORE_BACK)),
        Err(failure) => (Turn::Failed(failure), Answer::default()),
    };
    Ok(execution.executed(turn, brought, backoff, elapsed_ms(began)))
}

/// An item whose execution failed as a whole: it ends as any that fails, so that those that wait for it
/// learn of it. `None` for an item of no step.
pub(super) fn fallen(
    world: &Arc<World>,
    run: &Arc<RunContext>,
    lease: &Lease,
    failure: Failure,
    backoff: &Backoff,
) -> Option<Executed> {
    let step = run.plan.step(lease.step?)?;
    let input = Input::read(lease.input.clone()).ok().flatten();
    let execution = Execution { world, run, step, lease, input };
    Some(execution.executed(Turn::Failed(failure), Answer::default(), backoff, 0))
}

impl Execution<'_> {
    fn executed(&self, turn: Turn, brought: Answer, backoff: &Backoff, elapsed_ms: u64) -> Executed {
        let (ending, status, reason) = self.ending(turn, backoff);
        self.log(&ending);
        let ended = status.filter(|_| self.lease.input.is_none());
        let records = brought.documents.iter().map(crate::collect::records_in).sum();
        let ack = Ack {
            elapsed_ms,
            documents: brought.documents.into_iter().map(Arc::new).collect(),
            follow: self.children(brought.follow),
            left_out: brought.left_out,
            siblings: store::Siblings {
                stop: brought.stop,
                ..ended.map(|status| self.run.plan.on_end(self.step.no, status)).unwrap_or_default()
            },
            step: ended.filter(|_| self.step.parent.is_none()).map(|status| StepEnd { status, reason }),
            audit: audit::item(self.run, self.step, self.lease, &ending, ((self.world.clock)(), elapsed_ms)),
            ..Ack::of(self.lease, ending)
        };
        Executed { ack, records, share: brought.share }
    }
}

impl Execution<'_> {
    /// The item's turn, and then its bodies are safe in the landing: a document is entered only with one.
    async fn settled(&self) -> Result<(Turn, Answer), Failure> {
        let (turn, brought) = self.turn().await?;
        let Err(error) = self.world.store.landing().settle(&brought.documents).await else {
            return Ok((turn, brought));
        };
        let failure = Failure::from(error);
        // On the last try the documents tell of it, so that nobody takes them for read or for vanished.
        let documents = brought.documents.into_iter().filter(|_| self.lease.last);
        let documents = documents.map(|document| not_landed(document, &failure.fault.error)).collect();
        Ok((Turn::Failed(failure), Answer { documents, ..Answer::default() }))
    }

    async fn turn(&self) -> Result<(Turn, Answer), Failure> {
        if self.lease.given_up {
            let why = format!("too many runners were lost while they worked on {}", self.step.path);
            return Err(Failure::lasting("runner_lost", why));
        }
        match (&self.input, &self.step.work, self.lease.phase) {
            (Some(Input::Child(input)), _, _) => self.child(input.clone()).await,
            (None, Work::Each(each), Phase::Start) => match self.reason_to_skip().await? {
                Some(reason) => Ok(plain(Turn::Skipped { reason })),
                None => each::spread(self, each).await.map(plain),
            },
            (None, Work::Each(each), Phase::Finish) => each::finish(self, each).await.map(plain),
            (Some(Input::Element(_)), Work::Each(each), phase) => match (&each.inner, phase) {
                (Inner::Call { function }, phase) => self.call(function, phase).await,
                (Inner::Steps(steps), Phase::Start) => Ok(plain(Turn::Spread(self.frame(steps)))),
                (Inner::Steps(_), Phase::Finish) => each::finish_frame(self).await.map(plain),
            },
            (None, Work::Call { function }, Phase::Start) => match self.reason_to_skip().await? {
                Some(reason) => Ok(plain(Turn::Skipped { reason })),
                None => self.call(function, Phase::Start).await,
            },
            (None, Work::Call { function }, Phase::Finish) => self.call(function, Phase::Finish).await,
            (Some(Input::Element(_)), Work::Call { .. }, _) => {
                Err(Failure::fault(format!("an element of {}, which goes over nothing", self.step.path)))
            }
        }
    }

    /// Why the step is not to take place, if so.
    async fn reason_to_skip(&self) -> Result<Option<String>, Failure> {
        if !self.step.enabled {
            return Ok(Some("not enabled".to_owned()));
        }
        let Some(condition) = &self.step.condition else { return Ok(None) };
        let holds = condition.holds(&self.scope().await?).map_err(Failure::input)?;
        Ok((!holds).then(|| format!("condition `{}` is false", condition.source())))
    }

    pub(super) async fn scope(&self) -> Result<crate::pipeline::Scope, Failure> {
        let within = self.lease.parent.unwrap_or(self.lease.item);
        let element = match &self.input {
            Some(Input::Element(value)) => Some((value, self.lease.key)),
            _ => None,
        };
        Ok(self.run.scope(self.world, self.step.no, within, element).await?)
    }

    fn function(&self, name: &str) -> Result<Arc<dyn Function>, Failure> {
        self.world.functions.find(name).ok_or_else(|| {
            Failure::input(format!("step {}: there is no function `{name}` in this version", self.step.path))
        })
    }

    async fn call(&self, name: &str, phase: Phase) -> Result<(Turn, Answer), Failure> {
        let function = self.function(name)?;
        let call = self.call_of(self.lease.item, &self.scope().await?)?;
        let answer = match phase {
            Phase::Start => self.in_time(function.call(&call)).await?,
            Phase::Finish => self.in_time(function.finish(&call)).await?,
        };
        self.turned(answer)
    }

    /// A child of a call: its parent's parameters are its own.
    async fn child(&self, input: Value) -> Result<(Turn, Answer), Failure> {
        let parent = self.lease.parent.ok_or_else(|| Failure::fault("a child without a parent"))?;
        let name = self.step.function().unwrap_or_default();
        let function = self.function(name)?;
        let call = match self.run.known_call(parent) {
            Some(with) => self.call_with(parent, with.as_ref().clone()),
            None => {
                let scope = self.scope_of_call(parent).await?;
                self.call_of(parent, &scope)?
            }
        };
        let child = Child { key: self.lease.key, input, last: self.lease.last };
        let answer = self.in_time(function.child(&call, child)).await?;
        self.turned(answer)
    }

    /// What did not go as it should is logged; a step of its own that is tried again is told to whoever
    /// watches, too, as it may be minutes until then.
    fn log(&self, ending: &Ending) {
        let (step, item, attempt) = (self.step.path.as_str(), self.lease.item.0, self.lease.failed_tries + 1);
        match ending {
            Ending::Failed(fault) => {
                tracing::info!(step.name = step, item, attempt, class = %fault.class, "failed: {}", fault.error);
            }
            Ending::Retry { fault, .. } if self.lease.last => {
                tracing::info!(step.name = step, item, attempt, class = %fault.class, "failed for good: {}", fault.error);
            }
            Ending::Retry { fault, due } => {
                let wait = (*due - (self.world.clock)()).num_milliseconds().max(0);
                tracing::info!(step.name = step, item, attempt, class = %fault.class, wait_ms = wait, "tried again: {}", fault.error);
                if self.input.is_none() && self.step.parent.is_none() {
                    let (wait, why) = (std::time::Duration::from_millis(wait.unsigned_abs()), &fault.error);
                    self.world
                        .progress
                        .say(format!("{step}: try {attempt} failed: {why}; again in {wait:.1?}"));
                }
            }
            _ => {}
        }
    }

    /// What the expressions of the call saw whose children are done now.
    async fn scope_of_call(&self, item: store::ItemId) -> Result<crate::pipeline::Scope, Failure> {
        let row = self.world.store.item(item).await?;
        let row = row.ok_or_else(|| Failure::fault("the item of a call is not there"))?;
        let input = Input::read(row.input)?;
        let element = match &input {
            Some(Input::Element(value)) => Some((value, row.key)),
            _ => None,
        };
        Ok(self.run.scope(self.world, self.step.no, row.parent.unwrap_or(item), element).await?)
    }

    fn call_of(&self, item: store::ItemId, scope: &crate::pipeline::Scope) -> Result<Call, Failure> {
        let with = self.step.with.eval(scope).map_err(|error| {
            Failure::input(format!("step {}: `with`: {}", self.step.path, self.run.shown(&error)))
        })?;
        if self
            .step
            .function()
            .and_then(|name| self.world.functions.find(name))
            .is_some_and(|f| f.spec().spreads)
        {
            self.run.know_call(item, Arc::new(with.clone()));
        }
        Ok(self.call_with(item, with))
    }

    fn call_with(&self, item: store::ItemId, with: Value) -> Call {
        Call {
            run: self.run.clone(),
            world: self.world.clone(),
            item,
            step: self.step.no,
            path: self.step.path.clone(),
            with,
        }
    }

    async fn in_time(&self, work: impl Future<Output = Result<Answer, Failure>>) -> Result<Answer, Failure> {
        let Some(limit) = self.step.timeout else { return work.await };
        tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
            Err(Failure::passing("timeout", format!("{} took longer than {limit:?}", self.step.path)))
        })
    }

    fn turned(&self, mut answer: Answer) -> Result<(Turn, Answer), Failure> {
        if let Some(fault) = answer.failed.take() {
            return Ok((Turn::Failed(Failure::lasting(&fault.class, fault.error)), answer));
        }
        if let Some(wait) = answer.later.take() {
            return Ok((Turn::Later(wait), answer));
        }
        if let Some(children) = answer.spread.take() {
            let spread = Spread {
                cap: children.cap.clamp(1, self.world.bounds.concurrency),
                most: children.most,
                children: self.children(children.inputs),
            };
            return Ok((Turn::Spread(spread), answer));
        }
        let output = self.bounded(answer.output.take())?;
        Ok((Turn::Done { output, partial: answer.partial.take() }, answer))
    }

    fn bounded(&self, output: Option<Value>) -> Result<Option<Value>, Failure> {
        let most = self.world.bounds.output_bytes;
        match &output {
            Some(value) if super::size(value, most) > most => Err(Failure::lasting(
                "output",
                format!(
                    "the output of {} is larger than {most} bytes: keep it in the store or in a file",
                    self.step.path
                ),
            )),
            _ => Ok(output.map(|value| self.run.without_credentials(value))),
        }
    }

    /// Children of a call as items. They are tried as often as the step.
    pub(super) fn children(&self, inputs: Vec<(i64, Value)>) -> Vec<NewItem> {
        let child = |(key, input): (i64, Value)| NewItem {
            step: self.step.no,
            key,
            input: Some(Input::Child(input).to_value()),
            pending: 0,
            tries: self.step.max_retries + 1,
            counted: true,
        };
        inputs.into_iter().map(child).collect()
    }

    /// The steps that run for one element.
    fn frame(&self, steps: &[StepNo]) -> Spread {
        let plan = &self.run.plan;
        let cap = plan.max_parallel_steps.clamp(1, self.world.bounds.concurrency);
        Spread { cap, most: None, children: super::step_items(plan, steps, &self.world.functions) }
    }

    /// The ending, and for one that is final how the step ended and why.
    fn ending(&self, turn: Turn, backoff: &Backoff) -> (Ending, Option<StepStatus>, Option<String>) {
        match turn {
            Turn::Spread(spread) => (Ending::Spread(spread), None, None),
            Turn::Later(wait) => (Ending::Later { due: later((self.world.clock)(), wait) }, None, None),
            Turn::Done { output, partial: None } => {
                (Ending::Done { output }, Some(StepStatus::Completed), None)
            }
            Turn::Done { output, partial: Some(why) } => {
                (Ending::Done { output }, Some(StepStatus::Partial), Some(self.run.shown(&why)))
            }
            Turn::Skipped { reason } => {
                let reason = self.run.shown(&reason);
                (Ending::Skipped { reason: reason.clone() }, Some(StepStatus::Skipped), Some(reason))
            }
            Turn::Failed(failure) => self.failed(failure, backoff),
        }
    }

    fn failed(&self, failure: Failure, backoff: &Backoff) -> (Ending, Option<StepStatus>, Option<String>) {
        let fault = Fault::new(failure.fault.class, self.run.shown(&failure.fault.error));
        let reason = Some(fault.error.clone());
        match backoff.wait(failure.again, self.lease.item, self.lease.failed_tries + 1) {
            None => (Ending::Failed(fault), Some(StepStatus::Failed), reason),
            Some(wait) => {
                let due = later((self.world.clock)(), wait);
                let status = self.lease.last.then_some(StepStatus::Failed);
                (Ending::Retry { fault, due }, status, reason)
            }
        }
    }
}

/// A document whose body is not in the landing: it counts as not fetched.
fn not_landed(document: LandedDocument, error: &str) -> LandedDocument {
    let read = Read::Failed { error: error.to_owned() };
    LandedDocument { body: None, size_bytes: 0, etag: None, last_modified: None, read, ..document }
}

fn plain(turn: Turn) -> (Turn, Answer) {
    (turn, Answer::default())
}
