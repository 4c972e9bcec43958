//! How fast the store takes records: `cargo run --release -p store --example load [EVENTS]`.
//! Loads generated events with their venues, commits the same again, then again as unchanged
//! documents, and prints rows per second and memory. Only the commits are timed.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program for measuring")]

use std::path::Path;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use model::{ContentHash, Event, Found, Record, Request, RunId, SourceName, Venue, When, Zone};
use serde_json::json;
use store::{Batch, EventQuery, LandedDocument, Read, RunStart, Store, StoreError, SweepScope};

const EVENTS_PER_DOCUMENT: usize = 50;
const DOCUMENTS_PER_BATCH: usize = 40;

#[derive(Clone, Copy, PartialEq)]
enum Pass {
    First,
    Again,
    Unchanged,
}

#[tokio::main]
async fn main() -> Result<(), StoreError> {
    let events: usize = std::env::args().nth(1).and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let folder = std::env::temp_dir().join(format!("callboard-load-{}", std::process::id()));
    let told = std::fs::create_dir_all(&folder);
    let measured = if told.is_ok() { measure(&folder.join("load.db"), events).await } else { Ok(()) };
    let _ = std::fs::remove_dir_all(&folder);
    measured
}

async fn measure(db: &Path, events: usize) -> Result<(), StoreError> {
    let store = Store::open(db).await?;
    println!("opened: {} resident", resident());
    measure_landing(&store).await?;
    for (name, pass) in
        [("first load", Pass::First), ("same again", Pass::Again), ("unchanged", Pass::Unchanged)]
    {
        let run = RunId::new();
        store.begin_run(RunStart { id: run, at: Utc::now(), command: json!({}) }).await?;
        let taken = load(&store, run, events, pass).await?;
        let rows = (events * 2) as f64 / taken.as_secs_f64();
        println!("{name}: {} rows in {taken:.2?}, {rows:.0} rows/s, {} resident", events * 2, resident());
        let started = Instant::now();
        let swept = store.sweep(run, Utc::now(), &everything()).await?;
        println!("  sweep: {swept:?} in {:.2?}", started.elapsed());
        store.end_run(run, Utc::now(), "completed", &json!({})).await?;
    }
    for (name, query) in queries() {
        let started = Instant::now();
        let found = store.events(&query).await?.len();
        println!("{name}: {found} events in {:.2?}", started.elapsed());
    }
    println!("{:?}", store.counts().await?);
    store.close().await;
    Ok(())
}

async fn measure_landing(store: &Store) -> Result<(), StoreError> {
    let started = Instant::now();
    for number in 0..5_000 {
        store.landing().put(&format!("<html>{number} {}</html>", "some markup ".repeat(300)).into()).await?;
    }
    println!("landing: {:.0} bodies/s", 5_000.0 / started.elapsed().as_secs_f64());
    Ok(())
}

async fn load(store: &Store, run: RunId, events: usize, pass: Pass) -> Result<Duration, StoreError> {
    let mut taken = Duration::ZERO;
    for first in (0..events).step_by(EVENTS_PER_DOCUMENT * DOCUMENTS_PER_BATCH) {
        let starts = (first..events).step_by(EVENTS_PER_DOCUMENT).take(DOCUMENTS_PER_BATCH);
        let documents = starts.map(|start| document(start, pass)).collect();
        let batch = Batch { run, at: Utc::now(), documents };
        let started = Instant::now();
        store.commit(batch).await?;
        taken += started.elapsed();
    }
    Ok(taken)
}

fn document(first: usize, pass: Pass) -> LandedDocument {
    let name = format!("https://load.test/page/{first}");
    let read = if pass == Pass::Unchanged {
        Read::Unchanged
    } else {
        let records = (first..first + EVENTS_PER_DOCUMENT).flat_map(records).collect();
        Read::Records { reading_key: "1".into(), records, quarantined: vec![], cursor: None }
    };
    let url: url::Url = name.parse().expect("a valid address");
    LandedDocument {
        url: name.clone(),
        request: Request::get(url),
        status: 200,
        headers: vec![("content-type".into(), "text/html; charset=utf-8".into())],
        fetched_at: Utc::now(),
        found: Found::Fetched,
        body: Some(ContentHash::of(name.as_bytes())),
        size_bytes: 40_000,
        source: SourceName::new("load.test"),
        connector: "page".into(),
        scope: "https://load.test/".into(),
        etag: None,
        last_modified: None,
        read,
        name,
        remarks: store::Remarks::default(),
    }
}

fn records(number: usize) -> [Record; 2] {
    let day: DateTime<Utc> = DateTime::UNIX_EPOCH + TimeDelta::days(20_500 + (number % 365) as i64);
    let zone = Zone::Named(berlin());
    let start = When::at_instant("Saturday, 7 pm", day + TimeDelta::hours(19), zone);
    let end = When::at_instant("10 pm", day + TimeDelta::hours(22), zone);
    let words = ["jazz", "opera", "market", "lecture", "marathon", "hearing", "ballet"];
    let event = Event {
        title: format!("{} evening number {number}", words[number % 7]).into(),
        description: format!(
            "{} {number}",
            "An evening with friends, food and music at the old town hall.".repeat(4)
        )
        .into(),
        status: "scheduled".into(),
        start: start.into(),
        end: end.into(),
        timezone: "Europe/Berlin".into(),
        url: format!("https://load.test/event/{number}").into(),
        image_url: format!("https://load.test/image/{number}.jpg").into(),
        categories: vec!["Music".to_owned(), words[number % 7].to_owned()].into(),
        venue: format!("venue-{number}").into(),
        currency: "EUR".into(),
        is_free: false.into(),
        ..Event::default()
    };
    let venue = Venue {
        name: format!("Hall {number}").into(),
        street: format!("High Street {number}").into(),
        city: "Berlin".into(),
        country: "DE".into(),
        lat: (52.0 + (number % 1_000) as f64 / 1_000.0).into(),
        lon: (13.0 + (number % 777) as f64 / 777.0).into(),
        ..Venue::default()
    };
    [Record::new(format!("event-{number}"), event), Record::new(format!("venue-{number}"), venue)]
}

fn berlin() -> chrono_tz::Tz {
    chrono_tz::Europe::Berlin
}

fn everything() -> SweepScope {
    let window = model::Window { from: chrono::NaiveDate::MIN, to: chrono::NaiveDate::MAX };
    let (source, scope) = (SourceName::new("load.test"), "https://load.test/".to_owned());
    SweepScope { source, scope, window, max_shrink: 0.5 }
}

fn queries() -> [(&'static str, EventQuery); 4] {
    let any = || EventQuery { limit: Some(20), ..EventQuery::default() };
    let day = |text: &str| text.parse().ok().map(store::Bound::Day);
    let near = Some(store::Near { lat: 52.5, lon: 13.4, radius_km: 5.0 });
    [
        ("first 20", any()),
        ("one week", EventQuery { from: day("2026-06-01"), to: day("2026-06-07"), ..any() }),
        ("by text", EventQuery { text: Some("jazz 77".to_owned()), ..any() }),
        ("near", EventQuery { near, ..any() }),
    ]
}

fn resident() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmRSS"));
    line.and_then(|line| line.split_once(':'))
        .map_or_else(|| "unknown".to_owned(), |(_, size)| size.trim().to_owned())
}
