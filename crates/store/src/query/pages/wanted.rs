//! What must hold of the rows of a page, as SQL.

use chrono::{Days, NaiveDate};
use model::{ColumnType, Kind};

use super::RowQuery;
use super::asked::Sort;
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

/// One condition.
fn rendered(condition: &RowCondition) -> (String, Vec<Cell>) {
    let (column, compared) = (&condition.column.sql, condition.compared);
    let than = |column: &str| format!("{column} {} ?", sign(compared));
    let among = |names: &str| {
        let not = if compared == Compared::Differs { "NOT " } else { "" };
        format!("{not}EXISTS (SELECT 1 FROM json_each({column}) k {names} = ?)")
    };
    match (&condition.operand, condition.column.sort) {
        (Operand::Nothing, _) if compared == Compared::Differs => (format!("{column} IS NOT NULL"), vec![]),
        (Operand::Nothing, _) => (format!("{column} IS NULL"), vec![]),
        (Operand::Day(day), Sort::Of(ColumnType::When)) => {
            (than(&following(column, "_date")), vec![day.to_string().into()])
        }
        (Operand::Day(day), Sort::Day) => (than(column), vec![day.to_string().into()]),
        (Operand::Day(day), _) => on_day(column, *day, compared),
        (Operand::Instant(at), Sort::Of(ColumnType::When)) => {
            (than(&following(column, "_at")), vec![instant(*at).into()])
        }
        (Operand::Instant(at), _) => (than(column), vec![instant(*at).into()]),
        (Operand::Text(text), Sort::Of(ColumnType::Json)) => {
            (among("WHERE k.value"), vec![text.as_str().into()])
        }
        (Operand::Text(text), Sort::Performers) => (among(BY_PERFORMER), vec![text.as_str().into()]),
        (Operand::Text(text), _) => (than(column), vec![text.as_str().into()]),
        (Operand::Whole(number), _) => (than(column), vec![Cell::Int(*number)]),
        (Operand::Number(number), _) => (than(column), vec![Cell::Real(*number)]),
        (Operand::Flag(flag), _) => (than(column), vec![Cell::from(*flag)]),
    }
}

/// A performer that is only named has no row.
const BY_PERFORMER: &str = "LEFT JOIN performers p ON p.source = e.source AND p.source_key = k.value \
                            WHERE coalesce(p.name, k.value)";

/// The column that follows from a time: `e."start"` gives `e."start_at"`.
fn following(column: &str, suffix: &str) -> String {
    format!("{}{suffix}\"", column.trim_end_matches('"'))
}

/// An instant against a day, which is one of UTC: it begins with its first second and ends before the
/// first of the next.
fn on_day(column: &str, day: NaiveDate, compared: Compared) -> (String, Vec<Cell>) {
    let midnight = |day: NaiveDate| Cell::Text(format!("{day}T00:00:00Z"));
    let (first, next) = (midnight(day), midnight(day.checked_add_days(Days::new(1)).unwrap_or(day)));
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
