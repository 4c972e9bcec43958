//! What the store knows of landed documents: in order, a page at a time; in sum; and which bodies nobody
//! needs any more.

use chrono::{DateTime, Utc};
use model::{ContentHash, SourceName};
use serde::Serialize;

use super::Prune;
use crate::runs::stamp;
use crate::show::document_row;
use crate::sql::{self, Cell, Row, SqlResult, keys, parse};
use crate::{DocumentRow, Store, StoreError};

/// Which landed documents to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LandedQuery {
    /// Of this source alone.
    pub source: Option<SourceName>,
    /// Fetched at this time or later.
    pub since: Option<DateTime<Utc>>,
    /// Those too whose body was removed.
    pub removed: bool,
    /// Only those after the document of this number.
    pub after: i64,
    /// At most so many.
    pub limit: u32,
}

/// Landed documents in sum.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LandingCounts {
    /// Documents that have a body.
    pub documents: u64,
    /// Different bodies.
    pub bodies: u64,
    /// What these hold, decompressed.
    pub bytes: u64,
    /// When the first was fetched, RFC 3339 UTC.
    pub oldest: Option<String>,
    /// When the last was.
    pub newest: Option<String>,
}

/// A body that nobody needs any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) hash: ContentHash,
    pub(super) size_bytes: u64,
    pub(super) fetched_at: String,
    pub(super) source: String,
}

/// Documents that came with something of their own: an answer that there is nothing new has no status, or 304.
const LANDED: &str = "SELECT d.*, r.id AS run_id FROM documents d JOIN runs r ON r.seq = d.run \
     WHERE d.rid > ? AND d.found <> 'landed' AND d.status >= 200 AND d.status <> 304";

const BODY: &str = " AND d.body_hash IS NOT NULL";

/// What a body was removed of still says how long it was.
const BODY_OR_REMOVED: &str = " AND (d.body_hash IS NOT NULL OR d.size_bytes > 0)";

const COUNTS: &str = "SELECT CAST(coalesce(sum(documents), 0) AS BIGINT), count(*), \
     CAST(coalesce(sum(size), 0) AS BIGINT), min(oldest), max(newest) FROM (SELECT count(*) AS documents, \
     max(size_bytes) AS size, min(fetched_at) AS oldest, max(fetched_at) AS newest FROM documents \
     WHERE body_hash IS NOT NULL GROUP BY body_hash) b";

/// Bodies whose documents were all fetched before a time.
const CANDIDATES: &str = "SELECT d.body_hash, max(d.size_bytes), max(d.fetched_at), min(d.source) \
     FROM documents d WHERE d.body_hash IS NOT NULL GROUP BY d.body_hash HAVING max(d.fetched_at) < ?";

/// On which no document's last reading stands.
const LET_GO: &str =
    " AND d.body_hash NOT IN (SELECT p.body_hash FROM places p WHERE p.body_hash IS NOT NULL)";

impl Store {
    /// Documents with bodies of their own that were fetched or read from files, oldest first.
    pub async fn landed(&self, query: &LandedQuery) -> Result<Vec<DocumentRow>, StoreError> {
        let (mut sql, mut values) = (LANDED.to_owned(), vec![Cell::from(query.after)]);
        sql.push_str(if query.removed { BODY_OR_REMOVED } else { BODY });
        if let Some(source) = &query.source {
            sql.push_str(" AND d.source = ?");
            values.push(source.to_string().into());
        }
        if let Some(since) = query.since {
            sql.push_str(" AND d.fetched_at >= ?");
            values.push(stamp(since).into());
        }
        sql.push_str(" ORDER BY d.rid LIMIT ?");
        let query = sql::query(sql).bind_all(values).bind(query.limit);
        let rows = query.fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| rows.iter().map(document_row).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("listing landed documents", error))
    }

    /// Documents with bodies, in sum.
    pub async fn landing_counts(&self) -> Result<LandingCounts, StoreError> {
        let counts = async {
            let row = sql::query(COUNTS).fetch_one(&self.readers).await?;
            Ok(LandingCounts {
                documents: unsigned(row.try_get(0)?),
                bodies: unsigned(row.try_get(1)?),
                bytes: unsigned(row.try_get(2)?),
                oldest: row.try_get(3)?,
                newest: row.try_get(4)?,
            })
        };
        counts.await.map_err(|error| self.fault("counting landed documents", error))
    }

    /// Bodies that `prune` removes, in the order of their hashes; those after this one.
    pub(super) async fn prunable(
        &self,
        prune: &Prune,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Candidate>, StoreError> {
        let (mut sql, mut values) = (CANDIDATES.to_owned(), vec![Cell::from(stamp(prune.before))]);
        if let Some(source) = &prune.source {
            sql.push_str(" AND min(d.source) = ? AND max(d.source) = ?");
            values.extend([source.to_string().into(), source.to_string().into()]);
        }
        if !prune.current {
            sql.push_str(LET_GO);
        }
        sql.push_str(" AND d.body_hash > ? ORDER BY d.body_hash LIMIT ?");
        let rows = sql::query(sql).bind_all(values).bind(after).bind(limit).fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| rows.iter().map(candidate).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("looking for what may be pruned", error))
    }

    /// These bodies are gone: no document names them any more, and none is answered from what it said.
    pub(crate) async fn forget_bodies(&self, bodies: &[ContentHash]) -> Result<(), StoreError> {
        let bodies: Vec<String> = bodies.iter().map(|body| body.to_hex()).collect();
        let bodies = keys(&bodies);
        let forget = async {
            let mut transaction = self.begin().await?;
            for forget in [
                "UPDATE documents SET body_hash = NULL",
                "UPDATE places SET body_hash = NULL, etag = NULL, last_modified = NULL, reading_key = NULL",
            ] {
                let sql = format!("{forget} WHERE body_hash IN (SELECT value FROM json_each(?))");
                sql::query(sql).bind(&bodies).execute(&mut *transaction).await?;
            }
            transaction.commit().await
        };
        forget.await.map_err(|error| self.fault("forgetting pruned bodies", error))
    }
}

fn candidate(row: &Row) -> SqlResult<Candidate> {
    Ok(Candidate {
        hash: parse(&row.try_get::<String>(0)?, ContentHash::from_hex)?,
        size_bytes: unsigned(row.try_get(1)?),
        fetched_at: row.try_get(2)?,
        source: row.try_get(3)?,
    })
}

fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}
