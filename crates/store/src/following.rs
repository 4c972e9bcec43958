//! What a follower of the change log asks: how far the log goes, which days changes since then touch,
//! and up to where it has come. All SQL that the cache needs is here.
//!
//! A purge takes rows away together with their changes, so it leaves a note of the days they were on.
//! A [`Mark`] counts both.

use chrono::{DateTime, NaiveDate, Utc};
use model::{Edit, Kind, RunId, Window};

use crate::runs::stamp;
use crate::sql::{self, Conn, Row, SqlResult, json, keys};
use crate::{Store, StoreError};

/// `purged_days`: where events were that a purge took away or robbed of their venue, under the number of
/// the purge. `followers`: up to where whoever follows the log has come. `identity`: one row, the name
/// by which a store is told from another one.
pub(crate) const DDL: &str = "
CREATE TABLE IF NOT EXISTS identity (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS followers (
    name TEXT PRIMARY KEY, seq INTEGER NOT NULL, purge INTEGER NOT NULL, at INSTANT NOT NULL);
CREATE TABLE IF NOT EXISTS purged_days (
    purge INTEGER NOT NULL, first_day TEXT NOT NULL, last_day TEXT NOT NULL,
    PRIMARY KEY (purge, first_day, last_day));
";

/// Notes of so many purges are kept. Who is further behind begins anew.
const PURGES_KEPT: i64 = 1_000;

/// Moves read at once at most; who has more to follow begins anew.
const MAX_MOVES: usize = 50_000;

/// A position: the number of the last change, and that of the last purge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize)]
pub struct Mark {
    /// Number of a change; 0 before the first.
    pub seq: i64,
    /// Number of a purge; 0 before the first.
    pub purge: i64,
}

impl Mark {
    /// True when nothing up to `other` is missing here.
    pub fn holds(self, other: Mark) -> bool {
        self.seq >= other.seq && self.purge >= other.purge
    }
}

/// Days from the first to the last of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Span {
    /// First local day; `None` while it is not known.
    pub start: Option<NaiveDate>,
    /// Last local day; `None` where it is the first.
    pub end: Option<NaiveDate>,
}

/// An event whose start or end was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Move {
    /// Number of the event's row.
    pub event: i64,
    /// When it is now, after all changes.
    pub now: Span,
    /// Its start before this change, if that was changed.
    pub start_before: Option<Option<NaiveDate>>,
    /// Its end before this change, if that was changed.
    pub end_before: Option<Option<NaiveDate>>,
}

/// What changes since a mark touch. Some of it may have been touched later than the head that was asked
/// for before; that does no harm.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// When events are now that changed, or whose venue, performers or organizer did.
    pub now: Vec<Span>,
    /// Changes of start or end, the newest first.
    pub moves: Vec<Move>,
    /// When purged events were.
    pub purged: Vec<Span>,
    /// There is more than is given here: everything may be touched.
    pub beyond: bool,
}

impl Store {
    /// Its own name, the same for as long as it exists, and no other store's.
    pub async fn identity(&self) -> Result<String, StoreError> {
        self.read_identity().await.map_err(|error| self.fault("reading the store's identity", error))
    }

