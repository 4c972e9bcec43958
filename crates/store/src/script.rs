//! SQL that users wrote, run in the store: questions, and transforms into tables of their own.
//!
//! A script reads everything and writes only what does not belong to callboard: tables, views and
//! indexes whose names begin with `own_`. It commits as a whole or leaves nothing. It is stopped when
//! it takes too long, and at once when whoever asked for it no longer waits.

pub(crate) mod lock;
mod params;
mod rule;
mod tokens;
mod value;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::TryStreamExt;
use serde_json::{Map, Value};
use sqlx::{AssertSqlSafe, Column, Connection, Either, Executor, SqlSafeStr, SqliteConnection, Statement};

use crate::sql::{Pool, SqlResult};
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

/// Whether a script only reads; an error when it is not one that may run.
pub fn script_reads_only(text: &str) -> Result<bool, StoreError> {
    let statements = rule::statements(text).map_err(StoreError::Question)?;
    Ok(statements.iter().all(|statement| statement.does == Does::Read))
}

impl Store {
    /// Runs a script in one transaction. Dropping the future stops it, and nothing of it is kept.
    pub async fn run_script(&self, script: Script) -> Result<ScriptOutcome, StoreError> {
        let limits = script.limits;
        let statements = ready(&script).map_err(StoreError::Question)?;
        let stopped = Arc::new(AtomicBool::new(false));
        let _stop = StopOnDrop(stopped.clone());
        let store = self.clone();
        // A task of its own: it takes the time limit off the connection also when nobody waits any more.
        let work = tokio::spawn(async move { store.in_script(statements, limits, stopped).await });
        work.await.unwrap_or_else(|_| Err(self.fault("running a script", sqlx::Error::WorkerCrashed)))
    }

    async fn in_script(
        &self,
        statements: Vec<Ready>,
        limits: ScriptLimits,
        stopped: Arc<AtomicBool>,
    ) -> Result<ScriptOutcome, StoreError> {
        let fault = |error| self.fault("running a script", error);
        let reads = statements.iter().all(|statement| statement.does == Does::Read);
        let (begin, limit) =
            if reads { ("BEGIN", limits.reading) } else { ("BEGIN IMMEDIATE", limits.writing) };
        let Pool::Sqlite(scripts) = &self.scripts else {
            return Err(StoreError::Question("scripts do not run on PostgreSQL yet".to_owned()));
        };
        let mut conn = scripts.acquire().await.map_err(fault)?;
        let mut transaction = conn.begin_with(begin).await.map_err(fault)?;
        let deadline = Instant::now() + limit;
        let goes_on = move || !stopped.load(Ordering::Relaxed) && Instant::now() < deadline;
        transaction.lock_handle().await.map_err(fault)?.set_progress_handler(STEPS_BETWEEN_LOOKS, goes_on);
        let ran = run_all(&mut transaction, statements, &limits).await;
        transaction.lock_handle().await.map_err(fault)?.remove_progress_handler();
        match ran {
            Ok(outcome) => {
                let ended = if reads { transaction.rollback().await } else { transaction.commit().await };
                ended.map_err(fault).map(|()| outcome)
            }
            Err(wrong) => {
                // What is interrupted while it writes is rolled back by the database itself, and then there
                // would be nothing to roll back; this fails where there is, and that is as well.
                let _ = sqlx::query("BEGIN").execute(&mut *transaction).await;
                transaction.rollback().await.map_err(fault)?;
                Err(self.told(wrong, limit, reads))
            }
        }
    }

    /// What the user is told of a script that did not work.
    fn told(&self, wrong: Wrong, limit: Duration, reads: bool) -> StoreError {
        let (name, error) = match wrong {
            Wrong::Refused(why) => return StoreError::Question(why),
            Wrong::Database(name, error) => (name, error),
        };
        match crate::error::primary_code(&error) {
            Some(INTERRUPTED) => {
                let meanwhile = if reads { "" } else { ", in which nobody else can write" };
                StoreError::Question(format!(
                    "{name} took longer than {limit:?}{meanwhile}; nothing of the script was kept: narrow it \
                     down, or split it into several steps"
                ))
            }
            Some(ERROR | CONSTRAINT | MISMATCH | RANGE) => said(&name, &error),
            _ => self.fault("running a script", error),
        }
    }
}

