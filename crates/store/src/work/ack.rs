//! The ack: everything that a group of items brought about, in one transaction, fenced by who holds
//! each of them under which attempt.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::counts::{Counts, Place};
use super::{ItemId, ItemState, NewItem, RunState, RunnerId, StepNo, StepStatus, children};
use crate::commit::{Prepared, Stamp, write_batch};
use crate::runs::stamp;
use crate::sql::{SqlResult, keys, parse};
use crate::{LandedDocument, Store, StoreError};

/// The acks of one runner, to be entered together.
#[derive(Debug, Clone)]
pub struct Acks {
    /// Whose leases these are.
    pub runner: RunnerId,
    /// Now.
    pub at: DateTime<Utc>,
    /// One for each item.
    pub acks: Vec<Ack>,
}

/// What came of one item.
#[derive(Debug, Clone)]
pub struct Ack {
    /// The item.
    pub item: ItemId,
    /// The attempt it was leased under.
    pub attempt: u32,
    /// How long it was worked on, in milliseconds.
    pub elapsed_ms: u64,
    /// How it ended, or goes on.
    pub ending: Ending,
    /// Documents it brought, in order.
    pub documents: Vec<LandedDocument>,
    /// Further items beside it: children of its own parent.
    pub follow: Vec<NewItem>,
    /// Follow-ups that its bounds did not allow.
    pub left_out: u64,
    /// What its ending means for its siblings.
    pub siblings: Siblings,
    /// What its ending means for its step; for items that are their step's only one.
    pub step: Option<StepEnd>,
}

/// How an item ended, or goes on.
#[derive(Debug, Clone, PartialEq)]
pub enum Ending {
    /// As it should.
    Done {
        /// What it gave.
        output: Option<Value>,
    },
    /// It was not to be done.
    Skipped {
        /// Why.
        reason: String,
    },
    /// It failed, and trying again would not change that.
    Failed(Fault),
    /// It failed and is to be tried again then; on its last attempt it is dead instead.
    Retry {
        /// What went wrong.
        fault: Fault,
        /// Not before.
        due: DateTime<Utc>,
    },
    /// It waits for something outside its run and is to be looked at again then. That is no attempt.
    Later {
        /// Not before.
        due: DateTime<Utc>,
    },
    /// It goes on in its children, and finishes when they have ended.
    Spread(Spread),
    /// It was stopped.
    Cancelled,
    /// It was not begun, and goes back.
    Untouched,
}

/// What went wrong with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// A short class, snake case.
    pub class: String,
    /// For a person: what failed and what to do.
    pub error: String,
}

impl Fault {
    /// A fault of `class`.
    pub fn new(class: impl Into<String>, error: impl Into<String>) -> Fault {
        Fault { class: class.into(), error: error.into() }
    }
}

/// The children of an item.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Spread {
    /// How many of them may be under way at once.
    pub cap: u32,
    /// How many there may be in all, follow-ups included.
    pub most: Option<u64>,
    /// The children; those that are there already stay.
    pub children: Vec<NewItem>,
}

/// What the ending of an item means for its siblings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Siblings {
    /// Steps that waited for it: one reason less to wait.
    pub release: Vec<StepNo>,
    /// Steps that cannot run.
    pub skip: Vec<Skip>,
    /// Why all siblings that have not begun are to be stopped, if they are.
    pub stop: Option<String>,
}

/// Class of an item that was skipped for a reason of its own, not for another item's sake.
pub(super) const BY_ITSELF: &str = "condition";

/// A step that cannot run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// Which.
    pub step: StepNo,
    /// Why, for a person.
    pub reason: String,
    /// Steps that waited for it only to have ended: they may go on, if it was still open.
    pub release: Vec<StepNo>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepEnd {
    /// How.
    pub status: StepStatus,
    /// Why so, where it did not complete.
    pub reason: Option<String>,
}

/// What entering acks did.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Acked {
    /// Items that the runner no longer held: nothing of theirs was entered.
    pub refused: Vec<ItemId>,
    /// Children by state of every item that had children acked.
    pub parents: Vec<ParentCount>,
    /// Rows that came or changed.
    pub touched: u64,
}

/// The children of an item, by state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParentCount {
    /// The item.
    pub item: ItemId,
    /// Children so far.
    pub total: u64,
    /// Those that have not ended.
    pub open: u64,
    /// Those that failed.
    pub failed: u64,
    /// Further ones that its bound did not allow.
    pub left_out: u64,
    /// Why no more of them are begun, if so.
    pub stopped: Option<String>,
}

