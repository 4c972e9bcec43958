//! A point in time as a source states it: what it wrote, what that means locally, and the instant
//! it resolves to where the zone is known. Nothing is silently midnight and nothing silently UTC.

use chrono::{
    DateTime, FixedOffset, LocalResult, NaiveDate, NaiveDateTime, NaiveTime, Offset, SecondsFormat, TimeZone,
    Utc,
};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// How far the clock time is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Clock {
    /// The source gives a clock time.
    Stated,
    /// The source says the event takes whole days.
    AllDay,
    /// The source says the time is still to be announced.
    ToBeAnnounced,
    /// The source gives a date and says nothing of the time.
    Unstated,
}

/// Which clock the local time is read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Zone {
    /// A named zone with its own daylight rules.
    Named(Tz),
    /// Only an offset from UTC was stated.
    Offset(FixedOffset),
    /// No zone was stated: the local time of a place that is not known.
    Floating,
}

/// A start or an end. `date` is the local calendar day; `time` is there only for [`Clock::Stated`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct When {
    /// The source's own text, unchanged.
    pub said: String,
    /// Local calendar day; `None` when the source says that the date itself is to be announced, or
    /// when `said` could not be read.
    pub date: Option<NaiveDate>,
    /// Local clock time.
    pub time: Option<NaiveTime>,
    /// How far the clock time is known.
    pub clock: Clock,
    /// Which clock `date` and `time` are read from.
    pub zone: Zone,
}

impl When {
    /// A local date and time read from a clock in `zone`.
    pub fn at_local(said: impl Into<String>, local: NaiveDateTime, zone: Zone) -> When {
        let (date, time) = (Some(local.date()), Some(local.time()));
        When { said: said.into(), date, time, clock: Clock::Stated, zone }
    }

    /// An instant, shown on the clock of `zone` (UTC when floating).
    pub fn at_instant(said: impl Into<String>, instant: DateTime<Utc>, zone: Zone) -> When {
        let zone = if zone == Zone::Floating { Zone::Offset(Utc.fix()) } else { zone };
        let local = match zone {
            Zone::Named(tz) => instant.with_timezone(&tz).naive_local(),
            Zone::Offset(offset) => instant.with_timezone(&offset).naive_local(),
            Zone::Floating => instant.naive_utc(),
        };
        When::at_local(said, local, zone)
    }

    /// A calendar day without a clock time; `clock` says why there is none.
    pub fn on_date(said: impl Into<String>, date: NaiveDate, clock: Clock, zone: Zone) -> When {
        When { said: said.into(), date: Some(date), time: None, clock, zone }
    }

    /// Text that could not be read as a time: kept as said, so that the gate can name it.
    pub fn unreadable(said: impl Into<String>) -> When {
        When { said: said.into(), date: None, time: None, clock: Clock::Unstated, zone: Zone::Floating }
    }

    /// The same local reading on the clock of `zone`, where the source named none.
    pub fn in_zone_if_floating(mut self, zone: Zone) -> When {
        if self.zone == Zone::Floating {
            self.zone = zone;
        }
        self
    }

    /// The local date and time, when both are known.
    pub fn local(&self) -> Option<NaiveDateTime> {
        Some(self.date?.and_time(self.time?))
    }

    /// The instant with its offset from UTC; `None` while day, time or zone is unknown. A time that
    /// daylight saving skips moves forward by the gap; one that occurs twice means the first.
    pub fn instant(&self) -> Option<DateTime<FixedOffset>> {
        let local = self.local()?;
        match self.zone {
            Zone::Named(tz) => resolve_local(tz, local),
            Zone::Offset(offset) => offset.from_local_datetime(&local).single(),
            Zone::Floating => None,
        }
    }

    /// The IANA name of the zone, where one is known.
    pub fn zone_name(&self) -> Option<&'static str> {
        match self.zone {
            Zone::Named(tz) => Some(tz.name()),
            _ => None,
        }
    }

    /// True when the source says that the event takes whole days.
    pub fn all_day(&self) -> bool {
        self.clock == Clock::AllDay
    }

    /// A key that orders any two times: local date and time, unknown times first on their day.
    pub fn sort_key(&self) -> (Option<NaiveDate>, Option<NaiveTime>) {
        (self.date, self.time)
    }
}

