//! Makes a backup, in one view of the database while others write: what is committed after it began is not in it.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use chrono::SecondsFormat;
use futures::{StreamExt as _, stream};
use model::ContentHash;

use super::manifest::{BackupHead, BackupManifest, BackupTable, BodySum, FORMAT, TableSum};
use super::pages::Pages;
use super::rows::RowsHash;
use super::tables::{self, Sort, Table};
use super::target::BackupTarget;
use super::writer::Writer;
use super::{BackedUp, BackupLanding, BackupOptions, BackupProgress};
use crate::sql::{self, Cell, Conn, Dialect, SqlResult, parse};
use crate::{Store, StoreError, schema};

/// Compresses markup to a fifth, at some hundred megabytes a second.
const ZSTD_LEVEL: i32 = 3;

/// Bodies that are read from the landing at once.
const BODIES_AT_ONCE: usize = 4;

/// Documents that are looked at at once.
const DOCUMENTS: i64 = 1_000;

impl Store {
    /// Writes all that the store holds to `target`, as of now.
    pub async fn back_up(
        &self,
        target: BackupTarget,
        options: BackupOptions,
        progress: &BackupProgress,
    ) -> Result<BackedUp, StoreError> {
        let view = async {
            let mut view = self.readers.begin_reading().await?;
            if view.dialect() == Dialect::Postgres {
                // Where the backup goes may be slow.
                sql::run_all(&mut view, "SET LOCAL idle_in_transaction_session_timeout = 0").await?;
            }
            let numbers = numbers(&mut view).await?;
            Ok((view, numbers))
        };
        let (mut view, numbers) = view.await.map_err(|error| self.fault("beginning a backup", error))?;
        let tables = tables::all();
        let head = self.backup_head(&tables, options, numbers);
        let at = u64::try_from(options.at.timestamp()).unwrap_or(0);
        let mut making = Making {
            store: self,
            progress,
            writer: Writer::begin(target, at, &head).await?,
            manifest: BackupManifest::default(),
        };
        for table in &tables {
            making.table(&mut view, table).await?;
        }
        if options.landing != BackupLanding::Skip {
            making.bodies(&mut view, options.landing).await?;
        }
        drop(view);
        let Making { writer, mut manifest, .. } = making;
        let bytes = writer.finish(&mut manifest).await?;
        Ok(BackedUp { head, manifest, bytes })
    }

    fn backup_head(
        &self,
        tables: &[Table],
        options: BackupOptions,
        numbers: BTreeMap<String, i64>,
    ) -> BackupHead {
        let table = |table: &Table| BackupTable { name: table.name.clone(), columns: names(table) };
        let database = match self.readers.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        };
        BackupHead {
            format: FORMAT,
            created_at: options.at.to_rfc3339_opts(SecondsFormat::Secs, true),
            program: env!("CARGO_PKG_VERSION").to_owned(),
            schema: schema::VERSION,
            fingerprint: schema::fingerprint(),
            database: database.to_owned(),
            store: self.path.display().to_string(),
            landing: options.landing.name().to_owned(),
            tables: tables.iter().map(table).collect(),
            numbers,
        }
    }
}

fn names(table: &Table) -> Vec<String> {
    table.columns.iter().map(|column| column.name.clone()).collect()
}

/// The highest number that was ever given, of tables that never give one twice.
async fn numbers(view: &mut Conn) -> SqlResult<BTreeMap<String, i64>> {
    let mut numbers = BTreeMap::new();
    let tables = tables::all();
    for name in tables::ordered() {
        let Some(table) = tables.iter().find(|table| table.name == name) else { continue };
        let column = table.key.concat();
        let highest = format!("SELECT coalesce(max(\"{column}\"), 0) FROM \"{name}\"");
        let highest: i64 = sql::query_scalar(highest).fetch_one(&mut *view).await?;
        let given = match view.dialect() {
            Dialect::Sqlite => {
                let sql = "SELECT seq FROM sqlite_sequence WHERE name = ?";
                sql::query_scalar::<i64>(sql).bind(&name).fetch_optional(&mut *view).await?
            }
            Dialect::Postgres => {
                let sql = "SELECT pg_sequence_last_value(pg_get_serial_sequence(?, ?)::regclass)";
                let query = sql::query_scalar::<Option<i64>>(sql).bind(format!("\"{name}\"")).bind(column);
                query.fetch_one(&mut *view).await?
            }
        };
        numbers.insert(name, highest.max(given.unwrap_or(0)));
    }
    Ok(numbers)
}

/// A backup that is being made.
struct Making<'a> {
    store: &'a Store,
    progress: &'a BackupProgress,
    writer: Writer,
    manifest: BackupManifest,
}

