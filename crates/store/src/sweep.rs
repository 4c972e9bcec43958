//! The sweep: after a scope has been collected completely, events it no longer holds get a
//! tombstone. A sweep that would take too many at once does nothing and says so: more often the
//! source has failed than that its events are gone.

mod levels;
mod rows;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{Kind, Op, RunId};

use crate::commit::{Stamp, change_insert};
use crate::rows::code_of;
use crate::runs::{seq_of, stamp};
use crate::sql::{self, Conn, SqlResult, keys};
use crate::{Shrink, Store, StoreError, Sweep, SweepScope};

impl Store {
    /// Puts a tombstone on the events of the scope's source that the scope held and that `run` has
    /// not seen, unless another scope still holds them. To be called once the run has collected the
    /// scope completely and without failures.
    pub async fn sweep(&self, run: RunId, at: DateTime<Utc>, what: &SweepScope) -> Result<Sweep, StoreError> {
        let swept = sql::again!(self.sweep_in_transaction(run, at, what));
        swept.map_err(|error| self.fault("sweeping", error))
    }

    async fn sweep_in_transaction(
        &self,
        run: RunId,
        at: DateTime<Utc>,
        what: &SweepScope,
    ) -> SqlResult<Sweep> {
        let mut transaction = self.begin().await?;
        let stamp = Stamp { run: seq_of(&mut transaction, run).await?, at: stamp(at) };
        let sql = "SELECT scope FROM scopes WHERE name = ?";
        let scope = sql::query_scalar(sql).bind(what.scope.clone()).fetch_optional(&mut *transaction).await?;
        // A scope that never held a document has nothing to lose.
        let Some(scope) = scope else { return Ok(Sweep::default()) };
        let held = held_events(&mut transaction, scope, &stamp, what).await?;
        let missing = match missing(held, what.max_shrink) {
            Ok(missing) => missing,
            Err(refused) => return Ok(refused),
        };
        let source = what.source.as_str();
        let mut orphaned = Vec::new();
        for kind in HANGING {
            orphaned.push((kind, orphans(&mut transaction, kind, scope, &stamp, source, &missing).await?));
        }
        bury(&mut transaction, Kind::Event, &missing, &stamp).await?;
        for (kind, rids) in orphaned {
            bury(&mut transaction, kind, &rids, &stamp).await?;
        }
        forget_sightings(&mut transaction, scope, &stamp, source).await?;
        transaction.commit().await?;
        Ok(Sweep { vanished: missing.len() as u64, refused: None })
    }
}

/// What hangs on an event and vanishes with it.
const HANGING: [Kind; 3] = [Kind::Offer, Kind::Shop, Kind::ShopOffer];

/// The rows that nothing states any longer, or the refusal to take so many at once.
fn missing(held: impl IntoIterator<Item = (i64, bool)>, max_shrink: f64) -> Result<Vec<i64>, Sweep> {
    let (mut known, mut missing) = (0, Vec::new());
    for (rid, seen) in held {
        known += 1;
        missing.extend((!seen).then_some(rid));
    }
    match shrinks_too_far(known, missing.len(), max_shrink) {
        true => {
            let (known, seen) = (known as u64, (known - missing.len()) as u64);
            Err(Sweep { vanished: 0, refused: Some(Shrink { known, seen }) })
        }
        false => Ok(missing),
    }
}

/// The condition that the document at `place` was confirmed since `run` began: by the run itself or by another
/// beside it, which may have come to a document of this run after it. Instants are whole seconds: of the one in
/// which the run began, what counts is whether the other run had documents after the first of this one.
fn since_begun(place: &str, run: &str) -> String {
    // Plus nothing: or PostgreSQL walks through all documents for the first one of the run.
    format!(
        "({place}.seen_run >= {run} OR {place}.seen_at > (SELECT started_at FROM runs WHERE seq = {run}) \
         OR {place}.seen_run IN (
            SELECT beside.seq FROM runs beside JOIN runs mine ON mine.seq = {run}
            WHERE beside.seq < {run} AND (beside.ended_at IS NULL OR beside.ended_at >= mine.started_at)
              AND EXISTS (SELECT 1 FROM documents d WHERE d.run = beside.seq
                AND d.rid > (SELECT min(rid + 0) FROM documents WHERE run = {run}))))"
    )
}

/// A single event may always vanish.
fn shrinks_too_far(known: usize, missing: usize, max_shrink: f64) -> bool {
    known >= 2 && missing as f64 > max_shrink * known as f64
}

