//! What a run did, for people and for programs.

use std::fmt::Write as _;

use anyhow::Result;
use engine::collect::{Counts, Failure, Outcome, Summary};
use model::Change;
use serde_json::{Value, json};
use store::Store;

use crate::output::{Format, print, print_json, table};

/// Most new or changed records that `--records` prints.
const RECORDS_MAX: usize = 10_000;

/// What the run did to each record, where `since` is the newest change before it.
pub async fn changes_of(store: &Store, since: i64, summary: &Summary) -> Result<Vec<Value>> {
    let changes = store.changes(since, RECORDS_MAX).await?;
    Ok(changes.iter().filter(|change| change.run == summary.run).map(record_json).collect())
}

fn record_json(change: &Change) -> Value {
    let edits: Vec<Value> = change
        .edits
        .iter()
        .map(|edit| json!({"field": edit.field, "from": edit.from, "to": edit.to}))
        .collect();
    json!({
        "change": change.op.name(), "kind": change.kind, "id": change.id, "source": change.source,
        "edits": edits,
    })
}

/// Prints what a run did: with `changes`, the records it touched too.
pub fn show(found: &Summary, changes: Option<&[Value]>, format: Format) -> Result<()> {
    match (format, changes) {
        (Format::Table, _) => print(&for_people(found, changes.unwrap_or_default()))?,
        (Format::Json, Some(changes)) => print_json(&with_records(found, changes)?, format)?,
        (Format::Json, None) => print_json(found, format)?,
        (Format::Ndjson, _) => {
            changes.unwrap_or_default().iter().try_for_each(|change| print_json(change, format))?;
            print_json(found, format)?;
        }
    }
    Ok(())
}

/// The summary object with the records in it.
fn with_records(summary: &Summary, changes: &[Value]) -> Result<Value> {
    let mut object = serde_json::to_value(summary)?;
    object["changes"] = Value::from(changes.to_vec());
    Ok(object)
}

/// The summary as a page of text.
pub fn for_people(summary: &Summary, changes: &[Value]) -> String {
    let mut text = String::new();
    changes.iter().for_each(|change| change_line(&mut text, change));
    headline(&mut text, summary);
    counts(&mut text, summary);
    list(&mut text, "quarantined", summary.quarantine.iter().map(|q| format!("{} {}", q.count, q.reason)));
    list(&mut text, "failed", summary.failures.iter().map(Failure::line));
    list(&mut text, "notes", summary.notes.iter().cloned());
    if summary.notes_left_out > 0 {
        text += &format!("  and {} more\n", summary.notes_left_out);
    }
    if summary.outcome == Outcome::Cancelled && !summary.dry_run {
        text += "what was read is kept; the same call goes on with the rest\n";
    }
    text
}

fn change_line(text: &mut String, change: &Value) {
    let word = |name: &str| change[name].as_str().unwrap_or_default().to_owned();
    let edits = change["edits"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shown = |edit: &Value| match word("change").as_str() {
        "insert" => format!("{}={}", edit["field"].as_str().unwrap_or_default(), short(&edit["to"])),
        _ => {
            let field = edit["field"].as_str().unwrap_or_default();
            format!("{field}: {} -> {}", short(&edit["from"]), short(&edit["to"]))
        }
    };
    let edits: Vec<String> = edits.iter().map(shown).collect();
    text.push_str(&format!("{} {} {}  {}\n", word("change"), word("kind"), word("id"), edits.join(", ")));
}

/// A value short enough for a line; a time as it was said.
fn short(value: &Value) -> String {
    let text = match value.get("said").unwrap_or(value) {
        Value::String(text) => text.clone(),
        Value::Null => "(none)".to_owned(),
        other => other.to_string(),
    };
    let mut line: String = text.chars().take(60).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if line.len() < text.len() {
        line.push('…');
    }
    line
}

fn headline(text: &mut String, summary: &Summary) {
    let seconds = summary.elapsed_ms as f64 / 1000.0;
    let dry = if summary.dry_run { " (dry run: nothing was written)" } else { "" };
    let documents = summary.documents;
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{} in {seconds:.1} s{dry}   run {}", summary.outcome.name(), summary.run);
    let _ = writeln!(
        text,
        "documents: {} fetched, {} unchanged, {} failed",
        documents.fetched, documents.unchanged, documents.failed
    );
}

fn counts(text: &mut String, summary: &Summary) {
    if summary.by_kind.is_empty() {
        text.push_str("records: none\n");
        return;
    }
    let mut rows = table(&["RECORDS", "READ", "NEW", "CHANGED", "UNCHANGED", "QUARANTINED", "VANISHED"]);
    let mut add = |name: &str, c: &Counts| {
        let figures = [c.read, c.new, c.changed, c.unchanged, c.quarantined, c.vanished];
        rows.add_row(std::iter::once(name.to_owned()).chain(figures.map(|figure| figure.to_string())));
    };
    summary.by_kind.iter().for_each(|(kind, counts)| add(kind, counts));
    if summary.by_kind.len() > 1 {
        add("all", &summary.records);
    }
    for column in rows.column_iter_mut().skip(1) {
        column.set_cell_alignment(comfy_table::CellAlignment::Right);
    }
    text.push_str(&format!("{rows}\n"));
}

/// Most lines of a list that are shown; the machine-readable summary has them all.
const LIST_MAX: usize = 20;

fn list(text: &mut String, title: &str, lines: impl ExactSizeIterator<Item = String>) {
    let count = lines.len();
    if count == 0 {
        return;
    }
    text.push_str(&format!("{title}:\n"));
    lines.take(LIST_MAX).for_each(|line| text.push_str(&format!("  {line}\n")));
    if count > LIST_MAX {
        text.push_str(&format!("  and {} more (--format json lists them)\n", count - LIST_MAX));
    }
}
