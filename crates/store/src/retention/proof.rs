//! Proof that something was taken away for good: a row that grows with each transaction that takes some.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use crate::runs::stamp;
use crate::sql::{self, Conn, Row, SqlResult, json};
use crate::{Store, StoreError};

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ProofRow {
    /// Its number.
    pub seq: i64,
    /// When it began, RFC 3339 UTC.
    pub began_at: String,
    /// When it was through; `None` where it was killed before, and another one went on.
    pub ended_at: Option<String>,
    /// `retention` or `forget`.
    pub operation: String,
    /// Whose data.
    pub source: Option<String>,
    /// By which rule.
    pub rule: String,
    /// How much of what.
    pub counts: Value,
    /// How many keys the hash is over.
    pub keys: i64,
    /// BLAKE3 over hash before and keys, each on a line of its own, transaction by transaction.
    pub hash: String,
}

/// A proof that is being written.
#[derive(Debug)]
pub(crate) struct Proof {
    seq: i64,
    keys: i64,
    hash: String,
    counts: Value,
}

impl Proof {
    pub(crate) async fn begin(
        conn: &mut Conn,
        operation: &str,
        source: Option<&str>,
        rule: &str,
        at: DateTime<Utc>,
    ) -> SqlResult<Proof> {
        let hash = blake3::hash(b"").to_hex().to_string();
        let sql = "INSERT INTO purges (began_at, operation, source, rule, counts, keys, hash) \
                   VALUES (?, ?, ?, ?, '{}', 0, ?) RETURNING seq";
        let query = sql::query_scalar(sql).bind(stamp(at)).bind(operation).bind(source.map(str::to_owned));
        let seq = query.bind(rule).bind(&hash).fetch_one(conn).await?;
        Ok(Proof { seq, keys: 0, hash, counts: Value::Object(serde_json::Map::new()) })
    }

    pub(crate) fn seq(&self) -> i64 {
        self.seq
    }

    /// What it came to so far.
    pub(super) fn count(&mut self, counts: &Value) {
        self.counts.clone_from(counts);
    }

    /// Adds the keys of what this transaction takes away.
    pub(crate) async fn add<'k>(
        &mut self,
        conn: &mut Conn,
        keys: impl IntoIterator<Item = &'k str>,
    ) -> SqlResult<()> {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.hash.as_bytes());
        for key in keys {
            hasher.update(b"\n").update(key.as_bytes());
            self.keys += 1;
        }
        self.hash = hasher.finalize().to_hex().to_string();
        self.write(conn, None).await
    }

    pub(crate) async fn end(&mut self, conn: &mut Conn, counts: &Value, at: DateTime<Utc>) -> SqlResult<()> {
        self.count(counts);
        self.write(conn, Some(stamp(at))).await
    }

    async fn write(&self, conn: &mut Conn, ended: Option<String>) -> SqlResult<()> {
        let sql = "UPDATE purges SET counts = ?, keys = ?, hash = ?, ended_at = ? WHERE seq = ?";
        let query = sql::query(sql).bind(self.counts.to_string()).bind(self.keys).bind(&self.hash);
        query.bind(ended).bind(self.seq).execute(conn).await?;
        Ok(())
    }
}

impl Store {
    /// What was taken away for good, newest first.
    pub async fn proofs(&self, limit: usize) -> Result<Vec<ProofRow>, StoreError> {
        let sql = "SELECT seq, began_at, ended_at, operation, source, rule, counts, keys, hash FROM purges \
                   ORDER BY seq DESC LIMIT ?";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = sql::query(sql).bind(limit).fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| rows.iter().map(proof_row).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("listing purges", error))
    }
}

fn proof_row(row: &Row) -> SqlResult<ProofRow> {
    Ok(ProofRow {
        seq: row.try_get(0)?,
        began_at: row.try_get(1)?,
        ended_at: row.try_get(2)?,
        operation: row.try_get(3)?,
        source: row.try_get(4)?,
        rule: row.try_get(5)?,
        counts: json(row.try_get(6)?)?,
        keys: row.try_get(7)?,
        hash: row.try_get(8)?,
    })
}
