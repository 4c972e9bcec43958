//! Every other text that is kept: the person is taken out of it where it stands. The audit log cannot be
//! changed; it masks addresses when it is written, and is looked at all the same.

use model::{ColumnType, Kind};

use super::person::Person;
use super::{Forgotten, Left};
use crate::Store;
use crate::commit::reindex;
use crate::following::note_purge;
use crate::rows::code_of;
use crate::sql::{self, Cell, Conn, Query, Row, SqlResult, keys};

/// Rows of one transaction.
const PAGE: i64 = 500;

/// A table with texts.
#[derive(Debug, Clone)]
struct Shelf {
    table: &'static str,
    /// The number of its rows; empty where there is none.
    key: &'static str,
    columns: Vec<&'static str>,
    kind: Option<Kind>,
    /// No two rows may have the same text.
    unique: bool,
    /// It is looked at, and never changed.
    fixed: bool,
}

impl Shelf {
    fn of(table: &'static str, key: &'static str, columns: &[&'static str]) -> Shelf {
        Shelf { table, key, columns: columns.to_vec(), kind: None, unique: false, fixed: false }
    }
}

fn shelves() -> Vec<Shelf> {
    let mut shelves = vec![
        Shelf::of("quarantine", "rid", &["key", "detail", "said"]),
        Shelf::of("documents", "rid", &["name", "url", "request", "headers", "notes", "error", "scope"]),
        Shelf::of("places", "place", &["name"]),
        Shelf { unique: true, ..Shelf::of("scopes", "scope", &["name"]) },
        Shelf::of("items", "id", &["input", "output", "error"]),
        Shelf::of("runs", "seq", &["command", "summary", "definition", "note"]),
        Shelf::of("changes", "seq", &["edits"]),
        Shelf::of("attempts", "", &["error"]),
        Shelf::of("steps", "", &["reason"]),
        Shelf::of("cursors", "", &["value", "pending", "scope"]),
        Shelf { fixed: true, ..Shelf::of("audit", "seq", &["subject", "detail"]) },
    ];
    for kind in Kind::ALL {
        let texts = kind.spec().columns.iter().filter(|column| {
            !column.personal && matches!(column.column_type, ColumnType::Text | ColumnType::Json)
        });
        let columns = texts.map(|column| column.name).collect();
        shelves.push(Shelf { kind: Some(*kind), columns, ..Shelf::of(kind.spec().table, "rid", &[]) });
        shelves.push(Shelf { fixed: true, ..Shelf::of(kind.spec().table, "rid", &["source_key"]) });
    }
    shelves
}

/// A text that holds the person.
struct Found {
    key: Option<i64>,
    column: &'static str,
    text: String,
    masked: String,
}

impl Store {
    pub(super) async fn forget_texts(
        &self,
        person: &Person,
        dry: bool,
        done: &mut Forgotten,
    ) -> SqlResult<()> {
        for shelf in shelves().into_iter().filter(|shelf| !shelf.fixed) {
            let mut after = Some(0);
            while let Some(from) = after {
                let mut transaction = self.begin().await?;
                let (found, next) = look(&mut transaction, &shelf, person, from, &mut done.mentions).await?;
                *done.places.entry(format!("{} texts", shelf.table)).or_default() += found.len() as u64;
                if !dry {
                    change(&mut transaction, &shelf, &found).await?;
                    transaction.commit().await?;
                }
                after = next;
            }
        }
        Ok(())
    }

