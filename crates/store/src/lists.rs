//! Lists that are gone through several times: what a run asked of one, how much of it was seen, and how
//! much is known; and the cursor of a scope that is done, whatever becomes of the rest of its run.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::{Kind, Request, RunId, SourceName};

use crate::rows::code_of;
use crate::runs::{seq_of, stamp};
use crate::sql::{self, SqlResult, json, keys};
use crate::{Store, StoreError};

/// One request of a run, and what came of it.
#[derive(Debug, Clone, PartialEq)]
pub struct AskedRow {
    /// Its document's name.
    pub name: String,
    /// The request.
    pub request: Request,
    /// How many listings its answer said there are.
    pub total: Option<u64>,
    /// It brought nothing.
    pub failed: bool,
}

impl Store {
    /// What `run` has asked for in a scope, in the order it was entered; of what was asked for several times
    /// the last answer.
    pub async fn asked(&self, run: RunId, scope: &str) -> Result<Vec<AskedRow>, StoreError> {
        self.asked_rows(run, scope).await.map_err(|error| self.fault("reading what was asked for", error))
    }

    async fn asked_rows(&self, run: RunId, scope: &str) -> SqlResult<Vec<AskedRow>> {
        let mut conn = self.readers.acquire().await?;
        let run = seq_of(&mut conn, run).await?;
        let sql =
            "SELECT name, request, total, outcome FROM documents WHERE run = ? AND scope = ? ORDER BY rid";
        let rows = sql::query(sql).bind(run).bind(scope.to_owned()).fetch_all(&mut conn).await?;
        let mut asked: BTreeMap<String, (usize, AskedRow)> = BTreeMap::new();
        for (place, row) in rows.iter().enumerate() {
            let name: String = row.try_get(0)?;
            let row = AskedRow {
                name: name.clone(),
                request: json(row.try_get(1)?)?,
                total: row.try_get::<Option<i64>>(2)?.and_then(|total| u64::try_from(total).ok()),
                failed: row.try_get::<&str>(3)? == "failed",
            };
            let first = asked.get(&name).map_or(place, |(first, _)| *first);
            asked.insert(name, (first, row));
        }
        let mut asked: Vec<(usize, AskedRow)> = asked.into_values().collect();
        asked.sort_by_key(|(place, _)| *place);
        Ok(asked.into_iter().map(|(_, row)| row).collect())
    }

    /// Different rows of a kind that these documents of `run` state.
    pub async fn stated_by(
        &self,
        run: RunId,
        scope: &str,
        kind: Kind,
        names: &[&str],
    ) -> Result<u64, StoreError> {
        let sql = "
            SELECT count(DISTINCT s.rid) FROM scopes c JOIN places p ON p.scope = c.scope
            JOIN sightings s ON s.place = p.place AND s.kind = ?1
            WHERE c.name = ?2 AND p.seen_run = (SELECT seq FROM runs WHERE id = ?3) AND s.run = p.read_run
              AND p.name IN (SELECT value FROM json_each(?4))";
        let query = sql::query_scalar(sql).bind(code_of(kind)).bind(scope.to_owned()).bind(run.to_string());
        let counted: SqlResult<i64> = query.bind(keys(names)).fetch_one(&self.readers).await;
        let counted = counted.map_err(|error| self.fault("counting what was seen", error))?;
        Ok(u64::try_from(counted).unwrap_or(0))
    }

    /// The different texts, `most` of them, that a column of the rows has which `run` stated in a scope.
    pub async fn texts_stated(
        &self,
        (run, scope): (RunId, &str),
        (kind, column): (Kind, &str),
        most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let Some(column) = kind.spec().column(column) else { return Ok(Vec::new()) };
        let sql = format!(
            "SELECT DISTINCT t.\"{0}\" FROM scopes c JOIN places p ON p.scope = c.scope
             JOIN sightings s ON s.place = p.place AND s.kind = ?1
             JOIN \"{1}\" t ON t.rid = s.rid
             WHERE c.name = ?2 AND p.seen_run = (SELECT seq FROM runs WHERE id = ?3) AND s.run = p.read_run
               AND t.\"{0}\" IS NOT NULL
             ORDER BY t.\"{0}\" LIMIT ?4",
            column.name,
            kind.spec().table
        );
        let query = sql::query_scalar(sql).bind(code_of(kind)).bind(scope.to_owned()).bind(run.to_string());
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let texts = query.bind(most).fetch_all(&self.readers).await;
        texts.map_err(|error| self.fault("listing what was seen", error))
    }

    /// Rows of a kind that documents of a scope stated and that have not vanished.
    pub async fn known_in(&self, scope: &str, kind: Kind) -> Result<u64, StoreError> {
        let sql = format!(
            "SELECT count(DISTINCT t.rid) FROM scopes c JOIN places p ON p.scope = c.scope
             JOIN sightings s ON s.place = p.place AND s.kind = ?1
             JOIN \"{}\" t ON t.rid = s.rid
             WHERE c.name = ?2 AND t.gone_at IS NULL",
            kind.spec().table
        );
        let query = sql::query_scalar(sql).bind(code_of(kind)).bind(scope.to_owned());
        let counted: SqlResult<i64> = query.fetch_one(&self.readers).await;
        let counted = counted.map_err(|error| self.fault("counting what is known", error))?;
        Ok(u64::try_from(counted).unwrap_or(0))
    }

    /// When a source last gave an answer, as of a time; to what was asked of one of its lists, where a scope is
    /// named.
    pub async fn last_answer(
        &self,
        source: &SourceName,
        scope: Option<&str>,
        at: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let plain = "SELECT fetched_at FROM documents WHERE source = ?1 AND fetched_at <= ?2 \
                     AND outcome <> 'failed'";
        // Of a list that was never asked for not one document is looked at.
        let scoped = "AND scope = ?3 AND EXISTS (SELECT 1 FROM scopes c JOIN places p ON p.scope = c.scope \
                      WHERE c.name = ?3)";
        let sql =
            format!("{plain} {} ORDER BY fetched_at DESC LIMIT 1", if scope.is_some() { scoped } else { "" });
        let mut query = sql::query_scalar(sql).bind(source.as_str()).bind(stamp(at));
        if let Some(scope) = scope {
            query = query.bind(scope.to_owned());
        }
        let found: SqlResult<Option<String>> = query.fetch_optional(&self.readers).await;
        let found = found.map_err(|error| self.fault("looking for the last answer of a source", error))?;
        Ok(found.and_then(|text| DateTime::parse_from_rfc3339(&text).ok()).map(|at| at.to_utc()))
    }

    /// Makes the cursor that `run` brought for a scope the one that the next run starts from. To be called
    /// once the scope is done.
    pub async fn keep_cursor(&self, connector: &str, scope: &str, run: RunId) -> Result<(), StoreError> {
        let sql = "UPDATE cursors SET value = pending, pending = NULL \
                   WHERE connector = ?1 AND scope = ?2 AND pending IS NOT NULL \
                     AND pending_run = (SELECT seq FROM runs WHERE id = ?3)";
        let query = sql::query(sql).bind(connector.to_owned()).bind(scope.to_owned()).bind(run.to_string());
        let kept = query.execute(&self.writer).await;
        kept.map(drop).map_err(|error| self.fault("keeping a cursor", error))
    }
}
