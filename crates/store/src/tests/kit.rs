//! A store with a short way to tell it things: one call is one run over some documents.

use std::path::{Path, PathBuf};

use crate::{
    Address, Batch, CommitOutcome, Counts, EventQuery, LandedDocument, OpenOptions, Quarantined, Read,
    RunStart, Server, Store, Sweep, SweepScope,
};
use chrono::{DateTime, TimeDelta, Utc};
use model::{Change, Event, Found, Kind, Record, Request, RunId, SourceName, Venue, When, Window};
use serde_json::json;
use testkit::TempFolder;
use testkit::servers::stores_are_on;

pub const SCOPE: &str = "https://a.test/";

/// Where the store of `folder` is: a file in it, or the schema called after it.
pub fn db(folder: &TempFolder) -> Address {
    db_at(folder.path())
}

/// The same for a folder that another process made.
pub fn db_at(folder: &Path) -> Address {
    match stores_are_on() {
        None => Address::File(folder.join("callboard.db")),
        Some(url) => {
            let namespace = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Address::Server(Server { url, namespace, landing: folder.join("landing"), connections: 8 })
        }
    }
}

/// The file of the store of `folder`, for what only files do.
pub fn file(folder: &TempFolder) -> PathBuf {
    folder.path().join("callboard.db")
}

/// Whether a test is to be left out because it is about files, and stores are on a server.
pub fn about_files() -> bool {
    stores_are_on().is_some()
}

/// Waiting so long for other processes.
pub fn waiting(millis: u64) -> OpenOptions {
    OpenOptions { busy_wait: std::time::Duration::from_millis(millis), ..OpenOptions::default() }
}

/// An empty store of its own.
pub async fn store() -> Store {
    match stores_are_on() {
        None => Store::in_memory().await.unwrap(),
        // Its landing is never used, so that the folder may go.
        Some(_) => Store::open(db(&TempFolder::new())).await.unwrap(),
    }
}

pub struct Kit {
    pub store: Store,
    runs: u32,
}

pub fn now() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

impl Kit {
    pub async fn new() -> Kit {
        Kit { store: store().await, runs: 0 }
    }

    pub fn of(store: Store) -> Kit {
        Kit { store, runs: 0 }
    }

    /// The next run begins so many days later.
    pub fn days_pass(&mut self, days: u32) {
        self.runs += 24 * days;
    }

    /// Begins a run; each is an hour after the one before.
    pub async fn begin(&mut self) -> (RunId, DateTime<Utc>) {
        self.runs += 1;
        let (id, at) = (RunId::new(), now() + TimeDelta::hours(i64::from(self.runs)));
        self.store.begin_run(RunStart { id, at, command: json!({"inputs": [SCOPE]}) }).await.unwrap();
        (id, at)
    }

    pub async fn commit(&self, run: (RunId, DateTime<Utc>), documents: Vec<LandedDocument>) -> CommitOutcome {
        let batch = Batch { run: run.0, at: run.1, documents };
        self.store.commit(batch).await.unwrap()
    }

    /// A whole run: begin, commit, end.
    pub async fn collect(&mut self, documents: Vec<LandedDocument>) -> CommitOutcome {
        let run = self.begin().await;
        let outcome = self.commit(run, documents).await;
        self.store.end_run(run.0, run.1, "completed", &json!({})).await.unwrap();
        outcome
    }

    /// A whole run with a sweep of everything in March to May.
    pub async fn collect_and_sweep(&mut self, documents: Vec<LandedDocument>, max_shrink: f64) -> Sweep {
        let run = self.begin().await;
        self.commit(run, documents).await;
        self.store.sweep(run.0, run.1, &scope(max_shrink)).await.unwrap()
    }

    pub async fn titles(&self, query: EventQuery) -> Vec<String> {
        let events = self.store.events(&query).await.unwrap();
        events.into_iter().map(|event| event.title.unwrap_or_default()).collect()
    }

    /// The log after `since` as `op field: from -> to` lines.
    pub async fn log(&self, since: i64) -> Vec<String> {
        let changes = self.store.changes(since, 1_000).await.unwrap();
        changes.iter().map(line).collect()
    }

    pub async fn last_change(&self) -> i64 {
        self.store.changes(0, 10_000).await.unwrap().last().map_or(0, |change| change.seq)
    }
}

fn line(change: &Change) -> String {
    let edits: Vec<String> =
        change.edits.iter().map(|edit| format!("{}: {} -> {}", edit.field, edit.from, edit.to)).collect();
    format!("{} {} {}", change.op.name(), change.kind.name(), edits.join(", "))
}

pub fn scope(max_shrink: f64) -> SweepScope {
    let window = Window { from: "2026-03-01".parse().unwrap(), to: "2026-05-31".parse().unwrap() };
    SweepScope { source: SourceName::new("a"), scope: SCOPE.to_owned(), window, max_shrink }
}

pub fn document(name: &str, read: Read) -> LandedDocument {
    let url: url::Url = format!("https://a.test/{name}").parse().unwrap();
    LandedDocument {
        name: name.to_owned(),
        url: url.to_string(),
        request: Request::get(url),
        status: 200,
        headers: vec![("content-type".to_owned(), "text/html".to_owned())],
        fetched_at: now(),
        found: Found::Fetched,
        body: Some(model::ContentHash::of(name.as_bytes())),
        size_bytes: 10,
        source: SourceName::new("a"),
        connector: "page".to_owned(),
        scope: SCOPE.to_owned(),
        etag: Some("\"1\"".to_owned()),
        last_modified: None,
        read,
        remarks: crate::Remarks::default(),
    }
}

pub fn page(name: &str, records: Vec<Record>) -> LandedDocument {
    document(name, records_read(records, Vec::new()))
}

pub fn records_read(records: Vec<Record>, quarantined: Vec<Quarantined>) -> Read {
    Read::Records { reading_key: "r1".to_owned(), records, quarantined, cursor: None }
}

pub fn kept_out(key: Option<&str>, reason: &str) -> Quarantined {
    Quarantined {
        kind: Some(Kind::Event),
        key: key.map(str::to_owned),
        reason: reason.to_owned(),
        detail: "no start".to_owned(),
        said: json!({"title": reason}),
    }
}

/// An event with a title on a day in March at 19:00 in Berlin.
pub fn event(title: &str) -> Event {
    Event { title: title.into(), start: on("2026-03-10").into(), ..Event::default() }
}

pub fn on(day: &str) -> When {
    let local = format!("{day}T19:00:00").parse().unwrap();
    When::at_local(day, local, model::Zone::Named("Europe/Berlin".parse().unwrap()))
}

pub fn titled(key: &str, title: &str) -> Record {
    Record::new(key, event(title))
}

pub fn venue(key: &str, name: &str, lat: f64, lon: f64) -> Record {
    Record::new(key, Venue { name: name.into(), lat: lat.into(), lon: lon.into(), ..Venue::default() })
}

pub fn counts(outcome: &CommitOutcome, kind: Kind) -> (i64, i64, i64) {
    let Counts { new, changed, unchanged, read } = outcome.by_kind.get(&kind).copied().unwrap_or_default();
    assert_eq!(read, new + changed + unchanged);
    (new, changed, unchanged)
}
