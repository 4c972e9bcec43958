//! Taking work: fairly between runs, depth first within each branch of a run, within the cap of
//! whatever holds the items together.

mod share;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::RunId;
use serde_json::Value;

use super::counts::{Counts, Place, step_of};
use super::runner::{MOST_LOST, is_alive};
use super::{ItemId, ItemState, Phase, RunnerId, StepNo};
use crate::runs::run_id;
use crate::sql::{self, Conn, Row, SqlResult, json, keys};
use crate::{Store, StoreError};
use share::{Holder, share_out};

/// What a runner asks for.
#[derive(Debug, Clone, Copy)]
pub struct LeaseRequest {
    /// Who asks; it must be alive.
    pub runner: RunnerId,
    /// Now.
    pub now: DateTime<Utc>,
    /// Items at most.
    pub want: usize,
    /// Of this run and the runs within it alone.
    pub run: Option<RunId>,
}

/// An item that a runner has, until it acks it or is given up.
#[derive(Debug, Clone, PartialEq)]
pub struct Lease {
    /// The item.
    pub item: ItemId,
    /// Its run.
    pub run: RunId,
    /// The item it is a child of; `None` for the root of a run.
    pub parent: Option<ItemId>,
    /// Its step; `None` for the root of a run.
    pub step: Option<StepNo>,
    /// What tells it from its siblings.
    pub key: i64,
    /// Whether it begins or finishes.
    pub phase: Phase,
    /// Which lease of the item this is, from 1; an ack under another one is refused.
    pub attempt: u32,
    /// How many of its tries have failed, since it was entered or redriven: attempts that were given
    /// back or lost with their runner are not among them.
    pub failed_tries: u32,
    /// No attempt comes after this one.
    pub last: bool,
    /// Too many runners were lost with it: it is not to be worked on, only to be ended as failed, with
    /// what that means for its step and siblings.
    pub given_up: bool,
    /// What it works on.
    pub input: Option<Value>,
    /// When it was leased.
    pub at: DateTime<Utc>,
    /// Who has it.
    pub runner: RunnerId,
}

/// Holders of ready items that are looked at in one turn.
const HOLDERS_PER_TURN: i64 = 256;

impl Store {
    /// Whether anything is ready to be taken; cheap, and without the write lock.
    pub async fn has_work(&self, now: DateTime<Utc>, run: Option<RunId>) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM runs r JOIN spreads s ON s.run = r.seq AND s.ready > 0 \
                     WHERE r.state = 'running' AND (r.id = ?1 OR instr(r.within, ?1) > 0 OR ?1 IS NULL) AND s.running < s.cap AND EXISTS ( \
                       SELECT 1 FROM items i WHERE i.parent = s.item AND i.state = 1 AND i.due <= ?2)) \
                   OR EXISTS (SELECT 1 FROM items i JOIN runs r ON r.seq = i.run WHERE i.parent IS NULL \
                     AND i.state = 1 AND i.due <= ?2 AND r.state = 'running' AND (r.id = ?1 OR instr(r.within, ?1) > 0 OR ?1 IS NULL))";
        let found = sql::query_scalar(sql)
            .bind(run.map(|run| run.to_string()))
            .bind(now.timestamp_millis())
            .fetch_one(&self.readers)
            .await;
        found.map_err(|error| self.fault("looking for work", error))
    }

    /// Items of running runs that may be taken now, those behind a cap included, and those that wait for
    /// their time.
    pub async fn queue_depth(&self, now: DateTime<Utc>) -> Result<(u64, u64), StoreError> {
        let sql = "SELECT coalesce(sum(CASE WHEN i.due <= ?1 THEN 1 ELSE 0 END), 0), \
                   coalesce(sum(CASE WHEN i.due > ?1 THEN 1 ELSE 0 END), 0) \
                   FROM items i JOIN runs r ON r.seq = i.run WHERE i.state = 1 AND r.state = 'running'";
        let depth = async {
            let row = sql::query(sql).bind(now.timestamp_millis()).fetch_one(&self.readers).await?;
            let count = |at: usize| row.try_get::<i64>(at).map(|count| u64::try_from(count).unwrap_or(0));
            Ok((count(0)?, count(1)?))
        };
        depth.await.map_err(|error| self.fault("looking for work", error))
    }

    /// When the next item may be taken that only waits for its time, not for room under a cap; long ago
    /// when one may be taken now. `None` when there is none.
    pub async fn next_due(&self, run: Option<RunId>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT min(due) FROM ( \
                     SELECT (SELECT min(i.due) FROM items i WHERE i.parent = s.item AND i.state = 1) AS due \
                     FROM runs r JOIN spreads s ON s.run = r.seq AND s.ready > 0 \
                     WHERE r.state = 'running' AND (r.id = ?1 OR instr(r.within, ?1) > 0 OR ?1 IS NULL) AND s.running < s.cap \
                     UNION ALL SELECT i.due FROM items i JOIN runs r ON r.seq = i.run WHERE i.parent IS NULL \
                     AND i.state = 1 AND r.state = 'running' AND (r.id = ?1 OR instr(r.within, ?1) > 0 OR ?1 IS NULL)) soonest";
        let due = sql::query_scalar(sql).bind(run.map(|run| run.to_string())).fetch_one(&self.readers);
        let due: Option<i64> = due.await.map_err(|error| self.fault("looking for work", error))?;
        Ok(due.and_then(DateTime::from_timestamp_millis))
    }

    pub(super) async fn lease_in_transaction(&self, ask: LeaseRequest) -> SqlResult<Vec<Lease>> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        if !is_alive(conn, ask.runner, ask.now).await? {
            return Ok(Vec::new());
        }
        let mut chosen = ready_roots(conn, &ask).await?;
        choose_children(conn, &ask, &mut chosen).await?;
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let (leases, counts) = take(conn, &ask, &chosen).await?;
        counts.write(conn).await?;
        transaction.commit().await?;
        Ok(leases)
    }
}

