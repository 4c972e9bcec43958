//! Values on their way into SQLite and out of it.

use serde_json::{Map, Value, json};
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteRow};
use sqlx::{Row, Sqlite, TypeInfo, ValueRef};

use crate::sql::SqlResult;

type Asked<'q> = Query<'q, Sqlite, SqliteArguments>;

/// Binds a value. Lists and objects go in as JSON, true and false as 1 and 0.
pub(super) fn bind<'q>(query: Asked<'q>, value: &Value) -> Asked<'q> {
    match value {
        Value::Null => query.bind(None::<i64>),
        Value::Bool(flag) => query.bind(i64::from(*flag)),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => query.bind(whole),
            None => query.bind(number.as_f64()),
        },
        Value::String(text) => query.bind(text.clone()),
        Value::Array(_) | Value::Object(_) => query.bind(value.to_string()),
    }
}

/// A row by column, and about how many bytes it takes.
pub(super) fn row(columns: &[String], row: &SqliteRow) -> SqlResult<(Map<String, Value>, usize)> {
    let mut members = Map::new();
    let mut size = 2;
    for (index, name) in columns.iter().enumerate() {
        let (value, length) = cell(row, index)?;
        size += length + name.len() + 4;
        members.insert(name.clone(), value);
    }
    Ok((members, size))
}

/// By what is there, not by what the column was declared as: any column may hold anything.
fn cell(row: &SqliteRow, index: usize) -> SqlResult<(Value, usize)> {
    let raw = row.try_get_raw(index)?;
    if raw.is_null() {
        return Ok((Value::Null, 4));
    }
    let kind = raw.type_info().name().to_owned();
    Ok(match kind.as_str() {
        "INTEGER" | "BOOLEAN" => (Value::from(row.try_get_unchecked::<i64, _>(index)?), 20),
        "REAL" => (json!(row.try_get_unchecked::<f64, _>(index)?), 24),
        "BLOB" => {
            let bytes: &[u8] = row.try_get_unchecked(index)?;
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let length = hex.len() + 10;
            (json!({"hex": hex}), length)
        }
        _ => {
            let text: String = row.try_get_unchecked(index)?;
            let length = text.len() + 2;
            (Value::String(text), length)
        }
    })
}
