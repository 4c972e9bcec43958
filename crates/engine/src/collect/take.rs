//! One document's way: load or fetch it, land it, read it, refine what it states.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use connect::fetch::{FetchError, Fetched, Fetcher, Policy, Validators};
use connect::{Connector, ReadError, ReadOptions};
use model::{ContentHash, Document, Found, Note, Record, Request, SourceName};
use store::{DocumentRow, Known, Store};
use tokio::sync::{OnceCell, Semaphore};
use url::Url;

use super::elsewhere::Elsewhere;
use super::origin::Origin;
use super::sizes::Sizes;
use super::stamp;
use crate::refine::{Quarantined, refine};
use crate::run::patience::{PATIENCE, Patience};
use crate::run::{Room, Share};

/// One document to take.
#[derive(Clone)]
pub(super) struct Work {
    pub origin: Arc<Origin>,
    /// Place of the origin among the call's origins.
    pub index: usize,
    pub name: String,
    pub request: Request,
    pub place: Place,
    pub reader: Option<Arc<dyn Connector>>,
}

/// Where the bytes of a document are.
#[derive(Clone)]
pub(super) enum Place {
    /// At the request's address.
    Address,
    /// On this machine.
    File(PathBuf),
    /// In the landing, from an earlier run.
    Landing(Box<DocumentRow>),
}

/// What came of it.
pub(super) struct Taken {
    pub work: Work,
    /// The document, without its bytes.
    pub document: Option<Document>,
    pub body: Option<ContentHash>,
    pub size_bytes: u64,
    pub result: TakeResult,
    /// Its share of the room for large documents.
    pub share: Share,
}

impl Taken {
    fn is_read(&self) -> bool {
        matches!(self.result, TakeResult::Read(_))
    }
}

pub(super) enum TakeResult {
    Read(Box<Stated>),
    Unchanged(Known),
    /// Nothing there, and that is an answer.
    Nothing,
    Failed {
        error: String,
        trouble: Trouble,
    },
}

/// What may be done about a document that failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Nothing.
    Lasting,
    /// The source is to be asked nothing more in this run.
    Stop,
    /// It was too much for the source, or came damaged: asking for less may help.
    Much,
    /// The source is left alone for so long.
    Closed(Duration),
}

/// What a document states, refined.
pub(super) struct Stated {
    pub source: SourceName,
    pub reading_key: String,
    /// The bytes are those of last time; only the reading is new.
    pub same_body: bool,
    pub records: Vec<Record>,
    pub quarantined: Vec<Quarantined>,
    pub requests: Vec<Request>,
    pub reader: Option<Arc<dyn Connector>>,
    pub cursor: Option<serde_json::Value>,
    pub complete: bool,
    pub total: Option<u64>,
    pub damaged: Option<Note>,
    pub notes: Vec<Note>,
}

/// What taking needs, shared by all documents of a run.
pub(super) struct Taker {
    pub store: Store,
    pub fetchers: Vec<Option<(Fetcher, Policy)>>,
    /// For each scope, whether it was held when this run came to it.
    pub held: HashMap<String, OnceCell<bool>>,
    /// What other runs of the same sources hold.
    pub elsewhere: Elsewhere,
    pub options: ReadOptions,
    pub reread: bool,
    /// How large documents are.
    pub sizes: Sizes,
    /// Readers at once: one a core.
    pub cores: Semaphore,
    pub clock: fn() -> DateTime<Utc>,
}

impl Taker {
    /// Never fails as a whole: what goes wrong is this document's result. A large one waits for room.
    pub(super) async fn take(self: Arc<Self>, work: Work, room: &Room) -> Taken {
        let mut share = self.sizes.before(&work, room).await;
        let taken = self.take_with(work, room, &mut share).await;
        share.shrink_to(if taken.is_read() { taken.size_bytes } else { 0 });
        Taken { share, ..taken }
    }

    async fn take_with(self: Arc<Self>, work: Work, room: &Room, share: &mut Share) -> Taken {
        let known = match self.known_in_time(&work).await {
            Ok(known) => known,
            Err(error) => return failed(work, error.to_string(), Trouble::Lasting),
        };
        let document = match self.obtain(&work, known.as_ref()).await {
            Ok(Obtained::Document(document)) => document,
            Ok(Obtained::Unchanged) => return unchanged(work, None, known),
            Ok(Obtained::Nothing) => return nothing(work),
            Err(failure) => return failed(work, failure.error, failure.trouble),
        };
        self.sizes.settle(&work, document.body.len() as u64, room, share).await;
        let body = match self.land(&work, &document, known.as_ref()).await {
            Ok(body) => body,
            Err(error) => return failed(work, error.to_string(), Trouble::Stop),
        };
        if document.body.len() <= READ_HERE_BYTES {
            return self.read_here(work, *document, body, known);
        }
        let Ok(_permit) = self.cores.acquire().await else {
            return failed(work, "the run has ended".to_owned(), Trouble::Lasting);
        };
        let (taker, kept) = (self.clone(), work.clone());
        match tokio::task::spawn_blocking(move || taker.read(work, *document, body, known)).await {
            Ok(taken) => taken,
            Err(_) => reader_died(kept),
        }
    }

