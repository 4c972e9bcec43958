//! The values of a script, as PostgreSQL expects them where they stand. Where it takes anything, a value is
//! what it is in JSON.

use serde_json::Value;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArguments, PgStatement, PgTypeInfo};
use sqlx::{AssertSqlSafe, Either, Executor, PgConnection, SqlSafeStr, Statement as _, Type, TypeInfo as _};

use crate::sql::{Cell, SqlResult, postgres_arguments};

/// The statement with the types of its parameters and columns.
pub(super) async fn prepared(conn: &mut PgConnection, sql: &str, values: &[Value]) -> SqlResult<PgStatement> {
    if !values.iter().any(is_typed) {
        return prepare(conn, sql, &[]).await;
    }
    // A statement that cannot be prepared ends the transaction; what is only tried must not.
    conn.execute("SAVEPOINT trial").await?;
    let inferred = prepare(conn, sql, &[]).await;
    let wanted = match &inferred {
        Ok(statement) => told(&expected(statement), values),
        Err(_) => told(&[], values),
    };
    let Some(wanted) = wanted else { return inferred };
    conn.execute("ROLLBACK TO trial").await?;
    let tried = prepare(conn, sql, &wanted).await;
    match (tried, inferred) {
        (Ok(tried), _) => Ok(tried),
        (Err(_), Ok(inferred)) => {
            conn.execute("ROLLBACK TO trial").await?;
            Ok(inferred)
        }
        (Err(_), Err(error)) => Err(error),
    }
}

/// The values, as the types that the statement expects.
pub(super) fn arguments(statement: &PgStatement, values: &[Value]) -> SqlResult<PgArguments> {
    postgres_arguments(&expected(statement), values.iter().map(cell).collect())
}

async fn prepare(conn: &mut PgConnection, sql: &str, types: &[PgTypeInfo]) -> SqlResult<PgStatement> {
    conn.prepare_with(AssertSqlSafe(sql.to_owned()).into_sql_str(), types).await
}

fn expected(statement: &PgStatement) -> Vec<PgTypeInfo> {
    match statement.parameters() {
        Some(Either::Left(types)) => types.to_vec(),
        _ => Vec::new(),
    }
}

/// A text is one unless something else is expected; of others the database is told what they are.
fn is_typed(value: &Value) -> bool {
    value.is_number() || value.is_boolean()
}

/// The types to try: what a value is itself where only a text, or nothing, is known to be expected. `None`
/// when there is nothing to try.
fn told(expected: &[PgTypeInfo], values: &[Value]) -> Option<Vec<PgTypeInfo>> {
    let open = |index: usize| expected.get(index).is_none_or(|kind| kind.name() == "TEXT");
    let wanted = |(index, value): (usize, &Value)| match value {
        _ if !open(index) => expected[index].clone(),
        Value::Bool(_) => <bool as Type<sqlx::Postgres>>::type_info(),
        Value::Number(number) if number.is_i64() => <i64 as Type<sqlx::Postgres>>::type_info(),
        Value::Number(_) => <f64 as Type<sqlx::Postgres>>::type_info(),
        _ => PgTypeInfo::with_oid(Oid(0)),
    };
    let any = values.iter().enumerate().any(|(index, value)| is_typed(value) && open(index));
    any.then(|| values.iter().enumerate().map(wanted).collect())
}

fn cell(value: &Value) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Bool(flag) => Cell::from(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(whole) => Cell::Int(whole),
            None => number.as_f64().map_or(Cell::Null, Cell::Real),
        },
        Value::String(text) => Cell::from(text),
        Value::Array(_) | Value::Object(_) => Cell::Text(value.to_string()),
    }
}
