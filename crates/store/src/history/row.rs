//! The history of one row, and how a row is found by what people call it.

use model::{Kind, SourceName};

use super::log::{change_list, title_column};
use super::page::logged;
use super::{LoggedChange, RowHistory};
use crate::query::row_id;
use crate::rows::code_of;
use crate::sql::{self, Cell, Row, SqlResult, keys};
use crate::{Store, StoreError};

/// So many candidates are named when several rows fit.
const CANDIDATES: i64 = 5;

/// A row that fits what was asked for.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) kind: Kind,
    pub(crate) rid: i64,
    id: String,
    key: String,
    title: Option<String>,
}

/// What each can be asked for by: the key that its source has for it, unless that fits another one too.
fn names_of(several: &[Found]) -> Vec<String> {
    let is_own = |found: &Found| several.iter().filter(|other| other.key == found.key).count() == 1;
    let name = |found: &Found| match (is_own(found), &found.title) {
        // Keys of cards say what they are called.
        (true, Some(title)) if found.key.contains(title.as_str()) => format!("'{}'", found.key),
        (true, Some(title)) => format!("'{}' ({title})", found.key),
        (true, None) => format!("'{}'", found.key),
        (false, Some(title)) => format!("{} ({title})", found.id),
        (false, None) => found.id.clone(),
    };
    several.iter().map(name).collect()
}

impl Store {
    /// The history of the row that `wanted` names: its id or the beginning of one, `source/key`, the
    /// source's key alone, or a part of what it is called now, where that fits no other. `kind` may be
    /// left open. `None` when nothing fits, [`StoreError::Ambiguous`] when several rows do.
    pub async fn row_history(
        &self,
        kind: Option<Kind>,
        wanted: &str,
        with_offers: bool,
    ) -> Result<Option<RowHistory>, StoreError> {
        let Some(found) = self.one_row(kind, wanted).await? else { return Ok(None) };
        let history = self.history_of(&found, with_offers).await;
        history.map(Some).map_err(|error| self.fault("reading the history of a row", error))
    }

    /// The one row that `wanted` names.
    pub(crate) async fn one_row(
        &self,
        kind: Option<Kind>,
        wanted: &str,
    ) -> Result<Option<Found>, StoreError> {
        let found = self.find_row(kind, wanted.trim()).await;
        let mut found = found.map_err(|error| self.fault("looking for a row", error))?;
        if found.len() < 2 {
            return Ok(found.pop());
        }
        Err(StoreError::Ambiguous { asked: wanted.to_owned(), ids: names_of(&found) })
    }

    /// The rows that fit, by the first way to name one that finds any.
    async fn find_row(&self, kind: Option<Kind>, wanted: &str) -> SqlResult<Vec<Found>> {
        let kinds = match &kind {
            Some(kind) => std::slice::from_ref(kind),
            None => Kind::ALL,
        };
        let lower = wanted.to_lowercase();
        // `{` is the first character after all that ids consist of.
        let mut ways: Vec<(&str, Vec<Cell>)> = Vec::new();
        if kinds.iter().any(|kind| lower.starts_with(&format!("{}_", kind.prefix()))) {
            ways.push(("id = ?", vec![lower.as_str().into()]));
            ways.push(("id >= ? AND id < ?", vec![lower.as_str().into(), format!("{lower}{{").into()]));
        }
        if let Some((source, key)) = wanted.split_once('/') {
            let source = SourceName::new(source);
            ways.push(("source = ? AND source_key = ?", vec![source.as_str().into(), key.into()]));
        }
        let by_key = "source IN (SELECT source FROM places) AND source_key = ?";
        ways.push((by_key, vec![wanted.into()]));
        if lower.chars().any(char::is_alphanumeric) {
            ways.push(("CALLED", vec![lower.as_str().into(), wanted.into()]));
            ways.push(("TITLE", vec![lower.as_str().into(), wanted.into()]));
        }
        for (condition, values) in ways {
            let found = self.fitting(kinds, condition, values).await?;
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    async fn fitting(&self, kinds: &[Kind], condition: &str, values: Vec<Cell>) -> SqlResult<Vec<Found>> {
        let mut found = Vec::new();
        for kind in kinds {
            let (table, title) = (kind.spec().table, title_column(*kind));
            // Lower case of SQLite is that of ASCII: the text as it was typed is tried too.
            let condition = match condition {
                "CALLED" => format!("(lower(\"{title}\") = ? OR \"{title}\" = ?)"),
                "TITLE" => format!("(instr(lower(\"{title}\"), ?) > 0 OR instr(\"{title}\", ?) > 0)"),
                condition => condition.to_owned(),
            };
            let sql = format!(
                "SELECT rid, id, source_key, \"{title}\" FROM \"{table}\" WHERE {condition} ORDER BY id LIMIT {CANDIDATES}"
            );
            for row in sql::query(sql).bind_all(values.clone()).fetch_all(&self.readers).await? {
                let (rid, id, key) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
                found.push(Found { kind: *kind, rid, id, key, title: row.try_get(3)? });
            }
        }
        Ok(found)
    }

    async fn history_of(&self, found: &Found, with_offers: bool) -> SqlResult<RowHistory> {
        let sql = format!(
            "SELECT id, source, source_key, first_seen_at, gone_at, \
               (SELECT max(p.seen_at) FROM sightings s JOIN places p ON p.place = s.place \
                WHERE s.kind = ?1 AND s.rid = t.rid AND s.run = p.read_run) AS last_seen \
             FROM \"{}\" t WHERE t.rid = ?2",
            found.kind.spec().table
        );
        let query = sql::query(sql).bind(code_of(found.kind)).bind(found.rid);
        let row = query.fetch_one(&self.readers).await?;
        let (source, source_key): (String, String) = (row.try_get("source")?, row.try_get("source_key")?);
        let mut changes = self.changes_of(found.kind, &[found.rid]).await?;
        if with_offers && found.kind == Kind::Event {
            let sql = "SELECT rid FROM offers WHERE event = ? AND source = ? ORDER BY rid";
            let query = sql::query_scalar(sql).bind(source_key.as_str()).bind(source.as_str());
            let offers: Vec<i64> = query.fetch_all(&self.readers).await?;
            changes.extend(self.changes_of(Kind::Offer, &offers).await?);
            changes.sort_by_key(|logged| logged.change.seq);
        }
        Ok(RowHistory {
            kind: found.kind,
            id: row_id(&row, "id")?,
            source: SourceName::new(&source),
            source_key,
            title: found.title.clone(),
            first_seen: row.try_get("first_seen_at")?,
            last_seen: row.try_get("last_seen")?,
            gone_at: row.try_get("gone_at")?,
            changes,
        })
    }

    async fn changes_of(&self, kind: Kind, rids: &[i64]) -> SqlResult<Vec<LoggedChange>> {
        if rids.is_empty() {
            return Ok(Vec::new());
        }
        let of = "WHERE c.kind = ? AND c.rid IN (SELECT value FROM json_each(?)) ORDER BY c.seq";
        let sql = format!("{} {of}", change_list(kind));
        let rows: Vec<Row> =
            sql::query(sql).bind(code_of(kind)).bind(keys(rids)).fetch_all(&self.readers).await?;
        rows.iter().map(|row| Ok(self.veiled_logged(logged(row)?))).collect()
    }
}
