//! Webhooks of a region, taken as what is fetched is: landed unchanged, read by the connector, refined,
//! and committed at once. Each is taken once, however often it comes. They state rows in the scopes of the
//! lists that hold these rows, so that a sweep of a list heals whatever was missed or came too late.

use std::collections::BTreeMap;

use bytes::Bytes;
use chrono::{DurationRound as _, TimeDelta};
use connect::Params;
use model::{Document, Found, Kind, Method, Record, Request, RunId};
use serde_json::{Value, json};
use store::{Batch, LandedDocument, Read, Remarks, RunStart, StoreError};
use thiserror::Error;

use super::region::part_of;
use super::{CONNECTOR, Region};
use crate::refine::refine;
use crate::run::World;

/// What became of a webhook.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hooked {
    /// It was committed, with so many records.
    Taken {
        /// How many it stated.
        records: usize,
    },
    /// It was taken before.
    Known,
}

/// Why a webhook was not taken.
#[derive(Debug, Error)]
pub enum HookError {
    /// It is no webhook, or broken.
    #[error("{0}")]
    Malformed(String),
    /// It could not be kept; sending it again may help.
    #[error("{0}")]
    NotKept(String),
}

impl From<StoreError> for HookError {
    fn from(error: StoreError) -> HookError {
        HookError::NotKept(error.to_string())
    }
}

/// The list that lends a webhook its place, whatever it states: there it is known by its id.
const INBOX: &str = "webhooks";

/// Takes one webhook of a region. Who sent it was checked before.
pub async fn take_webhook(world: &World, region: &Region, body: Bytes) -> Result<Hooked, HookError> {
    let id = id_of(&body)?;
    let name = format!("webhook {id}");
    let inbox = region.scope(INBOX);
    if world.store.known_document(CONNECTOR, &inbox, &name).await?.is_some() {
        return Ok(Hooked::Known);
    }
    let document = document(world, region, &name, &body);
    let (parts, notes) = match trial(&body) {
        Some(note) => (Parts::new(), vec![note]),
        None => read(world, region, &document)?,
    };
    let records = parts.values().map(Vec::len).sum();
    let hash = world.store.landing().put(&body).await?;
    let entered = |scope: String, records: Vec<Record>, notes: Vec<String>| {
        let remarks = Remarks { notes, ..Remarks::default() };
        let read =
            Read::Records { reading_key: INBOX.to_owned(), records, quarantined: Vec::new(), cursor: None };
        let (source, connector) = (region.source(), CONNECTOR.to_owned());
        let mut entered = landed(&document, hash, source, connector, scope);
        (entered.read, entered.remarks) = (read, remarks);
        entered
    };
    let mut documents = vec![entered(inbox, Vec::new(), notes)];
    documents
        .extend(parts.into_iter().map(|(part, records)| entered(region.scope(part), records, Vec::new())));
    world.store.landing().settle(&documents).await?;
    let (run, at) = (run(world, region).await?, (world.clock)());
    world.store.enter(Batch { run, at, documents }).await?;
    Ok(Hooked::Taken { records })
}

fn id_of(body: &[u8]) -> Result<String, HookError> {
    let malformed = |why: &str| HookError::Malformed(format!("this is no webhook: {why}"));
    let json: Value = serde_json::from_slice(body).map_err(|error| malformed(&error.to_string()))?;
    let id = json.get("id").and_then(Value::as_str).filter(|id| !id.is_empty() && id.len() <= 200);
    id.map(str::to_owned).ok_or_else(|| malformed("it has no `id`"))
}

/// What a seller tries out is sold to nobody: it is landed, and states nothing.
fn trial(body: &[u8]) -> Option<String> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let mode = json.get("mode")?.as_str().filter(|mode| *mode != "prod")?;
    Some(format!("a webhook of mode {mode:?} is a trial: nothing is kept from it"))
}

fn document(world: &World, region: &Region, name: &str, body: &Bytes) -> Document {
    let mut url = region.base_url.clone();
    // An address with a host always has a path to add to.
    if let Ok(mut path) = url.path_segments_mut() {
        path.push(INBOX);
    }
    let mut document = Document::from_bytes(name, url.clone(), body.clone());
    document.request = Request { method: Method::Post, step: "webhook".to_owned(), ..Request::get(url) };
    (document.found, document.fetched_at) = (Found::Fetched, (world.clock)());
    document
}

