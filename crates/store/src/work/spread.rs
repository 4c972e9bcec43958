//! Spreading an item in several goes.

use super::counts::Counts;
use super::held::Held;
use super::{ItemId, RunnerId, Spread, children};
use crate::sql::SqlResult;
use crate::{Store, StoreError};

impl Store {
    /// Enters more children of an item that is still being spread, so that a long list needs no long
    /// transaction; they may be taken at once. False when the runner no longer holds the item. While its
    /// run is being cancelled they are entered as cancelled, as it will be with its ack.
    pub async fn spread_more(
        &self,
        runner: RunnerId,
        item: ItemId,
        attempt: u32,
        spread: Spread,
    ) -> Result<bool, StoreError> {
        let more = self.spread_in_transaction(runner, item, attempt, spread).await;
        more.map_err(|error| self.fault("spreading an item", error))
    }

    async fn spread_in_transaction(
        &self,
        runner: RunnerId,
        item: ItemId,
        attempt: u32,
        spread: Spread,
    ) -> SqlResult<bool> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let Some(held) = Held::one(conn, runner, item.0, attempt).await? else { return Ok(false) };
        let mut counts = Counts::default();
        children::open(conn, held.place.run, held.id, spread.cap, spread.most).await?;
        children::enter(conn, held.place.run, held.id, spread.children, &mut counts).await?;
        counts.write(conn).await?;
        transaction.commit().await?;
        Ok(true)
    }
}
