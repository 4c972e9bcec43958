//! The length of a window: a word or an ISO 8601 duration of one part.

use std::str::FromStr;

use chrono::{DateTime, Days, Months, TimeDelta, Utc};
use chrono_tz::Tz;

use super::instant;

/// How long a window is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// So many minutes that pass.
    Minutes(u32),
    /// So many days of the calendar.
    Days(u32),
    /// So many months of the calendar.
    Months(u32),
}

impl Unit {
    /// The instant `count` units after `from`, by the calendar and clock of `zone`.
    pub(super) fn after(self, from: DateTime<Utc>, count: u32, zone: Tz) -> Result<DateTime<Utc>, String> {
        let local = from.with_timezone(&zone).naive_local();
        let times = |n: u32| n.checked_mul(count);
        let after = match self {
            Unit::Minutes(n) => {
                let delta = times(n).map(|minutes| TimeDelta::minutes(i64::from(minutes)));
                return delta.and_then(|delta| from.checked_add_signed(delta)).ok_or_else(too_far);
            }
            Unit::Days(n) => times(n).and_then(|n| local.checked_add_days(Days::new(u64::from(n)))),
            Unit::Months(n) => times(n).and_then(|n| local.checked_add_months(Months::new(n))),
        };
        instant(after.ok_or_else(too_far)?, zone)
    }
}

fn too_far() -> String {
    "the end is too far away for this unit".to_owned()
}

impl FromStr for Unit {
    type Err = String;

    fn from_str(text: &str) -> Result<Unit, String> {
        let unit = match text {
            "hour" => Some(Unit::Minutes(60)),
            "day" => Some(Unit::Days(1)),
            "week" => Some(Unit::Days(7)),
            "month" => Some(Unit::Months(1)),
            "year" => Some(Unit::Months(12)),
            _ => duration(text),
        };
        unit.ok_or_else(|| {
            format!("{text:?} is no length of a window: hour, day, week, month, year, or like P3D, P2W, PT6H")
        })
    }
}

/// `P` (`T`) a number and one letter.
fn duration(text: &str) -> Option<Unit> {
    let rest = text.strip_prefix('P')?;
    let (rest, of_clock) = rest.strip_prefix('T').map_or((rest, false), |rest| (rest, true));
    let letter = rest.chars().last()?;
    let number: u32 = rest.strip_suffix(letter)?.parse().ok().filter(|n| *n > 0)?;
    let (unit, most): (fn(u32) -> Unit, u32) = match (of_clock, letter) {
        (true, 'M') => (Unit::Minutes, 1),
        (true, 'H') => (Unit::Minutes, 60),
        (false, 'D') => (Unit::Days, 1),
        (false, 'W') => (Unit::Days, 7),
        (false, 'M') => (Unit::Months, 1),
        (false, 'Y') => (Unit::Months, 12),
        _ => return None,
    };
    number.checked_mul(most).map(unit)
}
