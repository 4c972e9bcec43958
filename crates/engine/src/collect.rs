//! The main job: from inputs to kept records. Fetch or load each document, land it, read it, refine
//! what it states, commit; follow what it leads to; sweep what a complete list no longer holds.
//!
//! Each document is a work item of the `collect` [`function`]: its bytes are landed before they are
//! read, and what it states is committed with what follows from it and with its being done. One
//! document failing leaves the others whole and the run partial.

mod child;
mod elsewhere;
mod finish;
mod fitting;
pub(crate) mod function;
mod input;
mod landed;
mod origin;
mod passes;
mod progress;
mod session;
mod sizes;
mod stamp;
mod summary;
mod take;
mod unmet;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use connect::ReadOptions;
use connect::fetch::Fetcher;
use model::{Kind, RunId};
use serde_json::{Map, Value, json};
use store::{LandedDocument, Read, Store, StoreError};
use thiserror::Error;
use tokio::sync::watch;

use crate::functions::Functions;
use crate::pipeline::{MOST_STEPS, Pipeline, Step};
use crate::run::{
    self, Bounds, Catalog, Manner, Room, RunError, Runner, RunnerOptions, Starting, Stop, Until, Wanted,
    World,
};

pub use fitting::misfit;
pub use input::{Input, InputError, resolve};
pub use origin::{Named, Origin, Recogniser};
pub use progress::Progress;
pub use summary::{Counts, Documents, Failure, NOTES_MAX, Outcome, ReasonCount, Summary};

/// Bounds and manners of a run.
#[derive(Debug, Clone)]
pub struct CollectOptions {
    /// What readers may know beside the document.
    pub read: ReadOptions,
    /// Documents at most; the run is partial when there would be more.
    pub max_documents: u64,
    /// How many links a document may be away from the first ones.
    pub max_depth: u32,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Largest share of known events that may vanish at once; 1 accepts any.
    pub max_shrink: f64,
    /// Read documents again that have not changed.
    pub reread: bool,
    /// Mark as vanished what a complete list no longer holds.
    pub sweep: bool,
    /// Nothing is written: the store is a rehearsal copy.
    pub dry_run: bool,
}

/// A run over origins that are at hand, ready to start: a pipeline with one step for each, or with one for
/// all of them where they are more than a pipeline has steps.
pub struct Collect {
    /// Where everything is kept.
    pub store: Store,
    /// The only way to the outside; `None` where only files are read.
    pub fetcher: Option<Fetcher>,
    /// Finds connectors by name.
    pub catalog: Arc<dyn Catalog>,
    /// What to collect from.
    pub origins: Vec<Origin>,
    /// Bounds.
    pub options: CollectOptions,
    /// Tells the time of commits.
    pub clock: fn() -> DateTime<Utc>,
}