/// A leased item, as its holder's ack finds it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leased {
    pub(super) id: i64,
    pub(super) place: Place,
    pub(super) attempt: i64,
    pub(super) last: bool,
    pub(super) started: i64,
    elapsed: i64,
    pub(super) runner: i64,
    pub(super) run_state: RunState,
    root: Option<i64>,
}

impl Store {
    pub(super) async fn ack_in_transaction(&self, acks: Acks) -> SqlResult<Acked> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let held = Leased::of_acks(conn, acks.runner, &acks.acks).await?;
        let mut entry = Entry { at: acks.at, counts: Counts::default(), acked: Acked::default() };
        let mut kept = Vec::with_capacity(acks.acks.len());
        for ack in acks.acks {
            match held.get(&ack.item.0).filter(|held| held.attempt == i64::from(ack.attempt)) {
                Some(held) => {
                    let elapsed = i64::try_from(ack.elapsed_ms).unwrap_or(i64::MAX);
                    kept.push((Leased { elapsed, ..*held }, ack));
                }
                None => entry.acked.refused.push(ack.item),
            }
        }
        entry.documents(conn, &mut kept).await?;
        entry.endings(conn, kept).await?;
        entry.counts.write(conn).await?;
        let parents = entry.counts.parents();
        children::close(conn, &parents).await?;
        super::control::end_cancelled(conn, acks.at).await?;
        entry.acked.parents = parent_counts(conn, &parents).await?;
        transaction.commit().await?;
        Ok(entry.acked)
    }

    /// Enters more children of an item that is still being spread, so that a long list needs no long
    /// transaction. False when the runner no longer holds the item.
    pub async fn spread_more(
        &self,
        runner: RunnerId,
        item: ItemId,
        attempt: u32,
        spread: Spread,
    ) -> Result<bool, StoreError> {
        let more = self.spread_in_transaction(runner, item, attempt, spread).await;
        more.map_err(|error| self.fault("spreading an item", error))
    }

    async fn spread_in_transaction(
        &self,
        runner: RunnerId,
        item: ItemId,
        attempt: u32,
        spread: Spread,
    ) -> SqlResult<bool> {
        let mut transaction = self.begin().await?;
        let conn = &mut *transaction;
        let held = Leased::of_runner(conn, runner).await?;
        let held = held.iter().find(|held| held.id == item.0 && held.attempt == i64::from(attempt));
        let Some(held) = held else { return Ok(false) };
        let mut counts = Counts::default();
        children::open(conn, held.place.run, held.id, spread.cap, spread.most).await?;
        children::enter(conn, held.place.run, held.id, spread.children, &mut counts).await?;
        counts.write(conn).await?;
        transaction.commit().await?;
        Ok(true)
    }
}

/// The entering of a group of acks.
struct Entry {
    at: DateTime<Utc>,
    counts: Counts,
    acked: Acked,
}

impl Entry {
    /// Writes what the documents state, run by run, in the order of the acks.
    async fn documents(&mut self, conn: &mut SqliteConnection, acks: &mut [(Leased, Ack)]) -> SqlResult<()> {
        let mut by_run: BTreeMap<i64, Vec<LandedDocument>> = BTreeMap::new();
        for (held, ack) in acks.iter_mut() {
            let documents = std::mem::take(&mut ack.documents);
            if !documents.is_empty() {
                by_run.entry(held.place.run).or_default().extend(documents);
            }
        }
        for (run, documents) in by_run {
            let stamp = Stamp { run, at: stamp(self.at) };
            let written = write_batch(conn, &stamp, Prepared::of(documents)).await?;
            self.acked.touched += written.touched.len() as u64;
        }
        Ok(())
    }

    async fn endings(&mut self, conn: &mut SqliteConnection, acks: Vec<(Leased, Ack)>) -> SqlResult<()> {
        let mut done = Vec::new();
        for (held, ack) in acks {
            let cancelled = held.run_state == RunState::Cancelling;
            if let Some(parent) = held.place.parent.filter(|_| !cancelled) {
                children::enter(conn, held.place.run, parent, ack.follow, &mut self.counts).await?;
                self.counts.leave_out(parent, i64::try_from(ack.left_out).unwrap_or(0));
            }
            match ack.ending {
                Ending::Done { output } => {
                    self.ended(&held, ItemState::Done);
                    done.push(Done(held.id, held.elapsed, output));
                }
                other => self.end(conn, &held, other, cancelled).await?,
            }
            self.siblings(conn, &held, ack.siblings).await?;
            if let (Some(end), false) = (ack.step, cancelled) {
                end_step(conn, &held.place, &end).await?;
            }
        }
        write_done(conn, &done).await
    }

