//! Columns that may be kept for so long only, in rows that may be kept longer: coordinates from a geocoder,
//! for one. They are emptied where no document has stated the row since, and in every change before.

use model::{Column, Kind};

use super::Going;
use crate::Store;
use crate::following::note_purge;
use crate::forget::blank_edits;
use crate::personal::{as_texts, quoted};
use crate::rows::{code_of, follow, following};
use crate::sql::{self, SqlResult, keys};

/// Rows of one transaction.
const TOGETHER: i64 = 500;

impl Store {
    pub(super) async fn purge_columns(&self, going: &mut Going<'_>, wanted: &[String]) -> SqlResult<()> {
        for kind in Kind::ALL.iter().copied() {
            let mut columns: Vec<&'static Column> = kind.spec().columns.iter().collect();
            columns.retain(|column| wanted.iter().any(|wanted| wanted == column.name));
            if columns.is_empty() {
                continue;
            }
            let mut after = Some(0);
            while let Some(from) = after {
                after = self.empty_some(kind, &columns, from, going).await?;
            }
            let mut after = Some(0);
            while let Some(from) = after {
                after = self.empty_some_edits(kind, &columns, from, going).await?;
            }
        }
        Ok(())
    }

    /// Empties them in some rows; gives the number to go on after.
    async fn empty_some(
        &self,
        kind: Kind,
        columns: &[&'static Column],
        after: i64,
        going: &mut Going<'_>,
    ) -> SqlResult<Option<i64>> {
        let (table, code) = (kind.spec().table, code_of(kind));
        let held: Vec<String> = columns.iter().map(|c| format!("count(t.\"{}\")", c.name)).collect();
        let sql = format!(
            "SELECT t.rid, t.id, {} FROM \"{table}\" t WHERE t.source = ?1 AND t.first_seen_at < ?2 AND t.rid > ?3 \
             AND coalesce({}) IS NOT NULL AND NOT EXISTS (
                SELECT 1 FROM sightings s JOIN places p ON p.place = s.place
                WHERE s.kind = {code} AND s.rid = t.rid AND s.run = p.read_run AND p.seen_at >= ?2)
             GROUP BY t.rid, t.id ORDER BY t.rid LIMIT ?4",
            held.join(" + "),
            as_texts(columns),
        );
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let query = sql::query(sql).bind(going.source).bind(&going.cutoff).bind(after).bind(TOGETHER);
        let found = query.fetch_all(&mut *conn).await?;
        let Some(last) = found.last() else { return Ok(None) };
        let last = last.try_get(0)?;
        let rids: Vec<i64> = found.iter().map(|row| row.try_get(0)).collect::<SqlResult<_>>()?;
        let ids: Vec<String> = found.iter().map(|row| row.try_get(1)).collect::<SqlResult<_>>()?;
        for row in &found {
            going.purged.values += u64::try_from(row.try_get::<i64>(2)?).unwrap_or(0);
        }
        if going.purge.dry_run {
            return Ok(Some(last));
        }
        note_purge(conn, kind, going.source, &rids).await?;
        let sets: Vec<String> = columns.iter().map(|column| format!("\"{}\" = NULL", column.name)).collect();
        let chosen = keys(&rids);
        let set = format!(
            "UPDATE \"{table}\" SET {} WHERE rid IN (SELECT value FROM json_each(?))",
            sets.join(", ")
        );
        sql::query(set).bind(&chosen).execute(&mut *conn).await?;
        if let Some(follow) = follow(conn.dialect(), kind.spec(), following(kind.spec())) {
            let follow = format!("{follow} WHERE rid IN (SELECT value FROM json_each(?))");
            sql::query(follow).bind(&chosen).execute(&mut *conn).await?;
        }
        // Whoever states them again is to be read anew, and compared in full.
        let places = format!(
            "UPDATE places SET reading_key = NULL, etag = NULL, last_modified = NULL WHERE place IN \
             (SELECT place FROM sightings WHERE kind = {code} AND rid IN (SELECT value FROM json_each(?)))"
        );
        sql::query(places).bind(&chosen).execute(&mut *conn).await?;
        let seen = format!(
            "UPDATE sightings SET reading = 0 WHERE kind = {code} AND rid IN (SELECT value FROM json_each(?))"
        );
        sql::query(seen).bind(&chosen).execute(&mut *conn).await?;
        going.prove(conn, ids.iter().map(String::as_str)).await?;
        transaction.commit().await?;
        Ok(Some(last))
    }

    /// Empties what was logged of them before, in rows that have been stated since too.
    async fn empty_some_edits(
        &self,
        kind: Kind,
        columns: &[&'static Column],
        after: i64,
        going: &mut Going<'_>,
    ) -> SqlResult<Option<i64>> {
        let names: Vec<&str> = columns.iter().map(|column| column.name).collect();
        let sql = format!(
            "SELECT rid FROM \"{}\" WHERE source = ? AND first_seen_at < ? AND rid > ? ORDER BY rid LIMIT ?",
            kind.spec().table
        );
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let query = sql::query_scalar(sql).bind(going.source).bind(&going.cutoff).bind(after).bind(TOGETHER);
        let rids: Vec<i64> = query.fetch_all(&mut *conn).await?;
        let Some(last) = rids.last().copied() else { return Ok(None) };
        let blanked = blank_edits(conn, kind, &rids, &names, Some(&going.cutoff)).await?;
        going.purged.changes += blanked;
        if !going.purge.dry_run && blanked > 0 {
            going
                .prove(conn, [format!("{} changes {blanked} up to row {last}", quoted(columns)).as_str()])
                .await?;
            transaction.commit().await?;
        }
        Ok(Some(last))
    }
}
