//! `callboard schedule`: which pipelines run by themselves, when next, and which are paused.

use std::collections::HashMap;
use std::process::ExitCode;

use anyhow::{Result, bail};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use engine::schedule::{Schedule, ScheduleSpec, next, starts_at};
use model::nearest;
use serde_json::{Value, json};
use store::ScheduleRow;

use crate::clock;
use crate::config::Config;
use crate::library::{Scheduled, folder, scheduled};
use crate::noted::Doing;
use crate::output::{Format, print, print_json, say, table};
use crate::world::{open, open_if_there};

const EXAMPLES: &str = "\
Examples:
  callboard schedule                              what runs when
  callboard schedule next orders --count 10       the next ten times of one
  callboard schedule pause orders --note \"source is down until Monday\"";

/// List pipelines that run by themselves, their next runs; pause one, let it go on.
///
/// Times follow the clocks of the schedule's time zone. In the hour that is skipped in spring, a fixed
/// time runs once, right after it, and an interval not at all; in the hour that comes twice in
/// autumn, a fixed time runs once and an interval both times.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct ScheduleCommand {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Subcommand)]
enum Command {
    /// List schedules with their next time
    List(List),
    /// Print the next times, of one pipeline or of all
    Next(Next),
    /// Start a pipeline no more by itself
    Pause {
        /// The pipeline
        name: String,
        /// Why, for whoever wonders later
        #[arg(long, value_name = "TEXT")]
        note: String,
    },
    /// Start a paused pipeline by itself again
    Continue {
        /// The pipeline
        name: String,
    },
}

#[derive(Args)]
struct List {
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Args)]
struct Next {
    /// The pipeline; all when left out
    name: Option<String>,
    /// So many times, of all together
    #[arg(long, value_name = "N", default_value = "5")]
    count: usize,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl ScheduleCommand {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        match self.command.unwrap_or(Command::List(self.list)) {
            Command::List(list) => list.run(config).await,
            Command::Next(next) => next.run(config),
            Command::Pause { name, note } => pause(config, &name, Some(&note)).await,
            Command::Continue { name } => pause(config, &name, None).await,
        }
    }
}

impl List {
    async fn run(self, config: &Config) -> Result<ExitCode> {
        let (pipelines, now) = (scheduled(&folder(config))?, clock());
        let kept = kept(config).await?;
        let rows: Vec<Row<'_>> =
            pipelines.iter().map(|pipeline| Row { pipeline, kept: kept.get(&pipeline.name), now }).collect();
        match self.format {
            Format::Table if rows.is_empty() => say("no pipeline has a schedule"),
            Format::Table => {
                let mut listed = table(&["PIPELINE", "WHEN", "NEXT", "LAST", "PAUSED"]);
                for row in &rows {
                    listed.add_row([
                        row.pipeline.name.clone(),
                        row.when(),
                        row.next(),
                        row.last(),
                        row.paused(),
                    ]);
                }
                print(&format!("{listed}\n"))?;
            }
            Format::Json => print_json(&rows.iter().map(Row::json).collect::<Vec<_>>(), self.format)?,
            Format::Ndjson => rows.iter().try_for_each(|row| print_json(&row.json(), self.format))?,
        }
        let faulty = rows.iter().any(|row| row.pipeline.planned.is_err());
        Ok(ExitCode::from(u8::from(faulty)))
    }
}

/// One schedule, from its file and from the store.
struct Row<'a> {
    pipeline: &'a Scheduled,
    kept: Option<&'a ScheduleRow>,
    now: DateTime<Utc>,
}

impl Row<'_> {
    fn when(&self) -> String {
        match &self.pipeline.planned {
            Ok(planned) => planned.schedule.describe(),
            Err(fault) => format!("INVALID: {fault}"),
        }
    }

    fn next_at(&self) -> Option<DateTime<Utc>> {
        let planned = self.pipeline.planned.as_ref().ok()?;
        next(&planned.schedule, self.now, 1).first().copied()
    }

    fn next(&self) -> String {
        match (self.is_paused(), &self.pipeline.planned, self.next_at()) {
            (true, ..) => "-".to_owned(),
            (_, Ok(planned), Some(at)) => local(&planned.schedule, at),
            _ => "-".to_owned(),
        }
    }

    fn last(&self) -> String {
        let last = self.kept.and_then(|kept| kept.last_slot);
        match (&self.pipeline.planned, last) {
            (Ok(planned), Some(at)) if at > DateTime::UNIX_EPOCH => local(&planned.schedule, at),
            (_, Some(_)) => "once".to_owned(),
            _ => "never".to_owned(),
        }
    }

    /// Paused by the command, or in its file.
    fn is_paused(&self) -> bool {
        self.kept.is_some_and(|kept| kept.paused_at.is_some())
            || self.stated().is_some_and(|spec| spec.paused)
    }

    fn stated(&self) -> Option<&ScheduleSpec> {
        self.pipeline.planned.as_ref().ok().map(|planned| &planned.spec)
    }

    fn note(&self) -> Option<String> {
        let kept = self.kept.and_then(|kept| kept.note.clone());
        kept.or_else(|| self.stated()?.note.clone())
    }

    fn paused(&self) -> String {
        match self.is_paused() {
            true => self.note().unwrap_or_else(|| "yes".to_owned()),
            false => String::new(),
        }
    }

    fn json(&self) -> Value {
        json!({
            "pipeline": self.pipeline.name, "file": self.pipeline.file, "schedule": self.stated(),
            "description": self.pipeline.planned.as_ref().map(|planned| planned.schedule.describe()).ok(),
            "fault": self.pipeline.planned.as_ref().err(), "next": self.next_at(), "paused": self.is_paused(),
            "last": self.kept.and_then(|kept| kept.last_slot),
            "paused_at": self.kept.and_then(|kept| kept.paused_at),
            "note": self.note(),
        })
    }
}

