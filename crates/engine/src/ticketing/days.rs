//! The days of an event: which dates its weekdays are, and what stands for a day in reports.

use chrono::{Datelike, NaiveDate, Weekday};
use serde::{Serialize, Serializer};

/// The days an event takes, on its own clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct EventDays {
    /// The first day; `None` where it is not known.
    pub first: Option<NaiveDate>,
    /// The last day, included.
    pub last: Option<NaiveDate>,
}

/// A day that a ticket is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Day {
    /// This weekday.
    One(Weekday),
    /// More than one day.
    Several,
}

/// Longer events have no weekdays that mean one date.
const DAYS_MAX: usize = 31;

impl EventDays {
    /// From the first to the last day; a last day before the first counts for nothing.
    pub fn new(first: Option<NaiveDate>, last: Option<NaiveDate>) -> EventDays {
        let last = last.filter(|last| first.is_some_and(|first| *last >= first)).or(first);
        EventDays { first, last }
    }

    /// The dates, in order.
    pub fn dates(&self) -> Vec<NaiveDate> {
        let (Some(first), Some(last)) = (self.first, self.last) else { return Vec::new() };
        first.iter_days().take_while(|date| *date <= last).take(DAYS_MAX).collect()
    }

    /// The first date of the event that is this weekday.
    pub fn date_of(&self, weekday: Weekday) -> Option<NaiveDate> {
        self.dates().into_iter().find(|date| date.weekday() == weekday)
    }

    /// The date that a ticket for `day` is used on: that of its weekday, else the event's first one.
    pub fn date_for(&self, day: Option<Day>) -> Option<NaiveDate> {
        match day {
            Some(Day::One(weekday)) => self.date_of(weekday).or(self.first),
            _ => self.first,
        }
    }
}

impl Day {
    /// As capacity files and reports name it.
    pub fn name(self) -> &'static str {
        match self {
            Day::One(Weekday::Mon) => "MONDAY",
            Day::One(Weekday::Tue) => "TUESDAY",
            Day::One(Weekday::Wed) => "WEDNESDAY",
            Day::One(Weekday::Thu) => "THURSDAY",
            Day::One(Weekday::Fri) => "FRIDAY",
            Day::One(Weekday::Sat) => "SATURDAY",
            Day::One(Weekday::Sun) => "SUNDAY",
            Day::Several => "MULTI_DAY",
        }
    }

    /// The day of this name, in any case.
    pub fn from_name(name: &str) -> Option<Day> {
        let all = [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat];
        let all = all.into_iter().chain([Weekday::Sun]).map(Day::One).chain([Day::Several]);
        let wanted = name.trim().to_uppercase().replace([' ', '-'], "_");
        all.into_iter().find(|day| day.name() == wanted)
    }

    /// From Monday on; several days come last.
    pub fn order(self) -> u32 {
        match self {
            Day::One(weekday) => weekday.num_days_from_monday(),
            Day::Several => 7,
        }
    }
}

impl PartialOrd for Day {
    fn partial_cmp(&self, other: &Day) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Day {
    fn cmp(&self, other: &Day) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

impl Serialize for Day {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn weekdays_are_dates_of_the_event() {
        let days = EventDays::new("2025-10-22".parse().ok(), "2025-10-26".parse().ok());
        let date = |text: &str| text.parse::<NaiveDate>().ok();
        assert_eq!(days.date_of(Weekday::Wed), date("2025-10-22"));
        assert_eq!(days.date_for(Some(Day::One(Weekday::Sun))), date("2025-10-26"));
        assert_eq!(days.date_of(Weekday::Mon), None);
        // What has no day of its own, or one that the event has not, is used on its first day.
        assert_eq!(days.date_for(None), date("2025-10-22"));
        assert_eq!(days.date_for(Some(Day::One(Weekday::Mon))), date("2025-10-22"));
        assert_eq!(EventDays::default().date_for(None), None);
    }

    #[test]
    fn days_have_one_name() {
        assert_eq!(Day::from_name("saturday"), Some(Day::One(Weekday::Sat)));
        assert_eq!(Day::from_name("multi day"), Some(Day::Several));
        assert_eq!(Day::from_name("ALL"), None);
    }
}
