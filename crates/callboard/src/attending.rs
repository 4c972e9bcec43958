//! Working off a run in this process until it has ended, or until it is interrupted: a runner, with
//! what is to be seen of the run meanwhile.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use engine::run::{RunReport, Runner, RunnerOptions, Stop, Until, World};
use model::RunId;
use serde_json::{Map, Value};
use store::{RunState, Store};
use tokio::sync::watch;

use crate::live::{Shown, View};
use crate::output::{Format, say, usage};
use crate::{clock, report, stopping};

/// A run to work off.
pub struct Attended {
    pub world: Arc<World>,
    pub run: RunId,
    /// Values of its secret parameters.
    pub secrets: Map<String, Value>,
    pub options: RunnerOptions,
}

impl Attended {
    /// Works it off; prints the report on stdout and what else there is to say on stderr.
    pub async fn until_ended(self, format: Format) -> Result<ExitCode> {
        let report = self.work(stopping::listen()).await?;
        report::show(&report, format)?;
        if report.summary.outcome.is_none() {
            say(&format!("not ended; go on with it: callboard run --resume {}", report.summary.id));
        }
        Ok(ExitCode::from(report::exit_code(&report)))
    }

    /// Works it off until it has ended or `stop` says so.
    pub async fn work(self, stop: watch::Receiver<Stop>) -> Result<RunReport> {
        let store = self.world.store.clone();
        let view = View::follow(store.clone(), self.run, self.world.progress.clone());
        let queue = tokio::spawn(tell_queue(store.clone(), self.run, view.shown()));
        let shown = view.shown();
        let stops = stopping::tell(stop.clone(), move |line| shown.say(line));
        let runner = Runner::new(self.world, self.options, Until::Ended(self.run));
        let went = runner.with_secrets(self.run, self.secrets).run(stop.clone()).await;
        queue.abort();
        stopping::told(stops, &stop).await;
        view.finish().await;
        went?;
        let meters = store.meters();
        tracing::debug!(
            statements = meters.statements,
            statement_ms = meters.statement_us / 1_000,
            slow_statements = meters.slow_statements,
            transactions = meters.transactions,
            retries = meters.retries,
            pool_waits = meters.pool_waits,
            pool_wait_ms = meters.pool_wait_us / 1_000,
            "what this process asked of the store"
        );
        report_of(&store, self.run).await
    }
}

/// What is known of a run.
pub async fn report_of(store: &Store, run: RunId) -> Result<RunReport> {
    let found = RunReport::of(store, run, clock()).await?;
    found.ok_or_else(|| usage(format!("there is no run {run}; `callboard runs` lists them")))
}

/// How often a queued run is looked after.
const LOOK: Duration = Duration::from_secs(2);

/// While the run waits for another one to end, says which.
pub async fn tell_queue(store: Store, run: RunId, shown: Shown) {
    let mut told = None;
    loop {
        match store.run_state(run).await {
            // A store that is busy is asked again.
            Ok(Some(RunState::Queued)) | Err(_) => {}
            Ok(_) => return,
        }
        if let Ok(Some(behind)) = store.waits_behind(run).await
            && told != Some(behind)
        {
            shown.say(&format!("queued: run {behind} of the same pipeline and parameters is not over yet"));
            told = Some(behind);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether no runner takes work of a run.
pub async fn is_left(store: &Store, run: RunId) -> bool {
    store.is_attended(run, None, clock()).await.is_ok_and(|attended| !attended)
}

/// Whether a runner of another process is alive.
pub async fn others_are_alive(store: &Store) -> bool {
    let now = clock();
    let own = std::process::id();
    store.runners().await.is_ok_and(|runners| runners.iter().any(|row| row.pid != own && row.until >= now))
}
