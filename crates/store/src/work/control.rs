//! Stopping, holding and continuing runs, and changing their limits.

use chrono::{DateTime, Utc};
use model::RunId;
use serde::Serialize;
use serde_json::{Value, json};

use super::begin::wake_holder;
use super::counts::{Counts, Place};
use super::lock::promote;
use super::{ItemId, ItemState, RunState, StepNo, children};
use crate::runs::{run_id, stamp};
use crate::sql::{self, Conn, Row, SqlResult, json, parse};
use crate::{AuditEntry, AuditLevel, Store, StoreError, audit};

/// What stopping a run did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Stopped {
    /// Items that had not begun, or waited.
    pub items: u64,
    /// Items that runners have in hand; they are told.
    pub in_hand: u64,
    /// How the run stands now: `cancelling` while something is in hand, else `ended`.
    pub state: RunState,
}

impl Store {
    /// Stops a run: nothing more of it is begun, runners stop what they have in hand, and once that is
    /// over it has ended as cancelled. `None` when it had ended already.
    pub async fn cancel(
        &self,
        run: RunId,
        at: DateTime<Utc>,
        reason: &str,
    ) -> Result<Option<Stopped>, StoreError> {
        let stopped = sql::again!(self.cancel_in_transaction(run, at, reason));
        stopped.map_err(|error| self.fault("cancelling a run", error))
    }

    async fn cancel_in_transaction(
        &self,
        run: RunId,
        at: DateTime<Utc>,
        reason: &str,
    ) -> SqlResult<Option<Stopped>> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let seq = crate::runs::seq_of(conn, run).await?;
        if state_of(conn, seq).await? == RunState::Ended {
            return Ok(None);
        }
        let (items, in_hand) = cancel_run(conn, seq, at, reason).await?;
        let state = state_of(conn, seq).await?;
        transaction.commit().await?;
        Ok(Some(Stopped { items, in_hand, state }))
    }

    /// Holds a run back, and the runs within it: what is in hand ends, nothing more is begun. False when
    /// it is not under way.
    pub async fn pause(&self, run: RunId, note: Option<&str>) -> Result<bool, StoreError> {
        let sql = "UPDATE runs SET state = 'paused', note = CASE WHEN id = ?1 THEN ?2 ELSE ?3 END \
                   WHERE state IN ('running', 'queued') AND (id = ?1 OR instr(within, ?1) > 0) AND EXISTS ( \
                     SELECT 1 FROM runs o WHERE o.id = ?1 AND o.state IN ('running', 'queued'))";
        let query = sql::query(sql).bind(run.to_string()).bind(note).bind(paused_with(run));
        let paused = query.execute(&self.writer).await.map_err(|error| self.fault("pausing a run", error))?;
        Ok(paused.rows_affected() > 0)
    }

    /// Lets a paused run go on, or wait on when it had not begun. False when it is not paused.
    pub async fn unpause(&self, run: RunId) -> Result<bool, StoreError> {
        let unpaused = async {
            let mut transaction = self.begin().await?;
            let sql = "UPDATE runs SET state = CASE WHEN holds THEN 'running' ELSE 'queued' END, note = NULL \
                       WHERE state = 'paused' AND (id = ?1 OR instr(within, ?1) > 0 AND note = ?2)";
            let query = sql::query(sql).bind(run.to_string()).bind(paused_with(run));
            let done = query.execute(&mut *transaction).await?;
            promote(&mut transaction).await?;
            transaction.commit().await?;
            Ok(done.rows_affected() > 0)
        };
        unpaused.await.map_err(|error| self.fault("continuing a run", error))
    }

    /// Stops the children of an item that have not begun, for a limit that was passed. Gives how many.
    pub async fn stop_children(&self, item: ItemId, reason: &str) -> Result<u64, StoreError> {
        let stopped = async {
            let mut transaction = self.begin().await?;
            let mut counts = Counts::default();
            let stopped = super::ack::stop(&mut transaction, item.0, reason, &mut counts).await?;
            counts.write(&mut transaction).await?;
            children::close(&mut transaction, &[item.0]).await?;
            transaction.commit().await?;
            Ok(stopped)
        };
        stopped.await.map_err(|error| self.fault("stopping items", error))
    }

    /// Changes how many children of each item of a step may be under way at once. Gives how many items
    /// that was.
    pub async fn set_cap(&self, run: RunId, path: &str, cap: u32) -> Result<u64, StoreError> {
        let sql = "UPDATE spreads SET cap = ? WHERE item IN ( \
                     SELECT p.item FROM runs r JOIN spreads p ON p.run = r.seq \
                     JOIN items i ON i.id = p.item JOIN steps s ON s.run = r.seq AND s.step = i.step \
                     LEFT JOIN items above ON above.id = i.parent \
                     WHERE r.id = ? AND s.path = ? AND above.step IS DISTINCT FROM i.step)";
        let changed = async {
            // In its turn: rows that others write too are locked in an order that only the turn makes one.
            let mut transaction = self.begin().await?;
            let update =
                sql::query(sql).bind(i64::from(cap.max(1))).bind(run.to_string()).bind(path.to_owned());
            let changed = update.execute(&mut *transaction).await?.rows_affected();
            transaction.commit().await?;
            Ok(changed)
        };
        changed.await.map_err(|error| self.fault("changing a limit", error))
    }

    /// Keeps what is said of the failures that a step bears, while the run has not ended. Gives whether
    /// there is such a step.
    pub async fn set_tolerance(&self, run: RunId, path: &str, tolerance: &Value) -> Result<bool, StoreError> {
        let sql = "UPDATE steps SET tolerance = ? WHERE path = ? \
                   AND run = (SELECT seq FROM runs WHERE id = ? AND state <> 'ended')";
        let update = sql::query(sql).bind(tolerance.to_string()).bind(path.to_owned()).bind(run.to_string());
        let updated = update.execute(&self.writer).await.map(|done| done.rows_affected() > 0);
        updated.map_err(|error| self.fault("changing a limit", error))
    }

    /// What was said of the failures that a step bears since its run began.
    pub async fn tolerance(&self, run: RunId, step: StepNo) -> Result<Option<Value>, StoreError> {
        let sql =
            "SELECT s.tolerance FROM steps s JOIN runs r ON r.seq = s.run WHERE r.id = ? AND s.step = ?";
        let said = async {
            let said = sql::query(sql).bind(run.to_string()).bind(i64::from(step.0));
            let Some(row) = said.fetch_optional(&self.readers).await? else { return Ok(None) };
            row.try_get::<Option<&str>>(0)?.map(json).transpose()
        };
        said.await.map_err(|error| self.fault("reading a limit", error))
    }
}

