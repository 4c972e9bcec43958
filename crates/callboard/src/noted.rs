//! What the command line does is written into the audit log, however it ends.

use std::fmt::Display;
use std::time::Instant;

use engine::collect::{Collect, CollectError, Outcome, Summary};
use engine::run::{COMMAND_LINE, RunError, host};
use model::RunId;
use serde_json::{Value, json};
use store::{AuditEntry, AuditLevel, Store, StoreError};

use crate::clock;
use crate::world::env;

/// Who calls: the user and the machine, as far as the environment says.
pub fn who() -> String {
    let user =
        ["USER", "LOGNAME", "USERNAME"].iter().find_map(|name| env(name).filter(|user| !user.is_empty()));
    user.map_or_else(|| COMMAND_LINE.to_owned(), |user| format!("{user}@{}", host()))
}

/// What a user does to a run, to items, to a schedule: written once it has ended or failed, in a
/// transaction of its own.
pub struct Doing {
    store: Store,
    entry: AuditEntry,
    began: Instant,
}

impl Doing {
    /// `operation`, like `run.cancel`, begins.
    pub fn begin(store: &Store, operation: &str) -> Doing {
        let entry = AuditEntry::new(clock(), &who(), operation, "completed");
        Doing { store: store.clone(), entry, began: Instant::now() }
    }

    /// It is done to `subject`.
    pub fn about(self, subject: impl Into<String>) -> Doing {
        Doing { entry: self.entry.about(subject), ..self }
    }

    /// It is done to a run.
    pub fn within(self, run: RunId) -> Doing {
        Doing { entry: self.entry.within(run, None), ..self }
    }

    /// What else is worth knowing.
    pub fn with(self, detail: Value) -> Doing {
        Doing { entry: self.entry.with(detail), ..self }
    }

    /// Writes how it ended, and gives that back.
    pub async fn end<T, E: Display + Faulty>(self, ended: Result<T, E>) -> Result<T, E> {
        self.end_as(ended, |_| "completed").await
    }

    /// The same for what may come to nothing: `refused` where it was not so that it could be done.
    pub async fn end_if<T, E: Display + Faulty>(
        self,
        ended: Result<T, E>,
        did: impl FnOnce(&T) -> bool,
    ) -> Result<T, E> {
        self.end_as(ended, |value| if did(value) { "completed" } else { "refused" }).await
    }

    /// The same with an outcome of its own.
    pub async fn end_as<T, E: Display + Faulty>(
        self,
        ended: Result<T, E>,
        outcome: impl FnOnce(&T) -> &'static str,
    ) -> Result<T, E> {
        let took = i64::try_from(self.began.elapsed().as_millis()).ok();
        let mut entry = AuditEntry { at: clock(), duration_ms: took, ..self.entry };
        let outcome = ended.as_ref().map_or("failed", outcome);
        if let Err(error) = &ended {
            entry.error_class = Some(error.class().to_owned());
            entry.detail = json!({"asked": entry.detail, "error": error.to_string()});
        }
        entry.level = match outcome {
            "completed" => AuditLevel::Info,
            "failed" => AuditLevel::Error,
            _ => AuditLevel::Warning,
        };
        outcome.clone_into(&mut entry.outcome);
        write(&self.store, entry).await;
        ended
    }
}

/// An error that has a class.
pub trait Faulty {
    fn class(&self) -> &'static str;
}

impl Faulty for StoreError {
    fn class(&self) -> &'static str {
        "store"
    }
}

impl Faulty for RunError {
    fn class(&self) -> &'static str {
        RunError::class(self)
    }
}

impl Faulty for anyhow::Error {
    fn class(&self) -> &'static str {
        let run = self.downcast_ref::<RunError>().map(RunError::class);
        run.or_else(|| self.downcast_ref::<StoreError>().map(Faulty::class)).unwrap_or("usage")
    }
}

/// That it cannot be written is no reason for what it tells about to fail.
async fn write(store: &Store, entry: AuditEntry) {
    if let Err(error) = store.audit(&[entry]).await {
        tracing::warn!(%error, "the audit log could not be written");
    }
}

/// A run of `collect` that has begun.
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
        write(&self.store, entry).await;
    }
}

fn entry(ended: &Result<Summary, CollectError>) -> AuditEntry {
    let new = |level, outcome| AuditEntry { level, ..AuditEntry::new(clock(), &who(), "collect", outcome) };
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
                CollectError::Run(error) => error.class(),
                CollectError::Store(error) => error.class(),
            };
            let failed = new(AuditLevel::Error, "failed").with(json!({"error": error.to_string()}));
            AuditEntry { error_class: Some(class.to_owned()), ..failed }
        }
    }
}
