//! Where in the log a time is. The log has no index by time: its numbers are in the order of commits and
//! so of times, and bisecting them takes some twenty looks.
//!
//! Clocks of several machines may differ by a little; then the log's order counts, and a time within that
//! little is somewhere between.

use chrono::{DateTime, Utc};

use crate::sql::{self, Conn, SqlResult, parse};
use crate::{Store, StoreError};

/// Up to where old changes were folded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Horizon {
    /// Number of the last change that may have been folded.
    pub seq: i64,
    /// When that was committed, RFC 3339 UTC: what was before is not known in detail.
    pub at: String,
}

impl Store {
    /// Number of the last change committed at a time or before; 0 when none was.
    pub async fn change_at(&self, at: DateTime<Utc>) -> Result<i64, StoreError> {
        let place = async {
            let mut transaction = self.readers.begin_reading().await?;
            place_of(&mut transaction, at).await
        };
        place.await.map_err(|error| self.fault("looking for a time in the change log", error))
    }

    /// Up to where old changes were folded; `None` when none were.
    pub async fn change_horizon(&self) -> Result<Option<Horizon>, StoreError> {
        let horizon = async { horizon(&mut self.readers.acquire().await?).await };
        horizon.await.map_err(|error| self.fault("reading the change log", error))
    }
}

pub(super) async fn horizon(conn: &mut Conn) -> SqlResult<Option<Horizon>> {
    let row = sql::query("SELECT seq, at FROM change_horizon WHERE one = 1").fetch_optional(conn).await?;
    row.map(|row| Ok(Horizon { seq: row.try_get(0)?, at: row.try_get(1)? })).transpose()
}

/// The highest number up to which nothing was committed after `at`.
pub(super) async fn place_of(conn: &mut Conn, at: DateTime<Utc>) -> SqlResult<i64> {
    let mut high: i64 =
        sql::query_scalar("SELECT coalesce(max(seq), 0) FROM changes").fetch_one(&mut *conn).await?;
    let end = high;
    let mut low = 0;
    // All up to `low` are not later; the first after `high` is later, or there is none.
    while low < high {
        let middle = low + (high - low) / 2;
        match next(conn, middle).await? {
            Some((seq, when)) if when <= at => low = seq,
            _ => high = middle,
        }
    }
    match next(conn, low).await? {
        Some((seq, _)) => Ok(seq - 1),
        // The end; a purge may have taken the last that were folded.
        None => Ok(horizon(conn).await?.map_or(end, |horizon| horizon.seq.max(end))),
    }
}

/// Number and time of the first change after `seq`.
async fn next(conn: &mut Conn, seq: i64) -> SqlResult<Option<(i64, DateTime<Utc>)>> {
    let sql = "SELECT seq, at FROM changes WHERE seq > ? ORDER BY seq LIMIT 1";
    let row = sql::query(sql).bind(seq).fetch_optional(conn).await?;
    row.map(|row| Ok((row.try_get(0)?, instant(row.try_get(1)?)?))).transpose()
}

fn instant(text: &str) -> SqlResult<DateTime<Utc>> {
    parse(text, |text| DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc()))
}