    pub(super) async fn texts_left(&self, person: &Person) -> SqlResult<Vec<Left>> {
        let mut left = Vec::new();
        for shelf in shelves() {
            let mut after = Some(0);
            while let Some(from) = after {
                let mut conn = self.readers.acquire().await?;
                let (found, next) = look(&mut conn, &shelf, person, from, &mut 0).await?;
                left.extend(found.into_iter().map(|found| Left {
                    place: format!("{}.{}", shelf.table, found.column),
                    what: found.key.map_or_else(String::new, |key| key.to_string()),
                }));
                after = next;
            }
        }
        Ok(left)
    }
}

/// Looks through a page of a shelf; gives where to go on.
async fn look(
    conn: &mut Conn,
    shelf: &Shelf,
    person: &Person,
    after: i64,
    mentions: &mut u64,
) -> SqlResult<(Vec<Found>, Option<i64>)> {
    let page = select(shelf, person, after).fetch_all(conn).await?;
    let mut found = Vec::new();
    for row in &page {
        let key = if shelf.key.is_empty() { None } else { Some(row.try_get::<i64>(0)?) };
        for (index, column) in shelf.columns.iter().copied().enumerate() {
            let Some(text) = row.try_get::<Option<String>>(index + 1)? else { continue };
            if let Some(masked) = person.masked(&text) {
                let masked = match (shelf.unique, key) {
                    (true, Some(key)) => format!("{masked} {key}"),
                    _ => masked,
                };
                found.push(Found { key, column, text, masked });
            } else if shelf.kind.is_some() && person.mentioned_in(&text) {
                *mentions += 1;
            }
        }
    }
    let full = !shelf.key.is_empty() && i64::try_from(page.len()).unwrap_or(0) == PAGE;
    let last = page.last().filter(|_| full).map(|row: &Row| row.try_get(0)).transpose()?;
    Ok((found, last))
}

/// Texts that may hold the person, by what the database sees of them.
fn select(shelf: &Shelf, person: &Person, after: i64) -> Query {
    let texts: Vec<String> =
        shelf.columns.iter().map(|column| format!("CAST(\"{column}\" AS TEXT)")).collect();
    let hints = person.hints().unwrap_or_default();
    let mut values: Vec<Cell> = Vec::new();
    let mut holds = Vec::new();
    for hint in &hints {
        for text in &texts {
            holds.push(format!("lower({text}) LIKE ?"));
            values.push(format!("%{hint}%").into());
        }
    }
    let holds = if holds.is_empty() { "TRUE".to_owned() } else { format!("({})", holds.join(" OR ")) };
    let (list, table) = (texts.join(", "), shelf.table);
    match shelf.key {
        "" => sql::query(format!("SELECT 0, {list} FROM \"{table}\" WHERE {holds}")).bind_all(values),
        key => {
            let sql = format!(
                "SELECT {key}, {list} FROM \"{table}\" WHERE {holds} AND {key} > ? ORDER BY {key} LIMIT ?"
            );
            sql::query(sql).bind_all(values).bind(after).bind(PAGE)
        }
    }
}

async fn change(conn: &mut Conn, shelf: &Shelf, found: &[Found]) -> SqlResult<()> {
    for Found { key, column, text, masked } in found {
        let update = format!("UPDATE \"{}\" SET \"{column}\" = ? WHERE", shelf.table);
        let update = match key {
            Some(key) => sql::query(format!("{update} {} = ?", shelf.key)).bind(masked).bind(*key),
            None => sql::query(format!("{update} CAST(\"{column}\" AS TEXT) = ?")).bind(masked).bind(text),
        };
        update.execute(&mut *conn).await?;
    }
    let mut rids: Vec<i64> = found.iter().filter_map(|found| found.key).collect();
    rids.dedup();
    match shelf.kind {
        Some(kind) if !rids.is_empty() => follow(conn, kind, &rids).await,
        _ => Ok(()),
    }
}

/// Brings what follows from rows up to date: cache, words to search by, what documents said.
async fn follow(conn: &mut Conn, kind: Kind, rids: &[i64]) -> SqlResult<()> {
    let sql = format!(
        "SELECT DISTINCT source FROM \"{}\" WHERE rid IN (SELECT value FROM json_each(?))",
        kind.spec().table
    );
    let sources: Vec<String> = sql::query_scalar(sql).bind(keys(rids)).fetch_all(&mut *conn).await?;
    for source in sources {
        note_purge(conn, kind, &source, rids).await?;
    }
    let sql = "UPDATE sightings SET reading = 0 WHERE kind = ? AND rid IN (SELECT value FROM json_each(?))";
    sql::query(sql).bind(code_of(kind)).bind(keys(rids)).execute(&mut *conn).await?;
    let events: Vec<i64> = match kind {
        Kind::Event => rids.to_vec(),
        Kind::Venue | Kind::Performer => {
            let sql = format!(
                "SELECT DISTINCT m.rid FROM mentions m JOIN \"{}\" t ON m.key = t.source_key AND m.source = t.source \
                 WHERE m.kind = {} AND t.rid IN (SELECT value FROM json_each(?))",
                kind.spec().table,
                code_of(kind)
            );
            sql::query_scalar(sql).bind(keys(rids)).fetch_all(&mut *conn).await?
        }
        _ => Vec::new(),
    };
    if events.is_empty() { Ok(()) } else { reindex(conn, &events).await }
}
