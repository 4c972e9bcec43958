//! What runs, steps and items look like from outside.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use model::RunId;
use serde::Serialize;
use serde_json::Value;

use super::{ItemState, RunState, StepNo, StepStatus};
use crate::runs::run_id;
use crate::sql::{self, Row, SqlResult, json, keys, parse};
use crate::{Store, StoreError};

/// Items by state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct ItemCounts {
    /// All of them.
    pub total: u64,
    /// Ended as they should.
    pub done: u64,
    /// Failed in a way that trying again would not change.
    pub failed: u64,
    /// Were not to be done, or were stopped.
    pub skipped: u64,
    /// Failed at every attempt.
    pub dead: u64,
    /// In the hands of runners, or waiting for their children.
    pub running: u64,
    /// Not begun.
    pub waiting: u64,
}

/// A run with its steps.
#[derive(Debug, Clone, PartialEq)]
pub struct RunDetail {
    /// Its id.
    pub id: RunId,
    /// Its pipeline.
    pub pipeline: Option<String>,
    /// Where it stands.
    pub state: RunState,
    /// How it ended; `None` while it has not.
    pub outcome: Option<String>,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub ended_at: Option<DateTime<Utc>>,
    /// Why it is paused or was cancelled.
    pub note: Option<String>,
    /// What was asked for.
    pub command: Value,
    /// Everything needed to go on with it.
    pub definition: Value,
    /// Its summary.
    pub summary: Value,
    /// Its steps, in the order of the pipeline.
    pub steps: Vec<StepRow>,
}

impl RunDetail {
    /// Items of all steps.
    pub fn items(&self) -> ItemCounts {
        let mut sum = ItemCounts::default();
        for items in self.steps.iter().map(|step| step.items) {
            sum.total += items.total;
            sum.done += items.done;
            sum.failed += items.failed;
            sum.skipped += items.skipped;
            sum.dead += items.dead;
            sum.running += items.running;
            sum.waiting += items.waiting;
        }
        sum
    }
}

/// A step of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct StepRow {
    /// Its number.
    pub no: StepNo,
    /// Its name after those of the steps it is nested in.
    pub path: String,
    /// The function it calls.
    pub function: Option<String>,
    /// The step it is nested in.
    pub parent: Option<StepNo>,
    /// How it stands or ended.
    pub status: StepStatus,
    /// Why so.
    pub reason: Option<String>,
    /// Its items.
    pub items: ItemCounts,
    /// Attempts at them.
    pub attempts: u64,
    /// How long its items took, one after the other, in milliseconds.
    pub busy_ms: u64,
    /// When the first of them began.
    pub started_at: Option<DateTime<Utc>>,
    /// When the last of them ended.
    pub ended_at: Option<DateTime<Utc>>,
}

impl StepRow {
    /// From its first item's beginning to its last one's end, in milliseconds.
    pub fn elapsed_ms(&self) -> u64 {
        let (Some(from), Some(to)) = (self.started_at, self.ended_at) else { return 0 };
        u64::try_from((to - from).num_milliseconds()).unwrap_or(0)
    }
}

