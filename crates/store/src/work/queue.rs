//! The seam through which work travels. The store is its first implementation and stays the truth:
//! another way for work to travel carries ids of items, and acks end up here all the same.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::{Acked, Acks, DeadItem, DeadQuery, ItemId, Lease, LeaseRequest, RunnerId, Spread};
use crate::{Store, StoreError, sql};

/// Where runners get their work from and bring what came of it.
///
/// Every implementation holds to the same rules, and to the same tests:
/// - An item is leased to one runner at a time; each lease is a new attempt.
/// - An ack enters everything or nothing, and only while its runner holds the item under that attempt.
/// - What a lost runner had is leased again; an item whose attempts are used up is dead, and stays with
///   its input and every attempt until it is redriven or dropped.
pub trait WorkQueue: Send + Sync {
    /// Enters children of an item that the runner is spreading. False when it no longer holds it.
    fn enqueue(
        &self,
        runner: RunnerId,
        item: ItemId,
        attempt: u32,
        spread: Spread,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Takes ready items, at most as many as asked for, sharing alike between runs.
    fn lease(&self, ask: LeaseRequest) -> impl Future<Output = Result<Vec<Lease>, StoreError>> + Send;

    /// Says that a runner is alive until then. False when it was given up.
    fn keep_alive(
        &self,
        runner: RunnerId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> impl Future<Output = Result<bool, StoreError>> + Send;

    /// Enters what came of items: endings, retries with their delay, what they brought.
    fn ack(&self, acks: Acks) -> impl Future<Output = Result<Acked, StoreError>> + Send;

    /// Items that ended badly, newest first.
    fn dead(&self, query: DeadQuery) -> impl Future<Output = Result<Vec<DeadItem>, StoreError>> + Send;
}

impl WorkQueue for Store {
    async fn enqueue(
        &self,
        runner: RunnerId,
        item: ItemId,
        attempt: u32,
        spread: Spread,
    ) -> Result<bool, StoreError> {
        self.spread_more(runner, item, attempt, spread).await
    }

    async fn lease(&self, ask: LeaseRequest) -> Result<Vec<Lease>, StoreError> {
        if !self.has_work(ask.now, ask.run).await? {
            return Ok(Vec::new());
        }
        let leased = sql::again!(self.lease_in_transaction(ask));
        leased.map_err(|error| self.fault("leasing work", error))
    }

    async fn keep_alive(
        &self,
        runner: RunnerId,
        now: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        Ok(self.heartbeat(runner, now, until).await?.is_some())
    }

    async fn ack(&self, acks: Acks) -> Result<Acked, StoreError> {
        self.ack_in_transaction(acks).await.map_err(|error| self.fault("committing", error))
    }

    async fn dead(&self, query: DeadQuery) -> Result<Vec<DeadItem>, StoreError> {
        self.dead_items(query).await
    }
}
