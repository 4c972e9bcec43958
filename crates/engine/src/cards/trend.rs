//! How the population of one row went over time: a point for each change of it.

use model::{Kind, Op};
use serde_json::{Map, Value};
use store::{RowHistory, Store, StoreError};

use super::best_first;

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
    // What the row holds, also while it is gone: what comes back is as it was, but for what changed.
    let (mut total, mut populations) = (None, Map::new());
    for logged in &history.changes {
        let change = &logged.change;
        if change.op == Op::Vanish {
            points.push(Point { at: change.at.clone(), total: Some(0), populations: Map::new() });
            continue;
        }
        let mut told = change.op == Op::Return;
        for edit in &change.edits {
            match edit.field.as_str() {
                "total" | "graded" => (total, told) = (edit.to.as_i64(), true),
                "populations" => {
                    (populations, told) = (edit.to.as_object().cloned().unwrap_or_default(), true);
                    populations = best_first(populations);
                }
                _ => {}
            }
        }
        if told {
            points.push(Point { at: change.at.clone(), total, populations: populations.clone() });
        }
    }
    Trend { key: history.source_key.clone(), title: history.title.clone(), points }
}

#[cfg(test)]
mod tests {
    use model::{RowId, RunId, SourceName};
    use serde_json::json;

    use super::super::moves::kit::logged;
    use super::*;

    #[test]
    fn what_comes_back_is_as_it_was_before_it_vanished() {
        let (run, source) = (RunId::new(), SourceName::new("tag"));
        let held = [("total", json!(null), json!(2)), ("populations", json!(null), json!({"9": 1, "10": 1}))];
        let more = [("total", json!(2), json!(3))];
        let changes = vec![
            logged(Op::Insert, run, &held),
            logged(Op::Vanish, run, &[]),
            logged(Op::Return, run, &[]),
            logged(Op::Update, run, &more),
        ];
        let trend = of(&RowHistory {
            kind: Kind::Card,
            id: RowId::of(Kind::Card, &source, "c"),
            source,
            source_key: "c".to_owned(),
            title: None,
            first_seen: String::new(),
            last_seen: None,
            gone_at: None,
            changes,
        });
        let told: Vec<_> = trend.points.iter().map(|point| (point.total, point.populations.len())).collect();
        assert_eq!(told, [(Some(2), 2), (Some(0), 0), (Some(2), 2), (Some(3), 2)]);
    }
}
