//! Columns that follow from others: the instant and the local day of each time a row has, and for events the
//! last day they run. They are kept beside the times, to be searched and indexed, and written with them.
//! The database could compute them by itself; but SQLite then notes each page that an insert of many rows
//! touches, to take that statement back alone, and reads the JSON once more for each index.

use std::collections::HashMap;
use std::sync::LazyLock;

use model::{ColumnType, Kind, TableSpec};
use serde_json::Value;

use crate::sql::{Cell, Dialect};

/// A column that follows from others.
#[derive(Debug)]
pub(crate) struct Following {
    pub(crate) name: String,
    part: Part,
    /// Positions of times among the columns of the spec: what the first of them says that says it.
    of: Vec<usize>,
}

/// What of a time is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Instant,
    Day,
}

impl Part {
    /// Under this name in the time.
    fn key(self) -> &'static str {
        match self {
            Part::Instant => "at",
            Part::Day => "date",
        }
    }
}

static FOLLOWING: LazyLock<HashMap<&'static str, Vec<Following>>> =
    LazyLock::new(|| Kind::ALL.iter().map(|kind| (kind.spec().table, of_spec(kind.spec()))).collect());

/// The columns of this table that follow from others.
pub(crate) fn following(spec: &TableSpec) -> &'static [Following] {
    FOLLOWING.get(spec.table).map_or(&[], Vec::as_slice)
}

fn of_spec(spec: &TableSpec) -> Vec<Following> {
    let mut all = Vec::new();
    let at = |name: &str| spec.columns.iter().position(|column| column.name == name);
    for (index, column) in spec.columns.iter().enumerate().filter(|(_, c)| c.column_type == ColumnType::When)
    {
        let name = |suffix: &str| format!("{}_{suffix}", column.name);
        all.push(Following { name: name("at"), part: Part::Instant, of: vec![index] });
        all.push(Following { name: name("date"), part: Part::Day, of: vec![index] });
    }
    if let (Some(start), Some(end)) = (at("start"), at("end")) {
        all.push(Following { name: "last_date".to_owned(), part: Part::Day, of: vec![end, start] });
    }
    all
}

impl Following {
    /// How it is declared, in the words of `sql::declare`.
    pub(crate) fn declared(&self) -> String {
        let sort = match self.part {
            Part::Instant => "INSTANT",
            Part::Day => "DAY",
        };
        format!("\"{}\" {sort}", self.name)
    }

    /// What it is for a row of these values.
    pub(super) fn cell(&self, values: &[Value]) -> Cell {
        let said = |index: &usize| values.get(*index)?.get(self.part.key())?.as_str();
        self.of.iter().find_map(said).into()
    }

    /// The same in SQL, for rows that are there: `"start_at" = "start" ->> 'at'`.
    fn set(&self, dialect: Dialect, spec: &TableSpec) -> String {
        let said = |index: &usize| format!("\"{}\" ->> '{}'", spec.columns[*index].name, self.part.key());
        let said: Vec<String> = self.of.iter().map(said).collect();
        let said = if said.len() == 1 { said.concat() } else { format!("coalesce({})", said.join(", ")) };
        match (dialect, self.part) {
            (Dialect::Sqlite, _) => format!("\"{}\" = {said}", self.name),
            (Dialect::Postgres, Part::Instant) => format!("\"{}\" = ({said})::timestamptz", self.name),
            (Dialect::Postgres, Part::Day) => format!("\"{}\" = ({said})::date", self.name),
        }
    }
}

/// `UPDATE table SET …`, without a condition, for these columns: for where times changed in the table itself.
pub(crate) fn follow<'a>(
    dialect: Dialect,
    spec: &TableSpec,
    columns: impl IntoIterator<Item = &'a Following>,
) -> Option<String> {
    let sets: Vec<String> = columns.into_iter().map(|column| column.set(dialect, spec)).collect();
    (!sets.is_empty()).then(|| format!("UPDATE \"{}\" SET {}", spec.table, sets.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_last_day_is_that_of_the_end_or_else_of_the_start() {
        let spec = Kind::Event.spec();
        let check = |start: Value, end: Value, expected: [Option<&str>; 3]| {
            let value = |name: &str| match name {
                "start" => start.clone(),
                "end" => end.clone(),
                _ => Value::Null,
            };
            let values: Vec<Value> = spec.columns.iter().map(|column| value(column.name)).collect();
            let cell = |name: &str| following(spec).iter().find(|f| f.name == name).unwrap().cell(&values);
            assert_eq!(["start_at", "end_date", "last_date"].map(cell), expected.map(Cell::from));
        };
        let start = json!({"said": "1 May, 20:00", "date": "2026-05-01", "at": "2026-05-01T18:00:00Z"});
        check(start.clone(), Value::Null, [Some("2026-05-01T18:00:00Z"), None, Some("2026-05-01")]);
        check(
            start.clone(),
            json!({"said": "3 May", "date": "2026-05-03"}),
            [Some("2026-05-01T18:00:00Z"), Some("2026-05-03"), Some("2026-05-03")],
        );
        check(start, json!({"said": "late"}), [Some("2026-05-01T18:00:00Z"), None, Some("2026-05-01")]);
        check(json!({"said": "some day"}), Value::Null, [None, None, None]);
    }

    #[test]
    fn only_times_are_followed() {
        assert!(following(Kind::Venue.spec()).is_empty());
        let follow = |dialect, kind: Kind| follow(dialect, kind.spec(), following(kind.spec()));
        assert_eq!(follow(Dialect::Sqlite, Kind::Venue), None);
        let told = follow(Dialect::Postgres, Kind::Event).unwrap();
        assert!(told.contains("\"start_at\" = (\"start\" ->> 'at')::timestamptz"), "{told}");
        assert!(
            told.contains("\"last_date\" = (coalesce(\"end\" ->> 'date', \"start\" ->> 'date'))::date"),
            "{told}"
        );
    }
}
