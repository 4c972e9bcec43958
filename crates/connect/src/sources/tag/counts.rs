//! Numbers as the tables write them, and which grade each column counts: by its header, never by place.

use model::Stated;
use model::grade::{grade_of, populations};
use serde_json::{Map, Value};

use super::table::{Row, Table};

/// A count: thousands commas go, `-` alone is none, an empty cell says nothing. Anything else ("3-5") is
/// no number.
pub fn count(text: &str) -> Result<Option<i64>, String> {
    match text.trim() {
        "" => Ok(None),
        "-" | "\u{2013}" | "\u{2014}" => Ok(Some(0)),
        text => {
            let digits: String = text.chars().filter(|c| *c != ',').collect();
            match digits.bytes().all(|byte| byte.is_ascii_digit()) {
                true => digits.parse().map(Some).map_err(|_| text.to_owned()),
                false => Err(text.to_owned()),
            }
        }
    }
}

/// What a column counts.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Column {
    Grade(String),
    Total,
}

/// The counting columns of a table, by place.
#[derive(Debug, PartialEq, Eq)]
pub struct Columns(Vec<(usize, Column)>);

/// The counts of one row.
#[derive(Debug, Default, PartialEq)]
pub struct Counted {
    /// By grade, best first; `None` where not one grade was stated.
    pub populations: Option<Value>,
    /// As stated.
    pub total: Option<i64>,
    /// The sum of the grades.
    pub sum: i64,
    /// Cells that are no number.
    pub unreadable: Vec<String>,
}

impl Columns {
    /// The columns of `table` from `first` on that its headers name. Without headers only the last one is
    /// known: it is the total.
    pub fn of(table: &Table, first: usize) -> Columns {
        let named = table.headers.iter().enumerate().skip(first).filter_map(|(index, header)| {
            let column = match header {
                header if is_total(header) => Column::Total,
                header => Column::Grade(grade_of(header)?.0),
            };
            Some((index, column))
        });
        let named: Vec<(usize, Column)> = named.collect();
        if !named.is_empty() {
            return Columns(named);
        }
        let width = table.rows.iter().chain(&table.totals).map(|row| row.cells.len()).max().unwrap_or(0);
        let last = width.checked_sub(1).filter(|last| *last >= first);
        Columns(last.map(|last| (last, Column::Total)).into_iter().collect())
    }

    /// Whether the headers name grades.
    pub fn name_grades(&self) -> bool {
        self.0.iter().any(|(_, column)| *column != Column::Total)
    }

    /// The counts of a row of the table.
    pub fn read(&self, row: &Row) -> Counted {
        let mut counted = Counted::default();
        let mut grades: Vec<(String, i64)> = Vec::new();
        for (index, column) in &self.0 {
            let count = match count(row.text(*index)) {
                Ok(Some(count)) => count,
                Ok(None) => continue,
                Err(text) => {
                    counted.unreadable.push(text);
                    continue;
                }
            };
            match column {
                Column::Total => counted.total = Some(count),
                Column::Grade(grade) => {
                    counted.sum += count;
                    grades.push((grade.clone(), count));
                }
            }
        }
        counted.populations = (!grades.is_empty()).then(|| populations(grades));
        counted
    }
}

impl Counted {
    /// The populations, where no cell of them was unreadable.
    pub fn stated(&self) -> Stated<Value> {
        self.populations.clone().filter(|_| self.unreadable.is_empty()).into()
    }

    /// What is wrong with the row, for people.
    pub fn fault(&self, of: &str) -> Option<String> {
        if let Some(text) = self.unreadable.first() {
            return Some(format!("{of}: {text:?} is no count"));
        }
        let total = self.total.filter(|total| self.populations.is_some() && *total != self.sum)?;
        Some(format!("{of}: its grades sum up to {}, its total says {total}", self.sum))
    }

    /// All of it as one object: grades and `total`.
    pub fn metrics(&self) -> Value {
        let mut metrics = match &self.populations {
            Some(Value::Object(grades)) => grades.clone(),
            _ => Map::new(),
        };
        if let Some(total) = self.total {
            metrics.insert("total".to_owned(), Value::from(total));
        }
        Value::Object(metrics)
    }
}

fn is_total(header: &str) -> bool {
    header
        .split_whitespace()
        .any(|word| word.eq_ignore_ascii_case("total") || word.eq_ignore_ascii_case("totals"))
}

#[cfg(test)]
mod tests {
    use super::super::table::Cell;
    use super::*;

    #[test]
    fn fault_18_a_dash_is_none_only_alone() {
        let check = |text: &str, expected: Result<Option<i64>, &str>| {
            assert_eq!(count(text), expected.map_err(str::to_owned), "{text}");
        };
        check("1,234", Ok(Some(1234)));
        check(" - ", Ok(Some(0)));
        check("", Ok(None));
        check("3-5", Err("3-5"));
        check("n/a", Err("n/a"));
        check("-1", Err("-1"));
    }

    fn row(texts: &[&str]) -> Row {
        let cell = |text: &&str| Cell { text: (*text).to_owned(), ..Cell::default() };
        Row { cells: texts.iter().map(cell).collect() }
    }

    #[test]
    fn fault_17_counts_are_kept_by_the_grades_of_the_headers() {
        let headers = ["Grade", "10P", "10", "8.5", "VA", "Total"].map(str::to_owned).to_vec();
        let table = Table { headers, ..Table::default() };
        let columns = Columns::of(&table, 1);
        let counted = columns.read(&row(&["Donruss", "-", "1,000", "2", "1", "1,003"]));
        assert_eq!(counted.metrics().to_string(), r#"{"10":1000,"8.5":2,"VA":1,"total":1003}"#);
        assert_eq!(counted.fault("Donruss"), None);
        // A column more shifts nothing.
        let headers = ["Grade", "10P", "10", "9", "8.5", "VA", "Total"].map(str::to_owned).to_vec();
        let columns = Columns::of(&Table { headers, ..Table::default() }, 1);
        let counted = columns.read(&row(&["Donruss", "-", "1,000", "0", "2", "1", "1,003"]));
        assert_eq!(counted.metrics().to_string(), r#"{"10":1000,"8.5":2,"VA":1,"total":1003}"#);
    }

    #[test]
    fn without_headers_only_the_total_is_known() {
        let table = Table { rows: vec![row(&["Donruss", "1", "1", "2"])], ..Table::default() };
        let columns = Columns::of(&table, 1);
        assert!(!columns.name_grades());
        let counted = columns.read(&table.rows[0]);
        assert_eq!((counted.populations.clone(), counted.total), (None, Some(2)));
    }

    #[test]
    fn sums_that_differ_are_told() {
        let headers = ["Grade", "10", "Total"].map(str::to_owned).to_vec();
        let columns = Columns::of(&Table { headers, ..Table::default() }, 1);
        let fault = columns.read(&row(&["A", "1", "2"])).fault("A");
        assert_eq!(fault.as_deref(), Some("A: its grades sum up to 1, its total says 2"));
        let counted = columns.read(&row(&["A", "3-5", "2"]));
        assert_eq!(counted.stated(), Stated::Unstated);
        assert_eq!(counted.fault("A").as_deref(), Some("A: \"3-5\" is no count"));
    }
}
