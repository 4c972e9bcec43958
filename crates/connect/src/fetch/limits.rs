//! What a source says about when it may be asked again: `Retry-After` and the vendors' own limit
//! headers. Pure: headers and the present in, a wait out.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use regex::Regex;
use reqwest::header::{HeaderMap, RETRY_AFTER};

use super::{LimitHeaders, ResetUnit};

/// What is left of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Left {
    /// Requests left in the window.
    pub remaining: Option<u64>,
    /// Until the window ends.
    pub reset_in: Option<Duration>,
}

impl Left {
    /// How long to pause, if nothing is left.
    pub fn pause(&self) -> Option<Duration> {
        self.reset_in.filter(|wait| self.remaining == Some(0) && !wait.is_zero())
    }
}

/// The wait asked for by `Retry-After`, in seconds or as a date; zero when that has passed.
pub(super) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    seconds(text).or_else(|| Some(until(http_date(text)?, now)))
}

/// What the headers named by `names` say is left.
pub(super) fn left(names: &LimitHeaders, headers: &HeaderMap, now: DateTime<Utc>) -> Left {
    let text = |name: &str| headers.get(name)?.to_str().ok().map(str::trim);
    let remaining = names.remaining.as_deref().and_then(text).and_then(|t| t.parse().ok());
    let reset_in = names.reset.as_ref().and_then(|(name, unit)| reset(text(name)?, *unit, now));
    Left { remaining, reset_in }
}

/// The tightest of the limits that `pattern` finds in one header's text.
pub(super) fn combined(pattern: &Regex, text: &str) -> Left {
    let number = |found: &regex::Captures<'_>, group| found.name(group)?.as_str().parse::<u64>().ok();
    let all = pattern.captures_iter(text).filter_map(|found| {
        let remaining = number(&found, "limit")?.saturating_sub(number(&found, "used")?);
        let reset_in = number(&found, "reset").map(Duration::from_secs);
        Some(Left { remaining: Some(remaining), reset_in })
    });
    all.min_by_key(|left| left.remaining).unwrap_or_default()
}

fn reset(text: &str, unit: ResetUnit, now: DateTime<Utc>) -> Option<Duration> {
    let at = match unit {
        ResetUnit::Seconds => return seconds(text),
        ResetUnit::EpochSeconds => DateTime::from_timestamp(text.parse().ok()?, 0)?,
        ResetUnit::EpochMillis => DateTime::from_timestamp_millis(text.parse().ok()?)?,
        ResetUnit::Iso => DateTime::parse_from_rfc3339(text).ok()?.to_utc(),
    };
    Some(until(at, now))
}

fn seconds(text: &str) -> Option<Duration> {
    let seconds: f64 = text.parse().ok()?;
    Duration::try_from_secs_f64(seconds).ok()
}

fn until(at: DateTime<Utc>, now: DateTime<Utc>) -> Duration {
    (at - now).to_std().unwrap_or_default()
}

/// The three forms of RFC 9110, 5.6.7.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(at) = DateTime::parse_from_rfc2822(text) {
        return Some(at.to_utc());
    }
    let old = ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];
    old.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use super::*;
    use reqwest::header::{HeaderName, HeaderValue};

    fn now() -> DateTime<Utc> {
        "2026-11-22T12:00:00Z".parse().expect("an instant")
    }

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let pair = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().expect("a name"), HeaderValue::from_str(value).expect("a value"))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn retry_after_in_all_its_forms() {
        let check = |value: &str, expected: Option<u64>| {
            let wait = retry_after(&headers(&[("retry-after", value)]), now());
            assert_eq!(wait, expected.map(Duration::from_secs), "{value}");
        };
        check("120", Some(120));
        check(" 0 ", Some(0));
        check("Sun, 22 Nov 2026 12:01:30 GMT", Some(90));
        check("Sunday, 22-Nov-26 12:01:30 GMT", Some(90));
        check("Sun Nov 22 12:01:30 2026", Some(90));
        check("Sun, 22 Nov 2026 11:00:00 GMT", Some(0));
        check("-5", None);
        check("soon", None);
        check("1e400", None);
    }

    #[test]
    fn vendors_name_and_count_differently() {
        let check = |unit, value: &str, expected: u64| {
            let names = LimitHeaders {
                remaining: Some("RateLimit-Remaining".into()),
                reset: Some(("RateLimit-ResetTime".into(), unit)),
                combined: None,
            };
            let found = headers(&[("ratelimit-remaining", "0"), ("ratelimit-resettime", value)]);
            assert_eq!(left(&names, &found, now()).pause(), Some(Duration::from_secs(expected)));
        };
        check(ResetUnit::Seconds, "30", 30);
        check(ResetUnit::EpochSeconds, "1795348810", 10);
        check(ResetUnit::EpochMillis, "1795348810000", 10);
        check(ResetUnit::Iso, "2026-11-23T00:00:00+00:00", 12 * 3600);
    }

    #[test]
    fn something_left_is_no_pause() {
        let left = Left { remaining: Some(3), reset_in: Some(Duration::from_secs(9)) };
        assert_eq!(left.pause(), None);
        assert_eq!(Left::default().pause(), None);
    }

    #[test]
    fn eventbrite_puts_both_budgets_in_one_header() {
        let pattern = Regex::new(r"(?P<used>\d+)/(?P<limit>\d+) reset=(?P<reset>\d+)s").expect("a pattern");
        let left = combined(&pattern, "token:ABC 69/2000 reset=874s, key:DEF 2000/2000 reset=900s");
        assert_eq!(left, Left { remaining: Some(0), reset_in: Some(Duration::from_secs(900)) });
        assert_eq!(combined(&pattern, "nothing of the kind"), Left::default());
    }
}
