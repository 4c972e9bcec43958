//! The second lock: before a statement runs, the database itself is asked what it would write.

use sqlx::{AssertSqlSafe, Row, SqliteConnection};

use super::rule::OWN;
use crate::sql::SqlResult;

/// Set where the table to be written is known only when the statement runs.
const ROOT_IS_A_REGISTER: i64 = 0x10;

/// What of callboard's own `sql` would write, if anything.
pub(crate) async fn refusal(conn: &mut SqliteConnection, sql: &str) -> SqlResult<Option<String>> {
    if sql.trim_start().get(..7).is_some_and(|word| word.eq_ignore_ascii_case("explain")) {
        return Ok(None);
    }
    let explain = AssertSqlSafe(format!("EXPLAIN {sql}"));
    for row in sqlx::query(explain).persistent(false).fetch_all(&mut *conn).await? {
        let number = |column: &str| row.try_get::<i64, _>(column);
        let root = match row.try_get::<&str, _>("opcode")? {
            "OpenWrite" if number("p5")? & ROOT_IS_A_REGISTER != 0 => {
                return Ok(Some("a new table".to_owned()));
            }
            "OpenWrite" => number("p2")?,
            "Clear" => number("p1")?,
            "VUpdate" => return Ok(Some("an index of words".to_owned())),
            "Destroy" | "CreateBtree" | "ParseSchema" | "DropTable" | "Vacuum" | "JournalMode" => {
                return Ok(Some("the schema".to_owned()));
            }
            _ => continue,
        };
        let table: Option<String> =
            sqlx::query_scalar("SELECT tbl_name FROM sqlite_schema WHERE rootpage = ?")
                .bind(root)
                .fetch_optional(&mut *conn)
                .await?;
        let table = table.unwrap_or_else(|| "the schema".to_owned());
        let is_own = table.get(..OWN.len()).is_some_and(|start| start.eq_ignore_ascii_case(OWN));
        // It counts up the automatic keys of tables that have such.
        if !is_own && table != "sqlite_sequence" {
            return Ok(Some(format!("`{table}`")));
        }
    }
    Ok(None)
}
