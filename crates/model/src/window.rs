//! A span of days: the recurrence window, the edges of a dated search, a backfill slice.

use chrono::{NaiveDate, TimeDelta};
use serde::{Deserialize, Serialize};

/// Whole days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    /// First day.
    pub from: NaiveDate,
    /// Last day.
    pub to: NaiveDate,
}

impl Window {
    /// `days_back` before and `days_ahead` after `today`.
    pub fn around(today: NaiveDate, days_back: u32, days_ahead: u32) -> Window {
        let shift = |days: i64| today.checked_add_signed(TimeDelta::days(days));
        Window {
            from: shift(-i64::from(days_back)).unwrap_or(NaiveDate::MIN),
            to: shift(i64::from(days_ahead)).unwrap_or(NaiveDate::MAX),
        }
    }

    /// True when `day` lies inside.
    pub fn contains(&self, day: NaiveDate) -> bool {
        self.from <= day && day <= self.to
    }

    /// The two halves, or `None` for a single day, which cannot be split.
    pub fn split(&self) -> Option<(Window, Window)> {
        let days = (self.to - self.from).num_days();
        if days < 1 {
            return None;
        }
        let middle = self.from + TimeDelta::days(days / 2);
        let second = middle + TimeDelta::days(1);
        Some((Window { from: self.from, to: middle }, Window { from: second, to: self.to }))
    }
}
