//! What people ask of many runs, or of the whole of one: lists, causes of failure, the slowest items,
//! who has work in hand. Nothing here writes.

use chrono::{DateTime, Utc};
use model::RunId;
use serde_json::Value;

use crate::runs::run_id;
use crate::sql::{self, Column, Row, SqlResult, json, keys, parse};
use crate::{ItemCounts, ItemId, RunState, RunnerId, Store, StoreError};

/// Which runs to list.
#[derive(Debug, Clone, Default)]
pub struct RunsQuery {
    /// In one of these states, or with one of these outcomes; any when empty.
    pub standing: Vec<String>,
    /// Of this pipeline.
    pub pipeline: Option<String>,
    /// Whose id begins so.
    pub id_begins: Option<String>,
    /// Begun after this one.
    pub after: Option<RunId>,
    /// At most.
    pub limit: usize,
}

/// A run in a list.
#[derive(Debug, Clone, PartialEq)]
pub struct RunLine {
    /// Its id.
    pub id: RunId,
    /// Its pipeline; `None` for one without.
    pub pipeline: Option<String>,
    /// Where it stands.
    pub state: RunState,
    /// How it ended.
    pub outcome: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it is paused or was cancelled.
    pub note: Option<String>,
    /// What was asked for.
    pub command: Value,
    /// Its items.
    pub items: ItemCounts,
}

/// Items of one step that failed with the same words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultCount {
    /// The first of them.
    pub item: ItemId,
    /// Path of their step.
    pub step: String,
    /// Class of the fault.
    pub class: String,
    /// What they said.
    pub error: String,
    /// How many there are.
    pub count: u64,
}

/// An item and how long its last attempt took.
#[derive(Debug, Clone, PartialEq)]
pub struct SlowItem {
    /// The item.
    pub item: ItemId,
    /// Path of its step.
    pub step: String,
    /// What it worked on.
    pub input: Option<Value>,
    /// How long.
    pub elapsed_ms: u64,
}

/// A runner that has items of a run in hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InHand {
    /// Its number.
    pub runner: RunnerId,
    /// Its name.
    pub name: String,
    /// The machine it is on.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// Until when it counts as alive.
    pub until: DateTime<Utc>,
    /// How many items.
    pub items: u64,
}

/// Different words that are looked at when causes of failure are asked for.
const FAULTS_MAX: i64 = 1_000;
/// A run with more items is not searched for its slowest ones: that would take longer than it is worth.
const SEARCHED_ITEMS_MAX: i64 = 300_000;

impl Store {
    /// Runs, newest first.
    pub async fn run_list(&self, query: &RunsQuery) -> Result<Vec<RunLine>, StoreError> {
        self.load_list(query).await.map_err(|error| self.fault("listing runs", error))
    }

    async fn load_list(&self, query: &RunsQuery) -> SqlResult<Vec<RunLine>> {
        let sql = "SELECT r.id, r.pipeline, r.state, r.outcome, r.started_at, r.ended_at, r.began, r.ended, \
                   r.note, r.command, coalesce(sum(s.total), 0) AS total, coalesce(sum(s.done), 0) AS done, \
                   coalesce(sum(s.failed), 0) AS failed, coalesce(sum(s.skipped + s.cancelled), 0) AS skipped, \
                   coalesce(sum(s.dead), 0) AS dead, coalesce(sum(s.running), 0) AS running, \
                   coalesce(sum(s.waiting), 0) AS waiting \
                   FROM (SELECT * FROM runs \
                         WHERE (state IN (SELECT value FROM json_each(?1)) \
                                OR outcome IN (SELECT value FROM json_each(?1)) OR ?1 IS NULL) \
                         AND (pipeline = ?2 OR ?2 IS NULL) \
                         AND (substr(id, 1, length(?3)) = ?3 OR ?3 IS NULL) \
                         AND seq > coalesce((SELECT seq FROM runs WHERE id = ?4), 0) \
                         ORDER BY seq DESC LIMIT ?5) r \
                   LEFT JOIN steps s ON s.run = r.seq \
                   GROUP BY r.seq, r.id, r.pipeline, r.state, r.outcome, r.started_at, r.ended_at, r.began, \
                   r.ended, r.note, r.command ORDER BY r.seq DESC";
        let rows = sql::query(sql)
            .bind(Some(keys(&query.standing)).filter(|_| !query.standing.is_empty()))
            .bind(query.pipeline.clone())
            .bind(query.id_begins.clone())
            .bind(query.after.map(|run| run.to_string()))
            .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
        rows.iter().map(run_line).collect()
    }

