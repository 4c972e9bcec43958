//! `callboard fleet`: one run, worked off by several runner processes under supervision.
//!
//! What they did is asked from the store, never from what they print: so it is right whoever of them
//! died meanwhile.

mod status;
mod supervise;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use engine::run::{Manner, Starting, secrets, start};
use model::RunId;
use store::{Begun, Store};

use super::Flags;
use super::crawl::{self, Crawl};
use super::former::Former;
use super::run::{OverlapFlag, command, skipped};
use crate::attending::report_of;
use crate::config::Config;
use crate::library;
use crate::noted::who;
use crate::output::{Format, say, usage};
use crate::world::{env, open, world_of};
use crate::{report, stopping};
use supervise::{Fleet as Supervised, Recipe};

const EXAMPLES: &str = "\
Examples:
  callboard fleet nightly --num-runners 4
  callboard fleet nightly --num-runners 8 --check-interval 2 --set days=30
  callboard fleet nightly --overlap skip        not while the last one is under way

A runner that dies is started again, later each time, and given up after 8 deaths in a row.";

/// Run a pipeline with several runner processes: started, watched, restarted, stopped together.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Fleet {
    /// The pipeline: a name in the folder of pipelines, or a file
    #[arg(value_name = "NAME|FILE")]
    pipeline: String,
    /// How many runners
    #[arg(long, value_name = "N", default_value = "3", value_parser = clap::value_parser!(u32).range(1..=256))]
    num_runners: u32,
    /// Seconds between two status reports
    #[arg(long, value_name = "S", default_value = "10")]
    check_interval: f64,
    /// Value for a parameter; may be given several times
    #[arg(long, value_name = "NAME=VALUE")]
    set: Vec<String>,
    /// When a run with the same parameters is under way [default: as the pipeline says]
    #[arg(long, value_enum, value_name = "HOW")]
    overlap: Option<OverlapFlag>,
    /// Items under way at once, in each runner [default: 16]
    #[arg(long, alias = "max-concurrent-requests", value_name = "N")]
    concurrency: Option<String>,
    /// Work in this folder, with its settings and its store [default: where it is called]
    #[arg(long, value_name = "PATH")]
    working_directory: Option<PathBuf>,
    /// Fetch from private and loopback addresses too
    #[arg(long)]
    allow_private: bool,
    /// Not for several processes: `run` has it
    #[arg(long, hide = true)]
    dry_run: bool,
    #[command(flatten)]
    former: Former,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
    #[command(flatten)]
    crawl: Crawl,
}

impl Fleet {
    /// The settings that this call's flags give.
    pub fn flags(&self) -> Flags {
        let private = self.allow_private.then(|| "true".to_owned());
        let own = [("concurrency", self.concurrency.clone()), ("allow_private", private)];
        own.into_iter().chain(self.former.flags()).collect()
    }

    /// The folder to work in, where it is another one.
    pub fn folder(&self) -> Option<&Path> {
        self.working_directory.as_deref()
    }

    pub async fn run(self, config: &Config) -> Result<ExitCode> {
        let stop = stopping::listen();
        if self.dry_run {
            return Err(usage(format!(
                "a dry run writes nothing that several processes could share: \
                 `callboard run {} --dry-run` shows what would be done",
                self.pipeline
            )));
        }
        let found = library::find(&library::folder(config), &self.pipeline)?;
        self.former.tell(&found.loaded.pipeline.name);
        let sets = self.crawl.with(&self.set, &found.loaded.pipeline)?;
        let params = secrets::params(&found.loaded.pipeline, &sets, env)?;
        let catalog = crawl::check(config, &found.loaded, &params)?;
        let secret = secrets::as_environment(&found.loaded.pipeline, &self.set);
        let store = open(config).await?;
        let world = world_of(config, store.clone(), catalog, false)?;
        let starting = Starting {
            command: command("manual", &found, &params, &found.loaded.plan.secrets),
            overlap: Some(OverlapFlag::or_declared(self.overlap, &found.loaded.pipeline)),
            pipeline: found.loaded.pipeline,
            params,
            manner: Manner::default(),
            by: who(),
            slot: None,
        };
        let started = start(&world, starting).await?;
        drop(world);
        if let Begun::Skipped { behind } = started.begun {
            return skipped(behind, self.format);
        }
        let recipe = self.recipe(config, started.run, secret)?;
        let interval = Duration::try_from_secs_f64(self.check_interval).unwrap_or(Duration::from_secs(10));
        let interval = interval.max(Duration::from_millis(200));
        Supervised::new(store.clone(), recipe, self.num_runners).supervise(interval, stop).await?;
        self.told(&store, started.run).await
    }

    fn recipe(&self, config: &Config, run: RunId, mut env: Vec<(String, String)>) -> Result<Recipe> {
        let mut args = vec!["runner".to_owned(), "--run".to_owned(), run.to_string()];
        // Not as an argument, which everybody on the machine can read.
        env.push(("CALLBOARD_DB".to_owned(), config.db()?.written()));
        let settings = [("CALLBOARD_LOG", "log_level"), ("CALLBOARD_DB_CONNECTIONS", "db_connections")];
        env.extend(
            settings
                .into_iter()
                .filter_map(|(name, key)| Some((name.to_owned(), config.text(key)?.to_owned()))),
        );
        args.extend(self.concurrency.iter().flat_map(|n| ["--concurrency".to_owned(), n.clone()]));
        args.extend(self.allow_private.then(|| "--allow-private".to_owned()));
        Ok(Recipe { program: std::env::current_exe()?, args, env, run })
    }

    async fn told(&self, store: &Store, run: RunId) -> Result<ExitCode> {
        let told = report_of(store, run).await?;
        report::show(&told, self.format)?;
        if told.summary.outcome.is_none() {
            say(&format!("not ended; go on with it: callboard run --resume {run}"));
        }
        store.close().await;
        Ok(ExitCode::from(report::exit_code(&told)))
    }
}
