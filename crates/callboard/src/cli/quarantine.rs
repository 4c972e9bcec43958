//! `callboard quarantine`: the listings that were kept aside, and why.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use model::mask;
use serde_json::{Value, json};
use store::QuarantineRow;

use crate::config::Config;
use crate::output::{Format, print, print_json, table};
use crate::personal;
use crate::world::open_existing;

/// List the listings that were kept aside, with the reason why.
#[derive(Args)]
#[command(
    after_help = "Example:\n  callboard quarantine --format ndjson | jq 'select(.reason == \"missing_start\")'"
)]
pub struct Quarantine {
    /// At most so many, newest first
    #[arg(long, value_name = "N", default_value = "100")]
    limit: usize,
    /// Show what is about people too; noted in the audit log
    #[arg(long)]
    personal: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Quarantine {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let store = open_existing(config).await?;
        let store = personal::shown(&store, self.personal, "quarantine", "").await?;
        let mut held = store.quarantine(self.limit).await?;
        if !store.reveals() {
            held.iter_mut().for_each(veil);
        }
        match self.format {
            Format::Table => {
                let mut rows = table(&["REASON", "DETAIL", "SOURCE", "KEY", "DOCUMENT"]);
                for row in &held {
                    let key = row.key.clone().unwrap_or_default();
                    rows.add_row([&row.reason, &row.detail, row.source.as_str(), &key, &row.document]);
                }
                print(&format!("{rows}\n"))?;
            }
            Format::Json => print_json(&held.iter().map(held_json).collect::<Vec<_>>(), self.format)?,
            Format::Ndjson => held.iter().try_for_each(|row| print_json(&held_json(row), self.format))?,
        }
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// What a source said may hold anybody, under any name.
fn veil(row: &mut QuarantineRow) {
    mask::json_line(&mut row.said);
    row.detail = mask::persons(&row.detail).into_owned();
    row.key = row.key.as_deref().map(|key| mask::persons(key).into_owned());
    row.document = mask::persons(&row.document).into_owned();
}

fn held_json(row: &QuarantineRow) -> Value {
    json!({
        "reason": row.reason, "detail": row.detail, "source": row.source, "kind": row.kind, "key": row.key,
        "document": row.document, "said": row.said, "first_seen": row.first_seen, "last_seen": row.last_seen,
        "runs": row.count, "resolved_at": row.resolved_at, "run": row.run,
    })
}
