//! Compaction: old changes are folded row by row (`fold.rs`), a bounded number in each transaction, so
//! that nobody waits long and a kill leaves a log that is folded in part.
//!
//! The horizon is kept with the first of them: from then on, what was before it is not answered for. It
//! never passes a mark that a consumer keeps in the store.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::Kind;

use super::cursors::furthest_behind;
use super::fold::{Folded, Old, fold};
use super::place::{horizon, place_of};
use crate::commit::op_of;
use crate::rows::{code_of, kind_of};
use crate::sql::{self, Cell, Conn, Insert, Row, SqlResult, json, keys, parse};
use crate::{Store, StoreError};

/// Rows that are folded in one transaction.
const ROWS: i64 = 500;

/// Changes that are read in one transaction; a row that has more is folded in several.
const CHANGES: i64 = 10_000;

/// What is to be folded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compact {
    /// Changes that were committed at this time or before.
    pub older_than: DateTime<Utc>,
    /// So many of the newest changes of each row are left alone.
    pub keep_last: u32,
    /// Only tell what would be done. A row with very many changes is told of in part.
    pub dry_run: bool,
}

/// What was folded, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compacted {
    /// Rows some of whose changes were folded.
    pub rows: u64,
    /// Changes that were folded, those included that others were folded into.
    pub folded: u64,
    /// Changes that are gone for it.
    pub removed: u64,
    /// Number up to which changes were looked at.
    pub through: i64,
    /// The cursor that kept it from going further, and where that is.
    pub held_by: Option<(String, i64)>,
}

/// A row with several changes.
#[derive(Debug, Clone, Copy)]
struct Candidate {
    kind: i64,
    rid: i64,
    changes: i64,
}

impl Store {
    /// Folds old changes. Two at once are no harm; killed, it is begun again.
    pub async fn compact_changes(&self, what: Compact) -> Result<Compacted, StoreError> {
        self.compact(what).await.map_err(|error| self.fault("compacting the change log", error))
    }

    async fn compact(&self, what: Compact) -> SqlResult<Compacted> {
        let mut done = Compacted::default();
        let reach = {
            let mut transaction = self.readers.begin_reading().await?;
            let reach = place_of(&mut transaction, what.older_than).await?;
            (done.through, done.held_by) = within(furthest_behind(&mut transaction).await?, reach);
            reach
        };
        let mut after = (0, 0);
        loop {
            let candidates = self.candidates(after, done.through).await?;
            let Some(batch) = batch(&candidates) else {
                done.folded = done.removed + done.rows;
                return Ok(done);
            };
            let mut transaction =
                if what.dry_run { self.readers.begin_reading().await? } else { self.begin().await? };
            // Another consumer may have come meanwhile, or gone back.
            let held = within(furthest_behind(&mut transaction).await?, reach);
            if held.0 < done.through {
                (done.through, done.held_by) = held;
            }
            let work = Work { through: done.through, keep_last: what.keep_last, write: !what.dry_run };
            let rest = work.fold_rows(&mut transaction, batch, &mut done).await?;
            if !what.dry_run {
                transaction.commit().await?;
            }
            if let (Some(last), false) = (batch.last(), rest) {
                after = (last.kind, last.rid);
            }
        }
    }

    /// The next rows that have several changes up to `through`. Read before the transaction that folds
    /// them: finding them may take long where there are few.
    async fn candidates(&self, after: (i64, i64), through: i64) -> SqlResult<Vec<Candidate>> {
        let sql = "SELECT kind, rid, count(*) FROM changes WHERE (kind, rid) > (?, ?) AND seq <= ? \
                   GROUP BY kind, rid HAVING count(*) > 1 ORDER BY kind, rid LIMIT ?";
        let query = sql::query(sql).bind(after.0).bind(after.1).bind(through).bind(ROWS);
        let candidate = |row: &Row| {
            Ok(Candidate { kind: row.try_get(0)?, rid: row.try_get(1)?, changes: row.try_get(2)? })
        };
        query.fetch_all(&self.readers).await?.iter().map(candidate).collect()
    }
}

/// The place that a cursor allows, and the cursor where it is the one that holds back.
fn within(behind: Option<(String, i64)>, reach: i64) -> (i64, Option<(String, i64)>) {
    match behind {
        Some((name, seq)) if seq < reach => (seq, Some((name, seq))),
        _ => (reach, None),
    }
}

/// The first candidates that are of one kind and have no more changes than one transaction may read.
fn batch(candidates: &[Candidate]) -> Option<&[Candidate]> {
    let first = candidates.first()?;
    let mut changes = 0;
    let fits = |candidate: &&Candidate| {
        changes += candidate.changes;
        candidate.kind == first.kind && changes <= CHANGES
    };
    let count = candidates.iter().take_while(fits).count().max(1);
    candidates.get(..count)
}

/// One transaction's part.
struct Work {
    through: i64,
    keep_last: u32,
    write: bool,
}

