//! What doctor has to say about pipelines, runs, dead items and runners.

use std::collections::BTreeMap;

use serde_json::json;
use store::{RunsQuery, Store, StoreError};

use super::Check;
use crate::config::Config;
use crate::figures::counted;
use crate::world::open_existing;
use crate::{clock, library, which};

/// The pipelines of the folder: whether each can be run.
pub fn pipelines(config: &Config) -> Vec<Check> {
    let folder = library::folder(config);
    let files = match library::files(&folder) {
        Ok(files) => files,
        Err(fault) => return vec![Check::fault("pipelines", format!("{fault:#}"), "see the message")],
    };
    let wrong: Vec<Check> = files
        .iter()
        .filter_map(|file| {
            let name = file.display().to_string();
            let fault = library::find(&folder, &name).err()?;
            Some(Check::fault(format!("pipeline {name}"), format!("{fault:#}"), "put it right"))
        })
        .collect();
    let good = files.len() - wrong.len();
    let found = format!("{} in {}", counted(good as u64, "pipeline"), folder.display());
    std::iter::once(Check::ok("pipelines", found)).chain(wrong).collect()
}

/// Runs that are open, items that ended badly, runners; nothing where there is no store yet.
pub async fn work(config: &Config) -> Vec<Check> {
    // That it cannot be opened is told by the check of the store.
    let Ok(store) = open_existing(config).await else { return Vec::new() };
    let checks = looked_at(&store).await;
    store.close().await;
    checks.unwrap_or_else(|error| vec![Check::fault("runs", error.to_string(), "see the message")])
}

async fn looked_at(store: &Store) -> Result<Vec<Check>, StoreError> {
    let now = clock();
    let runners = store.runners().await?;
    let (alive, silent): (Vec<_>, Vec<_>) = runners.iter().partition(|runner| runner.until >= now);
    let mut checks = vec![open_runs(store, !alive.is_empty()).await?];
    checks.push(match store.dead_count().await? {
        0 => Check::ok("dead items", "none"),
        dead => Check::note("dead items", counted(dead, "item"), "`callboard dead` lists them"),
    });
    let (ready, waiting) = store.queue_depth(now).await?;
    let found = format!("{} ready, {} waiting for their time", counted(ready, "item"), waiting);
    let depth = json!({"ready": ready, "waiting": waiting});
    let queue = match ready > 0 && alive.is_empty() {
        true => Check::note("queue", found, "nobody takes them: start `callboard runner` or `serve`"),
        false => Check::ok("queue", found),
    };
    checks.push(queue.with(depth));
    let found = counted(alive.len() as u64, "runner");
    checks.push(match silent.len() {
        0 => Check::ok("runners", format!("{found} alive")),
        gone => {
            let found = format!("{found} alive, {gone} not heard of any more");
            Check::note("runners", found, "what those had is taken back by the next runner")
        }
    });
    Ok(checks)
}

async fn open_runs(store: &Store, attended: bool) -> Result<Check, StoreError> {
    let standing = ["queued", "running", "paused", "cancelling"].map(str::to_owned).to_vec();
    let open = store.run_list(&RunsQuery { standing, limit: 1_000, ..RunsQuery::default() }).await?;
    let Some(first) = open.last() else { return Ok(Check::ok("open runs", "none")) };
    let mut by_state: BTreeMap<&str, u64> = BTreeMap::new();
    open.iter().for_each(|run| *by_state.entry(run.state.name()).or_default() += 1);
    let found: Vec<String> = by_state.iter().map(|(state, count)| format!("{count} {state}")).collect();
    let found = found.join(", ");
    Ok(match attended {
        true => Check::ok("open runs", found),
        false => {
            let id = which::short(first.id, &[]);
            let todo = format!("nobody works on them: `callboard runner`, or `callboard run --resume {id}`");
            Check::note("open runs", found, todo)
        }
    })
}
