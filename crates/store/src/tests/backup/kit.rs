//! Stores in both databases, filled with something of every sort, and backups in memory.

use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use model::{ContentHash, Event, Offer, Record};
use serde_json::json;
use testkit::TempFolder;
use testkit::servers::Server as Shared;

use crate::tests::kit::{Kit, document, event, kept_out, now, on, records_read, venue};
use crate::tests::queue::kit::{self as queue, Crew};
use crate::{
    Address, AuditEntry, BackedUp, BackupLanding, BackupOptions, BackupProgress, BackupSource, BackupTarget,
    LandedDocument, RunnerStart, Server, Store, StoreError,
};

/// Which database a store is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum In {
    Sqlite,
    Postgres,
}

/// Both, where there is a server.
pub fn databases() -> Vec<In> {
    let server = Shared::Postgres.shared().map(|_| In::Postgres);
    std::iter::once(In::Sqlite).chain(server).collect()
}

/// An empty store of a name in `folder`.
pub async fn empty(folder: &TempFolder, name: &str, database: In) -> Store {
    let address = match (database, Shared::Postgres.shared()) {
        (In::Postgres, Some(url)) => {
            let prefix = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
            let landing = folder.path().join(format!("{name}.landing"));
            Address::Server(Server { url, namespace: format!("{prefix}-{name}"), landing, connections: 4 })
        }
        _ => Address::File(folder.path().join(format!("{name}.db"))),
    };
    Store::open(address).await.unwrap()
}

/// A document whose body is in the landing.
pub async fn landed(store: &Store, name: &str, records: Vec<Record>) -> LandedDocument {
    let body = Bytes::from(format!("the page {name} {}", "x".repeat(300)));
    let hash = store.landing().put(&body).await.unwrap();
    let quarantined = vec![kept_out(Some("q1"), "no_start")];
    let read = records_read(records, if name == "list" { quarantined } else { Vec::new() });
    let size_bytes = body.len() as u64;
    LandedDocument { body: Some(hash), size_bytes, ..document(name, read) }
}

pub fn page_of(keys: std::ops::Range<u32>, title: &str) -> Vec<Record> {
    let odd = |n: u32| Event {
        title: format!("{title} {n} \u{e4}\u{0}\"").into(),
        start: on("2026-04-10").into(),
        venue: "v1".to_owned().into(),
        tags: vec!["jazz".to_owned(), "late".to_owned()].into(),
        ..event("")
    };
    let mut records = vec![venue("v1", "Kesselhaus", 52.123_456_789_012_34, 0.1 + 0.2)];
    records.extend(keys.clone().map(|n| Record::new(format!("e{n}"), odd(n))));
    records.extend(keys.map(|n| {
        let offer = Offer {
            event: format!("e{n}").into(),
            price: model::Amount::from_f64(f64::from(n) + 0.1 + 0.2).into(),
            ..Offer::default()
        };
        Record::new(format!("o{n}"), offer)
    }));
    records
}

/// A store with listings that changed and vanished, quarantine, audit, a schedule, and a run in hand.
pub async fn filled(store: Store) -> Store {
    let mut kit = Kit::of(store.clone());
    for title in ["First", "Second"] {
        let list = landed(&store, "list", page_of(0..30, title)).await;
        let detail = landed(&store, "detail", page_of(30..40, "Detail")).await;
        store.landing().settle(&[list.clone(), detail.clone()]).await.unwrap();
        kit.collect(vec![list, detail]).await;
    }
    kit.collect_and_sweep(vec![landed(&store, "list", page_of(0..25, "Second")).await], 1.0).await;
    let entry = |n: i64| {
        let made = AuditEntry::new(now(), "r1", "fetch", "completed").about(format!("https://a.test/{n}"));
        made.with(json!({"pages": n, "share": 0.1}))
    };
    store.audit(&(0..5).map(entry).collect::<Vec<_>>()).await.unwrap();
    store.keep_schedule("nightly", "nightly.yaml", &json!({"cron": "0 3 * * *"}), now()).await.unwrap();
    let crew = Crew::of(store.clone());
    crew.run_of(vec![queue::item(0, 0), queue::item(1, 1), queue::item(1, 2)]).await;
    let until = now() + chrono::TimeDelta::days(3_650);
    let start = RunnerStart {
        name: "r".to_owned(),
        host: "h".to_owned(),
        pid: 1,
        process: None,
        serves: None,
        at: now(),
        until,
    };
    let runner = store.start_runner(start).await.unwrap();
    assert_eq!(crew.lease(runner, 2).await.len(), 2);
    store
}

/// What is written into it.
#[derive(Clone, Default)]
pub struct Kept(pub Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

pub fn at() -> DateTime<Utc> {
    "2026-03-20T08:00:00Z".parse().unwrap()
}

pub async fn back_up(store: &Store, landing: BackupLanding) -> (Vec<u8>, BackedUp) {
    let kept = Kept::default();
    let target = BackupTarget::Stream(Box::new(kept.clone()));
    let options = BackupOptions { at: at(), landing };
    let made = store.back_up(target, options, &BackupProgress::default()).await.unwrap();
    let bytes = std::mem::take(&mut *kept.0.lock().unwrap());
    assert_eq!(bytes.len() as u64, made.bytes);
    (bytes, made)
}

pub async fn restore(store: &Store, backup: &[u8]) -> Result<crate::Restored, StoreError> {
    let source = BackupSource::Stream(Box::new(Cursor::new(backup.to_vec())));
    store.restore(source, at(), &BackupProgress::default()).await
}

pub async fn verify(backup: &[u8]) -> Result<BackedUp, StoreError> {
    let source = BackupSource::Stream(Box::new(Cursor::new(backup.to_vec())));
    crate::verify_backup(source, &BackupProgress::default()).await
}

pub fn hash(name: &str) -> ContentHash {
    ContentHash::of(format!("the page {name} {}", "x".repeat(300)).as_bytes())
}