async fn ready_roots(conn: &mut Conn, ask: &LeaseRequest) -> SqlResult<Vec<i64>> {
    let sql = "SELECT i.id FROM items i JOIN runs r ON r.seq = i.run WHERE i.parent IS NULL AND i.state = 1 \
               AND i.due <= ?1 AND r.state = 'running' AND (r.id = ?2 OR instr(r.within, ?2) > 0 OR ?2 IS NULL) ORDER BY i.id LIMIT ?3";
    sql::query_scalar(sql)
        .bind(ask.now.timestamp_millis())
        .bind(ask.run.map(|run| run.to_string()))
        .bind(i64::try_from(ask.want).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await
}

/// Adds ready children to `chosen`, up to what is asked for. A holder may have fewer that are due than
/// that are ready: what it falls short of is shared out anew.
async fn choose_children(conn: &mut Conn, ask: &LeaseRequest, chosen: &mut Vec<i64>) -> SqlResult<()> {
    let want = ask.want.saturating_sub(chosen.len());
    if want == 0 {
        return Ok(());
    }
    let mut holders = holders(conn, ask).await?;
    let mut found: HashMap<i64, Vec<i64>> = HashMap::new();
    let turn = ask.now.timestamp_millis().unsigned_abs();
    loop {
        let mut short = false;
        for (index, share) in share_out(&holders, want, turn).into_iter().enumerate() {
            let holder = &mut holders[index];
            let ready = found.entry(holder.item).or_default();
            if ready.len() < share {
                *ready = ready_children(conn, holder.item, ask, share).await?;
            }
            if ready.len() < share {
                holder.room = ready.len();
                short = true;
            }
            ready.truncate(share);
        }
        if !short {
            break;
        }
    }
    for holder in &holders {
        chosen.extend(found.remove(&holder.item).unwrap_or_default());
    }
    Ok(())
}

/// The deepest come first, and of those the oldest: what has begun is ended before more is begun.
async fn holders(conn: &mut Conn, ask: &LeaseRequest) -> SqlResult<Vec<Holder>> {
    let sql = "SELECT item, run, branch, CASE WHEN cap - running < ready THEN cap - running ELSE ready END FROM ( \
                 SELECT s.*, row_number() OVER (PARTITION BY s.run, s.branch ORDER BY s.depth DESC, s.item) AS turn \
                 FROM runs r JOIN spreads s ON s.run = r.seq AND s.ready > 0 \
                 WHERE r.state = 'running' AND (r.id = ?1 OR instr(r.within, ?1) > 0 OR ?1 IS NULL) AND s.running < s.cap \
                 AND EXISTS (SELECT 1 FROM items i WHERE i.parent = s.item AND i.state = 1 AND i.due <= ?2)) held \
               ORDER BY turn, run, branch LIMIT ?3";
    let rows = sql::query(sql)
        .bind(ask.run.map(|run| run.to_string()))
        .bind(ask.now.timestamp_millis())
        .bind(HOLDERS_PER_TURN)
        .fetch_all(conn)
        .await?;
    let holder = |row: &Row| {
        let room = usize::try_from(row.try_get::<i64>(3)?).unwrap_or(0);
        Ok(Holder { item: row.try_get(0)?, run: row.try_get(1)?, branch: row.try_get(2)?, room })
    };
    rows.iter().map(holder).collect()
}

/// Those that were tried before come first, then the others in their order.
async fn ready_children(
    conn: &mut Conn,
    holder: i64,
    ask: &LeaseRequest,
    count: usize,
) -> SqlResult<Vec<i64>> {
    let sql = "SELECT coalesce(json_group_array(id), '[]') FROM (SELECT id FROM items WHERE parent = ? AND state = 1 \
               AND due <= ? ORDER BY due DESC, id LIMIT ?) ready";
    let found = sql::query(sql)
        .bind(holder)
        .bind(ask.now.timestamp_millis())
        .bind(i64::try_from(count).unwrap_or(i64::MAX));
    json(found.fetch_one(conn).await?.try_get(0)?)
}

/// A chosen item: run, step, parent, counted, id, key, phase, attempts so far, tries, give_up, lost, input.
type Chosen = (i64, i64, Option<i64>, i64, i64, i64, i64, i64, i64, i64, i64, Option<Value>);

async fn take(conn: &mut Conn, ask: &LeaseRequest, chosen: &[i64]) -> SqlResult<(Vec<Lease>, Counts)> {
    let ids = keys(chosen);
    // One row for all of them: each row is a trip between threads, and there are two for each item in
    // all that is done about it.
    let sql = "SELECT coalesce(json_group_array(json_array(run, step, parent, CAST(counted AS INTEGER), id, key, phase, \
               attempt, tries, give_up, lost, json(input))), '[]') \
               FROM (SELECT * FROM items WHERE id IN (SELECT value FROM json_each(?))) chosen";
    let row = sql::query(sql).bind(ids.clone()).fetch_one(&mut *conn).await?;
    let found: Vec<Chosen> = json(row.try_get(0)?)?;
    let mut found: HashMap<i64, Chosen> = found.into_iter().map(|item| (item.4, item)).collect();
    let sql = "UPDATE items SET state = 2, owner = ?, attempt = attempt + 1, started = ? \
               WHERE id IN (SELECT value FROM json_each(?))";
    let update = sql::query(sql).bind(ask.runner.0).bind(ask.now.timestamp_millis()).bind(ids);
    update.execute(&mut *conn).await?;
    let mut counts = Counts::default();
    let mut runs = HashMap::new();
    let mut leases = Vec::with_capacity(found.len());
    for chosen in chosen.iter().filter_map(|id| found.remove(id)) {
        let (run, step, parent, counted, ..) = chosen;
        let place = Place { run, step, parent, counted: counted != 0 };
        let id = match runs.get(&run) {
            Some(id) => *id,
            None => *runs.entry(run).or_insert(id_of(conn, run).await?),
        };
        counts.shift(place, ItemState::Ready, ItemState::Leased, 1);
        leases.push(lease(chosen, id, ask));
    }
    Ok((leases, counts))
}

/// The id of a run.
async fn id_of(conn: &mut Conn, run: i64) -> SqlResult<RunId> {
    let row = sql::query("SELECT id FROM runs WHERE seq = ?").bind(run).fetch_one(conn).await?;
    run_id(&row, "id")
}

fn lease(chosen: Chosen, run: RunId, ask: &LeaseRequest) -> Lease {
    let (_, step, parent, _, id, key, phase, attempts, tries, give_up, lost, input) = chosen;
    let (attempt, given_up) = (attempts + 1, lost >= MOST_LOST);
    Lease {
        item: ItemId(id),
        run,
        parent: parent.map(ItemId),
        step: step_of(step),
        key,
        phase: Phase::of(phase),
        attempt: u32::try_from(attempt).unwrap_or(u32::MAX),
        failed_tries: u32::try_from(attempts - (give_up - tries)).unwrap_or(0),
        last: attempt >= give_up || given_up,
        given_up,
        input,
        at: ask.now,
        runner: ask.runner,
    }
}
