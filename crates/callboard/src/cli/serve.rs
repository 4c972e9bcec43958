//! `callboard serve`: the program as it runs on a server: a runner, and the scheduler that begins what
//! is due.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use engine::run::Until;

use super::Flags;
use super::runner::take;
use crate::config::Config;
use crate::fetching::{give_back, process_name};
use crate::output::say;
use crate::scheduling::Scheduling;
use crate::world::{open, runner_options, world};
use crate::{caching, library, listening, retention, stopping};

/// Serve: take work of any run, and begin scheduled runs, until it is stopped.
///
/// The folder of pipelines is looked at again and again: what is new or changed there counts at once. Two
/// servers on one store share the work, and never start a run twice.
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
    /// Take webhooks at this address, like 127.0.0.1:8080
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<String>,
}

impl Serve {
    /// The settings that this call's flags give.
    pub fn flags(&self) -> Flags {
        let private = self.allow_private.then(|| "true".to_owned());
        vec![
            ("concurrency", self.concurrency.clone()),
            ("allow_private", private),
            ("listen", self.listen.clone()),
        ]
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        super::former::tell_variables();
        let door = listening::open(config).await?;
        let stop = stopping::listen();
        stopping::tell(stop.clone(), say);
        let store = open(config).await?;
        let name = self.runner_id.unwrap_or_else(process_name);
        let (world, limits) = world(config, store.clone(), &name)?;
        say(&format!("serving {}; interrupt to stop", store.path().display()));
        let caching = caching::follow(config, &store).await?;
        let scheduling = Scheduling::of(library::folder(config), world.clone(), name.clone());
        let work = take(&world, runner_options(config, Some(name))?, Until::Stopped, stop.clone());
        let purging = retention::keep_looking(config, &store, stop.clone());
        let listening = listening::answer(door, &world, stop.clone());
        let (ended, (), (), ()) = tokio::try_join!(work, scheduling.run(stop.clone()), purging, listening)?;
        caching.end().await;
        give_back(limits).await;
        say(&format!("stopped; {} ended here", crate::figures::counted(ended, "item")));
        store.close().await;
        Ok(ExitCode::SUCCESS)
    }
}
