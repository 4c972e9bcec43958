//! Which keys values of a store are sealed with: so that a wrong key is told at once, and a process without
//! one leaves personal columns alone.

use crate::runs::stamp;
use crate::sql::{self, Conn, SqlResult};
use crate::{Store, StoreError};

/// Whether personal columns are sealed in this store.
pub(crate) async fn sealed(conn: &mut Conn) -> SqlResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM personal_keys WHERE retired_at IS NULL)";
    sql::query_scalar(sql).fetch_one(conn).await
}

impl Store {
    /// Compares the key at hand with those that values are sealed with, and enters a new one.
    pub(crate) async fn know_key(&self) -> Result<(), StoreError> {
        if self.personal.keyring.current().is_none() {
            return Ok(());
        }
        let fault = |error| self.fault("reading the keys", error);
        let known: Vec<String> = sql::query_scalar(KNOWN).fetch_all(&self.writer).await.map_err(fault)?;
        // Where nothing is sealed yet, nothing will be by us.
        if self.is_known(&known) || (known.is_empty() && self.may_only_be_read()) {
            return Ok(());
        }
        let mut transaction = self.begin().await.map_err(fault)?;
        self.know_key_on(&mut transaction).await?;
        transaction.commit().await.map_err(|error| self.fault("entering a key", error))
    }

    /// The same in a transaction.
    pub(crate) async fn know_key_on(&self, conn: &mut Conn) -> Result<(), StoreError> {
        let keyring = &self.personal.keyring;
        let Some(current) = keyring.current() else { return Ok(()) };
        let fault = |error| self.fault("entering a key", error);
        let known: Vec<String> = sql::query_scalar(KNOWN).fetch_all(&mut *conn).await.map_err(fault)?;
        if self.is_known(&known) {
            return Ok(());
        }
        if !known.is_empty() && !known.iter().any(|id| Some(id.as_str()) == keyring.old()) {
            if has_runs(conn).await.map_err(fault)? {
                return Err(StoreError::WrongKey {
                    path: self.path.to_path_buf(),
                    sealed_with: known.join(", "),
                    given: current.to_owned(),
                });
            }
            // Nothing is sealed with them yet: the store was only ever opened.
            forget_keys(conn).await.map_err(fault)?;
        }
        enter_key(conn, current).await.map_err(fault)
    }

    fn is_known(&self, known: &[String]) -> bool {
        known.iter().any(|id| Some(id.as_str()) == self.personal.keyring.current())
    }

    /// The ids of the keys that values may be sealed with.
    pub async fn personal_keys(&self) -> Result<Vec<String>, StoreError> {
        sql::query_scalar(KNOWN)
            .fetch_all(&self.writer)
            .await
            .map_err(|error| self.fault("reading the keys", error))
    }
}

const KNOWN: &str = "SELECT id FROM personal_keys WHERE retired_at IS NULL ORDER BY since, id";

/// Nothing is in a store that no run has come to.
async fn has_runs(conn: &mut Conn) -> SqlResult<bool> {
    sql::query_scalar("SELECT EXISTS (SELECT 1 FROM runs)").fetch_one(conn).await
}

/// Of a store that holds nothing.
pub(crate) async fn forget_keys(conn: &mut Conn) -> SqlResult<()> {
    sql::query("DELETE FROM personal_keys").execute(conn).await.map(drop)
}

async fn enter_key(conn: &mut Conn, id: &str) -> SqlResult<()> {
    let sql = "INSERT INTO personal_keys (id, since) VALUES (?, CURRENT_TIMESTAMP) \
               ON CONFLICT (id) DO UPDATE SET retired_at = NULL";
    sql::query(sql).bind(id).execute(conn).await.map(drop)
}

/// Nothing is sealed with any other key any more.
pub(super) async fn retire(conn: &mut Conn, but: &str, at: chrono::DateTime<chrono::Utc>) -> SqlResult<u64> {
    let sql = "UPDATE personal_keys SET retired_at = ? WHERE id <> ? AND retired_at IS NULL";
    Ok(sql::query(sql).bind(stamp(at)).bind(but).execute(conn).await?.rows_affected())
}
