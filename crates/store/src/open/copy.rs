//! What a rehearsal begins with: the rows of a real store, and none of its logs.

use std::path::Path;
use std::time::Duration;

use super::{Server, Store, server};
use crate::sql::{self, Conn, Insert, Row, SqlResult};

/// Rows read from a server at a time.
const PAGE: i64 = 5_000;

/// The tables that are copied, each with a column that numbers its rows or that they are ordered by.
fn tables() -> Vec<(&'static str, &'static str)> {
    let kinds = model::Kind::ALL.iter().map(|kind| (kind.spec().table, "rid"));
    let others = [
        ("scopes", "scope"),
        ("cursors", "connector, scope"),
        ("places", "place"),
        ("sightings", "place, kind, row_key"),
        ("quarantine", "rid"),
        ("mentions", "kind, key, source, rid"),
        ("runs", "seq"),
        ("personal_keys", "id"),
        ("personal_salt", "salt"),
        ("forgotten", "hash"),
    ];
    kinds.chain(others).collect()
}

/// Copies what the file at `path` holds.
pub(super) async fn from_file(store: &Store, path: &Path) -> SqlResult<()> {
    let mut connection = store.writer.acquire().await?;
    sql::query("ATTACH DATABASE ? AS kept").bind(read_only_address(path)).execute(&mut connection).await?;
    for (table, _) in tables() {
        let columns = shared_columns(&mut connection, table).await?;
        // An older store lacks some tables.
        if columns.is_empty() {
            continue;
        }
        let copy = format!("INSERT INTO main.\"{table}\" ({columns}) SELECT {columns} FROM kept.\"{table}\"");
        sql::query(copy).execute(&mut connection).await?;
    }
    sql::query("DETACH DATABASE kept").execute(&mut connection).await?;
    Ok(())
}

/// Copies what the server holds, as of one moment.
pub(super) async fn from_server(store: &Store, from: &Server) -> SqlResult<()> {
    let kept = server::pools(from, Duration::from_secs(15))?;
    let mut view = kept.readers.begin_reading().await?;
    if !server::has_store(&mut view, from).await? {
        return Ok(());
    }
    let mut into = store.begin().await?;
    for (table, order) in tables() {
        if !is_there(&mut view, table).await? {
            continue;
        }
        copy_table(&mut view, &mut into, table, order).await?;
    }
    into.commit().await?;
    drop(view);
    kept.readers.close().await;
    Ok(())
}

/// An older store lacks some tables.
async fn is_there(from: &mut Conn, table: &str) -> SqlResult<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
               WHERE n.nspname = current_schema() AND c.relname = ?)";
    sql::query_scalar(sql).bind(table).fetch_one(from).await
}

async fn copy_table(from: &mut Conn, into: &mut Conn, table: &str, order: &str) -> SqlResult<()> {
    let ours = sql::query("SELECT name FROM pragma_table_info(?)").bind(table).fetch_all(&mut *into).await?;
    let ours: SqlResult<Vec<String>> = ours.iter().map(|row| row.try_get(0)).collect();
    let names: Vec<String> = ours?.iter().map(|name| format!("\"{name}\"")).collect();
    let select = format!("SELECT {} FROM \"{table}\" ORDER BY {order} LIMIT ? OFFSET ?", names.join(", "));
    let mut offset = 0;
    loop {
        let rows = sql::query(select.clone()).bind(PAGE).bind(offset).fetch_all(&mut *from).await?;
        let Some(first) = rows.first() else { return Ok(()) };
        let columns = first.names();
        let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
        let insert = Insert::into(table, &columns);
        offset += PAGE;
        insert.write(into, rows.into_iter().map(Row::into_cells).collect()).await?;
    }
}

/// A database in WAL mode makes its side files even for a reader, unless it is said that nobody
/// changes it. Where the log is there, somebody has it open and the side files exist.
fn read_only_address(path: &Path) -> String {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    let unchanging = if Path::new(&log).exists() { "" } else { "&immutable=1" };
    let mut address = String::from("file:");
    for byte in path.to_string_lossy().bytes() {
        match byte {
            b'%' | b'?' | b'#' => address.push_str(&format!("%{byte:02X}")),
            _ => address.push(char::from(byte)),
        }
    }
    format!("{address}?mode=ro{unchanging}")
}

/// The stored columns of `table` that both databases have, quoted, as a list. What an older store computes is had
/// from there too.
async fn shared_columns(connection: &mut Conn, table: &str) -> SqlResult<String> {
    let rows = sql::query(
        "SELECT ours.name FROM pragma_table_info(?1, 'main') ours \
         JOIN pragma_table_xinfo(?1, 'kept') theirs USING (name)",
    )
    .bind(table)
    .fetch_all(connection)
    .await?;
    let names: SqlResult<Vec<String>> =
        rows.iter().map(|row| Ok(format!("\"{}\"", row.try_get::<String>(0)?))).collect();
    Ok(names?.join(", "))
}
