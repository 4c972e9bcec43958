//! Rows with all that hangs on them, documents with their bodies, and places, some at a time.

use model::{ContentHash, Kind};

use super::{DOING, Going};
use crate::commit::forget;
use crate::following::note_purge;
use crate::rows::code_of;
use crate::sql::{self, Conn, SqlResult, keys, parse};
use crate::{Prune, Store, StoreError};

/// Rows of one transaction.
const TOGETHER: i64 = 1_000;

const OLD_DOCUMENTS: &str = "source = ?1 AND fetched_at < ?2";
const OLD_PLACES: &str = "source = ?1 AND seen_at < ?2";
const OLD_QUARANTINE: &str = "(source = ?1 AND last_seen_at < ?2 OR place IN \
     (SELECT place FROM places WHERE source = ?1 AND seen_at < ?2))";

/// Rows of a kind, as `t`, that no document has stated since.
fn old_rows(kind: Kind) -> String {
    format!(
        "t.source = ?1 AND t.first_seen_at < ?2 AND NOT EXISTS (
            SELECT 1 FROM sightings s JOIN places p ON p.place = s.place
            WHERE s.kind = {} AND s.rid = t.rid AND s.run = p.read_run AND p.seen_at >= ?2)",
        code_of(kind)
    )
}

/// What was logged before of rows that stay.
fn old_changes(kind: Kind) -> String {
    let (table, code) = (kind.spec().table, code_of(kind));
    format!("kind = {code} AND rid IN (SELECT rid FROM \"{table}\" WHERE source = ?1) AND at < ?2")
}

impl Store {
    pub(super) async fn purge_rows(&self, going: &mut Going<'_>) -> SqlResult<()> {
        for kind in Kind::ALL.iter().copied() {
            if going.purge.dry_run {
                self.count_rows(kind, going).await?;
                continue;
            }
            while self.purge_some_rows(kind, going).await? {}
            while self.purge_some(&format!("changes:seq:{}", old_changes(kind)), going).await? {}
        }
        if going.purge.dry_run {
            going.purged.quarantined = self.count_of("quarantine", OLD_QUARANTINE, going).await?;
            return Ok(());
        }
        while self.purge_some(&format!("quarantine:rid:{OLD_QUARANTINE}"), going).await? {}
        Ok(())
    }

    async fn count_rows(&self, kind: Kind, going: &mut Going<'_>) -> SqlResult<()> {
        let (table, code, old) = (kind.spec().table, code_of(kind), old_rows(kind));
        going.purged.rows += self.count_of(&format!("\"{table}\" t"), &old, going).await?;
        let gone = format!("kind = {code} AND rid IN (SELECT t.rid FROM \"{table}\" t WHERE {old})");
        let changes = format!("({gone}) OR ({})", old_changes(kind));
        going.purged.changes += self.count_of("changes", &changes, going).await?;
        Ok(())
    }

