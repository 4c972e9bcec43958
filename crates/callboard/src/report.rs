//! A run as told at its end, or when asked for: its steps, what it brought, what took long, what went
//! wrong and what to do about it.

use std::fmt::Write as _;

use anyhow::Result;
use comfy_table::CellAlignment;
use engine::run::{Collected, RunReport, StepSummary};

use crate::figures::{bytes, count, counted, cut, span};
use crate::output::{Format, print, print_json, table};

/// Prints it in the way asked for.
pub fn show(report: &RunReport, format: Format) -> Result<()> {
    match format {
        Format::Table => Ok(print(&for_people(report))?),
        Format::Json | Format::Ndjson => print_json(report, format),
    }
}

/// The exit code of a run: by its outcome; 130 where it was left before it had ended.
pub fn exit_code(report: &RunReport) -> u8 {
    match report.summary.outcome.as_deref() {
        Some("completed") => 0,
        Some("partial") => 3,
        Some("cancelled") | None => 130,
        Some(_) => 1,
    }
}

/// The report as a page of text.
pub fn for_people(report: &RunReport) -> String {
    let mut text = headline(report);
    steps(&mut text, &report.summary.steps);
    if let Some(collected) = &report.collected {
        text += &brought(collected);
    }
    slowest(&mut text, report);
    errors(&mut text, report);
    text
}

fn headline(report: &RunReport) -> String {
    let summary = &report.summary;
    let how = match &summary.outcome {
        Some(outcome) => format!("{outcome} in"),
        None => format!("{}, so far", summary.state),
    };
    let dry = if report.dry_run { " (dry run: nothing was written)" } else { "" };
    let note = summary.note.as_ref().map_or(String::new(), |note| format!("  ({note})"));
    let elapsed = span(summary.elapsed_ms);
    let (pipeline, id) = (&summary.pipeline, summary.id);
    format!("{pipeline}: {how} {elapsed}{dry}   run {id}{note}\n")
}

fn steps(text: &mut String, steps: &[StepSummary]) {
    if steps.is_empty() {
        return;
    }
    let mut rows = table(&["STEP", "STATUS", "ITEMS", "FAILED", "ATTEMPTS", "DURATION", "WHY"]);
    for step in steps {
        let depth = step.name.matches('/').count();
        let name = step.name.rsplit('/').next().unwrap_or(&step.name);
        let items = &step.items;
        let begun = step.attempts > 0 || items.running > 0;
        let figure = |number: u64| if number > 0 { count(number) } else { "-".to_owned() };
        rows.add_row([
            format!("{}{name}", "  ".repeat(depth)),
            step.status.name().to_owned(),
            if items.total > 0 {
                format!("{}/{}", count(items.done), count(items.total))
            } else {
                "-".into()
            },
            figure(items.failed + items.dead),
            figure(step.attempts),
            if begun || step.elapsed_ms > 0 { span(step.elapsed_ms) } else { "-".to_owned() },
            cut(step.reason.as_deref().unwrap_or_default(), 200),
        ]);
    }
    for column in rows.column_iter_mut().skip(2).take(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{rows}");
}

fn brought(collected: &Collected) -> String {
    let (documents, records) = (&collected.documents, &collected.records);
    let mut text = format!(
        "documents: {} fetched, {} unchanged, {} failed, {}\n\
         records: {} read, {} new, {} changed, {} quarantined, {} vanished\n",
        count(documents.fetched),
        count(documents.unchanged),
        count(documents.failed),
        bytes(collected.bytes),
        count(records.read),
        count(records.new),
        count(records.changed),
        count(records.quarantined),
        count(records.vanished)
    );
    // Of one kind, all is said already.
    for (kind, did) in collected.by_kind.iter().filter(|_| collected.by_kind.len() > 1) {
        let (read, new, changed) = (count(did.read), count(did.new), count(did.changed));
        let _ = writeln!(text, "  {kind}: {read} read, {new} new, {changed} changed");
    }
    for note in collected.notes.iter().take(NOTES) {
        let _ = writeln!(text, "note: {}", cut(note, 300));
    }
    if collected.notes.len() > NOTES {
        let more = collected.notes.len() - NOTES;
        let _ =
            writeln!(text, "and {} more; --format json tells the first 200", counted(more as u64, "note"));
    }
    text
}

/// Remarks that people are told.
const NOTES: usize = 10;

/// Where everything was quick, nothing is to be told of what was slow.
const WORTH_TELLING_MS: u64 = 500;

fn slowest(text: &mut String, report: &RunReport) {
    let slow: Vec<_> = report.slowest.iter().filter(|item| item.elapsed_ms >= WORTH_TELLING_MS).collect();
    if slow.is_empty() || report.summary.items.total < 2 {
        return;
    }
    text.push_str("slowest:\n");
    for item in slow {
        let _ = writeln!(text, "  {:>8}  {}  {}", span(item.elapsed_ms), item.step, cut(&item.input, 100));
    }
}

fn errors(text: &mut String, report: &RunReport) {
    if report.errors.is_empty() {
        return;
    }
    text.push_str("errors:\n");
    for cause in &report.errors {
        let items = counted(cause.count, "item");
        let _ = writeln!(text, "  {items} of {} ({}): {}", cause.step, cause.class, cut(&cause.error, 300));
        if !report.dry_run {
            let _ = writeln!(text, "      callboard dead show {}", cause.item);
        }
    }
    if report.summary.outcome.is_some() && !report.dry_run {
        let _ = writeln!(text, "again, only what failed or never ran: callboard retry {}", report.summary.id);
    }
}
