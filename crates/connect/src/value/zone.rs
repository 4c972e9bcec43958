//! Time-zone names as the wild writes them: IANA, its old aliases, Windows names and display names,
//! vendor prefixes, quotes, bare offsets.
//!
//! Promise: a name is either recognised for certain or refused. A zone is never guessed from an
//! offset that several zones share, save where the name itself is nothing but an offset.

mod windows;

use chrono_tz::{TZ_VARIANTS, Tz};

/// The zone that `name` means, if it names one. Case and surrounding space do not matter.
pub fn by_name(name: &str) -> Option<Tz> {
    let name = trimmed(name);
    if let Ok(zone) = name.parse() {
        return Some(zone);
    }
    let cleaned = name.replace('\\', "").split_whitespace().collect::<Vec<_>>().join(" ");
    if cleaned.is_empty() || cleaned.len() > 200 {
        return None;
    }
    iana(&cleaned)
        .or_else(|| abbreviation(&cleaned))
        .or_else(|| windows::by_name(&cleaned))
        .or_else(|| windows::by_display_name(&cleaned))
        .or_else(|| behind_prefix(&cleaned))
        .or_else(|| whole_hours(&cleaned))
}

fn trimmed(name: &str) -> &str {
    name.trim_matches(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '\0'))
}

/// IANA names in any case, with spaces for underscores.
fn iana(name: &str) -> Option<Tz> {
    let name = name.replace(' ', "_");
    TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(&name)).copied()
}

/// Abbreviations that mean one zone only, and the ways to say UTC. `CST`, `IST` or `BST` are used
/// on several continents and therefore refused.
fn abbreviation(name: &str) -> Option<Tz> {
    Some(match name.to_ascii_uppercase().as_str() {
        "Z" | "UTC TIME" | "COORDINATED UNIVERSAL TIME" | "GMT/UTC" | "UTC/GMT" | "(UTC)" | "(GMT)" => {
            Tz::UTC
        }
        "GREENWICH MEAN TIME" => Tz::UTC,
        "EDT" => Tz::America__New_York,
        "CDT" => Tz::America__Chicago,
        "MDT" => Tz::America__Denver,
        "PST" | "PDT" => Tz::America__Los_Angeles,
        "AKST" | "AKDT" => Tz::America__Anchorage,
        "CEST" => Tz::CET,
        "EEST" => Tz::EET,
        "WEST" => Tz::WET,
        _ => return None,
    })
}

/// Names that vendors make globally unique: `/mozilla.org/20050126_1/Europe/Berlin`,
/// `/softwarestudio.org/Olson_20011030_5/America/New_York`, `posix/Europe/Vaduz`,
/// `tzone://Microsoft/Utc`. The longest ending that is a zone counts.
fn behind_prefix(name: &str) -> Option<Tz> {
    let parts: Vec<&str> = name.split('/').filter(|part| !part.is_empty()).collect();
    let least = if name.to_ascii_lowercase().starts_with("tzone:") { 1 } else { 2 };
    (least..=3.min(parts.len().saturating_sub(1))).rev().find_map(|count| {
        let ending = parts[parts.len() - count..].join("/");
        iana(&ending).or_else(|| windows::by_name(&ending))
    })
}

/// A name that is only an offset: `UTC+1`, `GMT-0300`, `+05:00`. Whole hours have zones of their own.
fn whole_hours(name: &str) -> Option<Tz> {
    let upper = name.trim_matches(['(', ')']).to_ascii_uppercase();
    let offset = ["UTC", "GMT"].iter().find_map(|p| upper.strip_prefix(p)).unwrap_or(&upper).trim();
    let east = match offset.bytes().next()? {
        b'+' => true,
        b'-' => false,
        _ => return None,
    };
    let digits = offset[1..].replace(':', "");
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours: u8 = match digits.len() {
        1 | 2 => digits.parse().ok()?,
        4 if digits.ends_with("00") => digits[..2].parse().ok()?,
        _ => return None,
    };
    // POSIX counts the other way round: Etc/GMT-1 is one hour east.
    if hours == 0 {
        return Some(Tz::UTC);
    }
    format!("Etc/GMT{}{hours}", if east { '-' } else { '+' }).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(by_name(name).map(|zone| zone.name()), expected, "{name}");
    }

    #[test]
    fn iana_names_and_aliases() {
        check("Europe/Berlin", Some("Europe/Berlin"));
        check(" europe/berlin ", Some("Europe/Berlin"));
        check("\"America/New_York\"", Some("America/New_York"));
        check("America/New York", Some("America/New_York"));
        check("US/Pacific", Some("US/Pacific"));
        check("Europe/Kiev", Some("Europe/Kiev"));
        check("UTC", Some("UTC"));
        check("GMT", Some("GMT"));
        check("z", Some("UTC"));
        check("Etc/GMT", Some("Etc/GMT"));
        check("America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires"));
    }

    #[test]
    fn windows_names() {
        check("W. Europe Standard Time", Some("Europe/Berlin"));
        check("GMT Standard Time", Some("Europe/London"));
        check("eastern standard time", Some("America/New_York"));
        check("Eastern Daylight Time", Some("America/New_York"));
        check("Eastern Standard Time 1", Some("America/New_York"));
        check("Pacific Time", Some("America/Los_Angeles"));
        check("Customized Time Zone", None);
    }

    #[test]
    fn display_names() {
        check("(UTC-03:00) Brasilia", Some("America/Sao_Paulo"));
        check("(UTC-03:00) Brasília", Some("America/Sao_Paulo"));
        check("(GMT+10:00) Canberra, Melbourne, Sydney", Some("Australia/Sydney"));
        check("(UTC-05:00) Eastern Time (US & Canada)", Some("America/New_York"));
        check("(GMT+01.00) Sarajevo/Warsaw/Zagreb", Some("Europe/Warsaw"));
        check("(UTC+01:00) Amsterdam, Berlin, Bern, Rom, Stockholm, Wien", Some("Europe/Berlin"));
        check("(UTC) Dublin, Edinburgh, Lisbon, London", Some("Europe/London"));
        check("(UTC-08:00) Nowhere In Particular", None);
    }

    #[test]
    fn vendor_prefixes() {
        check("/freeassociation.sourceforge.net/Europe/Berlin", Some("Europe/Berlin"));
        check("/freeassociation.sourceforge.net/Tzfile/Europe/Berlin", Some("Europe/Berlin"));
        check("/mozilla.org/20050126_1/America/New_York", Some("America/New_York"));
        check("/softwarestudio.org/Olson_20011030_5/America/Chicago", Some("America/Chicago"));
        check("/x.test/America/Argentina/Buenos_Aires", Some("America/Argentina/Buenos_Aires"));
        check("posix/Europe/Vaduz", Some("Europe/Vaduz"));
        check("tzone://Microsoft/Utc", Some("UTC"));
        check("tzone://Microsoft/Custom", None);
    }

    #[test]
    fn offsets_and_refusals() {
        check("UTC+1", Some("Etc/GMT-1"));
        check("GMT-0300", Some("Etc/GMT+3"));
        check("(UTC+02:00)", Some("Etc/GMT-2"));
        check("UTC+05:30", None);
        check("", None);
        check("/", None);
        check("CST", None);
        check("+é1", None);
    }
}
