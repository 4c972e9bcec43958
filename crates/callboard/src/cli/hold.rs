//! `callboard pause`, `callboard continue` and `callboard tune`: changing a run while it is on.

use std::process::ExitCode;

use anyhow::Result;
use clap::{ArgGroup, Args};
use engine::pipeline::ToleranceChange;
use serde_json::json;
use store::{RunState, Store};

use crate::attending::is_left;
use crate::config::Config;
use crate::figures::counted;
use crate::noted::Doing;
use crate::output::{print, say, usage};
use crate::which;
use crate::world::open_existing;

/// Hold a run back: what is in hand ends, nothing more is begun.
#[derive(Args)]
#[command(after_help = "Example:\n  callboard pause last --note \"the source asked for a quiet hour\"")]
pub struct Pause {
    /// The run: its id, the beginning of it, or `last`
    #[arg(value_name = "ID|last")]
    run: String,
    /// Why, for whoever wonders later
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
}

/// Let a paused run go on.
#[derive(Args)]
#[command(after_help = "Example:\n  callboard continue last")]
pub struct Continue {
    /// The run: its id, the beginning of it, or `last`
    #[arg(value_name = "ID|last")]
    run: String,
}

/// Change how many items of a step are under way at once, or how many may fail, while the run is on.
#[derive(Args)]
#[command(after_help = "Examples:\n  callboard tune last per_date --max-concurrency 4\n  \
                        callboard tune last per_date --tolerated-failure-percentage 20")]
#[command(group = ArgGroup::new("what").required(true).multiple(true).args(["max_concurrency",
          "tolerated_failure_percentage", "tolerated_failure_count", "minimum_sample"]))]
pub struct Tune {
    /// The run: its id, the beginning of it, or `last`
    #[arg(value_name = "ID|last")]
    run: String,
    /// The step, with those it is nested in: `per_date/extract`
    #[arg(value_name = "STEP")]
    step: String,
    /// Items under way at once
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    max_concurrency: Option<u32>,
    /// Percentage of all elements that may fail
    #[arg(long, value_name = "P", value_parser = percentage)]
    tolerated_failure_percentage: Option<f64>,
    /// Number of elements that may fail
    #[arg(long, value_name = "N")]
    tolerated_failure_count: Option<u64>,
    /// Elements that must have ended before failures are judged
    #[arg(long, value_name = "N")]
    minimum_sample: Option<u64>,
}

fn percentage(text: &str) -> Result<f64, String> {
    let read = text.parse().ok().filter(|percentage| (0.0..=100.0).contains(percentage));
    read.ok_or_else(|| "a percentage goes from 0 to 100".to_owned())
}

impl Pause {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let run = which::run(&store, &self.run).await?;
        let doing = Doing::begin(&store, "run.pause").within(run).with(json!({"note": self.note}));
        if !doing.end_if(store.pause(run, self.note.as_deref()).await, |did| *did).await? {
            return Err(not_so(&store, run, "cannot be paused").await?);
        }
        let in_hand: u64 = store.in_hand(run).await?.iter().map(|held| held.items).sum();
        let rest = if in_hand > 0 {
            format!("; {} in hand end first", counted(in_hand, "item"))
        } else {
            String::new()
        };
        print(&format!("run {run} is paused{rest}\n"))?;
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Continue {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let run = which::run(&store, &self.run).await?;
        let doing = Doing::begin(&store, "run.continue").within(run);
        if !doing.end_if(store.unpause(run).await, |did| *did).await? {
            return Err(not_so(&store, run, "is not paused").await?);
        }
        let queued = store.run_state(run).await? == Some(RunState::Queued);
        let how = if queued { "waits for the run before it" } else { "goes on" };
        print(&format!("run {run} {how}\n"))?;
        if !queued && is_left(&store, run).await {
            say(&format!("no runner is alive: `callboard run --resume {run}` goes on with it here"));
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

impl Tune {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let run = which::run(&store, &self.run).await?;
        let detail = store.run(run).await?.ok_or_else(|| usage(format!("there is no run {run}")))?;
        if detail.state == RunState::Ended {
            return Err(usage(format!("run {run} has ended")));
        }
        if !detail.steps.iter().any(|step| step.path == self.step) {
            return Err(usage(unknown_step(&self.step, detail.steps.iter().map(|step| step.path.as_str()))));
        }
        if let Some(most) = self.max_concurrency {
            self.cap(&store, run, most).await?;
        }
        let change = ToleranceChange {
            percentage: self.tolerated_failure_percentage,
            count: self.tolerated_failure_count,
            minimum_sample: self.minimum_sample,
        };
        if change != ToleranceChange::default() {
            let change = json!(change);
            let doing = Doing::begin(&store, "run.tune").about(&self.step).within(run).with(change.clone());
            if !doing.end_if(store.set_tolerance(run, &self.step, &change).await, |did| *did).await? {
                return Err(not_so(&store, run, "cannot be tuned").await?);
            }
            print(&format!("{}: failures are judged by {change} from now on\n", self.step))?;
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn cap(&self, store: &Store, run: model::RunId, most: u32) -> Result<()> {
        let doing = Doing::begin(store, "run.tune").about(&self.step).within(run);
        let doing = doing.with(json!({"max_concurrency": most}));
        let changed = doing.end_if(store.set_cap(run, &self.step, most).await, |items| *items > 0).await?;
        if changed == 0 {
            return Err(usage(format!(
                "step {} has no items side by side now: it goes over a list, or collects, and must have begun",
                self.step
            )));
        }
        Ok(print(&format!("{}: at most {most} at once from now on\n", self.step))?)
    }
}

fn unknown_step<'a>(asked: &str, steps: impl Iterator<Item = &'a str> + Clone) -> String {
    let help = match model::nearest(asked, steps.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("it has {}", steps.collect::<Vec<_>>().join(", ")),
    };
    format!("the run has no step `{asked}`; {help}")
}

/// Why nothing came of it: where the run stands.
async fn not_so(store: &Store, run: model::RunId, what: &str) -> Result<anyhow::Error> {
    let state = store.run_state(run).await?.map_or("not there", RunState::name);
    Ok(usage(format!("run {run} {what}: it is {state}")))
}
