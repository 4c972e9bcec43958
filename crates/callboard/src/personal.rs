//! Asking for personal data: by `--personal`, if the settings allow it, and never without a note of it.

use anyhow::Result;
use serde_json::json;
use store::{AuditEntry, Store};

use crate::clock;
use crate::noted::who;

/// The store as it is shown to whoever asks: with personal columns as they are where `asked`, which is noted
/// in the audit log with what was asked for.
pub async fn shown(store: &Store, asked: bool, command: &str, what: &str) -> Result<Store> {
    if !asked {
        return Ok(store.clone());
    }
    let entry = AuditEntry::new(clock(), &who(), "personal.show", "completed").about(what);
    Ok(store.reveal(entry.with(json!({"command": command}))).await?)
}
