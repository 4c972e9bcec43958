//! `callboard migrate`: what the schema of a store lacks, and making it.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use store::{SchemaStatus, Store, StoreError};

use crate::config::Config;
use crate::noted::Doing;
use crate::output::{Format, print, print_json, say};
use crate::world::open_existing;

/// Tell what the store's schema lacks, or bring it up to date.
///
/// Tables and columns that are new are added whenever a store is opened. What would keep others waiting,
/// or changes what is there, is done only here.
#[derive(Args)]
#[command(
    after_help = "--plan ends with 0 when nothing is due, with 3 when something is, and with 1 when that cannot be told.

Examples:
  callboard migrate --plan
  callboard migrate --apply"
)]
pub struct Migrate {
    /// List what would be done
    #[arg(long, conflicts_with_all = ["apply", "status"])]
    plan: bool,
    /// Do it
    #[arg(long, conflicts_with = "status")]
    apply: bool,
    /// Tell the versions alone (what happens without a flag)
    #[arg(long)]
    status: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// The exit code of a plan by which something is to be done.
const DUE: u8 = 3;

impl Migrate {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let address = config.db()?;
        if !self.apply {
            let status = Store::schema_at(&address).await?;
            self.tell(&status)?;
            return Ok(ExitCode::from(if self.plan && !status.pending.is_empty() { DUE } else { 0 }));
        }
        say(&format!("migrating {}", address.display()));
        let made = Store::migrate_at(&address).await?;
        let store = open_existing(config).await?;
        let doing = Doing::begin(&store, "migrate").with(serde_json::json!({"changes": made.pending.len()}));
        doing.end(Ok::<(), StoreError>(())).await?;
        store.close().await;
        self.tell(&made)?;
        Ok(ExitCode::SUCCESS)
    }

    fn tell(&self, status: &SchemaStatus) -> Result<()> {
        if self.format != Format::Table {
            return print_json(status, self.format);
        }
        if self.plan || self.apply {
            for pending in &status.pending {
                let on_one_line: Vec<&str> = pending.change.split_whitespace().collect();
                print(&format!("{}  ({})\n", on_one_line.join(" "), self.when(pending.when_asked)))?;
            }
        }
        let (count, one) = (status.pending.len(), status.pending.len() == 1);
        let told = match (count, self.apply) {
            (0, _) => format!("the schema is as this program wants it: version {}", status.known),
            (_, true) => format!(
                "{count} {} made; the schema is at version {}",
                if one { "change" } else { "changes" },
                status.known
            ),
            (_, false) => format!(
                "version {} of {}, {count} {} due: `callboard migrate --plan` lists them, `--apply` makes them",
                status.version,
                status.known,
                if one { "change is" } else { "changes are" }
            ),
        };
        Ok(print(&format!("{told}\n"))?)
    }

    fn when(&self, when_asked: bool) -> &'static str {
        match (self.apply, when_asked) {
            (true, _) => "done",
            (false, true) => "with --apply",
            (false, false) => "when the store is opened, or with --apply",
        }
    }
}
