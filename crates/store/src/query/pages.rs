//! Rows of one kind, page by page in the order of their numbers: for exports, which read everything and
//! must neither hold it nor lose their place. A page begins after the last number of the one before,
//! so each costs the same however far it is, and going on needs nothing but that number.

mod asked;
mod condition;
mod wanted;

use std::collections::HashMap;

use model::{Kind, RowId, SourceName};
use serde_json::Value;

use super::filter::{Filter, is_near};
use super::view::{BY_START, Tables};
use super::{bind, fetch, row_id};
use crate::rows::{code_of, column_list, kept_values};
use crate::sql::{self, Dialect, Row, SqlResult, keys};
use crate::{EventQuery, EventView, Store, StoreError};

use asked::last_seen;
pub use condition::RowCondition;
use wanted::Wanted;

/// Which rows of one kind to read.
#[derive(Debug, Clone, PartialEq)]
pub struct RowQuery {
    /// Their kind.
    pub kind: Kind,
    /// Whose they are; everybody's, without.
    pub source: Option<SourceName>,
    /// What must hold of their columns.
    pub conditions: Vec<RowCondition>,
    /// For events, what else must hold; `include_gone`, `limit` and `offset` are not looked at.
    pub events: EventQuery,
    /// Also rows that have a tombstone. With `since` they are always there.
    pub gone: bool,
    /// Only rows that changed after this number of the change log.
    pub since: Option<i64>,
}

impl RowQuery {
    /// Every row of `kind` that has no tombstone.
    pub fn all(kind: Kind) -> RowQuery {
        RowQuery {
            kind,
            source: None,
            conditions: Vec::new(),
            events: EventQuery::default(),
            gone: false,
            since: None,
        }
    }
}

/// How far the store goes at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// The highest number of a row of the kind; 0 when there is none.
    pub last_row: i64,
    /// The highest number in the change log; 0 when it is empty. Taken first: whatever changes later has
    /// a higher one.
    pub last_change: i64,
}

/// Some of the rows, in the order of their numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RowPage {
    /// The rows.
    pub rows: Vec<KeptRow>,
    /// The number to read on after; `None` when this was the last page.
    pub next: Option<i64>,
}

/// One row as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptRow {
    /// Its number within its kind.
    pub number: i64,
    /// Its id.
    pub id: RowId,
    /// Whose it is.
    pub source: SourceName,
    /// The source's own key.
    pub source_key: String,
    /// When it was first stored, RFC 3339 UTC.
    pub first_seen: String,
    /// When a document last stated it, RFC 3339 UTC.
    pub last_seen: String,
    /// When a complete sweep no longer held it.
    pub gone_at: Option<String>,
    /// In the order of the kind's columns; null where there is no value.
    pub values: Vec<Value>,
    /// For an event: the same with what hangs on it.
    pub event: Option<EventView>,
}

/// Pages are read by number alone: by an index on times or sources, SQLite would sort each one anew.
/// PostgreSQL sees that by itself, and has no word for it.
fn by_number_alone(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "NOT INDEXED",
        Dialect::Postgres => "",
    }
}

impl Store {
    /// How far the store goes now.
    pub async fn extent(&self, kind: Kind) -> Result<Extent, StoreError> {
        let last_change = self.last_change().await?;
        let sql = format!("SELECT coalesce(max(rid), 0) FROM \"{}\"", kind.spec().table);
        let last_row = sql::query_scalar(sql).fetch_one(&self.readers).await;
        let last_row = last_row.map_err(|error| self.fault("reading rows", error))?;
        Ok(Extent { last_row, last_change })
    }

