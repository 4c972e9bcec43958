//! What the command line does is written into the audit log, however it ends.

use std::time::Instant;

use engine::collect::{Collect, CollectError, Outcome, Summary};
use engine::run::RunError;
use serde_json::json;
use store::{AuditEntry, AuditLevel, Store};

use crate::clock;

/// Who did it, where no runner did.
pub const COMMAND_LINE: &str = "command line";

/// A run that has begun.
pub struct Noted {
    store: Store,
    subject: String,
    began: Instant,
}

impl Noted {
    pub fn begin(run: &Collect) -> Noted {
        const SHOWN: usize = 20;
        let labels: Vec<&str> = run.origins.iter().take(SHOWN).map(|origin| origin.label.as_str()).collect();
        let more = run.origins.len() - labels.len();
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        Noted { store: run.store.clone(), subject: labels.join(" ") + &more, began: Instant::now() }
    }

    /// Writes how it ended. That this cannot be written is no reason for the run to fail.
    pub async fn end(self, ended: &Result<Summary, CollectError>) {
        let entry = AuditEntry {
            duration_ms: i64::try_from(self.began.elapsed().as_millis()).ok(),
            ..entry(ended).about(self.subject)
        };
        if let Err(error) = self.store.audit(&[entry]).await {
            tracing::warn!(%error, "the audit log could not be written");
        }
    }
}

fn entry(ended: &Result<Summary, CollectError>) -> AuditEntry {
    let new =
        |level, outcome| AuditEntry { level, ..AuditEntry::new(clock(), COMMAND_LINE, "collect", outcome) };
    match ended {
        Ok(summary) => {
            let level = match summary.outcome {
                Outcome::Completed => AuditLevel::Info,
                Outcome::Partial | Outcome::Cancelled => AuditLevel::Warning,
                Outcome::Failed => AuditLevel::Error,
            };
            let detail = json!({"documents": summary.documents, "by_kind": summary.by_kind});
            new(level, summary.outcome.name()).within(summary.run, None).with(detail)
        }
        Err(error) => {
            let class = match error {
                CollectError::Run(RunError::Fault(_)) => "fault",
                CollectError::Run(RunError::Store(_)) | CollectError::Store(_) => "store",
                CollectError::Run(RunError::Faults(_) | RunError::Usage(_)) => "usage",
            };
            let failed = new(AuditLevel::Error, "failed").with(json!({"error": error.to_string()}));
            AuditEntry { error_class: Some(class.to_owned()), ..failed }
        }
    }
}
