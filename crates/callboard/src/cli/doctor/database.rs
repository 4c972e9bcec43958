//! What doctor has to say about the database: what it is, how fast it answers, what we may do in it, how much room
//! there is.

use std::path::Path;

use serde_json::json;
use store::{Address, MeterReadings, PostgresHealth, SchemaStatus, SqliteHealth, Store, StoreHealth};

use super::Check;
use super::space::{LITTLE, free};
use crate::config::Config;
use crate::figures::{bytes, count, span};
use crate::world::open_if_there;

/// The oldest server that everything works on.
const OLDEST: i64 = 150_000;

/// A transaction that is open longer keeps the server from tidying up.
const LONG_SECS: i64 = 3_600;

/// A server that takes longer is far away, or busy.
const SLOW_US: u64 = 20_000;

pub async fn database(config: &Config, deep: bool) -> Vec<Check> {
    // That it cannot be opened is told by the check of the store.
    let Ok(address) = config.db() else { return Vec::new() };
    let store = match open_if_there(config).await {
        Ok(Some(store)) => store,
        Ok(None) => return before(&address).await,
        Err(_) => return Vec::new(),
    };
    let mut checks = match store.health(deep).await {
        Ok(StoreHealth::Sqlite(health)) => sqlite(&address, &health),
        Ok(StoreHealth::Postgres(health)) => postgres(&health),
        Err(error) => vec![Check::fault("database", error.to_string(), "see the message")],
    };
    checks.push(match Store::schema_at(&address).await {
        Ok(status) => schema(&status),
        Err(error) => Check::fault("schema", error.to_string(), "see the message"),
    });
    checks.push(meters(&store.meters()));
    store.close().await;
    checks
}

/// What there is to say of a server before there is a store on it.
async fn before(address: &Address) -> Vec<Check> {
    if let Address::File(_) = address {
        return Vec::new();
    }
    match Store::health_at(address).await {
        Ok(StoreHealth::Postgres(health)) => postgres(&health),
        Ok(StoreHealth::Sqlite(_)) => Vec::new(),
        Err(error) => vec![Check::fault("database", error.to_string(), "see the message")],
    }
}

fn sqlite(address: &Address, health: &SqliteHealth) -> Vec<Check> {
    let answers = format!("SQLite {}, answers in {}", health.version, micros(health.round_trip_us));
    let mode = format!("journal {}, {} of it free", health.journal_mode, bytes(health.free_pages_bytes));
    let found = format!("{answers}, {}, {mode}", bytes(health.size_bytes));
    let mut checks = vec![match health.journal_mode.as_str() {
        "wal" | "memory" => Check::ok("database", found),
        _ => Check::note(
            "database",
            found,
            "readers and writers wait for each other: is it on a network drive?",
        ),
    }];
    let last = checks.pop().map(|check| check.with(health));
    checks.extend(last);
    if let Address::File(path) = address {
        checks.extend(room("disk of the store", path));
    }
    if let Some(faults) = &health.faults {
        checks.push(match faults.first() {
            None => Check::ok("pages of the store", "every one is sound"),
            Some(first) => Check::fault(
                "pages of the store",
                format!("{} faults, the first: {first}", faults.len()),
                "stop writing to it and restore the last backup: `callboard --db NEW restore FILE`",
            ),
        });
    }
    checks
}

/// How much is free where something is written.
pub fn room(what: &str, path: &Path) -> Option<Check> {
    let free = free(path)?;
    let found = format!("{} free", bytes(free));
    let check = match free {
        0..LITTLE => Check::note(what, found, "that is little: free some, or `callboard landing prune`"),
        _ => Check::ok(what, found),
    };
    Some(check.with(json!({"free_bytes": free})))
}

fn postgres(health: &PostgresHealth) -> Vec<Check> {
    let found = format!(
        "PostgreSQL {}, answers in {}, {}",
        health.version,
        micros(health.round_trip_us),
        bytes(health.size_bytes)
    );
    let server = if health.version_number < OLDEST {
        Check::fault("database", found, "it must be PostgreSQL 15 or newer: upgrade the server")
    } else if health.round_trip_us > SLOW_US {
        Check::note("database", found, "it is far away or busy: run callboard near it")
    } else {
        Check::ok("database", found)
    };
    vec![server.with(health), permissions(health), connections(health), transactions(health), vector(health)]
}

fn permissions(health: &PostgresHealth) -> Check {
    let what = "database permissions";
    match (health.read_only, health.may_write, health.may_create) {
        (true, ..) => Check::fault(what, "the server only reads", "name the primary, not a standby, in `db`"),
        (_, false, _) => Check::fault(
            what,
            "may not write",
            "GRANT the user INSERT, UPDATE and DELETE in the namespace's schema",
        ),
        (_, _, false) => Check::note(
            what,
            "may write, may not make tables",
            "as owner of the schema run `callboard migrate --apply` after each update",
        ),
        _ => Check::ok(what, "may write and make tables"),
    }
}

fn connections(health: &PostgresHealth) -> Check {
    let (used, most) = (health.connections, health.max_connections);
    let found = format!("{used} of {most} in use, by all clients");
    match used * 10 > most * 8 {
        true => Check::note(
            "database connections",
            found,
            "few are left: lower `db_connections`, raise max_connections, or put a pooler in between",
        ),
        false => Check::ok("database connections", found),
    }
}

fn transactions(health: &PostgresHealth) -> Check {
    let what = "oldest transaction";
    match health.oldest_transaction_secs {
        Some(secs) if secs > LONG_SECS => Check::note(
            what,
            format!("open for {}", span(secs.unsigned_abs() * 1_000)),
            "it keeps the server from tidying up: see pg_stat_activity, end its session",
        ),
        Some(secs) => Check::ok(what, format!("open for {}", span(secs.unsigned_abs() * 1_000))),
        None => Check::ok(what, "none is open"),
    }
}

fn vector(health: &PostgresHealth) -> Check {
    match (&health.pgvector, health.pgvector_available) {
        (Some(version), _) => Check::ok("pgvector", format!("{version} is installed; nothing needs it yet")),
        (None, true) => Check::ok("pgvector", "nothing needs it yet; `CREATE EXTENSION vector` installs it"),
        (None, false) => Check::ok(
            "pgvector",
            "nothing needs it yet; its package (postgresql-NN-pgvector) is not on the server",
        ),
    }
}

fn schema(status: &SchemaStatus) -> Check {
    let pending = status.pending.len() as u64;
    let found = format!("version {} of {}", status.version, status.known);
    match pending {
        0 => Check::ok("schema", format!("{found}, nothing is missing")),
        _ => Check::note(
            "schema",
            format!("{found}, {pending} changes are due"),
            "`callboard migrate --apply`",
        ),
    }
    .with(json!({"version": status.version, "known": status.known, "pending": pending}))
}

/// Of this call alone: each process counts its own.
fn meters(meters: &MeterReadings) -> Check {
    let (sent, slow) = (count(meters.statements), meters.slow_statements);
    let found = format!("{sent} of this call, {slow} slow, {} waits for a connection", meters.pool_waits);
    match slow {
        0 => Check::ok("statements", found),
        _ => Check::note("statements", found, "the log names them; `slow_statement_ms` says what is slow"),
    }
    .with(meters)
}

fn micros(us: u64) -> String {
    format!("{:.1} ms", us as f64 / 1_000.0)
}
