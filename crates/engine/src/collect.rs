//! The main job: from inputs to kept records. Fetch or load each document, land it, read it, refine
//! what it states, commit; follow what it leads to; sweep what a complete list no longer holds.
//!
//! A document's bytes are landed before they are read, and everything one batch states is committed
//! in one transaction. One document failing leaves the others whole and the run partial.

mod drive;
mod input;
mod landed;
mod origin;
mod progress;
mod summary;
mod take;
mod tally;

use std::sync::Arc;
use std::time::Instant;

use chrono::{DateTime, Utc};
use connect::fetch::Fetcher;
use connect::{ReadOptions, StartError};
use model::RunId;
use serde_json::json;
use store::{RunStart, Store, StoreError};
use thiserror::Error;
use tokio::sync::watch;
use tracing::Instrument;

use crate::spans;

pub use input::{Input, InputError, resolve};
pub use origin::{Named, Origin, Recogniser};
pub use progress::Progress;
pub use summary::{Counts, Documents, Failure, NOTES_MAX, Outcome, ReasonCount, Summary};

/// Bounds and manners of a run.
#[derive(Debug, Clone)]
pub struct CollectOptions {
    /// What readers may know beside the document.
    pub read: ReadOptions,
    /// Documents at most; the run is partial when there would be more.
    pub max_documents: u64,
    /// How many links a document may be away from the first ones.
    pub max_depth: u32,
    /// Requests under way at once.
    pub concurrency: usize,
    /// Largest share of known events that may vanish at once; 1 accepts any.
    pub max_shrink: f64,
    /// Read documents again that have not changed.
    pub reread: bool,
    /// Mark as vanished what a complete list no longer holds.
    pub sweep: bool,
    /// Nothing is written: the store is a rehearsal copy.
    pub dry_run: bool,
}

/// A run that is ready to start.
pub struct Collect {
    /// Where everything is kept.
    pub store: Store,
    /// The only way to the outside; `None` where only files are read.
    pub fetcher: Option<Fetcher>,
    /// What to collect from.
    pub origins: Vec<Origin>,
    /// Bounds.
    pub options: CollectOptions,
    /// Tells the time of commits.
    pub clock: fn() -> DateTime<Utc>,
}

/// Why a run could not go on. Single documents failing is no reason: that is in the summary.
#[derive(Debug, Error)]
pub enum CollectError {
    /// A connector could not name its first requests.
    #[error("{connector}: {error}")]
    Start {
        /// Which one.
        connector: String,
        /// Why.
        error: StartError,
    },
    /// The store failed; what was committed before is whole.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A part of the program died; a fault of ours.
    #[error("callboard has a fault: {0}; please report it with the input")]
    Fault(String),
}

impl Collect {
    /// Runs to the end, or until `cancelled` turns true; what was read until then is kept.
    pub async fn run(
        self,
        progress: Arc<Progress>,
        cancelled: watch::Receiver<bool>,
    ) -> Result<Summary, CollectError> {
        let (began, run) = (Instant::now(), RunId::new());
        let inputs: Vec<&str> = self.origins.iter().map(|origin| origin.label.as_str()).collect();
        let command = json!({"command": "collect", "inputs": inputs});
        self.store.begin_run(RunStart { id: run, at: (self.clock)(), command }).await?;
        let (store, clock, dry_run) = (self.store.clone(), self.clock, self.options.dry_run);
        let span = spans::run(run);
        let mut drive = span.in_scope(|| drive::Drive::new(self, run, progress));
        let driven = drive.run_to_the_end(cancelled).instrument(span).await;
        let mut summary = drive.into_summary(run, dry_run);
        summary.elapsed_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        if driven.is_err() {
            summary.outcome = Outcome::Failed;
        }
        let kept = serde_json::to_value(&summary).unwrap_or_default();
        let ended = store.end_run(run, clock(), summary.outcome.name(), &kept).await;
        driven?;
        ended?;
        Ok(summary)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use connect::Params;
    use model::{SourceName, Window};

    use super::*;

    /// More documents than wait for the store at once: what was not yet taken when all that was under
    /// way had come in must still be taken.
    #[tokio::test(flavor = "multi_thread")]
    async fn a_slow_store_loses_nothing() {
        let folder = testkit::TempFolder::new();
        let files = (0..1_200).map(|number| {
            let path = folder.path().join(format!("{number}.ics"));
            let event = format!("UID:{number}\r\nDTSTART:20260501T190000Z\r\nSUMMARY:Evening {number}");
            let lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", &event, "END:VEVENT", "END:VCALENDAR", ""];
            std::fs::write(&path, lines.join("\r\n")).unwrap();
            (path, number.to_string())
        });
        let origin = Origin { files: files.collect(), ..origin() };
        let store = Store::in_memory().await.unwrap();
        let collect = Collect { store, fetcher: None, origins: vec![origin], options: options(), clock };
        let (_cancel, cancelled) = watch::channel(false);
        let summary = collect.run(Arc::default(), cancelled).await.unwrap();
        assert_eq!(summary.outcome.name(), "completed");
        assert_eq!(summary.by_kind["event"].new, 1_200);
    }

    fn clock() -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_570)
    }

    fn origin() -> Origin {
        Origin {
            label: "folder".to_owned(),
            connector: None,
            params: Params::default(),
            scope: "folder".to_owned(),
            named: Named::Source(SourceName::new("folder")),
            recognise: Arc::new(|_| None),
            requests: Vec::new(),
            files: Vec::new(),
            landed: Vec::new(),
        }
    }

    fn options() -> CollectOptions {
        let window = Window::around(clock().date_naive(), 31, 366);
        CollectOptions {
            read: ReadOptions { window, timezone: None, now: clock() },
            max_documents: 10_000,
            max_depth: 1,
            concurrency: 16,
            max_shrink: 0.5,
            reread: false,
            sweep: true,
            dry_run: false,
        }
    }
}
