//! The full-text index over events follows the rows in the same transaction: events that are new or
//! say something else, and those whose venue or performers have another name now.

use std::collections::BTreeSet;

use model::{Kind, Op};
use serde_json::Value;

use super::merge::{Dirty, Entered, Ledger};
use crate::rows::{StoredRow, code_of};
use crate::sql::{self, Conn, Dialect, Insert, SqlResult, keys};

/// Event fields whose words are searched.
const SEARCHED: [&str; 7] =
    ["title", "description", "location_notes", "venue", "performers", "categories", "tags"];

/// Fields of venues and performers whose words are searched with their events.
const NAMES: [&str; 2] = ["name", "city"];

/// Brings the index up to date with the ledger, whose rows have been written.
pub(super) async fn update(conn: &mut Conn, ledger: &Ledger<'_>) -> SqlResult<()> {
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
    change.edits.fields.iter().any(|field| fields.contains(field))
}

/// Kind, key and source of the venues and performers that have another name than before, or one for
/// the first time.
fn renamed<'a>(ledger: &'a Ledger<'_>) -> Vec<(i64, &'a str, &'a str)> {
    let named = |kind: Kind| matches!(kind, Kind::Venue | Kind::Performer);
    let renamed: BTreeSet<(Kind, i64)> = ledger
        .changes
        .iter()
        .filter(|change| named(change.kind) && edits_any(change, &NAMES))
        .map(|change| (change.kind, change.rid))
        .collect();
    let of_renamed = |dirty: &&Dirty| {
        let rid = ledger.rows.get(&dirty.id).map(|row| row.rid);
        rid.is_some_and(|rid| renamed.contains(&(dirty.kind, rid)))
    };
    let dirty = ledger.dirty.iter().filter(of_renamed);
    dirty.map(|dirty| (code_of(dirty.kind), dirty.key.as_str(), dirty.source.as_str())).collect()
}

async fn mentioning(conn: &mut Conn, names: &[(i64, &str, &str)]) -> SqlResult<Vec<i64>> {
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let sql = "SELECT DISTINCT m.rid FROM json_each(?) n CROSS JOIN mentions m \
               ON m.kind = CAST(n.value ->> 0 AS BIGINT) AND m.key = n.value ->> 1 AND m.source = n.value ->> 2";
    sql::query_scalar(sql).bind(keys(names)).fetch_all(conn).await
}

/// Notes which venue and performers an event names. One that it no longer names stays noted: that
/// costs at most an indexing for nothing.
async fn write_mentions(conn: &mut Conn, ledger: &Ledger<'_>) -> SqlResult<()> {
    let mut rows = Vec::new();
    for dirty in ledger.dirty.iter().filter(|dirty| dirty.kind == Kind::Event) {
        let Some(row) = ledger.rows.get(&dirty.id) else { continue };
        rows.extend(mentioned_by(row).into_iter().map(|(kind, key)| {
            vec![code_of(kind).into(), key.into(), dirty.source.as_str().into(), row.rid.into()]
        }));
    }
    let insert = Insert::into("mentions", &["kind", "key", "source", "rid"]);
    insert.with("ON CONFLICT DO NOTHING").write(conn, rows).await
}

fn mentioned_by(row: &StoredRow) -> Vec<(Kind, &str)> {
    let mut mentioned = Vec::new();
    for (column, value) in Kind::Event.spec().columns.iter().zip(&row.values) {
        match (column.name, value) {
            ("venue", Value::String(key)) => mentioned.push((Kind::Venue, key.as_str())),
            ("performers", Value::Array(performers)) => {
                let performers = performers.iter().filter_map(Value::as_str);
                mentioned.extend(performers.map(|key| (Kind::Performer, key)));
            }
            _ => {}
        }
    }
    mentioned
}

/// Takes events out of the index.
pub(crate) async fn forget(conn: &mut Conn, rids: &[i64]) -> SqlResult<()> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => "DELETE FROM event_search WHERE rowid IN (SELECT value FROM json_each(?))",
        Dialect::Postgres => "DELETE FROM event_search WHERE rid IN (SELECT value FROM json_each(?))",
    };
    sql::query(sql).bind(keys(rids)).execute(conn).await?;
    Ok(())
}

/// Reads the words where they stand: the rows have been written in this transaction. `CROSS JOIN` asks
/// for this order of loops; left alone, SQLite goes through all performers of the source for each event.
const INDEX: &str = "
    INSERT INTO event_search (rowid, title, description, place, people, topics)
    SELECT e.rid, e.title, e.description,
        concat_ws(' ', v.name, v.city, e.location_notes),
        (SELECT group_concat(p.name, ' ') FROM json_each(e.performers) k
         CROSS JOIN performers p ON p.source = e.source AND p.source_key = k.value),
        concat_ws(' ', e.categories, e.tags)
    FROM event_listings e
    LEFT JOIN venues v ON v.source = e.source AND v.source_key = e.venue
    WHERE e.rid IN (SELECT value FROM json_each(?)) ORDER BY e.rid";

/// The same in PostgreSQL, weighted alike. Words are folded as the words of a question are
/// (`schema/declared.rs`): neither case nor accents matter. A list that is not there is not taken apart, which took a
/// quarter of the time.
const INDEX_POSTGRES: &str = "
    INSERT INTO event_search (rid, words)
    SELECT e.rid, to_tsvector('simple', callboard_folded(concat_ws(' ', e.title, e.description, v.name, v.city,
        e.location_notes,
        CASE WHEN e.performers IS NOT NULL THEN
            (SELECT string_agg(p.name, ' ') FROM json_each(e.performers) k
             JOIN performers p ON p.source = e.source AND p.source_key = k.value) END,
        CASE WHEN e.categories IS NOT NULL THEN
            (SELECT string_agg(c.value, ' ') FROM json_each(e.categories) c) END,
        CASE WHEN e.tags IS NOT NULL THEN (SELECT string_agg(t.value, ' ') FROM json_each(e.tags) t) END)))
    FROM event_listings e
    LEFT JOIN venues v ON v.source = e.source AND v.source_key = e.venue
    WHERE e.rid IN (SELECT value FROM json_each(?))";

/// Brings events into the index as their rows are now.
pub(crate) async fn reindex(conn: &mut Conn, rids: &[i64]) -> SqlResult<()> {
    forget(conn, rids).await?;
    index(conn, rids).await
}

/// Puts events into the index that are not in it.
pub(crate) async fn index(conn: &mut Conn, rids: &[i64]) -> SqlResult<()> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => INDEX,
        Dialect::Postgres => INDEX_POSTGRES,
    };
    sql::query(sql).bind(keys(rids)).execute(conn).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::INDEX;
    use crate::{Store, sql};

    /// A scan of all performers for each event makes a first collection quadratic.
    #[tokio::test]
    async fn performers_of_an_event_are_looked_up_one_by_one() {
        let store = Store::in_memory().await.unwrap();
        let explain = format!("EXPLAIN QUERY PLAN {INDEX}");
        let steps = sql::query(explain).bind("[1]").fetch_all(&store.writer).await.unwrap();
        let steps: Vec<String> = steps.iter().map(|step| step.try_get("detail").unwrap()).collect();
        assert!(
            steps.iter().any(|step| step.ends_with("performers_source (source=? AND source_key=?)")),
            "{steps:?}"
        );
    }
}
