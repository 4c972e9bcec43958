//! The regions: where the race is, in which money, and how names are typed there.

use chrono::Weekday;
use chrono_tz::Tz;

use super::naming::Style;

#[derive(Debug)]
pub(crate) struct Region {
    pub name: &'static str,
    pub city: &'static str,
    pub venue: &'static str,
    /// ISO 3166 code; most of the athletes come from there.
    pub country: &'static str,
    pub currency: &'static str,
    /// Minor units in one: 100, or 1 where there are none.
    pub minor: i64,
    /// What a price of 1 euro is there.
    pub scale: i64,
    pub zone: Tz,
    pub style: Style,
    pub first_day: Weekday,
    pub days: u64,
    /// About when it is, in days from now. Below 0 it is under way, whatever the weekday.
    pub away: i64,
}

pub(crate) static REGIONS: [Region; 9] = [
    region("south-korea", "Incheon", "KR", ("KRW", 1, 1500), Tz::Asia__Seoul, Style::Korean).on(
        Weekday::Fri,
        3,
        30,
    ),
    region("thailand", "Bangkok", "TH", ("THB", 100, 38), Tz::Asia__Bangkok, Style::Thai).on(
        Weekday::Fri,
        3,
        62,
    ),
    region("frankfurt", "Frankfurt", "DE", ("EUR", 100, 1), Tz::Europe__Berlin, Style::German).on(
        Weekday::Thu,
        4,
        95,
    ),
    // under way, so that there are scans
    region("auckland", "Auckland", "NZ", ("NZD", 100, 2), Tz::Pacific__Auckland, Style::Plain).on(
        Weekday::Sat,
        3,
        -1,
    ),
    region("hong-kong", "Hong Kong", "HK", ("HKD", 100, 9), Tz::Asia__Hong_Kong, Style::Chinese).on(
        Weekday::Wed,
        5,
        120,
    ),
    region("taiwan", "Taipei", "TW", ("TWD", 100, 35), Tz::Asia__Taipei, Style::Chinese).on(
        Weekday::Sat,
        2,
        44,
    ),
    region("japan", "Osaka", "JP", ("JPY", 1, 165), Tz::Asia__Tokyo, Style::Plain).on(Weekday::Fri, 3, 70),
    region("singapore", "Singapore", "SG", ("SGD", 100, 1), Tz::Asia__Singapore, Style::Plain).on(
        Weekday::Fri,
        3,
        15,
    ),
    region("australia", "Melbourne", "AU", ("AUD", 100, 2), Tz::Australia__Melbourne, Style::Plain).on(
        Weekday::Thu,
        4,
        81,
    ),
];

const fn region(
    name: &'static str,
    city: &'static str,
    country: &'static str,
    (currency, minor, scale): (&'static str, i64, i64),
    zone: Tz,
    style: Style,
) -> Region {
    let (first_day, days, away) = (Weekday::Sat, 2, 30);
    Region {
        name,
        city,
        venue: "Exhibition Centre",
        country,
        currency,
        minor,
        scale,
        zone,
        style,
        first_day,
        days,
        away,
    }
}

impl Region {
    const fn on(self, first_day: Weekday, days: u64, away: i64) -> Region {
        Region { first_day, days, away, ..self }
    }
}
