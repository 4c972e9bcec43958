//! A script in PostgreSQL: reading in a transaction that cannot write, writing under watch of the locks it
//! takes; stopped from another connection. Whatever it did to its session goes with its end.

mod answer;
mod values;

use std::time::Duration;

use futures::TryStreamExt;
use sqlx::{AssertSqlSafe, Either, Executor, PgConnection, PgPool};
use tokio::time::{Instant, timeout};

use super::rule::{Does, OWN, explained};
use super::{
    DOING, Gathering, Ready, ScriptLimits, ScriptOutcome, Waiting, Wrong, reads_only, said, took_too_long,
};
use crate::sql::SqlResult;
use crate::{Store, StoreError, sql};
use answer::Answer;

/// Runs the statements in one transaction.
pub(super) async fn run(
    store: &Store,
    scripts: &PgPool,
    statements: Vec<Ready>,
    limits: ScriptLimits,
    waiting: Waiting,
) -> Result<ScriptOutcome, StoreError> {
    let fault = |error| store.fault(DOING, error);
    let reads = reads_only(&statements);
    let limit = if reads { limits.reading } else { limits.writing };
    let mut conn = scripts.acquire().await.map_err(fault)?;
    let began = begin(&mut conn, reads, limit, store.turns.number()).await;
    let ran = match began {
        Ok(pid) => {
            let work = run_all(&mut conn, statements, &limits, reads);
            stoppable(store, work, pid, Instant::now() + limit, waiting).await
        }
        Err(error) => Err(Wrong::Database(DOING.to_owned(), error)),
    };
    let end = if reads || ran.is_err() { "ROLLBACK" } else { "COMMIT" };
    let ended = conn.execute(end).await;
    // Settings, locks and the like that it left in its session; a connection that cannot forget is closed.
    if conn.execute("DISCARD ALL").await.is_err() {
        conn.close_on_drop();
    }
    match ran {
        Ok(outcome) => ended.map_err(fault).map(|_| outcome),
        Err(wrong) => Err(told(store, wrong, limit, reads)),
    }
}

/// Begins, and gives the number of the server's process. Scripts that write take turns, so that none fails
/// for what another did meanwhile; runs go on beside them.
async fn begin(conn: &mut PgConnection, reads: bool, limit: Duration, turn: i64) -> SqlResult<i32> {
    if !reads {
        sqlx::query("SELECT pg_advisory_lock($1)").bind(turn ^ SCRIPTS).execute(&mut *conn).await?;
    }
    let access = if reads { "READ ONLY" } else { "READ WRITE" };
    let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ {access}");
    conn.execute(sqlx::raw_sql(AssertSqlSafe(begin))).await?;
    // Should nobody be there to stop it, the server does.
    let sql = "SELECT pg_backend_pid() FROM set_config('statement_timeout', $1, true)";
    sqlx::query_scalar(sql).bind(limit.as_millis().max(1).to_string()).fetch_one(conn).await
}

/// Tells the turns of scripts from those of the store itself.
const SCRIPTS: i64 = 0x5c21_9770_0000_0001;

/// How often a script is told to stop, and how long it is waited for each time.
const STOPS: usize = 50;
const STOP_WAIT: Duration = Duration::from_millis(200);

/// Does the work until its time is over or nobody waits for it.
async fn stoppable(
    store: &Store,
    work: impl Future<Output = Result<ScriptOutcome, Wrong>>,
    pid: i32,
    deadline: Instant,
    mut waiting: Waiting,
) -> Result<ScriptOutcome, Wrong> {
    tokio::pin!(work);
    tokio::select! {
        done = &mut work => return done,
        () = tokio::time::sleep_until(deadline) => {}
        // It never changes: it ends, with whoever waits.
        _ = waiting.changed() => {}
    }
    for _ in 0..STOPS {
        // Where that fails, the server stops it by itself when its time is over.
        let cancel = sql::query("SELECT pg_cancel_backend(?)").bind(pid);
        let _ = cancel.execute(&store.readers).await;
        match timeout(STOP_WAIT, &mut work).await {
            // It came just to its end, and is not to count.
            Ok(Ok(_)) => break,
            Ok(Err(wrong)) => return Err(wrong),
            Err(_) => {}
        }
    }
    Err(Wrong::Database("the script".to_owned(), sqlx::Error::PoolTimedOut))
}

