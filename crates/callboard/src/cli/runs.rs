//! `callboard runs`: which runs there are, and everything about one.

use std::process::ExitCode;

use anyhow::Result;
use chrono::{DateTime, SecondsFormat, Utc};
use clap::Args;
use comfy_table::CellAlignment;
use engine::run::trigger;
use model::RunId;
use serde_json::{Value, json};
use store::{RunLine, RunState, RunsQuery, Store};

use crate::attending::{is_left, report_of};
use crate::config::Config;
use crate::figures::{count, span};
use crate::output::{Format, print, print_json, say, table};
use crate::world::open_existing;
use crate::{clock, report, which};

const EXAMPLES: &str = "\
Examples:
  callboard runs                          the last ones
  callboard runs last                     how the last one went, step by step
  callboard runs 019ab3c4                 one by the beginning of its id
  callboard runs --state failed --state partial --format ndjson";

/// List runs, or show one: states, durations, attempts, items, and errors by cause.
///
/// `running, left`: nothing works on it; `callboard run --resume ID`, or any runner, goes on with it. One that was
/// killed is known to be gone when it has not been heard of for 30 seconds.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Runs {
    /// One run: its id, the beginning of it, or `last`
    #[arg(value_name = "ID|last")]
    run: Option<String>,
    /// At most so many, newest first
    #[arg(long, value_name = "N", default_value = "20")]
    limit: usize,
    /// Only those in this state or with this outcome: queued, running, paused, cancelling, completed,
    /// partial, failed, cancelled
    #[arg(long, value_name = "STATE")]
    state: Vec<String>,
    /// Only those of this pipeline
    #[arg(long, value_name = "NAME")]
    pipeline: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Runs {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        match &self.run {
            Some(asked) => {
                let run = which::run(&store, asked).await?;
                let told = report_of(&store, run).await?;
                report::show(&told, self.format)?;
                if told.summary.outcome.is_none() && is_left(&store, run).await {
                    say(&format!("no runner works on it: callboard run --resume {run}"));
                }
            }
            None => self.list(&store).await?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn list(&self, store: &Store) -> Result<()> {
        let query = RunsQuery {
            standing: self.state.clone(),
            pipeline: self.pipeline.clone(),
            id_begins: None,
            after: None,
            limit: self.limit,
        };
        let runs = store.run_list(&query).await?;
        match self.format {
            Format::Table if runs.is_empty() => say("no run fits"),
            Format::Table => print(&for_people(&runs, &left(store, &runs).await))?,
            Format::Json => print_json(&runs.iter().map(run_json).collect::<Vec<_>>(), self.format)?,
            Format::Ndjson => runs.iter().try_for_each(|run| print_json(&run_json(run), self.format))?,
        }
        Ok(())
    }
}

/// Those that are under way, and that no runner takes work of.
async fn left(store: &Store, runs: &[RunLine]) -> Vec<RunId> {
    let mut left = Vec::new();
    for run in runs.iter().filter(|run| run.state == RunState::Running) {
        if is_left(store, run.id).await {
            left.push(run.id);
        }
    }
    left
}

fn for_people(runs: &[RunLine], left: &[RunId]) -> String {
    let ids: Vec<RunId> = runs.iter().map(|run| run.id).collect();
    let mut rows = table(&["RUN", "PIPELINE", "STATE", "STARTED", "DURATION", "ITEMS", "TRIGGER"]);
    for run in runs {
        rows.add_row([
            which::short(run.id, &ids),
            pipeline(run),
            format!("{}{}", standing(run), if left.contains(&run.id) { ", left" } else { "" }),
            run.started_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            span(elapsed_ms(run)),
            items(run),
            trigger(&run.command),
        ]);
    }
    for column in rows.column_iter_mut().skip(4).take(2) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    format!("{rows}\n")
}

/// Done or tried of all, those that failed, and those that were left out or stopped.
fn items(run: &RunLine) -> String {
    let items = &run.items;
    let bad = items.failed + items.dead;
    let told = |n: u64, how: &str| if n > 0 { format!(", {} {how}", count(n)) } else { String::new() };
    let (failed, skipped) = (told(bad, "failed"), told(items.skipped, "skipped"));
    format!("{}/{}{failed}{skipped}", count(items.done + bad), count(items.total))
}

/// The pipeline, or the command of a run without one.
fn pipeline(run: &RunLine) -> String {
    let command = || run.command["command"].as_str().unwrap_or("-").to_owned();
    run.pipeline.clone().unwrap_or_else(command)
}

/// How it ended, or where it stands.
fn standing(run: &RunLine) -> &str {
    run.outcome.as_deref().unwrap_or(run.state.name())
}

fn elapsed_ms(run: &RunLine) -> u64 {
    let until = run.ended_at.unwrap_or_else(clock);
    u64::try_from((until - run.started_at).num_milliseconds()).unwrap_or(0)
}

fn run_json(run: &RunLine) -> Value {
    let instant = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Millis, true);
    json!({
        "id": run.id, "pipeline": pipeline(run), "state": run.state.name(), "outcome": run.outcome,
        "started_at": instant(run.started_at), "ended_at": run.ended_at.map(instant),
        "elapsed_ms": elapsed_ms(run), "items": run.items, "trigger": trigger(&run.command), "note": run.note,
    })
}
