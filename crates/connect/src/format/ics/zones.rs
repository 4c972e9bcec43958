//! Which clock a time of a calendar is read from: a zone known by name, a definition the calendar
//! brings along (VTIMEZONE), or none.

use std::collections::HashMap;
use std::rc::Rc;

use chrono::{Datelike, FixedOffset, NaiveDateTime, Offset, TimeDelta, Utc};
use chrono_tz::Tz;
use model::Zone;

use super::component::Component;
use super::expand::{Span, expand};
use super::rule::{Frequency, Rule};
use super::time::{Stamp, offset_secs, stamp};
use crate::value::zone;

/// The clock a local time is read from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// A zone known by name.
    Named(Tz),
    /// A zone only the calendar defines.
    Defined(Rc<Definition>),
    /// An offset written with the time.
    Fixed(FixedOffset),
    /// Not said.
    Floating,
}

impl Clock {
    /// UTC.
    pub const UTC: Clock = Clock::Named(Tz::UTC);

    /// The zone of `local`, as records state it.
    pub fn zone_at(&self, local: NaiveDateTime) -> Zone {
        match self {
            Clock::Named(tz) => Zone::Named(*tz),
            Clock::Defined(definition) => Zone::Offset(definition.offset_at(local)),
            Clock::Fixed(offset) => Zone::Offset(*offset),
            Clock::Floating => Zone::Floating,
        }
    }

    /// What this clock shows at the instant `utc`; a floating clock shows UTC.
    pub fn local(&self, utc: NaiveDateTime) -> NaiveDateTime {
        match self {
            Clock::Named(tz) => utc.and_utc().with_timezone(tz).naive_local(),
            Clock::Defined(definition) => definition.local(utc),
            Clock::Fixed(offset) => utc + *offset,
            Clock::Floating => utc,
        }
    }

    /// The instant at which this clock shows `local`, UTC; a floating clock shows UTC.
    pub fn utc(&self, local: NaiveDateTime) -> NaiveDateTime {
        let when = model::When::at_local("", local, self.zone_at(local));
        when.instant().map_or(local, |instant| instant.naive_utc())
    }

    /// True for the clock that shows UTC.
    pub fn is_utc(&self) -> bool {
        matches!(self, Clock::Named(Tz::UTC))
    }

    /// True when both clocks always show the same.
    pub fn same_as(&self, other: &Clock) -> bool {
        match (self, other) {
            (Clock::Named(a), Clock::Named(b)) => a == b,
            (Clock::Defined(a), Clock::Defined(b)) => Rc::ptr_eq(a, b),
            (Clock::Fixed(a), Clock::Fixed(b)) => a == b,
            (Clock::Floating, Clock::Floating) => true,
            _ => false,
        }
    }

    /// What `self` shows when `other` shows `local`. A floating time shows the same everywhere.
    pub fn reading_of(&self, local: NaiveDateTime, other: &Clock) -> NaiveDateTime {
        let unknown = matches!(self, Clock::Floating) || matches!(other, Clock::Floating);
        if unknown || self.same_as(other) { local } else { self.local(other.utc(local)) }
    }
}

/// The zones of one calendar.
pub struct Zones {
    defined: HashMap<String, Rc<Definition>>,
    /// The zone the calendar says it is at home in.
    stated: Option<Tz>,
    /// The zone of times that name none.
    default: Clock,
    resolved: HashMap<String, Clock>,
    /// Names that mean nothing, with the line of their first use.
    unknown: Vec<(String, u32)>,
}

impl Zones {
    /// The zones that `calendar` defines and names; `fallback` is the user's own choice for times
    /// without any.
    pub fn of(calendar: &Component<'_>, fallback: Option<Tz>) -> Zones {
        let definitions = calendar.children.iter().filter(|child| child.is("VTIMEZONE"));
        let named = definitions.filter_map(|definition| {
            let name = definition.value("TZID")?.trim_matches('"').to_owned();
            Some((name, Rc::new(Definition::of(definition))))
        });
        let stated =
            ["X-WR-TIMEZONE", "TIMEZONE-ID"].iter().find_map(|name| zone::by_name(calendar.value(name)?));
        let default = stated.or(fallback).map_or(Clock::Floating, Clock::Named);
        Zones { defined: named.collect(), stated, default, resolved: HashMap::new(), unknown: Vec::new() }
    }

    /// The clock of times that name none.
    pub fn default_clock(&self) -> &Clock {
        &self.default
    }

    /// The clock to show UTC times on: the calendar's own, where it names one.
    pub fn stated_clock(&self) -> Option<Clock> {
        self.stated.map(Clock::Named)
    }

    /// The clock called `name` in a time on `line`. A name that is known is trusted over the
    /// definition that comes with it: those are often cut down to one year.
    pub fn by_name(&mut self, name: &str, line: u32) -> Clock {
        let name = name.trim();
        if let Some(clock) = self.resolved.get(name) {
            return clock.clone();
        }
        let clock = zone::by_name(name)
            .map(Clock::Named)
            .or_else(|| self.defined.get(name).and_then(Definition::clock))
            .unwrap_or_else(|| {
                self.unknown.push((name.to_owned(), line));
                self.default.clone()
            });
        self.resolved.insert(name.to_owned(), clock.clone());
        clock
    }

