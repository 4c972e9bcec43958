//! RFC 822 dates as feeds write them: the day's name, the seconds and the zone may be missing, years
//! may have two digits, months may be spelled out.

use chrono::{NaiveDate, NaiveTime};
use model::{Clock, When, Zone};

use super::{Scan, zone_at_end};

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

pub(super) fn read(said: &str) -> Option<When> {
    let mut scan = Scan::new(said);
    skip_day_name(&mut scan);
    let day = scan.digits().parse().ok()?;
    gap(&mut scan);
    let month = month(scan.letters())?;
    gap(&mut scan);
    let date = NaiveDate::from_ymd_opt(year(scan.digits())?, month, day)?;
    scan.skip_spaces();
    if scan.is_done() {
        return Some(When::on_date(said, date, Clock::Unstated, Zone::Floating));
    }
    let time = clock(&mut scan)?;
    let (zone, _) = zone_at_end(&mut scan)?;
    Some(When::at_local(said, date.and_time(time), zone))
}

fn skip_day_name(scan: &mut Scan<'_>) {
    scan.letters();
    scan.eat('.');
    scan.eat(',');
    scan.skip_spaces();
}

fn gap(scan: &mut Scan<'_>) {
    scan.eat('-');
    scan.eat('.');
    scan.skip_spaces();
}

fn month(name: &str) -> Option<u32> {
    let short = name.get(..3)?.to_ascii_lowercase();
    let index = MONTHS.iter().position(|month| *month == short)?;
    Some(index as u32 + 1)
}

/// Two-digit years as RFC 2822 reads them: up to 49 is this century.
fn year(digits: &str) -> Option<i32> {
    let year: i32 = digits.parse().ok()?;
    match digits.len() {
        2 if year < 50 => Some(year + 2000),
        2 | 3 => Some(year + 1900),
        4 => Some(year),
        _ => None,
    }
}

fn clock(scan: &mut Scan<'_>) -> Option<NaiveTime> {
    let hour = scan.digits().parse().ok()?;
    if !scan.eat(':') {
        return None;
    }
    let minute = scan.digits().parse().ok()?;
    let second = if scan.eat(':') { scan.digits().parse().ok()? } else { 0 };
    NaiveTime::from_hms_opt(hour, minute, second)
}
