//! Machine-written times: ISO 8601 and RFC 822 with the damage seen in the wild, and epoch numbers.
//!
//! A time is only read when all of it is understood; half-understood text would give a wrong time
//! that looks right. What cannot be read is kept as said. No zone is ever assumed: without one the
//! time is floating, without a clock time the day has none.

mod iso;
mod rfc822;
mod scan;

use chrono::{DateTime, FixedOffset, Offset, Utc};
use model::{When, Zone};

use super::zone;
use scan::Scan;

/// Reads one machine-written time. Never fails: what cannot be read comes back as
/// [`When::unreadable`], so that the gate can name it.
pub fn read(text: &str) -> When {
    let said = text.trim();
    iso::read(said).or_else(|| rfc822::read(said)).unwrap_or_else(|| When::unreadable(said))
}

/// The instant that `text` names, where it names one: a time with an offset or zone.
pub fn instant(text: &str) -> Option<DateTime<Utc>> {
    read(text).instant().map(|t| t.with_timezone(&Utc))
}

/// Seconds since 1970, as an instant in UTC.
pub fn epoch_seconds(seconds: i64) -> When {
    at_epoch(&seconds.to_string(), DateTime::from_timestamp(seconds, 0))
}

/// Milliseconds since 1970, as an instant in UTC.
pub fn epoch_millis(millis: i64) -> When {
    at_epoch(&millis.to_string(), DateTime::from_timestamp_millis(millis))
}

fn at_epoch(said: &str, instant: Option<DateTime<Utc>>) -> When {
    match instant {
        Some(instant) => When::at_instant(said, instant, Zone::Offset(Utc.fix())),
        None => When::unreadable(said),
    }
}

/// The rest of a time after its clock: nothing, `Z`, an offset, a zone name, or an offset with a
/// zone name in brackets. `None` when something else stands there.
fn zone_at_end(scan: &mut Scan<'_>) -> Option<(Zone, Option<Zone>)> {
    scan.skip_spaces();
    let offset = numeric_offset(scan)?;
    scan.skip_spaces();
    let name = scan.rest().trim().trim_start_matches('[').trim_end_matches(']').trim_matches(['(', ')']);
    let named = if name.is_empty() { None } else { Some(named_zone(name)?) };
    Some(match (offset, named) {
        (Some(offset), Some(Zone::Named(tz))) => (Zone::Offset(offset), Some(Zone::Named(tz))),
        (Some(offset), _) => (Zone::Offset(offset), None),
        (None, Some(zone)) => (zone, None),
        (None, None) => (Zone::Floating, None),
    })
}

/// `+01:00`, `-0400`, `+1`, `+0:00`; `Some(None)` when no sign stands here.
fn numeric_offset(scan: &mut Scan<'_>) -> Option<Option<FixedOffset>> {
    let sign = match scan.peek() {
        Some('+') => 1,
        Some('-' | '\u{2212}') => -1,
        _ => return Some(None),
    };
    scan.next();
    let digits = scan.digits();
    let (hours, minutes) = match (digits.len(), scan.eat(':')) {
        (1 | 2, true) => (digits, scan.digits()),
        (1 | 2, false) => (digits, "0"),
        (3 | 4, false) => digits.split_at(digits.len() - 2),
        _ => return None,
    };
    let (hours, minutes): (i32, i32) = (hours.parse().ok()?, minutes.parse().ok()?);
    if hours > 15 || minutes > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60)).map(Some)
}