/// The live events that the scope was known to hold, and whether they still have a document that
/// states them: in this run, or in another scope. Events that came to their end since they were last
/// stated are left alone: a list of what is coming drops what is over, and that is no vanishing.
async fn held_events(
    conn: &mut Conn,
    scope: i64,
    stamp: &Stamp,
    what: &SweepScope,
) -> SqlResult<BTreeMap<i64, bool>> {
    let sql = format!(
        "
        SELECT e.rid, max(CASE WHEN s.run = p.read_run AND {} THEN 1 ELSE 0 END) = 1 OR EXISTS (
            SELECT 1 FROM sightings o JOIN places q ON q.place = o.place
            WHERE o.kind = ?2 AND o.rid = e.rid AND q.scope <> ?3 AND o.run = q.read_run)
        FROM places p
        CROSS JOIN sightings s ON s.place = p.place AND s.kind = ?2
        JOIN event_listings e ON e.rid = s.rid
        JOIN runs r ON r.seq = s.run
        WHERE p.scope = ?3 AND e.source = ?4 AND e.gone_at IS NULL
          AND (e.occurrence IS NULL OR e.start_date BETWEEN ?5 AND ?6)
        GROUP BY e.rid
        HAVING e.last_date IS NULL OR e.last_date >= ?7
          OR e.last_date < date(max(r.started_at))",
        since_begun("p", "?1")
    );
    let rows = sql::query(sql)
        .bind(stamp.run)
        .bind(code_of(Kind::Event))
        .bind(scope)
        .bind(what.source.as_str().to_owned())
        .bind(what.window.from.to_string())
        .bind(what.window.to.to_string())
        .bind(&stamp.at[..10])
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// What hangs on an event and no document states any longer, of events that vanish now or that this run
/// has seen. What hangs on events that are left alone is left alone with them.
async fn orphans(
    conn: &mut Conn,
    kind: Kind,
    scope: i64,
    stamp: &Stamp,
    source: &str,
    vanishing: &[i64],
) -> SqlResult<Vec<i64>> {
    let table = kind.spec().table;
    let seen = since_begun("q", "?4");
    let sql = format!(
        "
        SELECT DISTINCT f.rid
        FROM places p
        CROSS JOIN sightings s ON s.place = p.place AND s.kind = ?1
        JOIN \"{table}\" f ON f.rid = s.rid
        JOIN event_listings e ON e.source = f.source AND e.source_key = f.event
        WHERE p.scope = ?2 AND f.source = ?3 AND f.gone_at IS NULL
          AND NOT EXISTS (
            SELECT 1 FROM sightings o JOIN places q ON q.place = o.place
            WHERE o.kind = ?1 AND o.rid = f.rid AND o.run = q.read_run
              AND (q.scope <> ?2 OR {seen}))
          AND (e.rid IN (SELECT value FROM json_each(?5)) OR EXISTS (
            SELECT 1 FROM sightings o JOIN places q ON q.place = o.place
            WHERE o.kind = ?6 AND o.rid = e.rid AND o.run = q.read_run AND {seen}))"
    );
    sql::query_scalar(sql)
        .bind(code_of(kind))
        .bind(scope)
        .bind(source.to_owned())
        .bind(stamp.run)
        .bind(keys(vanishing))
        .bind(code_of(Kind::Event))
        .fetch_all(conn)
        .await
}

/// Puts tombstones on rows and enters that in the change log.
async fn bury(conn: &mut Conn, kind: Kind, rids: &[i64], stamp: &Stamp) -> SqlResult<()> {
    if rids.is_empty() {
        return Ok(());
    }
    let table = kind.spec().table;
    let sql = format!(
        "UPDATE \"{table}\" SET gone_at = ?, last_run = ? WHERE rid IN (SELECT value FROM json_each(?))"
    );
    sql::query(sql).bind(stamp.at.clone()).bind(stamp.run).bind(keys(rids)).execute(&mut *conn).await?;
    let changes = rids.iter().map(|rid| {
        vec![
            stamp.at.as_str().into(),
            stamp.run.into(),
            crate::sql::Cell::Null,
            code_of(kind).into(),
            (*rid).into(),
            Op::Vanish.name().into(),
            "[]".into(),
        ]
    });
    change_insert().write(conn, changes.collect()).await
}

/// Takes away what nobody says any longer: sightings of this scope that this run has not confirmed,
/// except those of events that stay. Their documents, should they come back unchanged, must be read
/// again, so what is known of their bodies goes too.
async fn forget_sightings(conn: &mut Conn, scope: i64, stamp: &Stamp, source: &str) -> SqlResult<()> {
    let sql = format!(
        "
        DELETE FROM sightings WHERE (place, kind, row_key) IN (
            SELECT s.place, s.kind, s.row_key FROM places p JOIN sightings s ON s.place = p.place
            WHERE p.scope = ?1 AND p.source = ?2 AND NOT (s.run = p.read_run AND {})
              AND CASE s.kind
                WHEN ?4 THEN EXISTS (SELECT 1 FROM event_listings e WHERE e.rid = s.rid AND e.gone_at IS NOT NULL)
                WHEN ?5 THEN EXISTS (SELECT 1 FROM offers f WHERE f.rid = s.rid AND f.gone_at IS NOT NULL)
                WHEN ?6 THEN EXISTS (SELECT 1 FROM ticket_shops f WHERE f.rid = s.rid AND f.gone_at IS NOT NULL)
                WHEN ?7 THEN EXISTS (SELECT 1 FROM shop_offers f WHERE f.rid = s.rid AND f.gone_at IS NOT NULL)
                ELSE TRUE END)",
        since_begun("p", "?3")
    );
    sql::query(sql)
        .bind(scope)
        .bind(source.to_owned())
        .bind(stamp.run)
        .bind(code_of(Kind::Event))
        .bind(code_of(Kind::Offer))
        .bind(code_of(Kind::Shop))
        .bind(code_of(Kind::ShopOffer))
        .execute(&mut *conn)
        .await?;
    let sql = format!(
        "UPDATE places SET body_hash = NULL, etag = NULL, last_modified = NULL, reading_key = NULL \
         WHERE scope = ?1 AND source = ?2 AND NOT {}",
        since_begun("places", "?3")
    );
    sql::query(sql).bind(scope).bind(source.to_owned()).bind(stamp.run).execute(conn).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::shrinks_too_far;

    #[test]
    fn half_may_vanish_where_half_is_allowed() {
        let check = |known, missing, expected| assert_eq!(shrinks_too_far(known, missing, 0.5), expected);
        check(2, 1, false);
        check(2, 2, true);
        check(1, 1, false);
        check(100, 50, false);
        check(100, 51, true);
        check(0, 0, false);
    }
}
