//! The schema: tables generated from the record specs, the fixed tables around them, and how an
//! older database catches up. A column that a spec gains is added to the table that lacks it.

use model::{Column, ColumnType, Kind, TableSpec};
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use crate::dialect;
use crate::sql::SqlResult;
use crate::work::schema::{RUN_COLUMNS, WORK};

/// Goes up when the fixed tables change. A database with a higher one is refused.
pub(crate) const SCHEMA_VERSION: i64 = 2;

/// Columns of every record table beside those of its spec.
const BEFORE: &str = "rid INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, \
                      source_key TEXT NOT NULL";
const AFTER: &str = "document INTEGER, first_seen_at TEXT NOT NULL, first_run INTEGER NOT NULL, \
                     last_run INTEGER NOT NULL, content_hash INTEGER NOT NULL, gone_at TEXT";

/// Brings the database to this program's schema. To be called inside a write transaction.
pub(crate) async fn migrate(conn: &mut SqliteConnection) -> SqlResult<()> {
    sqlx::raw_sql(FIXED).execute(&mut *conn).await?;
    add_columns(conn, "runs", RUN_COLUMNS).await?;
    add_columns(conn, "documents", DOCUMENT_COLUMNS).await?;
    sqlx::raw_sql(WORK).execute(&mut *conn).await?;
    for kind in Kind::ALL {
        migrate_table(conn, kind.spec()).await?;
    }
    sqlx::raw_sql(SEARCH).execute(&mut *conn).await?;
    sqlx::raw_sql(crate::audit::DDL).execute(&mut *conn).await?;
    sqlx::raw_sql(crate::limits::DDL).execute(&mut *conn).await?;
    sqlx::raw_sql(crate::schedules::DDL).execute(&mut *conn).await?;
    sqlx::query(
        "INSERT INTO schema_version (version) SELECT ?1 WHERE NOT EXISTS ( \
         SELECT 1 FROM schema_version WHERE version >= ?1)",
    )
    .bind(SCHEMA_VERSION)
    .execute(conn)
    .await?;
    Ok(())
}

/// The version the database is at; `None` when it has no callboard schema.
pub(crate) async fn version(conn: &mut SqliteConnection) -> SqlResult<Option<i64>> {
    let there: i64 = sqlx::query_scalar("SELECT count(*) FROM sqlite_master WHERE name = 'schema_version'")
        .fetch_one(&mut *conn)
        .await?;
    if there == 0 {
        return Ok(None);
    }
    sqlx::query_scalar("SELECT max(version) FROM schema_version").fetch_one(conn).await
}

