//! The cache of the settings, and who fills it: a command when its work is done, a server and a runner all
//! the time. Nothing that is wrong with a cache ever makes work fail.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use chrono_tz::Tz;
use engine::cache::{DayCache, Following};
use engine::run::Stop;
use store::Store;
use store::cache::{Cache, CacheAddress, Memory, Redis, RedisOptions};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock;
use crate::config::Config;
use crate::output::say;
use crate::world::open_if_there;

/// What a command waits for the cache at its end. What is left is followed the next time.
const LONGEST: Duration = Duration::from_secs(20);

/// The cache of the settings, for this store.
pub async fn day_cache(config: &Config, store: &Store) -> Result<DayCache> {
    let cache: Arc<dyn Cache> = match address(config)? {
        CacheAddress::Memory => Arc::new(Memory::new(config.get("cache_max_bytes")?, Arc::new(clock))),
        address => {
            let prefix = config.text("cache_prefix").unwrap_or_default().to_owned();
            let timeout = Duration::try_from_secs_f64(config.get("cache_timeout_secs")?)?;
            let options = RedisOptions { prefix, store: store.identity().await?, timeout };
            Arc::new(Redis::new(&address, options)?)
        }
    };
    let zone = config.timezone()?.unwrap_or(Tz::UTC);
    let ahead = config.get("cache_days")?;
    Ok(DayCache { store: store.clone(), cache, clock: Arc::new(clock), zone, ahead })
}

/// Where the cache is.
pub fn address(config: &Config) -> Result<CacheAddress> {
    Ok(config.text("cache").unwrap_or_default().parse()?)
}

/// Follows what a command has committed, before the program ends. A cache in memory ends with it anyway.
pub async fn after_work(config: &Config) {
    if matches!(address(config), Ok(CacheAddress::Memory)) {
        return;
    }
    match tokio::time::timeout(LONGEST, look_once(config)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => say(&format!("warning: the cache was not filled: {error:#}")),
        Err(_) => say("warning: the cache was not filled in time; it is caught up with the next time"),
    }
}

async fn look_once(config: &Config) -> Result<()> {
    // That the store cannot be opened was told by the command.
    let Ok(Some(store)) = open_if_there(config).await else { return Ok(()) };
    Following::of(day_cache(config, &store).await?, say).look(true).await;
    store.close().await;
    Ok(())
}

/// A follower that goes on beside other work, until it is ended.
pub struct Caching(Option<(watch::Sender<Stop>, JoinHandle<()>)>);

/// Follows all the time, where there is a cache that others can see.
pub async fn follow(config: &Config, store: &Store) -> Result<Caching> {
    if address(config)? == CacheAddress::Memory {
        return Ok(Caching(None));
    }
    let (stop, stopped) = watch::channel(Stop::No);
    let following = Following::of(day_cache(config, store).await?, say);
    Ok(Caching(Some((stop, tokio::spawn(following.run(stopped))))))
}

impl Caching {
    /// Follows what was committed last, and ends.
    pub async fn end(self) {
        let Some((stop, following)) = self.0 else { return };
        drop(stop);
        let abort = following.abort_handle();
        if tokio::time::timeout(LONGEST, following).await.is_err() {
            abort.abort();
        }
    }
}
