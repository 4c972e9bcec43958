//! What items need to know of those around them: what an outer one works on, what the ones beside it
//! gave, how those within it ended.

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::listing::item_state;
use super::{ItemId, ItemState, ParentCount, StepNo, StepStatus};
use crate::sql::{self, Row, SqlResult, json, keys, parse};
use crate::{Store, StoreError};
use model::RunId;

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

impl Store {
    /// The runs that a run is within, outermost first.
    pub async fn runs_around(&self, run: RunId) -> Result<Vec<RunId>, StoreError> {
        let sql = "SELECT coalesce(within, '') FROM runs WHERE id = ?";
        let path = sql::query_scalar(sql).bind(run.to_string()).fetch_optional(&self.readers).await;
        let path: Option<String> = path.map_err(|error| self.fault("reading a run", error))?;
        Ok(path.iter().flat_map(|path| path.split_whitespace()).filter_map(|id| id.parse().ok()).collect())
    }

    /// When an attempt at a child of `item` last failed with this class of fault.
    pub async fn last_fault(&self, item: ItemId, class: &str) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT max(a.ended) FROM items i JOIN attempts a ON a.item = i.id \
                   WHERE i.parent = ? AND a.class = ?";
        let last = sql::query_scalar(sql).bind(item.0).bind(class.to_owned()).fetch_one(&self.readers).await;
        let last: Option<i64> = last.map_err(|error| self.fault("reading attempts", error))?;
        Ok(last.and_then(DateTime::from_timestamp_millis))
    }

    /// An item; `None` when there is none.
    pub async fn item(&self, item: ItemId) -> Result<Option<ItemRow>, StoreError> {
        let row = sql::query("SELECT input, parent, step, key FROM items WHERE id = ?").bind(item.0);
        let row = row.fetch_optional(&self.readers).await;
        let read = |row: Row| -> SqlResult<ItemRow> {
            let input: Option<&str> = row.try_get(0)?;
            Ok(ItemRow {
                input: input.map(json).transpose()?,
                parent: row.try_get::<Option<i64>>(1)?.map(ItemId),
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
        let rows = sql::query(sql).bind(holder.0).fetch_all(&self.readers).await;
        let step = |row: &Row| -> SqlResult<(StepNo, StepStatus, Value)> {
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

    /// Outputs of the children of `parent` that belong to `step`, by key; `null` for those without. At
    /// most `limit` of them.
    pub async fn outputs(
        &self,
        parent: ItemId,
        step: StepNo,
        limit: usize,
    ) -> Result<Vec<(i64, ItemState, Value)>, StoreError> {
        let sql = "SELECT key, state, output FROM items WHERE parent = ? AND step = ? ORDER BY key LIMIT ?";
        let rows = sql::query(sql)
            .bind(parent.0)
            .bind(i64::from(step.0))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await;
        let output = |row: &Row| -> SqlResult<(i64, ItemState, Value)> {
            let output: Option<&str> = row.try_get(2)?;
            Ok((row.try_get(0)?, item_state(row, 1)?, output.map_or(Ok(Value::Null), json)?))
        };
        let rows = rows.and_then(|rows| rows.iter().map(output).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("reading outputs", error))
    }

    /// The output of a top-level step of a run; `None` while there is none.
    pub async fn step_output(&self, run: RunId, step: StepNo) -> Result<Option<Value>, StoreError> {
        let sql =
            "SELECT i.output FROM runs r JOIN items i ON i.parent = r.root AND i.step = ? WHERE r.id = ?";
        let found = sql::query(sql).bind(i64::from(step.0)).bind(run.to_string());
        let found = found.fetch_optional(&self.readers).await;
        let output =
            |row: Row| -> SqlResult<Option<Value>> { row.try_get::<Option<&str>>(0)?.map(json).transpose() };
        let output = found.and_then(|row| row.map(output).transpose()).map(Option::flatten);
        output.map_err(|error| self.fault("reading an output", error))
    }

    /// How many children of an item ended badly with a fault of these classes.
    pub async fn count_ended(&self, item: ItemId, classes: &[&str]) -> Result<u64, StoreError> {
        let sql = "SELECT count(*) FROM items WHERE parent = ? AND state IN (6, 7) \
                   AND class IN (SELECT value FROM json_each(?))";
        let count = sql::query_scalar(sql).bind(item.0).bind(keys(classes)).fetch_one(&self.readers).await;
        let count: i64 = count.map_err(|error| self.fault("counting items", error))?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The children of an item, by state.
    pub async fn children(&self, item: ItemId) -> Result<ParentCount, StoreError> {
        let counted = async {
            let mut conn = self.readers.acquire().await?;
            super::ack::parent_counts(&mut conn, &[item.0]).await
        };
        let counted = counted.await.map_err(|error| self.fault("counting items", error))?;
        let none =
            ParentCount { item, total: 0, open: 0, failed: 0, left_out: 0, stopped: None, spreading: false };
        Ok(counted.into_iter().next().unwrap_or(none))
    }
}