    /// Names met that mean no known zone and are not defined either, with their lines.
    pub fn unknown(&self) -> &[(String, u32)] {
        &self.unknown
    }
}

/// Parts of one definition that are read; the longest histories have half as many.
const OBSERVANCES: usize = 100;

/// A VTIMEZONE.
#[derive(Debug)]
pub struct Definition {
    known: Option<Tz>,
    observances: Vec<Observance>,
}

/// A STANDARD or DAYLIGHT part of a definition.
#[derive(Debug)]
struct Observance {
    /// First onset, on the clock of `from`.
    start: NaiveDateTime,
    from: FixedOffset,
    to: FixedOffset,
    rules: Vec<Rule>,
    dates: Vec<NaiveDateTime>,
}

impl Definition {
    fn of(component: &Component<'_>) -> Definition {
        let location = ["X-LIC-LOCATION", "TZID-ALIAS-OF"].iter().find_map(|name| component.value(name));
        let parts = component.children.iter().filter(|part| part.is("STANDARD") || part.is("DAYLIGHT"));
        Definition {
            known: location.and_then(zone::by_name),
            observances: parts.filter_map(Observance::of).take(OBSERVANCES).collect(),
        }
    }

    /// The clock it describes; `None` when it describes nothing.
    fn clock(self: &Rc<Definition>) -> Option<Clock> {
        match (self.known, self.observances.is_empty()) {
            (Some(tz), _) => Some(Clock::Named(tz)),
            (None, false) => Some(Clock::Defined(Rc::clone(self))),
            (None, true) => None,
        }
    }

    /// The offset in force when the clock shows `local`. In a spring gap that is the one before it,
    /// in an autumn overlap the first of the two.
    fn offset_at(&self, local: NaiveDateTime) -> FixedOffset {
        let onsets = self.observances.iter().filter_map(|part| Some((part.last_onset(local)?, part)));
        match onsets.max_by_key(|(onset, _)| *onset) {
            Some((onset, part)) => {
                let gap = part.to.local_minus_utc() - part.from.local_minus_utc();
                let in_gap = local - onset < TimeDelta::seconds(i64::from(gap));
                if in_gap { part.from } else { part.to }
            }
            None => self.first_offset(),
        }
    }

    fn local(&self, utc: NaiveDateTime) -> NaiveDateTime {
        let onsets = self.observances.iter().filter_map(|part| {
            let onset = part.last_onset(utc + part.from)?;
            Some((onset - part.from, part))
        });
        match onsets.max_by_key(|(onset, _)| *onset) {
            Some((_, part)) => utc + part.to,
            None => utc + self.first_offset(),
        }
    }

    /// The offset in force before any onset.
    fn first_offset(&self) -> FixedOffset {
        self.observances.iter().min_by_key(|part| part.start).map_or(Utc.fix(), |part| part.from)
    }
}

impl Observance {
    fn of(component: &Component<'_>) -> Option<Observance> {
        let offset = |name| FixedOffset::east_opt(offset_secs(component.value(name)?)?);
        let to = offset("TZOFFSETTO")?;
        let dates = component.properties_named("RDATE").flat_map(|p| p.value.split(',')).filter_map(onset);
        let start = component.value("DTSTART").and_then(onset).unwrap_or_default();
        Some(Observance {
            start,
            from: offset("TZOFFSETFROM").unwrap_or(to),
            to,
            rules: component.properties_named("RRULE").filter_map(|p| yearly(p.value, start)).collect(),
            dates: dates.collect(),
        })
    }

    /// The latest onset not after `local`.
    fn last_onset(&self, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let ruled = self.rules.iter().filter_map(|rule| self.last_by_rule(rule, local));
        let listed = self.dates.iter().copied().filter(|date| *date <= local);
        let first = Some(self.start).filter(|start| *start <= local);
        ruled.chain(listed).chain(first).max()
    }

    fn last_by_rule(&self, rule: &Rule, local: NaiveDateTime) -> Option<NaiveDateTime> {
        let last = rule.last_time(|utc| utc + self.from);
        let to = last.map_or(local, |last| last.min(local));
        let days = 366 * i64::from(rule.interval.min(100));
        let from = to.checked_sub_signed(TimeDelta::days(days + 366))?;
        let onsets = expand(rule, self.start, last, Span { from, to, limit: 1000 });
        onsets.starts.last().copied().filter(|onset| *onset <= local)
    }
}

/// Clocks change by yearly rules. Others are damage, as are counts from before there were time zones;
/// neither is worth the search.
fn yearly(value: &str, start: NaiveDateTime) -> Option<Rule> {
    let rule = Rule::parse(value).ok().filter(|rule| rule.frequency == Frequency::Yearly)?;
    let once_a_day = rule.hours.is_empty() && rule.minutes.is_empty() && rule.seconds.is_empty();
    (once_a_day && (rule.count.is_none() || start.year() >= 1800)).then_some(rule)
}

