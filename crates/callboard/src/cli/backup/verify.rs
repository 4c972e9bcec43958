//! `callboard backup verify`: whether a backup is what was written.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use store::{BackupProgress, verify_backup};

use super::{Told, follow, source};
use crate::config::Config;
use crate::output::Format;

#[derive(Args)]
pub(super) struct Verify {
    /// The backup; `-` is standard input
    #[arg(value_name = "PATH|s3://BUCKET/KEY")]
    from: String,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Verify {
    pub(super) async fn run(self, config: &Config) -> Result<ExitCode> {
        let progress = Arc::new(BackupProgress::default());
        let line = follow(progress.clone());
        let found = verify_backup(source(config, &self.from)?, &progress).await;
        drop(line);
        Told { made: &found?, place: &self.from, verified: true }.show(self.format, false)?;
        Ok(ExitCode::SUCCESS)
    }
}
