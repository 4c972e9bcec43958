//! Times as users write them: a day, an instant, or so long ago.

use anyhow::Result;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use crate::clock;
use crate::output::usage;

/// The time that begins what is written: a day begins with its first instant.
pub fn start(text: &str, zone: Option<Tz>) -> Result<DateTime<Utc>> {
    read(text, zone, engine::backfill::lower_bound)
}

/// The time that ends what is written: a day has ended with the first instant after it.
pub fn end(text: &str, zone: Option<Tz>) -> Result<DateTime<Utc>> {
    let whole_day = text.parse::<chrono::NaiveDate>().is_ok();
    let end = read(text, zone, engine::backfill::upper_bound)?;
    // Times are kept in whole seconds: the last of the day, not the first of the next.
    Ok(if whole_day { end - TimeDelta::seconds(1) } else { end })
}

/// A length of time like `400d`, `12h`, `2w`.
pub fn length(text: &str) -> Option<TimeDelta> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let number: i64 = text.strip_suffix(unit)?.trim_end().parse().ok().filter(|n| *n >= 0)?;
    match unit {
        's' => TimeDelta::try_seconds(number),
        'm' => TimeDelta::try_minutes(number),
        'h' => TimeDelta::try_hours(number),
        'd' => TimeDelta::try_days(number),
        'w' => TimeDelta::try_weeks(number),
        _ => None,
    }
}

type Bound = fn(&str, Tz) -> Result<DateTime<Utc>, String>;

fn read(text: &str, zone: Option<Tz>, bound: Bound) -> Result<DateTime<Utc>> {
    if let Some(at) = length(text).and_then(|ago| clock().checked_sub_signed(ago)) {
        return Ok(at);
    }
    let at = bound(text, zone.unwrap_or(Tz::UTC));
    at.map_err(|fault| usage(format!("{fault}, nor so long ago (3d, 12h, 2w)")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let check = |text: &str, from: &str, to: &str| {
            let told = |at: Result<DateTime<Utc>>| at.expect("a time").to_rfc3339();
            assert_eq!((told(start(text, None)), told(end(text, None))), (from.to_owned(), to.to_owned()));
        };
        check("2026-11-01", "2026-11-01T00:00:00+00:00", "2026-11-01T23:59:59+00:00");
        check("2026-11-01T10:00:00Z", "2026-11-01T10:00:00+00:00", "2026-11-01T10:00:00+00:00");
        let ago = clock() - start("3d", None).expect("a time");
        assert!((ago - TimeDelta::days(3)).num_seconds().abs() < 60);
        assert_eq!(length("2w"), TimeDelta::try_days(14));
        for wrong in ["", "d", "3", "-3d", "3y", "soon"] {
            assert!(length(wrong).is_none() && start(wrong, None).is_err(), "{wrong}");
        }
    }
}
