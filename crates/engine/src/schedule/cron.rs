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
    let cron = parser.parse(text).map_err(|error| match wrong_field(&parser, text) {
        Some(told) => format!("{text:?} is not a cron expression: {told}"),
        None => format!("{text:?} is not a cron expression: {error}"),
    })?;
    steps_fit(text)?;
    never_matches(&cron, text)?;
    Ok(cron)
}

/// The fields from the last to the first, with their bounds.
const FIELDS: [(&str, u32, u32); 6] = [
    ("weekday", 0, 7),
    ("month", 1, 12),
    ("day", 1, 31),
    ("hour", 0, 23),
    ("minute", 0, 59),
    ("second", 0, 59),
];

/// Which field is wrong, where one alone is.
fn wrong_field(parser: &CronParser, text: &str) -> Option<String> {
    let fields: Vec<&str> = text.split_whitespace().collect();
    FIELDS.iter().enumerate().take(fields.len()).find_map(|(from_last, (name, least, most))| {
        let at = fields.len() - 1 - from_last;
        let alone: Vec<&str> = (0..fields.len()).map(|n| if n == at { fields[n] } else { "*" }).collect();
        parser.parse(&alone.join(" ")).err()?;
        Some(format!("{:?} is no {name}; they go from {least} to {most}", fields[at]))
    })
}

/// Refuses `*/90` for minutes: they begin anew each hour, so that would be every hour.
fn steps_fit(text: &str) -> Result<(), String> {
    for (field, (name, _, most)) in text.split_whitespace().rev().zip(FIELDS) {
        let step = field.split(',').filter_map(|part| part.rsplit_once('/')?.1.parse::<u32>().ok()).max();
        if let Some(step) = step.filter(|step| *step > most) {
            return Err(format!(
                "{field:?}: a step of {step} is longer than all {name}s, which end at {most}"
            ));
        }
    }
    Ok(())
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
