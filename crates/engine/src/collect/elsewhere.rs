//! Documents that runs with other parameters hold. Such a run has a scope of its own, as what it leaves out
//! has not vanished; but the page of an address is the same page to both, and need not come twice.

use std::collections::HashMap;
use std::sync::Arc;

use store::{Known, Store, StoreError};
use tokio::sync::OnceCell;

use super::origin::Origin;
use super::take::Work;

/// For each scope of a run, the scopes of its source, once they have been looked up.
pub(super) struct Elsewhere(HashMap<String, OnceCell<Vec<String>>>);

impl Elsewhere {
    /// Nothing is looked up before it is asked for.
    pub(super) fn of(origins: &[Arc<Origin>]) -> Elsewhere {
        Elsewhere(origins.iter().map(|origin| (origin.scope.clone(), OnceCell::new())).collect())
    }

    /// What is known of the document from whichever run with this connector and source saw it last. What a
    /// later run saw otherwise is never passed over for what an earlier one saw.
    pub(super) async fn known(&self, work: &Work, store: &Store) -> Result<Option<Known>, StoreError> {
        let origin = &work.origin;
        let Some(scopes) = self.0.get(&origin.scope).filter(|_| origin.connector.is_some()) else {
            return Ok(None);
        };
        let source = origin.named.name().as_str();
        let scopes = scopes.get_or_try_init(|| store.scopes_of(source)).await?;
        if scopes.iter().all(|scope| *scope == origin.scope) {
            return Ok(None);
        }
        store.known_in_any(origin.reader(), scopes, &work.name).await
    }
}
