//! `callboard purge`: takes away what may not be kept any longer, and lists the proofs.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use model::SourceName;
use serde_json::{Value, json};
use store::{ProofRow, Purge as Asked, Purged, Store};

use crate::config::Config;
use crate::origins::Catalog;
use crate::output::{Format, print, print_json, say, table};
use crate::retention::{ceilings, in_words, unknown_sources};
use crate::world::open_existing;

const ABOUT: &str = "\
It also happens by itself: at the end of whatever commits, and by `serve` all the time. How long what may be
kept is said by the terms of connectors (with the setting `retention: purge`) and by `retention_policy`.

Examples:
  callboard purge --dry-run             what is over its ceiling
  callboard purge --source my-blog      of one source alone
  callboard purge list                  what went, by which rule, with proof";

/// Take away what may not be kept any longer, or list what went.
#[derive(Args)]
#[command(after_help = ABOUT, args_conflicts_with_subcommands = true)]
pub struct Purge {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only of this source
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Tell what would go, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Subcommand)]
enum Command {
    /// List what went, newest first, with the hash over the keys of it
    List(List),
}

#[derive(Args)]
struct List {
    /// At most so many
    #[arg(long, value_name = "N", default_value = "100")]
    limit: usize,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Purge {
    pub fn is_dry(&self) -> bool {
        self.dry_run || self.command.is_some()
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        match &self.command {
            Some(Command::List(list)) => list.run(&store).await?,
            None => self.purge(config, &store).await?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }

    async fn purge(&self, config: &Config, store: &Store) -> Result<()> {
        let mut wanted = ceilings(config, &Catalog::load(config)?)?;
        if let Some(source) = self.source.as_deref().map(SourceName::new) {
            wanted.retain(|purge| purge.source == source);
            if wanted.is_empty() {
                bail!("no ceiling holds for {source}: set one by `retention_policy` in callboard.yaml");
            }
        }
        if wanted.is_empty() {
            say("no ceiling is set: see `retention` and `retention_policy` in callboard.yaml");
        }
        for unknown in unknown_sources(config, store).await? {
            say(&unknown);
        }
        let mut done = Vec::new();
        for purge in wanted {
            let purge = Asked { dry_run: self.dry_run, ..purge };
            done.push((store.purge(&purge).await?, purge));
        }
        if !self.dry_run {
            store.remove_unwanted().await?;
        }
        self.tell(&done)
    }

    fn tell(&self, done: &[(Purged, Asked)]) -> Result<()> {
        let object = |(purged, purge): &(Purged, Asked)| json!({"source": purge.source, "rule": purge.rule(), "dry_run": self.dry_run, "purged": purged});
        match self.format {
            Format::Table => {
                let went = if self.dry_run { "WOULD GO" } else { "WENT" };
                let mut rows = table(&["SOURCE", "MAY BE KEPT", went]);
                for (purged, purge) in done {
                    rows.add_row([purge.source.as_str(), &purge.rule(), &in_words(purged)]);
                }
                Ok(print(&format!("{rows}\n"))?)
            }
            Format::Json => print_json(&done.iter().map(object).collect::<Vec<Value>>(), self.format),
            Format::Ndjson => done.iter().try_for_each(|done| print_json(&object(done), self.format)),
        }
    }
}

impl List {
    async fn run(&self, store: &Store) -> Result<()> {
        let proofs = store.proofs(self.limit).await?;
        match self.format {
            Format::Table => Ok(print(&listed(&proofs))?),
            Format::Json => print_json(&proofs, self.format),
            Format::Ndjson => proofs.iter().try_for_each(|proof| print_json(proof, self.format)),
        }
    }
}

fn listed(proofs: &[ProofRow]) -> String {
    let mut rows = table(&["#", "BEGAN", "ENDED", "WHY", "SOURCE", "RULE", "WENT", "KEYS", "HASH"]);
    for proof in proofs {
        let ended = proof.ended_at.clone().unwrap_or_else(|| "was stopped".to_owned());
        let went = proof.counts.as_object().into_iter().flatten();
        let went: Vec<String> = went
            .filter(|(_, count)| count.as_u64().is_some_and(|count| count > 0))
            .map(|(name, count)| format!("{count} {}", name.replace('_', " ")))
            .collect();
        rows.add_row([
            &proof.seq.to_string(),
            &proof.began_at,
            &ended,
            &proof.operation,
            proof.source.as_deref().unwrap_or("all"),
            &proof.rule,
            &went.join(", "),
            &proof.keys.to_string(),
            &proof.hash[..16.min(proof.hash.len())],
        ]);
    }
    format!("{rows}\n")
}
