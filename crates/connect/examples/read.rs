//! callboard's side of `bench/`: reads documents held in memory again and again, on one thread, and
//! prints what that took as one JSON line.
//!
//! `read pages|calendars SECONDS FIRST LAST -- FILE...`: repeats until SECONDS of CPU time are used;
//! repeating events are expanded from day FIRST to day LAST. The first pass is not timed.

use std::env;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{self, Write};
use std::time::Instant;

use chrono::{NaiveTime, TimeDelta};
use connect::{ReadError, ReadOptions};
use model::{Document, Kind, Reading, Window};
use serde_json::json;
use url::Url;

type Reader = fn(&Document, &ReadOptions) -> Result<Reading, ReadError>;

const USAGE: &str = "usage: read pages|calendars SECONDS FIRST LAST -- FILE...";

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = env::args().skip(1).collect();
    let [mode, seconds, first, last, dashes, files @ ..] = args.as_slice() else { return Err(USAGE.into()) };
    if dashes != "--" {
        return Err(USAGE.into());
    }
    let reader: Reader = match mode.as_str() {
        "pages" => connect::detect::read,
        "calendars" => connect::format::ics::read,
        _ => return Err(USAGE.into()),
    };
    let options = options(Window { from: first.parse()?, to: last.parse()? });
    let documents = files.iter().map(|file| document(file)).collect::<Result<Vec<_>, _>>()?;
    let result = measure(reader, &documents, &options, seconds.parse()?)?;
    writeln!(io::stdout().lock(), "{result}")?;
    Ok(())
}

/// "Now" is a month into the window, as it is when collecting.
fn options(window: Window) -> ReadOptions {
    let now = (window.from + TimeDelta::days(31)).and_time(NaiveTime::MIN).and_utc();
    ReadOptions { window, timezone: None, now }
}

fn document(file: &str) -> Result<Document, Box<dyn Error>> {
    let body = fs::read(file).map_err(|error| format!("cannot read {file}: {error}"))?;
    Ok(Document::from_bytes(file, Url::parse("https://example.org/")?, body))
}

fn measure(
    reader: Reader,
    documents: &[Document],
    options: &ReadOptions,
    seconds: f64,
) -> Result<serde_json::Value, Box<dyn Error>> {
    let found = pass(reader, documents, options);
    let (cpu, wall, mut passes) = (cpu_seconds()?, Instant::now(), 0);
    while cpu_seconds()? - cpu < seconds && !documents.is_empty() {
        black_box(pass(reader, documents, options));
        passes += 1;
    }
    Ok(json!({
        "documents": passes * documents.len(),
        "records": found.events,
        "failed": found.failed,
        "passes": passes,
        "cpu_s": cpu_seconds()? - cpu,
        "wall_s": wall.elapsed().as_secs_f64(),
        "versions": {"callboard": env!("CARGO_PKG_VERSION")},
    }))
}

#[derive(Default)]
struct Found {
    events: usize,
    /// Documents in which nothing is listed: an error is the right answer.
    failed: usize,
}

fn pass(reader: Reader, documents: &[Document], options: &ReadOptions) -> Found {
    let mut found = Found::default();
    for document in documents {
        match black_box(reader(document, options)) {
            Ok(reading) => {
                found.events += reading.records.iter().filter(|r| r.kind() == Kind::Event).count();
            }
            Err(_) => found.failed += 1,
        }
    }
    found
}

/// User and system time of this process so far, from `/proc`; Linux counts it in hundredths.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field, the program's name, may hold spaces; what follows its ")" does not.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(f64::from(ticks) / 100.0)
}
