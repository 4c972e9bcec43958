//! `callboard backup`: all that the store holds, as of one moment, in one file; and whether such a file is sound.

mod told;
mod verify;

use std::io::{IsTerminal, stdout};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::{Args, Subcommand, ValueEnum};
use engine::run::Stop;
use serde_json::json;
use store::{BackedUp, BackupLanding, BackupOptions, BackupProgress, BackupSource, BackupTarget, Store};

use crate::config::Config;
use crate::noted::Doing;
use crate::output::{Format, say, usage};
use crate::world::open_existing;
use crate::{clock, stopping};

pub(super) use told::{Told, follow};

const EXAMPLES: &str = "\
Others may go on writing meanwhile. The file is the same whatever database it is of: a backup of a laptop's
SQLite is restored into a server's PostgreSQL, and back.

Examples:
  callboard backup --to board.callboard.tar
  callboard backup --to s3://bucket/backups/board.callboard.tar --verify
  callboard backup --to - --landing skip | ssh other 'cat > board.callboard.tar'
  callboard backup verify board.callboard.tar
  callboard --db new.db restore board.callboard.tar";

/// Write all that the store holds into one file, or check such a file.
#[derive(Args)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub struct Backup {
    #[command(subcommand)]
    command: Option<Command>,
    /// Where to; `-` is standard output
    #[arg(long, value_name = "PATH|s3://BUCKET/KEY")]
    to: Option<String>,
    /// What to do about landed bodies: take them along, only check that each is there, or nothing
    #[arg(long, value_enum, default_value = "include")]
    landing: LandingChoice,
    /// Read the backup back once it is written
    #[arg(long)]
    verify: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Subcommand)]
enum Command {
    /// Read a backup to its end and check every byte of it; exit code 1 when it is damaged
    Verify(verify::Verify),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum LandingChoice {
    Include,
    Check,
    Skip,
}

impl LandingChoice {
    fn part(self) -> BackupLanding {
        match self {
            LandingChoice::Include => BackupLanding::Include,
            LandingChoice::Check => BackupLanding::Check,
            LandingChoice::Skip => BackupLanding::Skip,
        }
    }
}

impl Backup {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        if let Some(Command::Verify(verify)) = self.command {
            return verify.run(config).await;
        }
        let Some(to) = self.to.clone() else {
            return Err(usage("say where the backup is to go: --to FILE, --to s3://bucket/key, or --to -"));
        };
        if to == "-" && (self.verify || stdout().is_terminal()) {
            return Err(usage(
                "a backup is not for a terminal, nor can a stream be read back: give --to FILE",
            ));
        }
        let target = target(config, &to)?;
        let store = open_existing(config).await?;
        let made = self.make(&store, target, &to).await;
        store.close().await;
        let Some(made) = made? else {
            say(&format!("interrupted; nothing was written to {to}"));
            return Ok(ExitCode::from(130));
        };
        if self.verify {
            self.read_back(config, &to, &made).await?;
        }
        Told { made: &made, place: &to, verified: self.verify }.show(self.format, to == "-")?;
        // Partial is never dressed up as complete.
        Ok(ExitCode::from(if made.manifest.bodies.damaged > 0 { 3 } else { 0 }))
    }

    /// `None` when it was interrupted.
    async fn make(&self, store: &Store, target: BackupTarget, to: &str) -> Result<Option<BackedUp>> {
        let landing = self.landing.part();
        let doing = Doing::begin(store, "backup")
            .about(to)
            .with(json!({"landing": landing.name(), "verify": self.verify}));
        let progress = Arc::new(BackupProgress::default());
        let bar = follow(progress.clone());
        let mut stop = stopping::listen();
        let options = BackupOptions { at: clock(), landing };
        let ended = tokio::select! {
            ended = store.back_up(target, options, &progress) => Some(ended),
            _ = stop.wait_for(|asked| *asked != Stop::No) => None,
        };
        drop(bar);
        match ended {
            Some(ended) => Ok(Some(doing.end(ended).await?)),
            None => {
                doing.end_as(Ok::<(), anyhow::Error>(()), |()| "cancelled").await?;
                Ok(None)
            }
        }
    }

    async fn read_back(&self, config: &Config, to: &str, made: &BackedUp) -> Result<()> {
        let progress = Arc::new(BackupProgress::default());
        let bar = follow(progress.clone());
        let found = store::verify_backup(source(config, to)?, &progress).await;
        drop(bar);
        if found?.manifest != made.manifest {
            anyhow::bail!("{to} is not what was written: another backup was put there meanwhile?");
        }
        Ok(())
    }
}

fn target(config: &Config, to: &str) -> Result<BackupTarget> {
    Ok(match to {
        "-" => BackupTarget::Stream(Box::new(stdout())),
        to if to.starts_with("s3://") => BackupTarget::Object(config.object(to)?),
        path => BackupTarget::File(PathBuf::from(path)),
    })
}

/// Where a backup is, as it was told.
pub(super) fn source(config: &Config, from: &str) -> Result<BackupSource> {
    Ok(match from {
        "-" => BackupSource::Stream(Box::new(std::io::stdin())),
        from if from.starts_with("s3://") => BackupSource::Object(config.object(from)?),
        path => BackupSource::file(PathBuf::from(path))?,
    })
}
