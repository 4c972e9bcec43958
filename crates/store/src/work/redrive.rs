//! Redriving: what failed or never ran is made ready again, and goes the same way as at first.
//! Any number of times: the attempts go on counting, so that a late ack is still refused.

mod back;

use std::collections::BTreeMap;

use model::RunId;
use serde::Serialize;

use super::control::state_of;
use super::counts::{Counts, Place};
use super::lock::promote;
use super::schema::BACK;
use super::{ItemId, ItemState, RunState, StepNo, children};
use crate::runs::seq_of;
use crate::sql::{self, Conn, SqlResult, keys};
use crate::{Store, StoreError};
use back::Back;

/// What a redrive brought back.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Redriven {
    /// Items that will be done again, or at last; without those that only hold others.
    pub items: u64,
}

/// Which siblings a step waits for, by step.
pub type WaitsFor = BTreeMap<StepNo, Vec<StepNo>>;

impl Store {
    /// Brings back what failed, died, was cancelled, or was skipped for the sake of another item; with
    /// `only`, these items of the run alone. `waits_for` tells which siblings a step waits for. A run
    /// that had ended goes on; one that is being cancelled must have ended first.
    pub async fn redrive(
        &self,
        run: RunId,
        only: Option<&[ItemId]>,
        waits_for: &WaitsFor,
    ) -> Result<Redriven, StoreError> {
        let redriven = sql::again!(self.redrive_in_transaction(run, only, waits_for));
        let redriven = redriven.map_err(|error| self.fault("redriving a run", error))?;
        redriven.ok_or_else(|| {
            StoreError::Question(format!("run {run} is being cancelled: redrive it once that is over"))
        })
    }

    async fn redrive_in_transaction(
        &self,
        run: RunId,
        only: Option<&[ItemId]>,
        waits_for: &WaitsFor,
    ) -> SqlResult<Option<Redriven>> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let seq = seq_of(conn, run).await?;
        if state_of(conn, seq).await? == RunState::Cancelling {
            return Ok(None);
        }
        mark(conn, seq, only).await?;
        let back = Back::load(conn, waits_for).await?;
        let mut counts = Counts::default();
        let leaves = reopen_leaves(conn, &mut counts).await?;
        let others = back.reopen(conn, seq, &mut counts).await?;
        counts.write(conn).await?;
        children::close(conn, &counts.parents()).await?;
        if leaves > 0 || others.changed {
            reopen_run(conn, seq).await?;
            promote(conn).await?;
        }
        sql::query("DROP TABLE temp.redriven").execute(&mut *conn).await?;
        transaction.commit().await?;
        Ok(Some(Redriven { items: leaves + others.brought }))
    }
}

/// The items to bring back, and those they are in, at any depth, as a table of this transaction.
///
/// A leaf is an element or a request without children: its parent is of the same step.
async fn mark(conn: &mut Conn, run: i64, only: Option<&[ItemId]>) -> SqlResult<()> {
    let create = "CREATE TEMP TABLE redriven (id INTEGER PRIMARY KEY, parent INTEGER, holds FLAG NOT NULL, \
                  leaf FLAG NOT NULL DEFAULT FALSE)";
    sql::run_all(conn, create).await?;
    let sql = format!(
        "INSERT INTO temp.redriven (id, parent, holds) SELECT id, parent, FALSE FROM items \
         WHERE run = ?1 AND {BACK} AND (id IN (SELECT value FROM json_each(?2)) OR ?2 IS NULL)"
    );
    let only = only.map(|ids| keys(&ids.iter().map(|id| id.0).collect::<Vec<_>>()));
    sql::query(sql).bind(run).bind(only).execute(&mut *conn).await?;
    let sql = "WITH RECURSIVE up (id) AS ( \
                 SELECT DISTINCT parent FROM temp.redriven WHERE parent IS NOT NULL \
                 UNION SELECT i.parent FROM up JOIN items i ON i.id = up.id WHERE i.parent IS NOT NULL) \
               INSERT INTO temp.redriven (id, parent, holds) \
               SELECT i.id, i.parent, TRUE FROM up JOIN items i ON i.id = up.id WHERE true \
               ON CONFLICT (id) DO UPDATE SET holds = TRUE";
    sql::query(sql).execute(&mut *conn).await?;
    let sql = "UPDATE temp.redriven AS d SET leaf = TRUE FROM items i, items p WHERE i.id = d.id AND p.id = d.parent \
               AND p.step = i.step AND NOT d.holds AND NOT EXISTS (SELECT 1 FROM spreads s WHERE s.item = d.id)";
    sql::query(sql).execute(conn).await?;
    Ok(())
}

/// Leaves wait for none of their siblings: they are brought back by the thousand.
async fn reopen_leaves(conn: &mut Conn, counts: &mut Counts) -> SqlResult<u64> {
    let sql = "SELECT i.run, i.step, i.parent, i.counted, i.state, count(*) FROM temp.redriven d \
               JOIN items i ON i.id = d.id WHERE d.leaf GROUP BY 1, 2, 3, 4, 5";
    let mut brought = 0;
    for row in sql::query(sql).fetch_all(&mut *conn).await? {
        let (state, count): (i64, i64) = (row.try_get(4)?, row.try_get(5)?);
        if let Some(state) = ItemState::of(state) {
            counts.shift(Place::of(&row)?, state, ItemState::Ready, count);
            brought += count.unsigned_abs();
        }
    }
    let sql = "UPDATE items SET state = 1, phase = 0, due = 0, give_up = attempt + tries, lost = 0, \
               class = NULL, error = NULL WHERE id IN (SELECT id FROM temp.redriven WHERE leaf)";
    sql::query(sql).execute(conn).await?;
    Ok(brought)
}

/// It goes on, once its lock is free.
async fn reopen_run(conn: &mut Conn, run: i64) -> SqlResult<()> {
    let sql = "UPDATE runs SET state = 'queued', holds = FALSE, outcome = NULL, ended_at = NULL, ended = NULL, \
               note = NULL WHERE seq = ? AND state = 'ended'";
    sql::query(sql).bind(run).execute(conn).await?;
    Ok(())
}
