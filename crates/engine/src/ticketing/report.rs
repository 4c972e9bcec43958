//! A report as a program sees it, whatever it is shown as: facts at its head, sections of rows below, and
//! beside every number what it counts.

use chrono::{DateTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use serde_json::{Map, Value, json};

/// One report on one region.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// Which report: `sales`.
    pub name: &'static str,
    /// What it is called.
    pub title: String,
    /// The region.
    pub region: String,
    /// The event.
    pub event: String,
    /// A sign for the region, where one is known.
    pub icon: String,
    /// As of when it is.
    pub as_of: DateTime<Utc>,
    /// The event's own clock.
    pub zone: Tz,
    /// What is to be known of the whole.
    pub facts: Vec<Fact>,
    /// Its parts.
    pub sections: Vec<Section>,
}

/// A single value with a name.
#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// The value.
    pub value: Cell,
}

/// Rows of one sort.
#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it is called.
    pub title: String,
    /// What its numbers count: people, teams, tickets.
    pub counts: &'static str,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Vec<Cell>>,
    /// What is to be known beside the rows.
    pub notes: Vec<String>,
    /// Too much for a message: tables, files and workbooks have it.
    pub detail: bool,
}

/// One column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Its name in JSON.
    pub name: &'static str,
    /// What it is called.
    pub title: &'static str,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    /// Not known, or does not apply.
    Nothing,
    /// Text.
    Text(String),
    /// A whole number.
    Count(i64),
    /// A share: 0.5 is 50 %.
    Share(f64),
    /// Any other number, with two decimals.
    Number(f64),
    /// A time.
    At(DateTime<Utc>),
}

impl Cell {
    /// The value as JSON; a share is a number from 0 to 1.
    pub fn to_json(&self) -> Value {
        match self {
            Cell::Nothing => Value::Null,
            Cell::Text(text) => json!(text),
            Cell::Count(count) => json!(count),
            Cell::Share(number) | Cell::Number(number) => json!(number),
            Cell::At(at) => json!(at.to_rfc3339_opts(SecondsFormat::Secs, true)),
        }
    }

    /// The value for eyes, on the clock of `zone`.
    pub fn shown(&self, zone: Tz) -> String {
        match self {
            Cell::Nothing => "-".to_owned(),
            Cell::Text(text) => text.clone(),
            Cell::Count(count) => grouped(*count),
            Cell::Share(share) => format!("{:.2} %", share * 100.0),
            Cell::Number(number) => with_cents(*number),
            Cell::At(at) => at.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z").to_string(),
        }
    }

    /// Whether it stands to the right.
    pub fn is_number(&self) -> bool {
        matches!(self, Cell::Count(_) | Cell::Share(_) | Cell::Number(_))
    }
}

/// `1,204.50`.
fn with_cents(number: f64) -> String {
    let plain = format!("{number:.2}");
    match plain.split_once('.').and_then(|(whole, cents)| Some((whole.parse().ok()?, cents))) {
        // A nought with a sign is no whole number that has one.
        Some((0, _)) | None => plain,
        Some((whole, cents)) => format!("{}.{cents}", grouped(whole)),
    }
}

/// `1,204`.
pub(super) fn grouped(number: i64) -> String {
    let digits = number.unsigned_abs().to_string();
    let mut shown = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            shown.push(',');
        }
        shown.push(digit);
    }
    if number < 0 { format!("-{shown}") } else { shown }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Cell {
        Cell::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

impl From<u64> for Cell {
    fn from(count: u64) -> Cell {
        Cell::Count(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<i64> for Cell {
    fn from(count: i64) -> Cell {
        Cell::Count(count)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Nothing, Into::into)
    }
}

impl From<super::days::Day> for Cell {
    fn from(day: super::days::Day) -> Cell {
        day.name().into()
    }
}

/// The share of a part in a whole; nothing where there is no whole.
pub fn share(part: u64, whole: u64) -> Cell {
    if whole == 0 { Cell::Nothing } else { Cell::Share(part as f64 / whole as f64) }
}

/// The share of what was sold in what there is room for; nothing where that is not known.
pub fn share_of_room(sold: u64, room: Option<i64>) -> Cell {
    match room {
        Some(room) if room > 0 => Cell::Share(sold as f64 / room as f64),
        _ => Cell::Nothing,
    }
}

impl Section {
    /// An empty section: its name, its title, what it counts, and its columns as name and title.
    pub fn new(
        name: &'static str,
        title: impl Into<String>,
        counts: &'static str,
        columns: &[(&'static str, &'static str)],
    ) -> Section {
        let columns = columns.iter().map(|(name, title)| Column { name, title }).collect();
        Section {
            name,
            title: title.into(),
            counts,
            columns,
            rows: Vec::new(),
            notes: Vec::new(),
            detail: false,
        }
    }

    /// One more row.
    pub fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(cells.into());
    }

    /// With these rows.
    pub fn with(mut self, rows: impl IntoIterator<Item = Vec<Cell>>) -> Section {
        self.rows.extend(rows);
        self
    }

    /// With this note.
    pub fn note(mut self, note: impl Into<String>) -> Section {
        self.notes.push(note.into());
        self
    }

    /// Left out of messages.
    pub fn detailed(self) -> Section {
        Section { detail: true, ..self }
    }

    fn to_json(&self) -> Value {
        let row = |row: &Vec<Cell>| {
            let fields = self.columns.iter().zip(row);
            Value::Object(fields.map(|(column, cell)| (column.name.to_owned(), cell.to_json())).collect())
        };
        let rows: Vec<Value> = self.rows.iter().map(row).collect();
        json!({"counts": self.counts, "rows": rows, "notes": self.notes})
    }
}

impl Report {
    /// The report as JSON: facts and sections by name.
    pub fn to_json(&self) -> Value {
        let facts: Map<String, Value> =
            self.facts.iter().map(|fact| (fact.name.to_owned(), fact.value.to_json())).collect();
        let sections: Map<String, Value> =
            self.sections.iter().map(|section| (section.name.to_owned(), section.to_json())).collect();
        json!({
            "report": self.name,
            "region": self.region,
            "event": self.event,
            "as_of": Cell::At(self.as_of).to_json(),
            "timezone": self.zone.name(),
            "facts": facts,
            "sections": sections,
        })
    }

    /// As of when it is, on the event's clock.
    pub fn time(&self) -> String {
        Cell::At(self.as_of).shown(self.zone)
    }

    /// Its heading.
    pub fn heading(&self) -> String {
        let icon = if self.icon.is_empty() { String::new() } else { format!("{} ", self.icon) };
        format!("{icon}{}: {}", self.region, self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_shown_on_the_events_clock_and_as_people_read_them() {
        let zone = Tz::Asia__Seoul;
        let at = Cell::At("2025-10-01T12:00:00Z".parse().expect("a time"));
        assert_eq!(at.shown(zone), "2025-10-01 21:00 KST");
        assert_eq!(Cell::from(1_234_567_i64).shown(zone), "1,234,567");
        assert_eq!(Cell::Number(1_972_086.57).shown(zone), "1,972,086.57");
        assert_eq!(Cell::Number(-1_234.5).shown(zone), "-1,234.50");
        assert_eq!(Cell::Number(-0.25).shown(zone), "-0.25");
        assert_eq!(Cell::from(-1_234_i64).shown(zone), "-1,234");
        assert_eq!((share(131, 92).shown(zone).as_str(), share(1, 0)), ("142.39 %", Cell::Nothing));
        assert_eq!(share(1, 4).to_json(), json!(0.25));
    }
}
