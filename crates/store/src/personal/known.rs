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
        let keyring = &self.personal.keyring;
        let Some(current) = keyring.current() else { return Ok(()) };
        let known = self.known_keys().await.map_err(|error| self.fault("reading the keys", error))?;
        if known.iter().any(|id| id == current) {
            return Ok(());
        }
        if !known.is_empty() && !known.iter().any(|id| Some(id.as_str()) == keyring.old()) {
            return Err(StoreError::WrongKey {
                path: self.path.to_path_buf(),
                sealed_with: known.join(", "),
                given: current.to_owned(),
            });
        }
        self.enter_key(current).await.map_err(|error| self.fault("entering a key", error))
    }

    /// The ids of the keys that values may be sealed with.
    pub async fn personal_keys(&self) -> Result<Vec<String>, StoreError> {
        self.known_keys().await.map_err(|error| self.fault("reading the keys", error))
    }

    async fn known_keys(&self) -> SqlResult<Vec<String>> {
        let sql = "SELECT id FROM personal_keys WHERE retired_at IS NULL ORDER BY since, id";
        sql::query_scalar(sql).fetch_all(&self.writer).await
    }

    async fn enter_key(&self, id: &str) -> SqlResult<()> {
        let mut transaction = self.begin().await?;
        let sql = "INSERT INTO personal_keys (id, since) VALUES (?, CURRENT_TIMESTAMP) \
                   ON CONFLICT (id) DO UPDATE SET retired_at = NULL";
        sql::query(sql).bind(id).execute(&mut *transaction).await?;
        transaction.commit().await
    }
}

/// Nothing is sealed with any other key any more.
pub(super) async fn retire(conn: &mut Conn, but: &str, at: chrono::DateTime<chrono::Utc>) -> SqlResult<u64> {
    let sql = "UPDATE personal_keys SET retired_at = ? WHERE id <> ? AND retired_at IS NULL";
    Ok(sql::query(sql).bind(stamp(at)).bind(but).execute(conn).await?.rows_affected())
}
