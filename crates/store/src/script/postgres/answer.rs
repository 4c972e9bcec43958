//! What a statement gives, put into values of JSON by the database, which knows all of its types.

use serde_json::{Map, Number, Value, json};
use sqlx::postgres::{PgArguments, PgColumn, PgRow};
use sqlx::{Column as _, PgConnection, Row as _, Statement as _, TypeInfo as _};

use super::super::rule::Does;
use super::super::{Ready, each_once};
use super::values;
use crate::sql::{Cell, SqlResult, postgres_cell};

/// A statement that is ready to be asked.
pub(super) struct Answer {
    pub(super) sql: String,
    pub(super) arguments: PgArguments,
    /// Names of its columns.
    pub(super) columns: Vec<String>,
    forms: Vec<Form>,
}

/// How a column comes.
#[derive(Clone, Copy)]
enum Form {
    /// As the text of JSON.
    Json,
    /// As the digits of a number, which may be more than a number of JSON holds.
    Digits,
    Hex,
    /// As it is: an instant, put as the store puts them.
    Plain,
    Text,
}

impl Form {
    fn of(kind: &str) -> Form {
        match kind {
            "NUMERIC" => Form::Digits,
            "BYTEA" => Form::Hex,
            "TIMESTAMPTZ" => Form::Plain,
            "VOID" => Form::Text,
            _ => Form::Json,
        }
    }

    fn picked(self, column: &str) -> String {
        match self {
            Form::Json => format!("to_jsonb({column})::text"),
            Form::Digits | Form::Text => format!("{column}::text"),
            Form::Hex => format!("encode({column}, 'hex')"),
            Form::Plain => column.to_owned(),
        }
    }

    fn read(self, text: String) -> SqlResult<Value> {
        Ok(match self {
            Form::Json => crate::sql::json(&text)?,
            Form::Digits => number(text),
            Form::Hex => json!({"hex": text}),
            Form::Plain | Form::Text => Value::String(text),
        })
    }
}

impl Answer {
    /// Asks the database what `statement` takes and gives; `rows` are wanted at most, and to know whether
    /// there are more.
    pub(super) async fn to(conn: &mut PgConnection, statement: &Ready, rows: usize) -> SqlResult<Answer> {
        let prepared = values::prepared(conn, &statement.sql, &statement.values).await?;
        let arguments = values::arguments(&prepared, &statement.values)?;
        let columns = each_once(prepared.columns().iter().map(PgColumn::name));
        let mut forms: Vec<Form> =
            prepared.columns().iter().map(|column| Form::of(column.type_info().name())).collect();
        let sql = match statement.does {
            _ if columns.is_empty() => statement.sql.clone(),
            Does::Read if is_explain(&statement.sql) => {
                forms.fill(Form::Text);
                statement.sql.clone()
            }
            Does::Read => reading(&statement.sql, &forms, rows),
            Does::Write | Does::Define => writing(&statement.sql, &forms),
        };
        Ok(Answer { sql, arguments, columns, forms })
    }

    /// A row by column, and about how many bytes it takes.
    pub(super) fn read(&self, row: &PgRow) -> SqlResult<(Map<String, Value>, usize)> {
        let mut members = Map::new();
        let mut size = 2;
        for (index, (name, form)) in self.columns.iter().zip(&self.forms).enumerate() {
            let value = match postgres_cell(row.try_get_raw(index)?)? {
                Cell::Text(text) => {
                    size += text.len();
                    form.read(text)?
                }
                _ => Value::Null,
            };
            size += name.len() + 6;
            members.insert(name.clone(), value);
        }
        Ok((members, size))
    }
}

fn is_explain(sql: &str) -> bool {
    sql.get(..7).is_some_and(|word| word.eq_ignore_ascii_case("explain"))
}

/// No more is read than is wanted.
fn reading(sql: &str, forms: &[Form], rows: usize) -> String {
    let (names, picked) = columns(forms);
    format!("SELECT {picked} FROM ({sql}\n) AS answer ({names}) LIMIT {}", rows.saturating_add(1))
}

fn writing(sql: &str, forms: &[Form]) -> String {
    let (names, picked) = columns(forms);
    format!("WITH answer ({names}) AS ({sql}\n) SELECT {picked} FROM answer")
}

fn columns(forms: &[Form]) -> (String, String) {
    let names: Vec<String> = (1..=forms.len()).map(|number| format!("c{number}")).collect();
    let picked: Vec<String> = forms.iter().zip(&names).map(|(form, name)| form.picked(name)).collect();
    (names.join(", "), picked.join(", "))
}

/// The number of these digits where JSON has just that, else the digits.
fn number(digits: String) -> Value {
    if let Ok(whole) = digits.parse::<i64>() {
        return Value::from(whole);
    }
    let near = digits.parse::<f64>().ok().and_then(Number::from_f64);
    let plain =
        if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { &digits };
    match near {
        Some(near) if near.as_f64().is_some_and(|near| near.to_string() == plain) => Value::Number(near),
        _ => Value::String(digits),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_one_where_nothing_is_lost() {
        let check = |digits: &str, expected: Value| assert_eq!(number(digits.to_owned()), expected);
        check("12", json!(12));
        check("-12.50", json!(-12.5));
        check("3.000", json!(3.0));
        check("0.1", json!(0.1));
        check("12345678901234567890.123", json!("12345678901234567890.123"));
        check("NaN", json!("NaN"));
    }
}
