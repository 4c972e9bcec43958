//! `callboard restore`: a new store from a backup, whichever database either is in.

use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use clap::Args;
use engine::run::Stop;
use indicatif::HumanCount;
use serde_json::json;
use store::{BackupProgress, Fresh, Restored, Store};

use super::backup::{Told, follow, source};
use crate::config::Config;
use crate::noted::Doing;
use crate::output::{Format, print, print_json, say};
use crate::{clock, stopping, world};

const EXAMPLES: &str = "\
The store must be new or empty; nothing is ever restored over something. It is filled in one transaction, read
back and compared with the backup before that is committed.

Examples:
  callboard --db new.db restore board.callboard.tar
  callboard --db postgres://me@server/events restore board.callboard.tar     from laptop to server
  callboard --db new.db restore s3://bucket/backups/board.callboard.tar";

/// Fill a new store with what is in a backup.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Restore {
    /// The backup; `-` is standard input
    #[arg(value_name = "PATH|s3://BUCKET/KEY")]
    from: String,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

/// The store to fill, and what there is only since it was made.
async fn open(config: &Config) -> Result<(Store, Option<Fresh>)> {
    if let Some(store) = world::open_if_there(config).await? {
        return Ok((store, None));
    }
    let fresh = Fresh::before(&config.db()?, &config.open_options()?);
    Ok((world::open(config).await?, Some(fresh)))
}

/// Nothing was restored: a store that was made for it goes again, unless another process has filled it since.
async fn take_back(store: Store, fresh: Option<Fresh>) {
    let empty = store.holds_nothing().await.unwrap_or(false);
    let (shown, namespace) =
        (store.path().display().to_string(), store.address().namespace().map(str::to_owned));
    store.close().await;
    let Some(fresh) = fresh.filter(|_| empty) else { return };
    if let Err(error) = fresh.remove() {
        say(&format!("an empty store stays at {shown}: {error}"));
    }
    if let Some(namespace) = namespace {
        say(&format!("the store that was made for it stays, empty, in the schema {namespace} of {shown}"));
    }
}

impl Restore {
    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let source = source(config, &self.from)?;
        let (store, fresh) = open(config).await?;
        let progress = Arc::new(BackupProgress::default());
        let line = follow(progress.clone());
        let mut stop = stopping::listen();
        let ended = tokio::select! {
            ended = store.restore(source, clock(), &progress) => Some(ended),
            _ = stop.wait_for(|asked| *asked != Stop::No) => None,
        };
        drop(line);
        match ended {
            Some(Ok(restored)) => {
                let told = self.tell(&store, &restored).await;
                store.close().await;
                told.map(|()| ExitCode::SUCCESS)
            }
            Some(Err(error)) => {
                take_back(store, fresh).await;
                Err(error.into())
            }
            None => {
                say(&format!("interrupted; nothing of it is in {}", store.path().display()));
                take_back(store, fresh).await;
                Ok(ExitCode::from(130))
            }
        }
    }

    async fn tell(&self, store: &Store, restored: &Restored) -> Result<()> {
        let head = &restored.backup.head;
        let doing = Doing::begin(store, "restore").about(self.from.clone());
        let detail =
            json!({"of": head.store, "created_at": head.created_at, "given_back": restored.given_back});
        doing.with(detail).end(Ok::<(), anyhow::Error>(())).await?;
        let told = Told { made: &restored.backup, place: &self.from, verified: true };
        if self.format != Format::Table {
            let mut object = told.object();
            object["restored_into"] = store.path().display().to_string().into();
            object["given_back"] = restored.given_back.into();
            object["identity"] = restored.identity.clone().into();
            return print_json(&object, self.format);
        }
        told.show(self.format, false)?;
        print(&format!(
            "restored into {}: {} rows, read back and as they are in the backup\n",
            store.path().display(),
            HumanCount(restored.backup.manifest.rows()),
        ))?;
        if restored.given_back > 0 {
            say(&format!(
                "{} items were in hand when it was made, and are ready again: `callboard runs` lists their runs",
                restored.given_back
            ));
        }
        if head.landing != "include"
            && restored.backup.manifest.tables.get("documents").is_some_and(|t| t.rows > 0)
        {
            say(
                "the backup holds no landed bodies: copy the landing too, or `landing verify` names what is missing",
            );
        }
        Ok(())
    }
}
