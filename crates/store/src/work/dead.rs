//! Items that ended badly: listed with their input, reason and every attempt, until they are redriven
//! or dropped.

use chrono::{DateTime, Utc};
use model::RunId;
use serde::Serialize;
use serde_json::Value;

use super::counts::{Counts, Place};
use super::listing::{instant, item_state};
use super::schema::BACK;
use super::{ItemId, ItemState};
use crate::runs::run_id;
use crate::sql::{self, Conn, Row, SqlResult, json, keys};
use crate::{Store, StoreError};

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
    pub(super) async fn dead_items(&self, query: DeadQuery) -> Result<Vec<DeadItem>, StoreError> {
        self.load_dead(query).await.map_err(|error| self.fault("listing dead items", error))
    }

    async fn load_dead(&self, query: DeadQuery) -> SqlResult<Vec<DeadItem>> {
        let of_run = if query.run.is_some() {
            "i.run = (SELECT seq FROM runs WHERE id = ?1)"
        } else {
            "CAST(?1 AS TEXT) IS NULL"
        };
        let sql = format!(
            // The plus keeps SQLite from walking over all items in their order.
            "SELECT i.id, r.id AS run, coalesce(s.path, '') AS path, i.state, \
             coalesce(i.input, (SELECT e.input FROM items e WHERE e.id = i.parent)) AS input, i.class, i.error \
             FROM (SELECT * FROM items WHERE {BACK}) i JOIN runs r ON r.seq = i.run \
             LEFT JOIN steps s ON s.run = i.run AND s.step = i.step \
             WHERE i.state IN (6, 7) AND {of_run} AND (i.id = ?2 OR ?2 IS NULL) \
             AND NOT EXISTS (SELECT 1 FROM spreads p WHERE p.item = i.id AND p.failed > 0) \
             ORDER BY +i.id DESC LIMIT ?3"
        );
        let rows = sql::query(sql)
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
        let rows = sql::query(sql).bind(item.0).fetch_all(&self.readers).await?;
        rows.iter().map(attempt_row).collect()
    }

    /// Drops items that ended badly: they keep what they were and what became of them, but count as
    /// skipped, and are no longer listed nor redriven. Gives how many.
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

async fn drop_each(conn: &mut Conn, ids: &[i64]) -> SqlResult<u64> {
    let mut counts = Counts::default();
    let mut dropped = 0;
    for (state, code) in [(ItemState::Failed, 6_i64), (ItemState::Dead, 7)] {
        let sql = "UPDATE items SET state = 5, class = 'condition' WHERE state = ? \
                   AND id IN (SELECT value FROM json_each(?)) RETURNING run, step, parent, counted";
        let rows = sql::query(sql).bind(code).bind(keys(ids)).fetch_all(&mut *conn).await?;
        for row in &rows {
            counts.shift(Place::of(row)?, state, ItemState::Skipped, 1);
        }
        dropped += rows.len() as u64;
    }
    counts.write(conn).await?;
    Ok(dropped)
}

fn attempt_row(row: &Row) -> SqlResult<AttemptRow> {
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