    /// The next rows with numbers above `after` and up to `upto`, from `most` that were looked at.
    pub async fn row_page(
        &self,
        query: &RowQuery,
        after: i64,
        upto: i64,
        most: usize,
    ) -> Result<RowPage, StoreError> {
        self.refuse_sealed(query).await?;
        let wanted = Wanted::of(query, self.readers.dialect())?;
        let span = Span { after, upto, most: i64::try_from(most).unwrap_or(i64::MAX) };
        let page = match query.since {
            Some(since) => self.changed_page(query, &wanted, span, since).await,
            None => self.plain_page(query, &wanted, span).await,
        };
        page.map_err(|error| self.fault("reading rows", error))
    }

    /// What is sealed cannot be compared by the database, and what may not be seen is not to be asked for.
    async fn refuse_sealed(&self, query: &RowQuery) -> Result<(), StoreError> {
        let Some(condition) = query.conditions.iter().find(|condition| condition.is_personal()) else {
            return Ok(());
        };
        if !self.reveals() {
            return Err(StoreError::Question(format!("{condition}: personal data has to be asked for")));
        }
        match self.personal_keys().await?.is_empty() {
            true => Ok(()),
            false => Err(StoreError::Question(format!(
                "{condition}: the column is sealed in this store, so rows cannot be chosen by it"
            ))),
        }
    }

    /// The numbers of the `most` events that start earliest; their rows come from [`Store::row_list`].
    pub async fn earliest_events(&self, query: &RowQuery, most: usize) -> Result<Vec<i64>, StoreError> {
        let wanted = Wanted::of(query, self.readers.dialect())?;
        let sql = format!(
            "SELECT e.rid FROM event_listings e {VENUE} WHERE {} ORDER BY {BY_START} LIMIT ?",
            wanted.sql
        );
        let limit = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = bind(&sql, &wanted.values).bind(limit).fetch_all(&self.readers).await;
        let numbers = rows.and_then(|rows| rows.iter().map(|row| row.try_get(0)).collect());
        numbers.map_err(|error| self.fault("looking for events", error))
    }

    /// The rows with these numbers that are there, in this order.
    pub async fn row_list(&self, kind: Kind, numbers: &[i64]) -> Result<Vec<KeptRow>, StoreError> {
        let rows = self.numbered(&RowQuery::all(kind), &Wanted::default(), numbers).await;
        let rows = rows.map_err(|error| self.fault("reading rows", error))?;
        let mut by_number: HashMap<i64, KeptRow> = rows.into_iter().map(|row| (row.number, row)).collect();
        Ok(numbers.iter().filter_map(|number| by_number.remove(number)).collect())
    }

    async fn plain_page(&self, query: &RowQuery, wanted: &Wanted, span: Span) -> SqlResult<RowPage> {
        let sql = format!(
            "{} WHERE {} AND e.rid > ? AND e.rid <= ? ORDER BY e.rid LIMIT ?",
            selection(query, by_number_alone(self.readers.dialect())),
            wanted.sql
        );
        let bound = bind(&sql, &wanted.values).bind(span.after).bind(span.upto).bind(span.most);
        let found = bound.fetch_all(&self.readers).await?;
        let full = i64::try_from(found.len()).unwrap_or(i64::MAX) >= span.most;
        let rows = self.with_events(query, kept_rows(query.kind, &found)?).await?;
        let last = found.last().map(|row| row.try_get::<i64>("rid")).transpose()?;
        Ok(RowPage { rows, next: last.filter(|_| full) })
    }

    /// First the numbers of what changed, from the index of the log by row, which is walked once in all;
    /// then those rows of them that fit.
    async fn changed_page(
        &self,
        query: &RowQuery,
        wanted: &Wanted,
        span: Span,
        since: i64,
    ) -> SqlResult<RowPage> {
        let sql = "SELECT DISTINCT rid FROM changes WHERE kind = ? AND rid > ? AND rid <= ? AND seq > ? \
                   ORDER BY rid LIMIT ?";
        let numbers = sql::query_scalar(sql).bind(code_of(query.kind)).bind(span.after).bind(span.upto);
        let numbers: Vec<i64> = numbers.bind(since).bind(span.most).fetch_all(&self.readers).await?;
        let full = i64::try_from(numbers.len()).unwrap_or(i64::MAX) >= span.most;
        let rows = self.numbered(query, wanted, &numbers).await?;
        Ok(RowPage { rows, next: numbers.last().copied().filter(|_| full) })
    }

