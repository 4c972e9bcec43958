//! Places and documents. A document is one landed answer; a place is what the documents of all runs
//! with the same connector, scope and name have in common: what it last held and when it was seen.

use std::collections::{BTreeMap, HashMap};

use model::{ContentHash, Found, Kind, SourceName};

use super::Stamp;
use super::statement::{PreparedDocument, place_key};
use crate::rows::next_number;
use crate::runs::stamp as instant;
use crate::sql::{self, Cell, Conn, Insert, Row, SqlResult, json, keys, parse};
use crate::{Known, LandedDocument, Read, Store, StoreError};

/// A place as stored.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) number: i64,
    /// It is not stored yet.
    pub(crate) fresh: bool,
    scope: i64,
    source: String,
    body: Option<String>,
    etag: Option<String>,
    last_modified: Option<String>,
    reading_key: Option<String>,
    /// Records by kind, as JSON.
    records: String,
    quarantined: i64,
    pub(crate) read_run: i64,
    pub(crate) seen_run: i64,
    seen_at: String,
}

/// The places of a batch, by key.
#[derive(Debug, Default)]
pub(crate) struct Places {
    places: HashMap<i64, Place>,
}

/// The places, as [`Place::from_row`] reads them.
const PLACES: &str = "SELECT key, place, scope, source, body_hash, etag, last_modified, reading_key, records, \
                      quarantined, read_run, seen_run, seen_at FROM places";

/// Scopes of one source that are looked through for a document.
const SCOPES_MAX: i64 = 200;

impl Places {
    /// Loads the known places and makes the new ones.
    pub(crate) async fn load(
        conn: &mut Conn,
        documents: &[PreparedDocument],
        stamp: &Stamp,
    ) -> SqlResult<Places> {
        let wanted: Vec<i64> = documents.iter().map(|document| document.place_key).collect();
        let sql = format!("{PLACES} WHERE key IN (SELECT value FROM json_each(?))");
        let mut places = Places::default();
        for row in sql::query(sql).bind(keys(&wanted)).fetch_all(&mut *conn).await? {
            places.places.insert(row.try_get("key")?, Place::from_row(&row)?);
        }
        let mut next = next_number(conn, "places", "place").await?;
        let mut scopes = HashMap::new();
        for document in documents.iter().filter(|document| document.was_read()) {
            if places.places.contains_key(&document.place_key) {
                continue;
            }
            let scope = scope_number(conn, &mut scopes, &document.landed.scope).await?;
            places.places.insert(document.place_key, Place::new(next, scope, &document.landed, stamp));
            next += 1;
        }
        Ok(places)
    }

    /// The document's place, if it has one: a document that never could be read has none.
    pub(crate) fn of(&self, document: &PreparedDocument) -> Option<&Place> {
        self.places.get(&document.place_key)
    }

    /// The number of the document's place.
    pub(crate) fn number(&self, document: &PreparedDocument) -> Option<i64> {
        self.of(document).map(|place| place.number)
    }

    /// The number of the document's place, if it was stored before this batch.
    pub(crate) fn known_number(&self, document: &PreparedDocument) -> Option<i64> {
        self.of(document).filter(|place| !place.fresh).map(|place| place.number)
    }

    /// True when the document is unchanged, so that its place still says what it said.
    pub(crate) fn stands(&self, document: &PreparedDocument) -> bool {
        matches!(document.landed.read, Read::Unchanged) && self.of(document).is_some()
    }

    /// All of them, to change them.
    pub(crate) fn all_mut(&mut self) -> impl Iterator<Item = &mut Place> {
        self.places.values_mut()
    }

    /// Writes the places that were read or confirmed.
    pub(crate) async fn write(
        &mut self,
        conn: &mut Conn,
        documents: &[PreparedDocument],
        stamp: &Stamp,
    ) -> SqlResult<()> {
        let mut touched = BTreeMap::new();
        for document in documents {
            let Some(place) = self.places.get_mut(&document.place_key) else { continue };
            if place.take(document, stamp) {
                touched.insert(document.place_key, document);
            }
        }
        let (mut new, mut known) = (Vec::new(), Vec::new());
        for (key, document) in touched {
            let Some(place) = self.places.get(&key) else { continue };
            let rows = if place.fresh { &mut new } else { &mut known };
            rows.push(place.cells(key, &document.landed));
        }
        insert().write(conn, new).await?;
        insert().or_update("place", &UPDATED).write(conn, known).await?;
        write_cursors(conn, documents, stamp).await
    }
}

