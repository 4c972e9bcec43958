//! Marks in the log that consumers keep in the store, by name. A mark moves forward alone, unless it is
//! set; what it has not passed yet is not folded.

use chrono::{DateTime, Utc};

use crate::runs::stamp;
use crate::sql::{self, Conn, SqlResult};
use crate::{Store, StoreError};

/// A mark that a consumer keeps in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeCursor {
    /// Its name.
    pub name: String,
    /// Number of the last change that was read.
    pub seq: i64,
    /// When it was made, RFC 3339 UTC.
    pub made_at: String,
    /// When it last moved.
    pub moved_at: String,
    /// Changes after it.
    pub lag: u64,
    /// When the first change after it was committed; `None` when it is at the end.
    pub behind_since: Option<String>,
}

/// How a mark is moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MovedCursor {
    /// It has read up to this number; less than it has read already changes nothing.
    Read(i64),
    /// It is to go on after this number, wherever it is.
    Set(i64),
}

impl Store {
    /// The mark of this name; `None` when there is none.
    pub async fn change_cursor(&self, name: &str) -> Result<Option<i64>, StoreError> {
        let sql = "SELECT seq FROM change_cursors WHERE name = ?";
        let found = sql::query_scalar(sql).bind(name).fetch_optional(&self.readers).await;
        found.map_err(|error| self.fault("reading a cursor", error))
    }

    /// Moves the mark of this name, making it where it is not there.
    pub async fn move_change_cursor(
        &self,
        name: &str,
        to: MovedCursor,
        at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let moved = self.move_cursor(name, to, &stamp(at)).await;
        moved.map_err(|error| self.fault("moving a cursor", error))
    }

    async fn move_cursor(&self, name: &str, to: MovedCursor, at: &str) -> SqlResult<()> {
        let (seq, least) = match to {
            MovedCursor::Read(seq) => (seq, i64::MAX),
            MovedCursor::Set(seq) => (seq, -1),
        };
        // Written within a turn: what is folded meanwhile has seen the mark where it was, or sees it here.
        let mut transaction = self.begin().await?;
        let sql = "INSERT INTO change_cursors AS c (name, seq, made_at, moved_at) VALUES (?1, ?2, ?3, ?3) \
                   ON CONFLICT (name) DO UPDATE SET seq = excluded.seq, moved_at = excluded.moved_at \
                   WHERE excluded.seq > c.seq OR c.seq > ?4";
        sql::query(sql).bind(name).bind(seq).bind(at).bind(least).execute(&mut *transaction).await?;
        transaction.commit().await
    }

    /// Takes a mark away; `false` when there is none of this name.
    pub async fn drop_change_cursor(&self, name: &str) -> Result<bool, StoreError> {
        let dropped = async {
            let mut transaction = self.begin().await?;
            let sql = "DELETE FROM change_cursors WHERE name = ?";
            let done = sql::query(sql).bind(name).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(done.rows_affected() > 0)
        };
        dropped.await.map_err(|error| self.fault("dropping a cursor", error))
    }

    /// All marks, the one that is furthest behind first.
    pub async fn change_cursors(&self) -> Result<Vec<ChangeCursor>, StoreError> {
        self.list_cursors().await.map_err(|error| self.fault("listing cursors", error))
    }

    async fn list_cursors(&self) -> SqlResult<Vec<ChangeCursor>> {
        let sql = "SELECT name, seq, made_at, moved_at, \
                     (SELECT count(*) FROM changes n WHERE n.seq > c.seq) AS lag, \
                     (SELECT n.at FROM changes n WHERE n.seq > c.seq ORDER BY n.seq LIMIT 1) AS behind_since \
                   FROM change_cursors c ORDER BY seq, name";
        let rows = sql::query(sql).fetch_all(&self.readers).await?;
        let cursor = |row: &sql::Row| {
            Ok(ChangeCursor {
                name: row.try_get("name")?,
                seq: row.try_get("seq")?,
                made_at: row.try_get("made_at")?,
                moved_at: row.try_get("moved_at")?,
                lag: u64::try_from(row.try_get::<i64>("lag")?).unwrap_or(0),
                behind_since: row.try_get("behind_since")?,
            })
        };
        rows.iter().map(cursor).collect()
    }
}

/// The mark that is furthest behind.
pub(super) async fn furthest_behind(conn: &mut Conn) -> SqlResult<Option<(String, i64)>> {
    let sql = "SELECT name, seq FROM change_cursors ORDER BY seq, name LIMIT 1";
    let row = sql::query(sql).fetch_optional(conn).await?;
    row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
}