    fn read_here(&self, work: Work, document: Document, body: ContentHash, known: Option<Known>) -> Taken {
        let kept = work.clone();
        let read = AssertUnwindSafe(|| self.read(work, document, body, known));
        std::panic::catch_unwind(read).unwrap_or_else(|_| reader_died(kept))
    }

    /// What is known of it; a store that is away is waited for.
    async fn known_in_time(&self, work: &Work) -> Result<Option<Known>, store::StoreError> {
        let mut patience = Patience::new(PATIENCE);
        loop {
            match self.known(work).await {
                Ok(known) => return Ok(known),
                Err(error) => patience.wait_out(error).await?,
            }
        }
    }

    async fn known(&self, work: &Work) -> Result<Option<Known>, store::StoreError> {
        let origin = &work.origin;
        if let Some(held) = self.held.get(&origin.scope)
            && !*held.get_or_try_init(|| self.store.holds_scope(&origin.scope)).await?
        {
            return Ok(None);
        }
        self.store.known_document(origin.reader(), &origin.scope, &work.name).await
    }

    /// True when no earlier run held the scope: then nothing of it can have vanished.
    pub(super) fn is_first_run_of(&self, scope: &str) -> bool {
        self.held.get(scope).and_then(OnceCell::get) == Some(&false)
    }

    async fn obtain(&self, work: &Work, known: Option<&Known>) -> Result<Obtained, Failed> {
        match &work.place {
            Place::File(path) => return load(path.clone(), work).await.map(Obtained::document),
            Place::Landing(row) => return self.landed(work, row).await.map(Obtained::document),
            Place::Address => {}
        }
        let Some((fetcher, policy)) = &self.fetchers[work.index] else {
            return match (known, self.elsewhere.known(work, &self.store).await?) {
                (Some(_), _) => self.not_modified(work, known).await,
                (None, Some(known)) => self.read_again(work, &known).await,
                _ => Err(Failed::new("nothing is fetched in this run, and no earlier one landed it")),
            };
        };
        if known.is_some_and(|known| !self.reread && stamp::stands(&work.request, known)) {
            return self.not_modified(work, known).await;
        }
        if let Some(page) = self.read_elsewhere(work).await? {
            return Ok(page);
        }
        let validators = known
            .filter(|_| !self.reread)
            .filter(|known| !stamp::is_one(known.etag.as_deref()))
            .map(|known| Validators { etag: known.etag.clone(), last_modified: known.last_modified.clone() });
        match fetcher.fetch(&work.request, policy, validators.as_ref()).await {
            Ok(Fetched::Document(document)) => Ok(Obtained::Document(document)),
            Ok(Fetched::Skipped { .. }) => Ok(Obtained::Nothing),
            Ok(Fetched::NotModified { .. }) => self.not_modified(work, known).await,
            Err(error) => Err(Failed::from(error)),
        }
    }

    /// A source said "not modified": all stands as it was, unless today's reading differs; then the
    /// landed body is read again.
    async fn not_modified(&self, work: &Work, known: Option<&Known>) -> Result<Obtained, Failed> {
        let Some(known) = known else { return Ok(Obtained::Nothing) };
        if ReadingKey::of(known).stands_for(&self.reading_key(work)) {
            return Ok(Obtained::Unchanged);
        }
        self.read_again(work, known).await
    }

    /// The page as a run with other filters landed it, where what is said of it is what it was then. One
    /// whose body was pruned is asked for.
    async fn read_elsewhere(&self, work: &Work) -> Result<Option<Obtained>, Failed> {
        if self.reread || work.request.stamp.is_none() {
            return Ok(None);
        }
        match self.elsewhere.known(work, &self.store).await? {
            Some(known) if stamp::stands(&work.request, &known) => {
                Ok(self.read_again(work, &known).await.ok())
            }
            _ => Ok(None),
        }
    }

    async fn read_again(&self, work: &Work, known: &Known) -> Result<Obtained, Failed> {
        let body = self.body(known.body).await?;
        let mut document = Document::from_bytes(&work.name, work.request.url.clone(), body);
        document.request = work.request.clone();
        (document.found, document.fetched_at) = (Found::Landed, (self.clock)());
        Ok(Obtained::document(document))
    }

