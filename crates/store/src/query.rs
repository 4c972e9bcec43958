//! Events by time, place, text and the rest: one statement, conditions only for what is asked.

mod filter;
mod pages;
mod text;
mod view;

pub use pages::{Extent, KeptRow, RowCondition, RowPage, RowQuery};
pub(crate) use view::{Tables, row_id};

use crate::sql::{self, Conn, Query, Row, SqlResult};
use crate::{EventView, SourceCount, Store, StoreError};
use chrono::{DateTime, NaiveDate, Utc};
use model::SourceName;

use filter::Filter;

/// One end of a time range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A calendar day, compared with the local day of the event; an event that runs over several
    /// days counts while any of its days is inside.
    Day(NaiveDate),
    /// An instant, compared with the resolved start; events without one are left out.
    Instant(DateTime<Utc>),
}

/// A circle on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Kilometres.
    pub radius_km: f64,
}

/// Which events to find; what is `None` does not limit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventQuery {
    /// First day or instant, included.
    pub from: Option<Bound>,
    /// Last day, included, or last instant.
    pub to: Option<Bound>,
    /// Only events whose venue has coordinates inside.
    pub near: Option<Near>,
    /// Words that must all occur in title, description, venue, city, performers or categories; the
    /// last one may be the beginning of a word. Any text is fine.
    pub text: Option<String>,
    /// One of the event's categories or tags, without regard to case.
    pub category: Option<String>,
    /// Source name, without regard to case.
    pub source: Option<String>,
    /// Status, without regard to case.
    ///
    /// `scheduled` takes in those whose source says nothing of a status.
    pub status: Option<String>,
    /// `Some(true)`: only those stated as free; `Some(false)`: only those stated as not free.
    pub free: Option<bool>,
    /// Include those that have vanished.
    pub include_gone: bool,
    /// At most so many; `None` is all.
    pub limit: Option<usize>,
    /// Skip so many first.
    pub offset: usize,
}

impl Store {
    /// The events that fit, by start; those without a known start come last.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<EventView>, StoreError> {
        let fault = |error| self.fault("looking for events", error);
        let mut conn = self.readers.acquire().await.map_err(fault)?;
        find_events(&mut conn, query, &Tables::default(), fault).await
    }

    /// The sources that have events, by name, with how many have not vanished.
    pub async fn sources(&self) -> Result<Vec<SourceCount>, StoreError> {
        let sql =
            "SELECT source, count(*) - count(gone_at) FROM event_listings GROUP BY source ORDER BY source";
        let rows = sql::query(sql).fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| {
            let count = |row: &Row| {
                let events = u64::try_from(row.try_get::<i64>(1)?).unwrap_or(0);
                Ok(SourceCount { source: SourceName::new(row.try_get(0)?), events })
            };
            rows.iter().map(count).collect::<SqlResult<Vec<_>>>()
        });
        rows.map_err(|error| self.fault("listing sources", error))
    }

    /// The sources of which anything is kept, of whatever kind.
    pub async fn known_sources(&self) -> Result<Vec<SourceName>, StoreError> {
        let sql = "SELECT DISTINCT source FROM places ORDER BY source";
        let found: Vec<String> = sql::query_scalar(sql)
            .fetch_all(&self.readers)
            .await
            .map_err(|error| self.fault("listing sources", error))?;
        Ok(found.iter().map(|source| SourceName::new(source)).collect())
    }
}

/// The events of these tables that fit.
pub(crate) async fn find_events(
    conn: &mut Conn,
    query: &EventQuery,
    tables: &Tables,
    fault: impl Fn(sqlx::Error) -> StoreError,
) -> Result<Vec<EventView>, StoreError> {
    let filter = Filter::of(query, conn.dialect())?;
    let found = match query.near {
        None => fetch(conn, tables, &filter, (query.limit, query.offset)).await,
        Some(near) => fetch_near(conn, tables, &filter, near, query).await,
    };
    found.map_err(fault)
}

async fn fetch(
    conn: &mut Conn,
    tables: &Tables,
    filter: &Filter,
    (limit, offset): (Option<usize>, usize),
) -> SqlResult<Vec<EventView>> {
    let limit = limit.map_or(i64::MAX, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let sql = view::statement(tables, &filter.conditions);
    let rows = bind(&sql, filter).bind(limit).bind(offset).fetch_all(conn).await?;
    rows.iter().map(view::event_view).collect()
}

/// The database finds what lies in a box around the circle; the corners are left out here, before
/// limit and offset, and only then are whole events read.
async fn fetch_near(
    conn: &mut Conn,
    tables: &Tables,
    filter: &Filter,
    near: Near,
    query: &EventQuery,
) -> SqlResult<Vec<EventView>> {
    let sql = view::places_statement(tables, &filter.conditions);
    let mut rids: Vec<i64> = Vec::new();
    for row in bind(&sql, filter).fetch_all(&mut *conn).await? {
        if filter::is_near((row.try_get(1)?, row.try_get(2)?), near) {
            rids.push(row.try_get(0)?);
        }
    }
    rids.drain(..query.offset.min(rids.len()));
    rids.truncate(query.limit.unwrap_or(usize::MAX));
    fetch(conn, tables, &Filter::rows(&rids), (None, 0)).await
}

fn bind(sql: &str, filter: &Filter) -> Query {
    sql::query(sql.to_owned()).bind_all(filter.values.clone())
}
