//! Everything the functions of a run may use, from the settings of this call.

use std::sync::Arc;

use anyhow::{Context, Result};
use engine::collect::Progress;
use engine::functions::Functions;
use engine::pipeline::Plan;
use engine::run::{Bounds, World};
use store::Store;

use crate::config::Config;
use crate::origins::Catalog;
use crate::{clock, fetching};

/// Functions that may need any connector.
const NEED_CONNECTORS: [&str; 2] = ["collect", "pipeline"];

/// For a run of which the plan is known: connectors are read only where it may need them.
pub fn world_for(config: &Config, store: Store, plan: &Plan) -> Result<Arc<World>> {
    let needed = plan.functions().iter().any(|name| NEED_CONNECTORS.contains(name));
    let catalog = if needed { Catalog::load(config)? } else { Catalog::load_only(config, &[])? };
    made(config, store, catalog)
}

/// For whatever runs come.
pub fn world(config: &Config, store: Store) -> Result<Arc<World>> {
    made(config, store, Catalog::load(config)?)
}

fn made(config: &Config, store: Store, catalog: Catalog) -> Result<Arc<World>> {
    Ok(Arc::new(World {
        store,
        fetcher: Some(fetching::fetcher(config)?),
        functions: Functions::shipped(),
        catalog: Arc::new(catalog),
        clock,
        env,
        progress: Arc::new(Progress::default()),
        folder: ".".into(),
        bounds: Bounds::default(),
    }))
}

/// A variable of the environment, those of `.env` included.
pub fn env(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The store of the settings, made where it is not there yet.
pub async fn open(config: &Config) -> Result<Store> {
    let path = config.db();
    Store::open(&path).await.with_context(|| format!("cannot open the store {}", path.display()))
}
