//! Calendar days: ISO, numeric, month name first, day first, and ranges of days inside one month.

use super::super::Order;
use super::super::words;
use super::super::year::Written;
use super::clock;
use super::meridiem;
use super::token::Token;

/// One date, or the two ends of a range of days, at the beginning of `tokens`; and how many of them.
pub(super) fn read(tokens: &[Token], order: Order) -> Option<(Vec<Written>, usize)> {
    iso(tokens)
        .or_else(|| compact(tokens))
        .or_else(|| numeric(tokens, order))
        .or_else(|| month_first(tokens))
        .or_else(|| day_first(tokens))
        .or_else(|| month_and_day(tokens, order))
}

fn written(year: Option<u32>, month: u32, day: u32) -> Option<Written> {
    let year = match year {
        Some(year) => Some(i32::try_from(year).ok()?),
        None => None,
    };
    ((1..=12).contains(&month) && (1..=31).contains(&day)).then_some(Written {
        year,
        month,
        day,
        weekday: None,
    })
}

fn full_year(token: Option<&Token>) -> Option<u32> {
    token?.number(4..=4).filter(|year| (1900..=2100).contains(year))
}

/// Two digits: 70 to 99 are 19xx.
fn short_year(token: Option<&Token>) -> Option<u32> {
    let year = token?.number(2..=2)?;
    Some(if year < 70 { 2000 + year } else { 1900 + year })
}

/// `2019-01-14`, `2019/1/14`, with the `T` that may follow.
fn iso(tokens: &[Token]) -> Option<(Vec<Written>, usize)> {
    let year = full_year(tokens.first())?;
    let sign = tokens.get(1)?.text();
    (matches!(sign, "-" | "/" | ".") && tokens.get(3)?.is(sign)).then_some(())?;
    let (month, day) = (tokens.get(2)?.number(1..=2)?, tokens.get(4)?.number(1..=2)?);
    let t = tokens.get(5).is_some_and(|t| t.is("t") && t.glued());
    Some((vec![written(Some(year), month, day)?], 5 + usize::from(t)))
}

/// `20190114`.
fn compact(tokens: &[Token]) -> Option<(Vec<Written>, usize)> {
    let all = tokens.first()?.number(8..=8)?;
    let (year, month, day) = (all / 10_000, all / 100 % 100, all % 100);
    ((1900..=2100).contains(&year)).then_some(())?;
    Some((vec![written(Some(year), month, day)?], 1))
}

/// `7/3/19`, `14.1.2019`, `1-14-2019`.
fn numeric(tokens: &[Token], order: Order) -> Option<(Vec<Written>, usize)> {
    let first = tokens.first()?.number(1..=2)?;
    let sign = tokens.get(1)?.text();
    (matches!(sign, "-" | "/" | ".") && tokens.get(3)?.is(sign)).then_some(())?;
    let second = tokens.get(2)?.number(1..=2)?;
    let year = full_year(tokens.get(4)).or_else(|| short_year(tokens.get(4)))?;
    let (month, day) = by_order(first, second, sign, order);
    Some((vec![written(Some(year), month, day)?], 5))
}

/// Month and day of two numbers; a number above 12 is the day whatever the order.
fn by_order(first: u32, second: u32, sign: &str, order: Order) -> (u32, u32) {
    let day_first = match order {
        Order::DayFirst => true,
        Order::MonthFirst => false,
        Order::Usual => sign == ".",
    };
    match (day_first, first > 12, second > 12) {
        (true, _, true) => (first, second),
        (true, _, false) => (second, first),
        (false, true, _) => (second, first),
        (false, false, _) => (first, second),
    }
}

/// `7/3`, between slashes only.
fn month_and_day(tokens: &[Token], order: Order) -> Option<(Vec<Written>, usize)> {
    let first = tokens.first()?.number(1..=2)?;
    tokens.get(1).filter(|t| t.is("/") && t.glued())?;
    let second = tokens.get(2).filter(|t| t.glued())?.number(1..=2)?;
    let usual = order == Order::DayFirst || first <= 12;
    (usual && !tokens.get(3).is_some_and(|t| t.is("/"))).then_some(())?;
    let (month, day) = by_order(first, second, "/", order);
    Some((vec![written(None, month, day)?], 3))
}

