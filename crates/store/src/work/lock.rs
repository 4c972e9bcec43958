//! Locks of runs: one run at a time holds one, the others wait, stand back or take its place.

use chrono::{DateTime, Utc};
use model::RunId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::NewRun;
use super::control::cancel_run;
use crate::runs::run_id;
use crate::sql::{self, Conn, SqlResult};

/// A lock: runs with the same one do not overlap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// What is locked: pipeline and parameters as one text.
    pub name: String,
    /// What to do when another run has it.
    pub overlap: Overlap,
}

/// What happens to a run that would begin while another one is under way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Overlap {
    /// It waits for the other to end.
    #[default]
    Queue,
    /// It does not take place.
    Skip,
    /// The older one is cancelled.
    CancelOlder,
}

/// The run that has the lock, or is the next to have it.
pub(super) async fn holder(conn: &mut Conn, lock: Option<&Lock>) -> SqlResult<Option<RunId>> {
    let Some(lock) = lock else { return Ok(None) };
    let sql = "SELECT id FROM runs WHERE lock = ? AND state <> 'ended' ORDER BY holds DESC, seq LIMIT 1";
    let row = sql::query(sql).bind(lock.name.clone()).fetch_optional(conn).await?;
    row.map(|row| run_id(&row, "id")).transpose()
}

/// Stops the earlier runs with this lock.
pub(super) async fn cancel_older(conn: &mut Conn, lock: &Lock, at: DateTime<Utc>) -> SqlResult<()> {
    let sql = "SELECT seq FROM runs WHERE lock = ? AND state NOT IN ('ended', 'cancelling')";
    let older: Vec<i64> = sql::query_scalar(sql).bind(lock.name.clone()).fetch_all(&mut *conn).await?;
    for run in older {
        cancel_run(conn, run, at, "a newer run takes its place").await?;
    }
    Ok(())
}

/// Scheduled runs that wait for one lock at most: where runs take longer than the time between them, their
/// queue would grow for ever.
const MOST_QUEUED: i64 = 1_000;

/// Whether a run does not take place while another has its lock.
pub(super) async fn is_left_out(conn: &mut Conn, run: &NewRun, lock: &Lock) -> SqlResult<bool> {
    if lock.overlap != Overlap::Queue || run.claim.is_none() {
        return Ok(lock.overlap == Overlap::Skip);
    }
    let sql = "SELECT count(*) FROM runs WHERE lock = ? AND state = 'queued'";
    let queued: i64 = sql::query_scalar(sql).bind(lock.name.clone()).fetch_one(conn).await?;
    Ok(queued >= MOST_QUEUED)
}

/// Lets queued runs begin whose lock is free, the oldest of a lock first. One that was paused while it
/// waited stands back.
pub(crate) async fn promote(conn: &mut Conn) -> SqlResult<()> {
    let sql = "UPDATE runs SET state = 'running', holds = TRUE WHERE state = 'queued' \
               AND NOT EXISTS (SELECT 1 FROM runs o WHERE o.lock = runs.lock AND o.seq <> runs.seq \
                               AND (o.holds AND o.state <> 'ended' \
                                    OR o.state = 'queued' AND o.seq < runs.seq))";
    sql::query(sql).execute(conn).await?;
    Ok(())
}
