//! A report for eyes: facts, then a table a section, each with what it counts.

use comfy_table::CellAlignment;
use engine::ticketing::report::{Report, Section};
use engine::ticketing::reports::REPORTS;

use crate::output::table;

/// The report as a page of text.
pub fn page(report: &Report) -> String {
    let mut text = format!("{}\n", report.heading());
    text += &format!("{}, as of {}\n", report.event, report.time());
    for fact in &report.facts {
        text += &format!("{}: {}\n", fact.title, fact.value.shown(report.zone));
    }
    for section in &report.sections {
        text += &part(section, report);
    }
    text
}

fn part(section: &Section, report: &Report) -> String {
    let mut text = format!("\n{} ({})\n", section.title, section.counts);
    if section.rows.is_empty() && section.notes.is_empty() {
        text += "  none\n";
    }
    if !section.rows.is_empty() {
        let titles: Vec<String> = section.columns.iter().map(|column| column.title.to_uppercase()).collect();
        let mut rows = table(&titles.iter().map(String::as_str).collect::<Vec<_>>());
        for row in &section.rows {
            rows.add_row(row.iter().map(|cell| cell.shown(report.zone)));
        }
        for (at, column) in rows.column_iter_mut().enumerate() {
            if section.rows.iter().any(|row| row.get(at).is_some_and(|cell| cell.is_number())) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        text += &format!("{rows}\n");
    }
    for note in &section.notes {
        text += &format!("  {note}\n");
    }
    text
}

/// The reports there are.
pub fn list() -> String {
    let mut rows = table(&["REPORT", "TELLS"]);
    for spec in REPORTS {
        rows.add_row([spec.name, spec.summary]);
    }
    format!("{rows}\n")
}
