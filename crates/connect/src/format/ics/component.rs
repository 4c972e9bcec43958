//! The component tree: which properties stand between which BEGIN and END. Recovers from missing,
//! surplus and crossed ENDs, from text around the calendar and from files cut short, and says so.

use std::collections::BTreeSet;

use super::line::{Property, Source};

/// One component: a calendar, an event, a time zone and so on.
#[derive(Debug, Default)]
pub struct Component<'s> {
    /// Name as written after BEGIN; compare without regard to case.
    pub name: &'s str,
    /// Its own properties, in order.
    pub properties: Vec<Property<'s>>,
    /// The components inside, in order.
    pub children: Vec<Component<'s>>,
    /// Line of its BEGIN.
    pub line: u32,
    /// False when the document ended before its END.
    pub closed: bool,
}

impl<'s> Component<'s> {
    /// True when it is a `name`, given in upper case.
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The first property called `name` that has a value.
    pub fn property(&self, name: &str) -> Option<&Property<'s>> {
        self.properties.iter().find(|property| property.is(name) && !property.value.trim().is_empty())
    }

    /// Every property called `name`.
    pub fn properties_named<'c>(&'c self, name: &'c str) -> impl Iterator<Item = &'c Property<'s>> {
        self.properties.iter().filter(move |property| property.is(name))
    }

    /// The trimmed value of the first property called `name` that has one.
    pub fn value(&self, name: &str) -> Option<&'s str> {
        self.property(name).map(|property| property.value.trim())
    }
}

/// A document as components, and what was wrong with it.
#[derive(Debug, Default)]
pub struct Tree<'s> {
    /// The calendars. Events that stand outside any calendar are gathered in one without a name.
    pub calendars: Vec<Component<'s>>,
    /// Lines that are not content lines, or that stand outside any component.
    pub stray_lines: Vec<u32>,
    /// Lines where a BEGIN and an END do not match.
    pub crossed_lines: Vec<u32>,
}

/// Components nested deeper than this are read as if their lines belonged to the one around them.
const DEPTH: usize = 8;

/// Reads the tree of a document.
pub fn parse(source: &Source) -> Tree<'_> {
    let mut builder = Builder::default();
    for (place, line) in source.lines() {
        match Property::parse(place, line) {
            Some(property) if property.is("BEGIN") => builder.begin(property.value.trim(), place),
            Some(property) if property.is("END") => builder.end(property.value.trim(), place),
            Some(property) => builder.add(property),
            None => builder.tree.stray_lines.push(place),
        }
    }
    builder.finish()
}

#[derive(Default)]
struct Builder<'s> {
    open: Vec<Component<'s>>,
    tree: Tree<'s>,
}

impl<'s> Builder<'s> {
    fn begin(&mut self, name: &'s str, line: u32) {
        self.close_what_cannot_hold(name, line);
        if self.open.len() < DEPTH {
            self.open.push(Component { name, line, ..Component::default() });
        } else {
            self.tree.crossed_lines.push(line);
        }
    }

    /// A calendar stands in nothing, and an event only in a calendar: whatever else is open lacks
    /// its END.
    fn close_what_cannot_hold(&mut self, name: &str, line: u32) {
        const LISTED: [&str; 5] = ["VEVENT", "VTODO", "VJOURNAL", "VFREEBUSY", "VTIMEZONE"];
        let is = |name: &str, wanted: &str| name.eq_ignore_ascii_case(wanted);
        let keep = if is(name, "VCALENDAR") {
            0
        } else if LISTED.iter().any(|listed| is(name, listed)) {
            self.open.iter().rposition(|component| component.is("VCALENDAR")).map_or(0, |at| at + 1)
        } else {
            return;
        };
        if self.open.len() > keep {
            self.tree.crossed_lines.push(line);
            self.close_to(keep, true);
        }
    }

    fn end(&mut self, name: &str, line: u32) {
        match self.open.iter().rposition(|component| component.is(name)) {
            Some(at) => {
                if at + 1 < self.open.len() {
                    self.tree.crossed_lines.push(line);
                }
                self.close_to(at, true);
            }
            None => self.tree.crossed_lines.push(line),
        }
    }

    fn close_to(&mut self, keep: usize, closed: bool) {
        while self.open.len() > keep {
            let Some(mut component) = self.open.pop() else { return };
            component.closed = closed;
            match self.open.last_mut() {
                Some(parent) => parent.children.push(component),
                None => self.tree.keep(component),
            }
        }
    }

    fn add(&mut self, property: Property<'s>) {
        match self.open.last_mut() {
            Some(component) => component.properties.push(property),
            None => self.tree.stray_lines.push(property.line),
        }
    }

    fn finish(mut self) -> Tree<'s> {
        self.close_to(0, false);
        self.tree
    }
}

impl<'s> Tree<'s> {
    fn keep(&mut self, component: Component<'s>) {
        if component.is("VCALENDAR") {
            return self.calendars.push(component);
        }
        match self.calendars.last_mut().filter(|calendar| calendar.name.is_empty()) {
            Some(bare) => bare.children.push(component),
            None => {
                let line = component.line;
                let bare =
                    Component { line, closed: true, children: vec![component], ..Component::default() };
                self.calendars.push(bare);
            }
        }
    }

    /// Every component of every calendar that is a `name`, given in upper case.
    pub fn all<'t>(&'t self, name: &'t str) -> impl Iterator<Item = &'t Component<'s>> {
        self.calendars.iter().flat_map(|calendar| &calendar.children).filter(move |c| c.is(name))
    }
}