    /// A document of an earlier run as it came then.
    async fn landed(&self, work: &Work, row: &DocumentRow) -> Result<Document, Failed> {
        let hash = row.body.ok_or_else(|| Failed::new("no body was landed for it"))?;
        let url = Url::parse(&row.url).unwrap_or_else(|_| work.request.url.clone());
        let mut document = Document::from_bytes(&work.name, url, self.body(hash).await?);
        (document.request, document.found) = (work.request.clone(), found_then(row));
        (document.status, document.headers) = (row.status, row.headers.clone());
        if let Ok(fetched) = DateTime::parse_from_rfc3339(&row.fetched_at) {
            document.fetched_at = fetched.with_timezone(&Utc);
        }
        Ok(document)
    }

    async fn body(&self, hash: ContentHash) -> Result<bytes::Bytes, Failed> {
        let body = self.store.landing().get(hash).await;
        body.map_err(|error| Failed::new(error.to_string()))
    }

    async fn land(
        &self,
        work: &Work,
        document: &Document,
        known: Option<&Known>,
    ) -> Result<ContentHash, store::StoreError> {
        let landing = self.store.landing();
        match known {
            // It came from there.
            _ if came_from_landing(work, document) => Ok(ContentHash::of(&document.body)),
            Some(known) => landing.put_again(&document.body, known.body).await,
            None => landing.put(&document.body).await,
        }
    }

    fn read(&self, work: Work, document: Document, hash: ContentHash, known: Option<Known>) -> Taken {
        let reading_key = self.reading_key(&work);
        let again = matches!(work.place, Place::Address) && came_from_landing(&work, &document);
        let same_body = again || known.as_ref().is_some_and(|known| known.body == hash);
        let stands = |known: &Known| ReadingKey::of(known).stands_for(&reading_key);
        if known.as_ref().is_some_and(|known| known.body == hash && !self.reread && stands(known)) {
            return unchanged(work, Some(document), known);
        }
        let size_bytes = document.body.len() as u64;
        let result = match work.origin.read(&document, work.reader.as_ref(), &self.options) {
            Ok(read) => TakeResult::Read(Box::new(stated(read, &reading_key, same_body))),
            Err(error) => TakeResult::Failed { trouble: trouble_of(&error), error: error.to_string() },
        };
        Taken {
            work,
            document: Some(without_body(document)),
            body: Some(hash),
            size_bytes,
            result,
            share: Share::default(),
        }
    }

    /// Changes when today's reading of the same bytes may differ from yesterday's.
    fn reading_key(&self, work: &Work) -> String {
        let connector = work.reader.as_ref().or(work.origin.connector.as_ref());
        let fingerprint = connector.map_or_else(String::new, |connector| connector.fingerprint());
        let (window, zone) = (self.options.window, self.options.timezone);
        let version = env!("CARGO_PKG_VERSION");
        let all = format!("{version}\0{fingerprint}\0{window:?}\0{zone:?}\0{:?}", work.origin.params.plain);
        format!("{:016x}", ContentHash::of(all.as_bytes()).short())
    }
}

enum Obtained {
    Document(Box<Document>),
    Unchanged,
    Nothing,
}

impl Obtained {
    fn document(document: Document) -> Obtained {
        Obtained::Document(Box::new(document))
    }
}

/// A file is read as a file again: that decides who its source is.
fn found_then(row: &DocumentRow) -> Found {
    if row.found == "file" { Found::File } else { Found::Landed }
}

fn came_from_landing(work: &Work, document: &Document) -> bool {
    matches!(work.place, Place::Landing(_)) || document.found == Found::Landed
}

struct Failed {
    error: String,
    trouble: Trouble,
}

/// What came damaged may come whole another time.
fn trouble_of(error: &ReadError) -> Trouble {
    match error {
        ReadError::Malformed { .. } | ReadError::Empty => Trouble::Much,
        _ => Trouble::Lasting,
    }
}

impl Failed {
    fn new(error: impl Into<String>) -> Failed {
        Failed { error: error.into(), trouble: Trouble::Lasting }
    }
}

impl From<store::StoreError> for Failed {
    fn from(error: store::StoreError) -> Self {
        Failed::new(error.to_string())
    }
}

impl From<FetchError> for Failed {
    fn from(error: FetchError) -> Self {
        let trouble = match &error {
            error if error.stops_source() => Trouble::Stop,
            FetchError::Status { status: 429 | 500..=599, .. }
            | FetchError::Timeout { .. }
            | FetchError::Truncated { .. } => Trouble::Much,
            FetchError::BreakerOpen { retry_in_secs, .. } => {
                Trouble::Closed(Duration::from_secs((*retry_in_secs).max(1)))
            }
            _ => Trouble::Lasting,
        };
        Failed { trouble, error: error.to_string() }
    }
}

