//! `callboard landing prune`: removes bodies that have become old, by what is asked or set.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use model::SourceName;
use serde_json::json;
use store::{Pruned, Store};

use super::{counted, megabytes};
use crate::age::age_of;
use crate::clock;
use crate::config::Config;
use crate::noted::Doing;
use crate::output::{Format, print, print_json, usage};

const ABOUT: &str = "\
A body goes when all documents that have it were fetched before that time, and no document's last reading
stands on it. Rows, changes and what is known of the documents stay. Which bodies went is written into
`pruned/` in the landing, and into the audit log.

Examples:
  callboard landing prune --older-than 90d --dry-run    tell what would go
  callboard landing prune                               as the setting `landing_keep` says";

#[derive(Args)]
#[command(after_help = ABOUT)]
pub(super) struct Prune {
    /// Bodies last fetched longer ago than this, like 90d, 12w or 36h [default: setting `landing_keep`]
    #[arg(long, value_name = "AGE")]
    older_than: Option<String>,
    /// Only bodies that no other source has
    #[arg(long, value_name = "NAME")]
    source: Option<String>,
    /// Even those that the last reading of a document stands on: it cannot be replayed then
    #[arg(long)]
    current: bool,
    /// Tell what would go, and remove nothing
    #[arg(long)]
    dry_run: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Prune {
    pub(super) async fn run(self, config: &Config, store: &Store) -> Result<ExitCode> {
        let asked = self.older_than.as_deref().or(config.text("landing_keep"));
        let age = asked.ok_or_else(|| usage("how old? give --older-than 90d, or set `landing_keep`"))?;
        let now = clock();
        let before =
            now.checked_sub_signed(age_of(age)?).ok_or_else(|| usage(format!("{age} is too long")))?;
        let prune = store::Prune {
            before,
            source: self.source.as_deref().map(SourceName::new),
            current: self.current,
            dry_run: self.dry_run,
            now,
        };
        let pruned = if self.dry_run {
            store.prune(&prune).await?
        } else {
            let doing = Doing::begin(store, "landing.prune").about(store.landing().address());
            let asked = json!({"older_than": age, "source": self.source, "current": self.current});
            let pruned = store.prune(&prune).await;
            let came =
                pruned.as_ref().map(|pruned| json!({"asked": asked, "removed": pruned})).unwrap_or(asked);
            doing.with(came).end(pruned).await?
        };
        match self.format {
            Format::Table => print(&in_words(&pruned, self.dry_run, age))?,
            format => {
                print_json(&json!({"dry_run": self.dry_run, "before": before, "removed": pruned}), format)?
            }
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn in_words(pruned: &Pruned, dry_run: bool, age: &str) -> String {
    if pruned.bodies == 0 {
        return format!("nothing to remove: no body is older than {age} and stood on by nothing\n");
    }
    let bodies = counted(pruned.bodies, "body", "bodies");
    let bytes = megabytes(pruned.bytes);
    if dry_run {
        return format!("{bodies} would be removed, {bytes}; nothing was\n");
    }
    let mut text = format!("{bodies} removed, {bytes}, {} as stored\n", megabytes(pruned.stored_bytes));
    for record in &pruned.records {
        text.push_str(&format!("which they were: {record}\n"));
    }
    text
}
