//! One VEVENT with its times understood: when it starts and ends, on which clock, how it repeats,
//! and which version of it this is. What it is about stays in its component.

use chrono::{NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};
use model::{Clock as Known, ContentHash, Rejected, When};
use serde_json::{Map, Value};

use super::component::Component;
use super::line::Property;
use super::remarks::Remarks;
use super::rule::Rule;
use super::text;
use super::time::{self, PeriodEnd, Stamp};
use super::zones::{Clock, Zones};

/// A time of an event: what was written, and what it means on which clock.
#[derive(Debug, Clone)]
pub struct Moment {
    /// As written, with the zone's name in front where one is given.
    pub said: String,
    /// Local day and, unless it takes whole days, clock time.
    pub local: NaiveDateTime,
    /// True for a date without a time.
    pub whole_day: bool,
    /// The clock it is read from.
    pub clock: Clock,
    /// The clock to show it on, where that is another one: for UTC times of a calendar that says
    /// where it is at home.
    pub shown: Option<Clock>,
}

/// How long an event takes, in the way its source said it.
#[derive(Debug, Clone)]
pub enum Length {
    /// Not said.
    Unstated,
    /// Whole days after the first.
    Days(i64),
    /// So many days later, at a time that is not said.
    ToDay(i64),
    /// On the clock of the start: an evening that ends at one always ends at one, also in the night
    /// in which the clock changes.
    OnClock(TimeDelta),
    /// Elapsed time, and the clock the end is read from.
    Elapsed(TimeDelta, Clock),
}

/// A VEVENT with its times understood.
#[derive(Debug)]
pub struct Listing<'t, 's> {
    /// All it says.
    pub component: &'t Component<'s>,
    /// Its UID, or a key made from start, title and place where it has none.
    pub key: String,
    /// When it begins.
    pub start: Moment,
    /// How long it takes.
    pub length: Length,
    /// How its end is written.
    pub end_said: String,
    /// Which occurrence it replaces.
    pub replaces: Option<Moment>,
    /// True when it replaces the later occurrences as well.
    pub and_later: bool,
    /// Rules that add occurrences.
    pub rules: Vec<Rule>,
    /// Rules that take occurrences out.
    pub exclusion_rules: Vec<Rule>,
    /// Occurrences added one by one, with the length of those that have their own.
    pub added: Vec<(Moment, Option<Length>)>,
    /// Occurrences taken out one by one.
    pub excluded: Vec<Moment>,
    /// True when its calendar was sent to cancel what it lists (METHOD:CANCEL).
    pub cancelled: bool,
    /// Which of two versions is newer: SEQUENCE, then when it was changed.
    pub version: (i64, Option<NaiveDateTime>),
}

impl<'t, 's> Listing<'t, 's> {
    /// Understands one VEVENT, or says why it cannot be one.
    pub fn of(
        component: &'t Component<'s>,
        zones: &mut Zones,
        remarks: &mut Remarks,
    ) -> Result<Listing<'t, 's>, Box<Rejected>> {
        if !component.closed {
            return Err(rejected(component, "truncated", "the document ends inside this event"));
        }
        let Some(property) = component.property("DTSTART") else {
            return Err(rejected(component, "missing_start", "the event has no DTSTART"));
        };
        let Some(start) = moment(property, property.value, zones) else {
            let detail = format!("DTSTART {:?} on line {} is not a time", property.value, property.line);
            return Err(rejected(component, "unusable_time", &detail));
        };
        let (length, end_said) = length(component, &start, zones, remarks);
        let replaces = component.property("RECURRENCE-ID");
        let and_later = replaces
            .and_then(|property| property.parameter("RANGE"))
            .is_some_and(|range| range.eq_ignore_ascii_case("THISANDFUTURE"));
        let replaces =
            replaces.and_then(|property| moment_or_remark(property, property.value, zones, remarks));
        let mut listing = Listing {
            component,
            key: key(component, &start),
            start,
            length,
            end_said,
            replaces,
            and_later,
            rules: rules(component, "RRULE", remarks),
            exclusion_rules: rules(component, "EXRULE", remarks),
            added: Vec::new(),
            excluded: moments(component, "EXDATE", zones, remarks),
            cancelled: false,
            version: version(component),
        };
        listing.added = added(component, &listing.start, zones, remarks);
        Ok(listing)
    }

