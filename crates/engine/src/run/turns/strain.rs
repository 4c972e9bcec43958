//! The store is away or in use: the runner keeps what it has, says so once, and goes on when it is back.
//!
//! Nothing is lost and nothing doubled by that. Acks whose fate is unknown are sent again: those that were
//! entered are refused, for the item is no longer held under that attempt. Leases whose fate is unknown are
//! given back. Where it lasts longer than a lease, others may have taken what this runner holds; then all of
//! its acks are refused, as those of any runner that was given up.

use tokio::time::Instant;

use super::super::RunError;
use super::Turns;

impl Turns {
    /// The store failed in a way that may pass; an error when it does not, or has lasted too long.
    pub(super) fn strained(&mut self, error: store::StoreError) -> Result<(), RunError> {
        let (began, said) = (self.patience.is_calm(), error.to_string());
        let wait = self.patience.strained(error)?;
        if began {
            let secs = self.runner.options.patience.as_secs();
            tracing::warn!(
                runner.id = self.id.0,
                patience_secs = secs,
                "{said}; nothing is lost: it is tried again for {secs} s"
            );
        }
        self.again_at = Instant::now() + wait;
        self.ask_at = self.ask_at.max(self.again_at);
        Ok(())
    }

    /// The same of what failed with it.
    pub(super) fn ride_out(&mut self, error: RunError) -> Result<(), RunError> {
        match error {
            RunError::Store(error) => self.strained(error),
            other => Err(other),
        }
    }

    /// The store answered. On a full disk it still takes what is small: only when what it could not take is
    /// entered, it is back.
    pub(super) fn eased(&mut self) {
        if self.unentered.is_some() {
            return;
        }
        if let Some(away) = self.patience.eased() {
            let secs = away.as_secs_f64();
            // At the level of the warning that went before: whoever read that is to read this.
            tracing::warn!(runner.id = self.id.0, "the store is back after {secs:.1} s; going on");
            self.ask_at = Instant::now();
        }
    }

    /// Gives back what it may have been leased without hearing of it.
    pub(super) async fn give_back_unheard(&mut self) -> Result<(), RunError> {
        while let Some(at) = self.unheard.last().copied() {
            let now = (self.world().clock)();
            let back = self.world().store.give_back(self.id, at, now).await?;
            tracing::debug!(runner.id = self.id.0, items = back, "what was leased unheard is given back");
            self.unheard.pop();
        }
        Ok(())
    }
}
