//! `callboard collect`: the main job, from the command line.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use engine::collect::{Collect as Run, Progress, Summary};
use store::Store;
use tokio::sync::watch;

use super::Flags;
use crate::bounds::collect_options;
use crate::config::Config;
use crate::noted::Noted;
use crate::origins::{Asked, Catalog};
use crate::output::{Format, usage};
use crate::piped::Piped;
use crate::progress::Display;
use crate::{clock, fetching, summary};

const EXAMPLES: &str = "\
Examples:
  callboard collect https://example.org/events.ics          a calendar
  callboard collect events.ics pages/ https://example.org/  files, folders and addresses together
  curl -s https://example.org/feed | callboard collect - --source hall
  callboard collect --connector eventbrite --param organizers=48062165483
  callboard collect --connector ticketmaster saved/*.json   read saved answers with one connector
  callboard collect feed.ics --dry-run --records            see what would change, write nothing";

/// Gather listings from calendars, pages, feeds and APIs into the store.
///
/// What an input is, is told from its content: iCalendar, JSON-LD, microdata, hCalendar/h-event,
/// RSS/Atom, or the answer of a source that a connector knows.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Collect {
    /// Addresses, files and folders; `-` is standard input
    inputs: Vec<String>,
    /// Read with this connector (see `callboard connector list`), or with the one in this file
    #[arg(long, value_name = "NAME|FILE")]
    connector: Option<String>,
    /// Value for a parameter of the connector; may be given several times
    #[arg(long = "param", value_name = "NAME=VALUE")]
    params: Vec<String>,
    /// Name of the source that the records are kept under
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Zone of local times for which the source names none
    #[arg(long, value_name = "ZONE")]
    timezone: Option<String>,
    /// Expand repeating events from this many months back [default: 1]
    #[arg(long, value_name = "N")]
    months_back: Option<String>,
    /// Expand repeating events to this many months ahead [default: 12]
    #[arg(long, value_name = "N")]
    months_ahead: Option<String>,
    /// Requests per second and host [default: 4]
    #[arg(long, value_name = "N")]
    per_second: Option<String>,
    /// Documents at most [default: 100000]
    #[arg(long, value_name = "N")]
    max_documents: Option<String>,
    /// Share of known events that may vanish in one sweep; 1 accepts any [default: 0.5]
    #[arg(long, value_name = "SHARE")]
    max_shrink: Option<String>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
    /// Read documents again that have not changed
    #[arg(long)]
    reread: bool,
    /// Write nothing anywhere; say what would change
    #[arg(long)]
    dry_run: bool,
    /// Print the records that are new or changed, before the summary
    #[arg(long)]
    records: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Collect {
    /// The settings that this call's flags give.
    pub fn flags(&self) -> Flags {
        vec![
            ("timezone", self.timezone.clone()),
            ("months_back", self.months_back.clone()),
            ("months_ahead", self.months_ahead.clone()),
            ("per_second", self.per_second.clone()),
            ("max_documents", self.max_documents.clone()),
            ("max_shrink", self.max_shrink.clone()),
            ("allow_private", self.allow_private.then(|| "true".to_owned())),
        ]
    }

    /// Whether nothing is written anywhere.
    pub fn is_dry(&self) -> bool {
        self.dry_run
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        if self.inputs.is_empty() && self.connector.is_none() {
            bail!(usage("nothing to collect from: give addresses, files or folders, or --connector NAME"));
        }
        let catalog = match &self.connector {
            Some(name) => Catalog::load_only(config, &[name])?,
            None => Catalog::load(config)?,
        };
        let (piped, named): (Vec<String>, Vec<String>) = self.inputs.iter().cloned().partition(|i| i == "-");
        let mut inputs = engine::collect::resolve(&named)?;
        // There until the run has ended.
        let piped = (!piped.is_empty()).then(|| Piped::take(config.get("max_bytes")?)).transpose()?;
        inputs.extend(piped.as_ref().map(Piped::input));
        let asked = Asked {
            inputs,
            connector: self.connector.clone(),
            params: self.params.clone(),
            source: self.source.clone(),
        };
        let origins = catalog.origins(asked)?;
        let store = self.open(config).await?;
        if !self.dry_run {
            crate::retention::purge_due(config, &catalog, &store).await?;
        }
        let since = store.last_change().await?;
        let (fetcher, limits) = fetching::fetcher_on(config, &store, &fetching::process_name(), false)?;
        let run = Run {
            store: store.clone(),
            fetcher: Some(fetcher),
            catalog: Arc::new(catalog),
            origins,
            options: collect_options(config, self.reread, self.dry_run)?,
            clock,
        };
        let found = follow(run).await?;
        fetching::give_back(limits).await;
        let changes = match self.records {
            true => Some(summary::changes_of(&store, since, &found).await?),
            false => None,
        };
        summary::show(&found, changes.as_deref(), self.format)?;
        store.close().await;
        drop(piped);
        Ok(ExitCode::from(found.outcome.exit_code()))
    }

    async fn open(&self, config: &Config) -> Result<Store> {
        let (path, options) = (config.db()?, config.open_options()?);
        let opened = match self.dry_run {
            true => Store::rehearse_with(&path, &options).await,
            false => Store::open_with(&path, &options).await,
        };
        opened.with_context(|| format!("cannot open the store {}", path.display()))
    }
}

/// Runs with a progress display; an interrupt keeps what was read so far.
pub async fn follow(run: Run) -> Result<Summary> {
    let (cancel, cancelled) = watch::channel(false);
    tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            // The run may just have ended.
            let _ = cancel.send(true);
        }
        // Held open: a closed channel would wake the run again and again.
        std::future::pending::<()>().await;
    });
    let progress = Arc::new(Progress::default());
    let display = Display::follow(progress.clone());
    let noted = Noted::begin(&run);
    let summary = run.run(progress, cancelled).await;
    noted.end(&summary).await;
    display.finish().await;
    Ok(summary?)
}
