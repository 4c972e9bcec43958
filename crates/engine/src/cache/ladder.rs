//! How long a document may be served: the nearer its day, the shorter.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

const HOUR: u64 = 3_600;

/// The time to live of a document of `day`, written on the day `today`: an hour for today, half a day up to
/// a week ahead, a day beyond that, a week for what is past.
pub fn time_to_live(day: NaiveDate, today: NaiveDate) -> Duration {
    let hours = match (day - today).num_days() {
        ..=-1 => 7 * 24,
        0 => 1,
        1..=7 => 12,
        _ => 24,
    };
    Duration::from_secs(hours * HOUR)
}

/// The local day in `zone`.
pub(super) fn today(now: DateTime<Utc>, zone: Tz) -> NaiveDate {
    now.with_timezone(&zone).date_naive()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hours(day: &str, now: &str, zone: Tz) -> u64 {
        let ttl = time_to_live(day.parse().unwrap(), today(now.parse().unwrap(), zone));
        assert_eq!(ttl.as_secs() % HOUR, 0);
        ttl.as_secs() / HOUR
    }

    #[test]
    fn each_rung_ends_where_the_next_begins() {
        let check = |day, expected| {
            assert_eq!(hours(day, "2026-03-29T18:00:00Z", Tz::America__Chicago), expected, "{day}");
        };
        check("1970-01-01", 168);
        check("2026-03-28", 168);
        check("2026-03-29", 1);
        check("2026-03-30", 12);
        check("2026-04-05", 12);
        check("2026-04-06", 24);
        check("2099-12-31", 24);
    }

    #[test]
    fn the_day_turns_at_local_midnight_on_both_sides_of_a_clock_change() {
        let check = |now, expected| {
            assert_eq!(hours("2026-03-08", now, Tz::America__Chicago), expected, "{now}");
        };
        // Clocks go forward at 2:00 on 8 March: its day begins at 6:00 UTC and ends at 5:00.
        check("2026-03-08T05:59:59Z", 12);
        check("2026-03-08T06:00:00Z", 1);
        check("2026-03-09T04:59:59Z", 1);
        check("2026-03-09T05:00:00Z", 168);
        let check = |now, expected| {
            assert_eq!(hours("2026-11-01", now, Tz::America__Chicago), expected, "{now}");
        };
        // And back at 2:00 on 1 November, a day of 25 hours.
        check("2026-11-01T04:59:59Z", 12);
        check("2026-11-01T05:00:00Z", 1);
        check("2026-11-02T05:59:59Z", 1);
        check("2026-11-02T06:00:00Z", 168);
        assert_eq!(hours("2026-03-08", "2026-03-08T05:59:59Z", Tz::UTC), 1);
    }
}