    async fn numbered(&self, query: &RowQuery, wanted: &Wanted, numbers: &[i64]) -> SqlResult<Vec<KeptRow>> {
        let sql = format!(
            "{} WHERE {} AND e.rid IN (SELECT value FROM json_each(?)) ORDER BY e.rid",
            selection(query, ""),
            wanted.sql
        );
        let found = bind(&sql, &wanted.values).bind(keys(numbers)).fetch_all(&self.readers).await?;
        self.with_events(query, kept_rows(query.kind, &found)?).await
    }

    /// Masks what may not be seen, and puts to each event what hangs on it. One that is gone altogether by now is left out.
    async fn with_events(&self, query: &RowQuery, mut rows: Vec<KeptRow>) -> SqlResult<Vec<KeptRow>> {
        rows.iter_mut().for_each(|row| self.veil(query.kind, &mut row.values));
        if query.kind != Kind::Event {
            return Ok(rows);
        }
        let numbers: Vec<i64> = rows.iter().map(|row| row.number).collect();
        let mut conn = self.readers.acquire().await?;
        let views = fetch(&mut conn, &Tables::default(), &Filter::rows(&numbers), (None, 0)).await?;
        let mut by_id: HashMap<RowId, EventView> =
            views.into_iter().map(|view| (view.id.clone(), view)).collect();
        let whole = rows.into_iter().filter_map(|row| {
            let event = by_id.remove(&row.id)?;
            Some(KeptRow { last_seen: event.last_seen.clone(), event: Some(event), ..row })
        });
        Ok(whole.filter(|row| query.events.near.is_none_or(|near| lies_near(row, near))).collect())
    }
}

/// Where a page begins and ends.
#[derive(Clone, Copy)]
struct Span {
    after: i64,
    upto: i64,
    most: i64,
}

const VENUE: &str = "LEFT JOIN venues v ON v.source = e.source AND v.source_key = e.venue";

/// Everything before `WHERE`. Venues are there where a condition asks for them, and when an event was
/// last seen comes with what hangs on it.
fn selection(query: &RowQuery, hint: &str) -> String {
    let spec = query.kind.spec();
    let table = spec.table;
    let last_seen = match query.kind {
        Kind::Event => "e.first_seen_at".to_owned(),
        kind => last_seen(kind),
    };
    let columns = column_list(spec).replace(", ", ", e.");
    let venue = if query.events.near.is_some() { VENUE } else { "" };
    format!(
        "SELECT e.rid, e.id, e.source, e.source_key, e.first_seen_at, {last_seen}, e.gone_at, e.{columns} \
         FROM \"{table}\" e {hint} {venue}"
    )
}

fn kept_rows(kind: Kind, found: &[Row]) -> SqlResult<Vec<KeptRow>> {
    found.iter().map(|row| kept_row(kind, row)).collect()
}

fn kept_row(kind: Kind, row: &Row) -> SqlResult<KeptRow> {
    Ok(KeptRow {
        number: row.try_get(0)?,
        id: row_id(row, "id")?,
        source: SourceName::new(row.try_get(2)?),
        source_key: row.try_get(3)?,
        first_seen: row.try_get(4)?,
        last_seen: row.try_get(5)?,
        gone_at: row.try_get(6)?,
        values: kept_values(row, kind.spec(), 7)?,
        event: None,
    })
}

fn lies_near(row: &KeptRow, near: super::Near) -> bool {
    let venue = row.event.as_ref().and_then(|event| event.venue.as_ref());
    let place = venue.and_then(|venue| Some((venue.lat?, venue.lon?)));
    place.is_some_and(|place| is_near(place, near))
}