async fn run_all(
    conn: &mut PgConnection,
    statements: Vec<Ready>,
    limits: &ScriptLimits,
    reads: bool,
) -> Result<ScriptOutcome, Wrong> {
    let mut outcome = ScriptOutcome { statements: statements.len(), ..ScriptOutcome::default() };
    for statement in statements {
        run_one(conn, &statement, limits, &mut outcome).await?;
        if !reads {
            let written =
                written(conn).await.map_err(|error| Wrong::Database(statement.name.clone(), error))?;
            if let Some(table) = written {
                return Err(Wrong::Refused(explained(&format!("{} writes `{table}`", statement.name))));
            }
        }
    }
    Ok(outcome)
}

async fn run_one(
    conn: &mut PgConnection,
    statement: &Ready,
    limits: &ScriptLimits,
    outcome: &mut ScriptOutcome,
) -> Result<(), Wrong> {
    let wrong = |error| Wrong::Database(statement.name.clone(), error);
    let answer = Answer::to(conn, statement, limits.rows).await.map_err(wrong)?;
    if !answer.columns.is_empty() {
        (outcome.rows, outcome.more) = (Vec::new(), false);
        outcome.columns.clone_from(&answer.columns);
    } else if statement.does == Does::Read {
        return Err(Wrong::Refused(format!("{} gives nothing", statement.name)));
    }
    let query = sqlx::query_with(AssertSqlSafe(answer.sql.clone()), answer.arguments.clone());
    let mut given = conn.fetch_many(query.persistent(false));
    let mut gathering = Gathering { statement, limits, bytes: 0 };
    while let Some(next) = given.try_next().await.map_err(wrong)? {
        match next {
            Either::Left(done) if statement.does == Does::Write => outcome.changed += done.rows_affected(),
            Either::Left(_) => {}
            Either::Right(row) => {
                gathering.keep(outcome, answer.read(&row).map_err(wrong)?)?;
            }
        }
    }
    Ok(())
}

/// The second lock: whatever a statement does, and be it through functions and triggers, to write a table
/// it locks it until the end of the transaction.
async fn written(conn: &mut PgConnection) -> SqlResult<Option<String>> {
    let sql = "SELECT c.relname::text FROM pg_locks l JOIN pg_class c ON c.oid = l.relation \
               WHERE l.locktype = 'relation' AND l.pid = pg_backend_pid() \
               AND l.mode NOT IN ('AccessShareLock', 'RowShareLock') AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') \
               AND c.relnamespace NOT IN ('pg_catalog'::regnamespace, 'pg_toast'::regnamespace) \
               AND NOT starts_with(lower(c.relname::text), $1) LIMIT 1";
    sqlx::query_scalar(sql).bind(OWN).fetch_optional(conn).await
}

/// What the user is told of a script that did not work.
fn told(store: &Store, wrong: Wrong, limit: Duration, reads: bool) -> StoreError {
    let (name, error) = match wrong {
        Wrong::Refused(why) => return StoreError::Question(why),
        Wrong::Database(name, error) => (name, error),
    };
    if matches!(error, sqlx::Error::Encode(_)) {
        return said(&name, &error);
    }
    match crate::error::postgres_code(&error).as_deref() {
        Some("57014") => {
            took_too_long(&name, limit, if reads { "" } else { ", in which no other script can write" })
        }
        Some(code) if ITS_OWN.iter().any(|class| code.starts_with(class)) => said(&name, &error),
        _ => store.fault(DOING, error),
    }
}

/// Classes of faults for which the script itself is to blame.
const ITS_OWN: [&str; 12] = ["0A", "21", "22", "23", "25", "2B", "2F", "38", "39", "42", "54", "P0"];
