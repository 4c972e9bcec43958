//! Rows of one kind as bytes that other programs read: files, or a stream.
//!
//! Pages of rows come from the store in the order of their numbers, an encoder makes bytes of each, a
//! sink takes them. Two pages and what the encoder holds are all that is ever in memory. After each page
//! whose bytes are complete the sink may note the place, so that an export which was stopped goes on from
//! there and ends with the same bytes.

mod columns;
mod error;
pub mod formats;
mod sink;
mod state;
#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
pub(crate) mod tests;
mod wanted;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

use sha2::{Digest, Sha256};
use store::{Extent, KeptRow, RowPage, Store};

pub use columns::Layout;
pub use error::ExportError;
pub use formats::{Encoder, FormatSpec};
pub use sink::{Sink, Target};
pub use wanted::Wanted;

use state::Mark;

/// Rows looked at for one page.
pub const PAGE_ROWS: usize = 500;

/// What is under way, for whoever watches.
#[derive(Debug, Default)]
pub struct Progress {
    rows: AtomicU64,
    bytes: AtomicU64,
    done: AtomicU64,
    all: AtomicU64,
}

impl Progress {
    /// Rows and bytes written so far.
    pub fn written(&self) -> (u64, u64) {
        (self.rows.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    /// How far through the rows it is: so many of so many.
    pub fn way(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.all.load(Ordering::Relaxed))
    }

    fn note(&self, reached: &Reached, all: i64) {
        self.rows.store(reached.rows, Ordering::Relaxed);
        self.bytes.store(reached.bytes, Ordering::Relaxed);
        self.done.store(u64::try_from(reached.after).unwrap_or(0), Ordering::Relaxed);
        self.all.store(u64::try_from(all).unwrap_or(0), Ordering::Relaxed);
    }
}

/// What an export came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// Rows written, with those before it was gone on with.
    pub rows: u64,
    /// Rows that the format cannot hold, by why.
    pub left_out: BTreeMap<String, u64>,
    /// Bytes of the whole output.
    pub bytes: u64,
    /// SHA-256 of the whole output, as `sha256sum` prints it.
    pub sha256: String,
    /// The number of the change log that the output is as new as, at least: `since` for the next one.
    pub change: i64,
    /// Rows that were there already when it was gone on with.
    pub resumed: Option<u64>,
    /// The most rows that were in memory at once.
    pub most_held: usize,
}

/// How far an export has come.
#[derive(Debug, Clone)]
pub(crate) struct Reached {
    pub(crate) after: i64,
    /// Number and id of the last row that was written: they tell one store from another.
    pub(crate) last: Option<(i64, String)>,
    pub(crate) rows: u64,
    pub(crate) bytes: u64,
    pub(crate) left_out: BTreeMap<String, u64>,
    pub(crate) hash: Sha256,
}

impl Reached {
    pub(crate) fn nothing() -> Reached {
        let left_out = BTreeMap::new();
        Reached { after: 0, last: None, rows: 0, bytes: 0, left_out, hash: Sha256::new() }
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    fn at(&self) -> formats::At {
        formats::At { rows: self.rows, bytes: self.bytes }
    }

    fn digest(&self) -> String {
        format!("{:x}", self.hash.clone().finalize())
    }
}

/// Writes what is wanted into `target`, from its beginning or from where it was left.
pub async fn export(
    store: &Store,
    wanted: &Wanted,
    target: Target,
    progress: &Progress,
) -> Result<Summary, ExportError> {
    let extent = store.extent(wanted.query.kind).await?;
    if let Some(since) = wanted.query.since.filter(|since| *since > extent.last_change) {
        return Err(ExportError::Usage(format!(
            "the change log ends at {}, before {since}: is this the store that the number came from?",
            extent.last_change
        )));
    }
    let opened = Sink::open(target, wanted, extent)?;
    let mut encoder = (wanted.format.make)(&wanted.layout(opened.extent.last_change));
    let resumed = (opened.reached.bytes > 0).then_some(opened.reached.rows);
    if resumed.is_some() {
        belongs(store, wanted, &opened.reached).await?;
        encoder.resume(&opened.reached.at(), &opened.notes)?;
    }
    let source = Source::new(store, wanted, opened.extent).await?;
    let way = Way { extent: opened.extent, progress, resumed };
    write_all(&source, encoder, opened.sink, opened.reached, way).await
}

/// What does not change on the way.
struct Way<'a> {
    extent: Extent,
    progress: &'a Progress,
    resumed: Option<u64>,
}

