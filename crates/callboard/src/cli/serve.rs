//! `callboard serve`: the program as it runs on a server: a runner, and the scheduler that begins what
//! is due.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use engine::run::{Stop, Until};
use store::Store;
use tokio::sync::watch;

use super::Flags;
use super::runner::take;
use crate::config::Config;
use crate::output::say;
use crate::stopping;
use crate::world::{open, world};

/// Serve: take work of any run, and begin scheduled runs, until it is stopped.
///
/// Two servers on one store share the work.
#[derive(Args)]
#[command(after_help = "Example:\n  callboard serve --db /var/lib/callboard/callboard.db --concurrency 32")]
pub struct Serve {
    /// Name of this runner, for lists [default: made from its process]
    #[arg(long, value_name = "ID")]
    runner_id: Option<String>,
    /// Items under way at once [default: 16]
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
}

impl Serve {
    /// The settings that this call's flags give.
    pub fn flags(&self) -> Flags {
        let private = self.allow_private.then(|| "true".to_owned());
        vec![("concurrency", self.concurrency.clone()), ("allow_private", private)]
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let stop = stopping::listen();
        stopping::tell(stop.clone(), say);
        let store = open(config).await?;
        let world = world(config, store.clone())?;
        say(&format!("serving {}; interrupt to stop", store.path().display()));
        let work = take(&world, self.runner_id, config.get("concurrency")?, Until::Stopped, stop.clone());
        let (ended, ()) = tokio::try_join!(work, schedule(&store, stop.clone()))?;
        say(&format!("stopped; {} ended here", crate::figures::counted(ended, "item")));
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}

/// The one place where the scheduler belongs: every few seconds, until `stop`, it asks
/// `engine::schedule` what is due, claims each slot in the store, and begins its run.
async fn schedule(_store: &Store, mut stop: watch::Receiver<Stop>) -> Result<()> {
    // A sender that is gone stops it too.
    let _ = stop.wait_for(|stop| *stop != Stop::No).await;
    Ok(())
}
