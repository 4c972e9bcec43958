//! The full-text index over events follows the rows in the same transaction: events that are new or
//! say something else, and those whose venue or performers have another name now.

use std::collections::BTreeSet;

use model::{Kind, Op, RowId, SourceName};
use serde_json::Value;
use sqlx::SqliteConnection;

use super::merge::{Dirty, Entered, Ledger};
use crate::rows::{StoredRow, row_key};
use crate::sql::{Insert, SqlResult, keys};

/// Event fields whose words are searched.
const SEARCHED: [&str; 7] =
    ["title", "description", "location_notes", "venue", "performers", "categories", "tags"];

/// Fields of venues and performers whose words are searched with their events.
const NAMES: [&str; 2] = ["name", "city"];

/// Brings the index up to date with the ledger, whose rows have been written.
pub(super) async fn update(conn: &mut SqliteConnection, ledger: &Ledger<'_>) -> SqlResult<()> {
    let fresh = events(ledger, |change| change.op == Op::Insert);
    let mut changed = events(ledger, |change| change.op != Op::Insert && edits_any(change, &SEARCHED));
    write_mentions(conn, ledger).await?;
    changed.extend(mentioning(conn, &renamed(ledger)).await?);
    let changed: Vec<i64> = changed.difference(&fresh).copied().collect();
    if !changed.is_empty() {
        forget(conn, &changed).await?;
        index(conn, &changed).await?;
    }
    if !fresh.is_empty() {
        index(conn, &fresh.into_iter().collect::<Vec<i64>>()).await?;
    }
    Ok(())
}

fn events(ledger: &Ledger<'_>, which: impl Fn(&Entered) -> bool) -> BTreeSet<i64> {
    let changes = ledger.changes.iter().filter(|change| change.kind == Kind::Event && which(change));
    changes.map(|change| change.rid).collect()
}

fn edits_any(change: &Entered, fields: &[&str]) -> bool {
    change.edits.iter().any(|edit| fields.contains(&edit.field.as_str()))
}

/// Keys of the venues and performers that have another name than before, or one for the first time.
fn renamed(ledger: &Ledger<'_>) -> Vec<i64> {
    let named = |kind: Kind| matches!(kind, Kind::Venue | Kind::Performer);
    let renamed: BTreeSet<(Kind, i64)> = ledger
        .changes
        .iter()
        .filter(|change| named(change.kind) && edits_any(change, &NAMES))
        .map(|change| (change.kind, change.rid))
        .collect();
    let of_renamed = |dirty: &&Dirty<'_>| {
        named(dirty.kind)
            && ledger.rows.get(dirty.id).is_some_and(|row| renamed.contains(&(dirty.kind, row.rid)))
    };
    let ids = ledger.dirty.iter().filter(of_renamed).map(|dirty| dirty.id);
    ids.map(|id| model::ContentHash::of(id.as_bytes()).short()).collect()
}

async fn mentioning(conn: &mut SqliteConnection, row_keys: &[i64]) -> SqlResult<Vec<i64>> {
    if row_keys.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT DISTINCT rid FROM mentions WHERE row_key IN (SELECT value FROM json_each(?))";
    sqlx::query_scalar(sql).bind(keys(row_keys)).fetch_all(conn).await
}

/// Notes which venue and performers an event names. One that it no longer names stays noted: that
/// costs at most an indexing for nothing.
async fn write_mentions(conn: &mut SqliteConnection, ledger: &Ledger<'_>) -> SqlResult<()> {
    let mut rows = Vec::new();
    for dirty in ledger.dirty.iter().filter(|dirty| dirty.kind == Kind::Event) {
        let Some(row) = ledger.rows.get(dirty.id) else { continue };
        let mentioned = mentioned_by(row, &SourceName::new(dirty.source));
        rows.extend(mentioned.into_iter().map(|key| vec![key.into(), row.rid.into()]));
    }
    Insert::into("mentions", &["row_key", "rid"]).with("ON CONFLICT DO NOTHING").write(conn, rows).await
}

fn mentioned_by(row: &StoredRow, source: &SourceName) -> Vec<i64> {
    let mut keys = Vec::new();
    for (column, value) in Kind::Event.spec().columns.iter().zip(&row.values) {
        match (column.name, value) {
            ("venue", Value::String(key)) => keys.push(row_key(&RowId::of(Kind::Venue, source, key))),
            ("performers", Value::Array(performers)) => {
                let performers = performers.iter().filter_map(Value::as_str);
                keys.extend(performers.map(|key| row_key(&RowId::of(Kind::Performer, source, key))));
            }
            _ => {}
        }
    }
    keys
}

/// Takes events out of the index.
pub(crate) async fn forget(conn: &mut SqliteConnection, rids: &[i64]) -> SqlResult<()> {
    sqlx::query("DELETE FROM event_search WHERE rowid IN (SELECT value FROM json_each(?))")
        .bind(keys(rids))
        .execute(conn)
        .await?;
    Ok(())
}

/// Reads the words where they stand: the rows have been written in this transaction.
async fn index(conn: &mut SqliteConnection, rids: &[i64]) -> SqlResult<()> {
    let sql = "
        INSERT INTO event_search (rowid, title, description, place, people, topics)
        SELECT e.rid, e.title, e.description,
            concat_ws(' ', v.name, v.city, e.location_notes),
            (SELECT group_concat(p.name, ' ') FROM json_each(e.performers) k
             JOIN performers p ON p.source = e.source AND p.source_key = k.value),
            concat_ws(' ', e.categories, e.tags)
        FROM event_listings e
        LEFT JOIN venues v ON v.source = e.source AND v.source_key = e.venue
        WHERE e.rid IN (SELECT value FROM json_each(?)) ORDER BY e.rid";
    sqlx::query(sql).bind(keys(rids)).execute(conn).await?;
    Ok(())
}
