//! Rows as a table, JSON or CSV: a list of columns, each with what it says.

use std::borrow::Cow;

use anyhow::Result;
use comfy_table::CellAlignment;
use engine::export::formats::csv;
use serde_json::{Map, Value};

use super::CardFormat;
use crate::figures::count;
use crate::output::{print, say, table};

/// Rows to print.
pub struct Sheet {
    pub columns: Vec<String>,
    pub rows: Vec<Vec<Value>>,
    /// How many there are in all, where not all are here.
    pub of: usize,
}

impl Sheet {
    pub fn new(columns: &[&str]) -> Sheet {
        Sheet { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows: Vec::new(), of: 0 }
    }

    /// Prints it; what there is to say beside goes to stderr.
    pub fn show(&self, format: CardFormat) -> Result<()> {
        match format {
            CardFormat::Table => self.table()?,
            CardFormat::Json => {
                let list: Vec<Value> = self.objects().collect();
                print(&(serde_json::to_string_pretty(&list)? + "\n"))?;
            }
            CardFormat::Ndjson => self.objects().try_for_each(|row| print(&format!("{row}\n")))?,
            CardFormat::Csv => print(&self.csv()?)?,
        }
        if format == CardFormat::Table && self.of > self.rows.len() {
            say(&format!("the first {} of {}; --limit shows more", self.rows.len(), count(self.of as u64)));
        }
        if self.rows.is_empty() {
            say("nothing fits; `callboard run tag` gathers, `callboard tag categories` tells what there is");
        }
        Ok(())
    }

    fn objects(&self) -> impl Iterator<Item = Value> + '_ {
        self.rows.iter().map(|row| {
            let named = self.columns.iter().map(|name| plain_name(name)).zip(row.iter().cloned());
            Value::Object(named.collect::<Map<String, Value>>())
        })
    }

    fn table(&self) -> Result<()> {
        let headers: Vec<&str> = self.columns.iter().map(String::as_str).collect();
        let mut rows = table(&headers);
        for row in &self.rows {
            rows.add_row(row.iter().map(shown));
        }
        for (index, column) in rows.column_iter_mut().enumerate() {
            if self.rows.first().is_some_and(|row| row.get(index).is_some_and(Value::is_number)) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        Ok(print(&format!("{rows}\n"))?)
    }

    fn csv(&self) -> Result<String> {
        let mut out = Vec::new();
        csv::write(&mut out, self.columns.iter().map(|name| plain_name(name).into()))?;
        for row in &self.rows {
            csv::write(&mut out, row.iter().map(field))?;
        }
        Ok(String::from_utf8(out)?)
    }
}

/// A column's name for programs.
fn plain_name(name: &str) -> String {
    name.to_lowercase().replace(' ', "_")
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn shown(value: &Value) -> String {
    match value.as_u64() {
        Some(number) => count(number),
        None => plain(value),
    }
}

/// A value as a field of CSV.
fn field(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => csv::guard(text.into()),
        other => plain(other).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_is_quoted_where_it_must_be() {
        let mut sheet = Sheet::new(&["NAME", "TOTAL"]);
        sheet.rows.push(vec!["A, \"B\"".into(), 5.into()]);
        sheet.rows.push(vec!["=1+1".into(), Value::Null]);
        sheet.rows.push(vec!["B".into(), (-2).into()]);
        assert_eq!(sheet.csv().expect("text"), "name,total\r\n\"A, \"\"B\"\"\",5\r\n'=1+1,\r\nB,-2\r\n");
    }
}
