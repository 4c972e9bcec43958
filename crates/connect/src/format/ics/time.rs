//! DATE, DATE-TIME, DURATION and PERIOD values, strictly as RFC 5545 writes them and in the looser
//! forms the wild adds: ISO 8601 punctuation, missing seconds, offsets.

use chrono::{FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// A time value as written, before its zone is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// A calendar day.
    Date(NaiveDate),
    /// A local clock time; the property says of which zone, if it says.
    Local(NaiveDateTime),
    /// A clock time with `Z`, in UTC.
    Utc(NaiveDateTime),
    /// A clock time with an offset; not allowed by the standard, met all the same.
    Offset(NaiveDateTime, FixedOffset),
}

/// Years outside these are damage, and arithmetic near the ends of the calendar is not worth having.
const YEARS: std::ops::RangeInclusive<i32> = 1..=9990;

/// Reads a DATE or DATE-TIME.
pub fn stamp(text: &str) -> Option<Stamp> {
    let text = text.trim();
    let (date, rest) = leading_date(text)?;
    let rest = rest.trim_start_matches([' ', 'T', 't']);
    if rest.is_empty() {
        return Some(Stamp::Date(date));
    }
    let (local, rest) = clock(date, rest)?;
    match rest.trim() {
        "" => Some(Stamp::Local(local)),
        "Z" | "z" => Some(Stamp::Utc(local)),
        offset => Some(Stamp::Offset(local, FixedOffset::east_opt(offset_secs(offset)?)?)),
    }
}

/// `20260131` or `2026-01-31`, and what follows.
fn leading_date(text: &str) -> Option<(NaiveDate, &str)> {
    let bytes = text.as_bytes();
    let (month, day, length) = if bytes.get(4) == Some(&b'-') { (5, 8, 10) } else { (4, 6, 8) };
    if length == 10 && bytes.get(7) != Some(&b'-') {
        return None;
    }
    let year = i32::try_from(digits(bytes, 0, 4)?).ok().filter(|year| YEARS.contains(year))?;
    let date = NaiveDate::from_ymd_opt(year, digits(bytes, month, 2)?, digits(bytes, day, 2)?)?;
    Some((date, text.get(length..)?))
}

