//! Old changes of a row become one that says what they came to. Pure.
//!
//! What is left is a log like any other, only coarser: the row's first change, with what each field was
//! at the end, in the place of the last change that it stands for. A tombstone at the end stays one.
//! Each field keeps which change set it: where a value comes from is not forgotten.

use std::collections::HashMap;

use model::Op;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A change as the log keeps it.
#[derive(Debug, Clone)]
pub(super) struct Old {
    pub(super) seq: i64,
    pub(super) at: String,
    pub(super) run: i64,
    pub(super) document: Option<i64>,
    pub(super) op: Op,
    pub(super) edits: Vec<OldEdit>,
    /// How many changes it stands for.
    pub(super) count: i64,
}

/// An edit as the log keeps it, perhaps within a change that stands for several.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct OldEdit {
    field: String,
    #[serde(default, skip_serializing_if = "Value::is_null")]
    from: Value,
    to: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    by: Option<By>,
}

/// Which change set a field, where it was folded into another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct By {
    pub(crate) seq: i64,
    pub(crate) at: String,
    pub(crate) run: i64,
    pub(crate) document: Option<i64>,
}

/// What takes the place of several changes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Folded {
    /// The change that is written anew.
    pub(super) seq: i64,
    /// Those that go.
    pub(super) gone: Vec<i64>,
    pub(super) op: Op,
    pub(super) edits: Vec<OldEdit>,
    /// How many it stands for.
    pub(super) count: i64,
}

/// Folds the changes of one row, oldest first. `None` where that saves nothing.
pub(super) fn fold(changes: &[Old]) -> Option<Folded> {
    // A tombstone whose row's beginning was purged says nothing that could be folded.
    let first = changes.iter().position(|change| change.op != Op::Vanish)?;
    let last = changes.iter().rposition(|change| change.op != Op::Vanish)?;
    let changes = changes.get(first..=last)?;
    let (newest, older) = changes.split_last()?;
    if older.is_empty() {
        return None;
    }
    Some(Folded {
        seq: newest.seq,
        gone: older.iter().map(|change| change.seq).collect(),
        op: older[0].op,
        edits: sum(changes),
        count: changes.iter().map(|change| change.count).sum(),
    })
}

/// What several changes do to each field: from what it was before them to what it is after.
fn sum(changes: &[Old]) -> Vec<OldEdit> {
    let mut sums: Vec<OldEdit> = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for change in changes {
        for edit in &change.edits {
            let by = edit.by.clone().unwrap_or_else(|| By {
                seq: change.seq,
                at: change.at.clone(),
                run: change.run,
                document: change.document,
            });
            let place = *places.entry(edit.field.as_str()).or_insert_with(|| {
                sums.push(edit.clone());
                sums.len() - 1
            });
            sums[place].to = edit.to.clone();
            sums[place].by = Some(by);
        }
    }
    sums.retain(|sum| sum.from != sum.to);
    sums
}

/// For the fields of a folded change, as the log keeps it, which change set them.
pub(crate) fn origins_within(edits: &str) -> HashMap<String, By> {
    let edits: Vec<OldEdit> = serde_json::from_str(edits).unwrap_or_default();
    edits.into_iter().filter_map(|edit| Some((edit.field, edit.by?))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn old(seq: i64, op: Op, edits: &[(&str, Value, Value)]) -> Old {
        let edit = |(field, from, to): &(&str, Value, Value)| OldEdit {
            field: (*field).to_owned(),
            from: from.clone(),
            to: to.clone(),
            by: None,
        };
        let edits = edits.iter().map(edit).collect();
        Old { seq, at: format!("at {seq}"), run: seq, document: Some(seq), op, edits, count: 1 }
    }

    fn told(folded: &Folded) -> Vec<String> {
        let edit = |edit: &OldEdit| {
            let by = edit.by.as_ref().map_or(0, |by| by.seq);
            format!("{} {}->{} by {by}", edit.field, edit.from, edit.to)
        };
        folded.edits.iter().map(edit).collect()
    }

    #[test]
    fn a_row_is_what_its_changes_came_to() {
        let null = || Value::Null;
        let log = [
            old(1, Op::Insert, &[("title", null(), json!("A")), ("price", null(), json!(5))]),
            old(4, Op::Update, &[("price", json!(5), json!(7)), ("status", null(), json!("off"))]),
            old(6, Op::Vanish, &[]),
            old(7, Op::Return, &[("status", json!("off"), null())]),
            old(9, Op::Vanish, &[]),
        ];
        let folded = fold(&log).unwrap();
        assert_eq!(
            (folded.seq, &folded.gone[..], folded.op, folded.count),
            (7, &[1, 4, 6][..], Op::Insert, 4)
        );
        assert_eq!(told(&folded), ["title null->\"A\" by 1", "price null->7 by 4"]);
        // Folded once more, with what came later.
        let again = Old { edits: folded.edits, count: folded.count, ..old(7, Op::Insert, &[]) };
        let later = [again, old(9, Op::Vanish, &[]), old(12, Op::Return, &[("price", json!(7), json!(8))])];
        let folded = fold(&later).unwrap();
        assert_eq!((folded.seq, folded.count), (12, 6));
        assert_eq!(told(&folded), ["title null->\"A\" by 1", "price null->8 by 12"]);
    }

    #[test]
    fn what_saves_nothing_is_left() {
        assert_eq!(fold(&[]), None);
        assert_eq!(fold(&[old(1, Op::Insert, &[])]), None);
        assert_eq!(fold(&[old(1, Op::Insert, &[]), old(2, Op::Vanish, &[])]), None);
        assert_eq!(fold(&[old(1, Op::Vanish, &[]), old(2, Op::Return, &[])]), None);
    }

    #[test]
    fn a_row_whose_beginning_was_purged_does_not_begin_anew() {
        let log = [
            old(3, Op::Update, &[("price", json!(5), json!(7))]),
            old(5, Op::Update, &[("price", json!(7), json!(9))]),
        ];
        let folded = fold(&log).unwrap();
        assert_eq!((folded.op, told(&folded)), (Op::Update, vec!["price 5->9 by 5".to_owned()]));
    }
}
