//! Runners: who they are, that they are alive, and taking back what a dead one had.

use chrono::{DateTime, Utc};
use model::RunId;
use serde::Serialize;

use super::counts::Counts;
use super::held::{Held, note_attempt};
use super::{Fault, ItemState, children};
use crate::sql::{self, Conn, Row, SqlResult};
use crate::{Store, StoreError};

/// Number of a runner, unique in its store: one that starts again is another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct RunnerId(pub i64);

/// A runner that starts.
#[derive(Debug, Clone)]
pub struct RunnerStart {
    /// Its name, for people: `runner_4711`.
    pub name: String,
    /// The machine it is on.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// What tells that process from every other one, wherever and whenever, if the system says so.
    pub process: Option<String>,
    /// The run it takes work of; `None` for any.
    pub serves: Option<RunId>,
    /// Now.
    pub at: DateTime<Utc>,
    /// Until when it counts as alive unless it says so again.
    pub until: DateTime<Utc>,
}

/// How a runner ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RunnerEnd {
    /// In good order.
    Stopped,
    /// It was not heard of any more; what it had was taken back.
    Lost,
}

/// A runner as kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RunnerRow {
    /// Its number.
    pub runner: RunnerId,
    /// Its name.
    pub name: String,
    /// The machine it is on.
    pub host: String,
    /// Its process there.
    pub pid: u32,
    /// What tells that process from every other one.
    #[serde(skip)]
    pub process: Option<String>,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// Until when it counts as alive.
    pub until: DateTime<Utc>,
    /// How it ended; `None` while it has not.
    pub ending: Option<String>,
    /// Items it has in hand.
    pub leased: u64,
    /// Items it has ended.
    pub items: u64,
}

impl Store {
    /// Enters a runner.
    pub async fn start_runner(&self, start: RunnerStart) -> Result<RunnerId, StoreError> {
        let sql = "INSERT INTO runners (id, host, pid, process, serves, started, until) VALUES (?, ?, ?, ?, ?, ?, ?) \
                   RETURNING runner";
        let entered = sql::query_scalar(sql)
            .bind(start.name)
            .bind(start.host)
            .bind(i64::from(start.pid))
            .bind(start.process)
            .bind(start.serves.map(|run| run.to_string()))
            .bind(start.at.timestamp_millis())
            .bind(start.until.timestamp_millis())
            .fetch_one(&self.writer)
            .await;
        entered.map(RunnerId).map_err(|error| self.fault("starting a runner", error))
    }

    /// Ends a runner in good order; what it still has goes back untouched.
    pub async fn stop_runner(&self, runner: RunnerId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let stopped = sql::again!(self.end_runner(runner, now, Why::Stopped));
        stopped.map(|_| ()).map_err(|error| self.fault("stopping a runner", error))
    }

    /// Runners that have not ended.
    pub async fn runners(&self) -> Result<Vec<RunnerRow>, StoreError> {
        self.runners_where("ended IS NULL AND", "").await
    }

    /// Every runner whose name begins so, those that have ended included, oldest first.
    pub async fn runners_named(&self, begins: &str) -> Result<Vec<RunnerRow>, StoreError> {
        self.runners_where("", begins).await
    }

    async fn runners_where(&self, and: &str, begins: &str) -> Result<Vec<RunnerRow>, StoreError> {
        let sql = format!(
            "SELECT runner, id, host, pid, process, started, until, ending, items, \
             (SELECT count(*) FROM items WHERE state = 2 AND owner = runner) AS leased \
             FROM runners WHERE {and} substr(id, 1, length(?1)) = ?1 ORDER BY runner"
        );
        let rows = sql::query(sql).bind(begins.to_owned()).fetch_all(&self.readers).await;
        let rows = rows.and_then(|rows| rows.iter().map(runner_row).collect::<SqlResult<Vec<_>>>());
        rows.map_err(|error| self.fault("listing runners", error))
    }

