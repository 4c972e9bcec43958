//! The columns that conditions can be about: those of the kind, and what flat files show beside them under names
//! of their own (the parts of a time, what an event is known by at its venue).

use model::{ColumnType, Kind, TableSpec, nearest};

use crate::rows::code_of;

/// What a condition is about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    /// As SQL, on a row `e`; never the user's text.
    pub(super) sql: String,
    pub(super) sort: Sort,
    pub(super) personal: bool,
}

/// What it is compared as.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Sort {
    /// Like a column of this type.
    Of(ColumnType),
    /// A day of the calendar.
    Day,
    /// The names of performers.
    Performers,
}

/// Columns of every kind.
const OF_ALL: [(&str, &str, ColumnType); 5] = [
    ("id", "id", ColumnType::Text),
    ("source", "source", ColumnType::Text),
    ("source_key", "source_key", ColumnType::Text),
    ("first_seen", "first_seen_at", ColumnType::Instant),
    ("gone_at", "gone_at", ColumnType::Instant),
];

/// What is shown of an event's venue: `venue_` and one of these.
const OF_VENUE: [&str; 10] =
    ["id", "name", "street", "city", "region", "postal_code", "country", "address", "lat", "lon"];

/// The parts of a time, beside its instant and its day, which are columns.
const PARTS: [(&str, &str); 4] = [
    ("_local", "(e.\"{}\" ->> 'date') || 'T' || (e.\"{}\" ->> 'time')"),
    ("_zone", "e.\"{}\" ->> 'zone'"),
    ("_clock", "e.\"{}\" ->> 'clock'"),
    ("_said", "e.\"{}\" ->> 'said'"),
];

impl Asked {
    /// What is called so on rows of `kind`; the error says what would be right.
    pub(super) fn of(kind: Kind, name: &str) -> Result<Asked, String> {
        let found = own(kind, name).or_else(|| of_all(kind, name)).or_else(|| part(kind.spec(), name));
        let found = found.or_else(|| of_event(name).filter(|_| kind == Kind::Event));
        found.ok_or_else(|| unknown(kind, name))
    }

    /// Whether one can be above another.
    pub(super) fn has_order(&self) -> bool {
        !matches!(self.sort, Sort::Of(ColumnType::Json | ColumnType::Bool) | Sort::Performers)
    }

    fn new(sql: String, sort: Sort) -> Asked {
        Asked { sql, sort, personal: false }
    }
}

fn own(kind: Kind, name: &str) -> Option<Asked> {
    let column = kind.spec().column(name)?;
    let sql = format!("e.\"{}\"", column.name);
    Some(Asked { personal: column.personal, ..Asked::new(sql, Sort::Of(column.column_type)) })
}

fn of_all(kind: Kind, name: &str) -> Option<Asked> {
    if name == "last_seen" {
        return Some(Asked::new(last_seen(kind), Sort::Of(ColumnType::Instant)));
    }
    let (_, column, column_type) = OF_ALL.into_iter().find(|(said, _, _)| *said == name)?;
    Some(Asked::new(format!("e.\"{column}\""), Sort::Of(column_type)))
}

/// When a row was last seen, of `e`.
pub(super) fn last_seen(kind: Kind) -> String {
    let code = code_of(kind);
    format!(
        "coalesce((SELECT max(q.seen_at) FROM sightings s JOIN places q ON q.place = s.place \
         WHERE s.kind = {code} AND s.rid = e.rid AND s.run = q.read_run), e.gone_at, e.first_seen_at)"
    )
}

fn part(spec: &TableSpec, name: &str) -> Option<Asked> {
    spec.columns.iter().filter(|column| column.column_type == ColumnType::When).find_map(|column| {
        let part = name.strip_prefix(column.name)?;
        match part {
            "_at" => Some(Asked::new(format!("e.\"{name}\""), Sort::Of(ColumnType::Instant))),
            "_date" => Some(Asked::new(format!("e.\"{name}\""), Sort::Day)),
            _ => {
                let (_, sql) = PARTS.into_iter().find(|(suffix, _)| *suffix == part)?;
                let sql = format!("({})", sql.replace("{}", column.name));
                Some(Asked::new(sql, Sort::Of(ColumnType::Text)))
            }
        }
    })
}

/// What hangs on an event.
fn of_event(name: &str) -> Option<Asked> {
    let beside = |kind: Kind, column: &str, key: &str| {
        let table = kind.spec().table;
        let sql = format!(
            "(SELECT b.\"{column}\" FROM \"{table}\" b WHERE b.source = e.source AND b.source_key = e.\"{key}\")"
        );
        let spec = kind.spec().column(column);
        let sort = Sort::Of(spec.map_or(ColumnType::Text, |spec| spec.column_type));
        Asked { personal: spec.is_some_and(|spec| spec.personal), ..Asked::new(sql, sort) }
    };
    match name {
        "organizer_name" => Some(beside(Kind::Organizer, "name", "organizer")),
        "performer_names" => Some(Asked::new("e.\"performers\"".to_owned(), Sort::Performers)),
        name => {
            let column = name.strip_prefix("venue_")?;
            OF_VENUE.contains(&column).then(|| beside(Kind::Venue, column, "venue"))
        }
    }
}

fn unknown(kind: Kind, wanted: &str) -> String {
    let at_venue = format!("venue_{wanted}");
    if kind == Kind::Event && of_event(&at_venue).is_some() {
        return format!("event has no column {wanted:?}; did you mean {at_venue}?");
    }
    let all = OF_ALL.iter().map(|(name, _, _)| *name).chain(["last_seen"]);
    let known: Vec<&str> = kind.spec().columns.iter().map(|column| column.name).chain(all).collect();
    match nearest(wanted, known.iter().copied()) {
        Some(near) => format!("{} has no column {wanted:?}; did you mean {near}?", kind.name()),
        None => format!("{} has no column {wanted:?}; there are {}", kind.name(), known.join(", ")),
    }
}