    /// True when it states more than one occurrence.
    pub fn repeats(&self) -> bool {
        !self.rules.is_empty() || !self.added.is_empty()
    }

    /// Its start when that is `local` on its own clock.
    pub fn start_at(&self, local: NaiveDateTime) -> When {
        self.start.at(local)
    }

    /// Its end when it starts at `local` on its own clock and takes `length`.
    pub fn end_after(&self, local: NaiveDateTime, length: &Length) -> Option<When> {
        let (start, said) = (&self.start, self.end_said.clone());
        let day = |days: i64| local.date().checked_add_signed(TimeDelta::try_days(days)?);
        match length {
            Length::Unstated => None,
            Length::Days(days) => Some(When::on_date(said, day(*days)?, Known::AllDay, start.zone(local))),
            Length::ToDay(days) => Some(When::on_date(said, day(*days)?, Known::Unstated, start.zone(local))),
            Length::OnClock(length) => {
                let end = Moment { said, ..start.clone() };
                Some(end.at(local.checked_add_signed(*length)?))
            }
            Length::Elapsed(length, clock) => {
                let utc = start.clock.utc(local).checked_add_signed(*length)?;
                let end = Moment { said, clock: clock.clone(), ..start.clone() };
                Some(end.at(clock.local(utc)))
            }
        }
    }

    /// How far its end can lie behind its start, for finding what overlaps a window.
    pub fn reach(&self) -> TimeDelta {
        let own = self.length.reach();
        self.added
            .iter()
            .filter_map(|(_, length)| length.as_ref())
            .map(Length::reach)
            .fold(own, TimeDelta::max)
    }
}

impl Length {
    fn reach(&self) -> TimeDelta {
        match self {
            Length::Unstated => TimeDelta::zero(),
            Length::Days(days) | Length::ToDay(days) => TimeDelta::try_days(*days).unwrap_or_default(),
            Length::OnClock(length) | Length::Elapsed(length, _) => *length,
        }
    }
}

impl Moment {
    /// This moment moved to another local time of its clock.
    pub fn at(&self, local: NaiveDateTime) -> When {
        if self.whole_day {
            return When::on_date(&self.said, local.date(), Known::AllDay, self.zone(local));
        }
        match &self.shown {
            Some(shown) => {
                let utc = self.clock.utc(local);
                let shown_local = shown.local(utc);
                When::at_instant(&self.said, utc.and_utc(), shown.zone_at(shown_local))
            }
            None => When::at_local(&self.said, local, self.zone(local)),
        }
    }

    fn zone(&self, local: NaiveDateTime) -> model::Zone {
        self.clock.zone_at(local)
    }

    /// This moment on the clock of a series that begins at `start`: the local time by which the
    /// series names the occurrence meant.
    pub fn within(&self, start: &Moment) -> NaiveDateTime {
        match (start.whole_day, self.whole_day) {
            (true, true) => self.local,
            (true, false) => self.nearest_midnight(),
            (false, true) => self.local.date().and_time(start.local.time()),
            (false, false) => start.clock.reading_of(self.local, &self.clock),
        }
    }

    /// A whole day written as a time is its local midnight; written in UTC, that may be the evening
    /// before.
    fn nearest_midnight(&self) -> NaiveDateTime {
        let shift = if self.clock.is_utc() { TimeDelta::hours(12) } else { TimeDelta::zero() };
        (self.local + shift).date().and_time(NaiveTime::MIN)
    }
}