    /// Whether a runner is alive that takes work of this run, other than `own`.
    pub async fn is_attended(
        &self,
        run: RunId,
        own: Option<RunnerId>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runners WHERE ended IS NULL AND until >= ? AND runner <> ? \
                   AND (serves IS NULL OR serves = ?))";
        let attended = sql::query_scalar(sql)
            .bind(now.timestamp_millis())
            .bind(own.map_or(-1, |own| own.0))
            .bind(run.to_string())
            .fetch_one(&self.readers)
            .await;
        attended.map_err(|error| self.fault("looking for runners", error))
    }

    /// Takes back what runners had that are no longer heard of, and what those `gone` had, of which
    /// the caller knows better. Gives how many items that were.
    pub async fn reap(&self, now: DateTime<Utc>, gone: &[RunnerId]) -> Result<u64, StoreError> {
        let reaped = sql::again!(self.reap_each(now, gone));
        reaped.map_err(|error| self.fault("taking back the work of a runner", error))
    }

    /// Gives back untouched what a runner was leased at that instant: it did not hear of it, for the store
    /// went away before it could answer. Gives how many items that were.
    pub async fn give_back(
        &self,
        runner: RunnerId,
        leased_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<u64, StoreError> {
        let given = sql::again!(self.give_back_leased(runner, leased_at, now));
        given.map_err(|error| self.fault("giving work back", error))
    }

    async fn give_back_leased(
        &self,
        runner: RunnerId,
        leased_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> SqlResult<u64> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let mut leased = Held::of_runner(conn, runner).await?;
        leased.retain(|held| held.started == leased_at.timestamp_millis());
        take_back(conn, &leased, Why::Stopped, now).await?;
        transaction.commit().await?;
        Ok(leased.len() as u64)
    }

    async fn reap_each(&self, now: DateTime<Utc>, gone: &[RunnerId]) -> SqlResult<u64> {
        let sql = "SELECT runner FROM runners WHERE ended IS NULL AND until < ?";
        let silent: Vec<i64> =
            sql::query_scalar(sql).bind(now.timestamp_millis()).fetch_all(&self.readers).await?;
        let mut taken = 0;
        for runner in silent {
            taken += self.end_runner(RunnerId(runner), now, Why::Silent).await?;
        }
        for runner in gone {
            taken += self.end_runner(*runner, now, Why::Gone).await?;
        }
        Ok(taken)
    }

    /// The runner has ended: its items are ready again, or dead when too many runners were lost with them.
    async fn end_runner(&self, runner: RunnerId, now: DateTime<Utc>, why: Why) -> SqlResult<u64> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let at = now.timestamp_millis();
        // It may have been heard of again since it was looked up.
        let sql = "UPDATE runners SET ended = ?1, ending = ?2 WHERE runner = ?3 AND ended IS NULL \
                   AND (?4 OR until < ?1)";
        let ended = sql::query(sql)
            .bind(at)
            .bind(if why == Why::Stopped { "stopped" } else { "lost" })
            .bind(runner.0)
            .bind(why != Why::Silent)
            .execute(&mut *conn);
        if ended.await?.rows_affected() == 0 {
            return Ok(0);
        }
        let leased = Held::of_runner(conn, runner).await?;
        take_back(conn, &leased, why, now).await?;
        transaction.commit().await?;
        Ok(leased.len() as u64)
    }
}

async fn take_back(conn: &mut Conn, leased: &[Held], why: Why, now: DateTime<Utc>) -> SqlResult<()> {
    let mut counts = Counts::default();
    for item in leased {
        give_back(conn, item, why, now.timestamp_millis(), &mut counts).await?;
    }
    counts.write(conn).await?;
    children::close(conn, &counts.parents()).await?;
    super::control::end_cancelled(conn, now).await
}

/// Why a runner has ended.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Stopped,
    Silent,
    Gone,
}

