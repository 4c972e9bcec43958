//! `callboard landing`: what was fetched, as it came: where it is, whether it is sound, what of it may go,
//! and how other tools read it.

mod export;
mod prune;
mod status;
mod verify;

use std::process::ExitCode;

use anyhow::{Context, Result};
use chrono::{DateTime, Utc};
use clap::{Args, Subcommand};
use model::SourceName;
use store::{DocumentRow, LandedQuery, Store};

use crate::config::Config;
use crate::world::open_existing;

const EXAMPLES: &str = "\
Examples:
  callboard landing status                              where it is, how much, since when
  callboard landing verify                              read everything back
  callboard landing prune --older-than 90d --dry-run    what would go
  callboard landing export --warc fetched.warc.gz       for the tools of web archives";

/// Show, verify, prune and export what was fetched.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct LandingCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Tell where the landing is, what is in it, and since when
    Status(status::Status),
    /// Read every body back and name those that are damaged or absent; exit code 1 when there are some
    Verify(verify::Verify),
    /// Remove bodies that have become old; what was read from them stays
    Prune(prune::Prune),
    /// Write documents with their bodies as WARC 1.1
    Export(export::Export),
}

impl LandingCommand {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let code = match self.command {
            Command::Status(status) => status.run(&store).await?,
            Command::Verify(verify) => verify.run(&store).await?,
            Command::Prune(prune) => prune.run(config, &store).await?,
            Command::Export(export) => export.run(config, &store).await?,
        };
        store.close().await;
        Ok(code)
    }
}

/// Which documents a command is about.
#[derive(Debug, Clone, Default, Args)]
struct Which {
    /// Only documents of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Only documents fetched on this day or at this instant, or later
    #[arg(long, value_name = "WHEN")]
    since: Option<String>,
}

/// Documents that are held in memory at once, without their bodies.
const PAGE: u32 = 500;

/// Landed documents, a page at a time.
struct Pages<'a> {
    store: &'a Store,
    query: LandedQuery,
}

impl Pages<'_> {
    fn of<'a>(store: &'a Store, which: &Which, config: Option<&Config>) -> Result<Pages<'a>> {
        let zone = config.map(Config::timezone).transpose()?.flatten().unwrap_or(chrono_tz::UTC);
        let read = |text: &String| engine::backfill::lower_bound(text, zone).map_err(anyhow::Error::msg);
        let since: Option<DateTime<Utc>> =
            which.since.as_ref().map(read).transpose().context("--since".to_owned())?;
        let source = which.source.as_deref().map(SourceName::new);
        Ok(Pages { store, query: LandedQuery { source, since, removed: false, after: 0, limit: PAGE } })
    }

    /// With documents whose body was removed.
    fn and_removed(mut self) -> Self {
        self.query.removed = true;
        self
    }

    /// The next page; empty after the last one.
    async fn next(&mut self) -> Result<Vec<DocumentRow>> {
        let rows = self.store.landed(&self.query).await?;
        self.query.after = rows.last().map_or(self.query.after, |row| row.number);
        Ok(rows)
    }
}

/// `1234567` as people read it.
fn megabytes(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} B"),
        1_000..1_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        1_000_000..1_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.2} GB", bytes as f64 / 1e9),
    }
}

fn counted(count: u64, what: &str, plural: &str) -> String {
    format!("{count} {}", if count == 1 { what } else { plural })
}
