//! Runs: begun, ended, listed; and the cursor a completed run leaves for the next.

use chrono::{DateTime, SecondsFormat, Utc};
use model::RunId;
use serde_json::Value;

use crate::sql::{self, Conn, Row, SqlResult, json, parse};
use crate::{RunRow, RunStart, Store, StoreError};

impl Store {
    /// Keeps that a run without items has begun. Its commits come after.
    pub async fn begin_run(&self, run: RunStart) -> Result<(), StoreError> {
        let sql = "INSERT INTO runs (id, started_at, command, state, began, first_change) \
                   VALUES (?, ?, ?, 'running', ?, (SELECT coalesce(max(seq), 0) FROM changes))";
        sql::query(sql)
            .bind(run.id.to_string())
            .bind(stamp(run.at))
            .bind(run.command.to_string())
            .bind(run.at.timestamp_millis())
            .execute(&self.writer)
            .await
            .map_err(|error| self.fault("beginning a run", error))?;
        Ok(())
    }

    /// Keeps how a run ended. When `outcome` is `completed`, the cursors it brought become the ones
    /// the next run starts from; otherwise the old ones stay.
    pub async fn end_run(
        &self,
        run: RunId,
        at: DateTime<Utc>,
        outcome: &str,
        summary: &Value,
    ) -> Result<(), StoreError> {
        self.tallies.lock().unwrap_or_else(std::sync::PoisonError::into_inner).remove(&run);
        let ended = async {
            let mut transaction = self.begin().await?;
            let seq = seq_of(&mut transaction, run).await?;
            write_end(&mut transaction, seq, at, outcome, summary).await?;
            transaction.commit().await
        };
        ended.await.map_err(|error| self.fault("ending a run", error))
    }

    /// The cursor that the last completed run of this connector and scope left.
    pub async fn cursor(&self, connector: &str, scope: &str) -> Result<Option<Value>, StoreError> {
        let found: Result<Option<Option<String>>, _> =
            sql::query_scalar("SELECT value FROM cursors WHERE connector = ? AND scope = ?")
                .bind(connector)
                .bind(scope)
                .fetch_optional(&self.readers)
                .await;
        let text = found.map_err(|error| self.fault("reading a cursor", error))?.flatten();
        text.map(|text| json(&text)).transpose().map_err(|error| self.fault("reading a cursor", error))
    }

    /// The last runs, newest first.
    pub async fn runs(&self, limit: usize) -> Result<Vec<RunRow>, StoreError> {
        let sql =
            "SELECT id, started_at, ended_at, outcome, command, summary FROM runs ORDER BY seq DESC LIMIT ?";
        let rows =
            sql::query(sql).bind(i64::try_from(limit).unwrap_or(i64::MAX)).fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| rows.iter().map(run_row).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("listing runs", error))
    }
}

/// Writes that a run has ended, lets those begin that waited for it, and, when it completed, makes the
/// cursors it brought the ones that the next starts from.
pub(crate) async fn write_end(
    conn: &mut Conn,
    run: i64,
    at: DateTime<Utc>,
    outcome: &str,
    summary: &Value,
) -> SqlResult<()> {
    let sql =
        "UPDATE runs SET state = 'ended', ended_at = ?, ended = ?, outcome = ?, summary = ? WHERE seq = ?";
    sql::query(sql)
        .bind(stamp(at))
        .bind(at.timestamp_millis())
        .bind(outcome.to_owned())
        .bind(summary.to_string())
        .bind(run)
        .execute(&mut *conn)
        .await?;
    if outcome == "completed" {
        let sql = "UPDATE cursors SET value = pending, pending = NULL \
                   WHERE pending_run = ? AND pending IS NOT NULL";
        sql::query(sql).bind(run).execute(&mut *conn).await?;
    }
    crate::work::wake_holder(conn, run).await?;
    crate::work::promote(conn).await
}

fn run_row(row: &Row) -> SqlResult<RunRow> {
    let summary: Option<String> = row.try_get("summary")?;
    Ok(RunRow {
        id: run_id(row, "id")?,
        started_at: row.try_get("started_at")?,
        ended_at: row.try_get("ended_at")?,
        outcome: row.try_get("outcome")?,
        command: json(row.try_get("command")?)?,
        summary: summary.map_or(Ok(Value::Null), |text| json(&text))?,
    })
}

/// A run id from a text column.
pub(crate) fn run_id(row: &Row, column: &str) -> SqlResult<RunId> {
    parse(row.try_get(column)?, |text| text.parse().ok())
}

/// The number of a run that has begun.
pub(crate) async fn seq_of(conn: &mut Conn, run: RunId) -> SqlResult<i64> {
    sql::query_scalar("SELECT seq FROM runs WHERE id = ?").bind(run.to_string()).fetch_one(conn).await
}

/// How instants are stored: UTC, whole seconds, so that text order is time order.
pub(crate) fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}
