//! Retention ceilings: some sources allow their data to be kept for so long only. What is older
//! goes altogether: rows, changes, quarantine, documents, landed bodies, words in the text index.

use chrono::{DateTime, Utc};
use model::{ContentHash, Kind, SourceName};

use crate::commit::forget;
use crate::following::note_purge;
use crate::rows::code_of;
use crate::runs::stamp;
use crate::sql::{self, Conn, SqlResult, keys, parse};
use crate::{Purged, Store, StoreError};

impl Store {
    /// Takes away everything of `source` that no document has stated since `cutoff`, and everything
    /// logged about it before. What was stated since stays, with the changes since.
    ///
    /// The database forgets first, in one transaction; bodies are deleted after it, so a kill in
    /// between leaves at most bodies that nothing refers to, and purging again removes no more rows.
    pub async fn purge_older(
        &self,
        source: &SourceName,
        cutoff: DateTime<Utc>,
    ) -> Result<Purged, StoreError> {
        let purged = sql::again!(self.purge_rows(source.as_str(), &stamp(cutoff)));
        let (mut purged, bodies) = purged.map_err(|error| self.fault("purging", error))?;
        purged.bodies = self.landing().remove(bodies).await?.bodies;
        Ok(purged)
    }

    async fn purge_rows(&self, source: &str, cutoff: &str) -> SqlResult<(Purged, Vec<ContentHash>)> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let mut purged = Purged::default();
        for kind in Kind::ALL {
            let changes = execute(conn, &old_changes(*kind), source, cutoff).await?;
            let (rows, more) = purge_kind(conn, *kind, source, cutoff).await?;
            purged.rows += rows;
            purged.changes += changes + more;
        }
        let sql = "DELETE FROM quarantine WHERE source = ? AND last_seen_at < ?";
        purged.quarantined = execute(conn, sql, source, cutoff).await?;
        let bodies = bodies_only_in_old_documents(conn, source, cutoff).await?;
        let sql = "DELETE FROM documents WHERE source = ? AND fetched_at < ?";
        purged.documents = execute(conn, sql, source, cutoff).await?;
        let old_places = "SELECT place FROM places WHERE source = ? AND seen_at < ?";
        execute(conn, &format!("DELETE FROM sightings WHERE place IN ({old_places})"), source, cutoff)
            .await?;
        execute(conn, &format!("DELETE FROM quarantine WHERE place IN ({old_places})"), source, cutoff)
            .await?;
        execute(conn, "DELETE FROM places WHERE source = ? AND seen_at < ?", source, cutoff).await?;
        forget_missing_bodies(conn, source, &bodies).await?;
        transaction.commit().await?;
        Ok((purged, bodies))
    }
}

async fn execute(conn: &mut Conn, sql: &str, source: &str, cutoff: &str) -> SqlResult<u64> {
    let query = sql::query(sql.to_owned()).bind(source.to_owned()).bind(cutoff.to_owned());
    Ok(query.execute(conn).await?.rows_affected())
}

fn old_changes(kind: Kind) -> String {
    let (table, code) = (kind.spec().table, code_of(kind));
    format!(
        "DELETE FROM changes WHERE kind = {code} \
         AND rid IN (SELECT rid FROM \"{table}\" WHERE source = ?) AND at < ?"
    )
}

/// Deletes the rows of one kind that nobody has stated since, with all their changes; gives how many
/// of each.
async fn purge_kind(conn: &mut Conn, kind: Kind, source: &str, cutoff: &str) -> SqlResult<(u64, u64)> {
    let (table, code) = (kind.spec().table, code_of(kind));
    let old = format!(
        "SELECT t.rid FROM \"{table}\" t WHERE t.source = ?1 AND t.first_seen_at < ?2 AND NOT EXISTS (
            SELECT 1 FROM sightings s JOIN places p ON p.place = s.place
            WHERE s.kind = {code} AND s.rid = t.rid AND s.run = p.read_run AND p.seen_at >= ?2)"
    );
    let query = sql::query_scalar(old).bind(source.to_owned()).bind(cutoff.to_owned());
    let rids: Vec<i64> = query.fetch_all(&mut *conn).await?;
    note_purge(conn, kind, source, &rids).await?;
    let chosen = keys(&rids);
    let changes = delete(conn, &format!("changes WHERE kind = {code} AND rid"), &chosen).await?;
    delete(conn, &format!("sightings WHERE kind = {code} AND rid"), &chosen).await?;
    if kind == Kind::Event {
        forget(conn, &rids).await?;
        delete(conn, "mentions WHERE rid", &chosen).await?;
    }
    let rows = delete(conn, &format!("\"{table}\" WHERE rid"), &chosen).await?;
    Ok((rows, changes))
}

async fn delete(conn: &mut Conn, what: &str, chosen: &str) -> SqlResult<u64> {
    let sql = format!("DELETE FROM {what} IN (SELECT value FROM json_each(?))");
    Ok(sql::query(sql).bind(chosen.to_owned()).execute(conn).await?.rows_affected())
}

/// Bodies of the documents that go, unless a document that stays has the same body.
async fn bodies_only_in_old_documents(
    conn: &mut Conn,
    source: &str,
    cutoff: &str,
) -> SqlResult<Vec<ContentHash>> {
    let sql = "SELECT DISTINCT body_hash FROM documents WHERE source = ?1 AND fetched_at < ?2 \
               AND body_hash IS NOT NULL EXCEPT \
               SELECT body_hash FROM documents WHERE NOT (source = ?1 AND fetched_at < ?2) \
               AND body_hash IS NOT NULL";
    let query = sql::query_scalar(sql).bind(source.to_owned()).bind(cutoff.to_owned());
    let hashes: Vec<String> = query.fetch_all(conn).await?;
    hashes.iter().map(|hex| parse(hex, ContentHash::from_hex)).collect()
}

/// A place whose body is deleted must be read anew, not answered from what was known.
async fn forget_missing_bodies(conn: &mut Conn, source: &str, bodies: &[ContentHash]) -> SqlResult<()> {
    let bodies: Vec<String> = bodies.iter().map(|body| body.to_hex()).collect();
    let sql = "UPDATE places SET body_hash = NULL, etag = NULL, last_modified = NULL, reading_key = NULL \
               WHERE source = ? AND body_hash IN (SELECT value FROM json_each(?))";
    sql::query(sql).bind(source.to_owned()).bind(keys(&bodies)).execute(conn).await?;
    Ok(())
}
