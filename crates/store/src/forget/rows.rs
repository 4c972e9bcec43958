//! Rows that are, or were, of the person: their personal columns go, in the row and in every change of it; a
//! row that is a person goes altogether. Their documents are noted as unwanted.

use std::collections::BTreeMap;

use model::Kind;
use serde_json::Value;

use super::person::{Person, personal_values};
use super::{DOING, Forget, Forgotten, Left};
use crate::following::note_purge;
use crate::personal::{as_texts, personal_columns, quoted};
use crate::retention::{Proof, delete_rows};
use crate::rows::{code_of, value};
use crate::runs::stamp;
use crate::sql::{self, Conn, SqlResult, json, keys};
use crate::{Store, StoreError};

/// Rows looked at together, and rows changed in one transaction.
const PAGE: u32 = 1_000;

/// A row of the person.
#[derive(Debug, Clone)]
struct Hit {
    rid: i64,
    id: String,
    source: String,
    /// How many values: in the row, in its changes.
    now: u64,
    logged: u64,
}

impl Store {
    /// A personal value as it was stated; one that cannot be opened is a fault, as nobody knows whose it is.
    pub(super) fn opened(&self, kind: Kind, column: &str, kept: &Value) -> SqlResult<Value> {
        self.personal.keyring.open(kind, column, kept).ok_or_else(|| {
            let said = format!("a value of {}.{column} is sealed with a key that is not set", kind.name());
            sqlx::Error::Decode(said.into())
        })
    }

    pub(super) async fn forget_rows(
        &self,
        person: &Person,
        forget: &Forget,
        done: &mut Forgotten,
        mut proof: Option<&mut Proof>,
    ) -> Result<(), StoreError> {
        for kind in kinds() {
            let hits = self.hits(kind, person).await.map_err(|error| self.fault(DOING, error))?;
            let mut add = |place: &str, count| {
                *done.places.entry(format!("{} {place}", kind.spec().table)).or_default() += count;
            };
            add("values", hits.iter().map(|hit| hit.now).sum::<u64>());
            add("changes", hits.iter().map(|hit| hit.logged).sum::<u64>());
            let Some(proof) = proof.as_deref_mut() else { continue };
            for hits in hits.chunks(PAGE as usize) {
                let erased = self.erase(kind, person, hits, forget, proof).await;
                erased.map_err(|error| self.fault(DOING, error))?;
            }
        }
        Ok(())
    }

    /// What tells the person beside what was asked for: the marks in rows that are theirs now. Looked up before
    /// these are emptied.
    pub(super) async fn marks_beside(&self, person: &mut Person) -> Result<(), StoreError> {
        if person.column.is_some() {
            return Ok(());
        }
        for kind in kinds() {
            let mut hits = BTreeMap::new();
            self.hits_now(kind, person, &mut hits).await.map_err(|error| self.fault(DOING, error))?;
            for rid in hits.into_keys() {
                for said in personal_values(self, kind, rid, None).await? {
                    person.add_beside(&said);
                }
            }
        }
        Ok(())
    }

    pub(super) async fn rows_left(&self, person: &Person) -> Result<Vec<Left>, StoreError> {
        let mut left = Vec::new();
        for kind in kinds() {
            let hits = self.hits(kind, person).await.map_err(|error| self.fault(DOING, error))?;
            let found = hits.into_iter().filter(|hit| hit.now + hit.logged > 0);
            left.extend(found.map(|hit| Left { place: kind.spec().table.to_owned(), what: hit.id }));
        }
        Ok(left)
    }

    /// Rows of a kind with a value that is, or was, theirs.
    async fn hits(&self, kind: Kind, person: &Person) -> SqlResult<Vec<Hit>> {
        let mut hits = BTreeMap::new();
        self.hits_now(kind, person, &mut hits).await?;
        self.hits_logged(kind, person, &mut hits).await?;
        Ok(hits.into_values().collect())
    }

    async fn hits_now(&self, kind: Kind, person: &Person, hits: &mut BTreeMap<i64, Hit>) -> SqlResult<()> {
        let columns = wanted_columns(kind, person);
        if columns.is_empty() {
            return Ok(());
        }
        let sql = format!(
            "SELECT rid, id, source, {} FROM \"{}\" WHERE rid > ? AND coalesce({}) IS NOT NULL \
             ORDER BY rid LIMIT ?",
            quoted(&columns),
            kind.spec().table,
            as_texts(&columns)
        );
        let mut after = 0;
        loop {
            let page = sql::query(sql.clone()).bind(after).bind(PAGE).fetch_all(&self.readers).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.try_get(0)?;
            for row in &page {
                let (rid, id, source) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                let mut now = 0;
                for (index, column) in columns.iter().enumerate() {
                    let opened = self.opened(kind, column.name, &value(row, index + 3, column)?)?;
                    now += u64::from(person.owns(&opened));
                }
                if now > 0 {
                    hits.insert(rid, Hit { rid, id, source, now, logged: 0 });
                }
            }
        }
    }

    async fn hits_logged(&self, kind: Kind, person: &Person, hits: &mut BTreeMap<i64, Hit>) -> SqlResult<()> {
        let sql = format!(
            "SELECT c.seq, c.rid, t.id, t.source, c.edits FROM changes c JOIN \"{}\" t ON t.rid = c.rid \
             WHERE c.kind = ? AND c.seq > ? ORDER BY c.seq LIMIT ?",
            kind.spec().table
        );
        let mut after = 0;
        loop {
            let query = sql::query(sql.clone()).bind(code_of(kind)).bind(after).bind(PAGE);
            let page = query.fetch_all(&self.readers).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.try_get(0)?;
            for row in &page {
                let logged = self.count_edits(kind, person, row.try_get(4)?)?;
                if logged > 0 {
                    let (rid, id, source) = (row.try_get(1)?, row.try_get(2)?, row.try_get(3)?);
                    hits.entry(rid).or_insert(Hit { rid, id, source, now: 0, logged: 0 }).logged += logged;
                }
            }
        }
    }