/// `January 14th, 2019`, `Sept. 3`, `May 3-5, 2019`.
fn month_first(tokens: &[Token]) -> Option<(Vec<Written>, usize)> {
    let month = words::month(tokens.first()?.word()?)?;
    let mut at = 1 + fillers(&tokens[1..]);
    let day = day_number(tokens.get(at..)?)?;
    at += 1;
    at += ordinal(&tokens[at..]);
    let last = end_of_range(&tokens[at..]);
    at += last.map_or(0, |(_, used)| used);
    let (year, used) = year_after(&tokens[at..]);
    dates(year, month, day, last.map(|(day, _)| day), at + used)
}

/// `14 January 2019`, `5. März`, `4th of July`, `3 - 5 May`, `14-Jan-19`.
fn day_first(tokens: &[Token]) -> Option<(Vec<Written>, usize)> {
    let day = tokens.first()?.number(1..=2).filter(|day| (1..=31).contains(day))?;
    let mut at = 1 + ordinal(&tokens[1..]);
    at += usize::from(tokens.get(at).is_some_and(|t| t.is(".")));
    let last = end_of_range(tokens.get(at..)?);
    at += last.map_or(0, |(_, used)| used);
    let dashed = tokens.get(at).is_some_and(|t| t.is("-") || t.is("/"));
    at += if dashed { 1 } else { fillers(tokens.get(at..)?) };
    let month = words::month(tokens.get(at)?.word()?)?;
    at += 1;
    if dashed && tokens.get(at).is_some_and(|t| t.is("-") || t.is("/")) {
        let year = full_year(tokens.get(at + 1)).or_else(|| short_year(tokens.get(at + 1)))?;
        return dates(Some(year), month, day, None, at + 2);
    }
    let (year, used) = year_after(&tokens[at..]);
    // In "Room 5 May 3" the month belongs to the number behind it.
    if year.is_none() && day_number(tokens.get(at..).unwrap_or_default()).is_some() {
        return None;
    }
    dates(year, month, day, last.map(|(day, _)| day), at + used)
}

fn dates(
    year: Option<u32>,
    month: u32,
    first: u32,
    last: Option<u32>,
    used: usize,
) -> Option<(Vec<Written>, usize)> {
    let mut dates = vec![written(year, month, first)?];
    if let Some(last) = last.filter(|last| *last > first) {
        dates.push(written(year, month, last)?);
    }
    Some((dates, used))
}

/// A day of the month that is not the hour of a time.
fn day_number(tokens: &[Token]) -> Option<u32> {
    let day = tokens.first()?.number(1..=2).filter(|day| (1..=31).contains(day))?;
    let is_hour = tokens.get(1).is_some_and(|t| t.is(":") || t.is("h") && t.glued())
        || meridiem(&tokens[1..]).is_some()
        || clock::read(tokens).is_some_and(|(_, used)| used > 1);
    (!is_hour).then_some(day)
}

fn fillers(tokens: &[Token]) -> usize {
    tokens.iter().take(2).take_while(|t| words::fills_date(t.text())).count()
}

fn ordinal(tokens: &[Token]) -> usize {
    let is = |t: &Token| t.glued() && matches!(t.text(), "st" | "nd" | "rd" | "th" | "er" | "º" | "°");
    usize::from(tokens.first().is_some_and(is))
}

/// `-5`, `– 5.`, `to 5th`: the last day of a range inside one month.
fn end_of_range(tokens: &[Token]) -> Option<(u32, usize)> {
    words::joins_range(tokens.first()?.text()).then_some(())?;
    let day = day_number(&tokens[1..])?;
    let after = &tokens[2..];
    // "May 3 - 6/4" and "May 3 - 5 June" begin another date.
    let other = after.first().is_some_and(|t| t.is("/") || t.is(":"));
    let mut used = 2 + ordinal(after);
    used += usize::from(tokens.get(used).is_some_and(|t| t.is(".")));
    (!other).then_some((day, used))
}

/// `, 2019`, `2019`, `'19`, `del 2019`.
fn year_after(tokens: &[Token]) -> (Option<u32>, usize) {
    let skip = tokens.iter().take(3).take_while(|t| words::fills_date(t.text())).count();
    if let Some(year) = full_year(tokens.get(skip)) {
        // "January 14, 2000 Main St" cannot be told from a year; "14, 2019 am" can.
        return (Some(year), skip + 1);
    }
    let quoted = tokens.get(skip).is_some_and(|t| matches!(t.text(), "'" | "’" | "‘"));
    match short_year(tokens.get(skip + 1)).filter(|_| quoted) {
        Some(year) => (Some(year), skip + 2),
        None => (None, 0),
    }
}
