//! A kind as flat, typed columns: what CSV and Parquet files consist of. A time becomes six columns, so
//! that its instant, its local reading and what is not known of it stand side by side; an event also gets
//! what it is known by at its venue, organizer and performers.

use std::borrow::Cow;

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use model::{Amount, ColumnType, Kind, Record, Stated};
use serde_json::Value;
use store::{EventView, KeptRow, VenueView};

/// What an encoder needs to know of what it will be given.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The kind of the rows.
    pub kind: Kind,
    /// Columns marked as personal data are there.
    pub personal: bool,
    /// Text that a spreadsheet would run is made harmless.
    pub guarded: bool,
    /// What the output is as new as.
    pub change: i64,
    /// What it holds the changes since.
    pub since: Option<i64>,
}

/// What stands in a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Text,
    Whole,
    Number,
    Amount,
    Flag,
    Instant,
    Local,
    Day,
    Texts,
    Json,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell<'a> {
    Nothing,
    Text(Cow<'a, str>),
    Whole(i64),
    Number(f64),
    Amount(Amount),
    Flag(bool),
    Instant(DateTime<Utc>),
    Local(NaiveDateTime),
    Day(NaiveDate),
    Texts(Vec<&'a str>),
    Json(&'a Value),
}

/// One column.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) shape: Shape,
    origin: Origin,
}

#[derive(Debug, Clone, Copy)]
enum Origin {
    /// A column of every kind.
    Row(for<'a> fn(&'a KeptRow) -> Cell<'a>),
    /// The column of the kind with this position.
    Stated(usize),
    /// A part of the time at this position.
    Time(usize, TimePart),
    /// Something that hangs on an event.
    Event(for<'a> fn(&'a EventView) -> Cell<'a>),
}

#[derive(Debug, Clone, Copy)]
enum TimePart {
    At,
    Local,
    Date,
    Zone,
    Clock,
    Said,
}

const TIME_PARTS: [(&str, Shape, TimePart); 6] = [
    ("at", Shape::Instant, TimePart::At),
    ("local", Shape::Local, TimePart::Local),
    ("date", Shape::Day, TimePart::Date),
    ("zone", Shape::Text, TimePart::Zone),
    ("clock", Shape::Text, TimePart::Clock),
    ("said", Shape::Text, TimePart::Said),
];

/// A column that is no column of the table: name, shape, and how it is read from what was kept.
type Derived<T> = (&'static str, Shape, for<'a> fn(&'a T) -> Cell<'a>);

/// Behind the kind's own columns.
const OF_ALL: [Derived<KeptRow>; 5] = [
    ("source", Shape::Text, |row| Cell::Text(row.source.as_str().into())),
    ("source_key", Shape::Text, |row| Cell::Text(row.source_key.as_str().into())),
    ("first_seen", Shape::Instant, |row| instant(Some(&row.first_seen))),
    ("last_seen", Shape::Instant, |row| instant(Some(&row.last_seen))),
    ("gone_at", Shape::Instant, |row| instant(row.gone_at.as_deref())),
];

const OF_EVENTS: [Derived<EventView>; 12] = [
    ("venue_id", Shape::Text, |e| {
        e.venue
            .as_ref()
            .and_then(|v| v.id.as_ref())
            .map_or(Cell::Nothing, |id| Cell::Text(id.as_str().into()))
    }),
    ("venue_name", Shape::Text, |e| of_venue(e, |v| v.name.as_deref())),
    ("venue_street", Shape::Text, |e| of_venue(e, |v| v.street.as_deref())),
    ("venue_city", Shape::Text, |e| of_venue(e, |v| v.city.as_deref())),
    ("venue_region", Shape::Text, |e| of_venue(e, |v| v.region.as_deref())),
    ("venue_postal_code", Shape::Text, |e| of_venue(e, |v| v.postal_code.as_deref())),
    ("venue_country", Shape::Text, |e| of_venue(e, |v| v.country.as_deref())),
    ("venue_address", Shape::Text, |e| of_venue(e, |v| v.address.as_deref())),
    ("venue_lat", Shape::Number, |e| number(e.venue.as_ref().and_then(|v| v.lat))),
    ("venue_lon", Shape::Number, |e| number(e.venue.as_ref().and_then(|v| v.lon))),
    ("organizer_name", Shape::Text, |e| text(e.organizer.as_deref())),
    ("performer_names", Shape::Texts, |e| Cell::Texts(e.performers.iter().map(String::as_str).collect())),
];

impl Layout {
    /// Whether a column of the kind is to be seen.
    pub(crate) fn shows(&self, column: &model::Column) -> bool {
        self.personal || !column.personal
    }

    /// The columns, in order.
    pub(crate) fn columns(&self) -> Vec<Column> {
        let id: for<'a> fn(&'a KeptRow) -> Cell<'a> = |row| Cell::Text(row.id.as_str().into());
        let mut columns = vec![Column { name: "id".to_owned(), shape: Shape::Text, origin: Origin::Row(id) }];
        for (index, column) in self.kind.spec().columns.iter().enumerate().filter(|(_, c)| self.shows(c)) {
            if column.column_type == ColumnType::When {
                columns.extend(TIME_PARTS.iter().map(|(part, shape, which)| {
                    let name = format!("{}_{part}", column.name);
                    Column { name, shape: *shape, origin: Origin::Time(index, *which) }
                }));
            } else {
                let shape = shape(self.kind, column);
                columns.push(Column { name: column.name.to_owned(), shape, origin: Origin::Stated(index) });
            }
        }
        let own = |(name, shape, read): &(&str, Shape, for<'a> fn(&'a EventView) -> Cell<'a>)| Column {
            name: (*name).to_owned(),
            shape: *shape,
            origin: Origin::Event(*read),
        };
        if self.kind == Kind::Event {
            columns.extend(OF_EVENTS.iter().map(own));
        }
        columns.extend(OF_ALL.iter().map(|(name, shape, read)| Column {
            name: (*name).to_owned(),
            shape: *shape,
            origin: Origin::Row(*read),
        }));
        columns
    }
}