    fn ended(&mut self, held: &Leased, state: ItemState) {
        let ended = self.at.timestamp_millis();
        self.counts.attempt(held.place, ended - held.elapsed, ended);
        self.counts.shift(held.place, ItemState::Leased, state, 1);
    }

    async fn end(
        &mut self,
        conn: &mut SqliteConnection,
        held: &Leased,
        ending: Ending,
        cancelled: bool,
    ) -> SqlResult<()> {
        let at = self.at.timestamp_millis();
        match ending {
            Ending::Spread(_) | Ending::Retry { .. } | Ending::Later { .. } | Ending::Untouched
                if cancelled =>
            {
                self.ended(held, ItemState::Cancelled);
                set_state(conn, held, ItemState::Cancelled, None).await
            }
            Ending::Spread(spread) => self.spread(conn, held, spread).await,
            Ending::Retry { fault, due } => self.retry(conn, held, &fault, due).await,
            Ending::Failed(fault) => {
                self.ended(held, ItemState::Failed);
                note_attempt(conn, held, "failed", &fault, at).await?;
                set_state(conn, held, ItemState::Failed, Some(&fault)).await
            }
            Ending::Skipped { reason } => {
                self.counts.shift(held.place, ItemState::Leased, ItemState::Skipped, 1);
                let reason = Fault::new(BY_ITSELF, reason);
                set_state(conn, held, ItemState::Skipped, Some(&reason)).await
            }
            Ending::Cancelled => {
                self.ended(held, ItemState::Cancelled);
                set_state(conn, held, ItemState::Cancelled, None).await
            }
            Ending::Later { due } => self.give_back(conn, held, Some(due.timestamp_millis())).await,
            Ending::Untouched => self.give_back(conn, held, None).await,
            Ending::Done { .. } => Ok(()),
        }
    }

    async fn spread(&mut self, conn: &mut SqliteConnection, held: &Leased, spread: Spread) -> SqlResult<()> {
        children::open(conn, held.place.run, held.id, spread.cap, spread.most).await?;
        children::enter(conn, held.place.run, held.id, spread.children, &mut self.counts).await?;
        self.counts.shift(held.place, ItemState::Leased, ItemState::Waiting, 1);
        // It may be that it has no children at all: it is looked at when the sums are written.
        self.counts.leave_out(held.id, 0);
        let sql = "UPDATE items SET state = ?, owner = NULL WHERE id = ?";
        sqlx::query(sql).bind(ItemState::Waiting.code()).bind(held.id).execute(&mut *conn).await?;
        start_step(conn, &held.place).await
    }

    /// As if it had not been leased; to be taken again at `due`, else at once.
    async fn give_back(
        &mut self,
        conn: &mut SqliteConnection,
        held: &Leased,
        due: Option<i64>,
    ) -> SqlResult<()> {
        self.counts.shift(held.place, ItemState::Leased, ItemState::Ready, 1);
        let sql = "UPDATE items SET state = 1, owner = NULL, attempt = attempt - 1, due = coalesce(?, due) \
                   WHERE id = ?";
        sqlx::query(sql).bind(due).bind(held.id).execute(conn).await?;
        Ok(())
    }

    async fn retry(
        &mut self,
        conn: &mut SqliteConnection,
        held: &Leased,
        fault: &Fault,
        due: DateTime<Utc>,
    ) -> SqlResult<()> {
        let at = self.at.timestamp_millis();
        let state = if held.last { ItemState::Dead } else { ItemState::Ready };
        self.ended(held, state);
        note_attempt(conn, held, if held.last { "dead" } else { "retry" }, fault, at).await?;
        set_state(conn, held, state, Some(fault)).await?;
        sqlx::query("UPDATE items SET due = ? WHERE id = ?")
            .bind(due.timestamp_millis())
            .bind(held.id)
            .execute(conn)
            .await?;
        Ok(())
    }

    async fn siblings(
        &mut self,
        conn: &mut SqliteConnection,
        held: &Leased,
        siblings: Siblings,
    ) -> SqlResult<()> {
        let Some(parent) = held.place.parent else { return Ok(()) };
        let mut released = siblings.release;
        for skip in siblings.skip {
            if self.skip(conn, held, parent, &skip).await? {
                released.extend(skip.release);
            }
        }
        for step in released {
            release(conn, parent, step, &mut self.counts).await?;
        }
        if let Some(reason) = siblings.stop {
            stop(conn, parent, &reason, &mut self.counts).await?;
        }
        Ok(())
    }
}

