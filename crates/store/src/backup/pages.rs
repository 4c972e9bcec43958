//! The rows of a table in the order of their keys, a page at a time: each page begins behind the last row of
//! the one before, however many there are.

use super::rows::RowsHash;
use super::tables::{Sort, Table};
use crate::sql::{self, Cell, Conn, SqlResult};

/// Rows of the first page, and at most.
const FIRST_ROWS: usize = 200;
const MOST_ROWS: usize = 4_000;

/// What a page is to hold, roughly.
const PAGE_BYTES: usize = 2 * 1024 * 1024;

/// Where in a table we are.
pub(super) struct Pages {
    first: String,
    next: String,
    /// Which of the columns are the key.
    key: Vec<usize>,
    after: Option<Vec<Cell>>,
    rows: usize,
}

impl Pages {
    /// Of these columns of a table, among them its key.
    pub(super) fn of(table: &Table, columns: &[String]) -> Pages {
        let list = |names: &[String]| {
            let quoted: Vec<String> = names.iter().map(|name| format!("\"{name}\"")).collect();
            quoted.join(", ")
        };
        let (key, marks) = (list(&table.key), vec!["?"; table.key.len()].join(", "));
        let head = format!("SELECT {} FROM \"{}\"", list(columns), table.name);
        let tail = format!("ORDER BY {key} LIMIT ?");
        let only = table.only();
        Pages {
            first: format!("{head} WHERE {} {tail}", only.unwrap_or("TRUE")),
            next: format!("{head} WHERE {} AND ({key}) > ({marks}) {tail}", only.unwrap_or("TRUE")),
            key: table.key.iter().filter_map(|name| columns.iter().position(|c| c == name)).collect(),
            after: None,
            rows: FIRST_ROWS,
        }
    }

    /// The next page; empty after the last row.
    pub(super) async fn next(&mut self, conn: &mut Conn) -> SqlResult<Vec<Vec<Cell>>> {
        let query = match self.after.take() {
            None => sql::query(self.first.clone()),
            Some(after) => sql::query(self.next.clone()).bind_all(after),
        };
        let rows = query.bind(self.rows as i64).fetch_all(conn).await?;
        let rows: SqlResult<Vec<Vec<Cell>>> = rows.into_iter().map(|row| row.into_any_cells()).collect();
        let rows = rows?;
        if let Some(last) = rows.last() {
            self.after = Some(self.key.iter().filter_map(|at| last.get(*at).cloned()).collect());
            self.rows = (PAGE_BYTES / (bytes_of(&rows) / rows.len()).max(1)).clamp(10, MOST_ROWS);
        }
        Ok(rows)
    }

    /// How many rows there are from here on, and their hash.
    pub(super) async fn sum(mut self, conn: &mut Conn, sorts: &[Sort]) -> SqlResult<(u64, String)> {
        let (mut count, mut hash) = (0, RowsHash::default());
        loop {
            let rows = self.next(conn).await?;
            if rows.is_empty() {
                return Ok((count, hash.to_hex()));
            }
            rows.iter().for_each(|row| hash.add(sorts, row));
            count += rows.len() as u64;
        }
    }
}

fn bytes_of(rows: &[Vec<Cell>]) -> usize {
    let size = |cell: &Cell| if let Cell::Text(text) = cell { text.len() } else { 8 };
    rows.iter().flatten().map(size).sum()
}
