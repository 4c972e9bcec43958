//! Bringing back what is not a leaf: step items, which may have to wait for others again, and whatever
//! holds items that are brought back.

use std::collections::BTreeSet;

use super::WaitsFor;
use crate::sql::{self, Conn, Row, SqlResult, keys};
use crate::work::counts::{Counts, Place};
use crate::work::{ItemState, Phase, StepNo, StepStatus};

/// The items to bring back that are no leaves, and their siblings that still wait.
pub(super) struct Back {
    items: Vec<Old>,
    /// Items that wait already, and for how many siblings they will have to.
    waiting: Vec<(i64, i64)>,
}

/// What bringing them back did.
#[derive(Default)]
pub(super) struct Reopened {
    /// Items that will do something themselves.
    pub(super) brought: u64,
    /// Whether any item is other than before.
    pub(super) changed: bool,
}

struct Old {
    id: i64,
    place: Place,
    state: ItemState,
    phase: Phase,
    /// Some of its children are brought back.
    holds: bool,
    /// Siblings it has to wait for.
    pending: i64,
}

impl Back {
    pub(super) async fn load(conn: &mut Conn, waits_for: &WaitsFor) -> SqlResult<Back> {
        let sql = "SELECT i.run, i.step, i.parent, i.counted, i.id, i.state, i.phase, d.holds, p.step IS NOT DISTINCT FROM i.step \
                   FROM temp.redriven d JOIN items i ON i.id = d.id LEFT JOIN items p ON p.id = i.parent \
                   WHERE NOT d.leaf ORDER BY d.id";
        let mut items = Vec::new();
        let mut parents = BTreeSet::new();
        for row in sql::query(sql).fetch_all(&mut *conn).await? {
            let Some(mut old) = Old::from_row(&row)? else { continue };
            // An element waits for none of the other elements.
            let is_element: bool = row.try_get(8)?;
            if let Some(parent) = old.place.parent.filter(|_| !is_element) {
                old.pending = unsettled(conn, parent, old.place.step, waits_for).await?;
                parents.insert(parent);
            }
            items.push(old);
        }
        let mut waiting = Vec::new();
        for parent in parents {
            waiting.extend(waiting_in(conn, parent, waits_for).await?);
        }
        Ok(Back { items, waiting })
    }

    /// Brings them back.
    pub(super) async fn reopen(self, conn: &mut Conn, run: i64, counts: &mut Counts) -> SqlResult<Reopened> {
        let mut steps = BTreeSet::new();
        let mut reopened = Reopened::default();
        for old in self.items {
            take_more(conn, old.id).await?;
            let Some(to) = old.state_now() else { continue };
            old.write(conn, to).await?;
            counts.shift(old.place, old.state, to, 1);
            steps.insert(old.place.step);
            reopened.changed = true;
            reopened.brought += u64::from(!old.holds && old.place.parent.is_some());
        }
        for (id, pending) in self.waiting {
            let sql = "UPDATE items SET pending = ? WHERE id = ?";
            sql::query(sql).bind(pending).bind(id).execute(&mut *conn).await?;
        }
        for step in steps {
            let sql = "UPDATE steps SET status = ?, reason = NULL WHERE run = ? AND step = ?";
            let update = sql::query(sql).bind(StepStatus::Pending.name()).bind(run).bind(step);
            update.execute(&mut *conn).await?;
        }
        Ok(reopened)
    }
}

impl Old {
    fn from_row(row: &Row) -> SqlResult<Option<Old>> {
        let Some(state) = ItemState::of(row.try_get(5)?) else { return Ok(None) };
        Ok(Some(Old {
            id: row.try_get(4)?,
            place: Place::of(row)?,
            state,
            phase: Phase::of(row.try_get(6)?),
            holds: row.try_get(7)?,
            pending: 0,
        }))
    }

    /// What has spread waits for those children that are brought back, or finishes once more. What has
    /// not, or not to the end, begins anew once it may, unless it is under way.
    fn state_now(&self) -> Option<ItemState> {
        let to = match self.phase {
            Phase::Finish if self.holds => ItemState::Waiting,
            Phase::Finish => ItemState::Ready,
            Phase::Start if !self.state.has_ended() => self.state,
            Phase::Start if self.pending > 0 => ItemState::Blocked,
            Phase::Start => ItemState::Ready,
        };
        Some(to).filter(|to| *to != self.state)
    }

    async fn write(&self, conn: &mut Conn, to: ItemState) -> SqlResult<()> {
        let sql = "UPDATE items SET state = ?, pending = ?, due = 0, owner = NULL, give_up = attempt + tries, \
                   lost = 0, ends = NULL, class = NULL, error = NULL WHERE id = ?";
        let update = sql::query(sql).bind(to.code()).bind(self.pending).bind(self.id);
        update.execute(conn).await?;
        Ok(())
    }
}

/// What was stopped takes children again.
async fn take_more(conn: &mut Conn, item: i64) -> SqlResult<()> {
    let sql = "UPDATE spreads SET stopped = NULL WHERE item = ? AND stopped IS NOT NULL";
    sql::query(sql).bind(item).execute(conn).await?;
    Ok(())
}

/// How many of the siblings that `step` waits for under `parent` are not settled, or no longer are.
async fn unsettled(conn: &mut Conn, parent: i64, step: i64, waits_for: &WaitsFor) -> SqlResult<i64> {
    let waits = u32::try_from(step).ok().and_then(|step| waits_for.get(&StepNo(step)));
    let Some(steps) = waits.filter(|steps| !steps.is_empty()) else { return Ok(0) };
    let sql = "SELECT count(*) FROM items WHERE parent = ? AND step IN (SELECT value FROM json_each(?)) \
               AND (state < 4 OR id IN (SELECT id FROM temp.redriven))";
    let steps: Vec<u32> = steps.iter().map(|step| step.0).collect();
    sql::query_scalar(sql).bind(parent).bind(keys(&steps)).fetch_one(conn).await
}

/// Items under `parent` that wait still: what they wait for may have been brought back, and will release
/// them a second time.
async fn waiting_in(conn: &mut Conn, parent: i64, waits_for: &WaitsFor) -> SqlResult<Vec<(i64, i64)>> {
    let sql = "SELECT id, step FROM items WHERE parent = ? AND state = 0";
    let mut waiting = Vec::new();
    for row in sql::query(sql).bind(parent).fetch_all(&mut *conn).await? {
        let pending = unsettled(conn, parent, row.try_get(1)?, waits_for).await?;
        if pending > 0 {
            waiting.push((row.try_get(0)?, pending));
        }
    }
    Ok(waiting)
}
