//! `callboard replay`: what today's readers make of documents that are landed already.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use clap::Args;
use engine::collect::{Collect as Run, CollectOptions};
use engine::replay::{Which, origins};
use model::SourceName;
use store::Store;

use super::collect::follow;
use crate::bounds::collect_options;
use crate::config::Config;
use crate::origins::Catalog;
use crate::output::{Format, say};
use crate::{clock, summary, which};

const EXAMPLES: &str = "\
Examples:
  callboard replay --source eventbrite            show what would change
  callboard replay --source eventbrite --apply    and keep it";

/// Read landed documents again and show what today's reading would change.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Replay {
    /// Only documents of this run: its id, the beginning of it, or `last`
    #[arg(long, value_name = "ID", conflicts_with = "source")]
    run: Option<String>,
    /// Only documents of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Keep what changes
    #[arg(long)]
    apply: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Replay {
    /// Whether nothing is written anywhere.
    pub fn is_dry(&self) -> bool {
        !self.apply
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let (path, catalog) = (config.db()?, Catalog::load(config)?);
        let options = config.open_options()?;
        let kept = Store::open_existing_with(&path, &options).await?;
        let find = |name: &str| catalog.find(name);
        let origins = origins(&kept, &self.which(&kept).await?, &find, catalog.recogniser()).await?;
        if origins.is_empty() {
            bail!("no landed documents fit; `callboard events` names the sources");
        }
        let store = if self.apply { kept.clone() } else { Store::rehearse_with(&path, &options).await? };
        let bounds = CollectOptions { sweep: false, ..collect_options(config, true, !self.apply)? };
        let since = store.last_change().await?;
        let catalog = Arc::new(catalog);
        let run = Run { store: store.clone(), fetcher: None, catalog, origins, options: bounds, clock };
        let found = follow(run).await.context("replay failed")?;
        let changes = summary::changes_of(&store, since, &found).await?;
        summary::show(&found, Some(&changes), self.format)?;
        if !self.apply && !changes.is_empty() {
            say("nothing was written; --apply keeps these changes");
        }
        Ok(ExitCode::from(found.outcome.exit_code()))
    }

    async fn which(&self, store: &Store) -> Result<Which> {
        Ok(match (&self.run, &self.source) {
            (Some(run), _) => Which::Run(which::run(store, run).await?),
            (None, Some(source)) => Which::Source(SourceName::new(source)),
            (None, None) => Which::All,
        })
    }
}
