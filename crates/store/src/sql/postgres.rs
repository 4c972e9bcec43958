//! Values to and from PostgreSQL. It is asked once for each statement what it expects at each
//! placeholder, and values are sent as just that: so a statement needs no casts, and a column can have
//! the type that a person would give it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgArguments, PgRow, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::{
    Arguments, AssertSqlSafe, Column as _, Decode, Either, Encode, Executor, PgConnection, Postgres,
    Row as _, SqlSafeStr, SqlStr, Statement as _, Type, TypeInfo, ValueRef,
};

use super::row::Row;
use super::text::for_postgres;
use super::{Cell, SqlResult};

/// Statements whose types are remembered. Their texts are ours, so there are few; those that a filter
/// makes are many in the end.
const MOST_STATEMENTS: usize = 2_000;

/// What PostgreSQL expects at the placeholders of statements and keeps in the columns of tables.
#[derive(Debug, Default)]
pub(crate) struct Types {
    statements: Mutex<HashMap<String, Known>>,
    tables: Mutex<HashMap<String, Arc<[String]>>>,
}

#[derive(Debug, Clone)]
struct Known {
    text: Arc<str>,
    expects: Arc<[PgTypeInfo]>,
}

impl Types {
    async fn of_statement(&self, conn: &mut PgConnection, text: &str) -> SqlResult<Known> {
        if let Some(known) = self.statements.lock().unwrap_or_else(PoisonError::into_inner).get(text) {
            return Ok(known.clone());
        }
        let ours: Arc<str> = for_postgres(text).into();
        let statement = conn.prepare(AssertSqlSafe(ours.clone()).into_sql_str()).await?;
        let expects = match statement.parameters() {
            Some(Either::Left(types)) => types.into(),
            _ => Arc::from([]),
        };
        let known = Known { text: ours, expects };
        let mut statements = self.statements.lock().unwrap_or_else(PoisonError::into_inner);
        if statements.len() >= MOST_STATEMENTS {
            statements.clear();
        }
        statements.insert(text.to_owned(), known.clone());
        Ok(known)
    }

    /// The types of these columns, in their order, as PostgreSQL names them.
    pub(super) async fn of_table(
        &self,
        conn: &mut PgConnection,
        table: &str,
        columns: &[String],
    ) -> SqlResult<Arc<[String]>> {
        let key = format!("{table} {}", columns.join(" "));
        if let Some(known) = self.tables.lock().unwrap_or_else(PoisonError::into_inner).get(&key) {
            return Ok(known.clone());
        }
        let sql = "SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute \
                   WHERE attrelid = $1::text::regclass AND attnum > 0 AND NOT attisdropped";
        let rows = sqlx::query(sql).bind(format!("\"{table}\"")).fetch_all(conn).await?;
        let mut found = HashMap::new();
        for row in &rows {
            found.insert(row.try_get::<String, _>(0)?, row.try_get::<String, _>(1)?);
        }
        let kept: SqlResult<Vec<String>> = columns
            .iter()
            .map(|column| found.remove(column).ok_or_else(|| sqlx::Error::ColumnNotFound(column.clone())))
            .collect();
        let kept: Arc<[String]> = kept?.into();
        self.tables.lock().unwrap_or_else(PoisonError::into_inner).insert(key, kept.clone());
        Ok(kept)
    }
}

/// The statement in PostgreSQL's words, with the values as it expects them.
pub(super) async fn prepared(
    conn: &mut PgConnection,
    types: &Arc<Types>,
    text: &str,
    cells: Vec<Cell>,
) -> SqlResult<(SqlStr, PgArguments)> {
    let known = types.of_statement(conn, text).await?;
    if known.expects.len() != cells.len() {
        let (expected, given) = (known.expects.len(), cells.len());
        return Err(sqlx::Error::Encode(
            format!("{expected} values are expected, {given} given: {text}").into(),
        ));
    }
    let arguments = arguments(&known.expects, cells)?;
    Ok((AssertSqlSafe(known.text).into_sql_str(), arguments))
}

/// Values, each as the type that is expected in its place.
pub(crate) fn arguments(expects: &[PgTypeInfo], cells: Vec<Cell>) -> SqlResult<PgArguments> {
    let mut arguments = PgArguments::default();
    for (expected, cell) in expects.iter().zip(cells) {
        arguments.add(Bound(expected.clone(), cell)).map_err(sqlx::Error::Encode)?;
    }
    Ok(arguments)
}

/// A value and the type it is expected as.
struct Bound(PgTypeInfo, Cell);

impl Type<Postgres> for Bound {
    fn type_info() -> PgTypeInfo {
        <str as Type<Postgres>>::type_info()
    }
}

