//! One section of reports instead of all of them, and its rows as CSV.

use anyhow::Result;
use engine::ticketing::report::{Report, Section};
use engine::ticketing::tables;
use model::nearest;

use crate::output::usage;

/// Leaves this section of each report alone.
pub fn only<'a>(reports: impl Iterator<Item = &'a mut Report>, wanted: &str) -> Result<()> {
    let wanted = wanted.to_lowercase().replace('-', "_");
    let mut reports: Vec<&mut Report> = reports.collect();
    let names = names(reports.iter().flat_map(|report| &report.sections));
    if !names.contains(&&*wanted) {
        let near = nearest(&wanted, names.iter().copied());
        let near = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
        return Err(usage(format!("there is no section {wanted}; {near}there is {}", names.join(", "))));
    }
    for report in &mut reports {
        report.sections.retain(|section| section.name == wanted);
    }
    Ok(())
}

/// Each name once, in order.
fn names<'a>(sections: impl Iterator<Item = &'a Section>) -> Vec<&'static str> {
    let mut names = Vec::new();
    for section in sections {
        if !names.contains(&section.name) {
            names.push(section.name);
        }
    }
    names
}

/// The one section that the reports have, as CSV.
pub fn csv(reports: &[Report]) -> Result<String> {
    let parts: Vec<(&Report, &Section)> =
        reports.iter().flat_map(|report| report.sections.iter().map(move |part| (report, part))).collect();
    match names(parts.iter().map(|(_, section)| *section)).as_slice() {
        [] | [_] => tables::csv(&parts).map_err(anyhow::Error::msg),
        names => Err(usage(format!("CSV is one table: give --section, one of {}", names.join(", ")))),
    }
}
