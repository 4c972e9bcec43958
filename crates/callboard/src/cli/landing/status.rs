//! `callboard landing status`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use serde_json::json;
use store::Store;

use super::megabytes;
use crate::output::{Format, print, print_json};

#[derive(Args)]
pub(super) struct Status {
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Status {
    pub(super) async fn run(self, store: &Store) -> Result<ExitCode> {
        let (counts, stored) = (store.landing_counts().await?, store.landing().stored().await?);
        let place = store.landing().address();
        if self.format != Format::Table {
            let told = json!({
                "place": place, "documents": counts.documents, "bodies": counts.bodies,
                "bytes": counts.bytes, "objects": stored.objects, "stored_bytes": stored.bytes,
                "oldest": counts.oldest, "newest": counts.newest,
            });
            print_json(&told, self.format)?;
            return Ok(ExitCode::SUCCESS);
        }
        let none = || "-".to_owned();
        for (name, value) in [
            ("place", place),
            ("documents", counts.documents.to_string()),
            ("bodies", format!("{}, {}", counts.bodies, megabytes(counts.bytes))),
            ("stored", format!("{} in {} files", megabytes(stored.bytes), stored.objects)),
            ("oldest", counts.oldest.unwrap_or_else(none)),
            ("newest", counts.newest.unwrap_or_else(none)),
        ] {
            print(&format!("{name:<9}  {value}\n"))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}
