//! What doctor has to say about the cache.

use store::cache::CacheServer;

use super::Check;
use crate::caching::day_cache;
use crate::cli::cache::Status;
use crate::config::Config;
use crate::figures::bytes;
use crate::world::open_if_there;

/// Whether the cache answers and how far it follows. Nothing is asked of a cache in memory.
pub async fn cache(config: &Config) -> Option<Check> {
    let address = match crate::caching::address(config) {
        Ok(store::cache::CacheAddress::Memory) => return Some(Check::ok("cache", "in memory")),
        Ok(address) => address,
        Err(fault) => return Some(Check::fault("cache", fault.to_string(), "put the setting `cache` right")),
    };
    let what = format!("cache {}", address.name());
    // That it cannot be opened is told by the check of the store.
    let Some(store) = open_if_there(config).await.ok()? else {
        return Some(Check::note(what, "not asked: there is no store yet", "`callboard collect` makes it"));
    };
    let looked = match day_cache(config, &store).await {
        Ok(cache) => match Status::of(&cache).await {
            // What it is on is told where it says so: not every service does.
            Ok(status) => Ok((status, cache.cache.server().await.ok().flatten())),
            Err(fault) => Err(fault),
        },
        Err(fault) => Err(fault),
    };
    store.close().await;
    Some(match looked {
        Ok((status, Some(server))) if status.is_reachable() => {
            let found = format!("{}; {}", status.in_short(), on(&server));
            match full(&server) {
                Some(todo) => Check::note(what, found, todo),
                None => Check::ok(what, found),
            }
            .with(server)
        }
        Ok((status, _)) if status.is_reachable() => Check::ok(what, status.in_short()),
        Ok((status, _)) => Check::fault(what, status.in_short(), "see the message; work goes on without it"),
        Err(fault) => Check::fault(what, format!("{fault:#}"), "see the message"),
    })
}

fn on(server: &CacheServer) -> String {
    let most = match server.max_bytes {
        0 => "no limit".to_owned(),
        most => bytes(most),
    };
    format!("Redis {}, {} in memory of {most}", server.version, bytes(server.used_bytes))
}

/// What to do about a Redis that will soon take nothing more in.
fn full(server: &CacheServer) -> Option<&'static str> {
    let filled = server.max_bytes > 0 && server.used_bytes * 10 > server.max_bytes * 9;
    (filled && server.when_full == "noeviction").then_some("it is nearly full: raise `maxmemory` in Redis")
}