/// How a run stands.
pub(super) async fn state_of(conn: &mut Conn, run: i64) -> SqlResult<RunState> {
    let row = sql::query("SELECT state FROM runs WHERE seq = ?").bind(run).fetch_one(conn).await?;
    parse(row.try_get(0)?, RunState::of)
}

/// The note by which a run within another is known to have been paused with it, and goes on with it.
fn paused_with(outer: RunId) -> String {
    format!("paused with run {outer}")
}

/// Cancels everything of a run, and of the runs within it, that is not in hand; gives how much of the
/// run itself that was, and how much of it is in hand.
pub(super) async fn cancel_run(
    conn: &mut Conn,
    run: i64,
    at: DateTime<Utc>,
    reason: &str,
) -> SqlResult<(u64, u64)> {
    let sql = "SELECT i.seq FROM runs i JOIN runs o ON instr(i.within, o.id) > 0 WHERE o.seq = ? AND i.state <> 'ended'";
    let within: Vec<i64> = sql::query_scalar(sql).bind(run).fetch_all(&mut *conn).await?;
    for inner in within {
        cancel_one(conn, inner, at, reason).await?;
    }
    cancel_one(conn, run, at, reason).await
}

async fn cancel_one(conn: &mut Conn, run: i64, at: DateTime<Utc>, reason: &str) -> SqlResult<(u64, u64)> {
    sql::query("UPDATE runs SET state = 'cancelling', note = ? WHERE seq = ? AND state <> 'ended'")
        .bind(reason.to_owned())
        .bind(run)
        .execute(&mut *conn)
        .await?;
    let mut counts = Counts::default();
    let mut ended = 0;
    for which in NOT_IN_HAND {
        ended += cancel_items(conn, run, which, reason, &mut counts).await?;
    }
    counts.write(conn).await?;
    let in_hand: i64 = sql::query_scalar("SELECT count(*) FROM items WHERE state = 2 AND run = ?")
        .bind(run)
        .fetch_one(&mut *conn)
        .await?;
    end_cancelled(conn, at).await?;
    Ok((ended, u64::try_from(in_hand).unwrap_or(0)))
}

