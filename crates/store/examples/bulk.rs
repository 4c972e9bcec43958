//! Loads events with their venues from JSON lines, as `bench/load.py` makes them, and prints one object:
//! `cargo run --release -p store --example bulk FILE STORE [PASSES]`. STORE is a file or `postgres://…`.
//!
//! Passes: `first` commits the records; `again` commits the same records once more, each compared with
//! what is kept; `unchanged` is a load whose bytes are those of last time, which is seen before anything
//! is read. Lines are read, parsed and committed as they come: what is held does not grow with the file.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "a program for measuring")]

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::time::Instant;

use chrono::{DateTime, Utc};
use model::{Amount, ContentHash, Event, Found, Record, Request, RunId, SourceName, Venue, When, Zone};
use serde::Deserialize;
use serde_json::{Map, json};
use store::{Address, Batch, LandedDocument, Read, Remarks, RunStart, Store};
use tokio::sync::mpsc;

/// As the program has it.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Lines that are one document, and documents that are committed together.
const LINES: usize = 500;
const DOCUMENTS: usize = 8;

#[derive(Deserialize)]
struct Line {
    id: String,
    title: String,
    kind: String,
    starts_at: DateTime<Utc>,
    ends_at: DateTime<Utc>,
    url: String,
    price_min: f64,
    price_max: f64,
    currency: String,
    status: String,
    venue: Place,
}

#[derive(Deserialize)]
struct Place {
    id: String,
    name: String,
    city: String,
    country: String,
    lat: f64,
    lon: f64,
    capacity: i64,
}

type Fault = Box<dyn std::error::Error>;

#[tokio::main]
async fn main() -> Result<(), Fault> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [file, store, passes @ ..] = args.as_slice() else { return Err("bulk FILE STORE [PASSES]".into()) };
    let store = Store::open(Address::parse(store)).await?;
    let mut told = Map::new();
    let passes = if passes.is_empty() {
        vec!["first", "again", "unchanged"]
    } else {
        passes.iter().map(String::as_str).collect()
    };
    for pass in passes {
        let (records, seconds) = load(&store, file, pass).await?;
        told.insert(pass.to_owned(), json!({"records": records, "seconds": seconds}));
    }
    told.insert("peak_mb".to_owned(), json!(peak_mb()));
    println!("{}", serde_json::to_string(&told)?);
    store.close().await;
    Ok(())
}

async fn load(store: &Store, file: &str, pass: &str) -> Result<(usize, f64), Fault> {
    let started = Instant::now();
    let run = RunId::new();
    store.begin_run(RunStart { id: run, at: Utc::now(), command: json!({"load": file}) }).await?;
    // One batch is read while the one before it is committed, as collecting does it.
    let (sender, mut batches) = mpsc::channel(1);
    let (file, pass) = (file.to_owned(), pass.to_owned());
    let reading =
        std::thread::spawn(move || read_all(&file, &pass, &sender).map_err(|error| error.to_string()));
    while let Some(documents) = batches.recv().await {
        store.commit(Batch { run, at: Utc::now(), documents }).await?;
    }
    let records = reading.join().map_err(|_| "the reader died")??;
    store.end_run(run, Utc::now(), "completed", &json!({})).await?;
    Ok((records, started.elapsed().as_secs_f64()))
}

fn read_all(file: &str, pass: &str, batches: &mpsc::Sender<Vec<LandedDocument>>) -> Result<usize, Fault> {
    let mut lines = BufReader::with_capacity(1 << 20, File::open(file)?).lines();
    let (mut number, mut records) = (0, 0);
    loop {
        let mut documents = Vec::with_capacity(DOCUMENTS);
        while documents.len() < DOCUMENTS {
            let chunk: Vec<String> = lines.by_ref().take(LINES).collect::<Result<_, _>>()?;
            if chunk.is_empty() {
                break;
            }
            records += chunk.len();
            documents.push(document(number, &chunk, pass)?);
            number += 1;
        }
        if documents.is_empty() || batches.blocking_send(documents).is_err() {
            return Ok(records);
        }
    }
}

fn document(number: usize, lines: &[String], pass: &str) -> Result<LandedDocument, Fault> {
    let mut hasher = Vec::with_capacity(lines.len() * 32);
    lines
        .iter()
        .for_each(|line| hasher.extend_from_slice(ContentHash::of(line.as_bytes()).to_hex().as_bytes()));
    let read = match pass {
        "unchanged" => Read::Unchanged,
        _ => {
            let records: Result<Vec<[Record; 2]>, Fault> = lines.iter().map(|line| read(line)).collect();
            let records = records?.into_iter().flatten().collect();
            Read::Records { reading_key: "1".into(), records, quarantined: vec![], cursor: None }
        }
    };
    let name = format!("https://bulk.test/part/{number}");
    Ok(LandedDocument {
        url: name.clone(),
        request: Request::get(name.parse()?),
        status: 200,
        headers: vec![],
        fetched_at: Utc::now(),
        found: Found::Fetched,
        body: Some(ContentHash::of(&hasher)),
        size_bytes: lines.iter().map(String::len).sum::<usize>() as u64,
        source: SourceName::new("bulk.test"),
        connector: "bulk".into(),
        scope: "https://bulk.test/".into(),
        etag: None,
        last_modified: None,
        read,
        name,
        remarks: Remarks::default(),
    })
}

fn read(line: &str) -> Result<[Record; 2], Fault> {
    let line: Line = serde_json::from_str(line)?;
    let at = |said: DateTime<Utc>| When::at_instant(said.to_rfc3339(), said, Zone::Named(chrono_tz::UTC));
    // A venue is stated with each event, and not always in the same words: each is kept as it was said.
    let venue = format!("{}@{}", line.venue.id, line.id);
    let event = Event {
        title: line.title.into(),
        start: at(line.starts_at).into(),
        end: at(line.ends_at).into(),
        url: line.url.into(),
        price_min: Amount::from_f64(line.price_min).into(),
        price_max: Amount::from_f64(line.price_max).into(),
        currency: line.currency.into(),
        status: line.status.into(),
        categories: vec![line.kind].into(),
        venue: venue.as_str().into(),
        ..Event::default()
    };
    let place = line.venue;
    let hall = Venue {
        name: place.name.into(),
        city: place.city.into(),
        country: place.country.into(),
        lat: place.lat.into(),
        lon: place.lon.into(),
        capacity: place.capacity.into(),
        ..Venue::default()
    };
    Ok([Record::new(line.id, event), Record::new(venue, hall)])
}

/// The most memory the process has had, in MB.
fn peak_mb() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    kilobytes.unwrap_or_default() / 1024.0
}
