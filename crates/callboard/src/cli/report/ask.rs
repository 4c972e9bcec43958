//! What a user asks of a report, from texts.

use std::path::Path;

use anyhow::Result;
use chrono::TimeDelta;
use engine::run::Catalog as _;
use engine::ticketing::reports::{REPORTS, ReportSpec, find};
use engine::ticketing::telling::AgesOn;
use engine::ticketing::{self, Region};
use model::nearest;

use super::How;
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

/// The report of this name, or all.
pub fn specs(name: &str) -> Result<Vec<&'static ReportSpec>> {
    if name == "all" {
        return Ok(REPORTS.iter().collect());
    }
    if let Some(spec) = find(name) {
        return Ok(vec![spec]);
    }
    let names = || REPORTS.iter().map(|spec| spec.name);
    let help = match nearest(name, names()) {
        Some(near) => format!("did you mean {near}?"),
        None => format!("there is all, and {}", names().collect::<Vec<_>>().join(", ")),
    };
    Err(usage(format!("there is no report {name}; {help}")))
}

/// How a file of this name is written.
pub fn by_ending(path: &str) -> Result<How> {
    let Some(ending) = Path::new(path).extension() else { return Ok(How::Table) };
    let ending = ending.to_string_lossy().to_lowercase();
    let known = ENDINGS.iter().find(|(known, _)| *known == ending);
    known.map(|(_, how)| *how).ok_or_else(|| {
        let near = match nearest(&ending, ENDINGS.iter().map(|(known, _)| *known)) {
            Some(near) => format!("did you mean .{near}? "),
            None => String::new(),
        };
        usage(format!(
            "--to {path}: nothing is written as .{ending}; {near}there are .xlsx, .json, .csv and .txt; --format \
             says it too"
        ))
    })
}

/// What endings of files stand for.
const ENDINGS: [(&str, How); 5] =
    [("xlsx", How::Xlsx), ("json", How::Json), ("csv", How::Csv), ("txt", How::Table), ("text", How::Table)];
