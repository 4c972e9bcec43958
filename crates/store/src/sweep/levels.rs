//! The sweep of a crawl of several levels: rows of several kinds that hang together. What a crawl that was
//! gone through whole no longer lists has vanished, unless something has stated it since the crawl began.

use chrono::{DateTime, Utc};
use model::{Kind, RunId};

use super::{bury, missing, since_begun};
use crate::commit::Stamp;
use crate::rows::code_of;
use crate::runs::{seq_of, stamp};
use crate::sql::{self, Conn, SqlResult};
use crate::{Store, StoreError, Sweep, SweepScope};

impl Store {
    /// Puts tombstones on the rows of `kinds` that the scope held and that nothing has stated since `run`
    /// began. All of them or, where one kind would shrink too far, none. What nobody states any longer is
    /// forgotten by the sweep of the scope that follows.
    pub async fn sweep_levels(
        &self,
        run: RunId,
        at: DateTime<Utc>,
        kinds: &[Kind],
        what: &SweepScope,
    ) -> Result<Sweep, StoreError> {
        let swept = sql::again!(self.sweep_levels_in_transaction(run, at, kinds, what));
        swept.map_err(|error| self.fault("sweeping", error))
    }

    async fn sweep_levels_in_transaction(
        &self,
        run: RunId,
        at: DateTime<Utc>,
        kinds: &[Kind],
        what: &SweepScope,
    ) -> SqlResult<Sweep> {
        let mut transaction = self.begin().await?;
        let stamp = Stamp { run: seq_of(&mut transaction, run).await?, at: stamp(at) };
        let mut vanished = 0;
        for kind in kinds {
            let held = held(&mut transaction, *kind, &stamp, what).await?;
            let missing = match missing(held, what.max_shrink) {
                Ok(missing) => missing,
                // Dropped, the transaction undoes what was done for the kinds before.
                Err(refused) => return Ok(refused),
            };
            bury(&mut transaction, *kind, &missing, &stamp).await?;
            vanished += missing.len() as u64;
        }
        transaction.commit().await?;
        Ok(Sweep { vanished, refused: None })
    }
}

/// The live rows of a kind that the scope held, and whether something has stated them since the run began:
/// the run itself, or another one meanwhile.
async fn held(conn: &mut Conn, kind: Kind, stamp: &Stamp, what: &SweepScope) -> SqlResult<Vec<(i64, bool)>> {
    let sql = format!(
        "SELECT t.rid, EXISTS (
            SELECT 1 FROM sightings o JOIN places q ON q.place = o.place
            WHERE o.kind = ?2 AND o.rid = t.rid AND o.run = q.read_run AND {})
         FROM \"{}\" t
         WHERE t.gone_at IS NULL AND t.source = ?4 AND t.rid IN (
            SELECT s.rid FROM scopes c JOIN places p ON p.scope = c.scope
            JOIN sightings s ON s.place = p.place AND s.kind = ?2 WHERE c.name = ?3)
         ORDER BY t.rid",
        since_begun("q", "?1"),
        kind.spec().table
    );
    let query = sql::query(sql).bind(stamp.run).bind(code_of(kind)).bind(what.scope.clone());
    let rows = query.bind(what.source.as_str().to_owned()).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}
