//! What doctor has to say about the cache.

use store::Store;

use super::Check;
use crate::caching::day_cache;
use crate::cli::cache::Status;
use crate::config::Config;

/// Whether the cache answers and how far it follows. Nothing is asked of a cache in memory.
pub async fn cache(config: &Config) -> Option<Check> {
    let address = match crate::caching::address(config) {
        Ok(store::cache::CacheAddress::Memory) => return Some(Check::ok("cache", "in memory")),
        Ok(address) => address,
        Err(fault) => return Some(Check::fault("cache", fault.to_string(), "put the setting `cache` right")),
    };
    let what = format!("cache {}", address.name());
    // That it cannot be opened is told by the check of the store.
    let Some(store) = Store::open_if_there(config.db().ok()?).await.ok()? else {
        return Some(Check::note(what, "not asked: there is no store yet", "`callboard collect` makes it"));
    };
    let looked = match day_cache(config, &store).await {
        Ok(cache) => Status::of(&cache).await,
        Err(fault) => Err(fault),
    };
    store.close().await;
    Some(match looked {
        Ok(status) if status.is_reachable() => Check::ok(what, status.in_short()),
        Ok(status) => Check::fault(what, status.in_short(), "see the message; work goes on without it"),
        Err(fault) => Check::fault(what, format!("{fault:#}"), "see the message"),
    })
}