fn resolve_local(tz: Tz, local: NaiveDateTime) -> Option<DateTime<FixedOffset>> {
    match tz.from_local_datetime(&local) {
        LocalResult::Single(t) | LocalResult::Ambiguous(t, _) => Some(t.fixed_offset()),
        LocalResult::None => {
            // In a spring gap: read the clock as it stood before the gap, which lands after it.
            let before = local.checked_sub_signed(chrono::TimeDelta::hours(3))?;
            let offset = tz.offset_from_local_datetime(&before).earliest()?.fix();
            let instant = offset.from_local_datetime(&local).single()?;
            Some(instant.with_timezone(&tz).fixed_offset())
        }
    }
}

/// The stored form: what was said, what was understood, and the instant beside it.
#[derive(Serialize, Deserialize)]
struct Stored {
    said: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    date: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    time: Option<NaiveTime>,
    clock: Clock,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    zone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    offset: Option<i32>,
    /// UTC, seconds precision: derived, there for indexes and readers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    at: Option<String>,
}

impl Serialize for When {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let at = self.instant().map(|t| t.with_timezone(&Utc).to_rfc3339_opts(SecondsFormat::Secs, true));
        let (zone, offset) = match self.zone {
            Zone::Named(tz) => (Some(tz.name().to_owned()), None),
            Zone::Offset(offset) => (None, Some(offset.local_minus_utc())),
            Zone::Floating => (None, None),
        };
        let (said, date, time, clock) = (self.said.clone(), self.date, self.time, self.clock);
        Stored { said, date, time, clock, zone, offset, at }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for When {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error;
        let stored = Stored::deserialize(deserializer)?;
        let zone = match (&stored.zone, stored.offset) {
            (Some(name), _) => {
                Zone::Named(name.parse().map_err(|_| Error::custom(format!("unknown time zone {name:?}")))?)
            }
            (None, Some(secs)) => Zone::Offset(
                FixedOffset::east_opt(secs)
                    .ok_or_else(|| Error::custom(format!("offset {secs} s is out of range")))?,
            ),
            (None, None) => Zone::Floating,
        };
        Ok(When { said: stored.said, date: stored.date, time: stored.time, clock: stored.clock, zone })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn local(text: &str) -> NaiveDateTime {
        text.parse().expect("test time")
    }

    #[test]
    fn gap_moves_forward_and_overlap_means_the_first() {
        let check = |at: &str, expected: &str| {
            let when = When::at_local(at, local(at), Zone::Named(Tz::America__New_York));
            assert_eq!(when.instant().map(|t| t.to_rfc3339()).as_deref(), Some(expected), "{at}");
        };
        check("2026-03-08T02:30:00", "2026-03-08T03:30:00-04:00");
        check("2026-11-01T01:30:00", "2026-11-01T01:30:00-04:00");
        check("2026-07-01T19:00:00", "2026-07-01T19:00:00-04:00");
    }

    #[test]
    fn floating_and_date_only_times_have_no_instant() {
        let floating = When::at_local("x", local("2026-07-01T19:00:00"), Zone::Floating);
        assert_eq!(floating.instant(), None);
        let day = When::on_date(
            "2026-07-01",
            local("2026-07-01T00:00:00").date(),
            Clock::AllDay,
            Zone::Named(Tz::Europe__Berlin),
        );
        assert_eq!(day.instant(), None);
        assert!(day.all_day());
    }

    #[test]
    fn stored_form_reads_back() {
        let when =
            When::at_local("20260701T190000", local("2026-07-01T19:00:00"), Zone::Named(Tz::Europe__Berlin));
        let json = serde_json::to_value(&when).expect("serialises");
        assert_eq!(json["at"], "2026-07-01T17:00:00Z");
        assert_eq!(serde_json::from_value::<When>(json).expect("reads back"), when);
    }
}