/// A listing that cannot become a record, with all its properties.
fn rejected(component: &Component<'_>, reason: &str, detail: &str) -> Box<Rejected> {
    let mut said = Map::new();
    for property in &component.properties {
        let value = Value::from(property.value);
        match said.get_mut(property.name) {
            Some(Value::Array(values)) => values.push(value),
            Some(first) => *first = Value::Array(vec![first.take(), value]),
            None => drop(said.insert(property.name.to_owned(), value)),
        }
    }
    let detail = format!("event on line {}: {detail}", component.line);
    let key = stated_key(component);
    Box::new(Rejected { key, reason: reason.to_owned(), detail, said: Value::Object(said) })
}

/// The key of what a VEVENT describes, as far as it is known without its start.
fn stated_key(component: &Component<'_>) -> Option<String> {
    let uid = component.value("UID").map(text::line).filter(|uid| !uid.is_empty())?;
    Some(match component.value("RECURRENCE-ID") {
        Some(occurrence) => format!("{uid}#{occurrence}"),
        None => uid,
    })
}

/// One time of a property. Its text decides whether it is a day or a time of day: there are feeds that
/// say VALUE=DATE of times, and feeds that say nothing of days.
fn moment(property: &Property<'_>, value: &str, zones: &mut Zones) -> Option<Moment> {
    let value = value.trim();
    let stamp = time::stamp(value)?;
    let name = property.parameter("TZID").filter(|name| !name.trim().is_empty());
    let said = match &name {
        Some(name) => format!("TZID={name}:{value}"),
        None => value.to_owned(),
    };
    let home = zones.default_clock().clone();
    let (local, whole_day, clock) = match stamp {
        Stamp::Date(date) => (midnight(date), true, home),
        Stamp::Local(at) => {
            let clock = name.map_or(home, |name| zones.by_name(&name, property.line));
            (at, false, clock)
        }
        Stamp::Utc(at) => (at, false, Clock::UTC),
        Stamp::Offset(at, offset) => (at, false, Clock::Fixed(offset)),
    };
    let shown = if matches!(stamp, Stamp::Utc(_)) { zones.stated_clock() } else { None };
    Some(Moment { said, local, whole_day, clock, shown })
}

fn moment_or_remark(
    property: &Property<'_>,
    value: &str,
    zones: &mut Zones,
    remarks: &mut Remarks,
) -> Option<Moment> {
    let moment = moment(property, value, zones);
    if moment.is_none() && !value.trim().is_empty() {
        remarks.unreadable(property, value);
    }
    moment
}

fn moments(component: &Component<'_>, name: &str, zones: &mut Zones, remarks: &mut Remarks) -> Vec<Moment> {
    let mut moments = Vec::new();
    for property in component.properties_named(name) {
        let values = property.value.split(',');
        moments.extend(values.filter_map(|value| moment_or_remark(property, value, zones, remarks)));
    }
    moments
}

fn midnight(date: NaiveDate) -> NaiveDateTime {
    date.and_time(NaiveTime::MIN)
}

/// How long the event takes by DTEND or DURATION, and what that says.
fn length(
    component: &Component<'_>,
    start: &Moment,
    zones: &mut Zones,
    remarks: &mut Remarks,
) -> (Length, String) {
    if let Some(property) = component.property("DTEND") {
        let end = moment_or_remark(property, property.value, zones, remarks);
        let length = end.as_ref().map(|end| length_to(start, end));
        return match (length, end) {
            (Some(Some(length)), Some(end)) => (length, end.said),
            (Some(None), Some(_)) => {
                remarks.end_before_start(property.line);
                (Length::Unstated, String::new())
            }
            _ => (Length::Unstated, String::new()),
        };
    }
    let Some(property) = component.property("DURATION") else { return (Length::Unstated, String::new()) };
    let length = time::duration(property.value).and_then(|duration| length_of(start, duration));
    if length.is_none() {
        remarks.unreadable(property, property.value);
    }
    (length.unwrap_or(Length::Unstated), property.value.trim().to_owned())
}

