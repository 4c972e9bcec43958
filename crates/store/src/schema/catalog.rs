//! What of the schema a database has.

use std::collections::{HashMap, HashSet};

use super::statement::Part;
use crate::sql::{self, Conn, Dialect, SqlResult};

/// Tables with their columns, indexes and functions by name.
#[derive(Debug, Default)]
pub(crate) struct Catalog {
    columns: HashMap<String, HashSet<String>>,
    indexes: HashSet<String>,
    functions: HashSet<String>,
}

const COLUMNS_SQLITE: &str = "SELECT m.name, x.name FROM sqlite_master m, pragma_table_xinfo(m.name) x \
                              WHERE m.type = 'table'";
const INDEXES_SQLITE: &str = "SELECT name FROM sqlite_master WHERE type = 'index'";

const COLUMNS_POSTGRES: &str = "
    SELECT c.relname, a.attname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE n.nspname = current_schema() AND c.relkind IN ('r', 'p')";
/// An index that could not be built to its end is not valid, and is as good as absent.
const INDEXES_POSTGRES: &str = "
    SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = current_schema() AND i.indisvalid";
const FUNCTIONS_POSTGRES: &str = "
    SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE n.nspname = current_schema()";

impl Catalog {
    pub(super) async fn read(conn: &mut Conn) -> SqlResult<Catalog> {
        let (columns, indexes) = match conn.dialect() {
            Dialect::Sqlite => (COLUMNS_SQLITE, INDEXES_SQLITE),
            Dialect::Postgres => (COLUMNS_POSTGRES, INDEXES_POSTGRES),
        };
        let mut catalog = Catalog::default();
        for row in sql::query(columns).fetch_all(&mut *conn).await? {
            catalog.columns.entry(row.try_get(0)?).or_default().insert(row.try_get(1)?);
        }
        catalog.indexes = sql::query_scalar(indexes).fetch_all(&mut *conn).await?.into_iter().collect();
        if conn.dialect() == Dialect::Postgres {
            let functions = sql::query_scalar(FUNCTIONS_POSTGRES).fetch_all(conn).await?;
            catalog.functions = functions.into_iter().collect();
        }
        Ok(catalog)
    }

    /// Whether nothing at all is there.
    pub(super) fn is_empty(&self) -> bool {
        self.columns.is_empty()
    }

    pub(super) fn has_table(&self, table: &str) -> bool {
        self.columns.contains_key(table)
    }

    pub(super) fn has_column(&self, table: &str, column: &str) -> bool {
        self.columns.get(table).is_some_and(|columns| columns.contains(column))
    }

    pub(super) fn has(&self, part: &Part) -> bool {
        match part {
            Part::Table(name) => self.has_table(name),
            Part::Column { table, name } => self.has_column(table, name),
            Part::Index { name, .. } => self.indexes.contains(name),
            Part::Function(name) => self.functions.contains(name),
        }
    }
}
