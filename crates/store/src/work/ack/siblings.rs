//! What the ending of an item means for its siblings: some may go on, some cannot, or all that have
//! not begun are stopped.

use super::{Fault, StepEnd};
use crate::sql::{self, Conn, SqlResult};
use crate::work::counts::{Counts, Place};
use crate::work::held::Held;
use crate::work::steps::end_step;
use crate::work::{ItemState, StepNo, StepStatus};

/// What the ending of an item means for its siblings. The caller sees to it that they fit the ending.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Siblings {
    /// Steps that waited for it: one reason less to wait.
    pub release: Vec<StepNo>,
    /// Steps that cannot run.
    pub skip: Vec<Skip>,
    /// Why all siblings that have not begun are to be stopped, if they are. One that has children has
    /// begun.
    pub stop: Option<String>,
}

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

/// Class of an item that was skipped for a reason of its own, not for another item's sake.
pub(super) const BY_ITSELF: &str = "condition";

/// Class of an item that was skipped for another one's sake: a redrive brings it back.
const FOR_ANOTHER: &str = "skipped";

impl Siblings {
    pub(super) async fn apply(self, conn: &mut Conn, held: &Held, counts: &mut Counts) -> SqlResult<()> {
        let Some(parent) = held.place.parent else { return Ok(()) };
        let mut released = self.release;
        for skip in self.skip {
            released.extend(skip_step(conn, held, parent, skip, counts).await?);
        }
        for step in released {
            release(conn, parent, step, counts).await?;
        }
        if let Some(reason) = self.stop {
            stop(conn, parent, &reason, counts).await?;
        }
        Ok(())
    }
}

/// The step's item beside waits for one thing less.
async fn release(conn: &mut Conn, parent: i64, step: StepNo, counts: &mut Counts) -> SqlResult<()> {
    let sql = "UPDATE items SET pending = pending - 1, state = CASE WHEN pending <= 1 THEN 1 ELSE 0 END \
               WHERE parent = ? AND step = ? AND state = 0 RETURNING run, counted, state";
    let released = sql::query(sql).bind(parent).bind(i64::from(step.0)).fetch_all(conn).await?;
    for row in released {
        let place = Place {
            run: row.try_get(0)?,
            step: i64::from(step.0),
            parent: Some(parent),
            counted: row.try_get(1)?,
        };
        if row.try_get::<i64>(2)? == ItemState::Ready.code() {
            counts.shift(place, ItemState::Blocked, ItemState::Ready, 1);
        }
    }
    Ok(())
}

/// Skips a step that is still open; gives the steps that may go on thereby.
async fn skip_step(
    conn: &mut Conn,
    held: &Held,
    parent: i64,
    skip: Skip,
    counts: &mut Counts,
) -> SqlResult<Vec<StepNo>> {
    let of = Of { parent, step: Some(i64::from(skip.step.0)), state: ItemState::Blocked };
    let reason = Fault::new(FOR_ANOTHER, skip.reason.clone());
    let skipped = end_each(conn, of, ItemState::Skipped, &reason, counts).await?;
    if skipped.is_empty() {
        return Ok(Vec::new());
    }
    if held.root == Some(parent) {
        let end = StepEnd { status: StepStatus::Skipped, reason: Some(skip.reason) };
        end_step(conn, held.place.run, i64::from(skip.step.0), &end).await?;
    }
    Ok(skip.release)
}

/// Stops the children of `parent` that have not begun; it takes no more. Gives how many.
pub(in crate::work) async fn stop(
    conn: &mut Conn,
    parent: i64,
    reason: &str,
    counts: &mut Counts,
) -> SqlResult<u64> {
    let sql = "UPDATE spreads SET stopped = coalesce(stopped, ?) WHERE item = ? \
               RETURNING run, item = (SELECT root FROM runs WHERE seq = run)";
    let spread = sql::query(sql).bind(reason.to_owned()).bind(parent).fetch_optional(&mut *conn).await?;
    let Some(spread) = spread else { return Ok(0) };
    let (run, is_root): (i64, bool) = (spread.try_get(0)?, spread.try_get(1)?);
    let fault = Fault::new("stopped", reason);
    let mut stopped = Vec::new();
    for state in [ItemState::Blocked, ItemState::Ready] {
        let of = Of { parent, step: None, state };
        stopped.extend(end_each(conn, of, ItemState::Cancelled, &fault, counts).await?);
    }
    for (step, _) in stopped.iter().filter(|_| is_root) {
        let end = StepEnd { status: StepStatus::Cancelled, reason: Some(reason.to_owned()) };
        end_step(conn, run, *step, &end).await?;
    }
    Ok(stopped.iter().map(|(_, count)| count.unsigned_abs()).sum())
}

/// Children of one item in one state, of one step or of all.
#[derive(Clone, Copy)]
struct Of {
    parent: i64,
    step: Option<i64>,
    state: ItemState,
}

impl Of {
    /// Those of them that have not begun: what has children has begun, whatever it waits for. The state
    /// stands in the text because SQLite must see it to use the index on that state.
    fn not_begun(self) -> String {
        let state = self.state.code();
        format!(
            "parent = ?1 AND (step = ?2 OR ?2 IS NULL) AND state = {state} AND phase = 0 \
             AND NOT EXISTS (SELECT 1 FROM spreads s WHERE s.item = items.id)"
        )
    }
}

/// Ends those that have not begun; gives how many of which step.
async fn end_each(
    conn: &mut Conn,
    of: Of,
    to: ItemState,
    reason: &Fault,
    counts: &mut Counts,
) -> SqlResult<Vec<(i64, i64)>> {
    let mut ended = Vec::new();
    let sql =
        format!("SELECT run, step, counted, count(*) FROM items WHERE {} GROUP BY 1, 2, 3", of.not_begun());
    let groups = sql::query(sql).bind(of.parent).bind(of.step).fetch_all(&mut *conn).await?;
    for row in groups {
        let (run, step, counted) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        let count: i64 = row.try_get(3)?;
        counts.shift(Place { run, step, parent: Some(of.parent), counted }, of.state, to, count);
        ended.push((step, count));
    }
    if !ended.is_empty() {
        let sql = format!("UPDATE items SET state = ?3, class = ?4, error = ?5 WHERE {}", of.not_begun());
        let update = sql::query(sql).bind(of.parent).bind(of.step).bind(to.code());
        update.bind(reason.class.clone()).bind(reason.error.clone()).execute(conn).await?;
    }
    Ok(ended)
}
