//! Taking work: fairly between runs, within the cap of whatever holds the items together.

use chrono::{DateTime, Utc};
use model::RunId;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::counts::{Counts, Place, step_of};
use super::{ItemId, ItemState, Phase, RunnerId, StepNo};
use crate::runs::run_id;
use crate::sql::{SqlResult, json, keys};
use crate::{Store, StoreError};

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

/// An item that a runner has, until it acks it or its own time runs out.
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
    /// Which attempt this is, from 1; an ack under another one is refused.
    pub attempt: u32,
    /// No attempt comes after this one.
    pub last: bool,
    /// What it works on.
    pub input: Option<Value>,
    /// When it was leased.
    pub at: DateTime<Utc>,
    /// Who has it.
    pub runner: RunnerId,
}

/// Holders of ready items that are looked at in one turn.
const HOLDERS_PER_TURN: i64 = 256;

/// Items with children that has ready ones and room for more.
struct Holder {
    item: i64,
    run: i64,
    room: i64,
}

impl Store {
    /// Whether anything is ready to be taken; cheap, and without the write lock.
    pub async fn has_work(&self, now: DateTime<Utc>, run: Option<RunId>) -> Result<bool, StoreError> {
        let sql = "SELECT EXISTS (SELECT 1 FROM spreads s JOIN runs r ON r.seq = s.run \
                     WHERE s.ready > 0 AND s.running < s.cap AND r.state = 'running' \
                     AND (?1 IS NULL OR r.id = ?1 OR instr(r.within, ?1)) AND EXISTS ( \
                       SELECT 1 FROM items i WHERE i.parent = s.item AND i.state = 1 AND i.due <= ?2)) \
                   OR EXISTS (SELECT 1 FROM items i JOIN runs r ON r.seq = i.run WHERE i.parent IS NULL \
                     AND i.state = 1 AND r.state = 'running' AND (?1 IS NULL OR r.id = ?1 OR instr(r.within, ?1)))";
        let found = sqlx::query_scalar(sql)
            .bind(run.map(|run| run.to_string()))
            .bind(now.timestamp_millis())
            .fetch_one(&self.readers)
            .await;
        found.map_err(|error| self.fault("looking for work", error))
    }

    /// When the next item that waits for its time is due; `None` when none waits.
    pub async fn next_due(&self, run: Option<RunId>) -> Result<Option<DateTime<Utc>>, StoreError> {
        let sql = "SELECT min((SELECT min(i.due) FROM items i WHERE i.parent = s.item AND i.state = 1)) \
                   FROM spreads s JOIN runs r ON r.seq = s.run \
                   WHERE s.ready > 0 AND r.state = 'running' AND (?1 IS NULL OR r.id = ?1 OR instr(r.within, ?1))";
        let due = sqlx::query_scalar(sql).bind(run.map(|run| run.to_string())).fetch_one(&self.readers);
        let due: Option<i64> = due.await.map_err(|error| self.fault("looking for work", error))?;
        Ok(due.and_then(DateTime::from_timestamp_millis))
    }

    pub(super) async fn lease_in_transaction(&self, ask: LeaseRequest) -> SqlResult<Vec<Lease>> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        if !super::runner::is_alive(conn, ask.runner, ask.now).await? {
            return Ok(Vec::new());
        }
        let mut chosen = ready_roots(conn, &ask).await?;
        let holders = holders(conn, &ask).await?;
        let shares = share_out(&holders, ask.want.saturating_sub(chosen.len()));
        for (holder, share) in holders.iter().zip(shares).filter(|(_, share)| *share > 0) {
            chosen.extend(ready_children(conn, holder.item, &ask, share).await?);
        }
        if chosen.is_empty() {
            return Ok(Vec::new());
        }
        let (leases, counts) = take(conn, &ask, &chosen).await?;
        counts.write(conn).await?;
        transaction.commit().await?;
        Ok(leases)
    }
}

/// Gives each run the same share of `want`, and within a run each holder in turn.
fn share_out(holders: &[Holder], want: usize) -> Vec<usize> {
    let mut shares = vec![0; holders.len()];
    let mut runs: Vec<(i64, Vec<usize>)> = Vec::new();
    for (index, holder) in holders.iter().enumerate() {
        match runs.iter_mut().find(|(run, _)| *run == holder.run) {
            Some((_, indexes)) => indexes.push(index),
            None => runs.push((holder.run, vec![index])),
        }
    }
    let mut left = want;
    // Each turn gives every run one item of its holder that has got the fewest, while there is room.
    while left > 0 {
        let before = left;
        for (_, indexes) in &runs {
            let open = indexes.iter().copied().filter(|index| has_room(&holders[*index], shares[*index]));
            let Some(next) = open.min_by_key(|index| shares[*index]).filter(|_| left > 0) else { continue };
            let room = usize::try_from(holders[next].room).unwrap_or(0) - shares[next];
            // Alone, it may have everything at once.
            let give = if runs.len() == 1 && indexes.len() == 1 { left.min(room) } else { 1 };
            shares[next] += give;
            left -= give;
        }
        if left == before {
            break;
        }
    }
    shares
}

fn has_room(holder: &Holder, share: usize) -> bool {
    i64::try_from(share).is_ok_and(|share| share < holder.room)
}

