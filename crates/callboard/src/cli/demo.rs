//! `callboard demo`: the main job on generated data. Local upstreams are started, collected from with
//! the shipped connectors, asked, and stopped; nothing is needed and nothing is left behind.

mod tag;
mod vivenu;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use connect::fetch::{FetchOptions, Fetcher, RenderOptions};
use engine::collect::{Collect as Run, Summary};
use model::Window;
use sandbox::{Sandbox, SandboxOptions};
use store::{EventQuery, Store};

use super::collect::follow;
use super::events::show_table;
use crate::bounds::collect_options;
use crate::config::Config;
use crate::origins::{Asked, Catalog};
use crate::output::{print, say};
use crate::{clock, summary};

const EXAMPLES: &str = "\
Examples:
  callboard demo
  callboard demo vivenu                                tickets of races in five regions
  callboard demo tag                                   graded cards, through a browser
  callboard demo --db demo.db && callboard events --db demo.db --free";

/// See it work: collects generated events from local upstreams, without network or set-up.
#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub struct Demo {
    /// What to show
    #[arg(value_enum, default_value = "events")]
    world: World,
    /// Generate other events
    #[arg(long, value_name = "N", default_value = "7")]
    seed: u64,
    /// How many of the events to show
    #[arg(long, value_name = "N", default_value = "15")]
    show: usize,
}

/// What the demonstration is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum World {
    /// Events from a calendar, a venue's site and an API
    Events,
    /// Graded cards from a site whose pages are rendered in a browser
    Tag,
    /// Tickets of races in five regions: gathered, counted, reported
    Vivenu,
}

impl Demo {
    /// `keep` is true when the user named a store: it is filled and stays.
    pub async fn run(self, config: &Config, keep: bool) -> Result<ExitCode> {
        match self.world {
            World::Tag => return tag::run(config, self.seed, keep).await,
            World::Vivenu => return vivenu::run(config, self.seed, keep).await,
            World::Events => {}
        }
        let upstreams = Sandbox::start(SandboxOptions::demo(self.seed, clock())).await;
        let upstreams = upstreams.context("cannot start the local upstreams")?;
        say(&format!("local upstreams: {}", addresses(&upstreams).join("  ")));
        let store = if keep { crate::world::open(config).await? } else { Store::in_memory().await? };
        let summary = collect(config, &upstreams, store.clone()).await?;
        print(&summary::for_people(&summary, &[]))?;
        let window = Window::around(clock().date_naive(), 0, 3650);
        let from = Some(store::Bound::Day(window.from));
        let events =
            store.events(&EventQuery { from, limit: Some(self.show), ..EventQuery::default() }).await?;
        print("\n")?;
        show_table(&events, None)?;
        store.close().await;
        next_steps(config, keep)?;
        Ok(ExitCode::from(summary.outcome.exit_code()))
    }
}

fn addresses(upstreams: &Sandbox) -> [String; 3] {
    [upstreams.calendar_url(), upstreams.site_url(), upstreams.api_url()]
}

async fn collect(config: &Config, upstreams: &Sandbox, store: Store) -> Result<Summary> {
    let catalog = Catalog::load_only(config, &["site", "demo-api"])?;
    let with = |connector: &str, params: Vec<String>| Asked {
        inputs: Vec::new(),
        connector: Some(connector.to_owned()),
        params,
        source: None,
    };
    let calendar = Asked {
        inputs: engine::collect::resolve(&[upstreams.calendar_url()])?,
        connector: None,
        params: Vec::new(),
        source: Some("demo-calendar".to_owned()),
    };
    let site = with("site", vec![format!("url={}", upstreams.site_url())]);
    let api_params = [format!("url={}", upstreams.api_url()), format!("token={}", upstreams.api_token())];
    let api = with("demo-api", api_params.to_vec());
    gather(config, catalog, vec![calendar, site, api], store).await
}

/// Collects what is asked for into `store`, with progress on stderr.
async fn gather(config: &Config, catalog: Catalog, asked: Vec<Asked>, store: Store) -> Result<Summary> {
    let mut origins = Vec::new();
    for asked in asked {
        origins.extend(catalog.origins(asked)?);
    }
    let run = Run {
        store,
        fetcher: Some(fetcher(config)?),
        catalog: Arc::new(catalog),
        origins,
        options: collect_options(config, false, false)?,
        clock,
    };
    follow(run).await
}

/// The upstreams are our own and on this machine: short waits suffice.
fn fetcher(config: &Config) -> Result<Fetcher> {
    let render =
        RenderOptions { program: config.text("browser").map(Into::into), ..RenderOptions::default() };
    let options = FetchOptions {
        allow_private: true,
        backoff_base: Duration::from_millis(20),
        render,
        ..FetchOptions::default()
    };
    Fetcher::new(options).context("cannot set up fetching")
}

fn next_steps(config: &Config, keep: bool) -> Result<()> {
    if keep {
        say(&format!("kept in {}; ask with `callboard events --db {0}`", config.db()?.display()));
    } else {
        say("nothing was kept; next: `callboard collect <address, file or folder>`, then `callboard events`");
    }
    Ok(())
}
