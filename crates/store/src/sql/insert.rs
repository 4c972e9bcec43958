//! The shape of statement that everything bulk is written with: many rows into one table at once. The
//! text of a statement does not depend on how many rows there are, or on few numbers of them, so that it
//! is prepared once.

use std::sync::Arc;

use futures::future::join;
use sqlx::postgres::PgArguments;
use sqlx::sqlite::SqliteArguments;
use sqlx::{Arguments, AssertSqlSafe, PgConnection, SqliteConnection};

use super::conn::{Conn, Raw};
use super::postgres::{Types, column_of_cells};
use super::{Cell, SqlResult};
use crate::meters::Timed;

/// A multi-row insert into one table, with what to do about rows that are there already.
#[derive(Debug, Clone)]
pub(crate) struct Insert {
    table: String,
    columns: Vec<String>,
    tail: String,
}

/// Bound values per statement in SQLite. Each statement is a trip to the connection's thread and back,
/// so more is better; but a prepared statement takes some 150 bytes of memory for each.
const CELLS_PER_STATEMENT: usize = 2_000;

/// Rows per statement in PostgreSQL, where a statement takes a column of all rows as one value.
const ROWS_PER_STATEMENT: usize = 1_000;

impl Insert {
    /// Rows of these columns; a row that is there already is an error.
    pub(crate) fn into(table: &str, columns: &[&str]) -> Insert {
        let columns = columns.iter().map(|column| (*column).to_owned()).collect();
        Insert { table: table.to_owned(), columns, tail: String::new() }
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
    pub(crate) async fn write(&self, conn: &mut Conn, rows: Vec<Vec<Cell>>) -> SqlResult<()> {
        self.write_each(conn, rows.into_iter().map(Ok)).await
    }

    /// The same for rows that are made as they are written: while the database works on some, the next are
    /// made ready.
    pub(crate) async fn write_each(
        &self,
        conn: &mut Conn,
        rows: impl ExactSizeIterator<Item = SqlResult<Vec<Cell>>>,
    ) -> SqlResult<()> {
        if rows.len() == 0 {
            return Ok(());
        }
        let (meters, head) = (conn.meters.clone(), self.head());
        // What a slow one is told of as: values are not in it.
        let timed = || meters.statement(head.clone().into());
        match conn.raw() {
            Raw::Sqlite(conn) => self.write_sqlite(conn, &head, timed, rows).await,
            Raw::Postgres(conn, types) => self.write_postgres(conn, types, timed, rows).await,
        }
    }

    async fn write_sqlite(
        &self,
        conn: &mut SqliteConnection,
        head: &str,
        timed: impl Fn() -> Timed,
        mut rows: impl ExactSizeIterator<Item = SqlResult<Vec<Cell>>>,
    ) -> SqlResult<()> {
        let mut count = (CELLS_PER_STATEMENT / self.columns.len()).max(1);
        let mut bind = move || -> SqlResult<Option<(usize, SqliteArguments)>> {
            if rows.len() == 0 {
                return Ok(None);
            }
            // Each size a third of the one before: few prepared statements serve every number of rows.
            while count > rows.len() {
                count = (count / 3).max(1);
            }
            let mut arguments = SqliteArguments::default();
            arguments.reserve(count * self.columns.len(), 0);
            for row in rows.by_ref().take(count) {
                for cell in row? {
                    cell.bind_sqlite(&mut arguments)?;
                }
            }
            Ok(Some((count, arguments)))
        };
        let mut ready = bind()?;
        while let Some((count, arguments)) = ready {
            let _timed = timed();
            let statement = AssertSqlSafe(self.values_statement(head, count));
            let written = sqlx::query_with(statement, arguments).execute(&mut *conn);
            let (written, next) = join(written, async { bind() }).await;
            written?;
            ready = next?;
        }
        Ok(())
    }

    /// `INSERT OR FAIL INTO t (a, b) VALUES (?,?),(?,?)`. What the statement has written when it fails is
    /// taken back with the transaction: told so, SQLite does not note each page for taking back
    /// this statement alone, which cost a tenth of all the time of a load.
    fn values_statement(&self, head: &str, count: usize) -> String {
        let one = format!("({})", vec!["?"; self.columns.len()].join(","));
        format!("INSERT OR FAIL {head} VALUES {}{}", vec![one.as_str(); count].join(","), self.tail)
    }

    async fn write_postgres(
        &self,
        conn: &mut PgConnection,
        types: &Arc<Types>,
        timed: impl Fn() -> Timed,
        mut rows: impl ExactSizeIterator<Item = SqlResult<Vec<Cell>>>,
    ) -> SqlResult<()> {
        let kept = types.of_table(conn, &self.table, &self.columns).await?;
        let mut bind = || -> SqlResult<Option<(String, PgArguments)>> {
            if rows.len() == 0 {
                return Ok(None);
            }
            let count = rows.len().min(ROWS_PER_STATEMENT);
            let mut columns: Vec<Vec<Cell>> = kept.iter().map(|_| Vec::with_capacity(count)).collect();
            for row in rows.by_ref().take(count) {
                for (column, cell) in columns.iter_mut().zip(row?) {
                    column.push(cell);
                }
            }
            let mut said = Vec::with_capacity(kept.len());
            let mut arguments = PgArguments::default();
            for ((name, kept), cells) in self.columns.iter().zip(&*kept).zip(columns) {
                // What none of the rows has is not sent: to take many arrays apart is most of the work.
                if cells.iter().any(|cell| *cell != Cell::Null) {
                    said.push((name.as_str(), kept.as_str()));
                    column_of_cells(&mut arguments, kept, cells)?;
                }
            }
            Ok(Some((self.arrays_statement(&said), arguments)))
        };
        let mut ready = bind()?;
        while let Some((statement, arguments)) = ready {
            let _timed = timed();
            let written = sqlx::query_with(AssertSqlSafe(statement), arguments).execute(&mut *conn);
            let (written, next) = join(written, async { bind() }).await;
            written?;
            ready = next?;
        }
        Ok(())
    }

    /// `INSERT INTO t (a, b) SELECT a, b::jsonb FROM unnest($1::bigint[], $2::text[]) AS v (a, b)`, for these
    /// columns and their types.
    fn arrays_statement(&self, said: &[(&str, &str)]) -> String {
        let (mut names, mut selected, mut arrays) = (Vec::new(), Vec::new(), Vec::new());
        for (number, (column, kept)) in (1..).zip(said) {
            names.push(format!("\"{column}\""));
            if kept.starts_with("json") {
                selected.push(format!("v.\"{column}\"::{kept}"));
                arrays.push(format!("${number}::text[]"));
            } else {
                selected.push(format!("v.\"{column}\""));
                arrays.push(format!("${number}::{kept}[]"));
            }
        }
        let (names, selected, arrays) = (names.join(", "), selected.join(", "), arrays.join(", "));
        format!(
            "INSERT INTO \"{}\" ({names}) SELECT {selected} FROM unnest({arrays}) AS v ({names}){}",
            self.table, self.tail
        )
    }

    /// `INTO t (a, b)`.
    fn head(&self) -> String {
        let names: Vec<String> = self.columns.iter().map(|column| format!("\"{column}\"")).collect();
        format!("INTO \"{}\" ({})", self.table, names.join(", "))
    }
}
