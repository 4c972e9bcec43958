//! The command line: one variant a command, one file a command. Flags, help, completions and
//! suggestions all come from these definitions.

mod audit;
mod backfill;
mod backup;
mod cache;
mod cancel;
mod changes;
mod check;
mod collect;
mod completions;
mod config;
mod connector;
mod crawl;
mod dead;
mod demo;
mod doctor;
mod events;
mod export;
mod fleet;
mod forget;
mod former;
mod functions;
mod graph;
mod history;
mod hold;
mod init;
mod landing;
mod limits;
mod migrate;
mod personal;
mod purge;
mod quarantine;
mod replay;
mod report;
mod restore;
mod retry;
mod run;
mod runner;
mod runs;
mod schedule;
mod serve;
mod show;
mod tag;

use std::path::Path;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::caching;
use crate::config::Config;
use crate::log::{self, LogFile, LogOptions, Rotation};
use crate::retention;

const EXAMPLES: &str = "\
Examples:
  callboard demo                                     see it work, without network or set-up
  callboard collect https://example.org/events.ics   gather from a calendar
  callboard events --from 2026-12-01 --q jazz        ask what there is
  callboard run nightly                              a pipeline of several steps
  callboard runs last                                how the last run went
  callboard connector list                           what it can gather from by name";

/// Gathers listings from calendars, pages, feeds and APIs; checks, merges and keeps them.
#[derive(Parser)]
#[command(name = "callboard", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    global: Global,
}

/// Flags every command takes.
#[derive(Args)]
struct Global {
    /// The store: a SQLite file, or postgres://user:password@host/database [default: callboard.db]
    #[arg(long, global = true, value_name = "STORE", display_order = 900)]
    db: Option<String>,
    /// What to log: error, warn, info, debug, trace, or a filter like `connect=debug` [default: warn]
    #[arg(long, global = true, value_name = "LEVEL", display_order = 901)]
    log_level: Option<String>,
    /// Log into this file too, as JSON lines; `log_rotate` and `log_keep` are settings
    #[arg(long, global = true, value_name = "PATH", display_order = 902)]
    log_file: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Gather listings from calendars, pages, feeds and APIs into the store
    Collect(Box<collect::Collect>),
    /// Ask the store for events
    Events(events::Events),
    /// Write rows for other programs: Parquet, CSV, JSON lines, calendars, feeds
    Export(export::Export),
    /// Write all that the store holds into one file, or check such a file
    Backup(backup::Backup),
    /// Fill a new store with what is in a backup
    Restore(restore::Restore),
    /// Ask for graded cards: populations by level, their history, certificates
    Tag(Box<tag::Tag>),
    /// Show one row: which document said each field, and its history
    Show(show::Show),
    /// Tell how one row came to be what it is
    History(history::History),
    /// List what changed since a mark, or go on telling it; fold what is old
    Changes(Box<changes::Changes>),
    /// List the listings that were kept aside, with the reason why
    Quarantine(quarantine::Quarantine),
    /// Show, verify, prune and export what was fetched
    Landing(landing::LandingCommand),
    /// Take away what may not be kept any longer, and list the proofs
    Purge(purge::Purge),
    /// Remove a person everywhere, and prove it
    Forget(forget::Forget),
    /// Make keys for columns of personal data, and seal with them
    Personal(personal::Personal),
    /// Tell the numbers of ticketing: sales, ages, coupons and more, by region
    Report(Box<report::Report>),
    /// Read landed documents again and show what would change
    Replay(replay::Replay),
    /// List, show, try, record, test and start connectors
    Connector(connector::ConnectorCommand),
    /// Check pipeline files: every fault at once, with line, column and what to do
    Check(check::Check),
    /// Draw the steps of a pipeline and what they wait for
    Graph(graph::Graph),
    /// List what the steps of a pipeline can call
    Functions(functions::Functions),
    /// List pipelines that run by themselves, their next runs; pause one, let it go on
    Schedule(schedule::ScheduleCommand),
    /// Show what hosts and keys may be asked how fast, and who holds them back
    Limits(limits::Limits),
    Migrate(migrate::Migrate),
    /// Show what is kept ready of which days; fill it, clear it
    Cache(cache::CacheCommand),
    /// List what was done by whom, and check that nobody changed the list
    Audit(audit::Audit),
    /// Run a pipeline to its end, or go on with a run that was left
    Run(Box<run::Run>),
    /// List runs, or show how one went
    Runs(runs::Runs),
    /// Stop a run
    Cancel(cancel::Cancel),
    /// Do again what failed or never ran of a run
    Retry(retry::Retry),
    /// Hold a run back
    Pause(hold::Pause),
    /// Let a paused run go on
    Continue(hold::Continue),
    /// Change how many items of a step are under way at once, or how many may fail
    Tune(hold::Tune),
    /// List items that ended badly; show, redrive or drop them
    Dead(dead::Dead),
    /// Run a pipeline once for each window of a stretch of time
    Backfill(Box<backfill::Backfill>),
    /// Take work of any run from the store, and do it
    Runner(runner::Runner),
    /// Run a pipeline with several runner processes under supervision
    Fleet(Box<fleet::Fleet>),
    /// Take work and begin scheduled runs, until it is stopped
    Serve(serve::Serve),
    /// See it work on generated data, without network or set-up
    Demo(demo::Demo),
    /// Check settings, store, connectors and keys
    Doctor(doctor::Doctor),
    /// Write a commented starter folder
    Init(init::Init),
    /// Show every setting with its value and where it came from
    Config(config::ConfigCommand),
    /// Print a completion script for your shell
    Completions(completions::Completions),
}

