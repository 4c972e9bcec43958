//! What may be kept for how long: by the terms of connectors, once the user has accepted them, and by the
//! user's own policy; and when it is looked at: at the end of what commits, and by servers all the time.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};
use chrono::TimeDelta;
use connect::Connector as _;
use engine::run::Stop;
use model::{Kind, SourceName, nearest};
use serde::Deserialize;
use store::{Ceiling, Purge, Purged, Store};
use tokio::sync::watch;

use crate::age::age_of;
use crate::clock;
use crate::config::Config;
use crate::noted::who;
use crate::origins::Catalog;
use crate::output::{say, usage};
use crate::world::open_existing;

/// How often a server looks.
const LOOK: Duration = Duration::from_secs(60);

/// What the setting `retention_policy` says of one source.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourcePolicy {
    rows: Option<String>,
    bodies: Option<String>,
    #[serde(default)]
    columns: BTreeMap<String, String>,
}

/// Whether there is any ceiling by the settings.
pub fn is_set(config: &Config) -> bool {
    config.text("retention").is_some() || config.text("retention_policy").is_some()
}

/// Every ceiling that holds.
pub fn ceilings(config: &Config, catalog: &Catalog) -> Result<Vec<Purge>> {
    let mut all = own(config)?;
    if config.text("retention") == Some("purge") {
        for manifest in catalog.all() {
            let (source, terms) = (SourceName::new(manifest.name()), manifest.terms());
            let hours = |hours: u64| TimeDelta::hours(i64::try_from(hours).unwrap_or(i64::MAX / 3_600_000));
            all.extend(terms.retention_hours.map(|most| purge(&source, Ceiling::Rows, hours(most))));
            let columns = terms.retention_columns.iter();
            all.extend(
                columns.map(|(column, most)| {
                    purge(&source, Ceiling::Columns(vec![column.clone()]), hours(*most))
                }),
            );
        }
    }
    Ok(all)
}

/// Those of the user's own policy.
fn own(config: &Config) -> Result<Vec<Purge>> {
    let Some(text) = config.text("retention_policy") else { return Ok(Vec::new()) };
    let policy: BTreeMap<String, SourcePolicy> = serde_saphyr::from_str(text).context(
        "the setting retention_policy is not like {my-source: {rows: 30d, bodies: 7d, columns: {lat: 30d}}}",
    )?;
    let mut all = Vec::new();
    for (name, policy) in policy {
        let source = SourceName::new(&name);
        let age = |age: &str| age_of(age).with_context(|| format!("retention_policy of {name}"));
        if let Some(rows) = &policy.rows {
            all.push(purge(&source, Ceiling::Rows, age(rows)?));
        }
        if let Some(bodies) = &policy.bodies {
            all.push(purge(&source, Ceiling::Bodies, age(bodies)?));
        }
        let mut by_age: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for (column, age) in &policy.columns {
            known_column(column)?;
            by_age.entry(age).or_default().push(column.clone());
        }
        for (text, columns) in by_age {
            all.push(purge(&source, Ceiling::Columns(columns), age(text)?));
        }
    }
    Ok(all)
}

/// What the policy says of sources that the store knows nothing of: a name may be spelled wrongly, and then
/// what it is meant for stays.
pub async fn unknown_sources(config: &Config, store: &Store) -> Result<Vec<String>> {
    let known = store.known_sources().await?;
    let mut wanted: Vec<SourceName> = own(config)?.into_iter().map(|purge| purge.source).collect();
    wanted.dedup();
    let told = wanted.iter().filter(|source| !known.contains(source)).map(|source| {
        let near = nearest(source.as_str(), known.iter().map(SourceName::as_str));
        let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        format!("retention_policy of {source}: nothing is kept of such a source{near}")
    });
    Ok(told.collect())
}

fn known_column(wanted: &str) -> Result<()> {
    let all = || Kind::ALL.iter().flat_map(|kind| kind.spec().columns).map(|column| column.name);
    if all().any(|name| name == wanted) {
        return Ok(());
    }
    let near = nearest(wanted, all()).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    Err(usage(format!("retention_policy: no kind has a column {wanted:?}{near}")))
}

fn purge(source: &SourceName, ceiling: Ceiling, keep: TimeDelta) -> Purge {
    let by = who();
    Purge { source: source.clone(), ceiling, keep, now: clock(), dry_run: false, by }
}

/// Takes away what is over its ceiling.
pub async fn purge_due(config: &Config, catalog: &Catalog, store: &Store) -> Result<()> {
    for purge in ceilings(config, catalog)? {
        let purged = store.purge(&purge).await?;
        if purged != Purged::default() {
            say(&format!("purged {} of {}: {} may be kept", in_words(&purged), purge.source, purge.rule()));
        }
    }
    store.remove_unwanted().await?;
    Ok(())
}

/// Counts that are not 0.
pub fn in_words(purged: &Purged) -> String {
    let counts = [
        (purged.rows, "rows"),
        (purged.changes, "changes"),
        (purged.values, "values"),
        (purged.quarantined, "quarantined"),
        (purged.documents, "documents"),
        (purged.bodies, "bodies"),
        (purged.index_lines, "lines of the index"),
    ];
    let some: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if some.is_empty() { "nothing".to_owned() } else { some.join(", ") }
}

/// What a command has brought in is held to the ceilings before the program ends.
pub async fn after_work(config: &Config) {
    if let Err(error) = look_once(config).await {
        say(&format!("warning: what may not be kept was not purged: {error:#}"));
    }
}

async fn look_once(config: &Config) -> Result<()> {
    // That the store cannot be opened was told by the command.
    let Ok(store) = open_existing(config).await else { return Ok(()) };
    let looked = look(config, &store).await;
    store.close().await;
    looked
}

async fn look(config: &Config, store: &Store) -> Result<()> {
    if is_set(config) {
        return purge_due(config, &Catalog::load(config)?, store).await;
    }
    store.remove_unwanted().await?;
    Ok(())
}

/// Looks again and again until `stop`. That it cannot be done now is told, and tried again.
pub async fn keep_looking(config: &Config, store: &Store, mut stop: watch::Receiver<Stop>) -> Result<()> {
    loop {
        if let Err(error) = look(config, store).await {
            tracing::warn!(error = %format!("{error:#}"), "what may not be kept was not purged; it is tried again");
        }
        let stopped = tokio::time::timeout(LOOK, stop.wait_for(|stop| *stop != Stop::No)).await;
        // A sender that is gone stops it too.
        if stopped.is_ok() {
            return Ok(());
        }
    }
}