/// Bodies so small are read within a fraction of a millisecond: less than handing them to another
/// thread and waking this one again costs.
const READ_HERE_BYTES: usize = 64 * 1024;

/// Longest file that is read.
const FILE_BYTES_MAX: u64 = 256 * 1024 * 1024;

async fn load(path: PathBuf, work: &Work) -> Result<Document, Failed> {
    let (name, request) = (work.name.clone(), work.request.clone());
    let loaded = tokio::task::spawn_blocking(move || {
        let about = std::fs::metadata(&path)?;
        if about.len() > FILE_BYTES_MAX {
            let message = format!("larger than {} MiB", FILE_BYTES_MAX / 1024 / 1024);
            return Err(std::io::Error::new(std::io::ErrorKind::FileTooLarge, message));
        }
        Ok((std::fs::read(&path)?, about.modified()?))
    });
    let loaded = loaded.await.map_err(|_| Failed::new("the file could not be read"))?;
    let (body, modified) = loaded.map_err(|error| Failed::new(format!("cannot read the file: {error}")))?;
    let mut document = Document::from_bytes(&name, request.url.clone(), body);
    (document.request, document.fetched_at) = (request, DateTime::<Utc>::from(modified));
    Ok(document)
}

/// The address a file stands under.
pub(super) fn file_url(path: &std::path::Path, name: &str) -> Url {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Url::from_file_path(absolute).unwrap_or_else(|()| {
        let mut url = Url::parse("file:///").expect("a constant address");
        url.set_path(name);
        url
    })
}

/// How a document was last read, as kept beside it: a hash of reader and options, then `+` when the
/// document was a complete list, then `!` when more followed from it, or it was not read whole.
#[derive(Clone, Copy)]
pub(super) struct ReadingKey<'a>(&'a str);

impl<'a> ReadingKey<'a> {
    pub(super) fn of(known: &'a Known) -> ReadingKey<'a> {
        ReadingKey(&known.reading_key)
    }

    /// A list that more follows from is always read, as what follows may have changed; and so is one that was
    /// not read whole, as a run that says nothing of it would be complete.
    fn stands_for(self, today: &str) -> bool {
        !self.0.ends_with('!') && self.0.trim_end_matches('+') == today
    }

    fn text(today: &str, complete: bool, again: bool) -> String {
        format!("{today}{}{}", if complete { "+" } else { "" }, if again { "!" } else { "" })
    }
}

impl Stated {
    /// It is not all that its source lists, and the user is told why.
    pub(super) fn is_part(&mut self, note: String) {
        self.complete = false;
        self.reading_key = self.reading_key.replace('+', "");
        self.notes.push(Note::new(note));
    }
}

fn stated(read: super::origin::Read, reading_key: &str, same_body: bool) -> Stated {
    let reading = read.reading;
    let complete = reading.complete && reading.damaged.is_none();
    let again = !reading.requests.is_empty() || reading.total.is_some() || reading.damaged.is_some();
    let refined = refine(reading.records, reading.rejected);
    let mut notes = reading.notes;
    notes.extend(refined.notes);
    Stated {
        source: read.source,
        reader: read.reader,
        reading_key: ReadingKey::text(reading_key, complete, again),
        same_body,
        records: refined.records,
        quarantined: refined.quarantined,
        requests: reading.requests,
        cursor: reading.cursor,
        complete,
        total: reading.total,
        damaged: reading.damaged,
        notes,
    }
}

fn without_body(mut document: Document) -> Document {
    document.body = bytes::Bytes::new();
    document
}

fn unchanged(work: Work, document: Option<Document>, known: Option<Known>) -> Taken {
    let (body, size_bytes) =
        (known.as_ref().map(|k| k.body), document.as_ref().map_or(0, |d| d.body.len() as u64));
    let result = known.map_or(TakeResult::Nothing, TakeResult::Unchanged);
    Taken { work, document: document.map(without_body), body, size_bytes, result, share: Share::default() }
}

fn nothing(work: Work) -> Taken {
    bare(work, TakeResult::Nothing)
}

fn reader_died(work: Work) -> Taken {
    let error = "callboard has a fault: its reader died; please report it with the input".to_owned();
    failed(work, error, Trouble::Lasting)
}

fn failed(work: Work, error: String, trouble: Trouble) -> Taken {
    bare(work, TakeResult::Failed { error, trouble })
}

fn bare(work: Work, result: TakeResult) -> Taken {
    Taken { work, document: None, body: None, size_bytes: 0, result, share: Share::default() }
}
