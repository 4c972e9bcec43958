//! The command line: one variant a command, one file a command. Flags, help, completions and
//! suggestions all come from these definitions.

mod backfill;
mod cancel;
pub mod collect;
mod completions;
mod config;
mod connector;
mod dead;
mod demo;
mod doctor;
mod events;
mod fleet;
mod hold;
mod init;
mod quarantine;
mod replay;
mod retry;
mod run;
mod runner;
mod runs;
mod serve;
mod show;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::Config;

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
    /// The store: a SQLite file [default: callboard.db]
    #[arg(long, global = true, value_name = "PATH", display_order = 900)]
    db: Option<String>,
    /// What to log on stderr: error, warn, info, debug, trace, or a filter like `connect=debug`
    #[arg(
        long,
        global = true,
        value_name = "LEVEL",
        env = "CALLBOARD_LOG",
        default_value = "warn",
        display_order = 901
    )]
    log_level: String,
}

#[derive(Subcommand)]
enum Command {
    /// Gather listings from calendars, pages, feeds and APIs into the store
    Collect(Box<collect::Collect>),
    /// Ask the store for events
    Events(events::Events),
    /// Show one row: which document said each field, and its history
    Show(show::Show),
    /// List the listings that were kept aside, with the reason why
    Quarantine(quarantine::Quarantine),
    /// Read landed documents again and show what would change
    Replay(replay::Replay),
    /// List, show, try, record, test and start connectors
    Connector(connector::ConnectorCommand),
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
    /// Change how many items of a step are under way at once
    Tune(hold::Tune),
    /// List items that ended badly; show, redrive or drop them
    Dead(dead::Dead),
    /// Run a pipeline once for each window of a stretch of time
    Backfill(Box<backfill::Backfill>),
    /// Take work of any run from the store, and do it
    Runner(runner::Runner),
    /// Run a pipeline with several runner processes under supervision
    Fleet(fleet::Fleet),
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
    /// Logs go to stderr: for people on a terminal, as JSON elsewhere.
    pub fn start_logging(&self) {
        let debug = matches!(&self.command, Command::Run(run) if run.debug);
        let level = if debug { "debug" } else { &self.global.log_level };
        let filter = EnvFilter::try_new(level).unwrap_or_else(|_| EnvFilter::new("warn"));
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        if std::io::stderr().is_terminal() {
            lines.with_target(false).init();
        } else {
            lines.json().init();
        }
    }

    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        let keep = self.global.db.is_some();
        let config = |flags: Flags| load(&self.global, flags);
        match self.command {
            Command::Collect(command) => {
                let config = config(command.flags())?;
                command.run(&config).await
            }
            Command::Events(command) => command.run(&config(Flags::new())?).await,
            Command::Show(command) => command.run(&config(Flags::new())?).await,
            Command::Quarantine(command) => command.run(&config(Flags::new())?).await,
            Command::Replay(command) => command.run(&config(Flags::new())?).await,
            Command::Connector(command) => command.run(&config(Flags::new())?).await,
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

/// Settings that a command takes as flags, by key.
type Flags = Vec<(&'static str, Option<String>)>;

fn load(global: &Global, mut flags: Flags) -> Result<Config> {
    flags.push(("db", global.db.clone()));
    Config::load(&flags)
}