    /// The run that a queued one waits for; `None` when it waits for none.
    pub async fn waits_behind(&self, run: RunId) -> Result<Option<RunId>, StoreError> {
        let sql = "SELECT o.id FROM runs r JOIN runs o ON o.lock = r.lock AND o.seq <> r.seq \
                   WHERE r.id = ? AND r.state = 'queued' AND o.state <> 'ended' \
                   ORDER BY o.state = 'queued', o.seq LIMIT 1";
        let row = sql::query(sql).bind(run.to_string()).fetch_optional(&self.readers).await;
        let found = row.and_then(|row| row.map(|row| run_id(&row, "id")).transpose());
        found.map_err(|error| self.fault("looking for what a run waits for", error))
    }

    /// Why items of a run failed, by their words, most frequent first. What only holds others that
    /// failed does not count.
    pub async fn faults(&self, run: RunId) -> Result<Vec<FaultCount>, StoreError> {
        let sql = "SELECT min(i.id), coalesce(s.path, ''), coalesce(i.class, 'unknown'), coalesce(i.error, ''), count(*) \
                   FROM items i LEFT JOIN steps s ON s.run = i.run AND s.step = i.step \
                   WHERE i.run = (SELECT seq FROM runs WHERE id = ?1) AND i.state IN (6, 7) \
                   AND NOT EXISTS (SELECT 1 FROM spreads p WHERE p.item = i.id AND p.failed > 0) \
                   GROUP BY 2, 3, 4 ORDER BY 5 DESC, 1 LIMIT ?2";
        let rows = sql::query(sql).bind(run.to_string()).bind(FAULTS_MAX).fetch_all(&self.readers).await;
        let fault = |row: &Row| -> SqlResult<FaultCount> {
            Ok(FaultCount {
                item: ItemId(row.try_get(0)?),
                step: row.try_get(1)?,
                class: row.try_get(2)?,
                error: row.try_get(3)?,
                count: count(row, 4)?,
            })
        };
        let faults = rows.and_then(|rows| rows.iter().map(fault).collect::<SqlResult<Vec<_>>>());
        faults.map_err(|error| self.fault("summing up what failed", error))
    }

    /// The items of a run whose last attempt took longest, longest first; none where it has very many.
    pub async fn slowest_items(&self, run: RunId, limit: usize) -> Result<Vec<SlowItem>, StoreError> {
        let sql = "SELECT i.id, coalesce(s.path, ''), \
                   coalesce(i.input, (SELECT e.input FROM items e WHERE e.id = i.parent)) AS input, \
                   i.elapsed FROM items i \
                   LEFT JOIN steps s ON s.run = i.run AND s.step = i.step \
                   WHERE i.run = (SELECT r.seq FROM runs r WHERE r.id = ?1 \
                     AND (SELECT sum(total) FROM steps t WHERE t.run = r.seq) <= ?3) \
                   AND i.elapsed > 0 AND i.counted ORDER BY i.elapsed DESC LIMIT ?2";
        let rows = sql::query(sql)
            .bind(run.to_string())
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(SEARCHED_ITEMS_MAX)
            .fetch_all(&self.readers)
            .await;
        let slow = |row: &Row| -> SqlResult<SlowItem> {
            let input: Option<&str> = row.try_get(2)?;
            Ok(SlowItem {
                item: ItemId(row.try_get(0)?),
                step: row.try_get(1)?,
                input: input.map(json).transpose()?,
                elapsed_ms: count(row, 3)?,
            })
        };
        let items = rows.and_then(|rows| rows.iter().map(slow).collect::<SqlResult<Vec<_>>>());
        items.map_err(|error| self.fault("looking for the slowest items", error))
    }