async fn ready_roots(conn: &mut SqliteConnection, ask: &LeaseRequest) -> SqlResult<Vec<i64>> {
    let sql = "SELECT i.id FROM items i JOIN runs r ON r.seq = i.run WHERE i.parent IS NULL AND i.state = 1 \
               AND r.state = 'running' AND (?1 IS NULL OR r.id = ?1 OR instr(r.within, ?1)) ORDER BY i.id LIMIT ?2";
    sqlx::query_scalar(sql)
        .bind(ask.run.map(|run| run.to_string()))
        .bind(i64::try_from(ask.want).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await
}

/// Those of the oldest items come first within a run: what has begun is ended before more is begun.
async fn holders(conn: &mut SqliteConnection, ask: &LeaseRequest) -> SqlResult<Vec<Holder>> {
    let sql = "SELECT item, run, min(cap - running, ready) FROM ( \
                 SELECT s.*, row_number() OVER (PARTITION BY s.run ORDER BY s.item DESC) AS turn \
                 FROM runs r JOIN spreads s ON s.run = r.seq AND s.ready > 0 \
                 WHERE r.state = 'running' AND (?1 IS NULL OR r.id = ?1 OR instr(r.within, ?1)) AND s.running < s.cap) \
               ORDER BY turn LIMIT ?2";
    let rows = sqlx::query(sql)
        .bind(ask.run.map(|run| run.to_string()))
        .bind(HOLDERS_PER_TURN)
        .fetch_all(conn)
        .await?;
    let holder =
        |row: &SqliteRow| Ok(Holder { item: row.try_get(0)?, run: row.try_get(1)?, room: row.try_get(2)? });
    rows.iter().map(holder).collect()
}

async fn ready_children(
    conn: &mut SqliteConnection,
    holder: i64,
    ask: &LeaseRequest,
    count: usize,
) -> SqlResult<Vec<i64>> {
    let sql = "SELECT id FROM items WHERE parent = ? AND state = 1 AND due <= ? ORDER BY id LIMIT ?";
    sqlx::query_scalar(sql)
        .bind(holder)
        .bind(ask.now.timestamp_millis())
        .bind(i64::try_from(count).unwrap_or(i64::MAX))
        .fetch_all(conn)
        .await
}

async fn take(
    conn: &mut SqliteConnection,
    ask: &LeaseRequest,
    chosen: &[i64],
) -> SqlResult<(Vec<Lease>, Counts)> {
    let sql = "UPDATE items SET state = 2, owner = ?, attempt = attempt + 1, started = ? \
               WHERE id IN (SELECT value FROM json_each(?)) \
               RETURNING id, run, step, parent, key, phase, attempt, give_up, input, counted";
    let rows = sqlx::query(sql)
        .bind(ask.runner.0)
        .bind(ask.now.timestamp_millis())
        .bind(keys(chosen))
        .fetch_all(&mut *conn)
        .await?;
    let mut counts = Counts::default();
    let mut runs = std::collections::HashMap::new();
    let mut leases = Vec::with_capacity(rows.len());
    for row in &rows {
        let run: i64 = row.try_get(1)?;
        let id = match runs.get(&run) {
            Some(id) => *id,
            None => *runs.entry(run).or_insert(id_of(conn, run).await?),
        };
        let place = Place { run, step: row.try_get(2)?, parent: row.try_get(3)?, counted: row.try_get(9)? };
        counts.shift(place, ItemState::Ready, ItemState::Leased, 1);
        leases.push(lease(row, id, ask)?);
    }
    leases.sort_by_key(|lease| lease.item);
    Ok((leases, counts))
}

/// The id of a run.
pub(super) async fn id_of(conn: &mut SqliteConnection, run: i64) -> SqlResult<RunId> {
    let row = sqlx::query("SELECT id FROM runs WHERE seq = ?").bind(run).fetch_one(conn).await?;
    run_id(&row, "id")
}

fn lease(row: &SqliteRow, run: RunId, ask: &LeaseRequest) -> SqlResult<Lease> {
    let (attempt, give_up): (u32, u32) = (row.try_get(6)?, row.try_get(7)?);
    let input: Option<&str> = row.try_get(8)?;
    let phase = match row.try_get::<i64, _>(5)? {
        0 => Phase::Start,
        _ => Phase::Finish,
    };
    Ok(Lease {
        item: ItemId(row.try_get(0)?),
        run,
        parent: row.try_get::<Option<i64>, _>(3)?.map(ItemId),
        step: step_of(row.try_get(2)?),
        key: row.try_get(4)?,
        phase,
        attempt,
        last: attempt >= give_up,
        input: input.map(json).transpose()?,
        at: ask.now,
        runner: ask.runner,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(holders: &[(i64, i64)], want: usize, expected: &[usize]) {
        let holders: Vec<Holder> =
            holders.iter().map(|(run, room)| Holder { item: 0, run: *run, room: *room }).collect();
        assert_eq!(share_out(&holders, want), expected);
    }

    #[test]
    fn runs_share_alike_whatever_they_hold() {
        check(&[(1, 100)], 8, &[8]);
        check(&[(1, 3)], 8, &[3]);
        check(&[(1, 100), (2, 100)], 8, &[4, 4]);
        check(&[(1, 100), (1, 100), (2, 100)], 8, &[2, 2, 4]);
        check(&[(1, 1), (2, 100)], 8, &[1, 7]);
        check(&[(1, 0), (2, 0)], 8, &[0, 0]);
        check(&[], 8, &[]);
    }
}