/// `193000`, `1930`, `19:30:00`, with a fraction that is dropped; and what follows. `240000` is the
/// next midnight, second 60 is read as 59.
fn clock(date: NaiveDate, text: &str) -> Option<(NaiveDateTime, &str)> {
    let bytes = text.as_bytes();
    let colons = usize::from(bytes.get(2) == Some(&b':'));
    let hour = digits(bytes, 0, 2)?;
    let minute = digits(bytes, 2 + colons, 2)?;
    let mut length = 4 + colons;
    let has_seconds = colons == 0 || bytes.get(length) == Some(&b':');
    let second = match digits(bytes, length + colons, 2) {
        Some(second) if has_seconds => {
            length += 2 + colons;
            second
        }
        _ => 0,
    };
    let mut rest = text.get(length..)?;
    if let Some(fraction) = rest.strip_prefix('.') {
        rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    if (hour, minute, second) == (24, 0, 0) {
        return Some((date.succ_opt()?.and_time(NaiveTime::MIN), rest));
    }
    Some((date.and_hms_opt(hour, minute, second.min(59))?, rest))
}

fn digits(bytes: &[u8], from: usize, count: usize) -> Option<u32> {
    let digits = bytes.get(from..from + count)?;
    digits.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

/// A UTC-OFFSET in seconds east: `+0100`, `-002946`, `+01:00`, `0100`.
pub fn offset_secs(text: &str) -> Option<i32> {
    let text = text.trim();
    let (sign, rest) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    let rest = rest.replace(':', "");
    let bytes = rest.as_bytes();
    let part = |from: usize| digits(bytes, from, 2).and_then(|n| i32::try_from(n).ok());
    let (hours, minutes, seconds) = match bytes.len() {
        2 => (part(0)?, 0, 0),
        4 => (part(0)?, part(2)?, 0),
        6 => (part(0)?, part(2)?, part(4)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60 && seconds < 60).then_some(sign * (hours * 3600 + minutes * 60 + seconds))
}

/// The longest duration believed: ten years. Beyond that a value is damage.
const LONGEST_DAYS: i64 = 3660;

/// Reads a DURATION: `P1W`, `P1DT2H`, `-PT15M`, also `PT1H0M0S` with parts in any order.
pub fn duration(text: &str) -> Option<TimeDelta> {
    let text = text.trim().to_ascii_uppercase();
    let (negative, rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(&text)),
    };
    let mut rest = rest.strip_prefix('P')?;
    let mut secs = 0_i64;
    let mut parts = 0;
    while !rest.is_empty() {
        rest = rest.strip_prefix('T').unwrap_or(rest);
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let number: i64 = rest[..end].parse().ok()?;
        let unit = match rest.as_bytes().get(end)? {
            b'W' => 604_800,
            b'D' => 86_400,
            b'H' => 3600,
            b'M' => 60,
            b'S' => 1,
            _ => return None,
        };
        secs = secs.checked_add(number.checked_mul(unit)?)?;
        rest = &rest[end + 1..];
        parts += 1;
    }
    let believed = parts > 0 && secs <= LONGEST_DAYS * 86_400;
    believed.then(|| TimeDelta::seconds(if negative { -secs } else { secs }))
}

/// How a PERIOD ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeriodEnd {
    /// At a time.
    At(Stamp),
    /// After a while.
    After(TimeDelta),
}

/// Reads a PERIOD (`start/end` or `start/duration`), or a plain time, which has no end of its own.
pub fn period(text: &str) -> Option<(Stamp, Option<PeriodEnd>)> {
    let Some((start, end)) = text.split_once('/') else {
        return Some((stamp(text)?, None));
    };
    let end = duration(end).map(PeriodEnd::After).or_else(|| stamp(end).map(PeriodEnd::At));
    Some((stamp(start)?, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> NaiveDateTime {
        text.parse().expect("test time")
    }

    #[test]
    fn times_strict_and_loose() {
        let check = |text, expected| assert_eq!(stamp(text), expected, "{text}");
        let evening = at("2026-01-31T19:30:00");
        check("20260131", Some(Stamp::Date(evening.date())));
        check("2026-01-31", Some(Stamp::Date(evening.date())));
        check(" 20260131T193000 ", Some(Stamp::Local(evening)));
        check("20260131T193000Z", Some(Stamp::Utc(evening)));
        check("20260131t193000z", Some(Stamp::Utc(evening)));
        check("20260131T1930", Some(Stamp::Local(evening)));
        check("2026-01-31T19:30:00.000Z", Some(Stamp::Utc(evening)));
        check("2026-01-31 19:30", Some(Stamp::Local(evening)));
        check("20260131T240000", Some(Stamp::Local(at("2026-02-01T00:00:00"))));
        check("20260131T235960Z", Some(Stamp::Utc(at("2026-01-31T23:59:59"))));
        let east = FixedOffset::east_opt(3600).expect("in range");
        check("20260131T193000+0100", Some(Stamp::Offset(evening, east)));
        for bad in [
            "",
            "T",
            "2026",
            "20261301",
            "20260230T100000",
            "00000101",
            "20260131T99",
            "é0260131",
            "20260131Té",
        ] {
            check(bad, None);
        }
    }

    #[test]
    fn durations() {
        let check = |text, expected: Option<i64>| {
            assert_eq!(duration(text).map(|d| d.num_seconds()), expected, "{text}");
        };
        check("P1W", Some(604_800));
        check("P1DT2H3M4S", Some(93_784));
        check("-PT15M", Some(-900));
        check("PT0S", Some(0));
        check("p1d", Some(86_400));
        check("P999999999999999999W", None);
        check("P99999999W", None);
        check("P", None);
        check("PT", None);
        check("1H", None);
        check("PT1", None);
    }

    #[test]
    fn offsets_and_periods() {
        assert_eq!(offset_secs("-0000"), Some(0));
        assert_eq!(offset_secs("+002946"), Some(1786));
        assert_eq!(offset_secs("-05:00"), Some(-18_000));
        assert_eq!(offset_secs("+9900"), None);
        assert_eq!(offset_secs("é"), None);
        let (start, end) = period("20260101T100000Z/PT1H").expect("a period");
        assert_eq!(start, Stamp::Utc(at("2026-01-01T10:00:00")));
        assert_eq!(end, Some(PeriodEnd::After(TimeDelta::hours(1))));
        let (_, end) = period("20260101T100000/20260101T110000").expect("a period");
        assert_eq!(end, Some(PeriodEnd::At(Stamp::Local(at("2026-01-01T11:00:00")))));
    }
}