/// What tells places apart and stays as it is, and what each document says anew.
const NAMED: [&str; 5] = ["key", "place", "scope", "connector", "name"];
const UPDATED: [&str; 10] = [
    "source",
    "body_hash",
    "etag",
    "last_modified",
    "reading_key",
    "records",
    "quarantined",
    "read_run",
    "seen_run",
    "seen_at",
];

fn insert() -> Insert {
    Insert::into("places", &[&NAMED[..], &UPDATED].concat())
}

impl Place {
    fn from_row(row: &Row) -> SqlResult<Place> {
        Ok(Place {
            number: row.try_get("place")?,
            fresh: false,
            scope: row.try_get("scope")?,
            source: row.try_get("source")?,
            body: row.try_get("body_hash")?,
            etag: row.try_get("etag")?,
            last_modified: row.try_get("last_modified")?,
            reading_key: row.try_get("reading_key")?,
            records: row.try_get("records")?,
            quarantined: row.try_get("quarantined")?,
            read_run: row.try_get("read_run")?,
            seen_run: row.try_get("seen_run")?,
            seen_at: row.try_get("seen_at")?,
        })
    }

    fn new(number: i64, scope: i64, landed: &LandedDocument, stamp: &Stamp) -> Place {
        Place {
            number,
            fresh: true,
            scope,
            source: landed.source.to_string(),
            body: None,
            etag: None,
            last_modified: None,
            reading_key: None,
            records: "{}".to_owned(),
            quarantined: 0,
            read_run: stamp.run,
            seen_run: stamp.run,
            seen_at: stamp.at.clone(),
        }
    }

    /// Takes in what a document brought; false when it brought nothing (it failed).
    fn take(&mut self, document: &PreparedDocument, stamp: &Stamp) -> bool {
        let landed = &document.landed;
        match &landed.read {
            Read::Failed { .. } | Read::Nothing => return false,
            Read::Unchanged => {
                self.etag = landed.etag.clone().or(self.etag.take());
                self.last_modified = landed.last_modified.clone().or(self.last_modified.take());
            }
            Read::Records { reading_key, .. } => {
                self.source = landed.source.to_string();
                self.body = landed.body.map(ContentHash::to_hex);
                (self.etag, self.last_modified) = (landed.etag.clone(), landed.last_modified.clone());
                self.reading_key = Some(reading_key.clone());
                self.records = serde_json::to_string(&count_by_kind(document)).unwrap_or_default();
                self.quarantined = number(document.entries.len());
            }
        }
        self.seen_run = stamp.run;
        self.seen_at.clone_from(&stamp.at);
        true
    }

    fn cells(&self, key: i64, landed: &LandedDocument) -> Vec<Cell> {
        vec![
            key.into(),
            self.number.into(),
            self.scope.into(),
            landed.connector.as_str().into(),
            landed.name.as_str().into(),
            self.source.as_str().into(),
            self.body.clone().into(),
            self.etag.clone().into(),
            self.last_modified.clone().into(),
            self.reading_key.clone().into(),
            self.records.as_str().into(),
            self.quarantined.into(),
            self.read_run.into(),
            self.seen_run.into(),
            self.seen_at.as_str().into(),
        ]
    }

    fn record_count(&self) -> i64 {
        let counts: BTreeMap<Kind, i64> = serde_json::from_str(&self.records).unwrap_or_default();
        counts.values().sum()
    }
}

fn count_by_kind(document: &PreparedDocument) -> BTreeMap<Kind, u64> {
    let mut counts = BTreeMap::new();
    for statement in &document.statements {
        *counts.entry(statement.kind).or_default() += 1;
    }
    counts
}

