//! What a runner has in hand, as its acks and its end find it.

use std::collections::HashMap;

use super::counts::Place;
use super::{Ack, Fault, Phase, RunState, RunnerId};
use crate::sql::{self, Conn, Row, SqlResult, json, keys, parse};

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

/// As it is read: one row for all of them, for each row is a trip between threads.
const ROWS: &str = "SELECT coalesce(json_group_array(json_array(i.id, i.run, i.step, i.parent, \
                    CAST(i.counted AS INTEGER), i.attempt, \
                    i.give_up, i.started, i.owner, r.state, r.root, i.lost, i.phase, \
                    CAST(EXISTS (SELECT 1 FROM spreads s WHERE s.item = i.id) AS INTEGER))), '[]') \
                    FROM items i JOIN runs r ON r.seq = i.run WHERE i.state = 2";

/// Item, run, step, parent, counted, attempt, give_up, started, owner, state and root of the run, lost,
/// phase, whether it has children.
type Columns =
    (i64, i64, i64, Option<i64>, i64, i64, i64, Option<i64>, i64, String, Option<i64>, i64, i64, i64);

impl Held {
    /// Those of the acked items that the runner has, under whatever attempt.
    pub(super) async fn of_acks(
        conn: &mut Conn,
        runner: RunnerId,
        acks: &[Ack],
    ) -> SqlResult<HashMap<i64, Held>> {
        let ids: Vec<i64> = acks.iter().map(|ack| ack.item.0).collect();
        // The plus keeps the index on owners out: the ids are the shorter way.
        let sql = format!("{ROWS} AND +i.owner = ? AND i.id IN (SELECT value FROM json_each(?))");
        let query = sql::query(sql).bind(runner.0).bind(keys(&ids));
        let held = Held::from_row(&query.fetch_one(conn).await?)?;
        Ok(held.into_iter().map(|held| (held.id, held)).collect())
    }

    /// Everything a runner has.
    pub(super) async fn of_runner(conn: &mut Conn, runner: RunnerId) -> SqlResult<Vec<Held>> {
        let sql = format!("{ROWS} AND i.owner = ?");
        Held::from_row(&sql::query(sql).bind(runner.0).fetch_one(conn).await?)
    }

    /// One item, if the runner has it under this attempt.
    pub(super) async fn one(
        conn: &mut Conn,
        runner: RunnerId,
        item: i64,
        attempt: u32,
    ) -> SqlResult<Option<Held>> {
        let sql = format!("{ROWS} AND +i.owner = ? AND i.id = ? AND i.attempt = ?");
        let query = sql::query(sql).bind(runner.0).bind(item).bind(i64::from(attempt));
        Ok(Held::from_row(&query.fetch_one(conn).await?)?.pop())
    }

    /// Its run is being stopped: it does not go on, whatever comes of it.
    pub(super) fn is_cancelling(&self) -> bool {
        self.run_state == RunState::Cancelling
    }

    fn from_row(row: &Row) -> SqlResult<Vec<Held>> {
        let rows: Vec<Columns> = json(row.try_get(0)?)?;
        rows.into_iter().map(Held::of).collect()
    }

    fn of(row: Columns) -> SqlResult<Held> {
        let (id, run, step, parent, counted, attempt, give_up, started, runner, ..) = row;
        let (.., run_state, root, lost, phase, spread) = row;
        Ok(Held {
            id,
            place: Place { run, step, parent, counted: counted != 0 },
            attempt,
            last: attempt >= give_up,
            lost,
            started: started.unwrap_or(0),
            phase: Phase::of(phase),
            spread: spread != 0,
            runner,
            run_state: parse(&run_state, RunState::of)?,
            root,
        })
    }
}

/// Keeps an attempt that did not end well.
pub(super) async fn note_attempt(
    conn: &mut Conn,
    held: &Held,
    outcome: &str,
    fault: &Fault,
    at: i64,
) -> SqlResult<()> {
    let sql = "INSERT INTO attempts (item, attempt, runner, started, ended, outcome, class, error) \
               VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (item, attempt) DO NOTHING";
    sql::query(sql)
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
