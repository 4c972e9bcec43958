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
    let files = (0..1_200).map(|number| calendar(&folder, number)).collect();
    let store = crate::run::tests::empty_store().await;
    let summary = collected(&store, vec![Origin { files, ..origin() }]).await;
    assert_eq!(summary.outcome.name(), "completed");
    assert_eq!(summary.by_kind["event"].new, 1_200);
}

/// More files than a pipeline has steps are one step, and each of them is swept by itself all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_folder_may_hold_more_files_than_a_pipeline_has_steps() {
    let folder = testkit::TempFolder::new();
    let most = MOST_STEPS + 1;
    let origins = || {
        let alone = |number| {
            let (path, name) = calendar(&folder, number);
            let named = Named::Source(SourceName::new(&name));
            Origin { label: name.clone(), scope: name.clone(), named, files: vec![(path, name)], ..origin() }
        };
        (0..most).map(alone).collect::<Vec<Origin>>()
    };
    let store = crate::run::tests::empty_store().await;
    let summary = collected(&store, origins()).await;
    assert_eq!(summary.outcome.name(), "completed");
    assert_eq!(summary.by_kind["event"].new, most as u64);
    let origins = origins();
    std::fs::write(&origins[7].files[0].0, "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n").unwrap();
    std::fs::write(&origins[8].files[0].0, "no calendar").unwrap();
    let options = CollectOptions { max_shrink: 1.0, ..options() };
    let summary = collected_with(&store, origins, options).await;
    assert_eq!((summary.outcome.name(), summary.failures.len()), ("partial", 1));
    assert_eq!(summary.documents.unchanged, most as u64 - 2);
    assert_eq!(summary.by_kind["event"].vanished, 1);
}

/// A document that is not all there makes every run partial, not only the one that it came in.
#[tokio::test]
async fn what_was_not_read_whole_is_told_each_time() {
    let folder = testkit::TempFolder::new();
    let store = crate::run::tests::empty_store().await;
    let (path, name) = calendar(&folder, 1);
    let whole = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, whole.replace("END:VCALENDAR\r\n", "")).unwrap();
    for _ in 0..2 {
        let files = vec![(path.clone(), name.clone())];
        let summary = collected(&store, vec![Origin { files, ..origin() }]).await;
        assert_eq!(summary.outcome.name(), "partial");
        assert!(summary.notes.iter().any(|note| note.contains("ends inside")), "{:?}", summary.notes);
    }
}

/// A calendar of one event, and its name in the store.
fn calendar(folder: &testkit::TempFolder, number: usize) -> (std::path::PathBuf, String) {
    let event = format!("UID:{number}\r\nDTSTART:20260501T190000Z\r\nSUMMARY:Evening {number}");
    let lines = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", &event, "END:VEVENT", "END:VCALENDAR", ""];
    (folder.write(&format!("{number}.ics"), lines.join("\r\n")), number.to_string())
}

async fn collected(store: &Store, origins: Vec<Origin>) -> Summary {
    collected_with(store, origins, options()).await
}

async fn collected_with(store: &Store, origins: Vec<Origin>, options: CollectOptions) -> Summary {
    let (store, catalog) = (store.clone(), Arc::new(NoCatalog));
    let collect = Collect { store, fetcher: None, catalog, origins, options, clock };
    let (_cancel, cancelled) = watch::channel(false);
    collect.run(Arc::default(), cancelled).await.unwrap()
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
