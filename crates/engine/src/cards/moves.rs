//! What moved lately: cards that were graded again, grades that a card has for the first time, first tens.

use std::collections::HashMap;

use model::{Edit, Kind, Op, RunId};
use serde_json::Value;
use store::{ChangeQuery, LoggedChange, Store, StoreError};

use super::best_first;

/// One change of the population of one card.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Move {
    /// When it was committed, RFC 3339 UTC.
    pub at: String,
    /// The card's source key.
    pub key: String,
    /// What it is called.
    pub name: Option<String>,
    /// Copies before; none for a card that was not known.
    pub before: Option<i64>,
    /// Copies after.
    pub after: Option<i64>,
    /// Grades that it has for the first time.
    pub new_grades: Vec<String>,
    /// Whether it has its first ten, plain or pristine.
    pub first_ten: bool,
}

/// Changes that are read at once.
const PAGE: usize = 2_000;

/// The moves of cards since `since` (RFC 3339 UTC), newest first, `most` of them. A card that a known set did
/// not list before is one; cards that came in together with their set are none.
pub async fn moves(store: &Store, since: &str, most: usize) -> Result<Vec<Move>, StoreError> {
    let sets = new_sets(store, since).await?;
    let mut found = Vec::new();
    let mut query = ChangeQuery { kind: Some(Kind::Card), ..ChangeQuery::default() };
    query.ops = vec![Op::Insert, Op::Update, Op::Return];
    query.fields = vec!["populations".to_owned(), "total".to_owned()];
    newest_first(store, query, since, |logged| {
        let room = found.len() < most;
        if room && !came_with_its_set(logged, &sets) {
            found.extend(of(logged));
        }
        room
    })
    .await?;
    Ok(found)
}

/// The sets that came in since then, and with which run.
async fn new_sets(store: &Store, since: &str) -> Result<HashMap<String, RunId>, StoreError> {
    let mut sets = HashMap::new();
    let mut query = ChangeQuery { kind: Some(Kind::CardSet), ..ChangeQuery::default() };
    query.ops = vec![Op::Insert];
    newest_first(store, query, since, |logged| {
        sets.insert(logged.source_key.clone(), logged.change.run);
        true
    })
    .await?;
    Ok(sets)
}

/// Goes through the changes since `since` from the newest on, for as long as `take` wants more.
async fn newest_first(
    store: &Store,
    query: ChangeQuery,
    since: &str,
    mut take: impl FnMut(&LoggedChange) -> bool,
) -> Result<(), StoreError> {
    let mut query = ChangeQuery { newest_first: true, ..query };
    loop {
        let page = store.change_page(&query, PAGE).await?;
        let wanted = page.changes.iter().all(|logged| logged.change.at.as_str() >= since && take(logged));
        if !wanted || !page.more || page.through <= 1 {
            return Ok(());
        }
        query.until = Some(page.through - 1);
    }
}

fn came_with_its_set(logged: &LoggedChange, sets: &HashMap<String, RunId>) -> bool {
    let set =
        logged.change.edits.iter().find(|edit| edit.field == "card_set").and_then(|edit| edit.to.as_str());
    logged.change.op == Op::Insert
        && set.is_none_or(|set| sets.get(set).is_some_and(|run| *run == logged.change.run))
}

fn of(logged: &LoggedChange) -> Option<Move> {
    let edit = |name: &str| logged.change.edits.iter().find(|edit| edit.field == name);
    // A copy that got another grade leaves the total as it is.
    let counted = |side: fn(&Edit) -> &Value| {
        let grades = side(edit("populations")?).as_object()?;
        Some(grades.values().filter_map(Value::as_i64).sum())
    };
    let total = |side: fn(&Edit) -> &Value| match edit("total") {
        Some(edit) => side(edit).as_i64(),
        None => counted(side),
    };
    let grades = edit("populations").map(|edit| new_grades(&edit.from, &edit.to)).unwrap_or_default();
    let had_ten = |value: &Value| ["10", "10P"].iter().any(|grade| value[*grade].as_i64() > Some(0));
    let first_ten = edit("populations").is_some_and(|edit| had_ten(&edit.to) && !had_ten(&edit.from));
    Some(Move {
        at: logged.change.at.clone(),
        key: logged.source_key.clone(),
        name: logged.title.clone(),
        before: total(|edit| &edit.from),
        after: total(|edit| &edit.to),
        new_grades: grades,
        first_ten,
    })
}

fn new_grades(from: &Value, to: &Value) -> Vec<String> {
    let after = best_first(to.as_object().cloned().unwrap_or_default());
    let new = after.iter().filter(|(grade, count)| {
        count.as_i64() > Some(0) && from.get(grade.as_str()).and_then(Value::as_i64).unwrap_or(0) == 0
    });
    new.map(|(grade, _)| grade.clone()).collect()
}

#[cfg(test)]
pub(super) mod kit {
    use model::{Change, RowId, SourceName};
    use serde_json::Value;

    use super::*;

    /// A change of a card by `run`: field, before, after.
    pub fn logged(op: Op, run: RunId, edits: &[(&str, Value, Value)]) -> LoggedChange {
        let source = SourceName::new("tag");
        let edit = |(field, from, to): &(&str, Value, Value)| Edit {
            field: (*field).to_owned(),
            from: from.clone(),
            to: to.clone(),
        };
        let change = Change {
            seq: 1,
            at: "2026-05-01T00:00:00Z".to_owned(),
            run,
            document: None,
            kind: Kind::Card,
            id: RowId::of(Kind::Card, &source, "c"),
            source,
            op,
            edits: edits.iter().map(edit).collect(),
        };
        let (title, folded, url, fetched_at) = (None, None, None, None);
        LoggedChange { change, source_key: "c".to_owned(), title, folded, url, fetched_at }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_copy_that_got_another_grade_is_told_with_what_there_was() {
        let run = RunId::new();
        let regraded =
            kit::logged(Op::Update, run, &[("populations", json!({"9": 2}), json!({"9": 1, "10": 1}))]);
        let told = of(&regraded).expect("a move");
        assert_eq!((told.before, told.after, told.first_ten), (Some(2), Some(2), true));
    }

    #[test]
    fn a_card_that_a_known_set_lists_for_the_first_time_moves_and_one_that_came_with_its_set_does_not() {
        let (first, later) = (RunId::new(), RunId::new());
        let sets = HashMap::from([("s".to_owned(), first)]);
        let new = |run, set: Value| {
            let edits = [("card_set", Value::Null, set), ("populations", Value::Null, json!({"10": 1}))];
            kit::logged(Op::Insert, run, &edits)
        };
        assert!(came_with_its_set(&new(first, json!("s")), &sets));
        assert!(!came_with_its_set(&new(later, json!("s")), &sets));
        assert!(came_with_its_set(&new(later, Value::Null), &sets), "of no set that is known");
        let told = of(&new(later, json!("s"))).expect("a move");
        assert_eq!((told.before, told.after, told.first_ten), (None, Some(1), true));
    }

    #[test]
    fn grades_that_were_not_there_before_are_new() {
        assert_eq!(new_grades(&json!({"9": 1}), &json!({"10": 1, "9": 2})), ["10"]);
        assert_eq!(new_grades(&Value::Null, &json!({"9": 2})), ["9"]);
        assert_eq!(new_grades(&json!({"9": 1}), &json!({})), [""; 0]);
    }
}
