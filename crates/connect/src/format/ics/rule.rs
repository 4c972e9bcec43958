//! Recurrence rules: RRULE text in, a valid [`Rule`] out, with the repairs that keep a rule of the
//! wild usable. What cannot be repaired is an error that says why; the event then happens once.

use chrono::{NaiveDateTime, TimeDelta, Timelike, Weekday};

use super::time::{Stamp, stamp};

/// How often a rule repeats.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Frequency {
    /// Every so many years.
    Yearly,
    /// Every so many months.
    Monthly,
    /// Every so many weeks.
    Weekly,
    /// Every so many days.
    Daily,
    /// Every so many hours.
    Hourly,
    /// Every so many minutes.
    Minutely,
    /// Every so many seconds.
    Secondly,
}

/// A recurrence rule whose parts are all in range. An empty list means the part is not given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// FREQ.
    pub frequency: Frequency,
    /// INTERVAL, at least 1.
    pub interval: u32,
    /// COUNT.
    pub count: Option<u32>,
    /// UNTIL as written; what it means depends on the zone of the start.
    pub until: Option<Stamp>,
    /// BYMONTH, 1 to 12.
    pub months: Vec<i32>,
    /// BYWEEKNO, counted from the end when negative.
    pub weeks: Vec<i32>,
    /// BYYEARDAY, counted from the end when negative.
    pub year_days: Vec<i32>,
    /// BYMONTHDAY, counted from the end when negative.
    pub month_days: Vec<i32>,
    /// BYDAY: which of its kind in month or year (0: every one), and the weekday.
    pub weekdays: Vec<(i32, Weekday)>,
    /// BYHOUR.
    pub hours: Vec<i32>,
    /// BYMINUTE.
    pub minutes: Vec<i32>,
    /// BYSECOND, 0 to 59.
    pub seconds: Vec<i32>,
    /// BYSETPOS, counted from the end when negative.
    pub positions: Vec<i32>,
    /// WKST.
    pub week_start: Weekday,
}

impl Rule {
    /// A rule that repeats at every period of `frequency`.
    pub fn every(frequency: Frequency) -> Rule {
        Rule {
            frequency,
            interval: 1,
            count: None,
            until: None,
            months: Vec::new(),
            weeks: Vec::new(),
            year_days: Vec::new(),
            month_days: Vec::new(),
            weekdays: Vec::new(),
            hours: Vec::new(),
            minutes: Vec::new(),
            seconds: Vec::new(),
            positions: Vec::new(),
            week_start: Weekday::Mon,
        }
    }

    /// Reads the value of an RRULE. Unknown parts are passed over, as the standard asks of readers.
    pub fn parse(value: &str) -> Result<Rule, String> {
        let value = value.trim();
        // Some exporters write the name twice.
        let value = if value.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("RRULE:")) {
            &value[6..]
        } else {
            value
        };
        let parts = || value.split(';').filter_map(|part| part.split_once('='));
        let frequency = parts()
            .find(|(key, _)| key.trim().eq_ignore_ascii_case("FREQ"))
            .ok_or_else(|| format!("the rule {value:?} has no FREQ"))?;
        let mut rule = Rule::every(frequency_of(frequency.1.trim())?);
        for (key, text) in parts() {
            rule.set(key.trim(), text.trim()).ok_or_else(|| format!("{key}={text} is not valid"))?;
        }
        rule.hours.sort_unstable();
        rule.minutes.sort_unstable();
        rule.seconds.sort_unstable();
        Ok(rule)
    }

    fn set(&mut self, key: &str, text: &str) -> Option<()> {
        match key.to_ascii_uppercase().as_str() {
            // Google and others read INTERVAL=0 as 1.
            "INTERVAL" => self.interval = text.parse::<u32>().ok()?.max(1),
            "COUNT" => self.count = Some(text.parse().ok().filter(|count| *count > 0)?),
            "UNTIL" if text.is_empty() => {}
            "UNTIL" => self.until = Some(stamp(text)?),
            "BYMONTH" => self.months = numbers(text, 1, 12, false)?,
            "BYWEEKNO" => self.weeks = numbers(text, 1, 53, true)?,
            "BYYEARDAY" => self.year_days = numbers(text, 1, 366, true)?,
            "BYMONTHDAY" => self.month_days = numbers(text, 1, 31, true)?,
            "BYDAY" => self.weekdays = weekdays(text)?,
            "BYHOUR" => self.hours = numbers(text, 0, 23, false)?,
            "BYMINUTE" => self.minutes = numbers(text, 0, 59, false)?,
            "BYSECOND" => self.seconds = numbers(text, 0, 59, false)?,
            "BYSETPOS" => self.positions = numbers(text, 1, 366, true)?,
            "WKST" => self.week_start = weekday(text)?,
            _ => {}
        }
        Some(())
    }

    /// The last local time the rule may give, when it has an UNTIL and the series starts at a clock
    /// time. A date includes its whole day; `to_local` turns UTC into the clock of the series.
    pub fn last_time(&self, to_local: impl Fn(NaiveDateTime) -> NaiveDateTime) -> Option<NaiveDateTime> {
        Some(match self.until? {
            Stamp::Date(date) => date.and_hms_opt(23, 59, 59)?,
            Stamp::Local(local) => local,
            Stamp::Utc(utc) => to_local(utc),
            Stamp::Offset(local, offset) => to_local(local - offset),
        })
    }

    /// The last day the rule may give, when it has an UNTIL and the series takes whole days. Exporters
    /// then write local midnight as UTC, which may fall on the day before, or the last second of the
    /// day, which may fall on the day after. The nearest midnight is meant.
    pub fn last_day(&self) -> Option<NaiveDateTime> {
        let day = match self.until? {
            Stamp::Date(date) => date,
            Stamp::Local(local) => local.date(),
            Stamp::Utc(at) | Stamp::Offset(at, _) => {
                let half_a_day = TimeDelta::hours(if at.minute() == 59 { -12 } else { 12 });
                at.checked_add_signed(half_a_day)?.date()
            }
        };
        day.and_hms_opt(23, 59, 59)
    }
}

