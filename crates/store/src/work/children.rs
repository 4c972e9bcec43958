//! Entering items, and opening and closing what holds them together.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;
use serde_json::Value;

use super::counts::{Counts, Place, step_code};
use super::{ItemState, NewItem, StepNo};
use crate::sql::{self, Conn, SqlResult, keys};

/// One item as the insert takes it.
#[derive(Serialize)]
struct Entry {
    key: i64,
    pending: u32,
    tries: u32,
    input: Option<Value>,
}

/// Items that go into one statement.
const ITEMS_PER_STATEMENT: usize = 2_000;

/// Opens `item` for children, `cap` of them under way at once and `most` in all. Where it stands in the
/// tree is kept beside it, for leasing depth first.
pub(super) async fn open(conn: &mut Conn, run: i64, item: i64, cap: u32, most: Option<u64>) -> SqlResult<()> {
    let sql = "INSERT INTO spreads (item, run, cap, most, branch, depth) \
               SELECT i.id, ?2, ?3, ?4, CASE p.depth WHEN 0 THEN i.id ELSE coalesce(p.branch, 0) END, \
               coalesce(p.depth + 1, 0) \
               FROM items i LEFT JOIN spreads p ON p.item = i.parent WHERE i.id = ?1 \
               ON CONFLICT (item) DO NOTHING";
    let most = most.map_or(i64::MAX, |most| i64::try_from(most).unwrap_or(i64::MAX));
    sql::query(sql).bind(item).bind(run).bind(i64::from(cap.max(1))).bind(most).execute(conn).await?;
    Ok(())
}

/// Enters children of `parent` that are not there yet, within its bound; what is beyond is counted as
/// left out. Where the parent was stopped, or the run is being cancelled, they are entered as cancelled:
/// a redrive brings them back with the rest.
pub(super) async fn enter(
    conn: &mut Conn,
    run: i64,
    parent: i64,
    mut items: Vec<NewItem>,
    counts: &mut Counts,
) -> SqlResult<()> {
    if items.is_empty() {
        return Ok(());
    }
    let Room { room, dropped } = Room::of(conn, parent, counts).await?;
    if items.len() > room {
        items = new_ones(conn, parent, items).await?;
        let over = items.len().saturating_sub(room);
        items.truncate(room);
        counts.leave_out(parent, i64::try_from(over).unwrap_or(i64::MAX));
    }
    let mut groups: BTreeMap<(StepNo, bool, bool), Vec<Entry>> = BTreeMap::new();
    for item in items {
        let group = groups.entry((item.step, item.counted, item.pending == 0)).or_default();
        group.push(Entry::of(item));
    }
    for ((step, counted, ready), entries) in groups {
        let place = Place { run, step: step_code(Some(step)), parent: Some(parent), counted };
        let state = match dropped {
            Some(_) => ItemState::Cancelled,
            None if ready => ItemState::Ready,
            None => ItemState::Blocked,
        };
        for entries in entries.chunks(ITEMS_PER_STATEMENT) {
            let entered = insert(conn, place, (state, dropped), entries).await?;
            counts.enter(place, state, entered);
        }
    }
    Ok(())
}

/// Those of the items that `parent` does not have, each once, in order.
async fn new_ones(conn: &mut Conn, parent: i64, items: Vec<NewItem>) -> SqlResult<Vec<NewItem>> {
    let asked: Vec<(u32, i64)> = items.iter().map(|item| (item.step.0, item.key)).collect();
    let sql = "SELECT i.step, i.key FROM json_each(?) a JOIN items i \
               ON i.parent = ? AND i.step = CAST(a.value ->> 0 AS BIGINT) AND i.key = CAST(a.value ->> 1 AS BIGINT)";
    let there = sql::query(sql).bind(keys(&asked)).bind(parent).fetch_all(conn).await?;
    let mut seen = HashSet::new();
    for row in there {
        seen.insert((row.try_get::<u32>(0)?, row.try_get::<i64>(1)?));
    }
    Ok(items.into_iter().filter(|item| seen.insert((item.step.0, item.key))).collect())
}

impl Entry {
    fn of(item: NewItem) -> Entry {
        Entry { key: item.key, pending: item.pending, tries: item.tries.max(1), input: item.input }
    }
}

/// How many more children an item may have, and of which class they are when they are not to run.
struct Room {
    room: usize,
    dropped: Option<&'static str>,
}

impl Room {
    async fn of(conn: &mut Conn, parent: i64, counts: &Counts) -> SqlResult<Room> {
        let sql = "SELECT s.most - s.total, s.stopped IS NOT NULL, r.state = 'cancelling' \
                   FROM spreads s JOIN runs r ON r.seq = s.run WHERE s.item = ?";
        let row = sql::query(sql).bind(parent).fetch_optional(conn).await?;
        let Some(row) = row else { return Ok(Room { room: 0, dropped: None }) };
        let room = row.try_get::<i64>(0)?.saturating_sub(counts.entered(parent));
        let dropped = match (row.try_get(2)?, row.try_get(1)?) {
            (true, _) => Some("cancelled"),
            (false, true) => Some("stopped"),
            (false, false) => None,
        };
        Ok(Room { room: usize::try_from(room).unwrap_or(0), dropped })
    }
}

async fn insert(
    conn: &mut Conn,
    place: Place,
    (state, class): (ItemState, Option<&'static str>),
    entries: &[Entry],
) -> SqlResult<i64> {
    let sql = "INSERT INTO items (run, step, parent, counted, state, class, key, pending, tries, give_up, input) \
               SELECT ?, ?, ?, ?, ?, ?, CAST(value ->> 'key' AS BIGINT), CAST(value ->> 'pending' AS BIGINT), \
               CAST(value ->> 'tries' AS BIGINT), CAST(value ->> 'tries' AS BIGINT), \
               nullif(value -> 'input', 'null') FROM json_each(?) WHERE true \
               ON CONFLICT (parent, step, key) DO NOTHING";
    // Values always serialise.
    let entries = serde_json::to_string(entries).unwrap_or_default();
    let done = sql::query(sql)
        .bind(place.run)
        .bind(place.step)
        .bind(place.parent)
        .bind(place.counted)
        .bind(state.code())
        .bind(class)
        .bind(entries)
        .execute(conn)
        .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// Makes ready those of the `touched` items whose children have all ended, or ends them where that is
/// settled. To be called once the sums are written.
pub(super) async fn close(conn: &mut Conn, touched: &[i64]) -> SqlResult<()> {
    let sql = "UPDATE items SET state = coalesce(ends, 1), phase = CASE WHEN ends IS NULL THEN 1 ELSE phase END, due = 0, \
               owner = NULL, give_up = give_up + CASE WHEN ends IS NULL THEN 1 ELSE 0 END, ends = NULL \
               WHERE id IN (SELECT value FROM json_each(?)) AND state = 3 \
               AND EXISTS (SELECT 1 FROM spreads s WHERE s.item = items.id AND s.open = 0) \
               RETURNING run, step, parent, counted, state";
    let mut touched = touched.to_vec();
    while !touched.is_empty() {
        let closed = sql::query(sql).bind(keys(&touched)).fetch_all(&mut *conn).await?;
        let mut counts = Counts::default();
        touched.clear();
        for row in closed {
            let place = Place::of(&row)?;
            let state = ItemState::of(row.try_get(4)?).unwrap_or(ItemState::Ready);
            counts.shift(place, ItemState::Waiting, state, 1);
            // Its own parent may have waited for just this one.
            touched.extend(place.parent.filter(|_| state.has_ended()));
        }
        counts.write(conn).await?;
    }
    Ok(())
}
