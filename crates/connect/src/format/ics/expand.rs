//! Expands a rule in naive local time: the clock times a series names, before any zone says which
//! instants they are. Daylight saving therefore never moves an event on its own clock.
//!
//! Goes to the window directly where no COUNT forces it to count from the start, and every search
//! has a bound, so a rule that never matches, or matches every second, costs no more than others.

use chrono::{Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Weekday};

use super::rule::{Frequency, Rule};

/// Which part of a series is wanted.
#[derive(Debug, Clone, Copy)]
pub struct Span {
    /// First local time wanted.
    pub from: NaiveDateTime,
    /// Last local time wanted, included.
    pub to: NaiveDateTime,
    /// How many occurrences at most.
    pub limit: usize,
}

/// Occurrences of a rule, in order.
#[derive(Debug, Default, PartialEq)]
pub struct Occurrences {
    /// Their local starts.
    pub starts: Vec<NaiveDateTime>,
    /// True when a bound was reached before the end of the span.
    pub cut: bool,
}

/// Periods looked at per rule; 110 years of days.
const PERIODS: u32 = 40_000;

/// Times taken from one period: a rule can name every second of a year.
const TIMES: usize = 20_000;

/// The occurrences inside `span` of the series that begins at `start` and follows `rule` up to
/// `last`. The start itself belongs to them even where the rule does not match it, and counts.
pub fn expand(rule: &Rule, start: NaiveDateTime, last: Option<NaiveDateTime>, span: Span) -> Occurrences {
    let mut found = Occurrences::default();
    let mut counted = 0;
    let end = last.map_or(span.to, |last| last.min(span.to));
    let keep = |at: NaiveDateTime, found: &mut Occurrences| {
        if at >= span.from && at <= span.to {
            found.starts.push(at);
        }
    };
    counted += 1;
    keep(start, &mut found);
    let plan = Plan::new(rule, start);
    let first = if rule.count.is_some() { 0 } else { plan.periods_before(span.from) };
    let mut times = Vec::new();
    for step in 0..=PERIODS {
        let Some(period) = plan.period(u64::from(first) + u64::from(step)) else { return found };
        if period.begin > end {
            return found;
        }
        if step == PERIODS || found.starts.len() >= span.limit {
            found.cut = true;
            return found;
        }
        times.clear();
        if !plan.times_in(&period, &mut times) {
            found.cut = true;
        }
        for at in times.iter().copied().filter(|at| *at > start) {
            if at > end
                || rule.count.is_some_and(|count| counted >= count)
                || found.starts.len() >= span.limit
            {
                found.cut |= at <= end && found.starts.len() >= span.limit;
                return found;
            }
            counted += 1;
            keep(at, &mut found);
        }
        if rule.count.is_some_and(|count| counted >= count) {
            return found;
        }
    }
    found
}

/// A rule with what it takes from its start filled in.
struct Plan<'r> {
    rule: &'r Rule,
    start: NaiveDateTime,
    months: Vec<i32>,
    month_days: Vec<i32>,
    weekdays: Vec<(i32, Weekday)>,
}

/// One year, month, week, day, hour, minute or second of a rule.
struct Period {
    begin: NaiveDateTime,
    days: u64,
}