fn frequency_of(text: &str) -> Result<Frequency, String> {
    Ok(match text.to_ascii_uppercase().as_str() {
        "YEARLY" => Frequency::Yearly,
        "MONTHLY" => Frequency::Monthly,
        "WEEKLY" => Frequency::Weekly,
        "DAILY" => Frequency::Daily,
        "HOURLY" => Frequency::Hourly,
        "MINUTELY" => Frequency::Minutely,
        "SECONDLY" => Frequency::Secondly,
        _ => return Err(format!("FREQ={text} is not valid")),
    })
}

/// A list of numbers from `least` to `most`; with `signed`, also the same counted from the end. An
/// empty list is as if the part were not given.
fn numbers(text: &str, least: i32, most: i32, signed: bool) -> Option<Vec<i32>> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let number: i32 = item.parse().ok()?;
            let size = if signed { number.checked_abs()? } else { number };
            (least..=most).contains(&size).then_some(number)
        })
        .collect()
}

fn weekdays(text: &str) -> Option<Vec<(i32, Weekday)>> {
    let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
    items
        .map(|item| {
            let at = item.len().checked_sub(2)?;
            let (nth, day) = (item.get(..at)?, item.get(at..)?);
            let nth: i32 = if nth.is_empty() { 0 } else { nth.parse().ok()? };
            Some(((-53..=53).contains(&nth).then_some(nth)?, weekday(day)?))
        })
        .collect()
}

fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.to_ascii_uppercase().as_str() {
        "MO" => Weekday::Mon,
        "TU" => Weekday::Tue,
        "WE" => Weekday::Wed,
        "TH" => Weekday::Thu,
        "FR" => Weekday::Fri,
        "SA" => Weekday::Sat,
        "SU" => Weekday::Sun,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_of_the_wild_are_read() {
        let rule =
            Rule::parse("RRULE:AnythingRandom;freq=weekly;BYDAY=fr, MO;X-A=1;INTERVAL=0;").expect("repaired");
        assert_eq!(rule.frequency, Frequency::Weekly);
        assert_eq!(rule.weekdays, [(0, Weekday::Fri), (0, Weekday::Mon)]);
        assert_eq!(rule.interval, 1);
        let rule = Rule::parse("FREQ=MONTHLY;BYDAY=-1SU,+2MO;BYMONTHDAY=-1;WKST=SU").expect("valid");
        assert_eq!(rule.weekdays, [(-1, Weekday::Sun), (2, Weekday::Mon)]);
        assert_eq!((rule.month_days.as_slice(), rule.week_start), ([-1].as_slice(), Weekday::Sun));
    }

    #[test]
    fn bad_rules_say_why() {
        let check = |text: &str, reason: &str| {
            let error = Rule::parse(text).expect_err(text);
            assert!(error.contains(reason), "{text}: {error}");
        };
        check("", "no FREQ");
        check("FREQ=FORTNIGHTLY", "FREQ=FORTNIGHTLY");
        check("FREQ=DAILY;COUNT=0", "COUNT=0");
        check("FREQ=DAILY;BYMONTH=13", "BYMONTH=13");
        check("FREQ=DAILY;BYDAY=XX", "BYDAY=XX");
        check("FREQ=DAILY;BYDAY=é", "BYDAY=é");
        check("FREQ=DAILY;UNTIL=soon", "UNTIL=soon");
        check("FREQ=DAILY;BYMONTHDAY=-2147483648", "BYMONTHDAY");
    }

    #[test]
    fn until_of_whole_days_is_the_nearest_midnight() {
        let check = |until: &str, expected: &str| {
            let rule = Rule::parse(&format!("FREQ=DAILY;UNTIL={until}")).expect("valid");
            let last = rule.last_day().expect("has an until").date();
            assert_eq!(last.to_string(), expected, "{until}");
        };
        check("20260818", "2026-08-18");
        check("20260817T220000Z", "2026-08-18");
        check("20260818T050000Z", "2026-08-18");
        check("20260818T000000Z", "2026-08-18");
        check("20260818T235959Z", "2026-08-18");
        check("20260819T045959Z", "2026-08-18");
    }
}
