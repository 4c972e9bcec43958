//! The two shapes of statement that everything bulk is made of: a multi-row insert with a fixed
//! number of rows, so that it is prepared once, and a set of keys passed as one JSON array.

use serde::Serialize;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, SqliteConnection};

/// What database code inside this crate returns; the public edge says what it was doing.
pub(crate) type SqlResult<T> = Result<T, sqlx::Error>;

/// One value to write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Cell {
    Null,
    Int(i64),
    Real(f64),
    Text(String),
}

impl From<i64> for Cell {
    fn from(value: i64) -> Cell {
        Cell::Int(value)
    }
}

impl From<&str> for Cell {
    fn from(value: &str) -> Cell {
        Cell::Text(value.to_owned())
    }
}

impl From<String> for Cell {
    fn from(value: String) -> Cell {
        Cell::Text(value)
    }
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Cell {
        value.map_or(Cell::Null, Into::into)
    }
}

/// A multi-row insert into one table, with what to do about rows that are there already.
#[derive(Debug, Clone)]
pub(crate) struct Insert {
    head: String,
    tail: String,
    width: usize,
}

/// Bound values per statement. Each statement is a trip to the connection's thread and back, so more
/// is better; but a prepared statement takes some 150 bytes of memory for each.
const CELLS_PER_STATEMENT: usize = 2_000;

impl Insert {
    /// Rows of these columns; a row that is there already is an error.
    pub(crate) fn into(table: &str, columns: &[&str]) -> Insert {
        let names: Vec<String> = columns.iter().map(|column| format!("\"{column}\"")).collect();
        Insert {
            head: format!("INSERT INTO \"{table}\" ({}) VALUES ", names.join(", ")),
            tail: String::new(),
            width: columns.len(),
        }
    }

    /// A row with the same `key` gets new values in the columns `update`.
    pub(crate) fn or_update(mut self, key: &str, update: &[&str]) -> Insert {
        let sets: Vec<String> = update.iter().map(|c| format!("\"{c}\" = excluded.\"{c}\"")).collect();
        self.tail = format!(" ON CONFLICT ({key}) DO UPDATE SET {}", sets.join(", "));
        self
    }

    /// With this clause after the values.
    pub(crate) fn with(mut self, clause: &str) -> Insert {
        self.tail = format!(" {clause}");
        self
    }

    /// Writes `rows`, each as wide as the columns.
    pub(crate) async fn write(&self, conn: &mut SqliteConnection, rows: Vec<Vec<Cell>>) -> SqlResult<()> {
        let mut left = rows.len();
        let mut rows = rows.into_iter();
        // Each size a quarter of the one before: few prepared statements serve every number of rows.
        let mut count = (CELLS_PER_STATEMENT / self.width).max(1);
        while left > 0 {
            while count > left {
                count = (count / 4).max(1);
            }
            self.write_once(conn, rows.by_ref().take(count), count).await?;
            left -= count;
        }
        Ok(())
    }

    async fn write_once(
        &self,
        conn: &mut SqliteConnection,
        rows: impl Iterator<Item = Vec<Cell>>,
        count: usize,
    ) -> SqlResult<()> {
        let mut arguments = SqliteArguments::default();
        arguments.reserve(count * self.width, 0);
        for cell in rows.flatten() {
            add(&mut arguments, cell)?;
        }
        sqlx::query_with(AssertSqlSafe(self.statement(count)), arguments).execute(conn).await?;
        Ok(())
    }

    fn statement(&self, count: usize) -> String {
        let one = format!("({})", vec!["?"; self.width].join(","));
        format!("{}{}{}", self.head, vec![one.as_str(); count].join(","), self.tail)
    }
}

fn add(arguments: &mut SqliteArguments, cell: Cell) -> SqlResult<()> {
    let added = match cell {
        Cell::Null => arguments.add(None::<i64>),
        Cell::Int(value) => arguments.add(value),
        Cell::Real(value) => arguments.add(value),
        Cell::Text(value) => arguments.add(value),
    };
    added.map_err(sqlx::Error::Encode)
}

/// A set of keys as the one parameter of `IN (SELECT value FROM json_each(?))`.
pub(crate) fn keys<T: Serialize>(keys: &[T]) -> String {
    // Numbers and texts always serialise.
    serde_json::to_string(keys).unwrap_or_else(|_| "[]".to_owned())
}

/// A stored JSON text; a fault is a damaged row.
pub(crate) fn json<T: serde::de::DeserializeOwned>(text: &str) -> SqlResult<T> {
    serde_json::from_str(text).map_err(|error| sqlx::Error::Decode(Box::new(error)))
}

/// A stored text that must parse; a fault is a damaged row.
pub(crate) fn parse<T>(text: &str, read: impl Fn(&str) -> Option<T>) -> SqlResult<T> {
    read(text).ok_or_else(|| sqlx::Error::Decode(format!("unexpected stored text {text:?}").into()))
}