impl Cli {
    /// The folder that the command is to be done in, where it is not this one.
    pub fn folder(&self) -> Option<&Path> {
        match &self.command {
            Command::Fleet(fleet) => fleet.folder(),
            _ => None,
        }
    }

    /// Logs go to stderr: for people on a terminal, as JSON elsewhere; and into a file when one is named.
    pub fn start_logging(&self) -> Result<()> {
        let options = load(&self.global, Flags::new()).and_then(|config| log_options(&config));
        // A setting that is wrong is told by the command that reads it; until then warnings are shown.
        let mut options = options.unwrap_or_else(|_| LogOptions { level: "warn".to_owned(), file: None });
        if matches!(&self.command, Command::Run(run) if run.debug) {
            options.level = "debug".to_owned();
        }
        log::start(options)
    }

    /// Runs the command; what it committed is then held to retention ceilings, and followed by the cache.
    pub async fn run(self) -> Result<ExitCode> {
        // A setting that is wrong is told by the command that reads it.
        let follows = load(&self.global, Flags::new()).ok().filter(|config| self.command.may_commit(config));
        let code = self.run_command().await;
        if let Some(config) = follows {
            if code.is_ok() {
                retention::after_work(&config).await;
            }
            caching::after_work(&config).await;
        }
        code
    }