impl Column {
    /// What a row has in it.
    pub(crate) fn cell<'a>(&self, row: &'a KeptRow) -> Cell<'a> {
        match self.origin {
            Origin::Row(read) => read(row),
            Origin::Event(read) => row.event.as_ref().map_or(Cell::Nothing, read),
            Origin::Stated(index) => row.values.get(index).map_or(Cell::Nothing, |v| stated(self.shape, v)),
            Origin::Time(index, part) => row.values.get(index).map_or(Cell::Nothing, |v| time(part, v)),
        }
    }
}

fn shape(kind: Kind, column: &model::Column) -> Shape {
    match column.column_type {
        ColumnType::Text | ColumnType::When => Shape::Text,
        ColumnType::Integer => Shape::Whole,
        ColumnType::Real => Shape::Number,
        ColumnType::Decimal => Shape::Amount,
        ColumnType::Bool => Shape::Flag,
        ColumnType::Instant => Shape::Instant,
        ColumnType::Json if is_list_of_texts(kind, column.name) => Shape::Texts,
        ColumnType::Json => Shape::Json,
    }
}

/// Specs call lists and objects by one name. A column of texts tells itself by what it makes of a single
/// text: a list of one.
fn is_list_of_texts(kind: Kind, name: &str) -> bool {
    let mut probe = Record::empty("", kind);
    let set = probe.set(name, Stated::Value(Value::from("x")));
    set.is_ok() && probe.to_json()[name].is_array()
}

fn stated(shape: Shape, value: &Value) -> Cell<'_> {
    let found = match shape {
        Shape::Text => value.as_str().map(|text| Cell::Text(text.into())),
        Shape::Whole => value.as_i64().map(Cell::Whole),
        Shape::Number => value.as_f64().map(Cell::Number),
        Shape::Amount => value.as_f64().and_then(Amount::from_f64).map(Cell::Amount),
        Shape::Flag => value.as_bool().map(Cell::Flag),
        Shape::Instant => Some(instant(value.as_str())),
        Shape::Texts => {
            value.as_array().map(|items| Cell::Texts(items.iter().filter_map(Value::as_str).collect()))
        }
        Shape::Json if !value.is_null() => Some(Cell::Json(value)),
        Shape::Json | Shape::Local | Shape::Day => None,
    };
    found.unwrap_or(Cell::Nothing)
}

/// A part of a stored time: see [`model::When`] for its members.
fn time(part: TimePart, when: &Value) -> Cell<'_> {
    let member = |name: &str| when.get(name).and_then(Value::as_str);
    let date = || member("date").and_then(|day| day.parse::<NaiveDate>().ok());
    match part {
        TimePart::At => instant(member("at")),
        TimePart::Date => date().map_or(Cell::Nothing, Cell::Day),
        TimePart::Local => {
            let clock = member("time").and_then(|time| time.parse::<NaiveTime>().ok());
            date().zip(clock).map_or(Cell::Nothing, |(day, time)| Cell::Local(day.and_time(time)))
        }
        TimePart::Zone => {
            let offset = || when.get("offset").and_then(Value::as_i64).and_then(offset_text);
            member("zone")
                .map(Cow::Borrowed)
                .or_else(|| offset().map(Cow::Owned))
                .map_or(Cell::Nothing, Cell::Text)
        }
        TimePart::Clock => text(member("clock")),
        TimePart::Said => text(member("said")),
    }
}

fn offset_text(seconds: i64) -> Option<String> {
    let offset = chrono::FixedOffset::east_opt(i32::try_from(seconds).ok()?)?;
    Some(offset.to_string())
}

fn instant(text: Option<&str>) -> Cell<'static> {
    let read = text.and_then(|text| DateTime::parse_from_rfc3339(text).ok());
    read.map_or(Cell::Nothing, |at| Cell::Instant(at.with_timezone(&Utc)))
}

fn text(text: Option<&str>) -> Cell<'_> {
    text.map_or(Cell::Nothing, |text| Cell::Text(text.into()))
}

fn number(number: Option<f64>) -> Cell<'static> {
    number.map_or(Cell::Nothing, Cell::Number)
}

fn of_venue<'a>(event: &'a EventView, read: fn(&'a VenueView) -> Option<&'a str>) -> Cell<'a> {
    text(event.venue.as_ref().and_then(read))
}
