//! Which tables a backup holds, with their columns and the order of their rows. Read from the declared
//! schema, so that a table which is new there is in the next backup, whoever added it.

use crate::schema;
use crate::sql::Dialect;

/// Tables that belong to one database and are made anew in another one: the schema's own records, the name by
/// which a store is told from another, the index of words, and limits, which hold for the present alone.
const LEFT_OUT: [&str; 6] =
    ["schema_version", "schema_changes", "identity", "event_search", "limits", "limit_shares"];

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    /// The columns that its rows are told apart and ordered by.
    pub(super) key: Vec<String>,
    /// The column that the database numbers by itself.
    pub(super) numbered: Option<String>,
}

/// A column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) sort: Sort,
}

/// What a column holds, as far as two databases write it differently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sort {
    Text,
    Whole,
    Real,
    Decimal,
    Instant,
    Json,
}

/// Every table that is backed up, those that others refer to before these.
pub(super) fn all() -> Vec<Table> {
    let mut tables: Vec<Table> = Vec::new();
    // The words of PostgreSQL say what is meant where SQLite's say only how it is stored.
    for text in schema::statements(Dialect::Postgres) {
        if let Some(table) = table(&text) {
            tables.push(table);
        } else if let Some((name, column)) = added_column(&text)
            && let Some(table) = tables.iter_mut().find(|table| table.name == name)
            && table.columns.iter().all(|known| known.name != column.name)
        {
            table.columns.push(column);
        }
    }
    tables.retain(|table| !LEFT_OUT.contains(&table.name.as_str()));
    tables
}

/// Tables of which SQLite never gives a number twice.
pub(super) fn ordered() -> Vec<String> {
    let texts = schema::statements(Dialect::Sqlite).into_iter();
    texts.filter(|text| text.contains("AUTOINCREMENT")).filter_map(|text| Some(table(&text)?.name)).collect()
}

impl Table {
    /// What of its rows is not taken along: a cache is of one store, and no other's.
    pub(super) fn only(&self) -> Option<&'static str> {
        (self.name == "followers").then_some("name NOT LIKE 'cache %'")
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Reads `CREATE TABLE name (…)`.
fn table(text: &str) -> Option<Table> {
    let rest = text.strip_prefix("CREATE TABLE ")?;
    let (name, rest) = rest.split_once('(')?;
    let (inside, _) = rest.rsplit_once(')')?;
    let name = name.trim().trim_matches('"').to_owned();
    let mut table = Table { name, columns: Vec::new(), key: Vec::new(), numbered: None };
    for part in parts(inside) {
        if let Some(key) = part.strip_prefix("PRIMARY KEY") {
            let names = key.trim().trim_start_matches('(').trim_end_matches(')').split(',');
            table.key = names.map(|name| name.trim().trim_matches('"').to_owned()).collect();
        } else if let Some(column) = column(part) {
            if part.contains(" PRIMARY KEY") {
                table.key = vec![column.name.clone()];
            }
            if part.contains(" AS IDENTITY") || part.contains(" AUTOINCREMENT") {
                table.numbered = Some(column.name.clone());
            }
            table.columns.push(column);
        }
    }
    Some(table)
}

/// Reads `ALTER TABLE name ADD COLUMN …`.
fn added_column(text: &str) -> Option<(String, Column)> {
    let (table, declared) = text.strip_prefix("ALTER TABLE ")?.split_once(" ADD COLUMN ")?;
    Some((table.trim_matches('"').to_owned(), column(declared)?))
}

/// `None` for what is no column.
fn column(declared: &str) -> Option<Column> {
    let mut words = declared.split_whitespace();
    let name = words.next()?.trim_matches('"').to_owned();
    let sort = match words.next()? {
        "BIGINT" | "INTEGER" | "BOOLEAN" => Sort::Whole,
        "DOUBLE" | "REAL" => Sort::Real,
        "NUMERIC" => Sort::Decimal,
        "TIMESTAMPTZ" => Sort::Instant,
        "JSONB" | "JSON" => Sort::Json,
        "TEXT" | "DATE" => Sort::Text,
        _ => return None,
    };
    Some(Column { name, sort })
}

/// What lies between the commas outside of brackets.
fn parts(inside: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(inside[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(inside[start..].trim());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Without a key its rows would have no order. Who adds a table gives it one, or says above why it is left out.
    #[test]
    fn every_table_has_columns_and_a_key_of_them() {
        let tables = all();
        for table in &tables {
            assert!(!table.columns.is_empty() && !table.key.is_empty(), "{table:?}");
            assert!(table.key.iter().all(|name| table.column(name).is_some()), "{table:?}");
        }
        for expected in ["event_listings", "changes", "audit", "items", "quarantine", "followers"] {
            assert!(tables.iter().any(|table| table.name == expected), "{expected}");
        }
        assert!(ordered().contains(&"changes".to_owned()), "{:?}", ordered());
    }

    #[test]
    fn what_a_column_holds_is_told() {
        let events = all().into_iter().find(|table| table.name == "event_listings").unwrap();
        let sort = |name: &str| events.column(name).map(|column| column.sort);
        assert_eq!(
            (sort("start"), sort("start_at"), sort("last_date")),
            (Some(Sort::Json), Some(Sort::Instant), Some(Sort::Text))
        );
        assert_eq!((sort("rid"), sort("first_seen_at")), (Some(Sort::Whole), Some(Sort::Instant)));
        assert_eq!((&events.key[..], events.numbered.as_deref()), (&["rid".to_owned()][..], Some("rid")));
        let runs = all().into_iter().find(|table| table.name == "runs").unwrap();
        assert!(runs.column("within").is_some(), "columns that came later: {runs:?}");
    }
}
