//! Graded cards, asked: rows of the levels, how populations went over time, what moved lately, and whether
//! the levels agree. All of it from what the store keeps; the history is the change log.

mod moves;
mod reconcile;
mod search;
mod trend;

use model::Kind;
use serde_json::{Map, Value};
use store::{KeptRow, RowCondition, RowQuery, Store, StoreError};

pub use moves::{Move, moves};
pub use reconcile::{Difference, Reconciled, Unseen, reconcile};
pub use search::{Hit, search};
pub use trend::{Point, Trend, trend};

/// One row of a level.
#[derive(Debug, Clone, PartialEq)]
pub struct CardRow {
    /// Its source key.
    pub key: String,
    /// When it was first stored.
    pub first_seen: String,
    /// When a document last stated it.
    pub last_seen: String,
    /// Its fields that have a value.
    pub fields: Map<String, Value>,
}

impl CardRow {
    fn of(kind: Kind, row: KeptRow) -> CardRow {
        let columns = kind.spec().columns.iter().zip(row.values);
        let stated = columns.filter(|(_, value)| !value.is_null());
        let ordered = |value: Value| match value {
            Value::Object(counts) => Value::Object(best_first(counts)),
            other => other,
        };
        let fields = stated.map(|(column, value)| (column.name.to_owned(), ordered(value))).collect();
        CardRow { key: row.source_key, first_seen: row.first_seen, last_seen: row.last_seen, fields }
    }

    /// A text field; empty where there is none.
    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A whole number.
    pub fn number(&self, name: &str) -> Option<i64> {
        self.fields.get(name)?.as_i64()
    }

    /// The count of one grade; none where the populations are not known.
    pub fn count(&self, grade: &str) -> Option<i64> {
        let populations = self.fields.get("populations")?.as_object()?;
        Some(populations.get(grade).and_then(Value::as_i64).unwrap_or(0))
    }
}

/// Counts by grade, best first, and what is no grade after them: PostgreSQL keeps the members of an object in
/// an order of its own.
fn best_first(counts: Map<String, Value>) -> Map<String, Value> {
    let mut counts: Vec<(String, Value)> = counts.into_iter().collect();
    // Stable: what is no grade stays as it was.
    counts.sort_by_key(|(name, _)| model::grade::grade_of(name).map_or((1, 0), |(_, tenths)| (0, -tenths)));
    counts.into_iter().collect()
}

/// What must hold of rows: text columns, or `source_key`, and their values.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter(pub Vec<(&'static str, String)>);

impl Filter {
    fn conditions(&self, kind: Kind) -> Result<Vec<RowCondition>, StoreError> {
        let known =
            self.0.iter().filter(|(name, _)| *name == "source_key" || kind.spec().column(name).is_some());
        let parsed = known.map(|(name, value)| RowCondition::parse(kind, &format!("{name}={value}")));
        parsed.collect::<Result<_, _>>().map_err(StoreError::Question)
    }
}

/// Rows that are read at once.
const PAGE: usize = 5_000;

/// Hands every live row of `kind` that fits to `take`, in the order in which they were first stored.
pub async fn each_row(
    store: &Store,
    kind: Kind,
    filter: &Filter,
    mut take: impl FnMut(CardRow),
) -> Result<(), StoreError> {
    let query = RowQuery { conditions: filter.conditions(kind)?, ..RowQuery::all(kind) };
    let extent = store.extent(kind).await?;
    let mut after = Some(0);
    while let Some(from) = after {
        let page = store.row_page(&query, from, extent.last_row, PAGE).await?;
        page.rows.into_iter().for_each(|row| take(CardRow::of(kind, row)));
        after = page.next;
    }
    Ok(())
}

/// The live rows of `kind` that fit.
pub async fn rows(store: &Store, kind: Kind, filter: &Filter) -> Result<Vec<CardRow>, StoreError> {
    let mut rows = Vec::new();
    each_row(store, kind, filter, |row| rows.push(row)).await?;
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn grades_stand_best_first_in_whatever_order_a_database_gives_them() {
        let kept = json!({"8": 1, "10": 2, "VA": 1, "10P": 1, "3.5": 1, "total": 6});
        let ordered = best_first(kept.as_object().cloned().unwrap_or_default());
        let names: Vec<&String> = ordered.keys().collect();
        assert_eq!(names, ["10P", "10", "8", "3.5", "VA", "total"]);
    }
}
