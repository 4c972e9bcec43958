//! Runners say that they are alive, and hear what they must know of the runs they work for.

use chrono::{DateTime, Utc};
use model::RunId;

use super::{RunState, RunnerId};
use crate::runs::run_id;
use crate::sql::{self, Row, SqlResult};
use crate::{Store, StoreError};

/// What a runner must know of a run that it has items of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RunSignal {
    /// Go on.
    Go,
    /// Stop what is in hand.
    Stop,
}

impl Store {
    /// Says that a runner is alive until then, and what it must know of the runs it has items of. `None`
    /// when it was given up: it must stop what it does, and may start anew. One that was silent for too
    /// long, but has not been given up yet, goes on: everything it had is still its own.
    pub async fn heartbeat(
        &self,
        runner: RunnerId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Option<Vec<(RunId, RunSignal)>>, StoreError> {
        let beat = self.beat(runner, now.max(until)).await;
        beat.map_err(|error| self.fault("telling that a runner is alive", error))
    }

    async fn beat(
        &self,
        runner: RunnerId,
        until: DateTime<Utc>,
    ) -> SqlResult<Option<Vec<(RunId, RunSignal)>>> {
        let sql = "UPDATE runners SET until = CASE WHEN until < ?1 THEN ?1 ELSE until END WHERE runner = ?2 AND ended IS NULL";
        let until = until.timestamp_millis();
        let alive = sql::query(sql).bind(until).bind(runner.0).execute(&self.writer).await?;
        if alive.rows_affected() == 0 {
            return Ok(None);
        }
        let sql = "SELECT r.id, r.state FROM runs r WHERE r.seq IN \
                   (SELECT DISTINCT run FROM items WHERE state = 2 AND owner = ?)";
        let rows = sql::query(sql).bind(runner.0).fetch_all(&self.readers).await?;
        let signal = |row: &Row| -> SqlResult<(RunId, RunSignal)> {
            let stop = row.try_get::<&str>("state")? == RunState::Cancelling.name();
            Ok((run_id(row, "id")?, if stop { RunSignal::Stop } else { RunSignal::Go }))
        };
        rows.iter().map(signal).collect::<SqlResult<Vec<_>>>().map(Some)
    }
}
