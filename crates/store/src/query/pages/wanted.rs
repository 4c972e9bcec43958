//! What must hold of the rows of a page, as SQL.

use chrono::{Days, NaiveDate};
use model::{ColumnType, Kind};

use super::RowQuery;
use super::condition::{Compared, Operand, RowCondition};
use crate::query::filter::{Filter, instant};
use crate::sql::{Cell, Dialect};
use crate::{EventQuery, StoreError};

/// What must hold, as one condition, and its values.
pub(super) struct Wanted {
    pub(super) sql: String,
    pub(super) values: Filter,
}

impl Default for Wanted {
    fn default() -> Wanted {
        Wanted { sql: "TRUE".to_owned(), values: Filter::default() }
    }
}

impl Wanted {
    pub(super) fn of(query: &RowQuery, dialect: Dialect) -> Result<Wanted, StoreError> {
        let mut values = match query.kind {
            Kind::Event => Filter::of(&EventQuery { include_gone: true, ..query.events.clone() }, dialect)?,
            _ => Filter::default(),
        };
        let mut conditions: Vec<String> = values.conditions.iter().map(|sql| (*sql).to_owned()).collect();
        if !query.gone && query.since.is_none() {
            conditions.push("e.gone_at IS NULL".to_owned());
        }
        if let Some(source) = &query.source {
            conditions.push("e.source = ?".to_owned());
            values.values.push(source.as_str().into());
        }
        for condition in &query.conditions {
            let (sql, bound) = rendered(condition);
            conditions.push(sql);
            values.values.extend(bound);
        }
        let sql = if conditions.is_empty() { "TRUE".to_owned() } else { conditions.join(" AND ") };
        Ok(Wanted { sql, values })
    }
}

/// One condition. The column's name is that of a spec, never the user's text.
fn rendered(condition: &RowCondition) -> (String, Vec<Cell>) {
    let (name, compared) = (condition.name, condition.compared);
    let when = condition.column_type == ColumnType::When;
    let column = |suffix: &str| format!("e.\"{name}{suffix}\" {} ?", sign(compared));
    match &condition.operand {
        Operand::Nothing if compared == Compared::Differs => (format!("e.\"{name}\" IS NOT NULL"), vec![]),
        Operand::Nothing => (format!("e.\"{name}\" IS NULL"), vec![]),
        Operand::Day(day) if when => (column("_date"), vec![day.to_string().into()]),
        Operand::Day(day) => on_day(name, *day, compared),
        Operand::Instant(at) => (column(if when { "_at" } else { "" }), vec![instant(*at).into()]),
        Operand::Text(text) if condition.column_type == ColumnType::Json => {
            let not = if compared == Compared::Differs { "NOT " } else { "" };
            let sql = format!("{not}EXISTS (SELECT 1 FROM json_each(e.{name}) k WHERE k.value = ?)");
            (sql, vec![text.as_str().into()])
        }
        Operand::Text(text) => (column(""), vec![text.as_str().into()]),
        Operand::Whole(number) => (column(""), vec![Cell::Int(*number)]),
        Operand::Number(number) => (column(""), vec![Cell::Real(*number)]),
        Operand::Flag(flag) => (column(""), vec![Cell::from(*flag)]),
    }
}

/// An instant against a day, which is one of UTC: it begins with its first second and ends before the
/// first of the next.
fn on_day(name: &str, day: NaiveDate, compared: Compared) -> (String, Vec<Cell>) {
    let midnight = |day: NaiveDate| Cell::Text(format!("{day}T00:00:00Z"));
    let (first, next) = (midnight(day), midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)));
    let column = format!("e.\"{name}\"");
    match compared {
        Compared::Equals => (format!("({column} >= ? AND {column} < ?)"), vec![first, next]),
        Compared::Differs => {
            (format!("({column} IS NULL OR {column} < ? OR {column} >= ?)"), vec![first, next])
        }
        Compared::Above => (format!("{column} >= ?"), vec![next]),
        Compared::AtLeast => (format!("{column} >= ?"), vec![first]),
        Compared::Below => (format!("{column} < ?"), vec![first]),
        Compared::AtMost => (format!("{column} < ?"), vec![next]),
    }
}

/// What differs from a value includes what has none.
fn sign(compared: Compared) -> &'static str {
    match compared {
        Compared::Equals => "=",
        Compared::Differs => "IS DISTINCT FROM",
        Compared::Above => ">",
        Compared::AtLeast => ">=",
        Compared::Below => "<",
        Compared::AtMost => "<=",
    }
}