impl Making<'_> {
    async fn table(&mut self, view: &mut Conn, table: &Table) -> Result<(), StoreError> {
        let sorts: Vec<Sort> = table.columns.iter().map(|column| column.sort).collect();
        let mut pages = Pages::of(table, &names(table));
        let (mut hash, mut sum) = (RowsHash::default(), TableSum::default());
        let fault = |error| self.store.fault("backing up", error);
        let mut rows = pages.next(view).await.map_err(fault)?;
        let mut part = 0;
        while !rows.is_empty() {
            part += 1;
            let count = rows.len();
            // The next page is read while this one is encoded.
            let (packed, next) = tokio::join!(encode(rows, sorts.clone(), hash), pages.next(view));
            let packed = packed?;
            (hash, rows) = (packed.hash, next.map_err(fault)?);
            let name = format!("tables/{}/{part:06}", table.name);
            self.writer.member(&name, &packed.bytes, ".ndjson.zst").await?;
            sum.rows += count as u64;
            self.progress.rows(count, self.writer.written());
        }
        sum.blake3 = hash.to_hex();
        self.manifest.tables.insert(table.name.clone(), sum);
        Ok(())
    }

    /// Every body that a document names, once, in the order of the documents.
    async fn bodies(&mut self, view: &mut Conn, landing: BackupLanding) -> Result<(), StoreError> {
        let (mut seen, mut after) = (HashSet::new(), 0);
        loop {
            let page = named(view, after).await;
            let page = page.map_err(|error| self.store.fault("backing up bodies", error))?;
            let Some((last, _)) = page.last() else { return Ok(()) };
            after = *last;
            let fresh: Vec<ContentHash> = page
                .into_iter()
                .map(|(_, hash)| hash)
                .filter(|hash| seen.insert(first_half(*hash)))
                .collect();
            let from = self.store.landing();
            let read = |hash: ContentHash| async move { (hash, from.get(hash).await) };
            let mut bodies = stream::iter(fresh.into_iter().map(read)).buffered(BODIES_AT_ONCE);
            while let Some((hash, body)) = bodies.next().await {
                self.body(hash, body, landing).await?;
            }
        }
    }

    async fn body(
        &mut self,
        hash: ContentHash,
        body: Result<Bytes, StoreError>,
        landing: BackupLanding,
    ) -> Result<(), StoreError> {
        let BodySum { count, bytes, absent, damaged } = &mut self.manifest.bodies;
        let body = match body {
            Ok(body) => body,
            // The rest of the backup is worth having all the same.
            Err(StoreError::NoBody { .. }) => {
                *absent += 1;
                return Ok(());
            }
            Err(error @ StoreError::Damaged { .. }) => {
                tracing::warn!(%error, "left out of the backup");
                *damaged += 1;
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        *count += 1;
        *bytes += body.len() as u64;
        if landing == BackupLanding::Include {
            let packed = aside(move || zstd::bulk::compress(&body, ZSTD_LEVEL)).await?;
            self.writer.member(&format!("bodies/{}", hash.to_hex()), &packed, ".zst").await?;
        }
        self.progress.body(self.writer.written());
        Ok(())
    }
}

/// Numbers of documents with their bodies.
async fn named(view: &mut Conn, after: i64) -> SqlResult<Vec<(i64, ContentHash)>> {
    let sql =
        "SELECT rid, body_hash FROM documents WHERE rid > ? AND body_hash IS NOT NULL ORDER BY rid LIMIT ?";
    let rows = sql::query(sql).bind(after).bind(DOCUMENTS).fetch_all(view).await?;
    let read =
        |row: &sql::Row| Ok((row.try_get(0)?, parse(&row.try_get::<String>(1)?, ContentHash::from_hex)?));
    rows.iter().map(read).collect()
}

/// Enough to tell bodies apart, in half the memory.
pub(super) fn first_half(hash: ContentHash) -> [u8; 16] {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    half
}

struct Packed {
    bytes: Vec<u8>,
    hash: RowsHash,
}

/// Off the threads that everything else waits on.
async fn encode(rows: Vec<Vec<Cell>>, sorts: Vec<Sort>, mut hash: RowsHash) -> Result<Packed, StoreError> {
    aside(move || {
        let mut lines = Vec::new();
        for row in &rows {
            hash.add(&sorts, row);
            serde_json::to_writer(&mut lines, row)?;
            lines.push(b'\n');
        }
        Ok(Packed { bytes: zstd::bulk::compress(&lines, ZSTD_LEVEL)?, hash })
    })
    .await
}

async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, StoreError> {
    let done = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other).and_then(|done| done);
    done.map_err(|error| StoreError::Database { doing: "packing a backup", source: error.into() })
}
