//! Redriving: what failed or never ran is made ready again, and goes the same way as at first.
//! Any number of times: the attempts go on counting, so that a late ack is still refused.

use std::collections::{BTreeMap, BTreeSet};

use model::RunId;
use serde::Serialize;
use sqlx::{Row, SqliteConnection};

use super::ack::BY_ITSELF;
use super::begin::promote;
use super::counts::{Counts, Place};
use super::{ItemId, ItemState, StepNo, StepStatus, children};
use crate::runs::seq_of;
use crate::sql::{SqlResult, keys};
use crate::{Store, StoreError};

/// What a redrive brought back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// Items that will be done again, or at last.
    pub items: u64,
}

/// Which siblings a step waits for, by step.
pub type WaitsFor = BTreeMap<StepNo, Vec<StepNo>>;

impl Store {
    /// Brings back what failed, died, was cancelled, or was skipped for the sake of another item; with
    /// `only`, these items of the run alone. `waits_for` tells which siblings a step waits for. A run
    /// that had ended goes on.
    pub async fn redrive(
        &self,
        run: RunId,
        only: Option<&[ItemId]>,
        waits_for: &WaitsFor,
    ) -> Result<Redriven, StoreError> {
        let redriven = self.redrive_in_transaction(run, only, waits_for).await;
        redriven.map_err(|error| self.fault("redriving a run", error))
    }

    async fn redrive_in_transaction(
        &self,
        run: RunId,
        only: Option<&[ItemId]>,
        waits_for: &WaitsFor,
    ) -> SqlResult<Redriven> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let seq = seq_of(conn, run).await?;
        mark(conn, seq, only).await?;
        let back = Back::load(conn, waits_for).await?;
        let mut counts = Counts::default();
        let items = reopen_leaves(conn, seq, &mut counts).await?;
        let more = back.reopen(conn, seq, &mut counts).await?;
        counts.write(conn).await?;
        children::close(conn, &counts.parents()).await?;
        if items + more > 0 {
            reopen_run(conn, seq).await?;
            promote(conn).await?;
        }
        sqlx::query("DROP TABLE temp.redriven").execute(&mut *conn).await?;
        transaction.commit().await?;
        Ok(Redriven { items: items + more })
    }
}

/// The items to bring back, and those they are in, at any depth, as a table of this transaction.
async fn mark(conn: &mut SqliteConnection, run: i64, only: Option<&[ItemId]>) -> SqlResult<()> {
    let sql = "CREATE TEMP TABLE redriven AS SELECT id, parent, state, 0 AS holds FROM items \
               WHERE run = ?1 AND (state IN (6, 7, 8) OR state = 5 AND class IS NOT ?2) \
               AND (?3 IS NULL OR id IN (SELECT value FROM json_each(?3)))";
    let only = only.map(|ids| keys(&ids.iter().map(|id| id.0).collect::<Vec<_>>()));
    sqlx::query(sql).bind(run).bind(BY_ITSELF).bind(only).execute(&mut *conn).await?;
    let sql = "WITH RECURSIVE up (id) AS ( \
                 SELECT DISTINCT parent FROM temp.redriven WHERE parent IS NOT NULL \
                 UNION SELECT i.parent FROM up JOIN items i ON i.id = up.id WHERE i.parent IS NOT NULL) \
               INSERT INTO temp.redriven (id, parent, state, holds) \
               SELECT i.id, i.parent, i.state, 1 FROM up JOIN items i ON i.id = up.id";
    sqlx::query(sql).execute(conn).await?;
    Ok(())
}

/// Elements and requests wait for none of their siblings: they are brought back by the thousand.
async fn reopen_leaves(conn: &mut SqliteConnection, run: i64, counts: &mut Counts) -> SqlResult<u64> {
    const LEAVES: &str = "SELECT i.id FROM temp.redriven d JOIN items i ON i.id = d.id \
                          JOIN items p ON p.id = i.parent AND p.step = i.step \
                          WHERE d.holds = 0 AND NOT EXISTS (SELECT 1 FROM spreads s WHERE s.item = i.id)";
    let sql = format!(
        "SELECT parent, step, counted, state, count(*) FROM items WHERE id IN ({LEAVES}) \
         GROUP BY parent, step, counted, state"
    );
    let mut brought = 0;
    for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *conn).await? {
        let place = Place { run, parent: row.try_get(0)?, step: row.try_get(1)?, counted: row.try_get(2)? };
        let (state, count): (i64, i64) = (row.try_get(3)?, row.try_get(4)?);
        if let Some(state) = ItemState::of(state) {
            counts.shift(place, state, ItemState::Ready, count);
            brought += u64::try_from(count).unwrap_or(0);
        }
    }
    let sql = format!(
        "UPDATE items SET state = 1, phase = 0, due = 0, give_up = attempt + tries, class = NULL, error = NULL \
         WHERE id IN ({LEAVES})"
    );
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(conn).await?;
    Ok(brought)
}

