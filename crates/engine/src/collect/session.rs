//! What a runner keeps at hand for the children of one collect call: its origins, with readers and
//! ways out. Made from the call's parameters alone, so that any runner can make it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use connect::Connector;
use connect::fetch::{Fetcher, Policy};
use serde_json::Value;
use tokio::sync::{OnceCell, Semaphore};

use super::CollectOptions;
use super::child::{Errand, Where};
use super::elsewhere::Elsewhere;
use super::origin::Origin;
use super::sizes::Sizes;
use super::take::{Place, Taker, Work, file_url};
use super::unmet::Asked;
use crate::functions::{Call, Failure};
use crate::run::World;
use model::{Kind, Request};
use store::RowQuery;

/// Rows that are read at once to begin with their pages.
const STORED_PAGE: usize = 5_000;

/// Documents of a call that runners may hold for each that is under way: those that wait to be begun, and
/// those that wait to be entered. The more of them, the more are entered by one transaction, but what is held
/// when a runner is killed is fetched again: so it is a tenth of a second's work of a fast site. Of a slow
/// one a runner takes fewer (`run::turns::ahead`).
const HELD: u32 = 20;

/// How often documents of one origin wait for a host that is left alone: if it does not come back in that
/// time, it is down.
const WAITS: u32 = 6;

/// The origins of one call, ready to be taken from.
pub(super) struct Session {
    pub(super) origins: Vec<Arc<Origin>>,
    pub(super) options: CollectOptions,
    pub(super) taker: Arc<Taker>,
    /// Origins that are to be asked nothing more.
    stopped: Vec<AtomicBool>,
    /// How often each origin's documents have waited for a host that is left alone.
    waits: Vec<AtomicU32>,
    /// Readers that documents were recognised by, under their names.
    readers: Mutex<HashMap<String, Arc<dyn Connector>>>,
}

impl Session {
    pub(super) fn new(
        origins: Vec<Arc<Origin>>,
        options: CollectOptions,
        world: &World,
        fetch: bool,
    ) -> Session {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let fetcher = world.fetcher.as_ref().filter(|_| fetch);
        let taker = Taker {
            store: world.store.clone(),
            fetchers: origins.iter().map(|origin| way_out(origin, fetcher)).collect(),
            elsewhere: Elsewhere::of(&origins),
            held: origins.iter().map(|origin| (origin.scope.clone(), OnceCell::new())).collect(),
            options: options.read.clone(),
            reread: options.reread,
            sizes: Sizes::of(origins.len()),
            cores: Semaphore::new(cores),
            clock: world.clock,
        };
        Session {
            waits: origins.iter().map(|_| AtomicU32::new(0)).collect(),
            stopped: origins.iter().map(|_| AtomicBool::new(false)).collect(),
            origins,
            options,
            taker: Arc::new(taker),
            readers: Mutex::default(),
        }
    }

    /// How many documents may be in hand.
    pub(super) fn cap(&self) -> u32 {
        u32::try_from(self.options.concurrency).unwrap_or(u32::MAX).saturating_mul(HELD)
    }

    /// The first children: what is at hand comes first, in the order it was named.
    pub(super) async fn first(&self, call: &Call) -> Result<Vec<Errand>, Failure> {
        let mut errands = Vec::new();
        for (index, origin) in self.origins.iter().enumerate() {
            let errand = |name: &str, at: Where, request: Request| Errand {
                at,
                name: Some(name.to_owned()),
                ..Errand::ask(index, request, None)
            };
            errands.extend(origin.files.iter().map(|(path, name)| {
                errand(name, Where::File(path.clone()), Request::get(file_url(path, name)))
            }));
            errands.extend(
                origin
                    .landed
                    .iter()
                    .map(|row| errand(&row.name, Where::Landing(row.number), row.request.clone())),
            );
        }
        for (index, origin) in self.origins.iter().enumerate() {
            if let Some(kind) = self.begins_with(origin)? {
                errands.extend(self.stored(call, index, kind).await?);
                continue;
            }
            let cursor = match origin.starts_itself() {
                true => call.world.store.cursor(origin.reader(), &origin.scope).await?,
                false => None,
            };
            let requests = origin
                .first_requests(cursor.as_ref(), &self.options.read)
                .map_err(|error| Failure::input(format!("{}: {error}", origin.reader())))?;
            errands.extend(requests.into_iter().map(|request| Errand::ask(index, request, None)));
        }
        Ok(errands)
    }

    fn begins_with(&self, origin: &Origin) -> Result<Option<Kind>, Failure> {
        let connector = origin.connector.as_ref().filter(|_| origin.starts_itself());
        let Some(connector) = connector else { return Ok(None) };
        let kind = connector.begins_with(&origin.params);
        kind.map_err(|error| Failure::input(format!("{}: {error}", origin.reader())))
    }

