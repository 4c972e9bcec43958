//! Backfilling: a stretch of time cut into windows, and which of them are to be run. Pure.
//!
//! Days, weeks, months and years are those of the time zone: a day on which the clocks change is one
//! window of 23 or 25 hours. Hours and minutes are those that pass, so such a day has 23 or 25 of them.

mod grid;
mod unit;

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

pub use grid::{Grid, GridRow};
pub use unit::Unit;

/// Windows of one backfill at most.
pub const MAX_WINDOWS: usize = 100_000;

/// From one instant, included, to another, excluded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Window {
    /// Its first instant.
    pub from: DateTime<Utc>,
    /// The first after it.
    pub to: DateTime<Utc>,
}

impl Window {
    /// Its start as a person of `zone` writes it: the day alone where it starts with one.
    pub fn label(&self, zone: Tz) -> String {
        let from = self.from.with_timezone(&zone);
        let starts_day = day_start(from.date_naive(), zone).is_ok_and(|start| start == self.from);
        match starts_day && self.to - self.from > TimeDelta::hours(12) {
            true => from.format("%Y-%m-%d").to_string(),
            false => from.format("%Y-%m-%dT%H:%M%:z").to_string(),
        }
    }
}

/// The first instant that `--from` names: a day or an instant.
pub fn lower_bound(text: &str, zone: Tz) -> Result<DateTime<Utc>, String> {
    match read(text, zone)? {
        Bound::Day(day) => day_start(day, zone),
        Bound::Instant(at) => Ok(at),
    }
}

/// The first instant after what `--to` names: a day is included, an instant is not.
pub fn upper_bound(text: &str, zone: Tz) -> Result<DateTime<Utc>, String> {
    match read(text, zone)? {
        Bound::Day(day) => {
            let after = day.checked_add_days(Days::new(1));
            day_start(after.ok_or_else(|| format!("{text:?} is too far away"))?, zone)
        }
        Bound::Instant(at) => Ok(at),
    }
}

enum Bound {
    Day(NaiveDate),
    Instant(DateTime<Utc>),
}

fn read(text: &str, zone: Tz) -> Result<Bound, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(Bound::Day(day));
    }
    if let Ok(at) = DateTime::parse_from_rfc3339(text) {
        return Ok(Bound::Instant(at.to_utc()));
    }
    let local = ["%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    let local = local.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    match local {
        Some(local) => instant(local, zone).map(Bound::Instant),
        None => Err(format!("{text:?} is neither a day (2026-12-01) nor an instant (2026-12-01T18:00:00Z)")),
    }
}

/// Cuts `from..to` into windows. The last one ends where the stretch does.
pub fn windows(from: DateTime<Utc>, to: DateTime<Utc>, unit: Unit, zone: Tz) -> Result<Vec<Window>, String> {
    if from >= to {
        return Err(format!("nothing lies between {from} and {to}: the start is not before the end"));
    }
    let mut cut = Vec::new();
    let mut start = from;
    // Counted from the first start, so that months from the 31st do not drift to the 28th.
    for count in 1.. {
        let end = unit.after(from, count, zone)?.min(to);
        // Two days' starts can coincide where a whole day was skipped.
        if end > start {
            cut.push(Window { from: start, to: end });
        }
        if end >= to {
            break;
        }
        if cut.len() == MAX_WINDOWS {
            return Err(format!(
                "that is more than {MAX_WINDOWS} windows: take a longer unit or a shorter stretch"
            ));
        }
        start = end.max(start);
    }
    Ok(cut)
}

/// How a window fared so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowState {
    /// All of it was done.
    Completed,
    /// Some of it was done.
    Partial,
    /// It failed.
    Failed,
    /// It was cancelled.
    Cancelled,
    /// It waits or is under way.
    Running,
}

/// Which windows that were run before are run again. One that is under way never is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Reprocess {
    /// None.
    #[default]
    None,
    /// Those that are not completed.
    Failed,
    /// All.
    All,
}

/// The windows to run, in order; the newest first when `reverse`.
pub fn to_run(
    windows: &[Window],
    known: &BTreeMap<Window, WindowState>,
    reprocess: Reprocess,
    reverse: bool,
) -> Vec<Window> {
    let wanted = |window: &&Window| match (known.get(window), reprocess) {
        (None, _) => true,
        (Some(WindowState::Running), _) | (_, Reprocess::None) => false,
        (Some(WindowState::Completed), reprocess) => reprocess == Reprocess::All,
        (Some(_), _) => true,
    };
    let mut chosen: Vec<Window> = windows.iter().filter(wanted).copied().collect();
    if reverse {
        chosen.reverse();
    }
    chosen
}

/// The first instant of a local day.
fn day_start(day: NaiveDate, zone: Tz) -> Result<DateTime<Utc>, String> {
    instant(day.and_time(NaiveTime::MIN), zone)
}

/// A local time as an instant: the first of two where the clock shows it twice, the first after the gap
/// where it never does.
fn instant(local: NaiveDateTime, zone: Tz) -> Result<DateTime<Utc>, String> {
    // Gaps are whole quarters, the longest a whole day (islands that crossed the date line).
    let candidates =
        (0..=96).filter_map(|quarters| local.checked_add_signed(TimeDelta::minutes(15 * quarters)));
    let found = candidates.map(|local| zone.from_local_datetime(&local)).find_map(|found| found.earliest());
    found.map(|at| at.to_utc()).ok_or_else(|| format!("{local} does not exist in {zone}"))
}

#[cfg(test)]
mod tests;
