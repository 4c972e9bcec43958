//! A script in SQLite: watched between its steps, and asked before each statement what it would write.

use std::time::{Duration, Instant};

use futures::TryStreamExt;
use sqlx::{
    AssertSqlSafe, Column, Connection, Either, Executor, SqlSafeStr, SqliteConnection, SqlitePool, Statement,
};

use super::rule::Does;
use super::{
    DOING, Gathering, Ready, ScriptLimits, ScriptOutcome, Waiting, Wrong, each_once, lock, reads_only, rule,
    said, took_too_long, value,
};
use crate::sql::SqlResult;
use crate::{Store, StoreError};

/// Runs the statements in one transaction.
pub(super) async fn run(
    store: &Store,
    scripts: &SqlitePool,
    statements: Vec<Ready>,
    limits: ScriptLimits,
    waiting: Waiting,
) -> Result<ScriptOutcome, StoreError> {
    let fault = |error| store.fault(DOING, error);
    let reads = reads_only(&statements);
    let (begin, limit) = if reads { ("BEGIN", limits.reading) } else { ("BEGIN IMMEDIATE", limits.writing) };
    let mut conn = scripts.acquire().await.map_err(fault)?;
    let mut transaction = conn.begin_with(begin).await.map_err(fault)?;
    let deadline = Instant::now() + limit;
    let goes_on = move || waiting.has_changed().is_ok() && Instant::now() < deadline;
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
            Err(told(store, wrong, limit, reads))
        }
    }
}

/// What the user is told of a script that did not work.
fn told(store: &Store, wrong: Wrong, limit: Duration, reads: bool) -> StoreError {
    let (name, error) = match wrong {
        Wrong::Refused(why) => return StoreError::Question(why),
        Wrong::Database(name, error) => (name, error),
    };
    match crate::error::primary_code(&error) {
        Some(INTERRUPTED) => {
            took_too_long(&name, limit, if reads { "" } else { ", in which nobody else can write" })
        }
        Some(ERROR | CONSTRAINT | MISMATCH | RANGE) => said(&name, &error),
        _ => store.fault(DOING, error),
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
    let mut gathering = Gathering { statement, limits, bytes: 0 };
    while let Some(next) = given.try_next().await.map_err(wrong)? {
        match next {
            Either::Left(done) if statement.does == Does::Write => outcome.changed += done.rows_affected(),
            Either::Left(_) => {}
            Either::Right(row) => {
                let kept = gathering.keep(outcome, value::row(&columns, &row).map_err(wrong)?)?;
                // What writes is to run to its end.
                if !kept && statement.does == Does::Read {
                    break;
                }
            }
        }
    }
    Ok(())
}

async fn columns(conn: &mut SqliteConnection, sql: &str) -> SqlResult<Vec<String>> {
    let prepared = conn.prepare(AssertSqlSafe(sql.to_owned()).into_sql_str()).await?;
    Ok(each_once(prepared.columns().iter().map(Column::name)))
}
