//! Collecting through the runner, on a store in memory.

use connect::Params;
use model::{SourceName, Window};

use super::*;
use crate::run::Wanted;

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
    let store = crate::run::tests::empty_store().await;
    let catalog = Arc::new(NoCatalog);
    let origins = vec![origin];
    let collect = Collect { store, fetcher: None, catalog, origins, options: options(), clock };
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
        wanted: None,
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

/// Nothing is to be found by name.
struct NoCatalog;

impl Catalog for NoCatalog {
    fn origins(&self, _: &Wanted) -> Result<Vec<Origin>, String> {
        Ok(Vec::new())
    }

    fn connector(&self, _: &str) -> Option<Arc<dyn connect::Connector>> {
        None
    }

    fn collect_options(&self) -> Result<CollectOptions, String> {
        Ok(options())
    }

    fn pipeline(&self, name: &str) -> Result<Pipeline, String> {
        Err(format!("there is no pipeline {name}"))
    }
}