/// What it states, by the list that holds it.
type Parts = BTreeMap<&'static str, Vec<Record>>;

fn read(world: &World, region: &Region, document: &Document) -> Result<(Parts, Vec<String>), HookError> {
    let catalog = &world.catalog;
    let missing = || HookError::NotKept(format!("the connector {CONNECTOR} is not there"));
    let connector = catalog.connector(CONNECTOR).ok_or_else(missing)?;
    let options = catalog.collect_options().map_err(HookError::NotKept)?.read;
    let params = Params { plain: region.plain("tickets"), ..Params::default() };
    let reading = connector.read(document, &params, &options);
    let reading = reading.map_err(|error| HookError::Malformed(error.to_string()))?;
    let refined = refine(reading.records, reading.rejected);
    let mut parts = Parts::new();
    for record in refined.records {
        if is_of_another_event(&record, &region.event_id) {
            continue;
        }
        parts.entry(part_of(record.kind())).or_default().push(record);
    }
    let notes = reading.notes.iter().chain(&refined.notes).map(ToString::to_string).collect();
    Ok((parts, notes))
}

/// A seller's account tells of all its events; a region is one of them. What says of no event whose it is, is
/// left to the lists.
fn is_of_another_event(record: &Record, own: &str) -> bool {
    let said = record.to_json();
    let event = said.get("event").and_then(Value::as_str);
    let has_one = matches!(record.kind(), Kind::Ticket | Kind::Transaction | Kind::Scan);
    event.map_or(has_one, |event| event != own)
}

fn landed(
    document: &Document,
    body: model::ContentHash,
    source: model::SourceName,
    connector: String,
    scope: String,
) -> LandedDocument {
    LandedDocument {
        name: document.name.clone(),
        url: document.url.to_string(),
        request: document.request.clone(),
        status: document.status,
        headers: Vec::new(),
        fetched_at: document.fetched_at,
        found: document.found,
        body: Some(body),
        size_bytes: document.body.len() as u64,
        source,
        connector,
        scope,
        etag: None,
        last_modified: None,
        read: Read::Nothing,
        remarks: Remarks::default(),
    }
}

/// The run that webhooks of a region are entered under: one an hour, which has ended when it begins, as
/// nothing of it can ever have to be gone on with.
async fn run(world: &World, region: &Region) -> Result<RunId, StoreError> {
    let at = (world.clock)();
    let began = at.duration_trunc(TimeDelta::hours(1)).unwrap_or(at);
    let run = RunId::at(began).derived(&format!("webhooks {}", region.source()));
    if world.store.run(run).await?.is_none() {
        let command = json!({"command": "webhooks", "region": region.name});
        match world.store.begin_run(RunStart { id: run, at, command }).await {
            // Another process was faster.
            Err(error) => drop(world.store.run(run).await?.ok_or(error)?),
            Ok(()) => world.store.end_run(run, at, "completed", &json!({})).await?,
        }
    }
    Ok(run)
}

#[cfg(test)]
mod tests {
    use model::{Coupon, Ticket};

    use super::*;

    #[test]
    fn what_a_seller_tries_out_states_nothing() {
        assert!(trial(br#"{"id": "1", "mode": "dev"}"#).is_some_and(|note| note.contains("trial")));
        assert_eq!(trial(br#"{"id": "1", "mode": "prod"}"#), None);
        assert_eq!(trial(br#"{"id": "1"}"#), None);
    }

    #[test]
    fn a_ticket_that_says_of_no_event_whose_it_is_is_not_the_regions() {
        let ticket = |event: Option<&str>| {
            Record::new("t", Ticket { event: event.map(str::to_owned).into(), ..Ticket::default() })
        };
        assert!(is_of_another_event(&ticket(None), "e1"));
        assert!(is_of_another_event(&ticket(Some("e2")), "e1"));
        assert!(!is_of_another_event(&ticket(Some("e1")), "e1"));
        assert!(!is_of_another_event(&Record::new("c", Coupon::default()), "e1"), "coupons are of a seller");
    }
}
