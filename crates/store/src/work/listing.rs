//! What runs, steps and items look like from outside.

use chrono::{DateTime, Utc};
use model::RunId;
use serde::Serialize;
use serde_json::Value;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;

use super::{ItemId, ItemState, ParentCount, RunState, StepNo, StepStatus};
use crate::runs::run_id;
use crate::sql::{SqlResult, json, parse};
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

/// An item, as far as those within it need to know.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemRow {
    /// What it works on.
    pub input: Option<Value>,
    /// The item it is a child of.
    pub parent: Option<ItemId>,
    /// Its step; `None` for the root of a run.
    pub step: Option<StepNo>,
    /// What tells it from its siblings.
    pub key: i64,
}

/// Which items that ended badly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeadQuery {
    /// Of this run.
    pub run: Option<RunId>,
    /// This one alone.
    pub item: Option<ItemId>,
    /// At most.
    pub limit: usize,
}

/// An item that ended badly.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DeadItem {
    /// The item.
    pub item: ItemId,
    /// Its run.
    pub run: RunId,
    /// Path of its step.
    pub step: String,
    /// `failed` or `dead`.
    pub state: ItemState,
    /// What it worked on.
    pub input: Option<Value>,
    /// The class of its last fault.
    pub class: Option<String>,
    /// Its last fault.
    pub error: Option<String>,
    /// Every attempt that did not end well, oldest first.
    pub attempts: Vec<AttemptRow>,
}

/// One attempt at an item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AttemptRow {
    /// Which, from 1.
    pub attempt: u32,
    /// Name of its runner.
    pub runner: Option<String>,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub ended_at: DateTime<Utc>,
    /// `retry`, `failed`, `dead` or `lost`.
    pub outcome: String,
    /// The class of its fault.
    pub class: Option<String>,
    /// Its fault.
    pub error: Option<String>,
}

impl Store {
    /// A run with its steps; `None` when there is none.
    pub async fn run(&self, run: RunId) -> Result<Option<RunDetail>, StoreError> {
        self.load_run(run).await.map_err(|error| self.fault("reading a run", error))
    }

