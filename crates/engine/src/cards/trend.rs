//! How the population of one row went over time: a point for each change of it.

use model::Op;
use serde_json::{Map, Value};
use store::{RowHistory, Store, StoreError};

use model::Kind;

/// What was known from one time on.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Point {
    /// When it was committed, RFC 3339 UTC.
    pub at: String,
    /// Copies of all grades.
    pub total: Option<i64>,
    /// Copies by grade, best first.
    pub populations: Map<String, Value>,
}

/// How a row went.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Trend {
    /// Its source key.
    pub key: String,
    /// What it is called.
    pub title: Option<String>,
    /// Oldest first.
    pub points: Vec<Point>,
}

/// The trend of the row of `kind` that `wanted` names: its key, its id, or a part of its name that fits no
/// other.
pub async fn trend(store: &Store, kind: Kind, wanted: &str) -> Result<Option<Trend>, StoreError> {
    let history = store.row_history(Some(kind), wanted, false).await?;
    Ok(history.map(|history| of(&history)))
}

fn of(history: &RowHistory) -> Trend {
    let mut points: Vec<Point> = Vec::new();
    for logged in &history.changes {
        let change = &logged.change;
        if change.op == Op::Vanish {
            points.push(Point { at: change.at.clone(), total: Some(0), populations: Map::new() });
            continue;
        }
        let last = points.last();
        let mut point = Point {
            at: change.at.clone(),
            total: last.and_then(|last| last.total),
            populations: last.map(|last| last.populations.clone()).unwrap_or_default(),
        };
        let mut told = false;
        for edit in &change.edits {
            match edit.field.as_str() {
                "total" | "graded" => (point.total, told) = (edit.to.as_i64(), true),
                "populations" => {
                    (point.populations, told) = (edit.to.as_object().cloned().unwrap_or_default(), true);
                }
                _ => {}
            }
        }
        if told {
            points.push(point);
        }
    }
    Trend { key: history.source_key.clone(), title: history.title.clone(), points }
}
