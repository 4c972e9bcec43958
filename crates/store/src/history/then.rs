//! The events as the store knew them at some time. What changed since is undone in temporary tables, and
//! the question is put to rows of today that have not changed since and rows of then that have: so every
//! filter works as it does on today's, and the work goes by what changed since, not by what there is.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use model::{Edit, Kind, Op};
use serde_json::Value;

use super::place::{horizon, place_of};
use crate::commit::op_of;
use crate::query::{Tables, find_events};
use crate::rows::{code_of, column_list, insert_into, value_cells, values};
use crate::runs::stamp;
use crate::sql::{self, Cell, Conn, Dialect, Row, SqlResult, json, keys};
use crate::{EventQuery, EventView, Store, StoreError};

/// Rows that are undone at once.
const ROWS: i64 = 1_000;

/// The kinds that a list of events is made of.
const KINDS: [Kind; 4] = [Kind::Event, Kind::Venue, Kind::Performer, Kind::Organizer];

impl Store {
    /// The events that fit, as the store knew them at a time. Words are looked for in what events say
    /// today; `last_seen` is not after that time, but may be later than it was then.
    pub async fn events_as_of(
        &self,
        query: &EventQuery,
        at: DateTime<Utc>,
    ) -> Result<Vec<EventView>, StoreError> {
        let fault = |error| self.fault("looking for events of then", error);
        // Rolled back in the end, and the temporary tables with it.
        let mut transaction = self
            .readers
            .begin_with(match self.readers.dialect() {
                Dialect::Sqlite => "BEGIN",
                Dialect::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ",
            })
            .await
            .map_err(fault)?;
        let place = place_of(&mut transaction, at).await.map_err(fault)?;
        if let Some(horizon) = horizon(&mut transaction).await.map_err(fault)?
            && place < horizon.seq
        {
            return Err(StoreError::Question(format!(
                "what was before {} is no longer known: the change log was compacted up to there; \
                 ask for that time or a later one",
                horizon.at
            )));
        }
        let tables = undo(&mut transaction, place).await.map_err(fault)?;
        let mut events = find_events(&mut transaction, query, &tables, fault).await?;
        let then = stamp(at);
        for event in events.iter_mut().filter(|event| event.last_seen > then) {
            event.last_seen.clone_from(&then);
        }
        Ok(events)
    }
}

/// Makes the tables of then; where nothing changed, those of today do.
async fn undo(conn: &mut Conn, place: i64) -> SqlResult<Tables> {
    let mut tables = Tables::default();
    for kind in KINDS {
        if !changed_since(conn, kind, place).await? {
            continue;
        }
        prepare(conn, kind, place).await?;
        undo_rows(conn, kind, place).await?;
        if conn.dialect() == Dialect::Postgres {
            let table = kind.spec().table;
            sql::run_all(conn, &format!("ANALYZE touched_{table}; ANALYZE then_{table}")).await?;
        }
        tables.set(kind, &of_then(kind));
    }
    Ok(tables)
}

/// What stands for the table of a kind.
fn of_then(kind: Kind) -> String {
    let table = kind.spec().table;
    format!(
        "(SELECT * FROM \"{table}\" n WHERE NOT EXISTS (SELECT 1 FROM temp.touched_{table} u WHERE u.rid = n.rid) \
         UNION ALL SELECT * FROM temp.then_{table})"
    )
}

async fn changed_since(conn: &mut Conn, kind: Kind, place: i64) -> SqlResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM changes WHERE seq > ? AND +kind = ?)";
    sql::query_scalar(sql).bind(place).bind(code_of(kind)).fetch_one(conn).await
}

/// Which rows changed since, with the first change of each; and an empty table like theirs.
async fn prepare(conn: &mut Conn, kind: Kind, place: i64) -> SqlResult<()> {
    let table = kind.spec().table;
    sql::run_all(
        conn,
        &format!("CREATE TEMP TABLE touched_{table} (rid INTEGER PRIMARY KEY, first INTEGER NOT NULL)"),
    )
    .await?;
    let sql = format!(
        "INSERT INTO temp.touched_{table} (rid, first) \
         SELECT rid, min(seq) FROM changes WHERE seq > ? AND +kind = ? GROUP BY rid"
    );
    sql::query(sql).bind(place).bind(code_of(kind)).execute(&mut *conn).await?;
    let like = match conn.dialect() {
        Dialect::Postgres => format!("CREATE TEMP TABLE then_{table} (LIKE \"{table}\")"),
        Dialect::Sqlite => {
            let sql = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?";
            let made: String = sql::query_scalar(sql).bind(table).fetch_one(&mut *conn).await?;
            // Ids are random, and nobody looks for one here: an index of them would be most of the work.
            made.replacen(&format!("CREATE TABLE \"{table}\""), &format!("CREATE TEMP TABLE then_{table}"), 1)
                .replacen(" UNIQUE", "", 1)
        }
    };
    sql::query(like).execute(conn).await?;
    Ok(())
}

