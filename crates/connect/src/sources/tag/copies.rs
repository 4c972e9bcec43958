//! The page of a card: one row for each graded copy. Columns are told by their headers; which of a cell's
//! text and `value` counts differs by column.

use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, Utc};
use model::grade::grade_of;
use model::{Clock, GradedCard, Record, When, Zone};

use super::address::{Address, Card};
use super::counts::Columns;
use super::levels::{Page, counted_copies};
use super::table::{Cell, Row, Table};

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Rank,
    Grade,
    Report,
    RankByGrade,
    Chronology,
    ChronologyByGrade,
    Completed,
    Certificate,
}

use Field::*;

/// The columns in the order that was seen first; taken where a table has no headers and as many columns.
const IN_ORDER: [Field; 8] =
    [Rank, Grade, Report, RankByGrade, Chronology, ChronologyByGrade, Completed, Certificate];

impl Field {
    /// The field that a header names. Icons may have left their names in it.
    fn named(header: &str) -> Option<Field> {
        let header = header.to_lowercase();
        let has = |word: &str| header.contains(word);
        match () {
            () if has("rank") && has("grade") => Some(RankByGrade),
            () if has("chron") && has("grade") => Some(ChronologyByGrade),
            () if has("rank") && !has("by") => Some(Rank),
            () if has("tag grade") => Some(Grade),
            () if has("report") => Some(Report),
            () if has("chronology") => Some(Chronology),
            () if has("completed") => Some(Completed),
            () if has("cert") => Some(Certificate),
            () => None,
        }
    }
}

/// Fields that a table must name to be the one of the copies.
const RECOGNISED: usize = 4;

struct Copies {
    table: Table,
    columns: Vec<(usize, Field)>,
}

impl Copies {
    fn of(tables: Vec<Table>) -> Option<Copies> {
        tables.into_iter().find_map(|table| {
            let named = table.headers.iter().enumerate();
            let mut columns: Vec<(usize, Field)> =
                named.filter_map(|(index, header)| Some((index, Field::named(header)?))).collect();
            let width = table.rows.first().map_or(0, |row| row.cells.len());
            if table.headers.is_empty() && width == IN_ORDER.len() {
                columns = IN_ORDER.into_iter().enumerate().collect();
            }
            (columns.len() >= RECOGNISED).then_some(Copies { table, columns })
        })
    }

    fn cell<'a>(&self, row: &'a Row, field: Field) -> Option<&'a Cell> {
        let (index, _) = self.columns.iter().find(|(_, known)| *known == field)?;
        row.cells.get(*index)
    }

    /// The attribute, unless it is empty or "0"; else the text.
    fn valued<'a>(&self, row: &'a Row, field: Field) -> &'a str {
        let Some(cell) = self.cell(row, field) else { return "" };
        cell.value.as_deref().filter(|value| *value != "0").unwrap_or(&cell.text)
    }

    /// The text as shown: the attribute of "1ST" is but "1".
    fn text<'a>(&self, row: &'a Row, field: Field) -> &'a str {
        self.cell(row, field).map_or("", |cell| cell.text.as_str())
    }
}

impl Page<'_> {
    /// Reads the graded copies of a card.
    pub fn copies(&mut self, card: &Card) {
        let tables = std::mem::take(&mut self.shown.tables);
        let some = tables.iter().any(|table| !table.rows.is_empty());
        let Some(copies) = Copies::of(tables) else {
            if some {
                self.damaged("no table of the page has the columns of graded copies".to_owned());
            }
            return;
        };
        let mut nameless = 0;
        let mut grades: Vec<String> = Vec::new();
        for row in &copies.table.rows {
            let certificate = copies.valued(row, Certificate).to_uppercase();
            let grade = copies.valued(row, Grade);
            if certificate.is_empty() || grade.is_empty() {
                nameless += 1;
                continue;
            }
            grades.push(grade.to_owned());
            let fields = copy(&copies, row, (&certificate, grade), card);
            self.reading.records.push(Record::new(certificate.clone(), fields));
            self.follow(&Address::Certificate(certificate), None);
        }
        if nameless > 0 {
            self.note(format!("{nameless} rows without certificate or grade were left out"));
        }
        if let Some(row) = copies.table.totals.first() {
            let metrics = Columns::of(&copies.table, 1).read(row).metrics();
            let year = &card.set.year;
            self.totals("card", &card.key(), (&year.category, &year.year), metrics);
        }
        if let Some(counted) = self.counted.filter(|counted| *counted != grades.len() as i64) {
            // One of both is out of date: it is asked for again the next time.
            self.reading.complete = false;
            let listed = counted_copies(grades.iter().map(String::as_str));
            self.note(format!("its set counts {counted} copies, the page lists {}: {listed}", grades.len()));
        }
        self.check(&copies.table);
    }
}