impl Work {
    /// Folds these rows; `true` when some of it is left, because one row has so many changes.
    async fn fold_rows(&self, conn: &mut Conn, rows: &[Candidate], done: &mut Compacted) -> SqlResult<bool> {
        let Some(kind) = rows.first().map(|row| row.kind) else { return Ok(false) };
        let rids: Vec<i64> = rows.iter().map(|row| row.rid).collect();
        let later = later_changes(conn, kind, &rids, self.through).await?;
        let read = old_changes(conn, kind, &rids, self.through).await?;
        // Of one row that has so many changes, the newest are left for another transaction.
        let unread = match rows {
            [one] => (one.changes - read.len() as i64).max(0),
            _ => 0,
        };
        let mut rewritten = Vec::new();
        let mut gone: Vec<i64> = Vec::new();
        for changes in read.chunk_by(|a, b| a.0 == b.0) {
            let Some(rid) = changes.first().map(|(rid, _)| *rid) else { continue };
            let later = later.get(&rid).copied().unwrap_or(0);
            let spare = i64::from(self.keep_last) - later - unread;
            let count = changes.len().saturating_sub(usize::try_from(spare).unwrap_or(0));
            let old: Vec<Old> = changes[..count].iter().map(|(_, old)| old.clone()).collect();
            let Some(folded) = fold(&old) else { continue };
            // A row that is folded in several goes is one row.
            done.rows += u64::from(unread == 0);
            done.removed += folded.gone.len() as u64;
            gone.extend(&folded.gone);
            if let Some(newest) = old.iter().find(|old| old.seq == folded.seq) {
                rewritten.push(cells(kind_of(kind)?, rid, newest, &folded));
            }
        }
        let is_part = unread > 0 && !gone.is_empty() && self.write;
        if self.write && !gone.is_empty() {
            advance_horizon(conn, self.through).await?;
            let sql = "DELETE FROM changes WHERE seq IN (SELECT value FROM json_each(?))";
            sql::query(sql).bind(keys(&gone)).execute(&mut *conn).await?;
            rewrite().write(conn, rewritten).await?;
        }
        Ok(is_part)
    }
}

fn rewrite() -> Insert {
    let columns = ["seq", "at", "run", "document", "kind", "rid", "op", "edits", "folded"];
    Insert::into("changes", &columns).or_update("seq", &["op", "edits", "folded"])
}

fn cells(kind: Kind, rid: i64, newest: &Old, folded: &Folded) -> Vec<Cell> {
    vec![
        folded.seq.into(),
        newest.at.as_str().into(),
        newest.run.into(),
        newest.document.into(),
        code_of(kind).into(),
        rid.into(),
        folded.op.name().into(),
        keys(&folded.edits).into(),
        folded.count.into(),
    ]
}

/// The changes of these rows up to a number, by row and then in order: not more than one transaction
/// may read.
async fn old_changes(conn: &mut Conn, kind: i64, rids: &[i64], through: i64) -> SqlResult<Vec<(i64, Old)>> {
    let sql = "SELECT rid, seq, at, run, document, op, edits, folded FROM changes \
               WHERE kind = ? AND rid IN (SELECT value FROM json_each(?)) AND seq <= ? \
               ORDER BY rid, seq LIMIT ?";
    let query = sql::query(sql).bind(kind).bind(keys(rids)).bind(through).bind(CHANGES);
    let old = |row: &Row| {
        let old = Old {
            seq: row.try_get("seq")?,
            at: row.try_get("at")?,
            run: row.try_get("run")?,
            document: row.try_get("document")?,
            op: parse(row.try_get("op")?, op_of)?,
            edits: json(row.try_get("edits")?)?,
            count: row.try_get::<Option<i64>>("folded")?.unwrap_or(1),
        };
        Ok((row.try_get("rid")?, old))
    };
    query.fetch_all(conn).await?.iter().map(old).collect()
}

/// How many changes each of these rows has after a number.
async fn later_changes(
    conn: &mut Conn,
    kind: i64,
    rids: &[i64],
    through: i64,
) -> SqlResult<HashMap<i64, i64>> {
    let sql = "SELECT rid, count(*) FROM changes WHERE kind = ? AND rid IN (SELECT value FROM json_each(?)) \
               AND seq > ? GROUP BY rid";
    let rows = sql::query(sql).bind(kind).bind(keys(rids)).bind(through).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Keeps that what was before this number is not known in detail any longer.
async fn advance_horizon(conn: &mut Conn, through: i64) -> SqlResult<()> {
    if horizon(conn).await?.is_some_and(|known| known.seq >= through) {
        return Ok(());
    }
    let sql = "INSERT INTO change_horizon (one, seq, at) \
               SELECT 1, CAST(? AS BIGINT), at FROM changes WHERE seq <= ? ORDER BY seq DESC LIMIT 1 \
               ON CONFLICT (one) DO UPDATE SET seq = excluded.seq, at = excluded.at";
    sql::query(sql).bind(through).bind(through).execute(conn).await?;
    Ok(())
}
