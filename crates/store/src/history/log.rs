//! The log as it is written: one statement for changes of a kind, and the newest number.

use model::{Change, Kind, SourceName};

use super::ChangeQuery;
use crate::commit::op_of;
use crate::query::row_id;
use crate::rows::kind_of;
use crate::runs::run_id;
use crate::sql::{self, Row, SqlResult, json, parse};
use crate::{Store, StoreError};

impl Store {
    /// Changes after number `since`, oldest first.
    pub async fn changes(&self, since: i64, limit: usize) -> Result<Vec<Change>, StoreError> {
        let query = ChangeQuery { since, ..ChangeQuery::default() };
        let page = self.change_page(&query, limit).await?;
        Ok(page.changes.into_iter().map(|logged| logged.change).collect())
    }

    /// Number of the newest change; 0 when there is none. What comes later is asked for with
    /// [`Store::changes`].
    pub async fn last_change(&self) -> Result<i64, StoreError> {
        let newest = sql::query_scalar("SELECT coalesce(max(seq), 0) FROM changes");
        newest.fetch_one(&self.readers).await.map_err(|error| self.fault("reading the change log", error))
    }
}

/// The changes of rows of a kind, as `c`, each with its run, its row `t` and its document.
pub(crate) fn change_list(kind: Kind) -> String {
    let (table, title) = (kind.spec().table, title_column(kind));
    format!(
        "SELECT c.seq, c.at, r.id AS run_id, d.name AS document, d.url, d.fetched_at, c.kind, t.id, t.source, \
         t.source_key, t.\"{title}\" AS title, c.op, c.edits, c.folded \
         FROM changes c JOIN runs r ON r.seq = c.run JOIN \"{table}\" t ON t.rid = c.rid \
         LEFT JOIN documents d ON d.rid = c.document"
    )
}

/// What rows of a kind are called by: purchases and check-ins have no name but their key. A name that is no
/// column would be a text to SQLite.
pub(super) fn title_column(kind: Kind) -> &'static str {
    let has = |name: &&str| kind.spec().column(name).is_some();
    ["title", "name"].into_iter().find(has).unwrap_or("source_key")
}

/// One row of [`change_list`].
pub(crate) fn change(row: &Row) -> SqlResult<Change> {
    Ok(Change {
        seq: row.try_get("seq")?,
        at: row.try_get("at")?,
        run: run_id(row, "run_id")?,
        document: row.try_get("document")?,
        kind: kind_of(row.try_get("kind")?)?,
        id: row_id(row, "id")?,
        source: SourceName::new(row.try_get("source")?),
        op: parse(row.try_get("op")?, op_of)?,
        edits: json(row.try_get("edits")?)?,
    })
}
