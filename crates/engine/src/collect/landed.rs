//! From what came of a document to what the store keeps of it.

use chrono::{DateTime, Utc};
use model::Found;
use store::{LandedDocument, Quarantined, Read, Remarks};

use super::stamp;
use super::take::{TakeResult, Taken};

/// Records and quarantined listings that a document states.
pub(super) fn records(taken: &Taken) -> usize {
    match &taken.result {
        TakeResult::Read(stated) => stated.records.len() + stated.quarantined.len(),
        TakeResult::Unchanged(known) => {
            let read: u64 = known.records.values().sum();
            usize::try_from(read + known.quarantined).unwrap_or(usize::MAX)
        }
        TakeResult::Nothing | TakeResult::Failed { .. } => 0,
    }
}

/// The document as the store keeps it.
pub(super) fn document(taken: Taken, clock: fn() -> DateTime<Utc>) -> LandedDocument {
    let Taken { work, document, body, size_bytes, result, share: _ } = taken;
    let origin = &work.origin;
    let mut remarks = Remarks::default();
    let stamped = stamp::of(&work.request, &result);
    let (source, read) = match result {
        TakeResult::Read(stated) => {
            remarks = remarks_of(&stated);
            (stated.source.clone(), read_of(*stated))
        }
        TakeResult::Unchanged(known) => (known.source, Read::Unchanged),
        TakeResult::Failed { error, .. } => (fallback(origin), Read::Failed { error }),
        TakeResult::Nothing => (fallback(origin), Read::Nothing),
    };
    let header = |name: &str| document.as_ref().and_then(|d| d.header(name)).map(str::to_owned);
    LandedDocument {
        etag: stamped.or_else(|| header("etag")),
        last_modified: header("last-modified"),
        name: work.name,
        url: document.as_ref().map_or_else(|| work.request.url.to_string(), |d| d.url.to_string()),
        request: work.request,
        status: document.as_ref().map_or(0, |d| d.status),
        fetched_at: document.as_ref().map_or_else(clock, |d| d.fetched_at),
        found: document.as_ref().map_or(Found::Fetched, |d| d.found),
        headers: document.map(|d| d.headers).unwrap_or_default(),
        body,
        size_bytes,
        source,
        connector: origin.reader().to_owned(),
        scope: origin.scope.clone(),
        read,
        remarks,
    }
}

fn fallback(origin: &super::origin::Origin) -> model::SourceName {
    match &origin.named {
        super::origin::Named::Source(name) | super::origin::Named::Otherwise(name) => name.clone(),
    }
}

fn remarks_of(stated: &super::take::Stated) -> Remarks {
    let notes = stated.damaged.iter().chain(&stated.notes);
    Remarks {
        same_body: stated.same_body,
        total: stated.total,
        damaged: stated.damaged.is_some(),
        notes: notes.map(ToString::to_string).collect(),
    }
}

fn read_of(stated: super::take::Stated) -> Read {
    let quarantined = stated.quarantined.into_iter().map(|held| Quarantined {
        kind: Some(model::Kind::Event),
        key: held.key,
        reason: held.rejected.reason,
        detail: held.rejected.detail,
        said: held.rejected.said,
    });
    Read::Records {
        reading_key: stated.reading_key,
        quarantined: quarantined.collect(),
        records: stated.records,
        cursor: stated.cursor,
    }
}
