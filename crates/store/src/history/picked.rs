//! Some columns of all rows of one source, as they are or as they were known at some time: for what counts
//! over whole tables and has no use for the rest of the columns. Several kinds are read in one state of the
//! database, so that what is counted of them agrees; row by row, so that however many there are, what is
//! held of them is what their reader keeps.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::{Column, Edit, Kind, Op, SourceName};
use serde_json::Value;

use super::place::{horizon, place_of};
use crate::commit::op_of;
use crate::rows::{code_of, value};
use crate::runs::stamp;
use crate::sql::{self, Conn, Row, SqlResult, json, keys};
use crate::{Store, StoreError};

/// Rows that are read at once.
const PAGE: usize = if cfg!(test) { 2 } else { 1_000 };

/// What to read of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Picking<'a> {
    /// The kind.
    pub kind: Kind,
    /// Its columns.
    pub columns: &'a [&'static str],
    /// Only the rows of these source keys.
    pub keys: Option<&'a [&'a str]>,
}

impl<'a> Picking<'a> {
    /// These columns of every row of a kind.
    pub fn of(kind: Kind, columns: &'a [&'static str]) -> Picking<'a> {
        Picking { kind, columns, keys: None }
    }
}

/// One row: its source key, and the columns in the order they were asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct PickedRow {
    /// Its kind.
    pub kind: Kind,
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

/// A time that is asked about, and how far the change log went then.
struct Then {
    at: String,
    place: i64,
}

/// One kind of one source, resolved.
struct Pick<'a> {
    source: &'a SourceName,
    kind: Kind,
    columns: Vec<&'static Column>,
    keys: Option<&'a [&'a str]>,
    then: Option<&'a Then>,
}

impl Store {
    /// Gives these columns of the rows of `source` to `take`, kind by kind, each in the order of the source
    /// keys; rows with a tombstone are left out. With `at`: as the store knew them at that time.
    pub async fn pick(
        &self,
        source: &SourceName,
        wanted: &[Picking<'_>],
        at: Option<DateTime<Utc>>,
        mut take: impl FnMut(PickedRow) + Send,
    ) -> Result<(), StoreError> {
        let fault = |error| self.fault("reading columns", error);
        let mut transaction = self.readers.begin_reading().await.map_err(fault)?;
        let then = match at {
            None => None,
            Some(at) => Some(self.then(&mut transaction, at).await?),
        };
        for Picking { kind, columns, keys } in wanted {
            let (kind, keys) = (*kind, *keys);
            let pick =
                Pick { source, kind, columns: self::columns(kind, columns)?, keys, then: then.as_ref() };
            let veiled = |row| take(self.veiled_row(&pick.columns, row));
            pick.all(&mut transaction, veiled).await.map_err(fault)?;
        }
        Ok(())
    }

    async fn then(&self, conn: &mut Conn, at: DateTime<Utc>) -> Result<Then, StoreError> {
        let fault = |error| self.fault("reading columns", error);
        let place = place_of(conn, at).await.map_err(fault)?;
        let horizon = horizon(conn).await.map_err(fault)?;
        match horizon.filter(|horizon| place < horizon.seq) {
            Some(horizon) => Err(too_old(&horizon.at)),
            None => Ok(Then { at: stamp(at), place }),
        }
    }

    fn veiled_row(&self, columns: &[&'static Column], mut row: PickedRow) -> PickedRow {
        for (column, value) in columns.iter().zip(&mut row.values).filter(|(column, _)| column.personal) {
            self.veil_value(row.kind, column.name, value);
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

impl Pick<'_> {
    async fn all(&self, conn: &mut Conn, mut take: impl FnMut(PickedRow) + Send) -> SqlResult<()> {
        let mut after: Option<String> = None;
        loop {
            let rows = self.page(conn, after.as_deref()).await?;
            let full = rows.len() >= PAGE;
            after = rows.last().map(|row| row.try_get(1)).transpose()?;
            let since = self.since(conn, &rows).await?;
            for row in rows {
                if let Some(row) = as_it_was(self.kept(&row)?, &since, &self.columns) {
                    take(row);
                }
            }
            if !full {
                return Ok(());
            }
        }
    }

    /// The next rows by key. What has a tombstone may not have had it then; what was first seen later is
    /// left out.
    async fn page(&self, conn: &mut Conn, after: Option<&str>) -> SqlResult<Vec<Row>> {
        let names: String = self.columns.iter().map(|column| format!(", \"{}\"", column.name)).collect();
        let beyond = if after.is_some() { ">" } else { ">=" };
        let state = if self.then.is_some() { "first_seen_at <= ?" } else { "gone_at IS NULL" };
        let named =
            if self.keys.is_some() { "AND source_key IN (SELECT value FROM json_each(?))" } else { "" };
        let sql = format!(
            "SELECT rid, source_key, gone_at IS NOT NULL{names} FROM \"{}\" \
             WHERE source = ? AND source_key {beyond} ? AND {state} {named} ORDER BY source_key LIMIT ?",
            self.kind.spec().table
        );
        let mut query = sql::query(sql).bind(self.source.as_str()).bind(after.unwrap_or_default());
        if let Some(then) = self.then {
            query = query.bind(then.at.as_str());
        }
        if let Some(named) = self.keys {
            query = query.bind(keys(named));
        }
        query.bind(i64::try_from(PAGE).unwrap_or(i64::MAX)).fetch_all(conn).await
    }

    fn kept(&self, row: &Row) -> SqlResult<Kept> {
        let columns = self.columns.iter().enumerate();
        let values: SqlResult<Vec<Value>> =
            columns.map(|(index, column)| value(row, index + 3, column)).collect();
        let (rid, key, gone) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(Kept { rid, gone, row: PickedRow { kind: self.kind, key, values: values? } })
    }

    /// What happened to these rows since the time that is asked about. What an insert says was not there
    /// before: nobody asks for it, and it is long.
    async fn since(&self, conn: &mut Conn, rows: &[Row]) -> SqlResult<HashMap<i64, Changed>> {
        let mut since: HashMap<i64, Changed> = HashMap::new();
        let Some(then) = self.then else { return Ok(since) };
        let rids: Vec<i64> = rows.iter().map(|row| row.try_get(0)).collect::<SqlResult<_>>()?;
        let sql = "SELECT rid, op, CASE WHEN op = 'insert' THEN NULL ELSE edits END FROM changes \
                   WHERE kind = ? AND rid IN (SELECT value FROM json_each(?)) AND +seq > ? ORDER BY rid, seq";
        let query = sql::query(sql).bind(code_of(self.kind)).bind(keys(&rids)).bind(then.place);
        for row in query.fetch_all(conn).await? {
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
}

/// What happened to a row since.
#[derive(Default)]
struct Changed {
    first: Option<Op>,
    /// By field, what it was before its first edit.
    before: HashMap<String, Value>,
}

/// The row of then: what came later is not there, and what changed since is undone.
fn as_it_was(
    mut kept: Kept,
    since: &HashMap<i64, Changed>,
    columns: &[&'static Column],
) -> Option<PickedRow> {
    if let Some(changed) = since.get(&kept.rid) {
        // Its first change since says what it was: not there, with a tombstone, or there.
        match changed.first {
            Some(Op::Insert) => return None,
            Some(Op::Return) => kept.gone = true,
            _ => kept.gone = false,
        }
        for (column, value) in columns.iter().zip(&mut kept.row.values) {
            if let Some(before) = changed.before.get(column.name) {
                value.clone_from(before);
            }
        }
    }
    (!kept.gone).then_some(kept.row)
}
