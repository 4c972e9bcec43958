//! Changes as they are printed: objects for programs, lines and tables for people, counts by day.

use std::collections::BTreeMap;

use model::Op;
use serde_json::{Value, json};
use store::LoggedChange;

use super::view::View;
use crate::cli::show::value;
use crate::figures::counted;
use crate::output::table;

/// What a line may take up.
const WHAT_MAX: usize = 160;

/// One change as an object.
pub fn change_json(logged: &LoggedChange) -> Value {
    let change = &logged.change;
    let mut object = json!({
        "seq": change.seq, "at": change.at, "run": change.run, "op": change.op, "kind": change.kind,
        "id": change.id, "source": change.source, "source_key": logged.source_key, "title": logged.title,
        "document": change.document, "url": logged.url, "edits": change.edits,
    });
    if let (Value::Object(object), Some(count)) = (&mut object, logged.folded) {
        object.insert("folded".to_owned(), count.into());
    }
    object
}

/// What a change did, on one line.
pub fn what(logged: &LoggedChange) -> String {
    let change = &logged.change;
    if change.op == Op::Insert {
        return match logged.folded {
            Some(count) => format!("{count} changes folded"),
            None => counted(change.edits.len() as u64, "field"),
        };
    }
    let edits = change.edits.iter();
    let edits: Vec<String> =
        edits.map(|edit| format!("{}: {} -> {}", edit.field, value(&edit.from), value(&edit.to))).collect();
    let text = edits.join("; ").replace(['\n', '\r', '\t'], " ");
    match text.char_indices().nth(WHAT_MAX) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

/// A table of these changes.
pub fn listed(view: View, changes: &[LoggedChange]) -> String {
    let mut rows = table(view.header());
    for logged in changes {
        view.cells(logged).into_iter().for_each(|cells| {
            rows.add_row(cells);
        });
    }
    format!("{rows}\n")
}

/// A line for each, for a list that goes on.
pub fn lines(view: View, logged: &LoggedChange) -> String {
    view.cells(logged).into_iter().map(|cells| cells.join("  ") + "\n").collect()
}

/// How many there were on each day.
#[derive(Debug, Default)]
pub struct Days {
    /// Others, and those that came back.
    days: BTreeMap<String, (u64, u64)>,
}

impl Days {
    pub fn count(&mut self, view: View, logged: &LoggedChange) {
        let day = logged.change.at.get(..10).unwrap_or_default().to_owned();
        let (counted, returned) = self.days.entry(day).or_default();
        match (view, logged.change.op) {
            (View::Tombstones, Op::Return) => *returned += 1,
            (View::Tombstones, _) => *counted += 1,
            _ => *counted += view.cells(logged).len() as u64,
        }
    }

    pub fn total(&self) -> u64 {
        self.days.values().map(|(counted, returned)| counted + returned).sum()
    }

    pub fn table(&self, view: View) -> String {
        let word = if view == View::Tombstones { "VANISHED" } else { "CHANGES" };
        let header: &[&str] =
            if view == View::Tombstones { &["DAY", word, "RETURNED"] } else { &["DAY", word] };
        let mut rows = table(header);
        for (day, (counted, returned)) in &self.days {
            let cells = [day.clone(), counted.to_string(), returned.to_string()];
            rows.add_row(cells.into_iter().take(header.len()));
        }
        format!("{rows}\n")
    }
}