async fn scope_number(conn: &mut Conn, known: &mut HashMap<String, i64>, name: &str) -> SqlResult<i64> {
    if let Some(number) = known.get(name) {
        return Ok(*number);
    }
    let sql = "INSERT INTO scopes (name) VALUES (?) ON CONFLICT (name) DO UPDATE SET name = excluded.name RETURNING scope";
    let number = sql::query_scalar(sql).bind(name).fetch_one(conn).await?;
    known.insert(name.to_owned(), number);
    Ok(number)
}

/// Writes one row for each document and gives the number of the first; the others follow.
pub(crate) async fn write_documents(
    conn: &mut Conn,
    documents: &[PreparedDocument],
    places: &Places,
    stamp: &Stamp,
) -> SqlResult<i64> {
    let first = next_number(conn, "documents", "rid").await?;
    let rows = documents.iter().zip(first..);
    let rows = rows.map(|(document, number)| document_cells(document, number, places.of(document), stamp));
    let columns = [
        "rid",
        "run",
        "place",
        "name",
        "url",
        "request",
        "method",
        "status",
        "headers",
        "fetched_at",
        "found",
        "body_hash",
        "size_bytes",
        "source",
        "connector",
        "scope",
        "etag",
        "last_modified",
        "reading_key",
        "outcome",
        "error",
        "records",
        "total",
        "damaged",
        "notes",
    ];
    Insert::into("documents", &columns).write(conn, rows.collect()).await?;
    Ok(first)
}

fn document_cells(document: &PreparedDocument, rid: i64, place: Option<&Place>, stamp: &Stamp) -> Vec<Cell> {
    let landed = &document.landed;
    let (outcome, error, records) = match &landed.read {
        Read::Records { .. } if landed.remarks.same_body => {
            ("reread", None, number(document.statements.len()))
        }
        Read::Records { .. } => ("read", None, number(document.statements.len())),
        Read::Unchanged => ("unchanged", None, place.map_or(0, Place::record_count)),
        Read::Nothing => ("nothing", None, 0),
        Read::Failed { error } => ("failed", Some(error.as_str()), 0),
    };
    let earlier = place.filter(|_| matches!(landed.read, Read::Unchanged));
    let body = landed.body.map(ContentHash::to_hex).or_else(|| earlier.and_then(|place| place.body.clone()));
    let reading_key = match &landed.read {
        Read::Records { reading_key, .. } => Some(reading_key.clone()),
        _ => earlier.and_then(|place| place.reading_key.clone()),
    };
    vec![
        rid.into(),
        stamp.run.into(),
        place.map(|place| place.number).into(),
        landed.name.as_str().into(),
        landed.url.as_str().into(),
        serde_json::to_string(&landed.request).unwrap_or_default().into(),
        landed.request.method.name().into(),
        i64::from(landed.status).into(),
        headers_to_keep(&landed.headers).into(),
        instant(landed.fetched_at).into(),
        found_name(landed.found).into(),
        body.into(),
        i64::try_from(landed.size_bytes).unwrap_or(i64::MAX).into(),
        landed.source.as_str().into(),
        landed.connector.as_str().into(),
        landed.scope.as_str().into(),
        landed.etag.clone().into(),
        landed.last_modified.clone().into(),
        reading_key.into(),
        outcome.into(),
        error.into(),
        records.into(),
        landed.remarks.total.and_then(|total| i64::try_from(total).ok()).into(),
        i64::from(landed.remarks.damaged).into(),
        notes_to_keep(&landed.remarks.notes).into(),
    ]
}

fn notes_to_keep(notes: &[String]) -> Option<String> {
    if notes.is_empty() { None } else { serde_json::to_string(notes).ok() }
}

/// Cookies are credentials; they are not kept.
fn headers_to_keep(headers: &[(String, String)]) -> String {
    let kept: Vec<_> = headers.iter().filter(|(name, _)| !name.eq_ignore_ascii_case("set-cookie")).collect();
    serde_json::to_string(&kept).unwrap_or_default()
}

