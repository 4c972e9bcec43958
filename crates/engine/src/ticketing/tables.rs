//! Sections of reports as tables for programs: plain columns and rows, as a spreadsheet or a database loads
//! them, with region and time in front of each row.

use chrono::SecondsFormat;

use super::report::{Cell, Report, Section};

/// One section of several reports as CSV: the same section, so the same columns. Numbers are plain, shares
/// from 0 to 1, times RFC 3339 UTC; what is not known is empty.
pub fn csv(parts: &[(&Report, &Section)]) -> Result<String, String> {
    let fault = |error: csv::Error| format!("a table cannot be written: {error}");
    let mut writer = csv::Writer::from_writer(Vec::new());
    if let Some((_, section)) = parts.first() {
        let columns = section.columns.iter().map(|column| column.name);
        writer.write_record(["region", "as_of"].into_iter().chain(columns)).map_err(fault)?;
    }
    for (report, section) in parts {
        let as_of = report.as_of.to_rfc3339_opts(SecondsFormat::Secs, true);
        for row in &section.rows {
            let head = [report.region.clone(), as_of.clone()];
            writer.write_record(head.into_iter().chain(row.iter().map(plain))).map_err(fault)?;
        }
    }
    let bytes = writer.into_inner().map_err(|error| format!("a table cannot be written: {error}"))?;
    String::from_utf8(bytes).map_err(|error| format!("a table cannot be written: {error}"))
}

fn plain(cell: &Cell) -> String {
    match cell {
        Cell::Nothing => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Count(count) => count.to_string(),
        Cell::Share(number) | Cell::Number(number) => number.to_string(),
        Cell::At(at) => at.to_rfc3339_opts(SecondsFormat::Secs, true),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ticketing::reports::tests::made;

    #[test]
    fn a_section_is_a_table_with_region_and_time() {
        let report = made("sales");
        let totals = report.sections.iter().find(|section| section.name == "totals").unwrap();
        let table = csv(&[(&report, totals), (&report, totals)]).unwrap();
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(lines[0], "region,as_of,group,sold,of,share");
        assert!(lines.contains(&"hong-kong,2025-10-01T12:00:00Z,Total_athletes,5,10,0.5"), "{table}");
        assert!(lines.contains(&"hong-kong,2025-10-01T12:00:00Z,All_singles,2,,"), "{table}");
        assert_eq!(lines.len(), 1 + 2 * totals.rows.len());
    }
}
