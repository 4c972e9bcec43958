//! Runs the tests a manifest carries: recorded documents in, what they must give beside it.

use chrono::{DateTime, NaiveDate, Utc};
use model::{Document, Reading, Record, Request, Window};
use serde_json::{Value as Json, json};
use url::Url;

use super::Manifest;
use super::spec::{ExpectationSpec, KindSpec, RecordSpec, TestSpec};
use crate::connector::{Connector, Params, ReadOptions};

/// How one test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All as it must be.
    Passed,
    /// What differs, a line each.
    Failed(Vec<String>),
    /// The document is not there.
    Skipped,
}

/// One test and how it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// The document, as the manifest names it.
    pub document: String,
    /// How it went.
    pub outcome: Outcome,
}

/// Runs every test of `manifest`. `open` finds a document by the path a test names: in the manifest's
/// folder, or among the recorded ones.
pub fn run_tests(manifest: &Manifest, open: &dyn Fn(&str) -> Option<Vec<u8>>) -> Vec<Trial> {
    let run = |test: &TestSpec| {
        let outcome = match open(&test.document) {
            None => Outcome::Skipped,
            Some(body) => run_one(manifest, test, body),
        };
        Trial { document: test.document.clone(), outcome }
    };
    manifest.spec().tests.iter().map(run).collect()
}

fn run_one(manifest: &Manifest, test: &TestSpec, body: Vec<u8>) -> Outcome {
    let read = document(manifest, test, body).and_then(|document| {
        let options = options(test)?;
        manifest.read(&document, &params(test), &options).map_err(|error| error.to_string())
    });
    let differences = match (read, &test.expect.error) {
        (Err(error), Some(part)) if error.contains(part.as_str()) => Vec::new(),
        (Err(error), Some(part)) => vec![format!("error: expected one with `{part}`, got: {error}")],
        (Err(error), None) => vec![format!("could not be read: {error}")],
        (Ok(_), Some(part)) => vec![format!("error: expected one with `{part}`, but it was read")],
        (Ok(reading), None) => differences(&test.expect, &reading),
    };
    if differences.is_empty() { Outcome::Passed } else { Outcome::Failed(differences) }
}

fn document(manifest: &Manifest, test: &TestSpec, body: Vec<u8>) -> Result<Document, String> {
    let own = || {
        let plan = manifest.plan.request(test.request.as_deref().unwrap_or_default())?;
        let request = manifest.spec().requests.get(&plan.name)?;
        request.url.clone().filter(|url| !url.contains("{{"))
    };
    let url = test.url.clone().or_else(own).or_else(|| manifest.spec().homepage.clone());
    let url = url.unwrap_or_else(|| "https://example.org/".to_owned());
    let url = Url::parse(&url).map_err(|error| format!("`url: {url}`: {error}"))?;
    let mut document = Document::from_bytes(&test.document, url.clone(), body);
    document.request = Request::get(url);
    document.request.step = test.request.clone().unwrap_or_default();
    if !test.context.is_empty() {
        let with: serde_json::Map<String, Json> =
            test.context.iter().map(|(name, value)| (name.to_owned(), value.0.clone())).collect();
        document.request.context = json!({ "with": with });
    }
    Ok(document)
}

fn params(test: &TestSpec) -> Params {
    let plain = test.params.iter().map(|(name, value)| (name.to_owned(), value.0.clone())).collect();
    Params { plain, ..Params::default() }
}

fn options(test: &TestSpec) -> Result<ReadOptions, String> {
    let now = test.now.as_deref().map_or(Ok(DateTime::UNIX_EPOCH), instant)?;
    Ok(ReadOptions { window: Window::around(now.date_naive(), 3_660, 3_660), timezone: None, now })
}

/// `2024-05-01T12:00:00Z`, the same without offset (UTC), or a day: its noon, which is that day in nearly
/// every zone.
fn instant(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(instant) = DateTime::parse_from_rfc3339(text) {
        return Ok(instant.with_timezone(&Utc));
    }
    if let Ok(local) = text.parse::<chrono::NaiveDateTime>() {
        return Ok(local.and_utc());
    }
    let date: NaiveDate = text.parse().map_err(|_| format!("`now: {text}` is not a date or an instant"))?;
    let noon = chrono::NaiveTime::from_hms_opt(12, 0, 0).unwrap_or_default();
    Ok(date.and_time(noon).and_utc())
}