fn copy(copies: &Copies, row: &Row, (certificate, grade): (&str, &str), card: &Card) -> GradedCard {
    let whole = |field| copies.valued(row, field).replace(',', "").parse::<i64>().ok();
    let report = copies.cell(row, Report).and_then(|cell| cell.links.first());
    let (completed_text, completed) = completed(copies.cell(row, Completed));
    GradedCard {
        title: format!("{certificate} {grade}").into(),
        certificate: certificate.into(),
        card: card.key().into(),
        grade: grade.into(),
        grade_tenths: grade_of(grade).map(|(_, tenths)| tenths).into(),
        rank: whole(Rank).into(),
        rank_by_grade: whole(RankByGrade).into(),
        chronology: copies.text(row, Chronology).into(),
        chronology_by_grade: copies.text(row, ChronologyByGrade).into(),
        completed_text: completed_text.as_str().into(),
        completed: completed.into(),
        url: report.map(ToString::to_string).into(),
        // The rest is on the page of the certificate.
        ..GradedCard::default()
    }
}

/// The day as the site writes it, and what it means. A timestamp in `value` says more than the text.
fn completed(cell: Option<&Cell>) -> (String, Option<When>) {
    let Some(cell) = cell else { return (String::new(), None) };
    if let Some(stamp) = cell.value.as_deref().filter(|value| value.contains('T'))
        && let Some(when) = timestamp(stamp)
    {
        let day = when.date.map(|date| date.format("%m-%d-%Y").to_string());
        return (day.unwrap_or_else(|| cell.text.clone()), Some(when));
    }
    let text = if cell.text.is_empty() { cell.value.clone().unwrap_or_default() } else { cell.text.clone() };
    let day = ["%m-%d-%Y", "%m/%d/%Y", "%Y-%m-%d"]
        .iter()
        .find_map(|format| NaiveDate::parse_from_str(&text, format).ok());
    let when = day.map(|day| When::on_date(text.clone(), day, Clock::Unstated, Zone::Floating));
    (text, when)
}

/// Midnight stands for a day alone.
fn timestamp(stamp: &str) -> Option<When> {
    let instant = DateTime::parse_from_rfc3339(stamp).map(|instant| instant.with_timezone(&Utc)).ok();
    let local = instant
        .map(|instant| instant.naive_utc())
        .or_else(|| NaiveDateTime::parse_from_str(stamp, "%Y-%m-%dT%H:%M:%S%.f").ok())?;
    if local.time() == NaiveTime::MIN {
        return Some(When::on_date(stamp, local.date(), Clock::Unstated, Zone::Floating));
    }
    Some(match instant {
        Some(instant) => When::at_instant(stamp, instant, Zone::Floating),
        None => When::at_local(stamp, local, Zone::Floating),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_name_fields_and_tolerate_icons() {
        let check = |header: &str, expected| assert_eq!(Field::named(header), expected, "{header}");
        check("Rank arrow_upward", Some(Rank));
        check("TAG Grade", Some(Grade));
        check("View Report", Some(Report));
        check("RANK BY GRADE", Some(RankByGrade));
        check("Chronology", Some(Chronology));
        check("Chron by Grade", Some(ChronologyByGrade));
        check("Completed", Some(Completed));
        check("Cert Number", Some(Certificate));
        check("Player", None);
    }

    #[test]
    fn days_are_read_as_they_are_written() {
        let check = |text: &str, value: Option<&str>, raw: &str, day: Option<&str>, instant: Option<&str>| {
            let cell = Cell { text: text.into(), value: value.map(Into::into), ..Cell::default() };
            let (said, when) = completed(Some(&cell));
            let found = when.as_ref().and_then(|when| when.date).map(|day| day.to_string());
            let at = when.as_ref().and_then(When::instant).map(|at| at.with_timezone(&Utc).to_rfc3339());
            assert_eq!((said.as_str(), found.as_deref(), at.as_deref()), (raw, day, instant));
        };
        check("11-21-2023", None, "11-21-2023", Some("2023-11-21"), None);
        check("11/21/2023", None, "11/21/2023", Some("2023-11-21"), None);
        check("2023-11-21", None, "2023-11-21", Some("2023-11-21"), None);
        check("soon", None, "soon", None, None);
        check("x", Some("2023-11-21T00:00:00.000Z"), "11-21-2023", Some("2023-11-21"), None);
        check(
            "x",
            Some("2023-11-21T18:30:00Z"),
            "11-21-2023",
            Some("2023-11-21"),
            Some("2023-11-21T18:30:00+00:00"),
        );
        check("11-21-2023", Some("0"), "11-21-2023", Some("2023-11-21"), None);
    }
}