    async fn count_of(&self, from: &str, old: &str, going: &Going<'_>) -> SqlResult<u64> {
        let query = sql::query_scalar(format!("SELECT count(*) FROM {from} WHERE {old}"));
        let count: i64 = query.bind(going.source).bind(&going.cutoff).fetch_one(&self.readers).await?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// One transaction of rows; false when none were left.
    async fn purge_some_rows(&self, kind: Kind, going: &mut Going<'_>) -> SqlResult<bool> {
        let table = kind.spec().table;
        let sql =
            format!("SELECT t.rid, t.id FROM \"{table}\" t WHERE {} ORDER BY t.rid LIMIT ?3", old_rows(kind));
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let query = sql::query(sql).bind(going.source).bind(&going.cutoff).bind(TOGETHER);
        let found = query.fetch_all(&mut *conn).await?;
        if found.is_empty() {
            return Ok(false);
        }
        let rids: Vec<i64> = found.iter().map(|row| row.try_get(0)).collect::<SqlResult<_>>()?;
        let ids: Vec<String> = found.iter().map(|row| row.try_get(1)).collect::<SqlResult<_>>()?;
        note_purge(conn, kind, going.source, &rids).await?;
        let (rows, changes) = delete_rows(conn, kind, &rids).await?;
        going.purged.rows += rows;
        going.purged.changes += changes;
        going.prove(conn, ids.iter().map(String::as_str)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// One transaction of `table:key:condition`; false when nothing was left.
    async fn purge_some(&self, which: &str, going: &mut Going<'_>) -> SqlResult<bool> {
        let mut parts = which.splitn(3, ':');
        let mut part = || parts.next().unwrap_or_default();
        let (table, key, old) = (part(), part(), part());
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let sql = format!("SELECT {key} FROM {table} WHERE {old} ORDER BY {key} LIMIT ?3");
        let query = sql::query_scalar(sql).bind(going.source).bind(&going.cutoff).bind(TOGETHER);
        let found: Vec<i64> = query.fetch_all(&mut *conn).await?;
        if found.is_empty() {
            return Ok(false);
        }
        let count = delete(conn, &format!("{table} WHERE {key}"), &keys(&found)).await?;
        match table {
            "changes" => going.purged.changes += count,
            _ => going.purged.quarantined += count,
        }
        let names: Vec<String> = found.iter().map(|key| format!("{table} {key}")).collect();
        going.prove(conn, names.iter().map(String::as_str)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Documents, each with its body unless a document that stays has the same.
    pub(super) async fn purge_documents(&self, going: &mut Going<'_>) -> Result<(), StoreError> {
        let fault = |error| self.fault(DOING, error);
        if going.purge.dry_run {
            going.purged.documents = self.count_of("documents", OLD_DOCUMENTS, going).await.map_err(fault)?;
            going.purged.bodies = self.old_bodies(going, i64::MAX).await.map_err(fault)?.len() as u64;
            return Ok(());
        }
        loop {
            let bodies = self.old_bodies(going, TOGETHER).await.map_err(fault)?;
            if bodies.is_empty() {
                break;
            }
            going.purged.bodies += self.landing().remove(bodies.clone()).await?.bodies;
            self.forget_bodies(&bodies).await?;
        }
        while self.purge_some_documents(going).await.map_err(fault)? {}
        Ok(())
    }

    /// Bodies that only documents have that go.
    async fn old_bodies(&self, going: &Going<'_>, most: i64) -> SqlResult<Vec<ContentHash>> {
        let sql = format!(
            "SELECT DISTINCT body_hash FROM documents WHERE {OLD_DOCUMENTS} AND body_hash IS NOT NULL EXCEPT \
             SELECT body_hash FROM documents WHERE NOT ({OLD_DOCUMENTS}) AND body_hash IS NOT NULL LIMIT ?3"
        );
        let query = sql::query_scalar(sql).bind(going.source).bind(&going.cutoff).bind(most);
        let hashes: Vec<String> = query.fetch_all(&self.readers).await?;
        hashes.iter().map(|hex| parse(hex, ContentHash::from_hex)).collect()
    }

    async fn purge_some_documents(&self, going: &mut Going<'_>) -> SqlResult<bool> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let sql = format!("SELECT rid FROM documents WHERE {OLD_DOCUMENTS} ORDER BY rid LIMIT ?3");
        let query = sql::query_scalar(sql).bind(going.source).bind(&going.cutoff).bind(TOGETHER);
        let found: Vec<i64> = query.fetch_all(&mut *conn).await?;
        if found.is_empty() {
            return Ok(false);
        }
        going.purged.documents += delete(conn, "documents WHERE rid", &keys(&found)).await?;
        let names: Vec<String> = found.iter().map(|rid| format!("document {rid}")).collect();
        going.prove(conn, names.iter().map(String::as_str)).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Places, with what they were last seen to state.
    pub(super) async fn purge_places(&self, going: &mut Going<'_>) -> SqlResult<()> {
        if going.purge.dry_run {
            return Ok(());
        }
        loop {
            let mut transaction = self.begin().await?;
            let conn = &mut *transaction;
            let sql = format!("SELECT place FROM places WHERE {OLD_PLACES} ORDER BY place LIMIT ?3");
            let query = sql::query_scalar(sql).bind(going.source).bind(&going.cutoff).bind(TOGETHER);
            let found: Vec<i64> = query.fetch_all(&mut *conn).await?;
            if found.is_empty() {
                return Ok(());
            }
            let chosen = keys(&found);
            delete(conn, "sightings WHERE place", &chosen).await?;
            delete(conn, "places WHERE place", &chosen).await?;
            transaction.commit().await?;
        }
    }

    /// Landed bodies alone, those too that the last reading of a document stands on.
    pub(super) async fn purge_bodies(&self, going: &mut Going<'_>) -> Result<(), StoreError> {
        let purge = going.purge;
        let bodies = self.old_bodies(going, i64::MAX).await.map_err(|error| self.fault(DOING, error))?;
        if bodies.is_empty() {
            return Ok(());
        }
        let (before, source) = (purge.cutoff(), Some(purge.source.clone()));
        let prune = Prune { before, source, current: true, dry_run: purge.dry_run, now: purge.now };
        let pruned = self.prune(&prune).await?;
        going.purged.bodies = pruned.bodies;
        if pruned.bodies == 0 || purge.dry_run {
            return Ok(());
        }
        let hashes: Vec<String> = bodies.iter().map(|body| body.to_hex()).collect();
        self.say_removed(&hashes, "retention").await?;
        let prove = async {
            let mut transaction = self.begin().await?;
            going.prove(&mut transaction, hashes.iter().map(String::as_str)).await?;
            transaction.commit().await
        };
        prove.await.map_err(|error| self.fault(DOING, error))
    }
}

/// Deletes rows of one kind with everything that hangs on them; gives how many rows, and how many changes.
pub(crate) async fn delete_rows(conn: &mut Conn, kind: Kind, rids: &[i64]) -> SqlResult<(u64, u64)> {
    let (table, code, chosen) = (kind.spec().table, code_of(kind), keys(rids));
    let changes = delete(conn, &format!("changes WHERE kind = {code} AND rid"), &chosen).await?;
    delete(conn, &format!("sightings WHERE kind = {code} AND rid"), &chosen).await?;
    if kind == Kind::Event {
        forget(conn, rids).await?;
        delete(conn, "mentions WHERE rid", &chosen).await?;
    }
    let rows = delete(conn, &format!("\"{table}\" WHERE rid"), &chosen).await?;
    Ok((rows, changes))
}

async fn delete(conn: &mut Conn, what: &str, chosen: &str) -> SqlResult<u64> {
    let sql = format!("DELETE FROM {what} IN (SELECT value FROM json_each(?))");
    Ok(sql::query(sql).bind(chosen.to_owned()).execute(conn).await?.rows_affected())
}