/// What a document holds, counted without interpreting it: for `doctor`, for tests against known
/// counts, and to check a reading against.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counts {
    /// Calendars.
    pub calendars: usize,
    /// Events.
    pub events: usize,
    /// Time-zone definitions.
    pub timezones: usize,
    /// Recurrence rules, those of time-zone definitions included.
    pub rules: usize,
    /// Properties that add dates, those of time-zone definitions included.
    pub added_dates: usize,
    /// Properties that take dates out.
    pub excluded_dates: usize,
    /// Events that replace one occurrence.
    pub overrides: usize,
    /// Events that start on a date without a time.
    pub all_day: usize,
    /// Events with STATUS:CANCELLED.
    pub cancelled: usize,
    /// Events without a place.
    pub without_location: usize,
    /// Events without an identity.
    pub without_uid: usize,
    /// Different identities among the events.
    pub unique_uids: usize,
    /// Names of zones used by times, sorted.
    pub zones: BTreeSet<String>,
}

/// Counts what `body` holds.
pub fn count(body: &[u8]) -> Counts {
    let source = Source::new(body, None);
    let tree = parse(&source);
    let mut counts = Counts { timezones: tree.all("VTIMEZONE").count(), ..Counts::default() };
    let mut uids = BTreeSet::new();
    counts.calendars = tree.calendars.iter().filter(|calendar| calendar.is("VCALENDAR")).count();
    for event in tree.all("VEVENT") {
        counts.add_event(event);
        uids.extend(event.value("UID"));
    }
    counts.unique_uids = uids.len();
    for calendar in &tree.calendars {
        counts.add_properties(calendar);
    }
    counts
}

impl Counts {
    fn add_event(&mut self, event: &Component<'_>) {
        self.events += 1;
        self.overrides += usize::from(event.property("RECURRENCE-ID").is_some());
        self.without_uid += usize::from(event.property("UID").is_none());
        self.without_location += usize::from(event.property("LOCATION").is_none());
        self.cancelled +=
            usize::from(event.value("STATUS").is_some_and(|s| s.eq_ignore_ascii_case("CANCELLED")));
        self.all_day += usize::from(event.value("DTSTART").is_some_and(|start| !start.contains(['T', 't'])));
    }

    fn add_properties(&mut self, component: &Component<'_>) {
        for property in &component.properties {
            self.rules += usize::from(property.is("RRULE"));
            self.added_dates += usize::from(property.is("RDATE"));
            self.excluded_dates += usize::from(property.is("EXDATE"));
            self.zones.extend(property.parameter("TZID").map(|zone| zone.into_owned()));
        }
        component.children.iter().for_each(|child| self.add_properties(child));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[&str]) -> (usize, usize) {
        let source = Source::new(text.as_bytes(), None);
        let tree = parse(&source);
        let shown: Vec<String> = tree.calendars.iter().map(show).collect();
        assert_eq!(shown, expected, "{text}");
        (tree.stray_lines.len(), tree.crossed_lines.len())
    }

    fn show(component: &Component<'_>) -> String {
        let properties = component.properties.iter().map(|p| p.name.to_owned());
        let parts: Vec<String> = properties.chain(component.children.iter().map(show)).collect();
        let end = if component.closed { "" } else { "…" };
        format!("{}({}{end})", component.name, parts.join(" "))
    }

    #[test]
    fn whole_and_several_calendars() {
        let text = "BEGIN:VCALENDAR\nX:1\nBEGIN:VEVENT\nUID:1\nBEGIN:VALARM\nA:1\nEND:VALARM\nEND:VEVENT\nEND:VCALENDAR\n";
        let expected = "VCALENDAR(X VEVENT(UID VALARM(A)))";
        assert_eq!(check(text, &[expected]), (0, 0));
        assert_eq!(check(&format!("{text}{text}"), &[expected, expected]), (0, 0));
        assert_eq!(check(&format!("garbage\nX:1\n{text}\n<!-- end -->"), &[expected]), (3, 0));
    }

    #[test]
    fn cut_short_and_crossed() {
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1", &["VCALENDAR(VEVENT(UID…)…)"]);
        check("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VEVENT\n", &["VCALENDAR(VEVENT()…)"]);
        let missing_end =
            "BEGIN:VCALENDAR\nBEGIN:VEVENT\nBEGIN:VALARM\nBEGIN:VEVENT\nEND:VEVENT\nEND:VCALENDAR";
        assert_eq!(check(missing_end, &["VCALENDAR(VEVENT(VALARM()) VEVENT())"]), (0, 1));
        let surplus_end = "BEGIN:VCALENDAR\nEND:VEVENT\nEND:VCALENDAR";
        assert_eq!(check(surplus_end, &["VCALENDAR()"]), (0, 1));
    }

    #[test]
    fn events_without_a_calendar_are_gathered() {
        check("BEGIN:VEVENT\nUID:1\nEND:VEVENT\nBEGIN:VEVENT\nEND:VEVENT", &["(VEVENT(UID) VEVENT())"]);
    }

    #[test]
    fn deep_nesting_is_bounded() {
        let text = "BEGIN:X\n".repeat(100_000);
        let source = Source::new(text.as_bytes(), None);
        assert_eq!(parse(&source).crossed_lines.len(), 100_000 - DEPTH);
    }
}
