//! Columns marked as personal data: masked wherever rows and changes are read, unless they are asked for,
//! which is audited; sealed at rest where there is a key; and kept out where they are of somebody who was
//! forgotten.
//!
//! A sealed value is another one each time (its nonce is by chance), so that nobody without the key sees
//! which rows have the same: values are compared after they are opened, never as they are kept.

mod fold;
mod guard;
mod key;
mod known;
mod rotate;

use std::fmt;

use model::{Change, Edit, Kind, mask};
use serde_json::Value;

use crate::{AuditEntry, Store, StoreError};

pub(crate) use fold::{fold, identities, is_phone, is_same_phone, without_phones};
pub(crate) use guard::{Guard, person_hash, salt};
pub use key::PersonalKey;
pub(crate) use key::{Keyring, sealed_by};
pub(crate) use known::{forget_keys, sealed};
pub use rotate::Rotated;
pub(crate) use rotate::{as_texts, personal_columns, quoted};

/// What stands in place of a value that cannot be opened.
pub const SEALED: &str = "(sealed)";

/// - `personal_keys`: the keys that values are sealed with, until no value is any more.
/// - `personal_salt`, `forgotten`: who was forgotten, as hashes that only this salt leads to.
/// - `unwanted`: bodies that hold somebody who was forgotten, until they are removed.
/// - `purges`: what was taken away for good, by which rule, with a hash over the keys of it.
pub(crate) const DDL: &str = "
CREATE TABLE IF NOT EXISTS personal_keys (
    id TEXT PRIMARY KEY, since INSTANT NOT NULL, retired_at INSTANT);
CREATE TABLE IF NOT EXISTS personal_salt (salt TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS forgotten (hash TEXT PRIMARY KEY, at INSTANT NOT NULL);
CREATE TABLE IF NOT EXISTS unwanted (body TEXT PRIMARY KEY, at INSTANT NOT NULL);
CREATE TABLE IF NOT EXISTS purges (
    seq ORDERED, began_at INSTANT NOT NULL, ended_at INSTANT, operation TEXT NOT NULL, source TEXT,
    rule TEXT NOT NULL, counts JSON NOT NULL, keys INTEGER NOT NULL, hash TEXT NOT NULL);
";

/// How a store deals with personal columns.
#[derive(Clone, Default)]
pub struct PersonalOptions {
    /// The key they are sealed with, 32 bytes in base64.
    pub key: Option<String>,
    /// The key before that, until `rotate` is through.
    pub old_key: Option<String>,
    /// They are never shown, whoever asks.
    pub never: bool,
}

impl fmt::Debug for PersonalOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, old_key) = (self.key.is_some(), self.old_key.is_some());
        f.debug_struct("PersonalOptions")
            .field("key", &key)
            .field("old_key", &old_key)
            .finish_non_exhaustive()
    }
}

/// The same, checked.
#[derive(Debug, Default)]
pub(crate) struct Personal {
    pub(crate) keyring: Keyring,
    never: bool,
}

impl Personal {
    pub(crate) fn of(options: &PersonalOptions) -> Result<Personal, StoreError> {
        let read = |key: &Option<String>| key.as_deref().map(PersonalKey::read).transpose();
        let (current, old) = (read(&options.key)?, read(&options.old_key)?);
        Ok(Personal { keyring: Keyring { current, old }, never: options.never })
    }
}

impl Store {
    /// The same store with personal columns as they are. That they are asked for, by whom and for what, is in
    /// the audit log before anything is shown.
    pub async fn reveal(&self, asked: AuditEntry) -> Result<Store, StoreError> {
        if self.personal.never {
            return Err(StoreError::Question(
                "personal data is never shown here: the setting `personal` is `never`".to_owned(),
            ));
        }
        self.audit(&[asked]).await?;
        let mut store = self.clone();
        store.reveals = true;
        Ok(store)
    }

    /// Whether personal columns are as they are in what it gives.
    pub fn reveals(&self) -> bool {
        self.reveals
    }

    /// Values of a row, in the order of the kind's columns, as they may be seen.
    pub(crate) fn veil(&self, kind: Kind, values: &mut [Value]) {
        for (index, column) in kind.spec().personal() {
            if let Some(value) = values.get_mut(index) {
                self.veil_value(kind, column.name, value);
            }
        }
    }

    /// A change as it may be seen.
    pub(crate) fn veiled(&self, mut change: Change) -> Change {
        for Edit { field, from, to, .. } in &mut change.edits {
            if let Some(column) = change.kind.spec().column(field).filter(|column| column.personal) {
                self.veil_value(change.kind, column.name, from);
                self.veil_value(change.kind, column.name, to);
            }
        }
        change
    }

    /// One value of a personal column as it may be seen.
    pub(crate) fn veil_value(&self, kind: Kind, column: &str, value: &mut Value) {
        if value.is_null() {
            return;
        }
        *value = match self.reveals {
            false => mask::MASK.into(),
            true => self.personal.keyring.open(kind, column, value).unwrap_or_else(|| SEALED.into()),
        };
    }
}
