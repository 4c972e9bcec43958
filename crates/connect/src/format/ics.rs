//! iCalendar (RFC 5545 and 7986), as feeds really send it: events, venues and organizers, repeating
//! events expanded inside a window.
//!
//! Promise: every VEVENT of a document ends as a record, as a rejected listing with its reason, or
//! counted in a note. Damage is told with its line; what is whole is read.

mod component;
mod event;
mod expand;
mod line;
mod listing;
mod remarks;
mod rule;
mod series;
mod text;
mod time;
mod venue;
mod zones;

use std::collections::HashMap;

use model::{Document, Event, Note, Reading, Record, Stated};
use url::Url;

pub use component::{Counts, count};

use crate::connector::{ReadError, ReadOptions};
use component::{Component, Tree};
use line::Source;
use listing::Listing;
use remarks::Remarks;
use series::Occurrence;
use zones::Zones;

/// Occurrences of one document at most, so that no feed can fill the memory.
const PER_DOCUMENT: usize = 200_000;

/// Reads a calendar.
pub fn read(document: &Document, options: &ReadOptions) -> Result<Reading, ReadError> {
    if document.body.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty);
    }
    let source = Source::new(&document.body, charset(document).as_deref());
    let tree = component::parse(&source);
    if !tree.calendars.iter().any(holds_calendar) {
        return Err(ReadError::Unrecognised("no BEGIN:VCALENDAR in it".to_owned()));
    }
    let mut reading = Reading { damaged: damage(&tree, &source), ..Reading::default() };
    let mut remarks = Remarks::default();
    remarks.about_tree(&tree, tree.all("VEVENT").count());
    let listings = listings(&tree, options, &mut reading, &mut remarks);
    write_records(&by_key(listings), document, options, &mut reading, &mut remarks);
    reading.damaged = reading.damaged.or(remarks.take_cut());
    reading.complete =
        reading.damaged.is_none() && tree.calendars.iter().all(|calendar| !calendar.name.is_empty());
    reading.notes = remarks.into_notes();
    Ok(reading)
}

fn charset(document: &Document) -> Option<String> {
    let value = document.header("content-type")?.to_ascii_lowercase();
    let (_, charset) = value.split_once("charset=")?;
    Some(charset.split(';').next().unwrap_or_default().trim_matches(['"', ' ']).to_owned())
}

fn holds_calendar(calendar: &Component<'_>) -> bool {
    calendar.is("VCALENDAR") || calendar.children.iter().any(|child| child.is("VEVENT"))
}

/// A calendar without its END was cut short, even where the cut falls between two events.
fn damage(tree: &Tree<'_>, source: &Source) -> Option<Note> {
    let calendar = tree.calendars.last()?;
    let inside = calendar.children.iter().find(|child| !child.closed).unwrap_or(calendar);
    if inside.closed {
        return None;
    }
    let message = format!("the document ends inside the {} that begins on line {}", inside.name, inside.line);
    Some(Note::at_line(usize::try_from(source.last_line()).unwrap_or(usize::MAX), message))
}

fn listings<'t, 's>(
    tree: &'t Tree<'s>,
    options: &ReadOptions,
    reading: &mut Reading,
    remarks: &mut Remarks,
) -> Vec<Listing<'t, 's>> {
    let mut listings = Vec::new();
    for calendar in &tree.calendars {
        let mut zones = Zones::of(calendar, options.timezone);
        let cancelled = calendar.value("METHOD").is_some_and(|method| method.eq_ignore_ascii_case("CANCEL"));
        for component in calendar.children.iter().filter(|child| child.is("VEVENT")) {
            match Listing::of(component, &mut zones, remarks) {
                Ok(listing) => listings.push(Listing { cancelled, ..listing }),
                Err(rejected) => reading.rejected.push(*rejected),
            }
        }
        remarks.about_zones(&zones);
    }
    listings
}

/// Listings of one identity together, in the order in which the document first names them.
fn by_key<'t, 's>(listings: Vec<Listing<'t, 's>>) -> Vec<Vec<Listing<'t, 's>>> {
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut groups: Vec<Vec<Listing<'t, 's>>> = Vec::new();
    for listing in listings {
        match places.get(&listing.key) {
            Some(place) => groups[*place].push(listing),
            None => {
                places.insert(listing.key.clone(), groups.len());
                groups.push(vec![listing]);
            }
        }
    }
    groups
}

fn write_records(
    groups: &[Vec<Listing<'_, '_>>],
    document: &Document,
    options: &ReadOptions,
    reading: &mut Reading,
    remarks: &mut Remarks,
) {
    let mut writer = Writer { base: &document.url, referred: HashMap::new(), records: Vec::new() };
    let mut room = PER_DOCUMENT;
    for group in groups {
        let occurrences = series::occurrences(group, options.window, room, remarks);
        room = room.saturating_sub(occurrences.len());
        writer.add(&occurrences);
    }
    reading.records = writer.records;
}

/// Turns occurrences into records; what they refer to comes before them, once.
struct Writer<'d> {
    base: &'d Url,
    /// Where the venues and organizers already written stand.
    referred: HashMap<(model::Kind, String), usize>,
    records: Vec<Record>,
}

impl Writer<'_> {
    /// The occurrences of one series. Those that one VEVENT describes share its fields.
    fn add(&mut self, occurrences: &[Occurrence<'_, '_, '_>]) {
        let mut described: HashMap<*const Component<'_>, Event> = HashMap::new();
        for occurrence in occurrences {
            let place = std::ptr::from_ref(occurrence.listing.component);
            let fields = match described.get(&place) {
                Some(fields) => fields.clone(),
                None => {
                    let fields = self.describe(occurrence);
                    described.insert(place, fields.clone());
                    fields
                }
            };
            self.records.push(record(occurrence, fields));
        }
    }

    fn describe(&mut self, occurrence: &Occurrence<'_, '_, '_>) -> Event {
        let component = occurrence.listing.component;
        let mut fields = event::fields(component, self.base);
        if let Some(master) = occurrence.master.filter(|_| fields.title.is_unstated()) {
            fields.title = event::fields(master.component, self.base).title;
        }
        if occurrence.listing.cancelled {
            fields.status = Stated::Value("cancelled".to_owned());
        }
        if let venue::Place::Unknown(said) = venue::place(component) {
            fields.location_notes = Stated::Value(said);
        }
        fields.venue = venue::venue(component).map(|record| self.refer(record)).into();
        fields.organizer = venue::organizer(component, self.base).map(|record| self.refer(record)).into();
        fields
    }

    /// Writes a record that events refer to, or completes the one already written.
    fn refer(&mut self, record: Record) -> String {
        let key = record.key.clone();
        match self.referred.get(&(record.kind(), key.clone())) {
            Some(place) => self.records[*place].fill_from(record),
            None => {
                self.referred.insert((record.kind(), key.clone()), self.records.len());
                self.records.push(record);
            }
        }
        key
    }
}

fn record(occurrence: &Occurrence<'_, '_, '_>, fields: Event) -> Record {
    let series = &occurrence.listing.key;
    let key = match &occurrence.name {
        Some(name) => format!("{series}#{name}"),
        None => series.clone(),
    };
    let repeats = occurrence.name.is_some();
    let zone = occurrence.start.zone_name();
    let event = Event {
        start: Stated::Value(occurrence.start.clone()),
        end: occurrence.end.clone().into(),
        timezone: zone.map(str::to_owned).into(),
        series: repeats.then(|| series.clone()).into(),
        occurrence: occurrence.name.clone().into(),
        ..fields
    };
    Record::new(key, event)
}

#[cfg(test)]
mod tests;