    async fn read_identity(&self) -> SqlResult<String> {
        let sql = "SELECT id FROM identity";
        if let Some(id) = sql::query_scalar(sql).fetch_optional(&self.readers).await? {
            return Ok(id);
        }
        let mut transaction = self.begin().await?;
        sql::query("INSERT INTO identity (id) SELECT ?1 WHERE NOT EXISTS (SELECT 1 FROM identity)")
            .bind(RunId::new().to_string())
            .execute(&mut *transaction)
            .await?;
        let id = sql::query_scalar(sql).fetch_one(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(id)
    }

    /// How far the log goes, and how many purges there were.
    pub async fn mark(&self) -> Result<Mark, StoreError> {
        let sql = "SELECT (SELECT coalesce(max(seq), 0) FROM changes), \
                   (SELECT coalesce(max(purge), 0) FROM purged_days)";
        let found = sql::query(sql).fetch_one(&self.readers).await.and_then(|row| mark(&row));
        found.map_err(|error| self.fault("reading the change log", error))
    }

    /// What changes and purges since `mark` touch inside `reach`.
    pub async fn touched_since(&self, mark: Mark, reach: Window) -> Result<Touched, StoreError> {
        let touched = self.read_touched(mark, reach).await;
        touched.map_err(|error| self.fault("following the change log", error))
    }

    /// The order matters: an event that is moved between two of these questions is found by the later
    /// ones, with the day it was on before.
    async fn read_touched(&self, mark: Mark, reach: Window) -> SqlResult<Touched> {
        let mut touched = Touched::default();
        for sql in [CHANGED, VENUE_CHANGED, PERFORMER_CHANGED, ORGANIZER_CHANGED] {
            touched.now.extend(self.spans(sql, mark.seq, reach).await?);
        }
        touched.moves = self.moves(mark.seq).await?;
        touched.purged = self.purged(mark.purge, reach).await?;
        touched.beyond = touched.moves.len() > MAX_MOVES || self.purges_forgotten(mark.purge).await?;
        Ok(touched)
    }

    async fn spans(&self, sql: &'static str, since: i64, reach: Window) -> SqlResult<Vec<Span>> {
        let rows = sql::query(sql)
            .bind(since)
            .bind(reach.from.to_string())
            .bind(reach.to.to_string())
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(|row| Ok(Span { start: day(row.try_get(0)?)?, end: day(row.try_get(1)?)? })).collect()
    }

    async fn moves(&self, since: i64) -> SqlResult<Vec<Move>> {
        let limit = i64::try_from(MAX_MOVES + 1).unwrap_or(i64::MAX);
        let rows = sql::query(MOVED).bind(since).bind(limit).fetch_all(&self.readers).await?;
        let read = |row: &Row| {
            let edits: Vec<Edit> = json(row.try_get(1)?)?;
            let before = |field: &str| {
                let edit = edits.iter().find(|edit| edit.field == field)?;
                Some(edit.from["date"].as_str().and_then(|day| day.parse().ok()))
            };
            Ok(Move {
                event: row.try_get(0)?,
                now: Span { start: day(row.try_get(2)?)?, end: day(row.try_get(3)?)? },
                start_before: before("start"),
                end_before: before("end"),
            })
        };
        rows.iter().map(read).collect()
    }

    async fn purged(&self, since: i64, reach: Window) -> SqlResult<Vec<Span>> {
        let sql = "SELECT DISTINCT first_day, last_day FROM purged_days \
                   WHERE purge > ?1 AND last_day >= ?2 AND first_day <= ?3";
        self.spans(sql, since, reach).await
    }

    async fn purges_forgotten(&self, since: i64) -> SqlResult<bool> {
        let sql = "SELECT min(purge) FROM purged_days";
        let oldest: Option<i64> = sql::query_scalar(sql).fetch_one(&self.readers).await?;
        Ok(oldest.is_some_and(|oldest| since + 1 < oldest))
    }

    /// Up to where the follower of this name has come.
    pub async fn follower(&self, name: &str) -> Result<Option<Mark>, StoreError> {
        let sql = "SELECT seq, purge FROM followers WHERE name = ?1";
        let found = sql::query(sql).bind(name.to_owned()).fetch_optional(&self.readers).await;
        let found = found.and_then(|row| row.as_ref().map(mark).transpose());
        found.map_err(|error| self.fault("reading followers", error))
    }

    /// Moves a follower on from where it was last known to be. False when another process has moved it
    /// meanwhile.
    pub async fn advance_follower(
        &self,
        name: &str,
        (from, to): (Option<Mark>, Mark),
        at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = match from {
            Some(_) => {
                "UPDATE followers SET seq = ?2, purge = ?3, at = ?4 \
                 WHERE name = ?1 AND seq = ?5 AND purge = ?6"
            }
            None => {
                "INSERT INTO followers (name, seq, purge, at) VALUES (?1, ?2, ?3, ?4) \
                 ON CONFLICT DO NOTHING"
            }
        };
        let mut query = sql::query(sql).bind(name.to_owned()).bind(to.seq).bind(to.purge).bind(stamp(at));
        if let Some(from) = from {
            query = query.bind(from.seq).bind(from.purge);
        }
        let done = query.execute(&self.writer).await;
        let done = done.map_err(|error| self.fault("moving a follower on", error))?;
        Ok(done.rows_affected() == 1)
    }
}

/// Notes the days that the purge of these rows touches, before it takes them away. Inside its transaction.
pub(crate) async fn note_purge(conn: &mut Conn, kind: Kind, source: &str, rids: &[i64]) -> SqlResult<()> {
    // Nothing else is in the document of a day.
    let shown = matches!(kind, Kind::Event | Kind::Venue | Kind::Performer | Kind::Organizer);
    if rids.is_empty() || !shown {
        return Ok(());
    }
    let purge: i64 = sql::query_scalar("SELECT coalesce(max(purge), 0) + 1 FROM purged_days")
        .fetch_one(&mut *conn)
        .await?;
    // Of a venue or a person it is not worth asking which of the source's events name it.
    let which = match kind {
        Kind::Event => "source = ?2 AND rid IN (SELECT value FROM json_each(?3))",
        _ => "source = ?2",
    };
    let sql = format!(
        "INSERT INTO purged_days (purge, first_day, last_day) \
         SELECT DISTINCT CAST(?1 AS INTEGER), start_date, last_date FROM event_listings \
         WHERE start_date IS NOT NULL AND {which}"
    );
    let mut insert = sql::query(sql).bind(purge).bind(source.to_owned());
    if kind == Kind::Event {
        insert = insert.bind(keys(rids));
    }
    insert.execute(&mut *conn).await?;
    let sql = "DELETE FROM purged_days WHERE purge <= ?1";
    sql::query(sql).bind(purge - PURGES_KEPT).execute(conn).await?;
    Ok(())
}

fn mark(row: &Row) -> SqlResult<Mark> {
    Ok(Mark { seq: row.try_get(0)?, purge: row.try_get(1)? })
}

fn day(text: Option<String>) -> SqlResult<Option<NaiveDate>> {
    let parse = |text: String| text.parse().map_err(|error| sqlx::Error::Decode(Box::new(error)));
    text.map(parse).transpose()
}

/// When changed events are now. Values: change, first and last day. Kinds by their number in the log; the
/// `+` keeps an index that leads through all changes of a kind from being used.
const CHANGED: &str = "
    SELECT DISTINCT e.start_date, e.last_date FROM changes c JOIN event_listings e ON e.rid = c.rid
    WHERE +c.kind = 4 AND c.seq > ?1 AND e.last_date >= ?2 AND e.start_date <= ?3";

/// When the events of changed venues are.
const VENUE_CHANGED: &str = "
    SELECT DISTINCT e.start_date, e.last_date FROM changes c
    JOIN venues v ON v.rid = c.rid
    JOIN mentions m ON m.kind = 1 AND m.key = v.source_key AND m.source = v.source
    JOIN event_listings e ON e.rid = m.rid
    WHERE +c.kind = 1 AND c.seq > ?1 AND e.last_date >= ?2 AND e.start_date <= ?3";

/// When the events of renamed performers are.
const PERFORMER_CHANGED: &str = "
    SELECT DISTINCT e.start_date, e.last_date FROM changes c
    JOIN performers p ON p.rid = c.rid
    JOIN mentions m ON m.kind = 2 AND m.key = p.source_key AND m.source = p.source
    JOIN event_listings e ON e.rid = m.rid
    WHERE +c.kind = 2 AND c.seq > ?1 AND CAST(c.edits AS TEXT) LIKE '%\"field\":%\"name\"%'
      AND e.last_date >= ?2 AND e.start_date <= ?3";

/// When the events of renamed organizers are. No index leads from an organizer to its events, so the
/// events are gone through once, and not at all when no organizer changed.
const ORGANIZER_CHANGED: &str = "
    SELECT DISTINCT e.start_date, e.last_date FROM event_listings e
    WHERE e.last_date >= ?2 AND e.start_date <= ?3 AND (e.source, e.organizer) IN (
        SELECT o.source, o.source_key FROM changes c JOIN organizers o ON o.rid = c.rid
        WHERE +c.kind = 3 AND c.seq > ?1 AND CAST(c.edits AS TEXT) LIKE '%\"field\":%\"name\"%')
      AND EXISTS (SELECT 1 FROM changes WHERE +kind = 3 AND seq > ?1)";

/// Changes of start or end of events that were known before. Values: change, limit.
const MOVED: &str = "
    SELECT c.rid, c.edits, e.start_date, e.end_date FROM changes c JOIN event_listings e ON e.rid = c.rid
    WHERE +c.kind = 4 AND c.seq > ?1 AND c.op <> 'insert'
      AND (CAST(c.edits AS TEXT) LIKE '%\"field\":%\"start\"%' OR CAST(c.edits AS TEXT) LIKE '%\"field\":%\"end\"%')
    ORDER BY c.seq DESC LIMIT ?2";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rows::code_of;

    #[test]
    fn the_kinds_in_the_statements_are_those_of_the_log() {
        let codes = [Kind::Venue, Kind::Performer, Kind::Organizer, Kind::Event].map(code_of);
        assert_eq!(codes, [1, 2, 3, 4]);
    }

    /// A log of a million changes must not be gone through for one more.
    #[tokio::test]
    async fn only_what_came_since_is_looked_at() {
        let store = Store::in_memory().await.unwrap();
        for sql in [CHANGED, VENUE_CHANGED, PERFORMER_CHANGED, ORGANIZER_CHANGED, MOVED] {
            let explain = sql::query(format!("EXPLAIN QUERY PLAN {sql}"));
            let steps = explain.bind(1).bind("2026-01-01").bind("2026-12-31").fetch_all(&store.writer).await;
            let steps: Vec<String> =
                steps.unwrap().iter().map(|step| step.try_get("detail").unwrap()).collect();
            let since = |step: &String| step.starts_with("SEARCH c USING INTEGER PRIMARY KEY (rowid>?)");
            assert!(steps.iter().any(since), "{sql}: {steps:?}");
            assert!(steps.iter().all(|step| !step.starts_with("SCAN")), "{sql}: {steps:?}");
        }
    }
}
