//! Reports as an Excel workbook: a sheet for each section, numbers as numbers with their formats, a frozen
//! header that filters, and above it what the numbers count.

use chrono::{Datelike, Timelike};
use chrono_tz::Tz;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatBorder, Workbook, Worksheet, XlsxError};

use super::report::{Cell, Column, Report, Section};

/// The bytes of a workbook with these reports. The same reports give the same bytes.
pub fn workbook(reports: &[Report]) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    if let Some(first) = reports.first() {
        let made = ExcelDateTime::from_timestamp(first.as_of.timestamp())?;
        book.set_properties(&DocProperties::new().set_title(&first.title).set_creation_datetime(&made));
    }
    let formats = Formats::new();
    let mut names = Names::default();
    overview(book.add_worksheet(), reports, &mut names, &formats)?;
    for report in reports {
        for section in &report.sections {
            let several = reports.iter().any(|other| other.region != report.region);
            let prefix = if several { format!("{} ", report.region) } else { String::new() };
            let name = names.take(&format!("{prefix}{}", section.title));
            sheet(book.add_worksheet().set_name(name)?, section, report, &formats)?;
        }
    }
    book.save_to_buffer()
}

struct Formats {
    title: Format,
    remark: Format,
    head: Format,
    count: Format,
    share: Format,
    number: Format,
    time: Format,
    text: Format,
}

impl Formats {
    fn new() -> Formats {
        Formats {
            title: Format::new().set_bold().set_font_size(14),
            remark: Format::new().set_italic(),
            head: Format::new().set_bold().set_border_bottom(FormatBorder::Thin),
            count: Format::new().set_num_format("#,##0"),
            share: Format::new().set_num_format("0.00%"),
            number: Format::new().set_num_format("#,##0.00"),
            time: Format::new().set_num_format("yyyy-mm-dd hh:mm"),
            text: Format::new(),
        }
    }
}

/// What Excel takes as the name of a sheet, each once.
#[derive(Default)]
struct Names(Vec<String>);

/// Signs in the name of a sheet.
const NAME_MAX: usize = 31;

impl Names {
    fn take(&mut self, wanted: &str) -> String {
        let clean: String = wanted
            .chars()
            .map(
                |sign| {
                    if matches!(sign, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'') { ' ' } else { sign }
                },
            )
            .collect();
        let clean = if clean.trim().is_empty() { "Sheet" } else { clean.trim() };
        let fits =
            |text: &str, room: usize| text.chars().take(room).collect::<String>().trim_end().to_owned();
        let mut name = fits(clean, NAME_MAX);
        let mut number = 2;
        while self.0.iter().any(|taken| taken.to_lowercase() == name.to_lowercase()) {
            let ending = format!(" {number}");
            name = fits(clean, NAME_MAX - ending.len()) + &ending;
            number += 1;
        }
        self.0.push(name.clone());
        name
    }
}

/// The first sheet: which reports there are, as of when, and their facts.
fn overview(
    sheet: &mut Worksheet,
    reports: &[Report],
    names: &mut Names,
    formats: &Formats,
) -> Result<(), XlsxError> {
    sheet.set_name(names.take("Overview"))?;
    let mut row = 0;
    for report in reports {
        sheet.write_string_with_format(row, 0, report.heading(), &formats.title)?;
        sheet.write_string(row + 1, 0, "Event")?.write_string(row + 1, 1, &report.event)?;
        sheet.write_string(row + 2, 0, "As of")?;
        write(sheet, (row + 2, 1), &Cell::At(report.as_of), report.zone, formats)?;
        sheet.write_string(row + 2, 2, report.zone.name())?;
        row += 3;
        for fact in &report.facts {
            sheet.write_string(row, 0, fact.title)?;
            write(sheet, (row, 1), &fact.value, report.zone, formats)?;
            row += 1;
        }
        row += 1;
    }
    sheet.autofit();
    Ok(())
}

/// The row of the column titles; what stands above says what is counted.
const HEAD_ROW: u32 = 2;