fn found_name(found: Found) -> &'static str {
    match found {
        Found::Fetched => "fetched",
        Found::File => "file",
        Found::Landed => "landed",
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Cursors wait until their run has completed, or their scope has. Documents are entered in any order: of
/// those that one run brings for a scope the greatest stands.
async fn write_cursors(conn: &mut Conn, documents: &[PreparedDocument], stamp: &Stamp) -> SqlResult<()> {
    for document in documents {
        let Read::Records { cursor: Some(cursor), .. } = &document.landed.read else { continue };
        let sql = "INSERT INTO cursors (connector, scope, pending, pending_run) VALUES (?, ?, ?, ?) \
                   ON CONFLICT (connector, scope) DO UPDATE \
                   SET pending = CASE WHEN cursors.pending_run = excluded.pending_run \
                         AND cursors.pending > excluded.pending THEN cursors.pending ELSE excluded.pending END, \
                       pending_run = excluded.pending_run";
        sql::query(sql)
            .bind(document.landed.connector.clone())
            .bind(document.landed.scope.clone())
            .bind(cursor.to_string())
            .bind(stamp.run)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

impl Store {
    /// Whether a document of the scope was ever read. Where none was, none is known, and there is
    /// nothing to look up one by one.
    pub async fn holds_scope(&self, scope: &str) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM scopes WHERE name = ?)";
        let held = sql::query_scalar(sql).bind(scope).fetch_one(&self.readers).await;
        held.map_err(|error| self.fault("looking up a scope", error))
    }

    /// What is known of a document from earlier runs: for conditional requests, and to tell whether
    /// it needs to be read again. `None` too when it must be read again whatever its body.
    pub async fn known_document(
        &self,
        connector: &str,
        scope: &str,
        name: &str,
    ) -> Result<Option<Known>, StoreError> {
        let query = sql::query(format!("{PLACES} WHERE key = ?"));
        self.known_by(query.bind(place_key(connector, scope, name))).await
    }

    /// The scopes of a source's connector, newest first: with whichever parameters it ran. The last
    /// [`SCOPES_MAX`] of them.
    pub async fn scopes_of(&self, source: &str) -> Result<Vec<String>, StoreError> {
        let with_params = format!("{source} {{");
        let sql =
            "SELECT name FROM scopes WHERE name = ? OR substr(name, 1, ?) = ? ORDER BY scope DESC LIMIT ?";
        let query = sql::query_scalar(sql)
            .bind(source.to_owned())
            .bind(number(with_params.chars().count()))
            .bind(with_params)
            .bind(SCOPES_MAX);
        query.fetch_all(&self.readers).await.map_err(|error| self.fault("looking up scopes", error))
    }

    /// What is known of a document from whichever of the scopes saw it last.
    pub async fn known_in_any(
        &self,
        connector: &str,
        scopes: &[String],
        name: &str,
    ) -> Result<Option<Known>, StoreError> {
        let wanted: Vec<i64> = scopes.iter().map(|scope| place_key(connector, scope, name)).collect();
        let latest =
            "WHERE key IN (SELECT value FROM json_each(?)) ORDER BY seen_run DESC, place DESC LIMIT 1";
        self.known_by(sql::query(format!("{PLACES} {latest}")).bind(keys(&wanted))).await
    }

    async fn known_by(&self, query: sql::Query) -> Result<Option<Known>, StoreError> {
        let found = query.fetch_optional(&self.readers).await;
        let known = found.and_then(|row| row.map(|row| known(Place::from_row(&row)?)).transpose());
        known.map(Option::flatten).map_err(|error| self.fault("looking up a document", error))
    }
}

fn known(place: Place) -> SqlResult<Option<Known>> {
    let (Some(body), Some(reading_key)) = (&place.body, place.reading_key) else { return Ok(None) };
    Ok(Some(Known {
        body: parse(body, ContentHash::from_hex)?,
        etag: place.etag,
        last_modified: place.last_modified,
        reading_key,
        source: SourceName::new(&place.source),
        records: json(&place.records)?,
        quarantined: u64::try_from(place.quarantined).unwrap_or(0),
    }))
}
