//! Events by time, place, text and the rest: one statement, conditions only for what is asked.

mod filter;
mod text;
mod view;

pub(crate) use view::row_id;

use chrono::{DateTime, NaiveDate, Utc};
use model::SourceName;
use sqlx::{AssertSqlSafe, Row, SqlitePool};

use crate::sql::{Cell, SqlResult};
use crate::{EventView, SourceCount, Store, StoreError};

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

/// Rows fetched at a time while looking for those inside a circle.
const PAGE: usize = 1_000;

impl Store {
    /// The events that fit, by start; those without a known start come last.
    pub async fn events(&self, query: &EventQuery) -> Result<Vec<EventView>, StoreError> {
        let filter = Filter::of(query)?;
        let found = match query.near {
            None => fetch(&self.readers, &filter, query.limit, query.offset).await,
            Some(near) => fetch_near(&self.readers, &filter, near, query).await,
        };
        found.map_err(|error| self.fault("looking for events", error))
    }

    /// The sources that have events, by name, with how many have not vanished.
    pub async fn sources(&self) -> Result<Vec<SourceCount>, StoreError> {
        let sql =
            "SELECT source, count(*) - count(gone_at) FROM event_listings GROUP BY source ORDER BY source";
        let rows = sqlx::query(sql).fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| {
            let count = |row: &sqlx::sqlite::SqliteRow| {
                let events = u64::try_from(row.try_get::<i64, _>(1)?).unwrap_or(0);
                Ok(SourceCount { source: SourceName::new(row.try_get(0)?), events })
            };
            rows.iter().map(count).collect::<SqlResult<Vec<_>>>()
        });
        rows.map_err(|error| self.fault("listing sources", error))
    }
}

async fn fetch(
    pool: &SqlitePool,
    filter: &Filter,
    limit: Option<usize>,
    offset: usize,
) -> SqlResult<Vec<EventView>> {
    let mut query = sqlx::query(AssertSqlSafe(view::statement(&filter.conditions)));
    for value in &filter.values {
        query = match value {
            Cell::Null => query.bind(None::<i64>),
            Cell::Int(value) => query.bind(*value),
            Cell::Real(value) => query.bind(*value),
            Cell::Text(value) => query.bind(value.clone()),
        };
    }
    let limit = limit.map_or(-1, |limit| i64::try_from(limit).unwrap_or(i64::MAX));
    let offset = i64::try_from(offset).unwrap_or(i64::MAX);
    let rows = query.bind(limit).bind(offset).fetch_all(pool).await?;
    rows.iter().map(view::event_view).collect()
}

/// The database looks inside a box around the circle; what lies in its corners is left out here, so
/// limit and offset count only what is inside.
async fn fetch_near(
    pool: &SqlitePool,
    filter: &Filter,
    near: Near,
    query: &EventQuery,
) -> SqlResult<Vec<EventView>> {
    let wanted = query.limit.map_or(usize::MAX, |limit| limit.saturating_add(query.offset));
    let (mut found, mut offset) = (Vec::new(), 0);
    while found.len() < wanted {
        let page = fetch(pool, filter, Some(PAGE), offset).await?;
        let last = page.len() < PAGE;
        offset += PAGE;
        found.extend(page.into_iter().filter(|event| filter::is_near(event, near)));
        if last {
            break;
        }
    }
    found.truncate(wanted);
    found.drain(..query.offset.min(found.len()));
    Ok(found)
}
