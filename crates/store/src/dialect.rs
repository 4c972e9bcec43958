//! Everything in which one database's SQL differs from another's. SQLite is the one there is;
//! PostgreSQL will be a second set of these few answers.

use model::ColumnType;

/// The type a column is declared with.
pub(crate) fn column_type(column_type: ColumnType) -> &'static str {
    match column_type {
        ColumnType::Text | ColumnType::Instant | ColumnType::When | ColumnType::Json => "TEXT",
        ColumnType::Integer | ColumnType::Bool => "INTEGER",
        ColumnType::Real | ColumnType::Decimal => "REAL",
    }
}

/// One text field of a JSON column.
pub(crate) fn json_text(column: &str, field: &str) -> String {
    format!("\"{column}\" ->> '$.{field}'")
}

/// A column that follows from others and is computed when it is read or indexed.
pub(crate) fn generated(name: &str, expression: &str) -> String {
    format!("\"{name}\" TEXT GENERATED ALWAYS AS ({expression}) VIRTUAL")
}
