//! Everything the functions of a run may use, from the settings of this call.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use connect::fetch::Fetcher;
use engine::collect::Progress;
use engine::functions::Functions;
use engine::limits::SharedLimits;
use engine::pipeline::{Pipeline, Plan};
use engine::run::{Bounds, Room, RunnerOptions, World};
use serde_json::{Map, Value};
use store::{Store, StoreError};

use crate::config::Config;
use crate::origins::Catalog;
use crate::{clock, fetching};

/// Functions that may need any connector.
const NEED_CONNECTORS: [&str; 5] =
    ["collect", "pipeline", "events_tickets_ingestion", "coupon_ingestion", "check_in_ingestion"];

/// For a run of which the plan is known: connectors are read only where it may need them. Limits are shared
/// with other processes where the settings say so, or with `shared`.
pub fn world_for(config: &Config, store: Store, plan: &Plan, shared: bool) -> Result<Arc<World>> {
    world_of(config, store, catalog_for(config, plan)?, shared)
}

/// The connectors that a run of this plan may need.
pub fn catalog_for(config: &Config, plan: &Plan) -> Result<Catalog> {
    let needed = plan.functions().iter().any(|name| NEED_CONNECTORS.contains(name));
    if needed { Catalog::load(config) } else { Catalog::load_only(config, &[]) }
}

/// As [`world_for`], with connectors that have been read.
pub fn world_of(config: &Config, store: Store, catalog: Catalog, shared: bool) -> Result<Arc<World>> {
    // What it holds in the end is given back when the last of it is dropped, or runs out.
    let (fetcher, _) = fetching::fetcher_on(config, &store, &fetching::process_name(), shared)?;
    made(config, store, catalog, fetcher)
}

/// Whether a run keeps a delay between two pages: then whoever works beside it on the store is to keep it too.
pub fn keeps_delay(pipeline: &Pipeline, params: &Map<String, Value>) -> bool {
    let declared = pipeline.declared().any(|(name, _)| name == "delay");
    let number = |value: &Value| value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    declared && params.get("delay").and_then(number).is_none_or(|secs| secs > 0.0)
}

/// For whatever runs come, and the limits that the runner of this name shares with all on the store.
pub fn world(config: &Config, store: Store, runner: &str) -> Result<(Arc<World>, Option<SharedLimits>)> {
    let (fetcher, limits) = fetching::fetcher_on(config, &store, runner, true)?;
    Ok((made(config, store, Catalog::load(config)?, fetcher)?, limits))
}

fn made(config: &Config, store: Store, catalog: Catalog, fetcher: Fetcher) -> Result<Arc<World>> {
    let bounds = Bounds {
        elements: config.get("max_elements")?,
        concurrency: config.get("max_fan_out")?,
        ..Bounds::default()
    };
    Ok(Arc::new(World {
        store,
        fetcher: Some(fetcher),
        functions: Functions::shipped(),
        catalog: Arc::new(catalog),
        clock,
        env,
        progress: Arc::new(Progress::default()),
        folder: ".".into(),
        bounds,
        room: Room::default(),
    }))
}

/// How a runner goes about its work, as the settings say.
pub fn runner_options(config: &Config, name: Option<String>) -> Result<RunnerOptions> {
    let secs = |key| Ok::<_, anyhow::Error>(Duration::from_secs(config.get(key)?));
    Ok(RunnerOptions {
        name,
        concurrency: config.get_where("concurrency", |most: &usize| *most > 0)?,
        grace: secs("grace_secs")?,
        patience: secs("store_patience_secs")?,
        ..RunnerOptions::default()
    })
}

/// A variable of the environment, those of `.env` included.
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The store of the settings, made where it is not there yet.
pub async fn open(config: &Config) -> Result<Store> {
    let path = config.db()?;
    let opened = Store::open_with(&path, &config.open_options()?).await;
    opened.with_context(|| format!("cannot open the store {}", path.display()))
}

/// The store of the settings, where there is one.
pub async fn open_existing(config: &Config) -> Result<Store> {
    Ok(Store::open_existing_with(config.db()?, &config.open_options()?).await?)
}

/// The same, but that there is none is no fault.
pub async fn open_if_there(config: &Config) -> Result<Option<Store>> {
    match Store::open_existing_with(config.db()?, &config.open_options()?).await {
        Err(StoreError::Missing { .. }) => Ok(None),
        opened => Ok(Some(opened?)),
    }
}