    async fn load_run(&self, run: RunId) -> SqlResult<Option<RunDetail>> {
        let sql = "SELECT seq, id, pipeline, state, outcome, began, ended, note, command, definition, summary \
                   FROM runs WHERE id = ?";
        let Some(row) = sqlx::query(sql).bind(run.to_string()).fetch_optional(&self.readers).await? else {
            return Ok(None);
        };
        let value = |column: &str| -> SqlResult<Value> {
            row.try_get::<Option<&str>, _>(column)?.map_or(Ok(Value::Null), json)
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
        let rows = sqlx::query("SELECT * FROM steps WHERE run = ? ORDER BY step").bind(run);
        rows.fetch_all(&self.readers).await?.iter().map(step_row).collect()
    }

    /// Outputs of the children of `parent` that belong to `step`, by key; `null` for those without. At
    /// most `limit` of them.
    pub async fn outputs(
        &self,
        parent: ItemId,
        step: StepNo,
        limit: usize,
    ) -> Result<Vec<(i64, ItemState, Value)>, StoreError> {
        let sql = "SELECT key, state, output FROM items WHERE parent = ? AND step = ? ORDER BY key LIMIT ?";
        let rows = sqlx::query(sql)
            .bind(parent.0)
            .bind(i64::from(step.0))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await;
        let output = |row: &SqliteRow| -> SqlResult<(i64, ItemState, Value)> {
            let output: Option<&str> = row.try_get(2)?;
            Ok((row.try_get(0)?, item_state(row, 1)?, output.map_or(Ok(Value::Null), json)?))
        };
        let rows = rows.and_then(|rows| rows.iter().map(output).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("reading outputs", error))
    }

    /// An item; `None` when there is none.
    pub async fn item(&self, item: ItemId) -> Result<Option<ItemRow>, StoreError> {
        let row = sqlx::query("SELECT input, parent, step, key FROM items WHERE id = ?").bind(item.0);
        let row = row.fetch_optional(&self.readers).await;
        let read = |row: SqliteRow| -> SqlResult<ItemRow> {
            let input: Option<&str> = row.try_get(0)?;
            Ok(ItemRow {
                input: input.map(json).transpose()?,
                parent: row.try_get::<Option<i64>, _>(1)?.map(ItemId),
                step: super::counts::step_of(row.try_get(2)?),
                key: row.try_get(3)?,
            })
        };
        let read = row.and_then(|row| row.map(read).transpose());
        read.map_err(|error| self.fault("reading an item", error))
    }

    /// The steps beside each other within `holder`, the root of a run or an element: how each stands or
    /// ended, and its output, null where there is none.
    pub async fn steps_within(&self, holder: ItemId) -> Result<Vec<(StepNo, StepStatus, Value)>, StoreError> {
        let sql = "SELECT i.step, i.state, i.output, s.status FROM items i \
                   JOIN steps s ON s.run = i.run AND s.step = i.step WHERE i.parent = ? ORDER BY i.step";
        let rows = sqlx::query(sql).bind(holder.0).fetch_all(&self.readers).await;
        let step = |row: &SqliteRow| -> SqlResult<(StepNo, StepStatus, Value)> {
            let output: Option<&str> = row.try_get(2)?;
            let kept = parse(row.try_get(3)?, StepStatus::of)?;
            // The step's own status is that of all its elements; only "partial" is known there alone.
            let status = match item_state(row, 1)?.status() {
                StepStatus::Completed if kept == StepStatus::Partial => kept,
                status => status,
            };
            let no = super::counts::step_of(row.try_get(0)?).unwrap_or(StepNo(0));
            Ok((no, status, output.map_or(Ok(Value::Null), json)?))
        };
        let rows = rows.and_then(|rows| rows.iter().map(step).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("reading outputs", error))
    }

    /// The output of a top-level step of a run; `None` while there is none.
    pub async fn step_output(&self, run: RunId, step: StepNo) -> Result<Option<Value>, StoreError> {
        let sql =
            "SELECT i.output FROM runs r JOIN items i ON i.parent = r.root AND i.step = ? WHERE r.id = ?";
        let found = sqlx::query(sql).bind(i64::from(step.0)).bind(run.to_string());
        let found = found.fetch_optional(&self.readers).await;
        let output = |row: SqliteRow| -> SqlResult<Option<Value>> {
            row.try_get::<Option<&str>, _>(0)?.map(json).transpose()
        };
        let output = found.and_then(|row| row.map(output).transpose()).map(Option::flatten);
        output.map_err(|error| self.fault("reading an output", error))
    }

    /// How many children of an item ended badly with a fault of this class.
    pub async fn count_ended(&self, item: ItemId, class: &str) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM items WHERE parent = ? AND state IN (6, 7) AND class = ?";
        let count =
            sqlx::query_scalar(sql).bind(item.0).bind(class.to_owned()).fetch_one(&self.readers).await;
        let count: i64 = count.map_err(|error| self.fault("counting items", error))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// Where a run stands; `None` when there is none.
    pub async fn run_state(&self, run: RunId) -> Result<Option<RunState>, StoreError> {
        let row = sqlx::query("SELECT state FROM runs WHERE id = ?").bind(run.to_string());
        let row = row.fetch_optional(&self.readers).await;
        let state = row.and_then(|row| row.map(|row| parse(row.try_get(0)?, RunState::of)).transpose());
        state.map_err(|error| self.fault("reading a run", error))
    }

    /// The runs that a run is within, outermost first.
    pub async fn runs_around(&self, run: RunId) -> Result<Vec<RunId>, StoreError> {
        let sql = "SELECT coalesce(within, '') FROM runs WHERE id = ?";
        let path = sqlx::query_scalar(sql).bind(run.to_string()).fetch_optional(&self.readers).await;
        let path: Option<String> = path.map_err(|error| self.fault("reading a run", error))?;
        Ok(path.iter().flat_map(|path| path.split_whitespace()).filter_map(|id| id.parse().ok()).collect())
    }

    /// When an attempt at a child of `item` last failed with this class of fault.
    pub async fn last_fault(&self, item: ItemId, class: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT max(a.ended) FROM items i JOIN attempts a ON a.item = i.id \
                   WHERE i.parent = ? AND a.class = ?";
        let last = sqlx::query_scalar(sql).bind(item.0).bind(class.to_owned()).fetch_one(&self.readers).await;
        let last: Option<i64> = last.map_err(|error| self.fault("reading attempts", error))?;
        Ok(last.and_then(DateTime::from_timestamp_millis))
    }

    /// Whether any run is under way or queued.
    pub async fn has_open_runs(&self) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs WHERE state IN ('running', 'queued', 'cancelling'))";
        let open = sqlx::query_scalar(sql).fetch_one(&self.readers).await;
        open.map_err(|error| self.fault("looking for runs", error))
    }

    /// The children of an item, by state.
    pub async fn children(&self, item: ItemId) -> Result<ParentCount, StoreError> {
        let counted = async {
            let mut conn = self.readers.acquire().await?;
            super::ack::parent_counts(&mut conn, &[item.0]).await
        };
        let counted = counted.await.map_err(|error| self.fault("counting items", error))?;
        let none = ParentCount { item, total: 0, open: 0, failed: 0, left_out: 0, stopped: None };
        Ok(counted.into_iter().next().unwrap_or(none))
    }

    pub(super) async fn dead_items(&self, query: DeadQuery) -> Result<Vec<DeadItem>, StoreError> {
        self.load_dead(query).await.map_err(|error| self.fault("listing dead items", error))
    }

    async fn load_dead(&self, query: DeadQuery) -> SqlResult<Vec<DeadItem>> {
        let sql = "SELECT i.id, r.id AS run, coalesce(s.path, '') AS path, i.state, i.input, i.class, i.error \
                   FROM items i JOIN runs r ON r.seq = i.run \
                   LEFT JOIN steps s ON s.run = i.run AND s.step = i.step \
                   WHERE i.state IN (6, 7) AND (?1 IS NULL OR r.id = ?1) AND (?2 IS NULL OR i.id = ?2) \
                   AND NOT EXISTS (SELECT 1 FROM spreads p WHERE p.item = i.id AND p.failed > 0) \
                   ORDER BY i.id DESC LIMIT ?3";
        let rows = sqlx::query(sql)
            .bind(query.run.map(|run| run.to_string()))
            .bind(query.item.map(|item| item.0))
            .bind(i64::try_from(query.limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await?;
        let mut dead = Vec::with_capacity(rows.len());
        for row in &rows {
            let item = ItemId(row.try_get("id")?);
            let input: Option<&str> = row.try_get("input")?;
            dead.push(DeadItem {
                item,
                run: run_id(row, "run")?,
                step: row.try_get("path")?,
                state: item_state(row, 3)?,
                input: input.map(json).transpose()?,
                class: row.try_get("class")?,
                error: row.try_get("error")?,
                attempts: self.attempts(item).await?,
            });
        }
        Ok(dead)
    }

    async fn attempts(&self, item: ItemId) -> SqlResult<Vec<AttemptRow>> {
        let sql = "SELECT a.attempt, n.id AS runner, a.started, a.ended, a.outcome, a.class, a.error \
                   FROM attempts a LEFT JOIN runners n ON n.runner = a.runner WHERE a.item = ? ORDER BY a.attempt";
        let rows = sqlx::query(sql).bind(item.0).fetch_all(&self.readers).await?;
        rows.iter().map(attempt_row).collect()
    }

    /// Drops items that ended badly: they stay as they are, but are no longer listed, nor redriven.
    /// Gives how many.
    pub async fn drop_dead(&self, items: &[ItemId]) -> Result<u64, StoreError> {
        let ids: Vec<i64> = items.iter().map(|item| item.0).collect();
        let dropped = async {
            let mut transaction = self.begin().await?;
            let dropped = drop_each(&mut transaction, &ids).await?;
            transaction.commit().await?;
            Ok(dropped)
        };
        dropped.await.map_err(|error| self.fault("dropping dead items", error))
    }
}

async fn drop_each(conn: &mut sqlx::SqliteConnection, ids: &[i64]) -> SqlResult<u64> {
    let mut counts = super::counts::Counts::default();
    let mut dropped = 0;
    for (state, code) in [(ItemState::Failed, 6_i64), (ItemState::Dead, 7)] {
        let sql = "UPDATE items SET state = 5, class = 'condition' WHERE state = ? \
                   AND id IN (SELECT value FROM json_each(?)) RETURNING run, step, parent, counted";
        let rows = sqlx::query(sql).bind(code).bind(crate::sql::keys(ids)).fetch_all(&mut *conn).await?;
        for row in &rows {
            let place = super::counts::Place {
                run: row.try_get(0)?,
                step: row.try_get(1)?,
                parent: row.try_get(2)?,
                counted: row.try_get(3)?,
            };
            counts.shift(place, state, ItemState::Skipped, 1);
        }
        dropped += rows.len() as u64;
    }
    counts.write(conn).await?;
    Ok(dropped)
}

fn instant(row: &SqliteRow, column: &str) -> SqlResult<Option<DateTime<Utc>>> {
    Ok(row.try_get::<Option<i64>, _>(column)?.and_then(DateTime::from_timestamp_millis))
}

fn item_state(row: &SqliteRow, index: usize) -> SqlResult<ItemState> {
    let code: i64 = row.try_get(index)?;
    ItemState::of(code).ok_or_else(|| sqlx::Error::Decode(format!("unknown state {code}").into()))
}

fn step_row(row: &SqliteRow) -> SqlResult<StepRow> {
    let count =
        |column: &str| -> SqlResult<u64> { Ok(u64::try_from(row.try_get::<i64, _>(column)?).unwrap_or(0)) };
    let step = |column: &str| -> SqlResult<Option<StepNo>> {
        Ok(row.try_get::<Option<i64>, _>(column)?.and_then(super::counts::step_of))
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

fn attempt_row(row: &SqliteRow) -> SqlResult<AttemptRow> {
    Ok(AttemptRow {
        attempt: row.try_get("attempt")?,
        runner: row.try_get("runner")?,
        started_at: instant(row, "started")?,
        ended_at: instant(row, "ended")?.unwrap_or_default(),
        outcome: row.try_get("outcome")?,
        class: row.try_get("class")?,
        error: row.try_get("error")?,
    })
}
