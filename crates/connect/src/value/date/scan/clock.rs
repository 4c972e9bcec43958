//! Clock times: "5:30PM", "3 p.m.", "18h30", "18 Uhr", "noon", "10 - 11:30 am".

use chrono::{FixedOffset, NaiveTime};
use model::Zone;

use super::super::words;
use super::meridiem;
use super::token::Token;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meridiem {
    Am,
    Pm,
}

/// A time as written, before the other end of its range has had a say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Time {
    hour: u32,
    minute: u32,
    second: u32,
    half: Option<Meridiem>,
}

impl Time {
    fn new(hour: u32, minute: u32, second: u32, half: Option<Meridiem>) -> Option<Time> {
        let fits = minute < 60 && second < 60 && (hour < 24 || (hour == 24 && minute == 0));
        fits.then_some(Time { hour, minute, second, half })
    }

    fn with(self, half: Option<Meridiem>) -> Option<NaiveTime> {
        let hour = match half {
            Some(Meridiem::Am) if self.hour == 12 => 0,
            Some(Meridiem::Pm) if self.hour < 12 => self.hour + 12,
            _ => self.hour % 24,
        };
        NaiveTime::from_hms_opt(hour, self.minute, self.second)
    }
}

/// The start and end that the written times mean: an end lends its "pm" to a start without one, unless
/// the start would then lie after it ("11 - 1 pm"); a start lends its own to an end.
pub(super) fn settle(times: &[Time]) -> (Option<NaiveTime>, Option<NaiveTime>) {
    let Some(first) = times.first().copied() else { return (None, None) };
    let Some(last) = times.get(1).copied() else { return (first.with(first.half), None) };
    let end = last.with(last.half);
    let borrowed = first.half.or(last.half.filter(|_| first.hour <= 12));
    let start = match (first.with(borrowed), first.half, end) {
        (Some(start), None, Some(end)) if start > end && last.half == Some(Meridiem::Pm) => {
            first.with(Some(Meridiem::Am))
        }
        (start, _, _) => start,
    };
    let end = match (start, end, last.half) {
        (Some(start), Some(end), None) if end < start && first.half.is_some() && last.hour < 12 => {
            last.with(Some(Meridiem::Pm)).filter(|later| *later > start).or(Some(end))
        }
        (_, end, _) => end,
    };
    (start, end)
}

/// A time at the beginning of `tokens`, and how many of them it takes.
pub(super) fn read(tokens: &[Token]) -> Option<(Time, usize)> {
    named(tokens).or_else(|| explicit(tokens)).or_else(|| bare_start_of_range(tokens))
}

fn named(tokens: &[Token]) -> Option<(Time, usize)> {
    let skip = usize::from(tokens.first()?.number(2..=2) == Some(12));
    let hour = words::named_hour(tokens.get(skip)?.word()?)?;
    Some((Time::new(hour, 0, 0, None)?, skip + 1))
}

/// A number that other signs prove to be a time.
fn explicit(tokens: &[Token]) -> Option<(Time, usize)> {
    let hour = tokens.first()?.number(1..=4)?;
    let digits = tokens[0].text().len();
    if digits > 2 {
        // "830 am", "1030 a.m."
        let (half, used) = meridiem(&tokens[1..])?;
        return Some((Time::new(hour / 100, hour % 100, 0, Some(half))?, 1 + used));
    }
    if hour > 24 {
        return None;
    }
    let sign = tokens.get(1)?;
    if (sign.is(":") || sign.is(".") || sign.is("h") && sign.glued())
        && let Some(found) = with_minutes(tokens, hour, sign.text())
    {
        return Some(found);
    }
    if sign.is("uhr") || sign.is("h") && sign.glued() || sign.is("heures") {
        return Some((Time::new(hour, 0, 0, None)?, 2));
    }
    let (half, used) = meridiem(&tokens[1..])?;
    (1..=12).contains(&hour).then_some(())?;
    Some((Time::new(hour, 0, 0, Some(half))?, 1 + used))
}

fn with_minutes(tokens: &[Token], hour: u32, sign: &str) -> Option<(Time, usize)> {
    let minute = tokens.get(2)?.number(2..=2)?;
    let mut used = 3;
    let mut second = 0;
    if sign == ":"
        && tokens.get(3).is_some_and(|t| t.is(":"))
        && let Some(seconds) = tokens.get(4).and_then(|t| t.number(2..=2))
    {
        (second, used) = (seconds, 5);
        let fraction = tokens.get(5).is_some_and(|t| t.is("."))
            && tokens.get(6).is_some_and(|t| t.glued() && t.number(1..=9).is_some());
        used += if fraction { 2 } else { 0 };
    }
    let half = meridiem(&tokens[used..]);
    let uhr = tokens.get(used).is_some_and(|t| t.is("uhr"));
    if sign == "." && half.is_none() && !uhr {
        return None;
    }
    let (half, more) = half.map_or((None, usize::from(uhr)), |(half, more)| (Some(half), more));
    let half = half.filter(|_| hour <= 12);
    Some((Time::new(hour, minute, second, half)?, used + more))
}

/// "10" in "10 - 11:30 am": an hour only because a full time follows the joining word.
fn bare_start_of_range(tokens: &[Token]) -> Option<(Time, usize)> {
    let hour = tokens.first()?.number(1..=2).filter(|hour| (1..=12).contains(hour))?;
    words::joins_range(tokens.get(1)?.text()).then_some(())?;
    let after = tokens.get(2..)?;
    named(after).or_else(|| explicit(after))?;
    Some((Time::new(hour, 0, 0, None)?, 1))
}

/// `Z`, `UTC`, `GMT`, `+02:00`, `-0500` at the beginning of `tokens`. Only a machine-made time (one with
/// seconds, or behind a `T`) is followed by an offset with a colon: "10:00-11:30" is a range.
pub(super) fn offset(tokens: &[Token], machine_made: bool) -> Option<(Zone, usize)> {
    let first = tokens.first()?;
    if first.is("z") && first.glued() || first.is("utc") || first.is("gmt") {
        let utc = FixedOffset::east_opt(0)?;
        return Some((Zone::Offset(utc), 1));
    }
    let sign = match first.text() {
        "+" => 1,
        "-" => -1,
        _ => return None,
    };
    let digits = tokens.get(1).filter(|t| t.glued())?;
    let (hours, minutes, used) = match digits.number(4..=4) {
        Some(both) => (both / 100, both % 100, 2),
        None if first.glued() && machine_made => {
            tokens.get(2).filter(|t| t.is(":") && t.glued())?;
            (digits.number(1..=2).filter(|hours| *hours <= 14)?, tokens.get(3)?.number(2..=2)?, 4)
        }
        None => return None,
    };
    let secs = i32::try_from(hours * 3600 + minutes * 60).ok()?;
    Some((Zone::Offset(FixedOffset::east_opt(sign * secs)?), used))
}