/// `None` when the end lies before the start.
fn length_to(start: &Moment, end: &Moment) -> Option<Length> {
    let days = (end.local.date() - start.local.date()).num_days();
    match (start.whole_day, end.whole_day) {
        // The end is the day after the last; some write the last day itself for a single day.
        (true, true) => (days >= 0).then(|| Length::Days((days - 1).max(0))),
        (true, false) => {
            let at_midnight = end.local.time() == NaiveTime::MIN;
            (days >= 0).then(|| Length::Days((days - i64::from(at_midnight)).max(0)))
        }
        (false, true) => (days >= 0).then(|| Length::ToDay((days - 1).max(0))),
        (false, false) => timed_length(start, end),
    }
}

fn timed_length(start: &Moment, end: &Moment) -> Option<Length> {
    let on_clock = end.local - start.local;
    let same_clock = start.clock.same_as(&end.clock);
    if same_clock || matches!((&start.clock, &end.clock), (Clock::Floating, _) | (_, Clock::Floating)) {
        return (on_clock >= TimeDelta::zero()).then_some(Length::OnClock(on_clock));
    }
    let elapsed = end.clock.utc(end.local) - start.clock.utc(start.local);
    (elapsed >= TimeDelta::zero()).then(|| Length::Elapsed(elapsed, end.clock.clone()))
}

/// `None` for a negative duration. Days are days of the calendar, hours are elapsed time.
fn length_of(start: &Moment, duration: TimeDelta) -> Option<Length> {
    if duration < TimeDelta::zero() {
        return None;
    }
    let whole_days = duration.num_seconds() % 86_400 == 0;
    Some(match (start.whole_day, whole_days) {
        (true, _) => Length::Days((duration.num_days() - i64::from(whole_days)).max(0)),
        (false, true) => Length::OnClock(duration),
        (false, false) => Length::Elapsed(duration, start.clock.clone()),
    })
}

fn rules(component: &Component<'_>, name: &str, remarks: &mut Remarks) -> Vec<Rule> {
    let mut rules = Vec::new();
    for property in component.properties_named(name).filter(|property| !property.value.trim().is_empty()) {
        match Rule::parse(property.value) {
            Ok(rule) => rules.push(rule),
            Err(reason) => remarks.bad_rule(property.line, &reason),
        }
    }
    rules
}

/// RDATE, with the lengths of its periods.
fn added(
    component: &Component<'_>,
    start: &Moment,
    zones: &mut Zones,
    remarks: &mut Remarks,
) -> Vec<(Moment, Option<Length>)> {
    let mut added = Vec::new();
    for property in component.properties_named("RDATE") {
        for value in property.value.split(',') {
            let (first, end) = value.split_once('/').unwrap_or((value, ""));
            let Some(from) = moment_or_remark(property, first, zones, remarks) else { continue };
            let length = match time::period(value).and_then(|(_, end)| end) {
                Some(PeriodEnd::After(duration)) => length_of(&from, duration),
                Some(PeriodEnd::At(_)) => moment(property, end, zones).and_then(|end| length_to(&from, &end)),
                None => None,
            };
            // A period of a series of whole days cannot be shorter than they are.
            added.push((from, length.filter(|_| !start.whole_day)));
        }
    }
    added
}

fn version(component: &Component<'_>) -> (i64, Option<NaiveDateTime>) {
    let sequence = component.value("SEQUENCE").and_then(|value| value.parse().ok()).unwrap_or(0);
    let changed = ["LAST-MODIFIED", "DTSTAMP"].iter().find_map(|name| time::stamp(component.value(name)?));
    let changed = changed.map(|stamp| match stamp {
        Stamp::Date(date) => midnight(date),
        Stamp::Local(at) | Stamp::Utc(at) => at,
        Stamp::Offset(at, offset) => at - offset,
    });
    (sequence, changed)
}

fn key(component: &Component<'_>, start: &Moment) -> String {
    match component.value("UID") {
        Some(uid) => text::line(uid),
        None => {
            let said = |name| component.value(name).map(text::line).unwrap_or_default();
            let parts = format!("{}\n{}\n{}", start.said, said("SUMMARY"), said("LOCATION"));
            let mut hash = ContentHash::of(parts.as_bytes()).to_hex();
            hash.truncate(32);
            format!("no-uid-{hash}")
        }
    }
}