async fn write_all(
    source: &Source<'_>,
    mut encoder: Box<dyn Encoder>,
    mut sink: Sink,
    mut reached: Reached,
    way: Way<'_>,
) -> Result<Summary, ExportError> {
    let mut head = Vec::new();
    if way.resumed.is_none() {
        encoder.begin(&mut head)?;
        sink.write(&head).await?;
        reached.wrote(&head);
    }
    let mut most_held = 0;
    let mut page = Some(source.page(reached.after).await?);
    while let Some(RowPage { rows, next }) = page {
        let begun = rows.len() + encoder.held();
        reached.last = rows.last().map(|row| (row.number, row.id.to_string())).or(reached.last);
        // The next page is read while this one is encoded.
        let (ahead, encoded) = tokio::join!(source.after(next), encode(encoder, rows));
        let mut part = encoded?;
        page = ahead?;
        most_held = most_held.max(begun + page.as_ref().map_or(0, |page| page.rows.len()));
        sink.write(&part.bytes).await?;
        reached.wrote(&part.bytes);
        reached.after = next.unwrap_or(source.end());
        reached.rows += part.rows;
        for (why, count) in std::mem::take(&mut part.left_out) {
            *reached.left_out.entry(why.to_owned()).or_default() += count;
        }
        if let Some(note) = part.note {
            sink.mark(|| Mark::of(&reached, note))?;
        }
        way.progress.note(&reached, way.extent.last_row);
        encoder = part.encoder;
    }
    let mut tail = Vec::new();
    encoder.end(&mut tail)?;
    sink.write(&tail).await?;
    reached.wrote(&tail);
    sink.finish().await?;
    way.progress.note(&reached, way.extent.last_row);
    let (rows, bytes, sha256) = (reached.rows, reached.bytes, reached.digest());
    let (change, resumed) = (way.extent.last_change, way.resumed);
    Ok(Summary { rows, left_out: reached.left_out, bytes, sha256, change, resumed, most_held })
}

/// The bytes of one page, and the encoder back.
struct Part {
    encoder: Box<dyn Encoder>,
    bytes: Vec<u8>,
    rows: u64,
    left_out: BTreeMap<&'static str, u64>,
    note: Option<String>,
}

/// Off the threads that everything else waits on: encoding and compressing take their time.
async fn encode(encoder: Box<dyn Encoder>, rows: Vec<KeptRow>) -> Result<Part, ExportError> {
    let encoding = tokio::task::spawn_blocking(move || {
        let mut part = Part { encoder, bytes: Vec::new(), rows: 0, left_out: BTreeMap::new(), note: None };
        for row in rows {
            match part.encoder.row(row, &mut part.bytes)? {
                None => part.rows += 1,
                Some(why) => *part.left_out.entry(why).or_default() += 1,
            }
        }
        part.note = part.encoder.settle(&mut part.bytes)?;
        Ok(part)
    });
    encoding.await.map_err(|_| ExportError::Fault("the encoder died".to_owned()))?
}

/// A part of another store's rows is not gone on with.
async fn belongs(store: &Store, wanted: &Wanted, reached: &Reached) -> Result<(), ExportError> {
    let Some((number, id)) = &reached.last else { return Ok(()) };
    let last = store.row_list(wanted.query.kind, &[*number]).await?;
    match last.first() {
        Some(row) if row.id.as_str() != id => Err(ExportError::Usage(
            "what was left was written from another store; export without --resume".to_owned(),
        )),
        _ => Ok(()),
    }
}

/// Where pages come from: all that fits by number, or a list of numbers.
struct Source<'a> {
    store: &'a Store,
    wanted: &'a Wanted,
    upto: i64,
    /// The rows to write, where only the earliest are wanted.
    chosen: Option<Vec<i64>>,
}

impl<'a> Source<'a> {
    async fn new(store: &'a Store, wanted: &'a Wanted, extent: Extent) -> Result<Source<'a>, ExportError> {
        let chosen = match wanted.limit {
            Some(most) => Some(store.earliest_events(&wanted.query, most).await?),
            None => None,
        };
        Ok(Source { store, wanted, upto: extent.last_row, chosen })
    }

    async fn after(&self, next: Option<i64>) -> Result<Option<RowPage>, ExportError> {
        match next {
            Some(after) => self.page(after).await.map(Some),
            None => Ok(None),
        }
    }

    /// Where there is nothing after.
    fn end(&self) -> i64 {
        self.chosen.as_ref().map_or(self.upto, |chosen| i64::try_from(chosen.len()).unwrap_or(i64::MAX))
    }

    /// Of a list, `after` is a place in it.
    async fn page(&self, after: i64) -> Result<RowPage, ExportError> {
        let Some(chosen) = &self.chosen else {
            return Ok(self.store.row_page(&self.wanted.query, after, self.upto, PAGE_ROWS).await?);
        };
        let from = usize::try_from(after).unwrap_or(0).min(chosen.len());
        let to = (from + PAGE_ROWS).min(chosen.len());
        let rows = self.store.row_list(self.wanted.query.kind, &chosen[from..to]).await?;
        Ok(RowPage { rows, next: (to < chosen.len()).then(|| i64::try_from(to).unwrap_or(i64::MAX)) })
    }
}