/// Creates the table of `spec`, or adds the columns it lacks.
pub(crate) async fn migrate_table(conn: &mut SqliteConnection, spec: &TableSpec) -> SqlResult<()> {
    let there = column_names(conn, spec.table).await?;
    let statements = if there.is_empty() { create_table(spec) } else { missing_columns(spec, &there) };
    for statement in statements {
        sqlx::query(AssertSqlSafe(statement.clone())).execute(&mut *conn).await?;
        sqlx::query("INSERT INTO schema_changes (statement) VALUES (?)")
            .bind(statement)
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}

/// Adds those columns of a fixed table that a store of an earlier version lacks.
async fn add_columns(conn: &mut SqliteConnection, table: &str, columns: &[(&str, &str)]) -> SqlResult<()> {
    let there = column_names(conn, table).await?;
    for (name, declared) in columns.iter().filter(|(name, _)| !there.iter().any(|column| column == name)) {
        let statement = format!("ALTER TABLE \"{table}\" ADD COLUMN \"{name}\" {declared}");
        sqlx::query(AssertSqlSafe(statement)).execute(&mut *conn).await?;
    }
    Ok(())
}

async fn column_names(conn: &mut SqliteConnection, table: &str) -> SqlResult<Vec<String>> {
    let rows = sqlx::query("SELECT name FROM pragma_table_xinfo(?)").bind(table).fetch_all(conn).await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

fn create_table(spec: &TableSpec) -> Vec<String> {
    let mut columns = vec![BEFORE.to_owned()];
    columns.extend(spec.columns.iter().map(declare));
    columns.push(AFTER.to_owned());
    columns.extend(generated_columns(spec).into_iter().map(|(_, declared)| declared));
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

fn missing_columns(spec: &TableSpec, there: &[String]) -> Vec<String> {
    let missing = |name: &str| !there.iter().any(|column| column == name);
    let stated = spec.columns.iter().filter(|c| missing(c.name)).map(declare);
    let generated = generated_columns(spec).into_iter().filter(|(name, _)| missing(name)).map(|(_, d)| d);
    stated.chain(generated).map(|d| format!("ALTER TABLE \"{}\" ADD COLUMN {d}", spec.table)).collect()
}

fn declare(column: &Column) -> String {
    format!("\"{}\" {}", column.name, dialect::column_type(column.column_type))
}

/// Name and declaration of the columns that make the times of a kind searchable: the instant and the
/// local day of each, and for events the last day they run.
fn generated_columns(spec: &TableSpec) -> Vec<(String, String)> {
    let mut columns = Vec::new();
    for column in spec.columns.iter().filter(|c| c.column_type == ColumnType::When) {
        for (suffix, field) in [("at", "at"), ("date", "date")] {
            let name = format!("{}_{suffix}", column.name);
            let declared = dialect::generated(&name, &dialect::json_text(column.name, field));
            columns.push((name, declared));
        }
    }
    if spec.column("start").is_some() && spec.column("end").is_some() {
        let (start, end) = (dialect::json_text("start", "date"), dialect::json_text("end", "date"));
        let last = dialect::generated("last_date", &format!("coalesce({end}, {start})"));
        columns.push(("last_date".to_owned(), last));
    }
    columns
}

/// What `documents` has beside its first columns, for stores of version 1.
const DOCUMENT_COLUMNS: &[(&str, &str)] =
    &[("total", "INTEGER"), ("damaged", "INTEGER NOT NULL DEFAULT 0"), ("notes", "TEXT")];

/// Everything that does not depend on the record kinds.
///
/// - `places`: a document across runs (connector, scope, name). Its sightings are those with
///   `run = read_run`; they were confirmed by run `seen_run`.
/// - `sightings`: which rows a place states, and the hash of what it said.
/// - `mentions`: which events name a venue or performer, to index them anew when that is renamed.
const FIXED: &str = "
CREATE TABLE IF NOT EXISTS schema_version (
    version INTEGER NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')));
CREATE TABLE IF NOT EXISTS schema_changes (
    seq INTEGER PRIMARY KEY, statement TEXT NOT NULL,
    applied_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now')));
CREATE TABLE IF NOT EXISTS runs (
    seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started_at TEXT NOT NULL, ended_at TEXT,
    outcome TEXT, command TEXT NOT NULL, summary TEXT);
CREATE TABLE IF NOT EXISTS scopes (scope INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE IF NOT EXISTS cursors (
    connector TEXT NOT NULL, scope TEXT NOT NULL, value TEXT, pending TEXT, pending_run INTEGER,
    PRIMARY KEY (connector, scope)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS documents (
    rid INTEGER PRIMARY KEY, run INTEGER NOT NULL REFERENCES runs (seq), place INTEGER,
    name TEXT NOT NULL, url TEXT NOT NULL, request TEXT NOT NULL, method TEXT NOT NULL,
    status INTEGER NOT NULL, headers TEXT NOT NULL, fetched_at TEXT NOT NULL, found TEXT NOT NULL,
    body_hash TEXT, size_bytes INTEGER NOT NULL, source TEXT NOT NULL, connector TEXT NOT NULL,
    scope TEXT NOT NULL, etag TEXT, last_modified TEXT, reading_key TEXT, outcome TEXT NOT NULL,
    error TEXT, records INTEGER NOT NULL, total INTEGER, damaged INTEGER NOT NULL DEFAULT 0,
    notes TEXT);
CREATE INDEX IF NOT EXISTS documents_run ON documents (run);
CREATE INDEX IF NOT EXISTS documents_source ON documents (source, fetched_at);
CREATE TABLE IF NOT EXISTS places (
    place INTEGER PRIMARY KEY, key INTEGER NOT NULL UNIQUE, connector TEXT NOT NULL,
    scope INTEGER NOT NULL REFERENCES scopes (scope), name TEXT NOT NULL, source TEXT NOT NULL,
    body_hash TEXT, etag TEXT, last_modified TEXT, reading_key TEXT, records TEXT NOT NULL,
    quarantined INTEGER NOT NULL, read_run INTEGER NOT NULL, seen_run INTEGER NOT NULL,
    seen_at TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS places_scope ON places (scope);
CREATE TABLE IF NOT EXISTS sightings (
    place INTEGER NOT NULL, kind INTEGER NOT NULL, row_key INTEGER NOT NULL, rid INTEGER NOT NULL,
    reading INTEGER NOT NULL, run INTEGER NOT NULL,
    PRIMARY KEY (place, kind, row_key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sightings_row ON sightings (kind, rid);
CREATE TABLE IF NOT EXISTS changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, run INTEGER NOT NULL,
    document INTEGER, kind INTEGER NOT NULL, rid INTEGER NOT NULL, op TEXT NOT NULL,
    edits TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS changes_row ON changes (kind, rid);
CREATE TABLE IF NOT EXISTS quarantine (
    rid INTEGER PRIMARY KEY, fingerprint INTEGER NOT NULL UNIQUE,
    run INTEGER NOT NULL, place INTEGER NOT NULL, source TEXT NOT NULL, kind TEXT, key TEXT,
    reason TEXT NOT NULL, detail TEXT NOT NULL, said TEXT NOT NULL, first_seen_at TEXT NOT NULL,
    last_seen_at TEXT NOT NULL, count INTEGER NOT NULL, resolved_at TEXT);
CREATE INDEX IF NOT EXISTS quarantine_open ON quarantine (place) WHERE resolved_at IS NULL;
CREATE TABLE IF NOT EXISTS mentions (
    kind INTEGER NOT NULL, key TEXT NOT NULL, source TEXT NOT NULL, rid INTEGER NOT NULL,
    PRIMARY KEY (kind, key, source, rid)) WITHOUT ROWID;
";

/// The full-text index holds no text of its own, only where words occur.
const SEARCH: &str = "
CREATE VIRTUAL TABLE IF NOT EXISTS event_search USING fts5 (
    title, description, place, people, topics, content = '', contentless_delete = 1,
    tokenize = 'unicode61 remove_diacritics 2');
";