impl Next {
    fn run(self, config: &Config) -> Result<ExitCode> {
        let pipelines = scheduled(&folder(config))?;
        let chosen: Vec<&Scheduled> = match &self.name {
            Some(name) => vec![find(&pipelines, name)?],
            None => pipelines.iter().collect(),
        };
        let mut times = Vec::new();
        for pipeline in chosen {
            let schedule = match &pipeline.planned {
                Ok(planned) => &planned.schedule,
                Err(fault) if self.name.is_some() => bail!("{fault}"),
                Err(fault) => {
                    say(&format!("{} is left out: {fault}", pipeline.name));
                    continue;
                }
            };
            let slots = next(schedule, clock(), self.count).into_iter();
            times.extend(slots.map(|at| Coming {
                at,
                starts_at: starts_at(schedule, &pipeline.name, at),
                pipeline: &pipeline.name,
                schedule,
            }));
        }
        times.sort_by(|a, b| (a.starts_at, a.pipeline).cmp(&(b.starts_at, b.pipeline)));
        times.truncate(self.count);
        match self.format {
            Format::Table => {
                // The time that an expression names is not when it starts, where there is jitter.
                let mut listed = table(&["STARTS", "SLOT", "PIPELINE"]);
                for time in &times {
                    let named = (time.at != time.starts_at).then(|| local(time.schedule, time.at));
                    let starts = local(time.schedule, time.starts_at);
                    listed.add_row([starts, named.unwrap_or_default(), time.pipeline.to_owned()]);
                }
                print(&format!("{listed}\n"))?;
            }
            Format::Json => print_json(&times.iter().map(Coming::json).collect::<Vec<_>>(), self.format)?,
            Format::Ndjson => times.iter().try_for_each(|time| print_json(&time.json(), self.format))?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// A start to come.
struct Coming<'a> {
    /// What its expression names.
    at: DateTime<Utc>,
    starts_at: DateTime<Utc>,
    pipeline: &'a str,
    schedule: &'a Schedule,
}

impl Coming<'_> {
    fn json(&self) -> Value {
        json!({"pipeline": self.pipeline, "at": self.at, "starts_at": self.starts_at})
    }
}

async fn pause(config: &Config, name: &str, note: Option<&str>) -> Result<ExitCode> {
    let pipelines = scheduled(&folder(config))?;
    let (pipeline, now) = (find(&pipelines, name)?, clock());
    let store = open(config).await?;
    let planned = pipeline.planned.as_ref().map_err(|fault| anyhow::anyhow!("{fault}"))?;
    store.keep_schedule(name, &planned.file, &planned.spec.timing(), now).await?;
    let operation = if note.is_some() { "schedule.pause" } else { "schedule.continue" };
    let doing = Doing::begin(&store, operation).about(name).with(json!({"note": note}));
    doing.end(store.pause_schedule(name, note.map(|note| (now, note))).await).await?;
    store.close().await;
    match note {
        Some(_) => say(&format!("{name} is paused; `callboard schedule continue {name}` lets it go on")),
        None => say(&format!("{name} runs by itself again")),
    }
    Ok(ExitCode::SUCCESS)
}

fn find<'a>(pipelines: &'a [Scheduled], name: &str) -> Result<&'a Scheduled> {
    if let Some(found) = pipelines.iter().find(|pipeline| pipeline.name == name) {
        return Ok(found);
    }
    match nearest(name, pipelines.iter().map(|pipeline| pipeline.name.as_str())) {
        Some(near) => bail!("no pipeline with a schedule is called {name:?}; did you mean {near:?}?"),
        None => bail!("no pipeline with a schedule is called {name:?}; `callboard schedule` lists them"),
    }
}

/// What the store knows, by pipeline; nothing where there is no store yet.
async fn kept(config: &Config) -> Result<HashMap<String, ScheduleRow>> {
    let Some(store) = open_if_there(config).await? else { return Ok(HashMap::new()) };
    let rows = store.schedules().await?;
    store.close().await;
    Ok(rows.into_iter().map(|row| (row.pipeline.clone(), row)).collect())
}

fn local(schedule: &Schedule, at: DateTime<Utc>) -> String {
    at.with_timezone(&schedule.zone()).format("%a %Y-%m-%d %H:%M:%S %Z").to_string()
}