    /// The pages of what the store holds of a kind, for a run that begins with these.
    async fn stored(&self, call: &Call, index: usize, kind: Kind) -> Result<Vec<Errand>, Failure> {
        let (store, origin) = (&call.world.store, &self.origins[index]);
        let Some(connector) = &origin.connector else { return Ok(Vec::new()) };
        let query = RowQuery { source: Some(origin.named.name().clone()), ..RowQuery::all(kind) };
        let columns = kind.spec().columns;
        let mut asked = Asked::of(connector.as_ref(), &origin.params, kind);
        let extent = store.extent(kind).await?;
        let (mut errands, mut after) = (Vec::new(), Some(0));
        while let Some(from) = after {
            let page = store.row_page(&query, from, extent.last_row, STORED_PAGE).await?;
            for row in &page.rows {
                let values = columns.iter().zip(&row.values).filter(|(_, value)| !value.is_null());
                let fields = values.map(|(column, value)| (column.name.to_owned(), value.clone())).collect();
                asked.see(&fields);
                let request = connector.page_of(&fields, &origin.params);
                errands.extend(request.map(|request| Errand::ask(index, request, None)));
            }
            after = page.next;
        }
        if errands.is_empty() {
            let why = asked.unmet().unwrap_or_else(|| "begin a level higher".to_owned());
            return Err(Failure::input(format!(
                "{}: the store holds no {} to begin with that the filters let through; {why}",
                origin.reader(),
                kind.name()
            )));
        }
        Ok(errands)
    }

    /// What taking a child's document needs.
    pub(super) async fn work(&self, world: &World, errand: Errand) -> Result<Work, Failure> {
        let origin = self.origins.get(errand.origin).cloned();
        let origin =
            origin.ok_or_else(|| Failure::fault("a child of an origin that its call does not have"))?;
        let place = match &errand.at {
            Where::Address => Place::Address,
            Where::File(path) => Place::File(path.clone()),
            Where::Landing(number) => {
                let row = origin.landed.iter().find(|row| row.number == *number).cloned();
                let row = row.ok_or_else(|| {
                    Failure::input("a landed document is not at hand any more: start the replay anew")
                })?;
                Place::Landing(Box::new(row))
            }
        };
        let reader = errand.reader.as_deref().map(|name| self.reader(world, name)).transpose()?;
        Ok(Work { index: errand.origin, name: errand.name(), request: errand.request, origin, place, reader })
    }

    fn reader(&self, world: &World, name: &str) -> Result<Arc<dyn Connector>, Failure> {
        if let Some(known) = self.readers.lock().unwrap_or_else(PoisonError::into_inner).get(name) {
            return Ok(known.clone());
        }
        world.catalog.connector(name).ok_or_else(|| {
            Failure::input(format!("the connector {name}, which was to read this, is not there any more"))
        })
    }

    /// Keeps a reader at hand, and gives the name by which to ask for it. An origin's own needs none.
    pub(super) fn keep_reader(&self, origin: &Origin, reader: Option<&Arc<dyn Connector>>) -> Option<String> {
        let reader = reader?;
        if origin.connector.as_ref().is_some_and(|own| own.name() == reader.name()) {
            return None;
        }
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.entry(reader.name().to_owned()).or_insert_with(|| reader.clone());
        Some(reader.name().to_owned())
    }

    /// Whether one more document of the origin may wait for its host.
    pub(super) fn may_wait(&self, origin: usize) -> bool {
        self.waits.get(origin).is_some_and(|waits| waits.fetch_add(1, Ordering::Relaxed) < WAITS)
    }

    /// The origin is to be asked nothing more.
    pub(super) fn stop(&self, origin: usize) {
        if let Some(stopped) = self.stopped.get(origin) {
            stopped.store(true, Ordering::Relaxed);
        }
    }

    pub(super) fn is_stopped(&self, origin: usize) -> bool {
        self.stopped.get(origin).is_some_and(|stopped| stopped.load(Ordering::Relaxed))
    }
}

/// A child's input.
pub(super) fn errand(input: Value) -> Result<Errand, Failure> {
    serde_json::from_value(input).map_err(|error| Failure::fault(format!("a child cannot be read: {error}")))
}

fn way_out(origin: &Origin, fetcher: Option<&Fetcher>) -> Option<(Fetcher, Policy)> {
    let policy = origin.connector.as_ref().map(|connector| connector.policy(&origin.params));
    Some((fetcher?.scoped(), policy.unwrap_or_default()))
}
