//! Documents as kept: listed for replay, in the order they were landed.

use model::{ContentHash, RunId, SourceName};

use crate::runs::run_id;
use crate::sql::{self, Row, SqlResult, json, parse};
use crate::{DocumentRow, Store, StoreError};

impl Store {
    /// The documents that a run brought, oldest first.
    pub async fn documents_of_run(&self, run: RunId) -> Result<Vec<DocumentRow>, StoreError> {
        self.documents("r.id = ?", run.to_string()).await
    }

    /// The documents of a source from all runs, oldest first.
    pub async fn documents_of_source(&self, source: &SourceName) -> Result<Vec<DocumentRow>, StoreError> {
        self.documents("d.source = ?", source.to_string()).await
    }

    async fn documents(&self, condition: &str, value: String) -> Result<Vec<DocumentRow>, StoreError> {
        let sql = format!(
            "SELECT d.*, r.id AS run_id FROM documents d JOIN runs r ON r.seq = d.run \
             WHERE {condition} ORDER BY d.rid"
        );
        let rows = sql::query(sql).bind(value).fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| rows.iter().map(document_row).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("listing documents", error))
    }
}

pub(crate) fn document_row(row: &Row) -> SqlResult<DocumentRow> {
    let body: Option<String> = row.try_get("body_hash")?;
    Ok(DocumentRow {
        number: row.try_get("rid")?,
        run: run_id(row, "run_id")?,
        name: row.try_get("name")?,
        url: row.try_get("url")?,
        request: json(row.try_get("request")?)?,
        status: row.try_get("status")?,
        headers: json(row.try_get("headers")?)?,
        fetched_at: row.try_get("fetched_at")?,
        found: row.try_get("found")?,
        body: body.map(|hex| parse(&hex, ContentHash::from_hex)).transpose()?,
        size_bytes: u64::try_from(row.try_get::<i64>("size_bytes")?).unwrap_or(0),
        source: SourceName::new(row.try_get("source")?),
        connector: row.try_get("connector")?,
        scope: row.try_get("scope")?,
        outcome: row.try_get("outcome")?,
        error: row.try_get("error")?,
        records: u64::try_from(row.try_get::<i64>("records")?).unwrap_or(0),
    })
}
