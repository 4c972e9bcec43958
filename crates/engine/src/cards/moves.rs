//! What moved lately: cards that were graded again, grades that a card has for the first time, first tens.

use model::{Edit, Kind, Op};
use serde_json::Value;
use store::{ChangeQuery, LoggedChange, Store, StoreError};

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

/// The moves of cards since `since` (RFC 3339 UTC), newest first, `most` of them. Cards that came in with
/// the first crawl are no moves.
pub async fn moves(store: &Store, since: &str, most: usize) -> Result<Vec<Move>, StoreError> {
    let mut found = Vec::new();
    let mut query = ChangeQuery { kind: Some(Kind::Card), newest_first: true, ..ChangeQuery::default() };
    query.ops = vec![Op::Update, Op::Return];
    query.fields = vec!["populations".to_owned(), "total".to_owned()];
    loop {
        let page = store.change_page(&query, PAGE).await?;
        for logged in &page.changes {
            if logged.change.at.as_str() < since || found.len() >= most {
                return Ok(found);
            }
            found.extend(of(logged));
        }
        if !page.more || page.through <= 1 {
            return Ok(found);
        }
        query.until = Some(page.through - 1);
    }
}

fn of(logged: &LoggedChange) -> Option<Move> {
    let edit = |name: &str| logged.change.edits.iter().find(|edit| edit.field == name);
    let total = |side: fn(&Edit) -> &Value| edit("total").and_then(|edit| side(edit).as_i64());
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
    let after = to.as_object().into_iter().flatten();
    let new = after.filter(|(grade, count)| {
        count.as_i64() > Some(0) && from.get(grade.as_str()).and_then(Value::as_i64).unwrap_or(0) == 0
    });
    new.map(|(grade, _)| grade.clone()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn grades_that_were_not_there_before_are_new() {
        assert_eq!(new_grades(&json!({"9": 1}), &json!({"10": 1, "9": 2})), ["10"]);
        assert_eq!(new_grades(&Value::Null, &json!({"9": 2})), ["9"]);
        assert_eq!(new_grades(&json!({"9": 1}), &json!({})), [""; 0]);
    }
}
