//! The command line: one variant a command, one file a command. Flags, help, completions and
//! suggestions all come from these definitions.

mod completions;
mod config;
mod init;

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
    /// Show every setting with its value and where it came from
    Config(config::ConfigCommand),
    /// Write a commented starter folder
    Init(init::Init),
    /// Print a completion script for your shell
    Completions(completions::Completions),
}

impl Cli {
    /// Logs go to stderr: for people on a terminal, as JSON elsewhere.
    pub fn start_logging(&self) {
        let filter = EnvFilter::try_new(&self.global.log_level).unwrap_or_else(|_| EnvFilter::new("warn"));
        let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
        if std::io::stderr().is_terminal() {
            lines.with_target(false).init();
        } else {
            lines.json().init();
        }
    }

    /// Runs the command.
    pub async fn run(self) -> Result<ExitCode> {
        let config = |flags: Flags| load(&self.global, flags);
        match self.command {
            Command::Config(command) => command.run(&config(Flags::new())?),
            Command::Init(command) => command.run(),
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
