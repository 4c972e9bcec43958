//! What a user asks of a report, from texts.

use anyhow::Result;
use chrono::TimeDelta;
use engine::run::Catalog as _;
use engine::ticketing::telling::AgesOn;
use engine::ticketing::{self, Region};

use crate::origins::Catalog;
use crate::output::usage;

/// A length of time; a bare number is minutes, as the systems before had it.
pub fn minutes(flag: &str, text: &str) -> Result<TimeDelta> {
    let bare = text.trim().parse().ok().and_then(TimeDelta::try_minutes);
    let length = bare.or_else(|| crate::moments::length(text)).filter(|length| *length > TimeDelta::zero());
    length.ok_or_else(|| usage(format!("{flag}: {text:?} is no length of time like 15m, 6h or 7d")))
}

/// `today`, or a date.
pub fn age_on(text: &str) -> Result<AgesOn> {
    match text {
        "today" => Ok(AgesOn::Today),
        "event" => Ok(AgesOn::Event),
        date => date.parse().map(AgesOn::Day).map_err(|_| {
            usage(format!("--age-on: {date:?} is no date like 2026-12-01, and not `today` or `event`"))
        }),
    }
}

/// The configured regions of these names; all of them where none is named.
pub fn regions(catalog: &Catalog, names: &[String]) -> Result<Vec<Region>> {
    let chosen = catalog.regions().and_then(|all| ticketing::chosen(all, names)).map_err(usage)?;
    Ok(chosen.into_iter().map(|config| config.region).collect())
}
