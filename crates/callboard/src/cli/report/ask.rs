//! What a user asks of a report, from texts.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use engine::run::Catalog as _;
use engine::ticketing::Region;
use engine::ticketing::ages::AgeOn;
use model::nearest;

use crate::origins::Catalog;
use crate::output::usage;

/// A length of time; a bare number is minutes, as the systems before had it.
pub fn minutes(flag: &str, text: &str) -> Result<TimeDelta> {
    let bare = text.trim().parse().ok().and_then(TimeDelta::try_minutes);
    let length = bare.or_else(|| crate::moments::length(text)).filter(|length| *length > TimeDelta::zero());
    length.ok_or_else(|| usage(format!("{flag}: {text:?} is no length of time like 15m, 6h or 7d")))
}

/// `today`, or a date.
pub fn age_on(text: &str, now: DateTime<Utc>) -> Result<AgeOn> {
    match text {
        "today" => Ok(AgeOn::Day(now.date_naive())),
        "event" => Ok(AgeOn::EventDay),
        date => date.parse().map(AgeOn::Day).map_err(|_| {
            usage(format!("--age-on: {date:?} is no date like 2026-12-01, and not `today` or `event`"))
        }),
    }
}

/// The configured regions of these names; all of them where none is named.
pub fn regions(catalog: &Catalog, names: &[String]) -> Result<Vec<Region>> {
    let all = catalog.regions().map_err(usage)?;
    let all: Vec<Region> = all.into_iter().map(|config| config.region).collect();
    if all.is_empty() {
        return Err(usage(
            "no region is configured: set EVENT_CONFIGS__REGION__token and EVENT_CONFIGS__REGION__event_id, or \
             `regions:` in callboard.yaml",
        ));
    }
    if names.is_empty() {
        return Ok(all);
    }
    let known = || all.iter().map(|region| region.name.as_str());
    let mut chosen = Vec::new();
    for name in names {
        let name = Region::name_of(name);
        let Some(region) = all.iter().find(|region| region.name == name) else {
            let near =
                nearest(&name, known()).map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            let there = known().collect::<Vec<_>>().join(", ");
            return Err(usage(format!("there is no region {name}; {near}there is {there}")));
        };
        chosen.push(region.clone());
    }
    Ok(chosen)
}
