//! A report for eyes: facts, then a table a section, each with what it counts.

use comfy_table::CellAlignment;
use engine::ticketing::report::{Report, Section};
use engine::ticketing::reports::REPORTS;

use crate::output::table;

/// Rows of a list that are shown without being asked for.
const FEW: usize = 12;

/// The report as a page of text; long lists in it by their length alone, unless `all` of it is asked for.
pub fn page(report: &Report, all: bool) -> String {
    let mut text = format!("{}\n", report.heading());
    text += &format!("{}, as of {}\n", report.event, report.time());
    for fact in &report.facts {
        text += &format!("{}: {}\n", fact.title, fact.value.shown(report.zone));
    }
    for section in &report.sections {
        match section.detail && !all && section.rows.len() > FEW {
            true => text += &length(section),
            false => text += &part(section, report),
        }
    }
    text
}

fn length(section: &Section) -> String {
    let (title, rows, name) = (&section.title, section.rows.len(), section.name);
    format!("\n{title}: {rows} rows; --section {name} lists them, --detail lists everything\n")
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
