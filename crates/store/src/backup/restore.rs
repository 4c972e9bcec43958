//! Restores a backup into an empty store, in one transaction: killed at any instant, there is nothing of it or
//! all of it. Before it is committed, what was written is read back and compared with the manifest.

use std::collections::{BTreeMap, HashSet, VecDeque};

use bytes::Bytes;
use chrono::{DateTime, Utc};
use model::ContentHash;
use serde_json::Value;

use super::make::first_half;
use super::manifest::{BackupHead, BackupManifest};
use super::pages::Pages;
use super::reader::{Piece, Reader, Shape};
use super::source::BackupSource;
use super::tables::{self, Sort};
use super::{BackedUp, BackupLanding, BackupProgress};
use crate::commit::search;
use crate::personal::forget_keys;
use crate::show::document_row;
use crate::sql::{self, Cell, Conn, Dialect, Insert, SqlResult};
use crate::{DocumentRow, LandedDocument, Landing, Read, Remarks, Store, StoreError, work};

/// Events that are put into the index of words at once.
const INDEXED: i64 = 500;

/// Documents that are looked at at once, to enter them in the index of the landing.
const DOCUMENTS: i64 = 200;

/// Bodies that are landed together, and their bytes.
const BODIES: usize = 500;
const BODY_BYTES: usize = 4 * 1024 * 1024;

/// What a restore did.
#[derive(Debug, Clone)]
pub struct Restored {
    /// The backup.
    pub backup: BackedUp,
    /// Items that runners had in hand when it was made, and that are ready again.
    pub given_back: u64,
    /// The name of the restored store: it is another one than that which the backup is of.
    pub identity: String,
}

impl Store {
    /// Fills this store, which holds nothing yet, with what is in a backup. `now` is when runners of the old
    /// store count as ended.
    pub async fn restore(
        &self,
        source: BackupSource,
        now: DateTime<Utc>,
        progress: &BackupProgress,
    ) -> Result<Restored, StoreError> {
        let mut reader = Reader::open(source).await?;
        let fault = |error| self.fault("restoring", error);
        let mut transaction = self.begin().await.map_err(fault)?;
        let conn = &mut *transaction;
        if let Some(table) = prepare(conn).await.map_err(fault)? {
            return Err(StoreError::Question(format!(
                "the store {} holds something already (in {table}): nothing is restored over it; name another one \
                 with --db",
                self.path.display()
            )));
        }
        let mut landing = Land::new(self.landing());
        let manifest = loop {
            match reader.next().await? {
                Piece::Rows(at, rows) => {
                    let Some(shape) = reader.table(at) else { continue };
                    let count = rows.len();
                    write(conn, shape, rows, reader.head()).await.map_err(fault)?;
                    progress.rows(count, reader.read());
                }
                Piece::Body(hash, body) => {
                    landing.meet(conn, Some(hash)).await.map_err(fault)?;
                    landing.take(hash, body).await?;
                    progress.body(reader.read());
                }
                Piece::End(manifest) => break manifest,
            }
        };
        if reader.head().landing == BackupLanding::Include.name() {
            landing.meet(conn, None).await.map_err(fault)?;
            landing.settle().await?;
        }
        self.compare(conn, &reader, &manifest).await?;
        self.know_key_on(conn).await?;
        let given_back = finish(conn, reader.head(), now).await.map_err(fault)?;
        transaction.commit().await.map_err(fault)?;
        let identity = self.identity().await?;
        let backup = BackedUp { head: reader.head().clone(), manifest, bytes: reader.read() };
        Ok(Restored { backup, given_back, identity })
    }

    /// Whether there is nothing in it that a restore would be over.
    pub async fn holds_nothing(&self) -> Result<bool, StoreError> {
        let filled = async { filled(&mut self.readers.acquire().await?).await };
        Ok(filled.await.map_err(|error| self.fault("looking whether it is empty", error))?.is_none())
    }

