//! Everything that is told of a run, under way or ended: its summary, what its documents brought, which
//! items took longest, and what went wrong, by cause.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::RunId;
use serde::Serialize;
use serde_json::Value;
use store::{FaultCount, Store};

use super::{RunError, RunSummary};
use crate::collect::{Counts, Documents, NOTES_MAX, brought};

/// A run as told.
#[derive(Debug, Clone, Serialize)]
pub struct RunReport {
    /// Where it stands, its items and steps.
    #[serde(flatten)]
    pub summary: RunSummary,
    /// Who began it: `manual`, `schedule`, `backfill`.
    pub trigger: String,
    /// True when nothing was written.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    /// What its documents brought; absent where it took none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub collected: Option<Collected>,
    /// The items that took longest, longest first.
    pub slowest: Vec<SlowItem>,
    /// What went wrong, most frequent first.
    pub errors: Vec<Cause>,
}

/// What the documents of a run brought.
#[derive(Debug, Clone, Serialize)]
pub struct Collected {
    /// By what became of them.
    pub documents: Documents,
    /// Their size.
    pub bytes: u64,
    /// Records of all kinds together.
    pub records: Counts,
    /// Records by kind: what each level of a crawl of several levels gave.
    pub by_kind: BTreeMap<&'static str, Counts>,
    /// Remarks on documents, each with its name: what of them is damaged, or was left out. The first of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// An item that took long.
#[derive(Debug, Clone, Serialize)]
pub struct SlowItem {
    /// The item.
    pub item: i64,
    /// Path of its step.
    pub step: String,
    /// What it worked on, in one line.
    pub input: String,
    /// How long its last attempt took.
    pub elapsed_ms: u64,
}

/// Items that failed for the same cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cause {
    /// The class of the fault.
    pub class: String,
    /// Path of the step.
    pub step: String,
    /// What one of them said.
    pub error: String,
    /// How many there are.
    pub count: u64,
    /// One of them, for `callboard dead show`.
    pub item: i64,
}

/// Items that are told to have taken longest.
const SLOWEST: usize = 5;
/// Causes that are told.
const CAUSES: usize = 20;

impl RunReport {
    /// What is known of a run now; `None` when there is none.
    pub async fn of(store: &Store, run: RunId, now: DateTime<Utc>) -> Result<Option<RunReport>, RunError> {
        let Some(detail) = store.run(run).await? else { return Ok(None) };
        let slowest = store.slowest_items(run, SLOWEST).await?;
        let slow = |item: store::SlowItem| SlowItem {
            item: item.item.0,
            step: item.step,
            input: item.input.as_ref().map(shown_input).unwrap_or_default(),
            elapsed_ms: item.elapsed_ms,
        };
        Ok(Some(RunReport {
            summary: RunSummary::of(&detail, now),
            trigger: trigger(&detail.command),
            dry_run: detail.definition["manner"]["dry_run"] == true,
            collected: collected(store, run).await?,
            slowest: slowest.into_iter().map(slow).collect(),
            errors: causes(store.faults(run).await?),
        }))
    }
}

async fn collected(store: &Store, run: RunId) -> Result<Option<Collected>, RunError> {
    let bytes = store.bytes_of(run).await?;
    let Some(bytes) = bytes else { return Ok(None) };
    let did = store.reckon(run, None).await?;
    let positive = |count: i64| u64::try_from(count).unwrap_or(0);
    let counts = |counts: &store::Counts| Counts {
        read: positive(counts.read),
        new: positive(counts.new),
        changed: positive(counts.changed),
        unchanged: positive(counts.unchanged),
        ..Counts::default()
    };
    let by_kind = did.by_kind.iter().map(|(kind, did)| (kind.name(), counts(did))).collect();
    let (documents, records) = brought(&did);
    let notes = did.notes.iter().take(NOTES_MAX).map(|(name, note)| format!("{name}: {note}")).collect();
    Ok(Some(Collected { documents, bytes, records, by_kind, notes }))
}

/// Who began a run, from the command it was begun with.
pub fn trigger(command: &Value) -> String {
    command["trigger"].as_str().unwrap_or("manual").to_owned()
}

/// What an item works on, in one line: the address of a request, else the value.
pub fn shown_input(input: &Value) -> String {
    let value = input.get("element").or_else(|| input.get("child")).unwrap_or(input);
    let named = value.get("name").and_then(Value::as_str);
    let address = value.pointer("/request/url").and_then(Value::as_str);
    match named.or(address).or(value.as_str()) {
        Some(text) => text.to_owned(),
        None => value.to_string(),
    }
}

/// Faults by cause: those that differ in numbers, addresses and quoted names alone are one.
fn causes(faults: Vec<FaultCount>) -> Vec<Cause> {
    let mut by_cause: BTreeMap<(String, String, String), Cause> = BTreeMap::new();
    for fault in faults {
        let key = (fault.step.clone(), fault.class.clone(), pattern(&fault.error));
        let cause = by_cause.entry(key).or_insert_with(|| Cause {
            class: fault.class,
            step: fault.step,
            error: fault.error,
            count: 0,
            item: fault.item.0,
        });
        cause.count += fault.count;
    }
    let mut causes: Vec<Cause> = by_cause.into_values().collect();
    causes.sort_by(|a, b| b.count.cmp(&a.count).then_with(|| a.item.cmp(&b.item)));
    causes.truncate(CAUSES);
    causes
}

/// An error without what tells one item from the next.
fn pattern(error: &str) -> String {
    let word = |word: &str| match word {
        _ if word.contains("://") => "ADDRESS".to_owned(),
        _ if word.starts_with(['"', '`', '\'']) => "NAME".to_owned(),
        _ => word.chars().map(|c| if c.is_ascii_digit() { '#' } else { c }).collect(),
    };
    error.split_whitespace().map(word).collect::<Vec<String>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use store::ItemId;

    fn fault(item: i64, error: &str, count: u64) -> FaultCount {
        let (step, class) = ("crawl".to_owned(), "document".to_owned());
        FaultCount { item: ItemId(item), step, class, error: error.to_owned(), count }
    }

    #[test]
    fn faults_that_differ_in_what_they_are_about_are_one_cause() {
        let found = causes(vec![
            fault(1, "https://a.test/1: answered 503", 1),
            fault(2, "https://a.test/2: answered 503", 2),
            fault(3, "\"two words\" is missing", 1),
        ]);
        let told: Vec<_> = found.iter().map(|cause| (cause.item, cause.count)).collect();
        assert_eq!(told, [(1, 3), (3, 1)]);
    }

    #[test]
    fn an_input_is_told_by_its_address_or_value() {
        let request = json!({"child": {"request": {"url": "https://a.test/x", "method": "GET"}}});
        assert_eq!(shown_input(&request), "https://a.test/x");
        assert_eq!(shown_input(&json!({"element": {"day": 1}})), r#"{"day":1}"#);
        assert_eq!(shown_input(&json!({"element": "2026-12-01"})), "2026-12-01");
    }
}
