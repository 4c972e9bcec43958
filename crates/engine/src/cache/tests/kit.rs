//! A store that is told things in one line, a cache, and a clock that is set by hand.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use chrono_tz::Tz;
use model::{ContentHash, Found, Record, Request, RunId, SourceName, When, Zone};
use serde_json::json;
use store::cache::{CacheAddress, Memory, Redis, RedisOptions};
use store::{Address, Batch, LandedDocument, Read, Remarks, RunStart, Server, SweepScope};
use testkit::TempFolder;
use testkit::servers::{Server as Shared, stores_are_on};

use super::super::*;

/// It is the evening of 9 March 2026 in Chicago, and the next day in UTC.
const NOW: &str = "2026-03-10T02:00:00Z";

/// Makes a cache for a store of this identity.
pub type Make = Box<dyn FnOnce(String, Clock) -> Arc<dyn Cache>>;

/// One of each sort.
pub fn caches() -> Vec<Make> {
    let mut makes: Vec<Make> = vec![Box::new(|_, clock| Arc::new(Memory::new(10_000_000, clock)))];
    if let Some(url) = Shared::Redis.shared() {
        makes.push(Box::new(move |store, _| Arc::new(redis(&url, &prefix(), store))));
    }
    makes
}

pub fn redis(url: &str, prefix: &str, store: String) -> Redis {
    let address: CacheAddress = url.parse().unwrap();
    let options = RedisOptions { prefix: prefix.to_owned(), store, timeout: Duration::from_secs(5) };
    Redis::new(&address, options).unwrap()
}

fn prefix() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("test:engine:{}:{}:", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

pub struct Desk {
    pub days: DayCache,
    /// Seconds that have passed.
    passed: Arc<AtomicI64>,
    pages: u32,
}

impl Desk {
    pub async fn new(make: Make) -> Desk {
        let store = store().await;
        let passed = Arc::new(AtomicI64::new(0));
        let clock: Clock = Arc::new({
            let passed = passed.clone();
            move || NOW.parse::<DateTime<Utc>>().unwrap() + TimeDelta::seconds(passed.load(Ordering::SeqCst))
        });
        let cache = make(store.identity().await.unwrap(), clock.clone());
        let days = DayCache { store, cache, clock, zone: Tz::America__Chicago, ahead: 30 };
        Desk { days, passed, pages: 0 }
    }

    pub fn pass(&self, time: TimeDelta) {
        self.passed.fetch_add(time.num_seconds(), Ordering::SeqCst);
    }

    /// A run that reads one more page with these records.
    pub async fn collect(&mut self, records: Vec<Record>) {
        self.pages += 1;
        let page = format!("page {}", self.pages);
        let run = self.begin().await;
        self.commit(run, &page, records).await;
    }

    /// A run that reads a page which is all there is; gives how many events vanished.
    pub async fn collect_all(&mut self, records: Vec<Record>) -> u64 {
        let run = self.begin().await;
        self.commit(run, "all", records).await;
        let window = Window { from: day("2026-01-01"), to: day("2026-12-31") };
        let (source, scope) = (SourceName::new("a"), "scope".to_owned());
        let what = SweepScope { source, scope, window, max_shrink: 1.0 };
        self.days.store.sweep(run, (self.days.clock)(), &what).await.unwrap().vanished
    }

    /// Purges what was not stated in the last day.
    pub async fn purge(&self) {
        let cutoff = (self.days.clock)() - TimeDelta::hours(24);
        self.days.store.purge_older(&SourceName::new("a"), cutoff).await.unwrap();
    }

    async fn begin(&self) -> RunId {
        let (id, at) = (RunId::new(), (self.days.clock)());
        self.days.store.begin_run(RunStart { id, at, command: json!({}) }).await.unwrap();
        id
    }

    async fn commit(&self, run: RunId, page: &str, records: Vec<Record>) {
        let at = (self.days.clock)();
        let documents = vec![document(page, at, records)];
        self.days.store.commit(Batch { run, at, documents }).await.unwrap();
    }
}

/// An empty store of its own: in memory, or a schema of the server that stores of tests are on.
async fn store() -> Store {
    let Some(url) = stores_are_on() else { return Store::in_memory().await.unwrap() };
    let folder = TempFolder::new();
    let namespace = folder.path().file_name().unwrap_or_default().to_string_lossy().into_owned();
    let landing = folder.path().join("landing");
    Store::open(Address::Server(Server { url, namespace, landing, connections: 8 })).await.unwrap()
}

fn document(page: &str, at: DateTime<Utc>, records: Vec<Record>) -> LandedDocument {
    let url: url::Url = "https://a.test/".parse().unwrap();
    LandedDocument {
        name: page.to_owned(),
        url: url.to_string(),
        request: Request::get(url),
        status: 200,
        headers: Vec::new(),
        fetched_at: at,
        found: Found::Fetched,
        body: Some(ContentHash::of(page.as_bytes())),
        size_bytes: 10,
        source: SourceName::new("a"),
        connector: "page".to_owned(),
        scope: "scope".to_owned(),
        etag: None,
        last_modified: None,
        read: Read::Records { reading_key: "r".to_owned(), records, quarantined: Vec::new(), cursor: None },
        remarks: Remarks::default(),
    }
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Noon in Chicago.
pub fn on(day: &str) -> When {
    When::at_local(day, format!("{day}T12:00:00").parse().unwrap(), Zone::Named(Tz::America__Chicago))
}

/// Eight in the evening in Chicago, which is the next day in UTC.
pub fn evening(day: &str) -> When {
    When::at_local(day, format!("{day}T20:00:00").parse().unwrap(), Zone::Named(Tz::America__Chicago))
}

pub fn event(key: &str, title: &str, start: When) -> Record {
    let fields =
        model::Event { title: title.to_owned().into(), start: start.into(), ..model::Event::default() };
    Record::new(key, fields)
}