    /// What is in the store now must be what the manifest says, and nothing may refer to what is not there.
    async fn compare(
        &self,
        conn: &mut Conn,
        reader: &Reader,
        manifest: &BackupManifest,
    ) -> Result<(), StoreError> {
        let fault = |error| self.fault("comparing with the backup", error);
        let differs = |what: String| StoreError::Damaged {
            what: format!("what was restored into {}", self.path.display()),
            reason: format!("{what}; nothing was kept of it"),
        };
        let mut at = 0;
        while let Some(shape) = reader.table(at) {
            at += 1;
            let pages = Pages::of(&shape.table, &shape.columns);
            let (rows, hash) = pages.sum(conn, &shape.sorts).await.map_err(fault)?;
            let said = manifest.tables.get(&shape.table.name).cloned().unwrap_or_default();
            if (rows, &hash) != (said.rows, &said.blake3) {
                let table = &shape.table.name;
                return Err(differs(format!(
                    "table {table} has {rows} rows that are not the {} of the backup",
                    said.rows
                )));
            }
        }
        if conn.dialect() == Dialect::Sqlite {
            // PostgreSQL has checked each row when it came.
            let loose = sql::query("SELECT \"table\", parent FROM pragma_foreign_key_check LIMIT 1");
            if let Some(row) = loose.fetch_optional(conn).await.map_err(fault)? {
                let read = |at: usize| row.try_get::<String>(at).map_err(fault);
                return Err(differs(format!("a row of {} refers to none of {}", read(0)?, read(1)?)));
            }
        }
        Ok(())
    }
}

/// The first table that holds something. That the store was opened with a key is nothing: whether it is the
/// right one for what comes is asked when that is there. Nor is that its schema was made (`migrate --apply`).
async fn prepare(conn: &mut Conn) -> SqlResult<Option<String>> {
    if conn.dialect() == Dialect::Postgres {
        // Where the backup comes from may be slow.
        sql::run_all(conn, "SET LOCAL idle_in_transaction_session_timeout = 0").await?;
        sql::run_all(conn, "SET LOCAL statement_timeout = 0").await?;
    }
    let other = "SELECT EXISTS (SELECT 1 FROM audit WHERE operation <> 'migrate')";
    if !sql::query_scalar::<bool>(other).fetch_one(&mut *conn).await? {
        // Kept after all where the store turns out to hold something, as then nothing is committed.
        sql::run_all(conn, "DELETE FROM audit; DELETE FROM audit_head").await?;
    }
    let filled = filled(conn).await?;
    if filled.is_none() {
        forget_keys(conn).await?;
    }
    Ok(filled)
}

async fn filled(conn: &mut Conn) -> SqlResult<Option<String>> {
    for table in tables::all().into_iter().filter(|table| table.name != "personal_keys") {
        let sql = format!("SELECT EXISTS (SELECT 1 FROM \"{}\")", table.name);
        if sql::query_scalar::<bool>(sql).fetch_one(&mut *conn).await? {
            return Ok(Some(table.name));
        }
    }
    Ok(None)
}

async fn write(conn: &mut Conn, shape: &Shape, mut rows: Vec<Vec<Cell>>, head: &BackupHead) -> SqlResult<()> {
    if conn.dialect() == Dialect::Sqlite && head.database != "sqlite" {
        for row in &mut rows {
            shape.sorts.iter().zip(row).for_each(|(sort, cell)| compact(*sort, cell));
        }
    }
    let columns: Vec<&str> = shape.columns.iter().map(String::as_str).collect();
    Insert::into(&shape.table.name, &columns).write(conn, rows).await
}

/// JSON as this program writes it: PostgreSQL gives it back with spaces.
fn compact(sort: Sort, cell: &mut Cell) {
    if let (Sort::Json, Cell::Text(text)) = (sort, &mut *cell)
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        *text = value.to_string();
    }
}

/// What follows from the rows, and what is other in a copy.
async fn finish(conn: &mut Conn, head: &BackupHead, now: DateTime<Utc>) -> SqlResult<u64> {
    number_on(conn, &head.numbers).await?;
    index(conn).await?;
    work::stop_all(conn, now).await
}

/// Numbers that the database gives go on after the highest that is there, or ever was.
async fn number_on(conn: &mut Conn, given: &BTreeMap<String, i64>) -> SqlResult<()> {
    for table in tables::all() {
        let Some(column) = &table.numbered else { continue };
        let highest = format!("SELECT coalesce(max(\"{column}\"), 0) FROM \"{}\"", table.name);
        let highest: i64 = sql::query_scalar(highest).fetch_one(&mut *conn).await?;
        let number = highest.max(given.get(&table.name).copied().unwrap_or(0));
        if number == 0 {
            continue;
        }
        match conn.dialect() {
            Dialect::Sqlite if given.contains_key(&table.name) => {
                let clear = sql::query("DELETE FROM sqlite_sequence WHERE name = ?").bind(&table.name);
                clear.execute(&mut *conn).await?;
                let set = sql::query("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)");
                set.bind(&table.name).bind(number).execute(&mut *conn).await?;
            }
            Dialect::Sqlite => {}
            Dialect::Postgres => {
                let set = sql::query("SELECT setval(pg_get_serial_sequence(?, ?)::regclass, ?)");
                let set = set.bind(format!("\"{}\"", table.name)).bind(column).bind(number);
                set.fetch_one(&mut *conn).await?;
            }
        }
    }
    Ok(())
}

