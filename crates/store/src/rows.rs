//! Rows of the typed tables: read into stored JSON values, written back, in bulk.

mod following;

use std::collections::HashMap;

use model::{Column, ColumnType, ContentHash, Kind, RowId, TableSpec};
use serde_json::Value;

use crate::query::row_id;
use crate::sql::{self, Cell, Conn, Insert, Row, SqlResult, json, keys};

pub(crate) use following::{follow, following};

/// A row as stored, and what a commit has made of it so far.
#[derive(Debug, Clone)]
pub(crate) struct StoredRow {
    pub(crate) rid: i64,
    /// In the order of the spec's columns; null where there is no value.
    pub(crate) values: Vec<Value>,
    /// It has a tombstone.
    pub(crate) gone: bool,
    /// Number of the document that last changed it.
    pub(crate) document: i64,
}

/// The number by which sightings and changes name a kind. Part of the schema: never renumbered.
pub(crate) fn code_of(kind: Kind) -> i64 {
    match kind {
        Kind::Venue => 1,
        Kind::Performer => 2,
        Kind::Organizer => 3,
        Kind::Event => 4,
        Kind::Offer => 5,
        Kind::Shop => 6,
        Kind::ShopOffer => 7,
        Kind::CouponSeries => 8,
        Kind::Coupon => 9,
        Kind::Transaction => 10,
        Kind::Ticket => 11,
        Kind::Scan => 12,
        Kind::CardCategory => 20,
        Kind::CardYear => 21,
        Kind::CardSet => 22,
        Kind::Card => 23,
        Kind::GradedCard => 24,
        Kind::CardTotals => 25,
    }
}

/// The kind that `code` names.
pub(crate) fn kind_of(code: i64) -> SqlResult<Kind> {
    let found = Kind::ALL.iter().copied().find(|kind| code_of(*kind) == code);
    found.ok_or_else(|| sqlx::Error::Decode(format!("unknown kind number {code}").into()))
}

/// 64 bits that stand for a row within one document or in the quarantine.
pub(crate) fn row_key(id: &RowId) -> i64 {
    ContentHash::of(id.as_str().as_bytes()).short()
}

/// Loads the rows of `kind` that are there, by id.
pub(crate) async fn load(conn: &mut Conn, kind: Kind, ids: &[&str]) -> SqlResult<HashMap<RowId, StoredRow>> {
    let spec = kind.spec();
    let sql = format!(
        "SELECT id, rid, gone_at IS NOT NULL, coalesce(document, 0), {} FROM \"{}\" \
         WHERE id IN (SELECT value FROM json_each(?))",
        column_list(spec),
        spec.table
    );
    let mut loaded = HashMap::with_capacity(ids.len());
    for ids in ids.chunks(1_000) {
        let rows = sql::query(sql.clone()).bind(keys(ids)).fetch_all(&mut *conn).await?;
        for row in rows {
            let values = kept_values(&row, spec, 4)?;
            let (rid, gone, document) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
            loaded.insert(row_id(&row, "id")?, StoredRow { rid, values, gone, document });
        }
    }
    Ok(loaded)
}

/// The spec's columns as a select list.
pub(crate) fn column_list(spec: &TableSpec) -> String {
    let names: Vec<String> = spec.columns.iter().map(|column| format!("\"{}\"", column.name)).collect();
    names.join(", ")
}

/// The spec's columns of a result row, from position `first` on, as they are kept. What gives them away
/// passes them through [`crate::Store::veil`], or takes [`values`].
pub(crate) fn kept_values(row: &Row, spec: &TableSpec, first: usize) -> SqlResult<Vec<Value>> {
    spec.columns.iter().enumerate().map(|(index, column)| value(row, first + index, column)).collect()
}

/// The same, with what is personal masked.
pub(crate) fn values(row: &Row, spec: &TableSpec, first: usize) -> SqlResult<Vec<Value>> {
    let mut values = kept_values(row, spec, first)?;
    for (index, _) in spec.personal().filter(|(index, _)| !values[*index].is_null()).collect::<Vec<_>>() {
        values[index] = model::mask::MASK.into();
    }
    Ok(values)
}

/// One value of a result row, as it is kept.
pub(crate) fn value(row: &Row, index: usize, column: &Column) -> SqlResult<Value> {
    Ok(match column.column_type {
        ColumnType::Text | ColumnType::Instant => row.try_get::<Option<String>>(index)?.into(),
        ColumnType::Integer => row.try_get::<Option<i64>>(index)?.into(),
        ColumnType::Bool => row.try_get::<Option<bool>>(index)?.into(),
        ColumnType::Real | ColumnType::Decimal => row.try_get::<Option<f64>>(index)?.into(),
        ColumnType::When | ColumnType::Json => match row.try_get::<Option<&str>>(index)? {
            Some(text) => json(text)?,
            None => Value::Null,
        },
    })
}