/// The zone abbreviations that RFC 822 fixes, others that mean one thing only, and IANA names.
fn named_zone(name: &str) -> Option<Zone> {
    let hours = match name.to_ascii_uppercase().as_str() {
        "Z" | "UT" | "UTC" | "GMT" => 0,
        "EST" | "CDT" => -5,
        "EDT" => -4,
        "CST" | "MDT" => -6,
        "MST" | "PDT" => -7,
        "PST" => -8,
        "CET" => 1,
        "CEST" | "EET" => 2,
        "EEST" => 3,
        _ => return zone::by_name(name).map(Zone::Named),
    };
    FixedOffset::east_opt(hours * 3600).map(Zone::Offset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Clock;

    /// `date time zone clock`, or `unreadable`.
    fn shown(when: &When) -> String {
        let Some(date) = when.date else { return "unreadable".to_owned() };
        let time = when.time.map_or("-".to_owned(), |t| t.to_string());
        let zone = match when.zone {
            Zone::Named(tz) => tz.name().to_owned(),
            Zone::Offset(offset) => offset.to_string(),
            Zone::Floating => "floating".to_owned(),
        };
        format!("{date} {time} {zone}")
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(shown(&read(text)), expected, "{text}");
        assert_eq!(read(text).said, text.trim());
    }

    #[test]
    fn iso_as_it_should_be() {
        check("2026-05-01T18:30:00Z", "2026-05-01 18:30:00 +00:00");
        check("2026-05-01T18:30:00.000Z", "2026-05-01 18:30:00 +00:00");
        check("2026-05-01T18:30:00+02:00", "2026-05-01 18:30:00 +02:00");
        check("2026-05-01T18:30-05:00", "2026-05-01 18:30:00 -05:00");
        check("2026-05-01T18:30:00", "2026-05-01 18:30:00 floating");
        check("2026-05-01 18:30", "2026-05-01 18:30:00 floating");
        check("20260501T183000Z", "2026-05-01 18:30:00 +00:00");
        check("20260501T1830", "2026-05-01 18:30:00 floating");
        check("2026-05-01T24:00", "2026-05-02 00:00:00 floating");
        check("2026-05-01T18:30:00+02:00[Europe/Berlin]", "2026-05-01 18:30:00 Europe/Berlin");
        check("2026-05-01 18:30:00 America/New_York", "2026-05-01 18:30:00 America/New_York");
    }

    #[test]
    fn a_date_alone_has_no_clock() {
        for text in ["2026-05-01", "20260501", "2026-5-1", "2026/05/01"] {
            check(text, "2026-05-01 - floating");
            assert_eq!(read(text).clock, Clock::Unstated);
        }
    }

    #[test]
    fn iso_as_the_wild_writes_it() {
        check("2024-5-28T16:30+0:00", "2024-05-28 16:30:00 +00:00");
        check("2023-10-18T18:30:00:00+01:00", "2023-10-18 18:30:00 +01:00");
        check("2015-10-31T19:30:00-0400", "2015-10-31 19:30:00 -04:00");
        check("2015-10-31 19:30:00 -0400", "2015-10-31 19:30:00 -04:00");
        check("2015-10-31T9:30", "2015-10-31 09:30:00 floating");
        check("2015-10-31 7:30 PM", "2015-10-31 19:30:00 floating");
        check("2015-10-31T19:30:00\u{2212}04:00", "2015-10-31 19:30:00 -04:00");
        check("2015-10-31 19:30:00 UTC", "2015-10-31 19:30:00 +00:00");
    }

    #[test]
    fn what_is_not_wholly_understood_is_unreadable() {
        for text in [
            "",
            "TBA",
            "2019-9-18T10-10-00-00",
            "2019-13-01",
            "2019-02-30T10:00",
            "2019-01-01T25:00",
            "2019-01-01T10:00:00:17",
            "2019-01-01T10:00 and later",
            "2019-01-01T10:00+99:00",
            "2019-01-01T13:00 PM",
            "2019-W03",
            "1546300800",
            "19:30",
            "٢٠١٩-01-01",
        ] {
            check(text, "unreadable");
        }
    }

    #[test]
    fn rfc_822_with_and_without_its_parts() {
        check("Thu, 05 Sep 2026 14:00:00 GMT", "2026-09-05 14:00:00 +00:00");
        check("Thu, 5 Sep 26 14:00 EDT", "2026-09-05 14:00:00 -04:00");
        check("05 September 2026 14:00:00 +0200", "2026-09-05 14:00:00 +02:00");
        check("Sat, 07 Sep 2002 00:00:01 PST", "2002-09-07 00:00:01 -08:00");
        check("5 Sep 99 14:00 Z", "1999-09-05 14:00:00 +00:00");
        check("Thu, 05 Sep 2026 14:00:00", "2026-09-05 14:00:00 floating");
        check("Thursday, 05 Sep 2026", "2026-09-05 - floating");
        check("Thu, 05 Foo 2026 14:00:00 GMT", "unreadable");
        check("Thu, 05 Sep 2026 14:00:00 XQT", "unreadable");
    }

    #[test]
    fn epochs_are_utc_instants() {
        assert_eq!(shown(&epoch_seconds(1_577_836_800)), "2020-01-01 00:00:00 +00:00");
        assert_eq!(shown(&epoch_millis(1_577_836_800_500)), "2020-01-01 00:00:00.500 +00:00");
        assert_eq!(shown(&epoch_seconds(i64::MAX)), "unreadable");
        assert_eq!(instant("2026-05-01T18:30:00+02:00").map(|t| t.timestamp()), Some(1_777_653_000));
        assert_eq!(instant("2026-05-01T18:30:00"), None);
    }
}
