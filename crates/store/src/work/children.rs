//! Entering items, and opening and closing what holds them together.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use sqlx::{Row, SqliteConnection};

use super::counts::{Counts, Place, step_code};
use super::{ItemState, NewItem, Phase, StepNo};
use crate::sql::SqlResult;

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

/// Opens `item` for children, `cap` of them under way at once and `most` in all.
pub(super) async fn open(
    conn: &mut SqliteConnection,
    run: i64,
    item: i64,
    cap: u32,
    most: Option<u64>,
) -> SqlResult<()> {
    let sql = "INSERT INTO spreads (item, run, cap, most) VALUES (?, ?, ?, ?) \
               ON CONFLICT (item) DO UPDATE SET cap = excluded.cap, most = excluded.most";
    let most = most.map_or(i64::MAX, |most| i64::try_from(most).unwrap_or(i64::MAX));
    sqlx::query(sql).bind(item).bind(run).bind(i64::from(cap)).bind(most).execute(conn).await?;
    Ok(())
}

/// Enters children of `parent` that are not there yet, within its bound; what is beyond is counted as
/// left out. A parent that was stopped takes none.
pub(super) async fn enter(
    conn: &mut SqliteConnection,
    run: i64,
    parent: i64,
    mut items: Vec<NewItem>,
    counts: &mut Counts,
) -> SqlResult<()> {
    if items.is_empty() {
        return Ok(());
    }
    let room = room(conn, parent).await?;
    let over = items.len().saturating_sub(room);
    if over > 0 {
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
        let state = if ready { ItemState::Ready } else { ItemState::Blocked };
        for entries in entries.chunks(ITEMS_PER_STATEMENT) {
            let entered = insert(conn, place, state, entries).await?;
            counts.enter(place, state, entered);
        }
    }
    Ok(())
}

impl Entry {
    fn of(item: NewItem) -> Entry {
        Entry { key: item.key, pending: item.pending, tries: item.tries.max(1), input: item.input }
    }
}

/// How many more children `parent` may have, as counted when this transaction began.
async fn room(conn: &mut SqliteConnection, parent: i64) -> SqlResult<usize> {
    let sql = "SELECT iif(stopped IS NULL, most - total, 0) FROM spreads WHERE item = ?";
    let room: Option<i64> = sqlx::query_scalar(sql).bind(parent).fetch_optional(conn).await?;
    Ok(room.map_or(0, |room| usize::try_from(room).unwrap_or(0)))
}

async fn insert(
    conn: &mut SqliteConnection,
    place: Place,
    state: ItemState,
    entries: &[Entry],
) -> SqlResult<i64> {
    let sql = "INSERT INTO items (run, step, parent, counted, state, key, pending, tries, give_up, input) \
               SELECT ?, ?, ?, ?, ?, value ->> 'key', value ->> 'pending', value ->> 'tries', value ->> 'tries', \
               nullif(value -> 'input', 'null') FROM json_each(?) WHERE true \
               ON CONFLICT (parent, step, key) DO NOTHING";
    // Values always serialise.
    let entries = serde_json::to_string(entries).unwrap_or_default();
    let done = sqlx::query(sql)
        .bind(place.run)
        .bind(place.step)
        .bind(place.parent)
        .bind(place.counted)
        .bind(state.code())
        .bind(entries)
        .execute(conn)
        .await?;
    Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
}

/// Makes ready those of the `touched` items whose children have all ended. To be called once the sums
/// are written.
pub(super) async fn close(conn: &mut SqliteConnection, touched: &[i64]) -> SqlResult<()> {
    let mut counts = Counts::default();
    for item in touched {
        let sql = "UPDATE items SET state = ?, phase = ?, due = 0, owner = NULL, give_up = give_up + 1 WHERE id = ? AND state = ? \
                   AND EXISTS (SELECT 1 FROM spreads s WHERE s.item = id AND s.open = 0) \
                   RETURNING run, step, parent, counted";
        let closed = sqlx::query(sql)
            .bind(ItemState::Ready.code())
            .bind(Phase::Finish as i64)
            .bind(*item)
            .bind(ItemState::Waiting.code())
            .fetch_optional(&mut *conn)
            .await?;
        if let Some(row) = closed {
            let place = Place {
                run: row.try_get(0)?,
                step: row.try_get(1)?,
                parent: row.try_get(2)?,
                counted: row.try_get(3)?,
            };
            counts.shift(place, ItemState::Waiting, ItemState::Ready, 1);
        }
    }
    counts.write(conn).await
}
