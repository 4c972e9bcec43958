//! What reading a calendar noticed, gathered as counts and first places, told in few sentences: a
//! feed that repeats one mistake a thousand times gets one note.

use std::collections::BTreeMap;

use model::Note;

use super::component::Tree;
use super::line::Property;
use super::zones::Zones;

/// Remarks while reading one document.
#[derive(Debug, Default)]
pub struct Remarks {
    seen: BTreeMap<Kind, Seen>,
}

/// How many, the line of the first, and what it was.
type Seen = (usize, Option<u32>, String);

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    CalendarName,
    NoEvents,
    NoCalendar,
    OtherComponents,
    OutsideWindow,
    Superseded,
    Cut,
    BadRule,
    UnknownZone,
    Unreadable,
    EndBeforeStart,
    StrayLines,
    Crossed,
    Refresh,
}

impl Remarks {
    fn add(&mut self, kind: Kind, line: Option<u32>, detail: impl Into<String>) {
        let entry = self.seen.entry(kind).or_insert_with(|| (0, line, detail.into()));
        entry.0 += 1;
    }

    /// What stands in the document beside its events.
    pub fn about_tree(&mut self, tree: &Tree<'_>, events: usize) {
        for calendar in &tree.calendars {
            if let Some(name) = ["X-WR-CALNAME", "NAME"].iter().find_map(|name| calendar.value(name)) {
                self.add(Kind::CalendarName, None, super::text::line(name));
            }
            if let Some(every) =
                ["REFRESH-INTERVAL", "X-PUBLISHED-TTL"].iter().find_map(|n| calendar.value(n))
            {
                self.add(Kind::Refresh, None, every);
            }
            if calendar.name.is_empty() {
                self.add(Kind::NoCalendar, Some(calendar.line), "");
            }
            for child in calendar.children.iter().filter(|child| is_other(child.name)) {
                self.add(Kind::OtherComponents, Some(child.line), child.name.to_ascii_uppercase());
            }
        }
        tree.stray_lines.iter().for_each(|line| self.add(Kind::StrayLines, Some(*line), ""));
        tree.crossed_lines.iter().for_each(|line| self.add(Kind::Crossed, Some(*line), ""));
        if events == 0 {
            self.add(Kind::NoEvents, None, "");
        }
    }

    /// Names of zones that mean nothing.
    pub fn about_zones(&mut self, zones: &Zones) {
        for (name, line) in zones.unknown() {
            self.add(Kind::UnknownZone, Some(*line), name);
        }
    }

    /// A value that is not what its property holds.
    pub fn unreadable(&mut self, property: &Property<'_>, value: &str) {
        let mut value = value.trim();
        value = &value[..value.floor_char_boundary(60)];
        self.add(Kind::Unreadable, Some(property.line), format!("{} {value:?}", property.name));
    }

    /// A rule that cannot be followed.
    pub fn bad_rule(&mut self, line: u32, reason: &str) {
        self.add(Kind::BadRule, Some(line), reason);
    }

    /// An event whose end lies before its start.
    pub fn end_before_start(&mut self, line: u32) {
        self.add(Kind::EndBeforeStart, Some(line), "");
    }

    /// A repeating event with no occurrence inside the window.
    pub fn outside_window(&mut self) {
        self.add(Kind::OutsideWindow, None, "");
    }

    /// An older version of an event, or a second one under the same identity.
    pub fn superseded(&mut self, line: u32) {
        self.add(Kind::Superseded, Some(line), "");
    }

    /// A series with more occurrences than are kept.
    pub fn cut(&mut self, line: u32) {
        self.add(Kind::Cut, Some(line), "");
    }

    /// That the document holds more occurrences than were read, where it does.
    pub fn take_cut(&mut self) -> Option<Note> {
        self.seen.remove(&Kind::Cut).map(|seen| note(Kind::Cut, seen))
    }

    /// The remarks as notes.
    pub fn into_notes(self) -> Vec<Note> {
        self.seen.into_iter().map(|(kind, seen)| note(kind, seen)).collect()
    }
}

fn note(kind: Kind, (count, line, detail): Seen) -> Note {
    Note {
        message: kind.tell(count, &detail),
        line: line.map(|line| usize::try_from(line).unwrap_or(usize::MAX)),
    }
}

fn is_other(name: &str) -> bool {
    ["VTODO", "VJOURNAL", "VFREEBUSY"].iter().any(|other| name.eq_ignore_ascii_case(other))
}

impl Kind {
    fn tell(self, count: usize, detail: &str) -> String {
        let several = if count == 1 { "" } else { "s" };
        match self {
            Kind::CalendarName => format!("the calendar is called {detail:?}"),
            Kind::NoEvents => "the calendar holds no events".to_owned(),
            Kind::NoCalendar => "events stand outside any calendar (BEGIN:VCALENDAR is missing)".to_owned(),
            Kind::OtherComponents => {
                format!("{count} component{several} that are not events passed over ({detail})")
            }
            Kind::OutsideWindow => {
                format!("{count} repeating event{several} with no occurrence inside the window")
            }
            Kind::Superseded => {
                format!("{count} older or double version{several} of an event with the same UID passed over")
            }
            Kind::Cut => {
                format!("{count} repeating event{several} cut short: too many occurrences in the window")
            }
            Kind::BadRule => {
                format!(
                    "{count} recurrence rule{several} that cannot be followed; first occurrence kept: {detail}"
                )
            }
            Kind::UnknownZone => {
                format!(
                    "{count} unknown time zone{several} ({detail:?}); times read in the calendar's own zone, if any"
                )
            }
            Kind::Unreadable => format!("{count} value{several} that cannot be read, passed over: {detail}"),
            Kind::EndBeforeStart => {
                format!("{count} event{several} that end before they start; end passed over")
            }
            Kind::StrayLines => {
                format!("{count} line{several} that belong to no calendar property passed over")
            }
            Kind::Crossed => format!("{count} place{several} where BEGIN and END do not match"),
            Kind::Refresh => format!("the calendar asks to be fetched every {detail}"),
        }
    }
}
