//! SQL that users wrote, run in the store: questions, and transforms into tables of their own.
//!
//! A script reads everything and writes only what does not belong to callboard: tables, views and
//! indexes whose names begin with `own_`. It commits as a whole or leaves nothing. It is stopped when
//! it takes too long, and at once when whoever asked for it no longer waits.

pub(crate) mod lock;
mod params;
mod postgres;
mod rule;
mod sqlite;
mod tokens;
mod value;

use std::time::Duration;

use serde_json::{Map, Value};
use tokio::sync::watch;

use crate::sql::{Connections, Dialect};
use crate::{Store, StoreError};

pub use params::ScriptParams;
use rule::Does;
pub use rule::OWN;

/// A script to run.
#[derive(Debug, Clone)]
pub struct Script {
    /// One or more statements, `;` between them.
    pub text: String,
    /// What its parameters stand for.
    pub params: ScriptParams,
    /// Bounds.
    pub limits: ScriptLimits,
}

/// How far a script may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScriptLimits {
    /// Rows that are given at most.
    pub rows: usize,
    /// Bytes that these rows may take.
    pub bytes: usize,
    /// How long it may take where it only reads: it keeps nobody from anything.
    pub reading: Duration,
    /// How long it may take where it writes. Nobody else can write meanwhile, and others give up
    /// waiting after 15 seconds.
    pub writing: Duration,
}

impl Default for ScriptLimits {
    fn default() -> ScriptLimits {
        let seconds = Duration::from_secs;
        ScriptLimits { rows: 1_000, bytes: 1 << 20, reading: seconds(300), writing: seconds(10) }
    }
}

/// What came of a script.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ScriptOutcome {
    /// Names of the columns of the last statement that gives rows.
    pub columns: Vec<String>,
    /// Its rows: objects by column.
    pub rows: Vec<Value>,
    /// There would be more rows than were asked for.
    pub more: bool,
    /// Rows that were inserted, updated or deleted, by all statements together.
    pub changed: u64,
    /// How many statements it has.
    pub statements: usize,
}

/// One statement, ready to run.
struct Ready {
    /// With its parameters numbered.
    sql: String,
    values: Vec<Value>,
    does: Does,
    /// How messages name it.
    name: String,
}

/// Whoever asked for a script waits for as long as the other end of this is there.
type Waiting = watch::Receiver<()>;

/// Why a statement did not work.
enum Wrong {
    /// It was not to run, or gave too much.
    Refused(String),
    /// What the database says of which statement.
    Database(String, sqlx::Error),
}

impl Store {
    /// Whether a script only reads; an error when it is not one that may run.
    pub fn script_reads_only(&self, text: &str) -> Result<bool, StoreError> {
        let statements = rule::statements(text, self.scripts.dialect()).map_err(StoreError::Question)?;
        Ok(statements.iter().all(|statement| statement.does == Does::Read))
    }

    /// Runs a script in one transaction. Dropping the future stops it, and nothing of it is kept.
    pub async fn run_script(&self, script: Script) -> Result<ScriptOutcome, StoreError> {
        let limits = script.limits;
        let statements = ready(&script, self.scripts.dialect()).map_err(StoreError::Question)?;
        let (_asking, waiting) = watch::channel(());
        let store = self.clone();
        // A task of its own: it brings the connection in order also when nobody waits any more.
        let work = tokio::spawn(async move {
            match &store.scripts.of {
                Connections::Sqlite(scripts) => {
                    sqlite::run(&store, scripts, statements, limits, waiting).await
                }
                Connections::Postgres(scripts, _) => {
                    postgres::run(&store, scripts, statements, limits, waiting).await
                }
            }
        });
        work.await.unwrap_or_else(|_| Err(self.fault(DOING, sqlx::Error::WorkerCrashed)))
    }
}

const DOING: &str = "running a script";

fn said(name: &str, error: &sqlx::Error) -> StoreError {
    let message =
        error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    StoreError::Question(format!("{name}: {message}; nothing of the script was kept"))
}

fn took_too_long(name: &str, limit: Duration, meanwhile: &str) -> StoreError {
    StoreError::Question(format!(
        "{name} took longer than {limit:?}{meanwhile}; nothing of the script was kept: narrow it \
         down, or split it into several steps"
    ))
}

fn ready(script: &Script, dialect: Dialect) -> Result<Vec<Ready>, String> {
    let statements = rule::statements(&script.text, dialect)?;
    let mut filled = params::Filler::new(&script.params, dialect);
    let mut ready = Vec::with_capacity(statements.len());
    for statement in &statements {
        let (sql, values) = filled.fill(&script.text, &statement.tokens)?;
        ready.push(Ready { sql, values, does: statement.does, name: statement.name.clone() });
    }
    filled.all_used()?;
    Ok(ready)
}

fn reads_only(statements: &[Ready]) -> bool {
    statements.iter().all(|statement| statement.does == Does::Read)
}

/// The rows of one statement, as they come.
struct Gathering<'a> {
    statement: &'a Ready,
    limits: &'a ScriptLimits,
    bytes: usize,
}

impl Gathering<'_> {
    /// Keeps a row of this size; false when there is room for no more.
    fn keep(
        &mut self,
        outcome: &mut ScriptOutcome,
        (row, size): (Map<String, Value>, usize),
    ) -> Result<bool, Wrong> {
        if outcome.rows.len() == self.limits.rows {
            outcome.more = true;
            return Ok(false);
        }
        self.bytes += size;
        if self.bytes > self.limits.bytes {
            return Err(Wrong::Refused(format!(
                "{} gives more than {} bytes: ask for fewer rows or columns, or keep them in a table",
                self.statement.name, self.limits.bytes
            )));
        }
        outcome.rows.push(Value::Object(row));
        Ok(true)
    }
}

/// Names of columns, each once: a second `a` is `a_2`.
fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    for wanted in names {
        let mut name = wanted.to_owned();
        let mut times = 1;
        while seen.contains(&name) {
            times += 1;
            name = format!("{wanted}_{times}");
        }
        seen.push(name);
    }
    seen
}