impl Encode<'_, Postgres> for Bound {
    fn produces(&self) -> Option<PgTypeInfo> {
        Some(self.0.clone())
    }

    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        match (self.0.name(), &self.1) {
            (_, Cell::Null) => Ok(IsNull::Yes),
            ("INT8", cell) => put(whole(cell)?, buffer),
            ("INT4", cell) => put(i32::try_from(whole(cell)?)?, buffer),
            ("BOOL", cell) => put(whole(cell)? != 0, buffer),
            ("INT2", cell) => put(i16::try_from(whole(cell)?)?, buffer),
            ("FLOAT8", cell) => put(real(cell)?, buffer),
            ("FLOAT4", cell) => put(real(cell)? as f32, buffer),
            ("NUMERIC", cell) => put(decimal(cell)?, buffer),
            ("TIMESTAMPTZ", Cell::Text(text)) => put(instant(text)?, buffer),
            ("DATE", Cell::Text(text)) => put(text.parse::<NaiveDate>()?, buffer),
            ("JSONB", cell) => {
                // The version of its binary form.
                buffer.push(1);
                put(json_without_nul(text(cell)), buffer)
            }
            ("INT8[]", Cell::Text(text)) => put(serde_json::from_str::<Vec<i64>>(text)?, buffer),
            ("TEXT[]" | "VARCHAR[]", Cell::Text(text)) => {
                put(serde_json::from_str::<Vec<String>>(text)?, buffer)
            }
            ("JSON", cell) => put(json_without_nul(text(cell)), buffer),
            ("TEXT" | "VARCHAR" | "NAME" | "UNKNOWN", cell) => put(text(cell), buffer),
            (expected, cell) => Err(format!("{cell:?} cannot be sent as {expected}").into()),
        }
    }
}

fn put<'q, T: Encode<'q, Postgres>>(value: T, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
    value.encode(buffer)
}

fn whole(cell: &Cell) -> Result<i64, BoxDynError> {
    match cell {
        Cell::Int(value) => Ok(*value),
        Cell::Real(value) if value.fract() == 0.0 => Ok(*value as i64),
        Cell::Text(text) => Ok(text.parse()?),
        cell => Err(format!("{cell:?} is not a whole number").into()),
    }
}

fn real(cell: &Cell) -> Result<f64, BoxDynError> {
    match cell {
        Cell::Int(value) => Ok(*value as f64),
        Cell::Real(value) => Ok(*value),
        Cell::Text(text) => Ok(text.parse()?),
        Cell::Null => Err("nothing is not a number".into()),
    }
}

fn decimal(cell: &Cell) -> Result<Decimal, BoxDynError> {
    match cell {
        Cell::Int(value) => Ok(Decimal::from(*value)),
        Cell::Real(value) => {
            Decimal::from_f64(*value).ok_or_else(|| format!("{value} has no decimal form").into())
        }
        Cell::Text(text) => Ok(text.parse()?),
        Cell::Null => Err("nothing is not a number".into()),
    }
}

/// A day alone is its beginning, which is how it compares as a text.
fn instant(text: &str) -> Result<DateTime<Utc>, BoxDynError> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(day.and_time(NaiveTime::MIN).and_utc());
    }
    Ok(DateTime::parse_from_rfc3339(text)?.to_utc())
}

/// Texts of PostgreSQL hold no U+0000; what stands for a character that cannot be shown stands for it.
fn text(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => without_nul(text.clone()),
        Cell::Int(value) => value.to_string(),
        Cell::Real(value) => value.to_string(),
        Cell::Null => String::new(),
    }
}

/// Adds the values of one column of many rows as one array, for a column of the type `kept`.
pub(super) fn column_of_cells(arguments: &mut PgArguments, kept: &str, cells: Vec<Cell>) -> SqlResult<()> {
    let added = match kept {
        "bigint" => each(&cells, whole).and_then(|values| arguments.add(values)),
        "boolean" => each(&cells, |cell| Ok(whole(cell)? != 0)).and_then(|values| arguments.add(values)),
        "double precision" => each(&cells, real).and_then(|values| arguments.add(values)),
        "numeric" => each(&cells, decimal).and_then(|values| arguments.add(values)),
        "timestamp with time zone" => each(&cells, |cell| match cell {
            Cell::Text(text) => instant(text),
            cell => Err(format!("{cell:?} is not an instant").into()),
        })
        .and_then(|values| arguments.add(values)),
        "date" => {
            each(&cells, |cell| Ok(text(cell).parse::<NaiveDate>()?)).and_then(|days| arguments.add(days))
        }
        "json" | "jsonb" => {
            let texts = cells.into_iter().map(|cell| owned_text(cell).map(json_without_nul));
            arguments.add(texts.collect::<Vec<Option<String>>>())
        }
        _ => arguments.add(cells.into_iter().map(owned_text).collect::<Vec<Option<String>>>()),
    };
    added.map_err(sqlx::Error::Encode)
}