fn onset(text: &str) -> Option<NaiveDateTime> {
    match stamp(text.split('/').next()?)? {
        Stamp::Date(date) => date.and_hms_opt(0, 0, 0),
        Stamp::Local(local) | Stamp::Utc(local) | Stamp::Offset(local, _) => Some(local),
    }
}

#[cfg(test)]
mod tests {
    use super::super::component::parse;
    use super::super::line::Source;
    use super::*;

    const CUSTOM: &str = "BEGIN:VCALENDAR\nBEGIN:VTIMEZONE\nTZID:Our Town\n\
        BEGIN:STANDARD\nDTSTART:00011028T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\n\
        RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\nEND:STANDARD\n\
        BEGIN:DAYLIGHT\nDTSTART:00010325T020000\nTZOFFSETFROM:+0100\nTZOFFSETTO:+0200\n\
        RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\nEND:DAYLIGHT\nEND:VTIMEZONE\n\
        BEGIN:VTIMEZONE\nTZID:Their Town\nX-LIC-LOCATION:Europe/Zurich\nEND:VTIMEZONE\n\
        BEGIN:VTIMEZONE\nTZID:Empty\nEND:VTIMEZONE\n\
        BEGIN:VTIMEZONE\nTZID:Listed\nBEGIN:STANDARD\nDTSTART:20200101T000000\nTZOFFSETFROM:+0000\n\
        TZOFFSETTO:+0300\nRDATE:20210101T000000\nEND:STANDARD\n\
        BEGIN:DAYLIGHT\nDTSTART:20200601T000000\nTZOFFSETFROM:+0300\nTZOFFSETTO:+0400\nEND:DAYLIGHT\n\
        END:VTIMEZONE\nEND:VCALENDAR";

    fn zones(text: &str, fallback: Option<Tz>) -> Zones {
        let source = Source::new(text.as_bytes(), None);
        Zones::of(&parse(&source).calendars[0], fallback)
    }

    fn at(text: &str) -> NaiveDateTime {
        text.parse().expect("test time")
    }

    #[test]
    fn a_definition_gives_the_offset_of_each_time() {
        let mut zones = zones(CUSTOM, None);
        let check = |clock: &Clock, local: &str, expected: &str| {
            let when = model::When::at_local("", at(local), clock.zone_at(at(local)));
            assert_eq!(when.instant().map(|t| t.to_rfc3339()).as_deref(), Some(expected), "{local}");
            let utc = clock.utc(at(local));
            assert_eq!(clock.local(utc), at(local), "{local} and back");
        };
        let ours = zones.by_name("Our Town", 1);
        check(&ours, "2026-01-15T12:00:00", "2026-01-15T12:00:00+01:00");
        check(&ours, "2026-07-15T12:00:00", "2026-07-15T12:00:00+02:00");
        check(&ours, "2026-03-29T01:59:00", "2026-03-29T01:59:00+01:00");
        check(&ours, "2026-03-29T03:00:00", "2026-03-29T03:00:00+02:00");
        check(&ours, "2026-10-25T03:00:00", "2026-10-25T03:00:00+01:00");
        check(&ours, "0001-01-15T12:00:00", "0001-01-15T12:00:00+01:00");
        let listed = zones.by_name("Listed", 1);
        check(&listed, "2020-05-01T12:00:00", "2020-05-01T12:00:00+03:00");
        check(&listed, "2020-07-01T12:00:00", "2020-07-01T12:00:00+04:00");
        check(&listed, "2021-07-01T12:00:00", "2021-07-01T12:00:00+03:00");
    }

    #[test]
    fn gap_and_overlap_of_a_definition() {
        let mut zones = zones(CUSTOM, None);
        let ours = zones.by_name("Our Town", 1);
        assert_eq!(ours.utc(at("2026-03-29T02:30:00")), at("2026-03-29T01:30:00"));
        assert_eq!(ours.utc(at("2026-10-25T02:30:00")), at("2026-10-25T00:30:00"));
    }

    #[test]
    fn names_before_definitions_before_defaults() {
        let mut defined = zones(CUSTOM, Some(Tz::Asia__Tokyo));
        assert!(matches!(defined.by_name("Their Town", 1), Clock::Named(Tz::Europe__Zurich)));
        assert!(matches!(defined.by_name("Empty", 7), Clock::Named(Tz::Asia__Tokyo)));
        assert_eq!(defined.unknown(), [("Empty".to_owned(), 7)]);
        let stated = "BEGIN:VCALENDAR\nX-WR-TIMEZONE:Europe/Kiev\nEND:VCALENDAR";
        assert!(matches!(
            zones(stated, Some(Tz::Asia__Tokyo)).default_clock(),
            Clock::Named(Tz::Europe__Kiev)
        ));
        let nothing = "BEGIN:VCALENDAR\nEND:VCALENDAR";
        assert!(matches!(zones(nothing, None).by_name("Nowhere", 1), Clock::Floating));
    }
}