/// Why a run could not go on. Single documents failing is no reason: that is in the summary.
#[derive(Debug, Error)]
pub enum CollectError {
    /// The run could not begin, or its runner not go on; what was committed before is whole.
    #[error(transparent)]
    Run(#[from] RunError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Collect {
    /// Runs to the end, or until `cancelled` turns true; what was read until then is kept.
    pub async fn run(
        self,
        progress: Arc<Progress>,
        cancelled: watch::Receiver<bool>,
    ) -> Result<Summary, CollectError> {
        let began = Instant::now();
        let (dry_run, concurrency) = (self.options.dry_run, self.options.concurrency);
        let pipeline = self.pipeline();
        let labels: Vec<&str> = self.origins.iter().map(|origin| origin.label.as_str()).collect();
        let command = json!({"command": "collect", "inputs": labels});
        let collect = function::Collect::from_origins(in_steps(self.origins), &self.options);
        let functions = Functions::shipped().with(Arc::new(collect));
        let world = Arc::new(World {
            store: self.store,
            fetcher: self.fetcher,
            functions,
            catalog: self.catalog,
            clock: self.clock,
            env: |_| None,
            progress,
            folder: ".".into(),
            bounds: Bounds::default(),
            room: Room::default(),
        });
        let manner = Manner { dry_run, ..Manner::default() };
        let starting = Starting {
            pipeline,
            params: Map::new(),
            manner,
            overlap: None,
            command,
            by: run::COMMAND_LINE.to_owned(),
            slot: None,
        };
        let started = run::start(&world, starting).await?;
        let options = RunnerOptions { concurrency, ..RunnerOptions::default() };
        let runner = Runner::new(world.clone(), options, Until::Ended(started.run));
        work_off(runner, &world, started.run, cancelled).await?;
        let mut summary = summary_of(&world.store, started.run, dry_run).await?;
        summary.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        let kept = serde_json::to_value(&summary).unwrap_or_default();
        world.store.end_run(started.run, (world.clock)(), summary.outcome.name(), &kept).await?;
        Ok(summary)
    }

    /// The steps, all at once.
    fn pipeline(&self) -> Pipeline {
        let with = |wanted: &Wanted| serde_json::to_value(wanted).ok()?.as_object().cloned();
        let step = |name: String, with: Map<String, Value>| Step {
            name,
            function: Some(function::SPEC.name.to_owned()),
            with: literal(with),
            max_retries: Some(0),
            ..Step::default()
        };
        let of = |(index, origin): (usize, &Origin)| {
            step(format!("source-{}", index + 1), origin.wanted.as_ref().and_then(with).unwrap_or_default())
        };
        let steps = match self.origins.len() {
            0..=MOST_STEPS => self.origins.iter().enumerate().map(of).collect(),
            _ => vec![step("sources".to_owned(), Map::new())],
        };
        Pipeline {
            name: "collect".to_owned(),
            parallel_execution: true,
            max_parallel_steps: 1_000,
            stop_on_failure: false,
            steps,
            ..Pipeline::default()
        }
    }
}

/// The origins of each step of [`Collect::pipeline`].
fn in_steps(origins: Vec<Origin>) -> Vec<Vec<Origin>> {
    match origins.len() {
        0..=MOST_STEPS => origins.into_iter().map(|origin| vec![origin]).collect(),
        _ => vec![origins],
    }
}

/// What a user typed is no template.
fn literal(mut with: Map<String, Value>) -> Map<String, Value> {
    let templated =
        with.values().any(|value| value.to_string().contains("{{") || value.to_string().contains("{%"));
    if templated {
        with.clear();
    }
    with
}

/// Runs the runner; once `cancelled` turns true, the run is cancelled and ends.
async fn work_off(
    runner: Runner,
    world: &World,
    run: RunId,
    mut cancelled: watch::Receiver<bool>,
) -> Result<(), CollectError> {
    let (_stop, stop) = watch::channel(Stop::No);
    let mut work = std::pin::pin!(runner.run(stop));
    tokio::select! {
        ended = &mut work => return Ok(ended.map(drop)?),
        Ok(_) = cancelled.wait_for(|cancelled| *cancelled) => {}
    }
    world.store.cancel(run, (world.clock)(), "interrupted").await?;
    Ok(work.await.map(drop)?)
}

/// What a run's documents brought, records of all kinds together.
pub(crate) fn brought(did: &store::Reckoning) -> (Documents, Counts) {
    let positive = |count: i64| u64::try_from(count).unwrap_or(0);
    let held: u64 = did.quarantined.values().sum();
    let vanished = did.vanished.values().sum();
    let mut records = Counts { read: held, quarantined: held, vanished, ..Counts::default() };
    for counts in did.by_kind.values() {
        records.read += positive(counts.read);
        records.new += positive(counts.new);
        records.changed += positive(counts.changed);
        records.unchanged += positive(counts.unchanged);
    }
    let store::DocumentCounts { fetched, unchanged, failed } = did.documents;
    (Documents { fetched, unchanged, failed }, records)
}

/// The summary of what a run did, asked from the store.
async fn summary_of(store: &Store, run: RunId, dry_run: bool) -> Result<Summary, CollectError> {
    let mut summary = Summary::new(run, dry_run);
    let did = store.reckon(run, None).await?;
    summary.documents = Documents {
        fetched: did.documents.fetched,
        unchanged: did.documents.unchanged,
        failed: did.documents.failed,
    };
    let positive = |count: i64| u64::try_from(count).unwrap_or(0);
    for (kind, counts) in &did.by_kind {
        let (new, changed) = (positive(counts.new), positive(counts.changed));
        let (read, unchanged) = (positive(counts.read), positive(counts.unchanged));
        summary.count(*kind, Counts { read, new, changed, unchanged, ..Counts::default() });
    }
    // Quarantined listings count as events.
    let held: u64 = did.quarantined.values().sum();
    summary.count(Kind::Event, Counts { read: held, quarantined: held, ..Counts::default() });
    for (kind, vanished) in &did.vanished {
        summary.count(*kind, Counts { vanished: *vanished, ..Counts::default() });
    }
    did.quarantined.iter().for_each(|(reason, count)| summary.quarantined(reason, *count));
    summary.failures = did.failures.into_iter().map(|(input, error)| Failure { input, error }).collect();
    did.notes.into_iter().for_each(|(name, note)| summary.note(format!("{name}: {note}")));
    let untold = did.documents.failed.saturating_sub(summary.failures.len() as u64);
    if untold > 0 {
        summary.note(format!("{untold} more failures are not listed"));
    }
    let detail = store.run(run).await?;
    let cancelled = detail.as_ref().is_some_and(|detail| detail.outcome.as_deref() == Some("cancelled"));
    let mut incomplete = did.damaged;
    for step in detail.iter().flat_map(|detail| &detail.steps) {
        incomplete |= tell_step(store, run, step, &mut summary).await?;
    }
    summary.settle(cancelled, incomplete);
    Ok(summary)
}

/// Adds what a step says of itself; true when something of it was left undone.
async fn tell_step(
    store: &Store,
    run: RunId,
    step: &store::StepRow,
    summary: &mut Summary,
) -> Result<bool, CollectError> {
    let output = store.step_output(run, step.no).await?.unwrap_or_default();
    for note in output["notes"].as_array().into_iter().flatten().filter_map(Value::as_str) {
        summary.note(note.to_owned());
    }
    let failed_before_any_document = step.items.total == 0 && step.status == store::StepStatus::Failed;
    if let (true, Some(reason)) = (failed_before_any_document, &step.reason) {
        summary.failures.push(Failure { input: step.path.clone(), error: reason.clone() });
    }
    Ok(output["incomplete"] == true)
}

/// Records and quarantined listings that a document states.
pub(crate) fn records_in(document: &LandedDocument) -> usize {
    match &document.read {
        Read::Records { records, quarantined, .. } => records.len() + quarantined.len(),
        _ => 1,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