impl Entry {
    /// Skips a step that is still open; false when it is not.
    async fn skip(
        &mut self,
        conn: &mut SqliteConnection,
        held: &Leased,
        parent: i64,
        skip: &Skip,
    ) -> SqlResult<bool> {
        let blocked = [ItemState::Blocked];
        let reason = Fault::new("skipped", skip.reason.clone());
        let of = Siblings::of(parent, Some(skip.step));
        let open = end_siblings(conn, of, &blocked, ItemState::Skipped, &reason, &mut self.counts).await? > 0;
        if open && held.root == Some(parent) {
            let end = StepEnd { status: StepStatus::Skipped, reason: Some(skip.reason.clone()) };
            end_step(conn, &Place { step: i64::from(skip.step.0), ..held.place }, &end).await?;
        }
        Ok(open)
    }
}

/// Stops the children of `parent` that have not begun; it takes no more.
pub(super) async fn stop(
    conn: &mut SqliteConnection,
    parent: i64,
    reason: &str,
    counts: &mut Counts,
) -> SqlResult<u64> {
    let sql = "UPDATE spreads SET stopped = coalesce(stopped, ?) WHERE item = ?";
    sqlx::query(sql).bind(reason.to_owned()).bind(parent).execute(&mut *conn).await?;
    let reason = Fault::new("stopped", reason);
    let not_begun = [ItemState::Blocked, ItemState::Ready];
    end_siblings(conn, Siblings::of(parent, None), &not_begun, ItemState::Cancelled, &reason, counts).await
}

/// Children of one item, of one step or of all.
#[derive(Clone, Copy)]
struct Of {
    parent: i64,
    step: Option<i64>,
}

impl Siblings {
    fn of(parent: i64, step: Option<StepNo>) -> Of {
        Of { parent, step: step.map(|step| i64::from(step.0)) }
    }
}

/// Ends items that are in one of the states `from`, and gives how many.
async fn end_siblings(
    conn: &mut SqliteConnection,
    of: Of,
    from: &[ItemState],
    to: ItemState,
    reason: &Fault,
    counts: &mut Counts,
) -> SqlResult<u64> {
    let mut ended = 0;
    for state in from {
        let sql = "SELECT run, step, counted, count(*) FROM items WHERE parent = ?1 AND state = ?2 \
                   AND (?3 IS NULL OR step = ?3) GROUP BY run, step, counted";
        let groups = sqlx::query(sql).bind(of.parent).bind(state.code()).bind(of.step);
        for row in groups.fetch_all(&mut *conn).await? {
            let (run, step, counted) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            let count: i64 = row.try_get(3)?;
            counts.shift(Place { run, step, parent: Some(of.parent), counted }, *state, to, count);
            ended += u64::try_from(count).unwrap_or(0);
        }
        let sql = "UPDATE items SET state = ?4, class = ?5, error = ?6 WHERE parent = ?1 AND state = ?2 \
                   AND (?3 IS NULL OR step = ?3)";
        let update = sqlx::query(sql).bind(of.parent).bind(state.code()).bind(of.step).bind(to.code());
        update.bind(reason.class.clone()).bind(reason.error.clone()).execute(&mut *conn).await?;
    }
    Ok(ended)
}

/// The step's item beside waits for one thing less.
async fn release(
    conn: &mut SqliteConnection,
    parent: i64,
    step: StepNo,
    counts: &mut Counts,
) -> SqlResult<()> {
    let sql = "UPDATE items SET pending = pending - 1, state = iif(pending <= 1, 1, 0) \
               WHERE parent = ? AND step = ? AND state = 0 RETURNING run, counted, state";
    let released = sqlx::query(sql).bind(parent).bind(i64::from(step.0)).fetch_all(conn).await?;
    for row in released {
        let place = Place {
            run: row.try_get(0)?,
            step: i64::from(step.0),
            parent: Some(parent),
            counted: row.try_get(1)?,
        };
        if row.try_get::<i64, _>(2)? == ItemState::Ready.code() {
            counts.shift(place, ItemState::Blocked, ItemState::Ready, 1);
        }
    }
    Ok(())
}

/// An item that ended as it should, as its update takes it: id, milliseconds, output.
#[derive(Serialize)]
struct Done(i64, i64, Option<Value>);