fn differences(expect: &ExpectationSpec, reading: &Reading) -> Vec<String> {
    let mut all = Vec::new();
    let mut compare = |what: &str, expected: Option<String>, got: String| {
        if let Some(expected) = expected.filter(|expected| *expected != got) {
            all.push(format!("{what}: expected {expected}, got {got}"));
        }
    };
    let of_kind = |kind: &str| reading.records.iter().filter(|r| r.kind().name() == kind).count();
    compare("count", expect.count.map(|n| n.to_string()), of_kind("event").to_string());
    for (kind, expected) in expect.counts.iter() {
        compare(&format!("counts.{kind}"), Some(expected.to_string()), of_kind(kind).to_string());
    }
    compare("requests", expect.requests.map(|n| n.to_string()), reading.requests.len().to_string());
    compare("rejected", expect.rejected.map(|n| n.to_string()), reading.rejected.len().to_string());
    compare("complete", expect.complete.map(|b| b.to_string()), reading.complete.to_string());
    let total = reading.total.map_or("none".to_owned(), |n| n.to_string());
    compare("total", expect.total.map(|n| n.to_string()), total);
    for url in &expect.urls {
        if !reading.requests.iter().any(|request| request.url.as_str() == url) {
            let first = reading.requests.iter().take(3).map(|request| request.url.as_str());
            all.push(format!(
                "urls: no request for {url}; there are {}",
                first.collect::<Vec<_>>().join(" ")
            ));
        }
    }
    for record in &expect.records {
        all.extend(record_differences(record, reading));
    }
    if !all.is_empty() {
        all.extend(
            reading.rejected.iter().take(3).map(|r| format!("note: rejected, {}: {}", r.reason, r.detail)),
        );
        all.extend(reading.notes.iter().take(3).map(|note| format!("note: {note}")));
    }
    all
}

fn record_differences(expect: &RecordSpec, reading: &Reading) -> Vec<String> {
    let kind = kind_name(expect.kind);
    let records: Vec<&Record> =
        reading.records.iter().filter(|record| record.kind().name() == kind).collect();
    let at = match &expect.key {
        Some(key) => format!("{kind} with key `{key}`"),
        None => format!("{kind} {}", expect.index.unwrap_or(0)),
    };
    let found = match &expect.key {
        Some(key) => records.iter().find(|record| record.key == *key).copied(),
        None => nth(&records, expect.index.unwrap_or(0)),
    };
    let Some(record) = found else { return vec![format!("{at}: there is none among {}", records.len())] };
    let json = record.to_json();
    let difference = |(name, expected): (&str, &super::spec::ValueSpec)| {
        let got = json.get(name).cloned().unwrap_or_default();
        (!same(&expected.0, &got))
            .then(|| format!("{at}: {name}: expected {}, got {}", expected.0, shown(&got)))
    };
    expect.fields.iter().filter_map(difference).collect()
}

fn kind_name(kind: KindSpec) -> &'static str {
    match kind {
        KindSpec::Event => "event",
        KindSpec::Venue => "venue",
        KindSpec::Performer => "performer",
        KindSpec::Organizer => "organizer",
        KindSpec::Offer => "offer",
        KindSpec::Card => "card",
        KindSpec::GradedCard => "graded_card",
    }
}

fn nth<'a>(records: &[&'a Record], index: i64) -> Option<&'a Record> {
    let length = i64::try_from(records.len()).ok()?;
    let at = usize::try_from(if index < 0 { length + index } else { index }).ok()?;
    records.get(at).copied()
}

/// A time may be written as its local reading, its local day, or its instant.
fn same(expected: &Json, got: &Json) -> bool {
    if expected == got {
        return true;
    }
    if let (Some(text), Some(when)) =
        (expected.as_str(), got.as_object().filter(|got| got.contains_key("clock")))
    {
        let part = |name: &str| when.get(name).and_then(Json::as_str).unwrap_or_default();
        let local = format!("{}T{}", part("date"), part("time"));
        let instant = || {
            Some(DateTime::parse_from_rfc3339(text).ok()? == DateTime::parse_from_rfc3339(part("at")).ok()?)
        };
        return match part("time") {
            "" => text == part("date"),
            _ => text == local || instant().unwrap_or(false),
        };
    }
    match (expected.as_f64(), got.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => false,
    }
}

fn shown(got: &Json) -> String {
    match (got.get("clock"), got.get("date").and_then(Json::as_str)) {
        (Some(_), Some(date)) => match got.get("time").and_then(Json::as_str) {
            Some(time) => format!("\"{date}T{time}\""),
            None => format!("\"{date}\""),
        },
        _ => got.to_string(),
    }
}