fn each<T>(
    cells: &[Cell],
    read: impl Fn(&Cell) -> Result<T, BoxDynError>,
) -> Result<Vec<Option<T>>, BoxDynError> {
    cells.iter().map(|cell| if *cell == Cell::Null { Ok(None) } else { read(cell).map(Some) }).collect()
}

fn without_nul(text: String) -> String {
    if text.contains('\0') { text.replace('\0', "\u{fffd}") } else { text }
}

/// The same for a JSON text, where U+0000 is written as an escape.
fn json_without_nul(text: String) -> String {
    const NUL: &str = "\\u0000";
    if !text.contains(NUL) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        // A backslash and what it escapes go together: that before `u` may be escaped itself.
        let length = if rest.starts_with(NUL) { NUL.len() } else { 2.min(rest.len()) };
        let (escape, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        out.push_str(if escape == NUL { "\\ufffd" } else { escape });
        rest = after;
    }
    out + rest
}

fn owned_text(cell: Cell) -> Option<String> {
    match cell {
        Cell::Null => None,
        Cell::Text(text) => Some(without_nul(text)),
        cell => Some(text(&cell)),
    }
}

/// Reads rows out.
pub(super) fn rows(rows: Vec<PgRow>) -> SqlResult<Vec<Row>> {
    let Some(first) = rows.first() else { return Ok(Vec::new()) };
    let names: Arc<[String]> = first.columns().iter().map(|column| column.name().to_owned()).collect();
    let read = |row: &PgRow| {
        let cells: SqlResult<Vec<Cell>> = (0..row.len()).map(|index| cell(row.try_get_raw(index)?)).collect();
        Ok(Row::Cells(names.clone(), cells?))
    };
    rows.iter().map(read).collect()
}

/// Reads a value out.
pub(crate) fn cell(value: PgValueRef<'_>) -> SqlResult<Cell> {
    if value.is_null() {
        return Ok(Cell::Null);
    }
    let kept = value.type_info().into_owned();
    let cell = match kept.name() {
        "INT8" => get::<i64>(value).map(Cell::Int),
        "INT4" => get::<i32>(value).map(Cell::from),
        "INT2" => get::<i16>(value).map(|value| Cell::Int(i64::from(value))),
        "BOOL" => get::<bool>(value).map(Cell::from),
        "FLOAT8" => get::<f64>(value).map(Cell::Real),
        "NUMERIC" => get::<Decimal>(value).map(number),
        "TIMESTAMPTZ" => {
            get::<DateTime<Utc>>(value).map(|at| Cell::Text(at.to_rfc3339_opts(SecondsFormat::AutoSi, true)))
        }
        "DATE" => get::<NaiveDate>(value).map(|day| Cell::Text(day.to_string())),
        "INT8[]" => get::<Vec<Option<i64>>>(value).map(|all| Cell::Text(super::keys(&all))),
        "TEXT[]" => get::<Vec<Option<String>>>(value).map(|all| Cell::Text(super::keys(&all))),
        "JSONB" => json(&value).map(Cell::Text),
        "TEXT" | "VARCHAR" | "NAME" | "JSON" | "CHAR" | "\"CHAR\"" | "UNKNOWN" => {
            value.as_str().map(|text| Cell::Text(text.to_owned()))
        }
        "VOID" => Ok(Cell::Null),
        other => Err(format!("values of type {other} are not read").into()),
    };
    cell.map_err(sqlx::Error::Decode)
}

fn get<'r, T: Decode<'r, Postgres>>(value: PgValueRef<'r>) -> Result<T, BoxDynError> {
    T::decode(value)
}

/// Sums of whole numbers come as decimals.
fn number(value: Decimal) -> Cell {
    match value.to_i64().filter(|_| value.is_integer()) {
        Some(whole) => Cell::Int(whole),
        None => Cell::Real(value.to_f64().unwrap_or(f64::NAN)),
    }
}

fn json(value: &PgValueRef<'_>) -> Result<String, BoxDynError> {
    let bytes = value.as_bytes()?;
    let text =
        if value.format() == PgValueFormat::Binary { bytes.get(1..).unwrap_or_default() } else { bytes };
    Ok(String::from_utf8(text.to_vec())?)
}

#[cfg(test)]
mod tests {
    use super::json_without_nul;

    #[test]
    fn an_escaped_nul_is_found_and_nothing_else() {
        let check = |text: &str, expected: &str| assert_eq!(json_without_nul(text.to_owned()), expected);
        check(r#""a\u0000b""#, r#""a\ufffdb""#);
        check(r#""a\\u0000b""#, r#""a\\u0000b""#);
        check(r#""\\\u0000\"ü\u0000""#, r#""\\\ufffd\"ü\ufffd""#);
        check("1", "1");
    }
}
