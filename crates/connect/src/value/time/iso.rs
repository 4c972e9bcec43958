//! ISO 8601 in its extended and basic forms, and the near misses that mean only one thing: unpadded
//! parts, a space for the `T`, an extra `:00`, offsets without colon or with one digit.

use chrono::{Days, NaiveDate, NaiveTime, Utc};
use model::{Clock, When, Zone};

use super::{Scan, zone_at_end};

pub(super) fn read(said: &str) -> Option<When> {
    let mut scan = Scan::new(said);
    let date = date(&mut scan)?;
    if scan.is_done() {
        return Some(When::on_date(said, date, Clock::Unstated, Zone::Floating));
    }
    separator(&mut scan)?;
    let (date, time) = match clock(&mut scan)? {
        Some(time) => (date, time),
        None => (date.checked_add_days(Days::new(1))?, NaiveTime::MIN),
    };
    let (zone, shown_in) = zone_at_end(&mut scan)?;
    let when = When::at_local(said, date.and_time(time), zone);
    match shown_in {
        None => Some(when),
        Some(named) => Some(When::at_instant(said, when.instant()?.with_timezone(&Utc), named)),
    }
}

/// `2026-05-01`, `2026-5-1`, `2026/05/01` or `20260501`.
fn date(scan: &mut Scan<'_>) -> Option<NaiveDate> {
    let year = scan.digits();
    if year.len() == 8 {
        let (year, rest) = year.split_at(4);
        let (month, day) = rest.split_at(2);
        return ymd(year, month, day);
    }
    let separator = scan.peek().filter(|c| matches!(c, '-' | '/'))?;
    scan.next();
    let month = scan.digits();
    if !scan.eat(separator) {
        return None;
    }
    ymd(year, month, scan.digits())
}

fn ymd(year: &str, month: &str, day: &str) -> Option<NaiveDate> {
    let plausible = year.len() == 4 && month.len() <= 2 && day.len() <= 2;
    let date = || NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    if plausible { date() } else { None }
}

fn separator(scan: &mut Scan<'_>) -> Option<()> {
    match scan.next()? {
        'T' | 't' => {}
        c if c.is_whitespace() => scan.skip_spaces(),
        _ => return None,
    }
    Some(())
}

/// A clock time; `Some(None)` is 24:00, the midnight at the end of the day.
fn clock(scan: &mut Scan<'_>) -> Option<Option<NaiveTime>> {
    let digits = scan.digits();
    let (hour, minute, second) = match digits.len() {
        1 | 2 if scan.eat(':') => (digits, two_digits(scan)?, seconds(scan)?),
        4 => (&digits[..2], &digits[2..], "0"),
        6 => (&digits[..2], &digits[2..4], &digits[4..]),
        _ => return None,
    };
    let nanos = fraction(scan)?;
    let (hour, minute, second): (u32, u32, u32) =
        (hour.parse().ok()?, minute.parse().ok()?, second.parse().ok()?);
    if (hour, minute, second, nanos) == (24, 0, 0, 0) {
        return Some(None);
    }
    let hour = half_of_day(scan, hour)?;
    NaiveTime::from_hms_nano_opt(hour, minute, second, nanos).map(Some)
}

fn two_digits<'a>(scan: &mut Scan<'a>) -> Option<&'a str> {
    Some(scan.digits()).filter(|digits| digits.len() == 2)
}

/// Seconds where they are given; one extra `:00` after them is a known slip and means nothing.
fn seconds<'a>(scan: &mut Scan<'a>) -> Option<&'a str> {
    if !scan.eat(':') {
        return Some("0");
    }
    let seconds = two_digits(scan)?;
    if scan.eat(':') && scan.digits() != "00" {
        return None;
    }
    Some(seconds)
}

/// Nanoseconds of a fraction; further digits are dropped.
fn fraction(scan: &mut Scan<'_>) -> Option<u32> {
    if !matches!(scan.peek(), Some('.' | ',')) {
        return Some(0);
    }
    scan.next();
    let digits = scan.digits();
    if digits.is_empty() {
        return None;
    }
    let kept = &digits[..digits.len().min(9)];
    let value: u32 = kept.parse().ok()?;
    Some(value * 10_u32.pow(9 - kept.len() as u32))
}

/// `7:30 PM` behind an ISO date. Any other word is left for the zone.
fn half_of_day(scan: &mut Scan<'_>, hour: u32) -> Option<u32> {
    let rest = scan.rest().trim_start();
    let word = rest.get(..2).unwrap_or_default().to_ascii_lowercase();
    let ends = !rest.get(2..).unwrap_or_default().starts_with(|c: char| c.is_alphanumeric());
    if !ends || !matches!(word.as_str(), "am" | "pm") {
        return Some(hour);
    }
    if !(1..=12).contains(&hour) {
        return None;
    }
    scan.skip_spaces();
    scan.letters();
    Some(hour % 12 + if word == "pm" { 12 } else { 0 })
}
