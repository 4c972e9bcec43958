//! Asking the audit log.

use chrono::{DateTime, Utc};
use serde_json::Value;

use model::RunId;

use super::{AuditLevel, instant};
use crate::sql::{self, Row, SqlResult, json, keys, parse};
use crate::{Store, StoreError};

/// Which entries are wanted; what is `None` does not matter.
#[derive(Debug, Clone, Default)]
pub struct AuditQuery {
    /// Not before.
    pub since: Option<DateTime<Utc>>,
    /// Before.
    pub until: Option<DateTime<Utc>>,
    /// This level and those above it.
    pub level: Option<AuditLevel>,
    /// By this runner.
    pub runner: Option<String>,
    /// In this run.
    pub run: Option<RunId>,
    /// This operation, or all of a family: `schedule` finds `schedule.pause` too.
    pub operation: Option<String>,
    /// With this outcome.
    pub outcome: Option<String>,
    /// So many at most; 100 when `None`.
    pub limit: Option<usize>,
}

/// An entry as it is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditRow {
    /// Its number; the first is 1.
    pub seq: i64,
    /// When, UTC.
    pub at: String,
    /// How much it matters.
    pub level: AuditLevel,
    /// Who.
    pub runner: String,
    /// In which run.
    pub run: Option<String>,
    /// In which step.
    pub step: Option<String>,
    /// What was done.
    pub operation: String,
    /// On what.
    pub subject: String,
    /// How it ended.
    pub outcome: String,
    /// How long it took.
    pub duration_ms: Option<i64>,
    /// Class of its error.
    pub error_class: Option<String>,
    /// What else.
    pub detail: Value,
    /// Its hash, which covers all rows before it.
    pub hash: String,
}

const FIND: &str = "
SELECT seq, at, level, runner, run, step, operation, subject, outcome, duration_ms, error_class, detail, hash
FROM audit
WHERE (at >= ?1 OR ?1 IS NULL) AND (at < ?2 OR ?2 IS NULL)
  AND (level IN (SELECT value FROM json_each(?3)) OR ?3 IS NULL)
  AND (runner = ?4 OR ?4 IS NULL) AND (run = ?5 OR ?5 IS NULL)
  AND (operation = ?6 OR substr(operation, 1, length(?6) + 1) = ?6 || '.' OR ?6 IS NULL)
  AND (outcome = ?7 OR ?7 IS NULL)
ORDER BY seq DESC LIMIT ?8";

impl Store {
    /// The entries that fit, newest first.
    pub async fn audit_entries(&self, query: &AuditQuery) -> Result<Vec<AuditRow>, StoreError> {
        let levels = query.level.map(|least| {
            keys(&AuditLevel::ALL.iter().filter(|l| **l >= least).map(|l| l.name()).collect::<Vec<_>>())
        });
        let found = sql::query(FIND)
            .bind(query.since.map(instant))
            .bind(query.until.map(instant))
            .bind(levels)
            .bind(&query.runner)
            .bind(query.run.map(|run| run.to_string()))
            .bind(&query.operation)
            .bind(&query.outcome)
            .bind(i64::try_from(query.limit.unwrap_or(100)).unwrap_or(i64::MAX))
            .fetch_all(&self.readers)
            .await;
        let rows = found.and_then(|rows| rows.iter().map(audit_row).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("reading the audit log", error))
    }
}

fn audit_row(row: &Row) -> SqlResult<AuditRow> {
    Ok(AuditRow {
        seq: row.try_get("seq")?,
        at: row.try_get("at")?,
        level: parse(row.try_get("level")?, AuditLevel::from_name)?,
        runner: row.try_get("runner")?,
        run: row.try_get("run")?,
        step: row.try_get("step")?,
        operation: row.try_get("operation")?,
        subject: row.try_get("subject")?,
        outcome: row.try_get("outcome")?,
        duration_ms: row.try_get("duration_ms")?,
        error_class: row.try_get("error_class")?,
        detail: json(row.try_get("detail")?)?,
        hash: row.try_get("hash")?,
    })
}
