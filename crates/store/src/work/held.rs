//! What a runner has in hand, as its acks and its end find it.

use std::collections::HashMap;

use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::counts::Place;
use super::{Ack, Fault, Phase, RunState, RunnerId};
use crate::sql::{SqlResult, keys, parse};

/// A leased item.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) place: Place,
    pub(super) attempt: i64,
    /// No attempt comes after this one.
    pub(super) last: bool,
    /// How many of its runners were lost.
    pub(super) lost: i64,
    pub(super) started: i64,
    pub(super) phase: Phase,
    /// It has children, ended or not.
    pub(super) spread: bool,
    pub(super) runner: i64,
    pub(super) run_state: RunState,
    pub(super) root: Option<i64>,
}

const HELD: &str = "SELECT i.id, i.run, i.step, i.parent, i.counted, i.attempt, i.give_up, i.started, i.owner, \
                    r.state, r.root, i.lost, i.phase, EXISTS (SELECT 1 FROM spreads s WHERE s.item = i.id) \
                    FROM items i JOIN runs r ON r.seq = i.run WHERE i.state = 2 AND i.owner = ?";

impl Held {
    /// Those of the acked items that the runner has, under whatever attempt.
    pub(super) async fn of_acks(
        conn: &mut SqliteConnection,
        runner: RunnerId,
        acks: &[Ack],
    ) -> SqlResult<HashMap<i64, Held>> {
        let ids: Vec<i64> = acks.iter().map(|ack| ack.item.0).collect();
        // The plus keeps the index on owners out: the ids are the shorter way.
        let sql = format!("{HELD} AND i.id IN (SELECT value FROM json_each(?))")
            .replace("i.owner = ?", "+i.owner = ?");
        let rows = sqlx::query(AssertSqlSafe(sql)).bind(runner.0).bind(keys(&ids)).fetch_all(conn).await?;
        rows.iter().map(|row| Held::from_row(row).map(|held| (held.id, held))).collect()
    }

    /// Everything a runner has.
    pub(super) async fn of_runner(conn: &mut SqliteConnection, runner: RunnerId) -> SqlResult<Vec<Held>> {
        sqlx::query(HELD).bind(runner.0).fetch_all(conn).await?.iter().map(Held::from_row).collect()
    }

    /// One item, if the runner has it under this attempt.
    pub(super) async fn one(
        conn: &mut SqliteConnection,
        runner: RunnerId,
        item: i64,
        attempt: u32,
    ) -> SqlResult<Option<Held>> {
        let sql = format!("{HELD} AND i.id = ? AND i.attempt = ?");
        let query = sqlx::query(AssertSqlSafe(sql)).bind(runner.0).bind(item).bind(i64::from(attempt));
        query.fetch_optional(conn).await?.as_ref().map(Held::from_row).transpose()
    }

    /// Its run is being stopped: it does not go on, whatever comes of it.
    pub(super) fn is_cancelling(&self) -> bool {
        self.run_state == RunState::Cancelling
    }

    fn from_row(row: &SqliteRow) -> SqlResult<Held> {
        let attempt: i64 = row.try_get(5)?;
        Ok(Held {
            id: row.try_get(0)?,
            place: Place {
                run: row.try_get(1)?,
                step: row.try_get(2)?,
                parent: row.try_get(3)?,
                counted: row.try_get(4)?,
            },
            attempt,
            last: attempt >= row.try_get::<i64, _>(6)?,
            started: row.try_get::<Option<i64>, _>(7)?.unwrap_or(0),
            runner: row.try_get(8)?,
            run_state: parse(row.try_get(9)?, RunState::of)?,
            root: row.try_get(10)?,
            lost: row.try_get(11)?,
            phase: Phase::of(row.try_get(12)?),
            spread: row.try_get(13)?,
        })
    }
}

/// Keeps an attempt that did not end well.
pub(super) async fn note_attempt(
    conn: &mut SqliteConnection,
    held: &Held,
    outcome: &str,
    fault: &Fault,
    at: i64,
) -> SqlResult<()> {
    let sql = "INSERT INTO attempts (item, attempt, runner, started, ended, outcome, class, error) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (item, attempt) DO NOTHING";
    sqlx::query(sql)
        .bind(held.id)
        .bind(held.attempt)
        .bind(held.runner)
        .bind(held.started)
        .bind(at)
        .bind(outcome.to_owned())
        .bind(fault.class.clone())
        .bind(fault.error.clone())
        .execute(conn)
        .await?;
    Ok(())
}
