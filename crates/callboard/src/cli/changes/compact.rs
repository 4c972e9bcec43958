//! `callboard changes compact`: folds what is older than the policy says.

use std::time::Instant;

use anyhow::Result;
use clap::Args;
use serde_json::{Value, json};
use store::{AuditEntry, AuditLevel, Compacted, Store, StoreError};

use crate::config::Config;
use crate::figures::counted;
use crate::noted::who;
use crate::output::{Format, print, print_json, usage};
use crate::{clock, moments};

/// Fold what is older than the policy says: a row's old changes become one.
///
/// What a row was at the horizon, and everything since, stays known; what it was before is not. Changes
/// that a cursor in the store has not read yet are left alone.
#[derive(Args)]
#[command(after_help = "Example:\n  callboard changes compact --older-than 400d --dry-run")]
pub struct Compact {
    /// Fold changes older than this length of time or before this day or instant [default: setting `history_keep`]
    #[arg(long, value_name = "AGE|WHEN")]
    older_than: Option<String>,
    /// Leave so many of each row's newest changes alone [default: setting `history_keep_last`]
    #[arg(long, value_name = "N")]
    keep_last: Option<u32>,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// How to print
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

impl Compact {
    pub async fn run(self, config: &Config, store: &Store) -> Result<()> {
        let what = self.policy(config)?;
        let asked = json!({"older_than": what.older_than, "keep_last": what.keep_last});
        let began = Instant::now();
        if !self.dry_run {
            note(store, "started", asked.clone(), None).await;
        }
        let done = store.compact_changes(what).await;
        if !self.dry_run {
            let took = i64::try_from(began.elapsed().as_millis()).ok();
            let (outcome, detail) = match &done {
                Ok(done) => ("completed", json!({"asked": asked, "did": object(done)})),
                Err(error) => ("failed", json!({"asked": asked, "error": error.to_string()})),
            };
            note(store, outcome, detail, took).await;
        }
        let done = done?;
        match self.format {
            Format::Table => print(&in_words(&done, self.dry_run))?,
            format => print_json(&object(&done), format)?,
        }
        Ok(())
    }

    fn policy(&self, config: &Config) -> Result<store::Compact> {
        let text = self.older_than.as_deref().or(config.text("history_keep"));
        let Some(text) = text else {
            return Err(usage(
                "how old is old? Say --older-than 400d, or set `history_keep`; without, all is kept for ever",
            ));
        };
        let older_than = moments::start(text, config.timezone()?)?;
        let keep_last = match self.keep_last {
            Some(keep_last) => keep_last,
            None => config.get("history_keep_last")?,
        };
        Ok(store::Compact { older_than, keep_last, dry_run: self.dry_run })
    }
}

/// That it cannot be noted is no reason for it to fail.
async fn note(store: &Store, outcome: &str, detail: Value, duration_ms: Option<i64>) {
    let level = if outcome == "failed" { AuditLevel::Error } else { AuditLevel::Info };
    let entry = AuditEntry::new(clock(), &who(), "changes.compact", outcome).with(detail);
    let noted: Result<(), StoreError> = store.audit(&[AuditEntry { level, duration_ms, ..entry }]).await;
    if let Err(error) = noted {
        tracing::warn!(%error, "the audit log could not be written");
    }
}

fn object(done: &Compacted) -> Value {
    let held_by = done.held_by.as_ref().map(|(name, seq)| json!({"cursor": name, "seq": seq}));
    json!({
        "rows": done.rows, "folded": done.folded, "removed": done.removed, "through": done.through,
        "held_by": held_by,
    })
}

fn in_words(done: &Compacted, dry_run: bool) -> String {
    let mut text = match (done.rows, dry_run) {
        (0, _) => "nothing to fold\n".to_owned(),
        (_, true) => format!("would fold {}", folded(done)),
        (_, false) => format!("folded {}", folded(done)),
    };
    if let Some((name, seq)) = &done.held_by {
        text += &format!(
            "the cursor {name:?} holds back what is after change {seq}: it has not read that yet; \
             `callboard changes cursors` shows it\n"
        );
    }
    text
}

fn folded(done: &Compacted) -> String {
    let (folded, rows) = (done.folded, done.rows);
    format!(
        "{} of {} into one each: {} fewer\n",
        counted(folded, "change"),
        counted(rows, "row"),
        done.removed
    )
}