async fn index(conn: &mut Conn) -> SqlResult<()> {
    let mut after = 0;
    loop {
        let sql = "SELECT rid FROM event_listings WHERE rid > ? ORDER BY rid LIMIT ?";
        let rids: Vec<i64> = sql::query_scalar(sql).bind(after).bind(INDEXED).fetch_all(&mut *conn).await?;
        let Some(last) = rids.last() else { return Ok(()) };
        after = *last;
        search::index(conn, &rids).await?;
    }
}

/// Bodies on their way into the landing, with the documents that the index there names them by. Both come in
/// the order of the documents, so one page of these is all that is in memory.
struct Land<'a> {
    landing: &'a Landing,
    after: i64,
    page: VecDeque<DocumentRow>,
    /// Bodies that are in the backup, as far as they have come.
    landed: HashSet<[u8; 16]>,
    bodies: Vec<ContentHash>,
    documents: Vec<LandedDocument>,
    bytes: usize,
}

impl<'a> Land<'a> {
    fn new(landing: &'a Landing) -> Land<'a> {
        let (page, landed) = (VecDeque::new(), HashSet::new());
        Land { landing, after: 0, page, landed, bodies: Vec::new(), documents: Vec::new(), bytes: 0 }
    }

    /// Takes the documents up to the first one with this body; all that are left where none is named.
    async fn meet(&mut self, conn: &mut Conn, hash: Option<ContentHash>) -> SqlResult<()> {
        self.landed.extend(hash.map(first_half));
        loop {
            if self.page.is_empty() {
                self.page = documents(conn, self.after).await?.into();
            }
            let Some(row) = self.page.pop_front() else { return Ok(()) };
            self.after = row.number;
            let (is_it, body) = (hash.is_some() && row.body == hash, row.body.map(first_half));
            if body.is_some_and(|body| self.landed.contains(&body)) {
                self.documents.extend(landed(row));
            }
            if is_it {
                return Ok(());
            }
        }
    }

    async fn take(&mut self, hash: ContentHash, body: Bytes) -> Result<(), StoreError> {
        self.bytes += body.len();
        self.landing.put(&body).await?;
        self.bodies.push(hash);
        if self.bodies.len() >= BODIES || self.bytes >= BODY_BYTES {
            self.settle().await?;
        }
        Ok(())
    }

    async fn settle(&mut self) -> Result<(), StoreError> {
        self.bytes = 0;
        let (bodies, documents) = (std::mem::take(&mut self.bodies), std::mem::take(&mut self.documents));
        self.landing.settle_bodies(&bodies, &documents).await
    }
}

async fn documents(conn: &mut Conn, after: i64) -> SqlResult<Vec<DocumentRow>> {
    let sql = "SELECT d.*, r.id AS run_id FROM documents d JOIN runs r ON r.seq = d.run \
               WHERE d.rid > ? AND d.body_hash IS NOT NULL ORDER BY d.rid LIMIT ?";
    let rows = sql::query(sql).bind(after).bind(DOCUMENTS).fetch_all(conn).await?;
    rows.iter().map(document_row).collect()
}

/// As it was when it was landed; `None` where that is not known any more.
fn landed(row: DocumentRow) -> Option<LandedDocument> {
    Some(LandedDocument {
        found: serde_json::from_value(Value::String(row.found)).ok()?,
        fetched_at: DateTime::parse_from_rfc3339(&row.fetched_at).ok()?.to_utc(),
        name: row.name,
        url: row.url,
        request: row.request,
        status: row.status,
        headers: row.headers,
        body: row.body,
        size_bytes: row.size_bytes,
        source: row.source,
        connector: row.connector,
        scope: row.scope,
        etag: None,
        last_modified: None,
        read: Read::Unchanged,
        remarks: Remarks::default(),
    })
}