impl<'r> Plan<'r> {
    fn new(rule: &'r Rule, start: NaiveDateTime) -> Plan<'r> {
        let (mut months, mut month_days, mut weekdays) =
            (rule.months.clone(), rule.month_days.clone(), rule.weekdays.clone());
        let no_days = rule.year_days.is_empty() && month_days.is_empty() && weekdays.is_empty();
        match rule.frequency {
            Frequency::Yearly if no_days && !rule.weeks.is_empty() => weekdays.push((0, start.weekday())),
            Frequency::Yearly if no_days => {
                if months.is_empty() {
                    months.push(signed(start.month()));
                }
                month_days.push(signed(start.day()));
            }
            Frequency::Monthly if no_days => month_days.push(signed(start.day())),
            Frequency::Weekly if weekdays.is_empty() => weekdays.push((0, start.weekday())),
            _ => {}
        }
        Plan { rule, start, months, month_days, weekdays }
    }

    /// How many steps of the interval lie wholly before `at`; one less, to be safe at the edges.
    fn periods_before(&self, at: NaiveDateTime) -> u32 {
        let start = self.start;
        let span = at - start;
        let periods = match self.rule.frequency {
            Frequency::Yearly => i64::from(at.year() - start.year()),
            Frequency::Monthly => i64::from(at.year() - start.year()) * 12 + month_gap(at, start),
            Frequency::Weekly => span.num_weeks(),
            Frequency::Daily => span.num_days(),
            Frequency::Hourly => span.num_hours(),
            Frequency::Minutely => span.num_minutes(),
            Frequency::Secondly => span.num_seconds(),
        };
        let steps = periods / i64::from(self.rule.interval) - 2;
        u32::try_from(steps.max(0)).unwrap_or(u32::MAX)
    }

    /// The period `step` intervals after the one that holds the start.
    fn period(&self, step: u64) -> Option<Period> {
        let amount = i64::try_from(step.checked_mul(u64::from(self.rule.interval))?).ok()?;
        let day = self.start.date();
        let whole =
            |first: NaiveDate, days: u64| Some(Period { begin: first.and_time(NaiveTime::MIN), days });
        let within = |delta: Option<TimeDelta>| {
            let begin = self.clock_begin().checked_add_signed(delta?)?;
            Some(Period { begin, days: 1 })
        };
        match self.rule.frequency {
            Frequency::Yearly => {
                let year = i32::try_from(i64::from(day.year()).checked_add(amount)?).ok()?;
                let days = if NaiveDate::from_yo_opt(year, 366).is_some() { 366 } else { 365 };
                whole(NaiveDate::from_yo_opt(year, 1)?, days)
            }
            Frequency::Monthly => {
                let index = i64::from(day.year()) * 12 + i64::from(day.month0()) + amount;
                let year = i32::try_from(index.div_euclid(12)).ok()?;
                let month = u32::try_from(index.rem_euclid(12)).ok()? + 1;
                whole(NaiveDate::from_ymd_opt(year, month, 1)?, u64::from(days_in_month(year, month)))
            }
            Frequency::Weekly => {
                let into = day.weekday().days_since(self.rule.week_start);
                let first = day.checked_sub_days(Days::new(u64::from(into)))?;
                whole(first.checked_add_signed(TimeDelta::try_weeks(amount)?)?, 7)
            }
            Frequency::Daily => whole(day.checked_add_signed(TimeDelta::try_days(amount)?)?, 1),
            Frequency::Hourly => within(TimeDelta::try_hours(amount)),
            Frequency::Minutely => within(TimeDelta::try_minutes(amount)),
            Frequency::Secondly => within(TimeDelta::try_seconds(amount)),
        }
    }

    /// The start of the hour, minute or second in which the series starts.
    fn clock_begin(&self) -> NaiveDateTime {
        let past = match self.rule.frequency {
            Frequency::Hourly => self.start.minute() * 60 + self.start.second(),
            Frequency::Minutely => self.start.second(),
            _ => 0,
        };
        self.start - TimeDelta::seconds(i64::from(past))
    }

    /// The times the rule gives in one period, in order. False when there are too many.
    fn times_in(&self, period: &Period, times: &mut Vec<NaiveDateTime>) -> bool {
        let first = period.begin.date();
        for offset in 0..period.days {
            let Some(day) = first.checked_add_days(Days::new(offset)) else { break };
            if times.len() > TIMES {
                return false;
            }
            if self.takes_day(day) {
                self.times_on(day, period, times);
            }
        }
        if !self.rule.positions.is_empty() {
            self.keep_positions(times);
        }
        true
    }

    fn times_on(&self, day: NaiveDate, period: &Period, times: &mut Vec<NaiveDateTime>) {
        let (at, start, frequency) = (period.begin, self.start, self.rule.frequency);
        let hours = Choice::of(&self.rule.hours, frequency >= Frequency::Hourly, at.hour(), start.hour());
        let minutes =
            Choice::of(&self.rule.minutes, frequency >= Frequency::Minutely, at.minute(), start.minute());
        let seconds =
            Choice::of(&self.rule.seconds, frequency >= Frequency::Secondly, at.second(), start.second());
        for hour in hours.values() {
            for minute in minutes.values() {
                times.extend(seconds.values().filter_map(|second| day.and_hms_opt(hour, minute, second)));
            }
        }
    }

    fn takes_day(&self, day: NaiveDate) -> bool {
        let rule = self.rule;
        let year_length = || if day.leap_year() { 366 } else { 365 };
        takes(&self.months, || signed(day.month()), || 12)
            && takes(
                &self.month_days,
                || signed(day.day()),
                || signed(days_in_month(day.year(), day.month())),
            )
            && takes(&rule.year_days, || signed(day.ordinal()), year_length)
            && (self.weekdays.is_empty() || self.takes_weekday(day))
            && (rule.weeks.is_empty() || self.takes_week(day))
    }

    /// BYDAY. A number counts within the month, or within the year for a yearly rule that names no
    /// month; it means nothing for other frequencies.
    fn takes_weekday(&self, day: NaiveDate) -> bool {
        let (position, length) = match self.rule.frequency {
            Frequency::Yearly if self.rule.months.is_empty() => {
                (day.ordinal(), if day.leap_year() { 366 } else { 365 })
            }
            _ => (day.day(), days_in_month(day.year(), day.month())),
        };
        let numbered = self.rule.frequency <= Frequency::Monthly && self.rule.weeks.is_empty();
        self.weekdays.iter().any(|(nth, weekday)| {
            let from_start = signed((position - 1) / 7 + 1);
            let from_end = -signed((length - position) / 7 + 1);
            *weekday == day.weekday() && (*nth == 0 || !numbered || *nth == from_start || *nth == from_end)
        })
    }

    /// BYWEEKNO: weeks begin at WKST, and the first is the one with four days in the year.
    fn takes_week(&self, day: NaiveDate) -> bool {
        let into = i64::from(day.weekday().days_since(self.rule.week_start));
        let Some(middle) = day.checked_add_signed(TimeDelta::days(3 - into)) else { return false };
        let number = signed(middle.ordinal0() / 7 + 1);
        let year_length = if middle.leap_year() { 366 } else { 365 };
        let weeks = number + (year_length - signed(middle.ordinal())) / 7;
        self.rule.weeks.iter().any(|week| *week == number || *week == number - weeks - 1)
    }

    fn keep_positions(&self, times: &mut Vec<NaiveDateTime>) {
        let length = signed(u32::try_from(times.len()).unwrap_or(u32::MAX));
        let mut position = 0;
        times.retain(|_| {
            position += 1;
            self.rule.positions.iter().any(|wanted| *wanted == position || *wanted == position - length - 1)
        });
    }
}

/// The hours, minutes or seconds of a day that count.
enum Choice<'a> {
    Listed(&'a [i32]),
    One(u32),
    Neither,
}

impl Choice<'_> {
    /// Where the frequency is this unit or finer, the period is at one value and a list filters it;
    /// otherwise the list is what to expand to, and without a list the start's value is taken.
    fn of(listed: &[i32], fixed: bool, period: u32, start: u32) -> Choice<'_> {
        match (fixed, listed.is_empty()) {
            (true, true) => Choice::One(period),
            (true, false) if listed.contains(&signed(period)) => Choice::One(period),
            (true, false) => Choice::Neither,
            (false, true) => Choice::One(start),
            (false, false) => Choice::Listed(listed),
        }
    }

    fn values(&self) -> impl Iterator<Item = u32> {
        let (listed, one): (&[i32], Option<u32>) = match self {
            Choice::Listed(listed) => (listed, None),
            Choice::One(value) => (&[], Some(*value)),
            Choice::Neither => (&[], None),
        };
        listed.iter().map(|value| value.unsigned_abs()).chain(one)
    }
}

/// True when `list` is empty or holds `value`, counted from the start or from the end.
fn takes(list: &[i32], value: impl Fn() -> i32, length: impl Fn() -> i32) -> bool {
    list.is_empty() || list.iter().any(|wanted| *wanted == value() || *wanted == value() - length() - 1)
}

fn month_gap(later: NaiveDateTime, earlier: NaiveDateTime) -> i64 {
    i64::from(later.month()) - i64::from(earlier.month())
}

fn days_in_month(year: i32, month: u32) -> u32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if NaiveDate::from_ymd_opt(year, 2, 29).is_some() => 29,
        2 => 28,
        _ => 31,
    }
}

/// Calendar numbers are small: day of a year at most.
fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests;
