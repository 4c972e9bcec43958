//! The sweep of kinds that stand by themselves: tickets, purchases, coupons. What a list that was gone
//! through whole no longer holds has vanished, whichever document stated it before.

use chrono::{DateTime, Utc};
use model::{Kind, RunId};

use super::{bury, missing, since_begun};
use crate::commit::Stamp;
use crate::rows::code_of;
use crate::runs::{seq_of, stamp};
use crate::sql::{self, Conn, SqlResult};
use crate::{Store, StoreError, Sweep, SweepScope};

impl Store {
    /// Puts a tombstone on the rows of `kind` that the scope held and that nothing has stated since `run`
    /// began. To be called once the run has gone through all of the scope and has seen as many as there are.
    pub async fn sweep_rows(
        &self,
        run: RunId,
        at: DateTime<Utc>,
        kind: Kind,
        what: &SweepScope,
    ) -> Result<Sweep, StoreError> {
        let swept = sql::again!(self.sweep_rows_in_transaction(run, at, kind, what));
        swept.map_err(|error| self.fault("sweeping", error))
    }

    async fn sweep_rows_in_transaction(
        &self,
        run: RunId,
        at: DateTime<Utc>,
        kind: Kind,
        what: &SweepScope,
    ) -> SqlResult<Sweep> {
        let mut transaction = self.begin().await?;
        let stamp = Stamp { run: seq_of(&mut transaction, run).await?, at: stamp(at) };
        let sql = "SELECT scope FROM scopes WHERE name = ?";
        let scope = sql::query_scalar(sql).bind(what.scope.clone()).fetch_optional(&mut *transaction).await?;
        let Some(scope) = scope else { return Ok(Sweep::default()) };
        let held = held(&mut transaction, scope, &stamp, kind).await?;
        let missing = match missing(held, what.max_shrink) {
            Ok(missing) => missing,
            Err(refused) => return Ok(refused),
        };
        bury(&mut transaction, kind, &missing, &stamp).await?;
        forget(&mut transaction, scope, &stamp, kind).await?;
        transaction.commit().await?;
        Ok(Sweep { vanished: missing.len() as u64, refused: None })
    }
}

/// The live rows that the scope held, and whether something has stated them since the run began: the run
/// itself, or a webhook meanwhile.
async fn held(conn: &mut Conn, scope: i64, stamp: &Stamp, kind: Kind) -> SqlResult<Vec<(i64, bool)>> {
    let sql = format!(
        "SELECT t.rid, max(CASE WHEN s.run = p.read_run AND {} THEN 1 ELSE 0 END) = 1
         FROM places p
         CROSS JOIN sightings s ON s.place = p.place AND s.kind = ?2
         JOIN \"{}\" t ON t.rid = s.rid
         WHERE p.scope = ?3 AND t.gone_at IS NULL
         GROUP BY t.rid ORDER BY t.rid",
        since_begun("p", "?1"),
        kind.spec().table
    );
    let query = sql::query(sql).bind(stamp.run).bind(code_of(kind)).bind(scope);
    let rows = query.fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Takes away what nothing has said since the run began, and what is known of the bodies that said it: should
/// they come back unchanged, they must be read again.
async fn forget(conn: &mut Conn, scope: i64, stamp: &Stamp, kind: Kind) -> SqlResult<()> {
    let sql = format!(
        "
        DELETE FROM sightings WHERE (place, kind, row_key) IN (
            SELECT s.place, s.kind, s.row_key FROM places p JOIN sightings s ON s.place = p.place
            WHERE p.scope = ?1 AND s.kind = ?2 AND NOT (s.run = p.read_run AND {}))",
        since_begun("p", "?3")
    );
    sql::query(sql).bind(scope).bind(code_of(kind)).bind(stamp.run).execute(&mut *conn).await?;
    let sql = format!(
        "UPDATE places SET body_hash = NULL, etag = NULL, last_modified = NULL, reading_key = NULL \
         WHERE scope = ?1 AND NOT {}",
        since_begun("places", "?2")
    );
    sql::query(sql).bind(scope).bind(stamp.run).execute(conn).await?;
    Ok(())
}