async fn write_done(conn: &mut SqliteConnection, done: &[Done]) -> SqlResult<()> {
    if done.is_empty() {
        return Ok(());
    }
    let sql = "UPDATE items SET state = 4, owner = NULL, class = NULL, error = NULL, \
               elapsed = d.value ->> 1, output = nullif(d.value -> 2, 'null') \
               FROM json_each(?) d WHERE items.id = d.value ->> 0";
    // Values always serialise.
    sqlx::query(sql).bind(serde_json::to_string(done).unwrap_or_default()).execute(conn).await?;
    Ok(())
}

async fn set_state(
    conn: &mut SqliteConnection,
    held: &Leased,
    state: ItemState,
    fault: Option<&Fault>,
) -> SqlResult<()> {
    let sql = "UPDATE items SET state = ?, owner = NULL, class = ?, error = ?, elapsed = ? WHERE id = ?";
    sqlx::query(sql)
        .bind(state.code())
        .bind(fault.map(|fault| fault.class.clone()))
        .bind(fault.map(|fault| fault.error.clone()))
        .bind(held.elapsed)
        .bind(held.id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Keeps an attempt that did not end well.
pub(super) async fn note_attempt(
    conn: &mut SqliteConnection,
    held: &Leased,
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

/// A step that has begun is running until it has ended.
async fn start_step(conn: &mut SqliteConnection, place: &Place) -> SqlResult<()> {
    let sql = "UPDATE steps SET status = 'running' WHERE run = ? AND step = ? AND status = 'pending'";
    sqlx::query(sql).bind(place.run).bind(place.step).execute(conn).await?;
    Ok(())
}

async fn end_step(conn: &mut SqliteConnection, place: &Place, end: &StepEnd) -> SqlResult<()> {
    sqlx::query("UPDATE steps SET status = ?, reason = ? WHERE run = ? AND step = ?")
        .bind(end.status.name())
        .bind(end.reason.clone())
        .bind(place.run)
        .bind(place.step)
        .execute(conn)
        .await?;
    Ok(())
}

const LEASED: &str = "i.id, i.run, i.step, i.parent, i.counted, i.attempt, i.give_up, i.started, i.owner, \
                      r.state, r.root FROM items i JOIN runs r ON r.seq = i.run WHERE i.state = 2 AND i.owner = ?";

impl Leased {
    async fn of_acks(
        conn: &mut SqliteConnection,
        runner: RunnerId,
        acks: &[Ack],
    ) -> SqlResult<HashMap<i64, Leased>> {
        let ids: Vec<i64> = acks.iter().map(|ack| ack.item.0).collect();
        let sql = format!("SELECT {LEASED} AND i.id IN (SELECT value FROM json_each(?))");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(runner.0).bind(keys(&ids));
        let rows = query.fetch_all(conn).await?;
        rows.iter().map(|row| Leased::from_row(row).map(|held| (held.id, held))).collect()
    }

    /// Everything a runner has.
    pub(super) async fn of_runner(conn: &mut SqliteConnection, runner: RunnerId) -> SqlResult<Vec<Leased>> {
        let sql = format!("SELECT {LEASED}");
        let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(runner.0).fetch_all(conn).await?;
        rows.iter().map(Leased::from_row).collect()
    }

    fn from_row(row: &SqliteRow) -> SqlResult<Leased> {
        let attempt: i64 = row.try_get(5)?;
        Ok(Leased {
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
            elapsed: 0,
            runner: row.try_get(8)?,
            run_state: parse(row.try_get(9)?, RunState::of)?,
            root: row.try_get(10)?,
        })
    }
}

/// The children, by state, of these items.
pub(super) async fn parent_counts(
    conn: &mut SqliteConnection,
    parents: &[i64],
) -> SqlResult<Vec<ParentCount>> {
    let sql = "SELECT item, total, open, failed, left_out, stopped FROM spreads \
               WHERE item IN (SELECT value FROM json_each(?))";
    let rows = sqlx::query(sql).bind(keys(parents)).fetch_all(conn).await?;
    rows.iter().map(parent_count).collect()
}

fn parent_count(row: &SqliteRow) -> SqlResult<ParentCount> {
    let count =
        |index: usize| -> SqlResult<u64> { Ok(u64::try_from(row.try_get::<i64, _>(index)?).unwrap_or(0)) };
    Ok(ParentCount {
        item: ItemId(row.try_get(0)?),
        total: count(1)?,
        open: count(2)?,
        failed: count(3)?,
        left_out: count(4)?,
        stopped: row.try_get(5)?,
    })
}