fn sheet(
    sheet: &mut Worksheet,
    section: &Section,
    report: &Report,
    formats: &Formats,
) -> Result<(), XlsxError> {
    for (column, titled) in (0_u16..).zip(&section.columns) {
        sheet.write_string_with_format(HEAD_ROW, column, titled.title, &formats.head)?;
    }
    let mut row = HEAD_ROW + 1;
    for cells in &section.rows {
        for (column, cell) in (0_u16..).zip(cells) {
            write(sheet, (row, column), cell, report.zone, formats)?;
        }
        row += 1;
    }
    let last = u16::try_from(section.columns.len().saturating_sub(1)).unwrap_or(0);
    if row > HEAD_ROW + 1 {
        sheet.autofilter(HEAD_ROW, 0, row - 1, last)?;
    }
    sheet.autofit();
    for (column, width) in (0_u16..).zip(number_widths(section)) {
        if let Some(width) = width {
            sheet.set_column_width(column, width)?;
        }
    }
    // Written after the widths were found: they may run over the columns beside them.
    let title = format!("{}: {} ({})", report.region, section.title, report.time());
    sheet.write_string_with_format(0, 0, title, &formats.title)?;
    sheet.write_string_with_format(1, 0, format!("Counts {}", section.counts), &formats.remark)?;
    for note in &section.notes {
        row += 1;
        sheet.write_string_with_format(row, 0, note, &formats.remark)?;
    }
    sheet.set_freeze_panes(HEAD_ROW + 1, 0)?;
    Ok(())
}

/// How wide columns of numbers are to be, in signs. They are shown otherwise than they are kept, and what does not
/// fit is shown as `####`.
fn number_widths(section: &Section) -> Vec<Option<f64>> {
    let width = |(at, column): (usize, &Column)| {
        let numbers = section.rows.iter().filter_map(|row| row.get(at)).filter(|cell| cell.is_number());
        let widest = numbers.map(|cell| cell.shown(Tz::UTC).len()).max()?;
        // Beside a title there is the button of its filter.
        Some(widest.max(column.title.len() + 2) as f64 + 1.0)
    };
    section.columns.iter().enumerate().map(width).collect()
}

fn write(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    cell: &Cell,
    zone: Tz,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Nothing => return Ok(()),
        Cell::Text(text) => sheet.write_string_with_format(row, column, text, &formats.text)?,
        Cell::Count(count) => sheet.write_number_with_format(row, column, *count as f64, &formats.count)?,
        Cell::Share(share) => sheet.write_number_with_format(row, column, *share, &formats.share)?,
        Cell::Number(number) => sheet.write_number_with_format(row, column, *number, &formats.number)?,
        Cell::At(at) => {
            let local = at.with_timezone(&zone);
            let part = |number: u32| u8::try_from(number).unwrap_or(0);
            let year = u16::try_from(local.year()).unwrap_or(1900);
            let date = ExcelDateTime::from_ymd(year, part(local.month()), part(local.day()))?;
            let hour = u16::try_from(local.hour()).unwrap_or(0);
            let time = date.and_hms(hour, part(local.minute()), f64::from(local.second()))?;
            sheet.write_datetime_with_format(row, column, &time, &formats.time)?
        }
    };
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use crate::ticketing::reports::tests::made;

    #[test]
    fn sheets_have_names_that_excel_takes() {
        let mut names = Names::default();
        assert_eq!(names.take("Sold / of: capacity?"), "Sold   of  capacity");
        let long = "south-korea Spectators by region of the world";
        assert_eq!(names.take(long), "south-korea Spectators by regio");
        assert_eq!(names.take(long), "south-korea Spectators by reg 2");
        assert_eq!(names.take("//"), "Sheet");
    }

    #[test]
    fn numbers_fit_their_columns_as_they_are_shown() {
        let columns =
            [("a", "Currency"), ("b", "Gross"), ("c", "Share of all"), ("d", "Sold"), ("e", "None")];
        let row = |gross, share, sold: i64| {
            vec!["THB".into(), Cell::Number(gross), Cell::Share(share), sold.into(), Cell::Nothing]
        };
        let section = Section::new("s", "S", "numbers", &columns)
            .with([row(1_972_086.57, 1.0 / 3.0, 12_345_678), row(1.0, 0.0, 1)]);
        // 1,972,086.57 has twelve signs, 12,345,678 ten.
        assert_eq!(number_widths(&section), [None, Some(13.0), Some(15.0), Some(11.0), None]);
    }

    #[test]
    fn every_report_makes_a_workbook_that_is_the_same_again() {
        for spec in crate::ticketing::reports::REPORTS {
            let reports = [made(spec.name), made(spec.name)];
            let bytes = workbook(&reports).unwrap();
            assert!(bytes.starts_with(b"PK"), "{}", spec.name);
            assert_eq!(bytes, workbook(&reports).unwrap(), "{}", spec.name);
        }
    }
}
