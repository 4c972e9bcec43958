//! The schema: tables generated from the record specs, the fixed tables around them, and how an
//! older database catches up. A column that a spec gains is added to the table that lacks it.
//!
//! All of it is hashed into one fingerprint, which the database keeps: one that has it already is not
//! touched when it is opened.

use model::{Column, ColumnType, ContentHash, Kind, TableSpec};

use crate::sql::{self, Conn, Dialect, SqlResult};
use crate::work::schema::{RUN_COLUMNS, WORK};

/// Goes up when the fixed tables change. A database with a higher one is refused.
pub(crate) const SCHEMA_VERSION: i64 = 2;

/// Columns of every record table beside those of its spec.
const BEFORE: &str = "rid NUMBERED, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, source_key TEXT NOT NULL";
const AFTER: &str = "document INTEGER, first_seen_at INSTANT NOT NULL, first_run INTEGER NOT NULL, \
                     last_run INTEGER NOT NULL, content_hash INTEGER NOT NULL, gone_at INSTANT";

/// What a database says of its schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Version {
    pub(crate) number: i64,
    /// `None` where it was made before there were fingerprints.
    pub(crate) fingerprint: Option<String>,
}

/// Brings the database to this program's schema. To be called inside a write transaction.
pub(crate) async fn migrate(conn: &mut Conn) -> SqlResult<()> {
    let dialect = conn.dialect();
    sql::run_all(conn, helpers(dialect)).await?;
    sql::run_all(conn, FIXED).await?;
    add_columns(conn, "schema_version", VERSION_COLUMNS).await?;
    add_columns(conn, "runs", RUN_COLUMNS).await?;
    add_columns(conn, "documents", DOCUMENT_COLUMNS).await?;
    sql::run_all(conn, WORK).await?;
    for kind in Kind::ALL {
        migrate_table(conn, kind.spec()).await?;
    }
    sql::run_all(conn, search(dialect)).await?;
    sql::run_all(conn, crate::audit::DDL).await?;
    sql::run_all(conn, crate::limits::DDL).await?;
    sql::run_all(conn, crate::schedules::DDL).await?;
    sql::query("INSERT INTO schema_version (version, fingerprint) VALUES (?, ?)")
        .bind(SCHEMA_VERSION)
        .bind(fingerprint(dialect))
        .execute(conn)
        .await?;
    Ok(())
}

/// Stands for everything that [`migrate`] would declare.
pub(crate) fn fingerprint(dialect: Dialect) -> String {
    let mut all =
        vec![helpers(dialect).to_owned(), FIXED.to_owned(), WORK.to_owned(), search(dialect).to_owned()];
    all.extend([crate::audit::DDL, crate::limits::DDL, crate::schedules::DDL].map(str::to_owned));
    let columns = [VERSION_COLUMNS, RUN_COLUMNS, DOCUMENT_COLUMNS].concat();
    all.extend(columns.iter().map(|(name, declared)| format!("{name} {declared}")));
    all.extend(Kind::ALL.iter().flat_map(|kind| create_table(dialect, kind.spec())));
    let declared: Vec<String> = all.iter().map(|text| sql::declare(dialect, text)).collect();
    ContentHash::of(declared.join("\n").as_bytes()).to_hex()
}

/// The version the database is at; `None` when it has no callboard schema.
pub(crate) async fn version(conn: &mut Conn) -> SqlResult<Option<Version>> {
    let columns = column_names(conn, "schema_version").await?;
    if columns.is_empty() {
        return Ok(None);
    }
    let number = sql::query_scalar("SELECT max(version) FROM schema_version").fetch_one(&mut *conn).await?;
    let mut fingerprint = None;
    if columns.iter().any(|column| column == "fingerprint") {
        let sql = "SELECT fingerprint FROM schema_version WHERE fingerprint IS NOT NULL \
                   ORDER BY applied_at DESC, version DESC LIMIT 1";
        fingerprint = sql::query_scalar(sql).fetch_optional(conn).await?;
    }
    Ok(Some(Version { number, fingerprint }))
}