/// The stored form of one value.
pub(crate) fn cell(column: &Column, value: &Value) -> Cell {
    match (column.column_type, value) {
        (_, Value::Null) => Cell::Null,
        // Values always serialise; formatting them, as `to_string` does, takes twice the time.
        (ColumnType::When | ColumnType::Json, value) => {
            Cell::Text(serde_json::to_string(value).unwrap_or_default())
        }
        (_, Value::String(text)) => Cell::Text(text.clone()),
        (_, Value::Bool(flag)) => Cell::Int(i64::from(*flag)),
        (ColumnType::Integer, Value::Number(number)) => number.as_i64().into(),
        (_, Value::Number(number)) => number.as_f64().map_or(Cell::Null, Cell::Real),
        (_, other) => Cell::Text(other.to_string()),
    }
}

/// The circumstances of a write to a typed table.
pub(crate) struct Writing<'a> {
    pub(crate) run: i64,
    pub(crate) at: &'a str,
    pub(crate) source: &'a str,
    pub(crate) key: &'a str,
    pub(crate) id: &'a str,
}

/// The insert that writes new rows of `kind`.
pub(crate) fn insert(kind: Kind) -> Insert {
    insert_into(kind.spec().table, kind)
}

/// The same for a table like that of `kind`.
pub(crate) fn insert_into(table: &str, kind: Kind) -> Insert {
    let mut columns = vec!["rid", "id", "source", "source_key"];
    columns.extend(["document", "first_seen_at", "first_run", "last_run", "content_hash", "gone_at"]);
    columns.extend(value_columns(kind));
    Insert::into(table, &columns)
}

/// What a row says, and what follows from that.
fn value_columns(kind: Kind) -> impl Iterator<Item = &'static str> {
    let spec = kind.spec();
    let stated = spec.columns.iter().map(|column| column.name);
    stated.chain(following(spec).iter().map(|column| column.name.as_str()))
}

/// The cells of these columns.
pub(crate) fn value_cells(spec: &TableSpec, values: &[Value]) -> impl Iterator<Item = Cell> {
    let stated = spec.columns.iter().zip(values).map(|(column, value)| cell(column, value));
    stated.chain(following(spec).iter().map(|column| column.cell(values)))
}

/// The same for rows that are there: one that is written has no tombstone, and keeps when it was first
/// seen.
pub(crate) fn upsert(kind: Kind) -> Insert {
    let mut update = vec!["document", "last_run", "content_hash", "gone_at"];
    update.extend(value_columns(kind));
    insert(kind).or_update("id", &update)
}

/// One row for [`insert`] and [`upsert`].
pub(crate) fn cells(kind: Kind, row: &StoredRow, writing: &Writing<'_>) -> Vec<Cell> {
    let spec = kind.spec();
    let mut cells: Vec<Cell> = Vec::with_capacity(spec.columns.len() + following(spec).len() + 10);
    cells.extend([row.rid.into(), writing.id.into(), writing.source.into(), writing.key.into()]);
    cells.extend([row.document.into(), writing.at.into(), writing.run.into(), writing.run.into()]);
    cells.extend([Cell::Null, Cell::Null]);
    let stated = cells.len();
    cells.extend(value_cells(spec, &row.values));
    cells[8] = content_hash(&cells[stated..stated + spec.columns.len()]).into();
    cells
}

/// A hash of everything the row says: rows that say the same have the same.
fn content_hash(cells: &[Cell]) -> i64 {
    let mut bytes = Vec::with_capacity(512);
    for cell in cells {
        match cell {
            Cell::Null => bytes.push(0),
            Cell::Int(value) => bytes.extend(value.to_le_bytes()),
            Cell::Real(value) => bytes.extend(value.to_bits().to_le_bytes()),
            Cell::Text(text) => bytes.extend(text.as_bytes()),
        }
        bytes.push(0xff);
    }
    ContentHash::of(&bytes).short()
}

/// The next free numbers of rows of these kinds, asked for at once. Safe while this transaction holds the
/// write lock.
pub(crate) async fn next_rids(
    conn: &mut Conn,
    kinds: impl Iterator<Item = Kind>,
) -> SqlResult<HashMap<Kind, i64>> {
    let kinds: Vec<Kind> = kinds.collect();
    if kinds.is_empty() {
        return Ok(HashMap::new());
    }
    let next = |kind: &Kind| format!("(SELECT coalesce(max(rid), 0) + 1 FROM \"{}\")", kind.spec().table);
    let next: Vec<String> = kinds.iter().map(next).collect();
    let row = sql::query(format!("SELECT {}", next.join(", "))).fetch_one(conn).await?;
    kinds.into_iter().enumerate().map(|(index, kind)| Ok((kind, row.try_get(index)?))).collect()
}

/// The next free number of a table's rows. Safe while this transaction holds the write lock.
pub(crate) async fn next_number(conn: &mut Conn, table: &str, column: &str) -> SqlResult<i64> {
    let sql = format!("SELECT coalesce(max(\"{column}\"), 0) + 1 FROM \"{table}\"");
    sql::query_scalar(sql).fetch_one(conn).await
}