/// The items of a run that nobody has in hand, each way with an index of its own: found from what holds
/// them, for items themselves are not indexed by run.
const NOT_IN_HAND: [(ItemState, &str); 4] = [
    (ItemState::Blocked, "state = 0 AND parent IN (SELECT item FROM spreads WHERE run = ?1)"),
    (ItemState::Ready, "state = 1 AND parent IN (SELECT item FROM spreads WHERE run = ?1)"),
    (ItemState::Ready, "state = 1 AND id = (SELECT root FROM runs WHERE seq = ?1)"),
    (ItemState::Waiting, "state = 3 AND id IN (SELECT item FROM spreads WHERE run = ?1)"),
];

async fn cancel_items(
    conn: &mut Conn,
    run: i64,
    (state, which): (ItemState, &str),
    reason: &str,
    counts: &mut Counts,
) -> SqlResult<u64> {
    let sql =
        format!("SELECT run, step, parent, counted, count(*) FROM items WHERE {which} GROUP BY 1, 2, 3, 4");
    let mut ended = 0;
    for row in sql::query(sql).bind(run).fetch_all(&mut *conn).await? {
        let count: i64 = row.try_get(4)?;
        counts.shift(Place::of(&row)?, state, ItemState::Cancelled, count);
        ended += count.unsigned_abs();
    }
    let sql =
        format!("UPDATE items SET state = 8, ends = NULL, class = 'cancelled', error = ?2 WHERE {which}");
    sql::query(sql).bind(run).bind(reason.to_owned()).execute(conn).await?;
    Ok(ended)
}

/// Ends the cancelled runs of which nothing is in hand any more.
pub(super) async fn end_cancelled(conn: &mut Conn, at: DateTime<Utc>) -> SqlResult<()> {
    let sql = "UPDATE runs SET state = 'ended', outcome = 'cancelled', ended_at = ?, ended = ? \
               WHERE state = 'cancelling' \
               AND NOT EXISTS (SELECT 1 FROM items i WHERE i.state = 2 AND i.run = runs.seq) \
               RETURNING seq, id, pipeline, began, note";
    let ended = sql::query(sql).bind(stamp(at)).bind(at.timestamp_millis()).fetch_all(&mut *conn).await?;
    let mut told = Vec::with_capacity(ended.len());
    for row in &ended {
        let sql = "UPDATE steps SET status = 'cancelled' WHERE run = ? AND status IN ('pending', 'running')";
        let run: i64 = row.try_get("seq")?;
        sql::query(sql).bind(run).execute(&mut *conn).await?;
        wake_holder(conn, run).await?;
        told.push(cancelled(row, at)?);
    }
    audit::append(conn, &told).await?;
    if !ended.is_empty() {
        promote(conn).await?;
    }
    Ok(())
}

/// Who ends a run that was cancelled: it ends by itself, once nothing of it is in hand any more.
const ITSELF: &str = "callboard";

fn cancelled(row: &Row, at: DateTime<Utc>) -> SqlResult<AuditEntry> {
    let pipeline: Option<String> = row.try_get("pipeline")?;
    let (note, began): (Option<String>, Option<i64>) = (row.try_get("note")?, row.try_get("began")?);
    let entry = AuditEntry::new(at, ITSELF, "run.end", "cancelled").about(pipeline.unwrap_or_default());
    Ok(AuditEntry {
        level: AuditLevel::Warning,
        duration_ms: began.map(|began| at.timestamp_millis() - began),
        ..entry.within(run_id(row, "id")?, None).with(json!({"note": note}))
    })
}
