//! Reading a cron expression and walking its slots.

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};

use super::{CatchUp, Schedule, When};

/// Reads a cron expression in a zone (UTC when none is named). The error is in words for whoever
/// wrote it. `disabled` is accepted and runs once.
pub fn parse(expression: &str, zone: Option<&str>) -> Result<Schedule, String> {
    let zone = zone.map_or(Ok(Tz::UTC), zone_named)?;
    let when = match expression.trim() {
        "disabled" => When::Once,
        text => When::Cron(Box::new(read(text)?)),
    };
    Ok(Schedule {
        when,
        zone,
        jitter: TimeDelta::zero(),
        catch_up: CatchUp::default(),
        catch_up_window: TimeDelta::days(1),
    })
}

fn zone_named(name: &str) -> Result<Tz, String> {
    connect::value::zone::by_name(name)
        .ok_or_else(|| format!("{name:?} is not a time zone; they look like Europe/Berlin"))
}

fn read(text: &str) -> Result<Cron, String> {
    let fields = text.split_whitespace().count();
    if text.is_empty() {
        return Err("the cron expression is empty".to_owned());
    }
    if !text.starts_with('@') && !(5..=6).contains(&fields) {
        return Err(format!(
            "{text:?} has {fields} fields; a cron expression has 5 (minute hour day month weekday), or 6 with \
             seconds first"
        ));
    }
    let parser = CronParser::builder().seconds(Seconds::Optional).year(Year::Disallowed).build();
    let cron = parser.parse(text).map_err(|error| format!("{text:?} is not a cron expression: {error}"))?;
    never_matches(&cron, text)?;
    Ok(cron)
}

/// Refuses what has no slot ever, like the 31st of February: it would look scheduled and never run.
fn never_matches(cron: &Cron, text: &str) -> Result<(), String> {
    match after(cron, Tz::UTC, DateTime::UNIX_EPOCH).next() {
        Some(_) => Ok(()),
        None => Err(format!("{text:?} names a time that never comes")),
    }
}

/// The slots after an instant, for ever or until the calendar ends.
pub(super) fn after(cron: &Cron, zone: Tz, after: DateTime<Utc>) -> impl Iterator<Item = DateTime<Utc>> + '_ {
    let mut last = after;
    std::iter::from_fn(move || {
        let found = cron.find_next_occurrence(&last.with_timezone(&zone), false).ok()?.to_utc();
        // A search that stands still would be for ever.
        (found > last).then(|| {
            last = found;
            found
        })
    })
}