/// SQLite's primary result codes for what the script itself is to blame for.
const ERROR: i32 = 1;
const INTERRUPTED: i32 = 9;
const CONSTRAINT: i32 = 19;
const MISMATCH: i32 = 20;
const RANGE: i32 = 25;

/// How much work the database does between two looks at the time limit: well under a millisecond.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

fn said(name: &str, error: &sqlx::Error) -> StoreError {
    let message =
        error.as_database_error().map_or_else(|| error.to_string(), |error| error.message().to_owned());
    StoreError::Question(format!("{name}: {message}; nothing of the script was kept"))
}

/// Why a statement did not work.
enum Wrong {
    /// It was not to run, or gave too much.
    Refused(String),
    /// What the database says of which statement.
    Database(String, sqlx::Error),
}

/// Stops a script once it is dropped.
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn ready(script: &Script) -> Result<Vec<Ready>, String> {
    let statements = rule::statements(&script.text)?;
    let mut filled = params::Filler::new(&script.params);
    let mut ready = Vec::with_capacity(statements.len());
    for statement in &statements {
        let (sql, values) = filled.fill(&script.text, &statement.tokens)?;
        ready.push(Ready { sql, values, does: statement.does, name: statement.name.clone() });
    }
    filled.all_used()?;
    Ok(ready)
}

async fn run_all(
    conn: &mut SqliteConnection,
    statements: Vec<Ready>,
    limits: &ScriptLimits,
) -> Result<ScriptOutcome, Wrong> {
    let mut outcome = ScriptOutcome { statements: statements.len(), ..ScriptOutcome::default() };
    for statement in statements {
        if statement.does != Does::Define {
            let refused = lock::refusal(conn, &statement.sql).await;
            let refused = refused.map_err(|error| Wrong::Database(statement.name.clone(), error))?;
            if let Some(what) = refused {
                return Err(Wrong::Refused(rule::explained(&format!("{} writes {what}", statement.name))));
            }
        }
        run_one(conn, &statement, limits, &mut outcome).await?;
    }
    Ok(outcome)
}

async fn run_one(
    conn: &mut SqliteConnection,
    statement: &Ready,
    limits: &ScriptLimits,
    outcome: &mut ScriptOutcome,
) -> Result<(), Wrong> {
    let wrong = |error| Wrong::Database(statement.name.clone(), error);
    let columns = columns(conn, &statement.sql).await.map_err(wrong)?;
    if !columns.is_empty() {
        (outcome.rows, outcome.more) = (Vec::new(), false);
        outcome.columns.clone_from(&columns);
    }
    let mut query = sqlx::query(AssertSqlSafe(statement.sql.clone())).persistent(false);
    for value in &statement.values {
        query = value::bind(query, value);
    }
    let mut given = conn.fetch_many(query);
    let mut bytes = 0;
    while let Some(next) = given.try_next().await.map_err(wrong)? {
        match next {
            Either::Left(done) if statement.does == Does::Write => outcome.changed += done.rows_affected(),
            Either::Left(_) => {}
            Either::Right(_) if outcome.rows.len() == limits.rows => {
                outcome.more = true;
                if statement.does == Does::Read {
                    break;
                }
            }
            Either::Right(row) => {
                let (row, size) = value::row(&columns, &row).map_err(wrong)?;
                bytes += size;
                if bytes > limits.bytes {
                    return Err(Wrong::Refused(format!(
                        "{} gives more than {} bytes: ask for fewer rows or columns, or keep them in a table",
                        statement.name, limits.bytes
                    )));
                }
                outcome.rows.push(row);
            }
        }
    }
    Ok(())
}

/// Names of the columns, each once: a second `a` is `a_2`.
async fn columns(conn: &mut SqliteConnection, sql: &str) -> SqlResult<Vec<String>> {
    let prepared = conn.prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await?;
    let mut seen = Map::new();
    for column in prepared.columns() {
        let mut name = column.name().to_owned();
        let mut times = 1;
        while seen.contains_key(&name) {
            times += 1;
            name = format!("{}_{times}", column.name());
        }
        seen.insert(name, Value::Null);
    }
    Ok(seen.into_iter().map(|(name, _)| name).collect())
}
