//! Some columns of all rows of one source, as they are or as they were known at some time: for what counts
//! over whole tables and has no use for the rest of the columns. Several kinds are read in one state of the
//! database, so that what is counted of them agrees.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::{Column, Edit, Kind, Op, SourceName};
use serde_json::Value;

use super::place::{horizon, place_of};
use crate::commit::op_of;
use crate::rows::{code_of, value};
use crate::sql::{self, Conn, Row, SqlResult, json};
use crate::{Store, StoreError};

/// What to read of one kind.
pub type Picking<'a> = (Kind, &'a [&'static str]);

/// One row: its source key, and the columns in the order they were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct PickedRow {
    /// The source's own key.
    pub key: String,
    /// The values; null where there is none.
    pub values: Vec<Value>,
}

/// A row with what is needed to see it as it was.
struct Kept {
    rid: i64,
    gone: bool,
    row: PickedRow,
}

impl Store {
    /// These columns of the rows of `source`, kind by kind, by source key; rows with a tombstone are left
    /// out. With `at`: as the store knew them at that time.
    pub async fn picked(
        &self,
        source: &SourceName,
        wanted: &[Picking<'_>],
        at: Option<DateTime<Utc>>,
    ) -> Result<Vec<Vec<PickedRow>>, StoreError> {
        let fault = |error| self.fault("reading columns", error);
        let mut transaction = self.readers.begin_reading().await.map_err(fault)?;
        let place = match at {
            None => None,
            Some(at) => {
                let place = place_of(&mut transaction, at).await.map_err(fault)?;
                let horizon = horizon(&mut transaction).await.map_err(fault)?;
                if let Some(horizon) = horizon.filter(|horizon| place < horizon.seq) {
                    return Err(too_old(&horizon.at));
                }
                Some(place)
            }
        };
        let mut picked = Vec::with_capacity(wanted.len());
        for (kind, names) in wanted {
            let columns = columns(*kind, names)?;
            let mut rows = pick(&mut transaction, source, *kind, &columns).await.map_err(fault)?;
            if let Some(place) = place {
                rows = undo(&mut transaction, *kind, place, &columns, rows).await.map_err(fault)?;
            }
            rows.retain(|kept| !kept.gone);
            picked.push(rows.into_iter().map(|kept| self.veiled_row(*kind, &columns, kept.row)).collect());
        }
        Ok(picked)
    }

    fn veiled_row(&self, kind: Kind, columns: &[&'static Column], mut row: PickedRow) -> PickedRow {
        for (column, value) in columns.iter().zip(&mut row.values).filter(|(column, _)| column.personal) {
            self.veil_value(kind, column.name, value);
        }
        row
    }
}

fn too_old(horizon: &str) -> StoreError {
    StoreError::Question(format!(
        "what was before {horizon} is no longer known: the change log was compacted up to there; ask for that \
         time or a later one"
    ))
}

fn columns(kind: Kind, names: &[&'static str]) -> Result<Vec<&'static Column>, StoreError> {
    let known = |name: &&'static str| {
        kind.spec()
            .column(name)
            .ok_or_else(|| StoreError::Question(format!("{} has no column {name}", kind.name())))
    };
    names.iter().map(known).collect()
}

async fn pick(
    conn: &mut Conn,
    source: &SourceName,
    kind: Kind,
    columns: &[&'static Column],
) -> SqlResult<Vec<Kept>> {
    let names: String = columns.iter().map(|column| format!(", \"{}\"", column.name)).collect();
    let sql = format!(
        "SELECT rid, source_key, gone_at IS NOT NULL{names} FROM \"{}\" WHERE source = ? ORDER BY source_key",
        kind.spec().table
    );
    let found = sql::query(sql).bind(source.as_str()).fetch_all(conn).await?;
    found.iter().map(|row| kept(row, columns)).collect()
}

fn kept(row: &Row, columns: &[&'static Column]) -> SqlResult<Kept> {
    let values: SqlResult<Vec<Value>> =
        columns.iter().enumerate().map(|(index, column)| value(row, index + 3, column)).collect();
    let (rid, key, gone) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
    Ok(Kept { rid, gone, row: PickedRow { key, values: values? } })
}

/// The rows of then: what came later is not there, and what changed since is undone.
async fn undo(
    conn: &mut Conn,
    kind: Kind,
    place: i64,
    columns: &[&'static Column],
    rows: Vec<Kept>,
) -> SqlResult<Vec<Kept>> {
    let since = since(conn, kind, place).await?;
    if since.is_empty() {
        return Ok(rows);
    }
    let mut then = Vec::with_capacity(rows.len());
    for mut kept in rows {
        let Some(changed) = since.get(&kept.rid) else {
            then.push(kept);
            continue;
        };
        // Its first change since says what it was: not there, with a tombstone, or there.
        match changed.first {
            Some(Op::Insert) => continue,
            Some(Op::Return) => kept.gone = true,
            _ => kept.gone = false,
        }
        for (column, value) in columns.iter().zip(&mut kept.row.values) {
            if let Some(before) = changed.before.get(column.name) {
                value.clone_from(before);
            }
        }
        then.push(kept);
    }
    Ok(then)
}

/// What happened to a row since.
#[derive(Default)]
struct Changed {
    first: Option<Op>,
    /// By field, what it was before its first edit.
    before: HashMap<String, Value>,
}

async fn since(conn: &mut Conn, kind: Kind, place: i64) -> SqlResult<HashMap<i64, Changed>> {
    // What an insert says was not there before: nobody asks for it, and it is long.
    let sql = "SELECT rid, op, CASE WHEN op = 'insert' THEN NULL ELSE edits END FROM changes \
               WHERE seq > ? AND +kind = ? ORDER BY seq";
    let rows = sql::query(sql).bind(place).bind(code_of(kind)).fetch_all(conn).await?;
    let mut since: HashMap<i64, Changed> = HashMap::new();
    for row in &rows {
        let changed = since.entry(row.try_get(0)?).or_default();
        let op: String = row.try_get(1)?;
        if changed.first.is_none() {
            changed.first = op_of(&op);
        }
        let edits: Option<&str> = row.try_get(2)?;
        for edit in edits.map(json::<Vec<Edit>>).transpose()?.into_iter().flatten() {
            changed.before.entry(edit.field).or_insert(edit.from);
        }
    }
    Ok(since)
}
