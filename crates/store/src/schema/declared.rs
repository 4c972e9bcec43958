//! What the schema is: tables generated from the record specs, and the fixed tables around them.

use model::{Column, ContentHash, Kind, TableSpec};

use super::statement::Statement;
use crate::history::CHANGE_COLUMNS;
use crate::rows::following;
use crate::sql::{self, Dialect};
use crate::work::schema::{RUN_COLUMNS, RUNNER_COLUMNS, STEP_COLUMNS, WORK};

/// Columns of every record table beside those of its spec.
const BEFORE: &str = "rid NUMBERED, id TEXT NOT NULL UNIQUE, source TEXT NOT NULL, source_key TEXT NOT NULL";
const AFTER: &str = "document INTEGER, first_seen_at INSTANT NOT NULL, first_run INTEGER NOT NULL, \
                     last_run INTEGER NOT NULL, content_hash INTEGER NOT NULL, gone_at INSTANT";

/// Every statement that makes a part of the schema, in an order in which they can be run.
pub(super) fn all(dialect: Dialect) -> Vec<Statement> {
    let mut all = Statement::several(dialect, helpers(dialect));
    all.extend(Statement::several(dialect, FIXED));
    let columns = |table: &'static str, columns: &[(&str, &str)]| -> Vec<Statement> {
        let column = |(name, declared): &(&str, &str)| {
            Statement::column(table, name, format!("\"{name}\" {}", sql::declare(dialect, declared)))
        };
        columns.iter().map(column).collect()
    };
    all.extend(columns("schema_version", VERSION_COLUMNS));
    all.extend(columns("runs", RUN_COLUMNS));
    all.extend(columns("documents", DOCUMENT_COLUMNS));
    all.extend(columns("changes", CHANGE_COLUMNS));
    all.extend(Statement::several(dialect, WORK));
    all.extend(columns("runners", RUNNER_COLUMNS));
    all.extend(columns("steps", STEP_COLUMNS));
    all.extend(Kind::ALL.iter().flat_map(|kind| record_table(dialect, kind.spec())));
    all.extend(Statement::several(dialect, search(dialect)));
    for fixed in [
        crate::audit::DDL,
        crate::limits::DDL,
        crate::schedules::DDL,
        crate::following::DDL,
        crate::history::DDL,
        crate::personal::DDL,
    ] {
        all.extend(Statement::several(dialect, fixed));
    }
    all
}

/// Stands for all of it.
pub(super) fn fingerprint(dialect: Dialect) -> String {
    let texts: Vec<String> = all(dialect).into_iter().map(|statement| statement.text).collect();
    ContentHash::of(texts.join("\n").as_bytes()).to_hex()
}

/// The table of a kind, its columns one by one for a table that lacks some, and its indexes.
fn record_table(dialect: Dialect, spec: &TableSpec) -> Vec<Statement> {
    let table = spec.table;
    let mut columns = vec![sql::declare(dialect, BEFORE)];
    columns.extend(spec.columns.iter().map(|column| declare(dialect, column)));
    columns.push(sql::declare(dialect, AFTER));
    columns.extend(following(spec).iter().map(|column| sql::declare(dialect, &column.declared())));
    let mut all = vec![Statement::table(table, format!("CREATE TABLE \"{table}\" ({})", columns.join(", ")))];
    let stated = spec.columns.iter().map(|column| (column.name, declare(dialect, column)));
    let follow = following(spec).iter().map(|f| (f.name.as_str(), sql::declare(dialect, &f.declared())));
    all.extend(stated.chain(follow).map(|(name, declared)| Statement::column(table, name, declared)));
    all.extend(indexes(spec));
    all
}

/// The indexes of the table of a kind.
pub(super) fn indexes(spec: &TableSpec) -> Vec<Statement> {
    let mut all = Vec::new();
    let mut index = |name: &str, columns: &str| all.push(Statement::index(spec.table, name, columns));
    index("source", "source, source_key");
    if spec.kind == Kind::Event.name() {
        index("start", "start_at");
        index("days", "last_date, start_date");
    }
    if spec.kind == Kind::Offer.name() {
        index("event", "event, source");
    }
    all
}

fn declare(dialect: Dialect, column: &Column) -> String {
    format!("\"{}\" {}", column.name, sql::column_type(dialect, column.column_type))
}

/// What `schema_version` has beside its first columns.
const VERSION_COLUMNS: &[(&str, &str)] = &[("fingerprint", "TEXT")];

/// What `documents` has beside its first columns.
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
    error TEXT, records INTEGER NOT NULL);
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

/// Functions of the index of words. Words are compared without case and accents; all of
/// the words asked for must be there, the last one also as the beginning of a longer one. One with a sign inside
/// is several words that stand beside each other.
fn helpers(dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Sqlite => "",
        Dialect::Postgres => {
            "
create or replace function callboard_folded(said text) returns text
    language sql immutable strict parallel safe as $$
    select regexp_replace(regexp_replace(normalize(lower(said), nfkd), '[\\u0300-\\u036f]', '', 'g'), '[^[:alnum:]]+', ' ', 'g')
$$;
create or replace function callboard_phrases(said text) returns tsquery
    language sql immutable strict parallel safe as $$
    select coalesce(to_tsquery('simple', string_agg(replace(word, ' ', ' <-> '), ' & ' order by at) || ':*'), ''::tsquery)
    from (select trim(callboard_folded(part)) as word, at
        from regexp_split_to_table(said, '\\s+') with ordinality as parts (part, at)) asked
    where word <> ''
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
