//! How items end or go on. Those that are done are written together, everything else one by one.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::siblings::{BY_ITSELF, stop};
use super::{Ack, Ending, Fault, Spread};
use crate::AuditEntry;
use crate::runs::write_end;
use crate::sql::{self, Conn, SqlResult};
use crate::work::counts::Counts;
use crate::work::held::{Held, note_attempt};
use crate::work::steps::{end_step, start_step};
use crate::work::{ItemState, Phase, children};

/// The endings of a group of acks.
pub(super) struct Endings<'a> {
    at: i64,
    now: DateTime<Utc>,
    counts: &'a mut Counts,
    done: Vec<Done>,
    ended: i64,
    audit: Vec<AuditEntry>,
}

/// What a group of acks brought about.
#[derive(Default)]
pub(super) struct Ended {
    /// How many items ended.
    pub(super) items: i64,
    /// What is to be told of that.
    pub(super) audit: Vec<AuditEntry>,
}

/// An item that ended as it should, as its update takes it: id, milliseconds, output.
#[derive(Serialize)]
struct Done(i64, i64, Option<Value>);

/// What an item ends with.
#[derive(Default)]
struct Left {
    elapsed: i64,
    fault: Option<Fault>,
    output: Option<Value>,
}

impl<'a> Endings<'a> {
    pub(super) fn new(now: DateTime<Utc>, counts: &'a mut Counts) -> Endings<'a> {
        Endings { at: now.timestamp_millis(), now, counts, done: Vec::new(), ended: 0, audit: Vec::new() }
    }

    /// Writes them all.
    pub(super) async fn write(mut self, conn: &mut Conn, acks: Vec<(Held, Ack)>) -> SqlResult<Ended> {
        for (held, ack) in acks {
            let elapsed = i64::try_from(ack.elapsed_ms).unwrap_or(i64::MAX);
            let ended = self.ending(conn, &held, ack.ending, elapsed).await?;
            ack.siblings.apply(conn, &held, self.counts).await?;
            if !ended {
                continue;
            }
            self.ended += 1;
            self.audit.extend(ack.audit);
            if let Some(end) = ack.step {
                end_step(conn, held.place.run, held.place.step, &end).await?;
            }
            if let Some(end) = ack.run.filter(|_| held.root == Some(held.id)) {
                write_end(conn, held.place.run, self.now, &end.outcome, &end.summary).await?;
            }
        }
        write_done(conn, &self.done).await?;
        Ok(Ended { items: self.ended, audit: self.audit })
    }

    /// True when the item ends by it, as its runner says.
    async fn ending(
        &mut self,
        conn: &mut Conn,
        held: &Held,
        ending: Ending,
        elapsed: i64,
    ) -> SqlResult<bool> {
        let left = Left { elapsed, ..Left::default() };
        match ending {
            Ending::Spread(_) | Ending::Retry { .. } | Ending::Later { .. } | Ending::Untouched
                if held.is_cancelling() =>
            {
                self.end(conn, held, ItemState::Cancelled, left).await?;
                Ok(false)
            }
            Ending::Spread(spread) => self.spread(conn, held, spread).await.map(|()| false),
            Ending::Untouched => self.untouched(conn, held, None).await.map(|()| false),
            Ending::Later { due } => {
                self.untouched(conn, held, Some(due.timestamp_millis())).await.map(|()| false)
            }
            Ending::Retry { fault, due } if !held.last => {
                self.retry(conn, held, fault, elapsed, due).await.map(|()| false)
            }
            Ending::Retry { fault, .. } => {
                note_attempt(conn, held, "dead", &fault, self.at).await?;
                self.end(conn, held, ItemState::Dead, Left { fault: Some(fault), ..left }).await
            }
            Ending::Failed(fault) => {
                note_attempt(conn, held, "failed", &fault, self.at).await?;
                self.end(conn, held, ItemState::Failed, Left { fault: Some(fault), ..left }).await
            }
            Ending::Skipped { reason } => {
                let fault = Some(Fault::new(BY_ITSELF, reason));
                self.end(conn, held, ItemState::Skipped, Left { fault, ..left }).await
            }
            Ending::Cancelled => self.end(conn, held, ItemState::Cancelled, left).await,
            Ending::Done { output } => self.end(conn, held, ItemState::Done, Left { output, ..left }).await,
        }
    }

    async fn end(&mut self, conn: &mut Conn, held: &Held, state: ItemState, left: Left) -> SqlResult<bool> {
        self.counts.attempt(held.place, self.at - left.elapsed, self.at);
        // Once it has finished, its children have ended.
        if held.spread && held.phase == Phase::Start && !held.is_cancelling() {
            self.end_after_children(conn, held, state, left).await?;
        } else if state == ItemState::Done {
            self.counts.shift(held.place, ItemState::Leased, state, 1);
            self.done.push(Done(held.id, left.elapsed, left.output));
        } else {
            self.counts.shift(held.place, ItemState::Leased, state, 1);
            set_ended(conn, held, state, left).await?;
        }
        Ok(true)
    }

    /// Its children that have not begun are stopped; it ends when those in hand have.
    async fn end_after_children(
        &mut self,
        conn: &mut Conn,
        held: &Held,
        state: ItemState,
        left: Left,
    ) -> SqlResult<()> {
        stop(conn, held.id, "what they are part of has ended", self.counts).await?;
        self.counts.shift(held.place, ItemState::Leased, ItemState::Waiting, 1);
        self.counts.look_at(held.id);
        set_ended(conn, held, ItemState::Waiting, left).await?;
        let sql = "UPDATE items SET ends = ? WHERE id = ?";
        sql::query(sql).bind(state.code()).bind(held.id).execute(conn).await?;
        Ok(())
    }

    async fn spread(&mut self, conn: &mut Conn, held: &Held, spread: Spread) -> SqlResult<()> {
        children::open(conn, held.place.run, held.id, spread.cap, spread.most).await?;
        children::enter(conn, held.place.run, held.id, spread.children, self.counts).await?;
        self.counts.shift(held.place, ItemState::Leased, ItemState::Waiting, 1);
        self.counts.begun(held.place, held.started);
        // It may be that it has no children at all, or that all have ended.
        self.counts.look_at(held.id);
        let sql = "UPDATE items SET state = ?, phase = ?, owner = NULL WHERE id = ?";
        let update = sql::query(sql).bind(ItemState::Waiting.code()).bind(Phase::Finish as i64).bind(held.id);
        update.execute(&mut *conn).await?;
        start_step(conn, &held.place).await
    }

    async fn retry(
        &mut self,
        conn: &mut Conn,
        held: &Held,
        fault: Fault,
        elapsed: i64,
        due: DateTime<Utc>,
    ) -> SqlResult<()> {
        self.counts.attempt(held.place, self.at - elapsed, self.at);
        self.counts.shift(held.place, ItemState::Leased, ItemState::Ready, 1);
        note_attempt(conn, held, "retry", &fault, self.at).await?;
        let sql = "UPDATE items SET state = 1, owner = NULL, class = ?, error = ?, elapsed = ?, due = ? \
                   WHERE id = ?";
        let update = sql::query(sql).bind(fault.class).bind(fault.error).bind(elapsed);
        update.bind(due.timestamp_millis()).bind(held.id).execute(conn).await?;
        Ok(())
    }

    /// The attempt keeps its number, so that no later lease has the same one; one more is allowed.
    async fn untouched(&mut self, conn: &mut Conn, held: &Held, due: Option<i64>) -> SqlResult<()> {
        self.counts.shift(held.place, ItemState::Leased, ItemState::Ready, 1);
        let sql = "UPDATE items SET state = 1, owner = NULL, give_up = give_up + 1, due = coalesce(?, due) \
                   WHERE id = ?";
        sql::query(sql).bind(due).bind(held.id).execute(conn).await?;
        Ok(())
    }
}

async fn set_ended(conn: &mut Conn, held: &Held, state: ItemState, left: Left) -> SqlResult<()> {
    let sql = "UPDATE items SET state = ?, owner = NULL, class = ?, error = ?, elapsed = ?, output = ? \
               WHERE id = ?";
    let (class, error) = left.fault.map(|fault| (fault.class, fault.error)).unzip();
    let update = sql::query(sql).bind(state.code()).bind(class).bind(error).bind(left.elapsed);
    update.bind(left.output.map(|output| output.to_string())).bind(held.id).execute(conn).await?;
    Ok(())
}

async fn write_done(conn: &mut Conn, done: &[Done]) -> SqlResult<()> {
    if done.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE items SET state = 4, owner = NULL, class = NULL, error = NULL, \
               elapsed = CAST(d.value ->> 1 AS BIGINT), output = nullif(d.value -> 2, 'null') \
               FROM json_each(?) d WHERE items.id = CAST(d.value ->> 0 AS BIGINT)";
    // Values always serialise.
    sql::query(sql).bind(serde_json::to_string(done).unwrap_or_default()).execute(conn).await?;
    Ok(())
}
