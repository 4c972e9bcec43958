//! CSV: rows as objects by the names of their columns, whatever sign stands between them.

use serde_json::{Map, Value};

/// How a file is written, as far as its source says.
#[derive(Debug, Clone, Default)]
pub struct CsvOptions {
    /// The sign between columns; found out when `None`.
    pub delimiter: Option<u8>,
    /// Names of the columns when the first row does not hold them.
    pub columns: Vec<String>,
}

/// A row that could not be read: its line, and why.
#[derive(Debug, PartialEq, Eq)]
pub struct CsvFault {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

/// The rows of `text`. Short rows lack their last columns; what stands beyond the last named column is
/// called by its number. Blank rows are left out.
pub fn rows(text: &str, options: &CsvOptions) -> Result<Vec<Map<String, Value>>, CsvFault> {
    let text = text.trim_start_matches('\u{feff}');
    let delimiter = options.delimiter.unwrap_or_else(|| sniff(text));
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut names = options.columns.clone();
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| fault(&error))?;
        if record.iter().all(str::is_empty) {
            continue;
        }
        if names.is_empty() {
            names = record.iter().map(str::to_owned).collect();
            continue;
        }
        rows.push(row(&record, &names));
    }
    Ok(rows)
}

fn row(record: &csv::StringRecord, names: &[String]) -> Map<String, Value> {
    let name = |at: usize| match names.get(at).filter(|name| !name.is_empty()) {
        Some(name) => name.clone(),
        None => (at + 1).to_string(),
    };
    record.iter().enumerate().map(|(at, cell)| (name(at), Value::from(cell))).collect()
}

fn fault(error: &csv::Error) -> CsvFault {
    let line = error.position().map_or(1, |position| usize::try_from(position.line()).unwrap_or(usize::MAX));
    CsvFault { line, message: error.to_string() }
}

/// The candidate that occurs most in the first line that is not blank, outside quotes.
fn sniff(text: &str) -> u8 {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let mut quoted = false;
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0), (b'|', 0)];
    for byte in first.bytes() {
        if byte == b'"' {
            quoted = !quoted;
        }
        if let Some((_, count)) = counts.iter_mut().find(|(sign, _)| *sign == byte && !quoted) {
            *count += 1;
        }
    }
    counts
        .iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .filter(|(_, count)| *count > 0)
        .map_or(b',', |(sign, _)| *sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, options: &CsvOptions, expected: &str) {
        let rows = rows(text, options).unwrap();
        assert_eq!(serde_json::to_string(&rows).unwrap(), expected, "{text:?}");
    }

    #[test]
    fn reads_what_spreadsheets_write() {
        let plain = CsvOptions::default();
        check("\u{feff}a,b\r\n1,\"x, y\"\r\n\r\n2\r\n", &plain, r#"[{"a":"1","b":"x, y"},{"a":"2"}]"#);
        check("a;b\n1,5;2\n", &plain, r#"[{"a":"1,5","b":"2"}]"#);
        check("a\tb\n1\t2\t3\n", &plain, r#"[{"a":"1","b":"2","3":"3"}]"#);
        check("title\nOne\n", &plain, r#"[{"title":"One"}]"#);
        check("", &plain, "[]");
        let named = CsvOptions { delimiter: Some(b'|'), columns: vec!["x".to_owned(), "y".to_owned()] };
        check("1|2\n", &named, r#"[{"x":"1","y":"2"}]"#);
    }
}
