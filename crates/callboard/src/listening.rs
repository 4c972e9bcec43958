//! What a server answers over HTTP, where the settings name an address for it.

use std::sync::Arc;

use anyhow::{Context, Result};
use engine::run::{Stop, World};
use engine::ticketing::RegionConfig;
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::config::Config;
use crate::output::say;

/// An address that is listened at.
pub struct Door {
    listener: TcpListener,
    regions: Vec<RegionConfig>,
}

/// Opens the door that the settings name, if they name one, before anything else is begun.
pub async fn open(config: &Config) -> Result<Option<Door>> {
    let Some(address) = config.text("listen") else { return Ok(None) };
    // What is wrong with the regions is better told now than to whoever sends the first webhook.
    let regions = crate::regions::load(config)?;
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen at {address}"))?;
    Ok(Some(Door { listener, regions }))
}

/// Answers until `stop`; does nothing where there is no door.
pub async fn answer(door: Option<Door>, world: &Arc<World>, mut stop: watch::Receiver<Stop>) -> Result<()> {
    let Some(Door { listener, regions }) = door else { return Ok(()) };
    let at = listener.local_addr().context("answering over HTTP")?;
    say(&format!("taking webhooks at http://{at}/webhooks/vivenu/REGION"));
    for one in regions.iter().filter(|one| one.secrets.webhook_secret.is_none()) {
        say(&format!("region {} takes none, as it has no webhook_secret", one.region.name));
    }
    let stopped = async move {
        // A sender that is gone stops it too.
        let _ = stop.wait_for(|stop| *stop != Stop::No).await;
    };
    server::serve(listener, world.clone(), stopped).await.context("answering over HTTP")
}
