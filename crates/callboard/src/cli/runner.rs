//! `callboard runner`: takes work from the store, of any run, until it is stopped.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use engine::run::{Runner as Taker, RunnerOptions, Stop, Until, World};
use tokio::sync::watch;

use super::Flags;
use crate::config::Config;
use crate::fetching::{give_back, process_name};
use crate::figures::counted;
use crate::output::say;
use crate::world::{open, runner_options, world};
use crate::{caching, retention, stopping, which};

const EXAMPLES: &str = "\
Examples:
  callboard runner                          until it is interrupted
  callboard runner --until-idle             until there is nothing left to do
  callboard runner --run last               help with one run

Any number of runners share one store. One that dies is missed, and what it had is taken by others.";

/// Take work of any run from the store, and do it.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Runner {
    /// Name of this runner, for lists [default: made from its process]
    #[arg(long, value_name = "ID")]
    runner_id: Option<String>,
    /// Items under way at once [default: 16]
    #[arg(long, value_name = "N")]
    concurrency: Option<String>,
    /// End when there is nothing left to do
    #[arg(long, conflicts_with = "run")]
    until_idle: bool,
    /// Take work of this run alone, and end with it: an id, its beginning, or `last`
    #[arg(long, value_name = "ID|last")]
    run: Option<String>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
}

impl Runner {
    /// The settings that this call's flags give.
    pub fn flags(&self) -> Flags {
        let private = self.allow_private.then(|| "true".to_owned());
        vec![("concurrency", self.concurrency.clone()), ("allow_private", private)]
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let stop = stopping::listen();
        stopping::tell(stop.clone(), say);
        let store = open(config).await?;
        let until = match &self.run {
            Some(asked) => Until::Ended(which::run(&store, asked).await?),
            None if self.until_idle => Until::Idle,
            None => Until::Stopped,
        };
        let name = self.runner_id.unwrap_or_else(process_name);
        let (world, limits) = world(config, store.clone(), &name)?;
        let caching = caching::follow(config, &store).await?;
        let work = take(&world, runner_options(config, Some(name))?, until, stop.clone());
        tokio::pin!(work);
        let ended = tokio::select! {
            ended = &mut work => ended,
            _ = retention::keep_looking(config, &store, stop.clone()) => work.await,
        }?;
        caching.end().await;
        give_back(limits).await;
        say(&format!("{} ended by this runner", counted(ended, "item")));
        store.close().await;
        let stopped = until != Until::Stopped && *stop.borrow() != Stop::No;
        Ok(if stopped { ExitCode::from(130) } else { ExitCode::SUCCESS })
    }
}

/// Runs a runner; what its functions have to say goes to stderr. Gives how many items it ended.
pub async fn take(
    world: &Arc<World>,
    options: RunnerOptions,
    until: Until,
    stop: watch::Receiver<Stop>,
) -> Result<u64> {
    let progress = world.progress.clone();
    let talker = tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_millis(500)).await;
            progress.take_messages().iter().for_each(|message| say(message));
        }
    });
    let ended = Taker::new(world.clone(), options, until).run(stop).await;
    talker.abort();
    world.progress.take_messages().iter().for_each(|message| say(message));
    Ok(ended?)
}