    /// Size of the documents of a run together; `None` when it took none.
    pub async fn bytes_of(&self, run: RunId) -> Result<Option<u64>, StoreError> {
        let sql = "SELECT sum(size_bytes) FROM documents WHERE run = (SELECT seq FROM runs WHERE id = ?)";
        let sum = sql::query_scalar(sql).bind(run.to_string()).fetch_one(&self.readers).await;
        let sum: Option<i64> = sum.map_err(|error| self.fault("summing up documents", error))?;
        Ok(sum.map(i64::unsigned_abs))
    }

    /// The runners that have items of a run in hand.
    pub async fn in_hand(&self, run: RunId) -> Result<Vec<InHand>, StoreError> {
        let sql = "SELECT n.runner, n.id, n.host, n.pid, n.until, count(*) FROM items i \
                   JOIN runners n ON n.runner = i.owner \
                   WHERE i.state = 2 AND i.run = (SELECT seq FROM runs WHERE id = ?) GROUP BY n.runner";
        let rows = sql::query(sql).bind(run.to_string()).fetch_all(&self.readers).await;
        let held = |row: &Row| -> SqlResult<InHand> {
            Ok(InHand {
                runner: RunnerId(row.try_get(0)?),
                name: row.try_get(1)?,
                host: row.try_get(2)?,
                pid: row.try_get(3)?,
                until: instant(row, "until")?.unwrap_or_default(),
                items: count(row, 5)?,
            })
        };
        let held = rows.and_then(|rows| rows.iter().map(held).collect::<SqlResult<Vec<_>>>());
        held.map_err(|error| self.fault("looking for what is in hand", error))
    }

    /// How many items ended badly, of all runs.
    pub async fn dead_count(&self) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM items i WHERE i.state IN (6, 7) \
                   AND NOT EXISTS (SELECT 1 FROM spreads p WHERE p.item = i.id AND p.failed > 0)";
        let dead: i64 = sql::query_scalar(sql)
            .fetch_one(&self.readers)
            .await
            .map_err(|error| self.fault("counting dead items", error))?;
        Ok(dead.unsigned_abs())
    }
}

fn run_line(row: &Row) -> SqlResult<RunLine> {
    Ok(RunLine {
        id: run_id(row, "id")?,
        pipeline: row.try_get("pipeline")?,
        state: parse(row.try_get("state")?, RunState::of)?,
        outcome: row.try_get("outcome")?,
        started_at: instant(row, "began")?.or(stamped(row, "started_at")?).unwrap_or_default(),
        ended_at: instant(row, "ended")?.or(stamped(row, "ended_at")?),
        note: row.try_get("note")?,
        command: json(row.try_get("command")?)?,
        items: ItemCounts {
            total: count(row, "total")?,
            done: count(row, "done")?,
            failed: count(row, "failed")?,
            skipped: count(row, "skipped")?,
            dead: count(row, "dead")?,
            running: count(row, "running")?,
            waiting: count(row, "waiting")?,
        },
    })
}

fn count(row: &Row, column: impl Column) -> SqlResult<u64> {
    Ok(u64::try_from(row.try_get::<i64>(column)?).unwrap_or(0))
}

fn instant(row: &Row, column: &str) -> SqlResult<Option<DateTime<Utc>>> {
    Ok(row.try_get::<Option<i64>>(column)?.and_then(DateTime::from_timestamp_millis))
}

/// Of a run from before runs had work.
fn stamped(row: &Row, column: &str) -> SqlResult<Option<DateTime<Utc>>> {
    let text: Option<&str> = row.try_get(column)?;
    Ok(text.and_then(|text| DateTime::parse_from_rfc3339(text).ok()).map(|at| at.to_utc()))
}
