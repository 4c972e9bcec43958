//! A page of the log, filtered. Numbers are chosen first, by what the log itself says; their rows are
//! read after that, kind by kind. Both in one state of the database, so that "looked at up to here" holds.

use std::collections::BTreeMap;

use model::Kind;

use super::log::{change, change_list};
use super::{ChangePage, ChangeQuery, LoggedChange};
use crate::rows::{code_of, kind_of};
use crate::sql::{self, Cell, Conn, Dialect, Row, SqlResult, keys};
use crate::{Store, StoreError};

impl Store {
    /// The next changes that fit: at most `limit` are looked at closely, so there may be fewer, or none,
    /// though there is more.
    pub async fn change_page(&self, query: &ChangeQuery, limit: usize) -> Result<ChangePage, StoreError> {
        let page = self.read_page(query, limit).await;
        page.map_err(|error| self.fault("reading the change log", error))
    }

    async fn read_page(&self, query: &ChangeQuery, limit: usize) -> SqlResult<ChangePage> {
        let mut transaction = self.readers.begin_reading().await?;
        let head: i64 = sql::query_scalar("SELECT coalesce(max(seq), 0) FROM changes")
            .fetch_one(&mut *transaction)
            .await?;
        let until = query.until.map_or(head, |until| until.min(head));
        if limit == 0 || until <= query.since {
            return Ok(ChangePage { through: query.since, ..ChangePage::default() });
        }
        let chosen = choose(&mut transaction, query, until, limit).await?;
        let more = chosen.len() == limit;
        let end = if query.newest_first { query.since + 1 } else { until };
        let through = chosen.last().filter(|_| more).map_or(end, |(seq, _)| *seq);
        let mut changes = Vec::with_capacity(chosen.len());
        for (kind, seqs) in by_kind(&chosen)? {
            let read = read(&mut transaction, query, kind, &seqs).await?;
            changes.extend(read.into_iter().map(|logged| self.veiled_logged(logged)));
        }
        changes.sort_unstable_by_key(|logged: &LoggedChange| logged.change.seq);
        if query.newest_first {
            changes.reverse();
        }
        Ok(ChangePage { changes, through, more })
    }
}

impl Store {
    /// A change as it may be seen.
    pub(super) fn veiled_logged(&self, logged: LoggedChange) -> LoggedChange {
        LoggedChange { change: self.veiled(logged.change), ..logged }
    }
}

fn by_kind(chosen: &[(i64, i64)]) -> SqlResult<BTreeMap<Kind, Vec<i64>>> {
    let mut kinds: BTreeMap<Kind, Vec<i64>> = BTreeMap::new();
    for (seq, kind) in chosen {
        kinds.entry(kind_of(*kind)?).or_default().push(*seq);
    }
    Ok(kinds)
}

/// Number and kind of the changes that the log alone says may fit.
async fn choose(
    conn: &mut Conn,
    query: &ChangeQuery,
    until: i64,
    limit: usize,
) -> SqlResult<Vec<(i64, i64)>> {
    let mut sql = "SELECT c.seq, c.kind FROM changes c WHERE c.seq > ? AND c.seq <= ?".to_owned();
    let mut values: Vec<Cell> = vec![query.since.into(), until.into()];
    if let Some(kind) = query.kind {
        // `+` keeps the index of rows from being used: the log is read in its own order.
        sql += " AND +c.kind = ?";
        values.push(code_of(kind).into());
    }
    if !query.ops.is_empty() {
        sql += " AND c.op IN (SELECT value FROM json_each(?))";
        values.push(keys(&query.ops.iter().map(|op| op.name()).collect::<Vec<_>>()).into());
    }
    if !query.fields.is_empty() {
        let one = "instr(CAST(c.edits AS TEXT), ?) > 0";
        sql += &format!(" AND ({})", vec![one; query.fields.len()].join(" OR "));
        values.extend(query.fields.iter().map(|field| field_as_kept(conn.dialect(), field)));
    }
    let order = if query.newest_first { "DESC" } else { "ASC" };
    sql += &format!(" ORDER BY c.seq {order} LIMIT ?");
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let rows = sql::query(sql).bind_all(values).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// How an edit of the field is written in the log. Values may hold the same: edits are looked at again.
fn field_as_kept(dialect: Dialect, field: &str) -> Cell {
    let space = if dialect == Dialect::Postgres { " " } else { "" };
    format!("\"field\":{space}\"{field}\"").into()
}

async fn read(
    conn: &mut Conn,
    query: &ChangeQuery,
    kind: Kind,
    seqs: &[i64],
) -> SqlResult<Vec<LoggedChange>> {
    let mut sql = format!("{} WHERE c.seq IN (SELECT value FROM json_each(?))", change_list(kind));
    let mut values: Vec<Cell> = vec![keys(seqs).into()];
    if let Some(source) = &query.source {
        sql += " AND t.source = ?";
        values.push(source.as_str().into());
    }
    let rows = sql::query(sql).bind_all(values).fetch_all(conn).await?;
    let logged: SqlResult<Vec<LoggedChange>> = rows.iter().map(logged).collect();
    let sets = |logged: &LoggedChange| {
        query.fields.is_empty() || logged.change.edits.iter().any(|edit| query.fields.contains(&edit.field))
    };
    Ok(logged?.into_iter().filter(sets).collect())
}

/// One row of [`change_list`] with what is around the change.
pub(super) fn logged(row: &Row) -> SqlResult<LoggedChange> {
    Ok(LoggedChange {
        change: change(row)?,
        source_key: row.try_get("source_key")?,
        title: row.try_get("title")?,
        folded: row.try_get("folded")?,
        url: row.try_get("url")?,
        fetched_at: row.try_get("fetched_at")?,
    })
}