/// The other items to bring back: step items, and whatever holds others.
struct Back {
    items: Vec<Old>,
}

struct Old {
    id: i64,
    place: Place,
    state: ItemState,
    /// It has children.
    spread: bool,
    /// Some of them are brought back.
    holds: bool,
    /// Siblings it has to wait for.
    pending: i64,
}

impl Back {
    async fn load(conn: &mut SqliteConnection, waits_for: &WaitsFor) -> SqlResult<Back> {
        let sql = "SELECT i.id, i.run, i.step, i.parent, i.counted, i.state, max(d.holds), \
                   EXISTS (SELECT 1 FROM spreads s WHERE s.item = i.id), p.step IS i.step AND p.id IS NOT NULL \
                   FROM temp.redriven d JOIN items i ON i.id = d.id LEFT JOIN items p ON p.id = i.parent \
                   GROUP BY i.id ORDER BY i.id";
        let mut items = Vec::new();
        for row in sqlx::query(sql).fetch_all(&mut *conn).await? {
            let place = Place {
                run: row.try_get(1)?,
                step: row.try_get(2)?,
                parent: row.try_get(3)?,
                counted: row.try_get(4)?,
            };
            let (holds, spread, within): (bool, bool, bool) =
                (row.try_get(6)?, row.try_get(7)?, row.try_get(8)?);
            let Some(state) = ItemState::of(row.try_get(5)?) else { continue };
            // Those are leaves.
            if within && !spread && !holds {
                continue;
            }
            let id = row.try_get(0)?;
            let waits = if within { None } else { waits_of(place, waits_for) };
            let pending = match (waits, place.parent) {
                (Some(steps), Some(parent)) => unsettled(conn, parent, steps).await?,
                _ => 0,
            };
            items.push(Old { id, place, state, spread, holds, pending });
        }
        Ok(Back { items })
    }

    /// Brings them back; gives how many of them will do something themselves.
    async fn reopen(self, conn: &mut SqliteConnection, run: i64, counts: &mut Counts) -> SqlResult<u64> {
        let mut steps = BTreeSet::new();
        let mut brought = 0;
        for old in self.items {
            let to = old.state_now();
            if to == old.state {
                continue;
            }
            let phase = i64::from(old.spread && to != ItemState::Blocked);
            let sql = "UPDATE items SET state = ?, phase = ?, pending = ?, due = 0, owner = NULL, \
                       give_up = attempt + tries, class = NULL, error = NULL WHERE id = ?";
            let update = sqlx::query(sql).bind(to.code()).bind(phase).bind(old.pending).bind(old.id);
            update.execute(&mut *conn).await?;
            sqlx::query("UPDATE spreads SET stopped = NULL WHERE item = ?")
                .bind(old.id)
                .execute(&mut *conn)
                .await?;
            counts.shift(old.place, old.state, to, 1);
            steps.insert(old.place.step);
            brought += u64::from(!old.holds && old.place.parent.is_some());
        }
        for step in steps {
            let sql = "UPDATE steps SET status = ?, reason = NULL WHERE run = ? AND step = ?";
            let update = sqlx::query(sql).bind(StepStatus::Pending.name()).bind(run).bind(step);
            update.execute(&mut *conn).await?;
        }
        Ok(brought)
    }
}

impl Old {
    /// What has children waits for those that are brought back, or finishes once more; the rest begins
    /// anew, once it may.
    fn state_now(&self) -> ItemState {
        match (self.spread, self.holds) {
            (_, true) => ItemState::Waiting,
            (true, false) if self.state.has_ended() => ItemState::Ready,
            (false, false) if self.pending > 0 => ItemState::Blocked,
            _ => ItemState::Ready,
        }
    }
}

fn waits_of(place: Place, waits_for: &WaitsFor) -> Option<&Vec<StepNo>> {
    waits_for.get(&StepNo(u32::try_from(place.step).ok()?))
}

/// How many of these steps, beside each other under `parent`, are not settled, or no longer are.
async fn unsettled(conn: &mut SqliteConnection, parent: i64, steps: &[StepNo]) -> SqlResult<i64> {
    let sql = "SELECT count(*) FROM items WHERE parent = ? AND step IN (SELECT value FROM json_each(?)) \
               AND (state < 4 OR id IN (SELECT id FROM temp.redriven))";
    let steps: Vec<u32> = steps.iter().map(|step| step.0).collect();
    sqlx::query_scalar(sql).bind(parent).bind(keys(&steps)).fetch_one(conn).await
}

async fn reopen_run(conn: &mut SqliteConnection, run: i64) -> SqlResult<()> {
    let sql = "UPDATE runs SET state = 'queued', outcome = NULL, ended_at = NULL, ended = NULL, note = NULL \
               WHERE seq = ? AND state = 'ended'";
    sqlx::query(sql).bind(run).execute(conn).await?;
    Ok(())
}