    fn count_edits(&self, kind: Kind, person: &Person, edits: &str) -> SqlResult<u64> {
        let columns = wanted_columns(kind, person);
        let edits: Vec<Value> = json(edits)?;
        let mut count = 0;
        for edit in &edits {
            let Some(column) = columns.iter().find(|column| edit["field"] == column.name) else { continue };
            for side in [&edit["from"], &edit["to"]] {
                count += u64::from(person.owns(&self.opened(kind, column.name, side)?));
            }
        }
        Ok(count)
    }

    async fn erase(
        &self,
        kind: Kind,
        person: &Person,
        hits: &[Hit],
        forget: &Forget,
        proof: &mut Proof,
    ) -> SqlResult<()> {
        let rids: Vec<i64> = hits.iter().map(|hit| hit.rid).collect();
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        note_unwanted(conn, kind, &rids, &stamp(forget.now)).await?;
        let mut by_source: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
        for hit in hits {
            by_source.entry(hit.source.as_str()).or_default().push(hit.rid);
        }
        for (source, rids) in by_source {
            note_purge(conn, kind, source, &rids).await?;
        }
        match kind.spec().persons {
            true => drop(delete_rows(conn, kind, &rids).await?),
            false => blank(conn, kind, person, &rids).await?,
        }
        proof.add(conn, hits.iter().map(|hit| hit.id.as_str())).await?;
        transaction.commit().await
    }
}

/// Kinds that have something personal in them.
fn kinds() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| kind.spec().personal().next().is_some())
}

fn wanted_columns(kind: Kind, person: &Person) -> Vec<&'static model::Column> {
    let mut columns = personal_columns(kind);
    columns.retain(|column| person.column.as_deref().is_none_or(|only| only == column.name));
    columns
}

/// The bodies of all documents that stated these rows, or changed them, are to be removed.
async fn note_unwanted(conn: &mut Conn, kind: Kind, rids: &[i64], at: &str) -> SqlResult<()> {
    let sql = "INSERT INTO unwanted (body, at) SELECT DISTINCT d.body_hash, CAST(?3 AS TEXT) FROM documents d \
               WHERE d.body_hash IS NOT NULL AND (d.rid IN (SELECT c.document FROM changes c WHERE c.kind = ?1 AND \
               c.rid IN (SELECT value FROM json_each(?2))) OR d.place IN (SELECT s.place FROM sightings s WHERE \
               s.kind = ?1 AND s.rid IN (SELECT value FROM json_each(?2)))) ON CONFLICT DO NOTHING";
    let sql = match conn.dialect() {
        sql::Dialect::Sqlite => sql.to_owned(),
        sql::Dialect::Postgres => sql.replace("CAST(?3 AS TEXT)", "CAST(?3 AS TIMESTAMPTZ)"),
    };
    sql::query(sql).bind(code_of(kind)).bind(keys(rids)).bind(at).execute(conn).await?;
    Ok(())
}

/// Empties the personal columns of rows and of their changes. What documents said of them is compared in full
/// the next time.
async fn blank(conn: &mut Conn, kind: Kind, person: &Person, rids: &[i64]) -> SqlResult<()> {
    let columns = wanted_columns(kind, person);
    let sets: Vec<String> = columns.iter().map(|column| format!("\"{}\" = NULL", column.name)).collect();
    let sql = format!(
        "UPDATE \"{}\" SET {} WHERE rid IN (SELECT value FROM json_each(?))",
        kind.spec().table,
        sets.join(", ")
    );
    sql::query(sql).bind(keys(rids)).execute(&mut *conn).await?;
    let sql = "UPDATE sightings SET reading = 0 WHERE kind = ? AND rid IN (SELECT value FROM json_each(?))";
    sql::query(sql).bind(code_of(kind)).bind(keys(rids)).execute(&mut *conn).await?;
    let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
    blank_edits(conn, kind, rids, &names, None).await?;
    Ok(())
}

/// Empties what the changes of rows, or those before a time, say of these columns; gives how many changes.
pub(crate) async fn blank_edits(
    conn: &mut Conn,
    kind: Kind,
    rids: &[i64],
    columns: &[&str],
    before: Option<&str>,
) -> SqlResult<u64> {
    let and = if before.is_some() { " AND at < ?" } else { "" };
    let sql = format!(
        "SELECT seq, edits FROM changes WHERE kind = ? AND rid IN (SELECT value FROM json_each(?)){and} ORDER BY seq"
    );
    let mut query = sql::query(sql).bind(code_of(kind)).bind(keys(rids));
    if let Some(before) = before {
        query = query.bind(before);
    }
    let mut blanked = 0;
    for row in query.fetch_all(&mut *conn).await? {
        let mut edits: Vec<Value> = json(row.try_get(1)?)?;
        let mut changed = false;
        for edit in edits.iter_mut().filter(|edit| columns.iter().any(|column| edit["field"] == *column)) {
            for side in ["from", "to"] {
                changed |= !edit[side].is_null();
                edit[side] = Value::Null;
            }
        }
        if changed {
            let update = sql::query("UPDATE changes SET edits = ? WHERE seq = ?").bind(keys(&edits));
            update.bind(row.try_get::<i64>(0)?).execute(&mut *conn).await?;
            blanked += 1;
        }
    }
    Ok(blanked)
}