    async fn run_command(self) -> Result<ExitCode> {
        let keep = self.global.db.is_some();
        let config = |flags: Flags| load(&self.global, flags);
        match self.command {
            Command::Collect(command) => {
                let config = config(command.flags())?;
                command.run(&config).await
            }
            Command::Events(command) => command.run(&config(Flags::new())?).await,
            Command::Export(command) => command.run(&config(Flags::new())?).await,
            Command::Backup(command) => command.run(&config(Flags::new())?).await,
            Command::Restore(command) => command.run(&config(Flags::new())?).await,
            Command::Tag(command) => command.run(&config(Flags::new())?).await,
            Command::Show(command) => command.run(&config(Flags::new())?).await,
            Command::History(command) => command.run(&config(Flags::new())?).await,
            Command::Changes(command) => command.run(&config(Flags::new())?).await,
            Command::Quarantine(command) => command.run(&config(Flags::new())?).await,
            Command::Purge(command) => command.run(&config(Flags::new())?).await,
            Command::Forget(command) => command.run(&config(Flags::new())?).await,
            Command::Personal(command) => command.run(&config(Flags::new())?).await,
            Command::Replay(command) => command.run(&config(Flags::new())?).await,
            Command::Report(command) => command.run(&config(Flags::new())?).await,
            Command::Landing(command) => command.run(&config(Flags::new())?).await,
            Command::Connector(command) => command.run(&config(Flags::new())?).await,
            Command::Check(command) => command.run(),
            Command::Graph(command) => command.run(),
            Command::Functions(command) => command.run(),
            Command::Schedule(command) => command.run(&config(Flags::new())?).await,
            Command::Limits(command) => command.run(&config(Flags::new())?).await,
            Command::Migrate(command) => command.run(&config(Flags::new())?).await,
            Command::Cache(command) => command.run(&config(Flags::new())?).await,
            Command::Audit(command) => command.run(&config(Flags::new())?).await,
            Command::Run(command) => {
                let config = config(command.flags())?;
                command.run(&config).await
            }
            Command::Runs(command) => command.run(&config(Flags::new())?).await,
            Command::Cancel(command) => command.run(&config(Flags::new())?).await,
            Command::Retry(command) => {
                let config = config(command.flags())?;
                command.run(&config).await
            }
            Command::Pause(command) => command.run(&config(Flags::new())?).await,
            Command::Continue(command) => command.run(&config(Flags::new())?).await,
            Command::Tune(command) => command.run(&config(Flags::new())?).await,
            Command::Dead(command) => command.run(&config(Flags::new())?).await,
            Command::Backfill(command) => {
                let config = config(command.flags())?;
                command.run(&config).await
            }
            Command::Runner(command) => {
                let config = config(command.flags())?;
                command.run(&config).await
            }
            Command::Fleet(command) => {
                let config = config(command.flags())?;
                command.run(&config).await
            }
            Command::Serve(command) => {
                let config = config(command.flags())?;
                command.run(&config).await
            }
            Command::Demo(command) => command.run(&config(Flags::new())?, keep).await,
            Command::Doctor(command) => command.run(&config(Flags::new())?).await,
            Command::Init(command) => command.run(),
            Command::Config(command) => command.run(&config(Flags::new())?),
            Command::Completions(command) => command.run(),
        }
    }
}

impl Command {
    /// Whether it may have changed what is listed. A server and a runner see to the cache themselves.
    fn may_commit(&self, config: &Config) -> bool {
        match self {
            Command::Collect(command) => !command.is_dry(),
            Command::Run(command) => !command.is_dry(),
            Command::Replay(command) => !command.is_dry(),
            // It purges first what may not be kept any longer.
            Command::Events(_) => retention::is_set(config),
            Command::Purge(command) => !command.is_dry(),
            Command::Forget(command) => !command.is_dry(),
            Command::Retry(_) | Command::Backfill(_) | Command::Fleet(_) => true,
            _ => false,
        }
    }
}

/// Settings that a command takes as flags, by key.
type Flags = Vec<(&'static str, Option<String>)>;

/// What was said; a variable that is set to nothing is not set.
fn said(text: &Option<String>) -> Option<&String> {
    text.as_ref().filter(|text| !text.trim().is_empty())
}

fn load(global: &Global, mut flags: Flags) -> Result<Config> {
    flags.push(("db", global.db.clone()));
    flags.push(("log_level", global.log_level.clone()));
    flags.push(("log_file", global.log_file.clone()));
    let config = Config::load(&flags)?;
    // A wrong one is told here, before anything is done.
    log_options(&config)?;
    Ok(config)
}

fn log_options(config: &Config) -> Result<LogOptions> {
    let rotation = Rotation { rotate: config.get("log_rotate")?, keep: config.get("log_keep")? };
    let file = config.text("log_file").map(|path| LogFile { path: path.into(), rotation });
    Ok(LogOptions { level: config.text("log_level").unwrap_or("warn").to_owned(), file })
}
