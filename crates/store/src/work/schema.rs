//! The tables of work.
//!
//! - `items`: one row a piece of work. `parent` is the item it is a child of; with `step` and `key`
//!   it is there once. `pending` counts what a blocked item still waits for. `tries` attempts are made
//!   before it is dead, which is after attempt `give_up`; `lost` attempts ended with their runner and
//!   are counted apart. `phase` says which turn it is leased for next. `ends` is the state that a
//!   waiting item goes to once its children have ended, where that is settled. Instants are
//!   milliseconds since 1970.
//! - `spreads`: one row for each item with children, with their number by state, so that neither
//!   leasing nor finishing ever counts rows. `depth` counts from the root; `branch` is the item of the
//!   top-level step it is within.
//! - `steps`: one row for each step of a run, with its items by state.
//! - `attempts`: attempts that did not end well. The last one of an item is in the item itself.
//!
//! All indexes on states are partial: an item that is done is in `items_once` alone.

/// Everything work needs beside `runs`.
pub(crate) const WORK: &str = "
CREATE TABLE IF NOT EXISTS items (
    id NUMBERED, run INTEGER NOT NULL, step INTEGER NOT NULL, parent INTEGER,
    key INTEGER NOT NULL, state INTEGER NOT NULL, phase INTEGER NOT NULL DEFAULT 0,
    pending INTEGER NOT NULL DEFAULT 0, counted FLAG NOT NULL, attempt INTEGER NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL, give_up INTEGER NOT NULL, lost INTEGER NOT NULL DEFAULT 0, owner INTEGER,
    due INTEGER NOT NULL DEFAULT 0, ends INTEGER, input JSON, output JSON,
    class TEXT, error TEXT, started INTEGER, elapsed INTEGER);
CREATE UNIQUE INDEX IF NOT EXISTS items_once ON items (parent, step, key);
CREATE INDEX IF NOT EXISTS items_ready ON items (parent, due DESC, id) WHERE state = 1;
CREATE INDEX IF NOT EXISTS items_blocked ON items (parent, step) WHERE state = 0;
CREATE INDEX IF NOT EXISTS items_leased ON items (owner) WHERE state = 2;
CREATE INDEX IF NOT EXISTS items_back ON items (run, id) WHERE state > 5 OR state = 5 AND class = 'skipped';
CREATE TABLE IF NOT EXISTS spreads (
    item INTEGER PRIMARY KEY, run INTEGER NOT NULL, branch INTEGER NOT NULL, depth INTEGER NOT NULL,
    cap INTEGER NOT NULL, most INTEGER NOT NULL,
    total INTEGER NOT NULL DEFAULT 0, open INTEGER NOT NULL DEFAULT 0,
    ready INTEGER NOT NULL DEFAULT 0, running INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0, skipped INTEGER NOT NULL DEFAULT 0,
    failed INTEGER NOT NULL DEFAULT 0, left_out INTEGER NOT NULL DEFAULT 0, stopped TEXT);
CREATE INDEX IF NOT EXISTS spreads_run ON spreads (run);
CREATE INDEX IF NOT EXISTS spreads_ready ON spreads (run) WHERE ready > 0;
CREATE TABLE IF NOT EXISTS steps (
    run INTEGER NOT NULL, step INTEGER NOT NULL, path TEXT NOT NULL, function TEXT, parent INTEGER,
    status TEXT NOT NULL, reason TEXT, total INTEGER NOT NULL DEFAULT 0,
    done INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
    skipped INTEGER NOT NULL DEFAULT 0, dead INTEGER NOT NULL DEFAULT 0,
    cancelled INTEGER NOT NULL DEFAULT 0, running INTEGER NOT NULL DEFAULT 0,
    waiting INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0,
    busy INTEGER NOT NULL DEFAULT 0, started INTEGER, ended INTEGER,
    PRIMARY KEY (run, step)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
    item INTEGER NOT NULL, attempt INTEGER NOT NULL, runner INTEGER, started INTEGER,
    ended INTEGER NOT NULL, outcome TEXT NOT NULL, class TEXT, error TEXT,
    PRIMARY KEY (item, attempt)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS runners (
    runner NUMBERED, id TEXT NOT NULL, host TEXT NOT NULL, pid INTEGER NOT NULL,
    started INTEGER NOT NULL, until INTEGER NOT NULL, ended INTEGER, ending TEXT,
    items INTEGER NOT NULL DEFAULT 0);
CREATE INDEX IF NOT EXISTS runners_alive ON runners (until) WHERE ended IS NULL;
CREATE INDEX IF NOT EXISTS runs_state ON runs (state);
CREATE INDEX IF NOT EXISTS runs_lock ON runs (lock) WHERE lock IS NOT NULL;
";

/// What `runners` has beside its first columns. `process` tells the process from every other one;
/// `serves` is the one run it takes work of, if it is only one.
pub(crate) const RUNNER_COLUMNS: &[(&str, &str)] = &[("process", "TEXT"), ("serves", "TEXT")];

/// What `steps` has beside its first columns. `tolerance` is what was said of failures while the run was on.
pub(crate) const STEP_COLUMNS: &[(&str, &str)] = &[("tolerance", "TEXT")];

/// What an item looks like that a redrive brings back; word for word the condition of `items_back`,
/// as SQLite asks for to use it.
pub(super) const BACK: &str = "(state > 5 OR state = 5 AND class = 'skipped')";

/// What `runs` has beside its first columns, for stores that were made before runs had work. `holds`
/// is set once a run has got its lock, until it has ended.
pub(crate) const RUN_COLUMNS: &[(&str, &str)] = &[
    ("state", "TEXT NOT NULL DEFAULT 'ended'"),
    ("pipeline", "TEXT"),
    ("definition", "TEXT"),
    ("root", "INTEGER"),
    ("lock", "TEXT"),
    ("holds", "FLAG NOT NULL DEFAULT TRUE"),
    ("note", "TEXT"),
    ("began", "INTEGER"),
    ("ended", "INTEGER"),
    ("first_change", "INTEGER NOT NULL DEFAULT 0"),
    // The ids of the runs it is within, outermost first, a space behind each; and the item that waits.
    ("within", "TEXT"),
    ("holder", "INTEGER"),
];
