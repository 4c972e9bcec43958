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
use model::{Document, Event, Reading, Record, Stated, When, Window};
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
    let found = survey(reader, documents, options);
    let (cpu, wall, mut passes) = (cpu_seconds()?, Instant::now(), 0);
    while cpu_seconds()? - cpu < seconds && !documents.is_empty() {
        for document in documents {
            let _ = black_box(reader(document, options));
        }
        passes += 1;
    }
    Ok(json!({
        "documents": passes * documents.len(),
        "records": found.events,
        "in_window": found.in_window,
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
    /// Those of which some day lies in the window; single events outside it are kept too.
    in_window: usize,
    /// Documents in which nothing is listed: an error is the right answer.
    failed: usize,
}

/// What one pass finds; also warms up.
fn survey(reader: Reader, documents: &[Document], options: &ReadOptions) -> Found {
    let mut found = Found::default();
    for document in documents {
        let Ok(reading) = reader(document, options) else {
            found.failed += 1;
            continue;
        };
        let events = reading.records.iter().filter_map(Record::as_event);
        found.events += events.clone().count();
        found.in_window += events.filter(|event| touches(event, options.window)).count();
    }
    found
}

fn touches(event: &Event, window: Window) -> bool {
    let day = |when: &Stated<When>| when.value().and_then(|when| when.date);
    let first = day(&event.start);
    let last = day(&event.end).or(first);
    first.is_some_and(|day| day <= window.to) && last.is_some_and(|day| day >= window.from)
}

/// User and system time of this process so far, from `/proc`; Linux counts it in hundredths.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    // The second field, the program's name, may hold spaces; what follows its ")" does not.
    let fields = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(f64::from(ticks) / 100.0)
}
