//! `callboard audit`: what was done by whom, and whether the list is as it was written.

use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand, ValueEnum};
use model::RunId;
use serde_json::{Value, json};
use store::{AuditCheck, AuditLevel, AuditQuery, AuditRow, Store};

use crate::config::Config;
use crate::figures::cut;
use crate::output::{Format, print, print_json, table};
use crate::which;
use crate::world::open_existing;

const EXAMPLES: &str = "\
Examples:
  callboard audit --level warning --since 2026-12-01    what did not go as it should
  callboard audit list --run last --format ndjson       all of one run
  callboard audit verify                                whether anybody changed the list";

/// List what was done by whom, and check that nobody changed the list.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Audit {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    list: List,
}

#[derive(Subcommand)]
enum Command {
    /// List entries, newest first
    List(List),
    /// Check the whole list; exit code 1 when it was tampered with
    Verify(Verify),
}

#[derive(Args)]
struct List {
    /// Not before this day or instant
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
    /// Not after this day, or before this instant
    #[arg(long, value_name = "WHEN")]
    until: Option<String>,
    /// This level and those above it
    #[arg(long, value_enum)]
    level: Option<Level>,
    /// By this runner or user: a runner's name, or USER@MACHINE
    #[arg(long, value_name = "ID")]
    runner: Option<String>,
    /// In this run: its id, the beginning of it, or `last`
    #[arg(long, value_name = "ID|last")]
    run: Option<String>,
    /// This operation; `schedule` finds `schedule.pause` too
    #[arg(long, value_name = "NAME")]
    operation: Option<String>,
    /// With this outcome
    #[arg(long, value_name = "NAME")]
    outcome: Option<String>,
    /// At most so many
    #[arg(long, value_name = "N", default_value = "100")]
    limit: usize,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Args)]
struct Verify {
    /// A hash that an earlier check printed and that was kept elsewhere: the list must still pass through it
    #[arg(long, value_name = "HASH")]
    anchor: Option<String>,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, ValueEnum)]
enum Level {
    Info,
    Warning,
    Error,
}

impl From<Level> for AuditLevel {
    fn from(level: Level) -> AuditLevel {
        match level {
            Level::Info => AuditLevel::Info,
            Level::Warning => AuditLevel::Warning,
            Level::Error => AuditLevel::Error,
        }
    }
}

impl Audit {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let code = match self.command {
            None => self.list.run(config, &store).await?,
            Some(Command::List(list)) => list.run(config, &store).await?,
            Some(Command::Verify(verify)) => verify.run(&store).await?,
        };
        store.close().await;
        Ok(code)
    }
}

impl List {
    async fn run(self, config: &Config, store: &Store) -> Result<ExitCode> {
        let format = self.format;
        let run = which::run_if(store, self.run.as_deref()).await?;
        let rows = store.audit_entries(&self.query(config, run)?).await?;
        match format {
            Format::Table => print(&listed(&rows))?,
            Format::Json => print_json(&rows.iter().map(entry).collect::<Vec<_>>(), format)?,
            Format::Ndjson => rows.iter().try_for_each(|row| print_json(&entry(row), format))?,
        }
        Ok(ExitCode::SUCCESS)
    }

    fn query(self, config: &Config, run: Option<RunId>) -> Result<AuditQuery> {
        let zone = config.timezone()?.unwrap_or(chrono_tz::UTC);
        type Bound = fn(&str, chrono_tz::Tz) -> Result<DateTime<Utc>, String>;
        let at = |flag: &str, text: Option<String>, bound: Bound| {
            let read = |text: String| bound(&text, zone).map_err(anyhow::Error::msg).context(flag.to_owned());
            text.map(read).transpose()
        };
        Ok(AuditQuery {
            since: at("--since", self.since, engine::backfill::lower_bound)?,
            until: at("--until", self.until, engine::backfill::upper_bound)?,
            level: self.level.map(Into::into),
            runner: self.runner,
            run,
            operation: self.operation,
            outcome: self.outcome,
            limit: Some(self.limit),
        })
    }
}

impl Verify {
    async fn run(self, store: &Store) -> Result<ExitCode> {
        let check = store.verify_audit(self.anchor.as_deref()).await?;
        match self.format {
            Format::Table => print(&in_words(&check))?,
            format => {
                let fault = check.fault.as_ref().map(ToString::to_string);
                print_json(&json!({"rows": check.rows, "hash": check.hash, "fault": fault}), format)?;
            }
        }
        match &check.fault {
            None => Ok(ExitCode::SUCCESS),
            Some(fault) => bail!("the audit log was tampered with: {fault}"),
        }
    }
}

fn in_words(check: &AuditCheck) -> String {
    let rows = if check.rows == 1 { "1 row is" } else { &format!("{} rows are", check.rows) };
    match check.fault {
        None => format!("{rows} as they were written; the last hash is {}\n", check.hash),
        Some(_) if check.rows == 0 => String::new(),
        Some(_) => format!("the first {rows} as they were written; their last hash is {}\n", check.hash),
    }
}

/// More of a subject makes a line that nobody reads; the other formats have all of it.
const SUBJECT: usize = 60;

fn listed(rows: &[AuditRow]) -> String {
    let mut listed =
        table(&["#", "AT", "LEVEL", "WHO", "RUN", "OPERATION", "SUBJECT", "OUTCOME", "MS", "ERROR"]);
    let ids: Vec<RunId> = rows.iter().filter_map(run_of).collect();
    for row in rows {
        let duration = row.duration_ms.map(|ms| ms.to_string()).unwrap_or_default();
        let class = row.error_class.clone().unwrap_or_default();
        let run = run_of(row).map(|run| which::short(run, &ids)).unwrap_or_default();
        let subject = match &row.step {
            Some(step) if !row.subject.contains(step.as_str()) => format!("{step} {}", row.subject),
            _ => row.subject.clone(),
        };
        listed.add_row([
            &row.seq.to_string(),
            &row.at,
            row.level.name(),
            &row.runner,
            &run,
            &row.operation,
            &cut(subject.trim_end(), SUBJECT),
            &row.outcome,
            &duration,
            &class,
        ]);
    }
    format!("{listed}\n")
}

fn run_of(row: &AuditRow) -> Option<RunId> {
    row.run.as_deref()?.parse().ok()
}

fn entry(row: &AuditRow) -> Value {
    json!({
        "seq": row.seq, "at": row.at, "level": row.level, "runner": row.runner, "run": row.run, "step": row.step,
        "operation": row.operation, "subject": row.subject, "outcome": row.outcome,
        "duration_ms": row.duration_ms, "error_class": row.error_class, "detail": row.detail, "hash": row.hash,
    })
}
