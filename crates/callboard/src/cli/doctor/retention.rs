//! What doctor has to say about what may not be kept: whether anything is past its ceiling.

use anyhow::Result;
use store::{Purge, Purged, Store};

use super::Check;
use crate::config::Config;
use crate::origins::Catalog;
use crate::retention::{ceilings, in_words, is_set, unknown_sources};
use crate::world::open_if_there;

pub async fn retention(config: &Config) -> Vec<Check> {
    if !is_set(config) {
        return Vec::new();
    }
    let ceilings = match Catalog::load(config).and_then(|catalog| ceilings(config, &catalog)) {
        Ok(ceilings) => ceilings,
        Err(fault) => return vec![Check::fault("retention", format!("{fault:#}"), "put the setting right")],
    };
    // That the store cannot be opened is told beside.
    let Ok(Some(store)) = open_if_there(config).await else { return Vec::new() };
    let (looked, unknown) =
        (overdue(&store, &ceilings).await, unknown_sources(config, &store).await.unwrap_or_default());
    store.close().await;
    let unknown = unknown.into_iter().map(|told| Check::note("retention", told, "look at its spelling"));
    match looked {
        Ok(overdue) if overdue.is_empty() => {
            let found = format!("{} ceilings, nothing is past them", ceilings.len());
            std::iter::once(Check::ok("retention", found)).chain(unknown).collect()
        }
        Ok(overdue) => overdue.into_iter().chain(unknown).collect(),
        Err(fault) => vec![Check::fault("retention", format!("{fault:#}"), "see the message")],
    }
}

/// A check for each ceiling that something is past.
async fn overdue(store: &Store, ceilings: &[Purge]) -> Result<Vec<Check>> {
    let mut checks = Vec::new();
    for ceiling in ceilings {
        let past = store.purge(&Purge { dry_run: true, ..ceiling.clone() }).await?;
        if past != Purged::default() {
            let found = format!("{} past what may be kept ({})", in_words(&past), ceiling.rule());
            let todo = "`callboard purge` takes it away; a server that runs does so within a minute";
            checks.push(Check::note(format!("retention of {}", ceiling.source), found, todo).with(past));
        }
    }
    Ok(checks)
}