impl Store {
    /// A run with its steps; `None` when there is none.
    pub async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        self.load_run(run).await.map_err(|error| self.fault("reading a run", error))
    }

    async fn load_run(&self, run: RunId) -> SqlResult<Option<RunDetail>> {
        let sql = "SELECT seq, id, pipeline, state, outcome, began, ended, note, command, definition, summary \
                   FROM runs WHERE id = ?";
        let Some(row) = sql::query(sql).bind(run.to_string()).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let value = |column: &str| -> SqlResult<Value> {
            row.try_get::<Option<&str>>(column)?.map_or(Ok(Value::Null), json)
        };
        let seq: i64 = row.try_get("seq")?;
        Ok(Some(RunDetail {
            id: run_id(&row, "id")?,
            pipeline: row.try_get("pipeline")?,
            state: parse(row.try_get("state")?, RunState::of)?,
            outcome: row.try_get("outcome")?,
            started_at: instant(&row, "began")?.unwrap_or_default(),
            ended_at: instant(&row, "ended")?,
            note: row.try_get("note")?,
            command: value("command")?,
            definition: value("definition")?,
            summary: value("summary")?,
            steps: self.load_steps(seq).await?,
        }))
    }

    async fn load_steps(&self, run: i64) -> SqlResult<Vec<StepRow>> {
        let rows = sql::query("SELECT * FROM steps WHERE run = ? ORDER BY step").bind(run);
        let mut steps =
            rows.fetch_all(&self.readers).await?.iter().map(step_row).collect::<SqlResult<Vec<_>>>()?;
        super::nested::settle(&mut steps);
        Ok(steps)
    }

    /// Where a run stands; `None` when there is none.
    pub async fn run_state(&self, run: RunId) -> Result<Option<RunState>, StoreError> {
        let row = sql::query("SELECT state FROM runs WHERE id = ?").bind(run.to_string());
        let row = row.fetch_optional(&self.readers).await;
        let state = row.and_then(|row| row.map(|row| parse(row.try_get(0)?, RunState::of)).transpose());
        state.map_err(|error| self.fault("reading a run", error))
    }

    /// Whether any run is under way, or queued and not behind one that is paused, `beside` these and those
    /// that are queued behind them.
    pub async fn has_open_runs(&self, beside: &HashSet<RunId>) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs r WHERE r.state IN ('running', 'cancelling', 'queued') \
                   AND NOT (r.id IN (SELECT value FROM json_each(?1))) \
                   AND NOT (r.state = 'queued' AND EXISTS (SELECT 1 FROM runs o \
                     WHERE o.lock = r.lock AND o.seq <> r.seq AND o.holds AND (o.state = 'paused' \
                       OR o.state <> 'ended' AND o.id IN (SELECT value FROM json_each(?1))))))";
        let beside: Vec<&RunId> = beside.iter().collect();
        let open = sql::query_scalar(sql).bind(keys(&beside)).fetch_one(&self.readers).await;
        open.map_err(|error| self.fault("looking for runs", error))
    }
}

pub(super) fn instant(row: &Row, column: &str) -> SqlResult<Option<DateTime<Utc>>> {
    Ok(row.try_get::<Option<i64>>(column)?.and_then(DateTime::from_timestamp_millis))
}

pub(super) fn item_state(row: &Row, index: usize) -> SqlResult<ItemState> {
    let code: i64 = row.try_get(index)?;
    ItemState::of(code).ok_or_else(|| sqlx::Error::Decode(format!("unknown state {code}").into()))
}

fn step_row(row: &Row) -> SqlResult<StepRow> {
    let count =
        |column: &str| -> SqlResult<u64> { Ok(u64::try_from(row.try_get::<i64>(column)?).unwrap_or(0)) };
    let step = |column: &str| -> SqlResult<Option<StepNo>> {
        Ok(row.try_get::<Option<i64>>(column)?.and_then(super::counts::step_of))
    };
    let items = ItemCounts {
        total: count("total")?,
        done: count("done")?,
        failed: count("failed")?,
        skipped: count("skipped")? + count("cancelled")?,
        dead: count("dead")?,
        running: count("running")?,
        waiting: count("waiting")?,
    };
    let kept = parse(row.try_get("status")?, StepStatus::of)?;
    let begun = items.running > 0 || count("attempts")? > 0;
    Ok(StepRow {
        no: step("step")?.unwrap_or(StepNo(0)),
        path: row.try_get("path")?,
        function: row.try_get("function")?,
        parent: step("parent")?,
        status: if kept == StepStatus::Pending && begun { StepStatus::Running } else { kept },
        reason: row.try_get("reason")?,
        items,
        attempts: count("attempts")?,
        busy_ms: count("busy")?,
        started_at: instant(row, "started")?,
        ended_at: instant(row, "ended")?,
    })
}