/// In a copy of another store no runner is alive: all have ended, and what they had goes back untouched.
/// Gives how many items that were.
pub(crate) async fn stop_all(conn: &mut Conn, now: DateTime<Utc>) -> SqlResult<u64> {
    let sql = "SELECT runner FROM runners WHERE ended IS NULL ORDER BY runner";
    let runners: Vec<i64> = sql::query_scalar(sql).fetch_all(&mut *conn).await?;
    let mut given = 0;
    for runner in runners {
        let leased = Held::of_runner(conn, RunnerId(runner)).await?;
        take_back(conn, &leased, Why::Stopped, now).await?;
        given += leased.len() as u64;
    }
    let sql = "UPDATE runners SET ended = ?, ending = 'stopped' WHERE ended IS NULL";
    sql::query(sql).bind(now.timestamp_millis()).execute(conn).await?;
    Ok(given)
}

/// Runners that an item may lose before it is given up. They do not count among its tries: a run whose
/// process is killed again and again must end as if it had not been. But an item that kills its runners
/// must not do so for ever. It is a large number, as what was leased ahead and not begun is lost too.
pub(super) const MOST_LOST: i64 = 100;

async fn give_back(conn: &mut Conn, item: &Held, why: Why, at: i64, counts: &mut Counts) -> SqlResult<()> {
    let lost = why != Why::Stopped;
    let state = if item.is_cancelling() {
        ItemState::Cancelled
    } else if lost && item.lost + 1 >= MOST_LOST && is_leaf(conn, item).await? {
        ItemState::Dead
    } else {
        ItemState::Ready
    };
    let fault = lost.then(|| Fault::new("runner_lost", "its runner stopped while it worked on it"));
    if let Some(fault) = &fault {
        let outcome = if state == ItemState::Dead { "dead" } else { "lost" };
        note_attempt(conn, item, outcome, fault, at).await?;
        counts.attempt(item.place, item.started, at);
    }
    // The attempt keeps its number, so that no later lease has the same one; one more is allowed.
    let sql = "UPDATE items SET state = ?, owner = NULL, give_up = give_up + 1, lost = lost + ?, \
               class = coalesce(?, class), error = coalesce(?, error) WHERE id = ?";
    let (class, error) = fault.map(|fault| (fault.class, fault.error)).unzip();
    let update = sql::query(sql).bind(state.code()).bind(i64::from(lost)).bind(class).bind(error);
    update.bind(item.id).execute(conn).await?;
    counts.shift(item.place, ItemState::Leased, state, 1);
    Ok(())
}

/// An element or a request: nothing waits for it but its parent. Anything else is leased once more when
/// it is given up, so that its end comes with what it means for its step, its siblings and children.
async fn is_leaf(conn: &mut Conn, item: &Held) -> SqlResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM items p WHERE p.id = ? AND p.step = ?)";
    let beside: bool =
        sql::query_scalar(sql).bind(item.place.parent).bind(item.place.step).fetch_one(conn).await?;
    Ok(beside && !item.spread)
}

/// Whether a runner still counts as alive: one that was given up must not go on.
pub(super) async fn is_alive(conn: &mut Conn, runner: RunnerId, now: DateTime<Utc>) -> SqlResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM runners WHERE runner = ? AND ended IS NULL AND until >= ?)";
    sql::query_scalar(sql).bind(runner.0).bind(now.timestamp_millis()).fetch_one(conn).await
}

fn runner_row(row: &Row) -> SqlResult<RunnerRow> {
    let instant = |column: &str| -> SqlResult<DateTime<Utc>> {
        let at: i64 = row.try_get(column)?;
        Ok(DateTime::from_timestamp_millis(at).unwrap_or_default())
    };
    let count =
        |column: &str| -> SqlResult<u64> { Ok(u64::try_from(row.try_get::<i64>(column)?).unwrap_or(0)) };
    Ok(RunnerRow {
        runner: RunnerId(row.try_get("runner")?),
        name: row.try_get("id")?,
        host: row.try_get("host")?,
        pid: row.try_get("pid")?,
        process: row.try_get("process")?,
        started_at: instant("started")?,
        until: instant("until")?,
        ending: row.try_get("ending")?,
        leased: count("leased")?,
        items: count("items")?,
    })
}
