//! Sealing everything with the current key: what was kept in plain before there was one, and what is sealed
//! with the key before. Some rows at a time; what is sealed already is passed over, so a rotation that was
//! killed goes on where it was when it is begun again.

use chrono::{DateTime, Utc};
use model::{Column, Kind};
use serde::Serialize;
use serde_json::Value;

use super::{known, sealed_by};
use crate::rows::{cell, code_of, value};
use crate::sql::{self, Cell, Row, SqlResult, json, keys};
use crate::{Store, StoreError};

/// Rows, or changes, of one transaction.
const TOGETHER: u32 = 500;

/// What a rotation did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// Values in rows that are sealed anew.
    pub rows: u64,
    /// Values in the change log.
    pub changes: u64,
    /// Values that no key at hand opens: they stay as they are, and so does their key.
    pub unopened: u64,
    /// Keys that nothing is sealed with any more.
    pub retired: u64,
}

impl Store {
    /// Seals every personal column, in rows and changes, with the current key.
    pub async fn rotate_personal(&self, at: DateTime<Utc>) -> Result<Rotated, StoreError> {
        if self.personal.keyring.current().is_none() {
            return Err(StoreError::Question(
                "there is no key to seal with: set CALLBOARD_PERSONAL_KEY; `callboard personal key` makes one"
                    .to_owned(),
            ));
        }
        self.rotate(at).await.map_err(|error| self.fault("sealing personal columns", error))
    }

    async fn rotate(&self, at: DateTime<Utc>) -> SqlResult<Rotated> {
        let mut rotated = Rotated::default();
        for kind in Kind::ALL.iter().copied().filter(|kind| kind.spec().personal().next().is_some()) {
            let mut after = Some(0);
            while let Some(from) = after {
                after = self.rotate_rows(kind, from, &mut rotated).await?;
            }
            let mut after = Some(0);
            while let Some(from) = after {
                after = self.rotate_changes(kind, from, &mut rotated).await?;
            }
        }
        if rotated.unopened == 0 {
            let mut transaction = self.begin().await?;
            let current = self.personal.keyring.current().unwrap_or_default();
            rotated.retired = known::retire(&mut transaction, current, at).await?;
            transaction.commit().await?;
        }
        Ok(rotated)
    }

    async fn rotate_rows(&self, kind: Kind, after: i64, rotated: &mut Rotated) -> SqlResult<Option<i64>> {
        let (table, columns) = (kind.spec().table, personal_columns(kind));
        let list = quoted(&columns);
        let select = format!(
            "SELECT rid, {list} FROM \"{table}\" WHERE rid > ? AND coalesce({}) IS NOT NULL ORDER BY rid LIMIT ?",
            as_texts(&columns)
        );
        let mut transaction = self.begin().await?;
        let found = sql::query(select).bind(after).bind(TOGETHER).fetch_all(&mut *transaction).await?;
        for row in &found {
            let Some(cells) = self.sealed_anew(kind, &columns, row, rotated)? else { continue };
            let sets: Vec<String> = columns.iter().map(|column| format!("\"{}\" = ?", column.name)).collect();
            let update = format!("UPDATE \"{table}\" SET {} WHERE rid = ?", sets.join(", "));
            let update = sql::query(update).bind_all(cells).bind(row.try_get::<i64>(0)?);
            update.execute(&mut *transaction).await?;
        }
        transaction.commit().await?;
        next(&found)
    }

    /// The columns of a row, in their order behind its number, where one of them is not as it should be.
    fn sealed_anew(
        &self,
        kind: Kind,
        columns: &[&'static Column],
        row: &Row,
        rotated: &mut Rotated,
    ) -> SqlResult<Option<Vec<Cell>>> {
        let (mut cells, before) = (Vec::with_capacity(columns.len()), rotated.rows);
        for (index, column) in columns.iter().enumerate() {
            let kept = value(row, index + 1, column)?;
            let anew = self.anew(kind, column.name, &kept, &mut rotated.unopened)?;
            rotated.rows += u64::from(anew.is_some());
            cells.push(cell(column, anew.as_ref().unwrap_or(&kept)));
        }
        Ok((rotated.rows > before).then_some(cells))
    }

    async fn rotate_changes(&self, kind: Kind, after: i64, rotated: &mut Rotated) -> SqlResult<Option<i64>> {
        let select = "SELECT seq, edits FROM changes WHERE kind = ? AND seq > ? ORDER BY seq LIMIT ?";
        let mut transaction = self.begin().await?;
        let select = sql::query(select).bind(code_of(kind)).bind(after).bind(TOGETHER);
        let found = select.fetch_all(&mut *transaction).await?;
        for row in &found {
            let mut edits: Vec<Value> = json(row.try_get(1)?)?;
            let before = rotated.changes;
            for edit in &mut edits {
                let field = edit["field"].as_str().unwrap_or_default().to_owned();
                if kind.spec().column(&field).is_none_or(|column| !column.personal) {
                    continue;
                }
                for side in ["from", "to"] {
                    let anew = self.anew(kind, &field, &edit[side], &mut rotated.unopened)?;
                    rotated.changes += u64::from(anew.is_some());
                    if let Some(anew) = anew {
                        edit[side] = anew;
                    }
                }
            }
            if rotated.changes > before {
                let update = sql::query("UPDATE changes SET edits = ? WHERE seq = ?").bind(keys(&edits));
                update.bind(row.try_get::<i64>(0)?).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        next(&found)
    }

    /// A value sealed with the current key, where it is not.
    fn anew(&self, kind: Kind, column: &str, kept: &Value, unopened: &mut u64) -> SqlResult<Option<Value>> {
        let keyring = &self.personal.keyring;
        if kept.is_null() || sealed_by(kept).is_some_and(|id| Some(id) == keyring.current()) {
            return Ok(None);
        }
        match keyring.open(kind, column, kept) {
            Some(opened) => keyring.seal(kind, column, &opened).map(Some),
            None => {
                *unopened += 1;
                Ok(None)
            }
        }
    }
}

/// The number to go on after, where this was a full page.
fn next(found: &[Row]) -> SqlResult<Option<i64>> {
    let last = found.last().filter(|_| found.len() == TOGETHER as usize);
    last.map(|row| row.try_get(0)).transpose()
}

/// The personal columns of a kind.
pub(crate) fn personal_columns(kind: Kind) -> Vec<&'static Column> {
    kind.spec().personal().map(|(_, column)| column).collect()
}

pub(crate) fn quoted(columns: &[&'static Column]) -> String {
    columns.iter().map(|column| format!("\"{}\"", column.name)).collect::<Vec<_>>().join(", ")
}

/// The same as texts, for what all of them go through together.
pub(crate) fn as_texts(columns: &[&'static Column]) -> String {
    // One more, as SQLite takes no fewer than two.
    let casts = columns.iter().map(|column| format!("CAST(\"{}\" AS TEXT)", column.name));
    casts.chain(["NULL".to_owned()]).collect::<Vec<_>>().join(", ")
}
