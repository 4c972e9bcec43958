//! The sums kept beside items: children by state of each item that has some, items by state of each
//! step. Collected while a transaction goes on, written once at its end.

use std::collections::BTreeMap;

use super::{ItemState, StepNo};
use crate::sql::{self, Conn, Row, SqlResult};

/// What a transaction adds to the sums.
#[derive(Debug, Default)]
pub(super) struct Counts {
    parents: BTreeMap<i64, Children>,
    steps: BTreeMap<(i64, i64), Items>,
}

/// Changes to the sums over the children of one item.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Children {
    total: i64,
    open: i64,
    ready: i64,
    running: i64,
    done: i64,
    skipped: i64,
    failed: i64,
    left_out: i64,
}

/// Changes to the sums over the items of one step.
#[derive(Debug, Default, Clone, Copy)]
struct Items {
    total: i64,
    done: i64,
    failed: i64,
    skipped: i64,
    dead: i64,
    cancelled: i64,
    running: i64,
    waiting: i64,
    attempts: i64,
    busy: i64,
    started: Option<i64>,
    ended: Option<i64>,
}

/// Whose sums an item counts in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub(super) run: i64,
    pub(super) step: i64,
    pub(super) parent: Option<i64>,
    pub(super) counted: bool,
}

impl Place {
    /// From a row that begins with run, step, parent, counted.
    pub(super) fn of(row: &Row) -> SqlResult<Place> {
        Ok(Place {
            run: row.try_get(0)?,
            step: row.try_get(1)?,
            parent: row.try_get(2)?,
            counted: row.try_get(3)?,
        })
    }
}

impl Counts {
    /// `count` items came to be in `state`.
    pub(super) fn enter(&mut self, place: Place, state: ItemState, count: i64) {
        if let Some(parent) = place.parent {
            let children = self.parents.entry(parent).or_default();
            children.total += count;
            children.open += count * i64::from(!state.has_ended());
        }
        if place.counted {
            self.items(place).total += count;
        }
        self.add(place, state, count);
    }

    /// `count` items went from one state to another.
    pub(super) fn shift(&mut self, place: Place, from: ItemState, to: ItemState, count: i64) {
        self.add(place, from, -count);
        self.add(place, to, count);
        if let Some(parent) = place.parent {
            let children = self.parents.entry(parent).or_default();
            children.open += count * (i64::from(from.has_ended()) - i64::from(to.has_ended()));
        }
    }

    /// How many children of `parent` this transaction has entered so far.
    pub(super) fn entered(&self, parent: i64) -> i64 {
        self.parents.get(&parent).map_or(0, |children| children.total)
    }

    /// `item` may have nothing left to wait for: it counts among the touched ones.
    pub(super) fn look_at(&mut self, item: i64) {
        self.parents.entry(item).or_default();
    }

    /// Follow-ups of `parent` that were beyond its bounds.
    pub(super) fn leave_out(&mut self, parent: i64, count: i64) {
        self.parents.entry(parent).or_default().left_out += count;
    }

    /// An attempt at an item of the step lasted from then to then. Items that only hold others together
    /// tell when the step began and ended, but are not attempts.
    pub(super) fn attempt(&mut self, place: Place, started: i64, ended: i64) {
        self.begun(place, started);
        let items = self.items(place);
        items.ended = Some(items.ended.map_or(ended, |before| before.max(ended)));
        if place.counted {
            items.attempts += 1;
            items.busy += (ended - started).max(0);
        }
    }

    /// The step had begun by then.
    pub(super) fn begun(&mut self, place: Place, started: i64) {
        let items = self.items(place);
        items.started = Some(items.started.map_or(started, |before| before.min(started)));
    }

    /// The items whose children were touched.
    pub(super) fn parents(&self) -> Vec<i64> {
        self.parents.keys().copied().collect()
    }

    fn items(&mut self, place: Place) -> &mut Items {
        self.steps.entry((place.run, place.step)).or_default()
    }

    fn add(&mut self, place: Place, state: ItemState, count: i64) {
        if let Some(parent) = place.parent {
            let children = self.parents.entry(parent).or_default();
            match state {
                ItemState::Ready => children.ready += count,
                ItemState::Leased | ItemState::Waiting => children.running += count,
                ItemState::Done => children.done += count,
                ItemState::Skipped | ItemState::Cancelled => children.skipped += count,
                ItemState::Failed | ItemState::Dead => children.failed += count,
                ItemState::Blocked => {}
            }
        }
        if !place.counted {
            return;
        }
        let items = self.items(place);
        match state {
            ItemState::Blocked | ItemState::Ready => items.waiting += count,
            ItemState::Leased | ItemState::Waiting => items.running += count,
            ItemState::Done => items.done += count,
            ItemState::Skipped => items.skipped += count,
            ItemState::Cancelled => items.cancelled += count,
            ItemState::Failed => items.failed += count,
            ItemState::Dead => items.dead += count,
        }
    }

    /// Writes the sums.
    pub(super) async fn write(&self, conn: &mut Conn) -> SqlResult<()> {
        for (parent, children) in &self.parents {
            if *children != Children::default() {
                children.write(conn, *parent).await?;
            }
        }
        for ((run, step), items) in &self.steps {
            items.write(conn, *run, *step).await?;
        }
        Ok(())
    }
}

impl Children {
    async fn write(&self, conn: &mut Conn, parent: i64) -> SqlResult<()> {
        let sql = "UPDATE spreads SET total = total + ?, open = open + ?, ready = ready + ?, \
                   running = running + ?, done = done + ?, skipped = skipped + ?, failed = failed + ?, \
                   left_out = left_out + ? WHERE item = ?";
        let sums = [self.total, self.open, self.ready, self.running, self.done, self.skipped, self.failed];
        let query = sums.into_iter().fold(sql::query(sql), |query, sum| query.bind(sum));
        query.bind(self.left_out).bind(parent).execute(conn).await?;
        Ok(())
    }
}

impl Items {
    async fn write(&self, conn: &mut Conn, run: i64, step: i64) -> SqlResult<()> {
        let sql = "UPDATE steps SET total = total + ?, done = done + ?, failed = failed + ?, \
                   skipped = skipped + ?, dead = dead + ?, cancelled = cancelled + ?, running = running + ?, \
                   waiting = waiting + ?, attempts = attempts + ?, busy = busy + ?, \
                   started = CASE WHEN started <= ? THEN started ELSE coalesce(?, started) END, \
                   ended = CASE WHEN ended >= ? THEN ended ELSE coalesce(?, ended) END \
                   WHERE run = ? AND step = ?";
        let sums = [
            self.total,
            self.done,
            self.failed,
            self.skipped,
            self.dead,
            self.cancelled,
            self.running,
            self.waiting,
            self.attempts,
            self.busy,
        ];
        let query = sums.into_iter().fold(sql::query(sql), |query, sum| query.bind(sum));
        let query = query.bind(self.started).bind(self.started).bind(self.ended).bind(self.ended);
        query.bind(run).bind(step).execute(conn).await?;
        Ok(())
    }
}

/// Where an item without a step of its own counts: the root of a run.
pub(super) const NO_STEP: i64 = -1;

/// The step as stored.
pub(super) fn step_code(step: Option<StepNo>) -> i64 {
    step.map_or(NO_STEP, |step| i64::from(step.0))
}

/// The step that is stored as `code`.
pub(super) fn step_of(code: i64) -> Option<StepNo> {
    u32::try_from(code).ok().map(StepNo)
}