/// Creates the table of `spec`, or adds the columns it lacks.
pub(crate) async fn migrate_table(conn: &mut Conn, spec: &TableSpec) -> SqlResult<()> {
    let there = column_names(conn, spec.table).await?;
    let dialect = conn.dialect();
    let statements =
        if there.is_empty() { create_table(dialect, spec) } else { missing_columns(dialect, spec, &there) };
    for statement in statements {
        sql::query(statement.clone()).execute(&mut *conn).await?;
        sql::query("INSERT INTO schema_changes (statement) VALUES (?)")
            .bind(statement)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Adds those columns of a fixed table that a store of an earlier version lacks.
async fn add_columns(conn: &mut Conn, table: &str, columns: &[(&str, &str)]) -> SqlResult<()> {
    let there = column_names(conn, table).await?;
    for (name, declared) in columns.iter().filter(|(name, _)| !there.iter().any(|column| column == name)) {
        sql::run_all(conn, &format!("ALTER TABLE \"{table}\" ADD COLUMN \"{name}\" {declared}")).await?;
    }
    Ok(())
}

async fn column_names(conn: &mut Conn, table: &str) -> SqlResult<Vec<String>> {
    let sql = match conn.dialect() {
        Dialect::Sqlite => "SELECT name FROM pragma_table_xinfo(?)",
        Dialect::Postgres => {
            "SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(quote_ident(?)) AND attnum > 0 \
             AND NOT attisdropped ORDER BY attnum"
        }
    };
    sql::query_scalar(sql).bind(table).fetch_all(conn).await
}

fn create_table(dialect: Dialect, spec: &TableSpec) -> Vec<String> {
    let mut columns = vec![sql::declare(dialect, BEFORE)];
    columns.extend(spec.columns.iter().map(|column| declare(dialect, column)));
    columns.push(sql::declare(dialect, AFTER));
    columns.extend(generated_columns(dialect, spec).into_iter().map(|(_, declared)| declared));
    let table = spec.table;
    let mut statements = vec![
        format!("CREATE TABLE \"{table}\" ({})", columns.join(", ")),
        format!("CREATE INDEX \"{table}_source\" ON \"{table}\" (source, source_key)"),
    ];
    if spec.kind == Kind::Event.name() {
        statements.push(format!("CREATE INDEX \"{table}_start\" ON \"{table}\" (start_at)"));
        statements.push(format!("CREATE INDEX \"{table}_days\" ON \"{table}\" (last_date, start_date)"));
    }
    if spec.kind == Kind::Offer.name() {
        statements.push(format!("CREATE INDEX \"{table}_event\" ON \"{table}\" (event, source)"));
    }
    statements
}

fn missing_columns(dialect: Dialect, spec: &TableSpec, there: &[String]) -> Vec<String> {
    let missing = |name: &str| !there.iter().any(|column| column == name);
    let stated = spec.columns.iter().filter(|c| missing(c.name)).map(|column| declare(dialect, column));
    let generated =
        generated_columns(dialect, spec).into_iter().filter(|(name, _)| missing(name)).map(|(_, d)| d);
    stated.chain(generated).map(|d| format!("ALTER TABLE \"{}\" ADD COLUMN {d}", spec.table)).collect()
}

fn declare(dialect: Dialect, column: &Column) -> String {
    format!("\"{}\" {}", column.name, sql::column_type(dialect, column.column_type))
}

/// Name and declaration of the columns that make the times of a kind searchable: the instant and the
/// local day of each, and for events the last day they run.
fn generated_columns(dialect: Dialect, spec: &TableSpec) -> Vec<(String, String)> {
    let mut columns = Vec::new();
    let mut add = |name: &str, follows: sql::Follows| {
        columns.push((name.to_owned(), sql::generated(dialect, name, follows)));
    };
    for column in spec.columns.iter().filter(|c| c.column_type == ColumnType::When) {
        add(&format!("{}_at", column.name), sql::Follows::Instant(column.name));
        add(&format!("{}_date", column.name), sql::Follows::Days(&[column.name]));
    }
    if spec.column("start").is_some() && spec.column("end").is_some() {
        add("last_date", sql::Follows::Days(&["end", "start"]));
    }
    columns
}

/// What `schema_version` has beside its first columns.
const VERSION_COLUMNS: &[(&str, &str)] = &[("fingerprint", "TEXT")];

/// What `documents` has beside its first columns, for stores of version 1.
const DOCUMENT_COLUMNS: &[(&str, &str)] =
    &[("total", "INTEGER"), ("damaged", "FLAG NOT NULL DEFAULT FALSE"), ("notes", "JSON")];

/// Everything that does not depend on the record kinds.
///
/// - `places`: a document across runs (connector, scope, name). Its sightings are those with
///   `run = read_run`; they were confirmed by run `seen_run`.
/// - `sightings`: which rows a place states, and the hash of what it said.
/// - `mentions`: which events name a venue or performer, to index them anew when that is renamed.
const FIXED: &str = "
CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER NOT NULL,
    applied_at INSTANT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS schema_changes (
    seq NUMBERED, statement TEXT NOT NULL,
    applied_at INSTANT NOT NULL DEFAULT CURRENT_TIMESTAMP);
CREATE TABLE IF NOT EXISTS runs (
    seq NUMBERED, id TEXT NOT NULL UNIQUE, started_at INSTANT NOT NULL, ended_at INSTANT,
    outcome TEXT, command JSON NOT NULL, summary JSON);
CREATE TABLE IF NOT EXISTS scopes (scope NUMBERED, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS cursors (
    connector TEXT NOT NULL, scope TEXT NOT NULL, value JSON, pending JSON, pending_run INTEGER,
    PRIMARY KEY (connector, scope)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    rid NUMBERED, run INTEGER NOT NULL REFERENCES runs (seq), place INTEGER,
    name TEXT NOT NULL, url TEXT NOT NULL, request JSON NOT NULL, method TEXT NOT NULL,
    status INTEGER NOT NULL, headers JSON NOT NULL, fetched_at INSTANT NOT NULL, found TEXT NOT NULL,
    body_hash TEXT, size_bytes INTEGER NOT NULL, source TEXT NOT NULL, connector TEXT NOT NULL,
    scope TEXT NOT NULL, etag TEXT, last_modified TEXT, reading_key TEXT, outcome TEXT NOT NULL,
    error TEXT, records INTEGER NOT NULL, total INTEGER, damaged FLAG NOT NULL DEFAULT FALSE,
    notes JSON);
CREATE INDEX IF NOT EXISTS documents_run ON documents (run);
CREATE INDEX IF NOT EXISTS documents_source ON documents (source, fetched_at);
CREATE TABLE IF NOT EXISTS places (
    place NUMBERED, key INTEGER NOT NULL UNIQUE, connector TEXT NOT NULL,
    scope INTEGER NOT NULL REFERENCES scopes (scope), name TEXT NOT NULL, source TEXT NOT NULL,
    body_hash TEXT, etag TEXT, last_modified TEXT, reading_key TEXT, records JSON NOT NULL,
    quarantined INTEGER NOT NULL, read_run INTEGER NOT NULL, seen_run INTEGER NOT NULL,
    seen_at INSTANT NOT NULL);
CREATE INDEX IF NOT EXISTS places_scope ON places (scope);
CREATE TABLE IF NOT EXISTS sightings (
    place INTEGER NOT NULL, kind INTEGER NOT NULL, row_key INTEGER NOT NULL, rid INTEGER NOT NULL,
    reading INTEGER NOT NULL, run INTEGER NOT NULL,
    PRIMARY KEY (place, kind, row_key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sightings_row ON sightings (kind, rid);
CREATE TABLE IF NOT EXISTS changes (
    seq ORDERED, at INSTANT NOT NULL, run INTEGER NOT NULL,
    document INTEGER, kind INTEGER NOT NULL, rid INTEGER NOT NULL, op TEXT NOT NULL,
    edits JSON NOT NULL);
CREATE INDEX IF NOT EXISTS changes_row ON changes (kind, rid);
CREATE TABLE IF NOT EXISTS quarantine (
    rid NUMBERED, fingerprint INTEGER NOT NULL UNIQUE,
    run INTEGER NOT NULL, place INTEGER NOT NULL, source TEXT NOT NULL, kind TEXT, key TEXT,
    reason TEXT NOT NULL, detail TEXT NOT NULL, said JSON NOT NULL, first_seen_at INSTANT NOT NULL,
    last_seen_at INSTANT NOT NULL, count INTEGER NOT NULL, resolved_at INSTANT);
CREATE INDEX IF NOT EXISTS quarantine_open ON quarantine (place) WHERE resolved_at IS NULL;
CREATE TABLE IF NOT EXISTS mentions (
    kind INTEGER NOT NULL, key TEXT NOT NULL, source TEXT NOT NULL, rid INTEGER NOT NULL,
    PRIMARY KEY (kind, key, source, rid)) WITHOUT ROWID;
";

/// Functions that the declarations use. A text of ours names one instant or day whatever the settings,
/// which PostgreSQL cannot know of texts in general. Words are compared without case and accents; all of
/// the words asked for must be there, the last one also as the beginning of a longer one.
fn helpers(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => {
            "
create or replace function callboard_instant(said text) returns timestamptz
    language sql immutable strict parallel safe as 'select said::timestamptz';
create or replace function callboard_day(said text) returns date
    language sql immutable strict parallel safe as 'select said::date';
create or replace function callboard_folded(said text) returns text
    language sql immutable strict parallel safe as $$
    select regexp_replace(regexp_replace(normalize(lower(said), nfkd), '[\\u0300-\\u036f]', '', 'g'), '[^[:alnum:]]+', ' ', 'g')
$$;
create or replace function callboard_words(said text) returns tsquery
    language sql immutable strict parallel safe as $$
    select case when words = '' then ''::tsquery else to_tsquery('simple', replace(words, ' ', ' & ') || ':*') end
    from (select trim(callboard_folded(said)) as words) asked
$$;
"
        }
    }
}

/// The index of words. SQLite's holds no text of its own, only where words occur.
fn search(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => {
            "
CREATE VIRTUAL TABLE IF NOT EXISTS event_search USING fts5 (
    title, description, place, people, topics, content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2');
"
        }
        Dialect::Postgres => {
            "
CREATE TABLE IF NOT EXISTS event_search (rid INTEGER PRIMARY KEY, words TSVECTOR NOT NULL);
CREATE INDEX IF NOT EXISTS event_search_words ON event_search USING GIN (words);
"
        }
    }
}
