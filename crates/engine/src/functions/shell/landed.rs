//! What a command printed as a landed document with the records in it.

use model::{ContentHash, Found, Kind, Request, SourceName};
use serde_json::{Value, json};
use store::{LandedDocument, Quarantined, Read, Remarks};
use url::Url;

use super::lines::Lines;
use crate::functions::{Answer, Call};
use crate::refine::refine;

/// The reader's name in the store.
const CONNECTOR: &str = "shell";

/// The name of the document across runs: the same step with the same parameters prints the same one.
/// Only a hash of them is in it: they may hold secrets.
pub(super) fn identity(call: &Call) -> String {
    let hash = ContentHash::of(call.with.to_string().as_bytes()).to_hex();
    format!("{}/{}#{}", call.run.plan.name, call.path, &hash[..12])
}

/// What was printed as a document, still to be landed; none where it holds no records.
pub(super) fn document(
    call: &Call,
    name: &str,
    source: &str,
    size_bytes: usize,
    lines: Lines,
) -> Option<LandedDocument> {
    if !lines.has_records() {
        return None;
    }
    let url = address(name);
    Some(LandedDocument {
        name: name.to_owned(),
        url: url.to_string(),
        request: Request::get(url),
        status: 200,
        headers: Vec::new(),
        fetched_at: (call.world.clock)(),
        found: Found::Fetched,
        body: None,
        size_bytes: size_bytes as u64,
        source: SourceName::new(source),
        connector: CONNECTOR.to_owned(),
        scope: format!("{}/{}", call.run.plan.name, call.path),
        etag: None,
        last_modified: None,
        read: read(lines),
        remarks: Remarks::default(),
    })
}

/// An address that nothing is fetched from.
fn address(name: &str) -> Url {
    let mut url = Url::parse("shell:///").expect("a constant address");
    let (path, hash) = name.split_once('#').unwrap_or((name, ""));
    url.set_path(path);
    url.set_fragment(Some(hash));
    url
}

fn read(lines: Lines) -> Read {
    let refined = refine(lines.records, lines.rejected);
    let quarantined = refined.quarantined.into_iter().map(|held| Quarantined {
        kind: Some(Kind::Event),
        key: held.key,
        reason: held.rejected.reason,
        detail: held.rejected.detail,
        said: held.rejected.said,
    });
    Read::Records {
        reading_key: env!("CARGO_PKG_VERSION").to_owned(),
        quarantined: quarantined.collect(),
        records: refined.records,
        cursor: None,
    }
}

/// The answer of the step.
pub(super) fn answer(values: Vec<Value>, document: Option<LandedDocument>) -> Answer {
    let (records, quarantined) = match document.as_ref().map(|document| &document.read) {
        Some(Read::Records { records, quarantined, .. }) => (records.len(), quarantined.len()),
        _ => (0, 0),
    };
    let output = json!({
        "count": values.len(),
        "lines": values,
        "records": {"read": records + quarantined, "quarantined": quarantined},
    });
    Answer { documents: document.into_iter().collect(), ..Answer::done(output) }
}
