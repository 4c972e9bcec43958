//! The loop of a run: keeps a bounded number of documents under way, fairly between origins, commits
//! what they state in batches, and sweeps at the end.

use std::collections::{BTreeMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use connect::Connector;
use connect::fetch::{Fetcher, Policy};
use model::{Request, RunId};
use store::{Batch, CommitOutcome, LandedDocument, Store, StoreError, SweepScope};
use tokio::sync::{OnceCell, Semaphore, watch};
use tokio::task::{JoinHandle, JoinSet};
use tracing::{Instrument, Span};

use super::origin::Origin;
use super::progress::Progress;
use super::summary::{Failure, Summary};
use super::take::{Place, TakeResult, Taken, Taker, Work, file_url};
use super::tally::Tally;
use super::{Collect, CollectError, CollectOptions};
use crate::spans;

/// A batch is committed when it holds so many records or documents, or is so old. While one is being
/// committed the next one fills; when that is full too, no new documents are taken.
const BATCH_RECORDS: usize = 2000;
const BATCH_DOCUMENTS: usize = 250;
const BATCH_AGE: Duration = Duration::from_millis(250);

pub(super) struct Drive {
    store: Store,
    origins: Vec<Arc<Origin>>,
    /// Of each origin, for the log lines about its documents.
    spans: Vec<Span>,
    queues: Vec<VecDeque<Work>>,
    options: CollectOptions,
    run: RunId,
    taker: Arc<Taker>,
    progress: Arc<Progress>,
    tally: Tally,
    asked: HashSet<(usize, String)>,
    found: u64,
    /// Origins with queued work, each once; the front one is served next.
    turns: VecDeque<usize>,
    flying: JoinSet<Taken>,
    flying_of: Vec<usize>,
    /// What is at hand is committed in the order it was named, whichever is read first.
    early: BTreeMap<u64, Taken>,
    next_at_hand: u64,
    batch: Vec<LandedDocument>,
    batch_records: usize,
    batch_since: Option<Instant>,
    committing: Option<JoinHandle<Result<CommitOutcome, StoreError>>>,
}

impl Drive {
    pub(super) fn new(collect: Collect, run: RunId, progress: Arc<Progress>) -> Drive {
        let cores = std::thread::available_parallelism().map_or(2, usize::from);
        let origins: Vec<Arc<Origin>> = collect.origins.into_iter().map(Arc::new).collect();
        let fetchers = origins.iter().map(|origin| way_out(origin, collect.fetcher.as_ref())).collect();
        let taker = Taker {
            store: collect.store.clone(),
            fetchers,
            held: origins.iter().map(|origin| (origin.scope.clone(), OnceCell::new())).collect(),
            options: collect.options.read.clone(),
            reread: collect.options.reread,
            cores: Semaphore::new(cores),
            clock: collect.clock,
        };
        Drive {
            store: collect.store,
            queues: origins.iter().map(|_| VecDeque::new()).collect(),
            flying_of: vec![0; origins.len()],
            spans: origins.iter().map(|origin| spans::source(origin.named.name())).collect(),
            origins,
            options: collect.options,
            run,
            taker: Arc::new(taker),
            progress,
            tally: Tally::default(),
            asked: HashSet::new(),
            found: 0,
            turns: VecDeque::new(),
            flying: JoinSet::new(),
            early: BTreeMap::new(),
            next_at_hand: 0,
            batch: Vec::new(),
            batch_records: 0,
            batch_since: None,
            committing: None,
        }
    }

    /// Everything, or what can be done until `cancelled` turns true.
    pub(super) async fn run_to_the_end(
        &mut self,
        mut cancelled: watch::Receiver<bool>,
    ) -> Result<(), CollectError> {
        self.first_requests().await?;
        loop {
            if *cancelled.borrow() {
                self.cancel();
            }
            self.launch();
            if self.batch_is_due() {
                self.commit().await?;
            }
            if self.flying.is_empty() && self.turns.is_empty() {
                break;
            }
            tokio::select! {
                Some(taken) = self.flying.join_next() => {
                    self.landed(taken.map_err(|error| CollectError::Fault(error.to_string()))?);
                }
                outcome = committed(&mut self.committing) => self.note_commit(outcome)?,
                Ok(()) = cancelled.changed() => {}
            }
        }
        self.commit().await?;
        self.await_commit().await?;
        if self.options.sweep { self.sweep().await } else { Ok(()) }
    }

    pub(super) fn into_summary(self, run: RunId, dry_run: bool) -> Summary {
        let mut summary = Summary::new(run, dry_run);
        self.tally.write_into(&mut summary);
        summary
    }

    /// What is at hand comes first, numbered from 0: so its numbers have no gaps.
    async fn first_requests(&mut self) -> Result<(), CollectError> {
        for index in 0..self.origins.len() {
            for (path, name) in self.origins[index].files.clone() {
                let request = Request::get(file_url(&path, &name));
                let place = Place::File(path);
                self.enqueue(index, Work { name, place, ..self.work(index, request, None) });
            }
            for row in self.origins[index].landed.clone() {
                let (name, request) = (row.name.clone(), row.request.clone());
                let place = Place::Landing(Box::new(row));
                self.enqueue(index, Work { name, place, ..self.work(index, request, None) });
            }
        }
        for index in 0..self.origins.len() {
            let origin = self.origins[index].clone();
            let cursor = match origin.starts_itself() {
                true => self.store.cursor(origin.reader(), &origin.scope).await?,
                false => None,
            };
            let requests = origin
                .first_requests(cursor.as_ref(), &self.options.read)
                .map_err(|error| CollectError::Start { connector: origin.reader().to_owned(), error })?;
            self.follow(index, requests, origin.connector.clone(), 0);
        }
        Ok(())
    }

    fn work(&self, index: usize, request: Request, reader: Option<Arc<dyn Connector>>) -> Work {
        let (origin, name) = (self.origins[index].clone(), request.identity());
        Work { origin, index, seq: self.found, name, request, place: Place::Address, reader }
    }

    fn enqueue(&mut self, index: usize, work: Work) {
        self.found += 1;
        self.progress.expect(1);
        if self.queues[index].is_empty() {
            self.turns.push_back(index);
        }
        self.queues[index].push_back(work);
    }

    /// Queues requests that were not asked in this run before, within the bounds.
    fn follow(
        &mut self,
        index: usize,
        requests: Vec<Request>,
        reader: Option<Arc<dyn Connector>>,
        depth: u32,
    ) {
        let mut beyond = 0_u64;
        for mut request in requests {
            request.depth = depth;
            if !self.asked.insert((index, request.identity())) {
                continue;
            }
            if self.found >= self.options.max_documents || depth > self.options.max_depth {
                beyond += 1;
                continue;
            }
            let work = self.work(index, request, reader.clone());
            self.enqueue(index, work);
        }
        if beyond > 0 {
            self.left_out(
                index,
                beyond,
                "lie beyond the bounds of a run: raise max_documents to have them too",
            );
        }
    }

    fn left_out(&mut self, index: usize, requests: u64, why: &str) {
        let origin = &self.origins[index];
        self.tally.scopes.entry(origin.scope.clone()).or_default().miss();
        self.tally.incomplete = true;
        self.tally.note(format!("{}: {requests} requests {why}", origin.label));
    }

    fn cancel(&mut self) {
        self.tally.cancelled = true;
        self.queues.iter_mut().for_each(VecDeque::clear);
        self.turns.clear();
        self.flying.abort_all();
        self.flying.detach_all();
    }

    /// Starts documents while there is room, one origin after the other.
    fn launch(&mut self) {
        while self.flying.len() < self.options.concurrency && !self.batch_is_full() {
            let Some(work) = self.next_work() else { return };
            self.flying_of[work.index] += 1;
            let span = self.spans[work.index].clone();
            self.flying.spawn(self.taker.clone().take(work).instrument(span));
        }
    }

    fn next_work(&mut self) -> Option<Work> {
        let fair = (self.options.concurrency / 2).max(1);
        let alone = self.turns.len() < 2;
        for _ in 0..self.turns.len() {
            let index = self.turns.pop_front()?;
            if !alone && self.flying_of[index] >= fair {
                self.turns.push_back(index);
                continue;
            }
            let work = self.queues[index].pop_front();
            if !self.queues[index].is_empty() {
                self.turns.push_back(index);
            }
            return work;
        }
        None
    }

    fn landed(&mut self, taken: Taken) {
        self.flying_of[taken.work.index] -= 1;
        if matches!(taken.work.place, Place::Address) {
            return self.keep(taken);
        }
        self.early.insert(taken.work.seq, taken);
        while let Some(taken) = self.early.remove(&self.next_at_hand) {
            self.next_at_hand += 1;
            self.keep(taken);
        }
    }

    fn keep(&mut self, mut taken: Taken) {
        self.tally.taken(&taken);
        self.report(&taken);
        if let TakeResult::Read(stated) = &mut taken.result {
            let (index, requests) = (taken.work.index, std::mem::take(&mut stated.requests));
            let (reader, depth) = (stated.reader.clone(), taken.work.request.depth + 1);
            self.follow_from(&taken.work, index, requests, reader, depth);
        }
        if let TakeResult::Failed { stop: true, .. } = &taken.result {
            self.stop_origin(taken.work.index);
        }
        self.batch_records += super::landed::records(&taken);
        self.batch_since.get_or_insert_with(Instant::now);
        self.batch.extend(super::landed::document(taken, self.taker.clock));
    }

    /// A file's further pages and details are not fetched: the user pointed at the file alone.
    fn follow_from(
        &mut self,
        work: &Work,
        index: usize,
        requests: Vec<Request>,
        reader: Option<Arc<dyn Connector>>,
        depth: u32,
    ) {
        if requests.is_empty() {
            return;
        }
        if matches!(work.place, Place::Address) {
            return self.follow(index, requests, reader, depth);
        }
        if matches!(work.place, Place::Landing(_)) {
            return;
        }
        self.tally.scopes.entry(work.origin.scope.clone()).or_default().miss();
        let count = requests.len();
        self.tally.note(format!("{}: {count} further requests not made, as the input is a file", work.name));
    }

    fn stop_origin(&mut self, index: usize) {
        let dropped = self.queues[index].len() as u64;
        self.queues[index].clear();
        self.turns.retain(|turn| *turn != index);
        if dropped > 0 {
            self.left_out(index, dropped, "were not made, as the source is to be asked no more in this run");
        }
    }

    fn report(&self, taken: &Taken) {
        let records = super::landed::records(taken) as u64;
        if let TakeResult::Failed { error, .. } = &taken.result {
            let failure = Failure { input: taken.work.name.clone(), error: error.clone() };
            self.progress.say(failure.line());
        }
        self.progress.done(records, matches!(taken.result, TakeResult::Failed { .. }));
    }

    fn batch_is_full(&self) -> bool {
        self.batch_records >= BATCH_RECORDS || self.batch.len() >= BATCH_DOCUMENTS
    }

    fn batch_is_due(&self) -> bool {
        self.batch_is_full() || self.batch_since.is_some_and(|since| since.elapsed() > BATCH_AGE)
    }

    /// Hands the batch to the store, which works on it while further documents are read.
    async fn commit(&mut self) -> Result<(), CollectError> {
        if self.batch.is_empty() || (self.committing.is_some() && !self.flying.is_empty()) {
            return Ok(());
        }
        self.await_commit().await?;
        let documents = std::mem::take(&mut self.batch);
        (self.batch_records, self.batch_since) = (0, None);
        let batch = Batch { run: self.run, at: (self.taker.clock)(), documents };
        let store = self.store.clone();
        self.committing = Some(tokio::spawn(async move { store.commit(batch).await }));
        Ok(())
    }

    async fn await_commit(&mut self) -> Result<(), CollectError> {
        match self.committing {
            Some(_) => {
                let outcome = committed(&mut self.committing).await;
                self.note_commit(outcome)
            }
            None => Ok(()),
        }
    }

    fn note_commit(&mut self, outcome: CommitResult) -> Result<(), CollectError> {
        self.tally.committed(&outcome.map_err(|error| CollectError::Fault(error.to_string()))??);
        Ok(())
    }

    /// What a complete scope no longer holds gets its tombstone.
    async fn sweep(&mut self) -> Result<(), CollectError> {
        let scopes = std::mem::take(&mut self.tally.scopes);
        for (name, scope) in scopes {
            if let Some((total, seen)) = scope.short_of_total() {
                let note = format!(
                    "{name}: the source says it holds {total}, {seen} were read; nothing counts as vanished"
                );
                self.tally.note(note);
            }
            if self.tally.cancelled || !scope.is_complete() || self.taker.is_first_run_of(&name) {
                continue;
            }
            for source in scope.sources {
                let (window, max_shrink) = (self.options.read.window, self.options.max_shrink);
                let what = SweepScope { source, scope: name.clone(), window, max_shrink };
                self.sweep_one(&what).await?;
            }
        }
        Ok(())
    }

    async fn sweep_one(&mut self, what: &SweepScope) -> Result<(), CollectError> {
        let swept = self.store.sweep(self.run, (self.taker.clock)(), what).await?;
        self.tally.vanished += swept.vanished;
        if let Some(shrink) = swept.refused {
            self.tally.incomplete = true;
            self.tally.note(format!(
                "{}: only {} of {} known events are still there; nothing was taken as vanished. If that is \
                 right, collect again with --max-shrink 1",
                what.scope, shrink.seen, shrink.known
            ));
        }
        Ok(())
    }
}

type CommitResult = Result<Result<CommitOutcome, StoreError>, tokio::task::JoinError>;

/// Waits for the commit under way; for ever when there is none.
async fn committed(committing: &mut Option<JoinHandle<Result<CommitOutcome, StoreError>>>) -> CommitResult {
    match committing {
        Some(handle) => {
            let outcome = handle.await;
            *committing = None;
            outcome
        }
        None => std::future::pending().await,
    }
}

fn way_out(origin: &Origin, fetcher: Option<&Fetcher>) -> Option<(Fetcher, Policy)> {
    let policy = origin.connector.as_ref().map(|connector| connector.policy(&origin.params));
    Some((fetcher?.scoped(), policy.unwrap_or_default()))
}