/// Writes the rows of then: all that changed since and were there already.
async fn undo_rows(conn: &mut Conn, kind: Kind, place: i64) -> SqlResult<()> {
    let table = kind.spec().table;
    let mut after = 0;
    loop {
        let sql = format!(
            "SELECT u.rid, c.op FROM temp.touched_{table} u JOIN changes c ON c.seq = u.first \
             WHERE u.rid > ? AND c.op <> 'insert' ORDER BY u.rid LIMIT ?"
        );
        let rows = sql::query(sql).bind(after).bind(ROWS).fetch_all(&mut *conn).await?;
        let first: SqlResult<Vec<(i64, String)>> =
            rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect();
        let first = first?;
        let Some((last, _)) = first.last() else { return Ok(()) };
        after = *last;
        undo_some(conn, kind, place, &first).await?;
    }
}

async fn undo_some(conn: &mut Conn, kind: Kind, place: i64, first: &[(i64, String)]) -> SqlResult<()> {
    let rids: Vec<i64> = first.iter().map(|(rid, _)| *rid).collect();
    let before = before(conn, kind, place, &rids).await?;
    let mut undone = undone(conn, kind, place, &rids).await?;
    let came_back = |rid: &i64| first.iter().any(|(of, op)| of == rid && op_of(op) == Some(Op::Return));
    let spec = kind.spec();
    let sql = format!(
        "SELECT rid, id, source, source_key, document, first_seen_at, first_run, last_run, {} \
         FROM \"{}\" WHERE rid IN (SELECT value FROM json_each(?))",
        column_list(spec),
        spec.table
    );
    let mut rows = Vec::with_capacity(rids.len());
    for row in sql::query(sql).bind(keys(&rids)).fetch_all(&mut *conn).await? {
        let rid: i64 = row.try_get("rid")?;
        // Nothing of it is known from then: its beginning was purged.
        let Some(vanished) = before.get(&rid) else { continue };
        let gone_at = if came_back(&rid) { vanished.clone() } else { None };
        rows.push(row_of_then(&row, kind, gone_at, undone.remove(&rid).unwrap_or_default())?);
    }
    insert_into(&format!("then_{}", spec.table), kind).write(conn, rows).await
}

/// Of the rows that were known then, when each last vanished before.
async fn before(
    conn: &mut Conn,
    kind: Kind,
    place: i64,
    rids: &[i64],
) -> SqlResult<HashMap<i64, Option<String>>> {
    let sql = "SELECT rid, max(CASE WHEN op = 'vanish' THEN at END) FROM changes \
               WHERE kind = ? AND rid IN (SELECT value FROM json_each(?)) AND seq <= ? GROUP BY rid";
    let rows = sql::query(sql).bind(code_of(kind)).bind(keys(rids)).bind(place).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// What each field was before its first edit since.
async fn undone(
    conn: &mut Conn,
    kind: Kind,
    place: i64,
    rids: &[i64],
) -> SqlResult<HashMap<i64, HashMap<String, Value>>> {
    let sql = "SELECT rid, edits FROM changes \
               WHERE kind = ? AND rid IN (SELECT value FROM json_each(?)) AND seq > ? ORDER BY seq";
    let rows = sql::query(sql).bind(code_of(kind)).bind(keys(rids)).bind(place).fetch_all(conn).await?;
    let mut undone: HashMap<i64, HashMap<String, Value>> = HashMap::with_capacity(rids.len());
    for row in &rows {
        let fields = undone.entry(row.try_get(0)?).or_default();
        let edits: Vec<Edit> = json(row.try_get(1)?)?;
        for edit in edits {
            fields.entry(edit.field).or_insert(edit.from);
        }
    }
    Ok(undone)
}

fn row_of_then(
    row: &Row,
    kind: Kind,
    gone_at: Option<String>,
    mut undone: HashMap<String, Value>,
) -> SqlResult<Vec<Cell>> {
    let spec = kind.spec();
    let text = |column: &str| row.try_get::<String>(column).map(Cell::from);
    let number = |column: &str| row.try_get::<Option<i64>>(column).map(Cell::from);
    let mut cells = vec![number("rid")?, text("id")?, text("source")?, text("source_key")?];
    cells.extend([number("document")?, text("first_seen_at")?, number("first_run")?, number("last_run")?]);
    cells.extend([Cell::Int(0), gone_at.into()]);
    let mut values = values(row, spec, 8)?;
    for (column, value) in spec.columns.iter().zip(&mut values) {
        *value = undone.remove(column.name).unwrap_or(value.take());
    }
    cells.extend(value_cells(spec, &values));
    Ok(cells)
}
