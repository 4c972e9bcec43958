//! Comma-separated values as RFC 4180 has them: a header, a row a line. A time is several columns, a list
//! or object is JSON text.

use std::borrow::Cow;

use store::KeptRow;

use super::{Encoder, ExportError, FormatSpec};
use crate::export::columns::{Cell, Column};

pub(super) static SPEC: FormatSpec = FormatSpec {
    name: "csv",
    summary: "comma-separated values under a header, every column of the kind",
    events_only: false,
    tells_gone: true,
    binary: false,
    make: |layout| Box::new(Csv { columns: layout.columns(), guarded: layout.guarded }),
};

struct Csv {
    columns: Vec<Column>,
    guarded: bool,
}

impl Encoder for Csv {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        write(out, self.columns.iter().map(|column| Cow::Borrowed(column.name.as_str())))
    }

    fn row(&mut self, row: KeptRow, out: &mut Vec<u8>) -> Result<Option<&'static str>, ExportError> {
        write(out, self.columns.iter().map(|column| text(column.cell(&row), self.guarded)))?;
        Ok(None)
    }

    fn end(&mut self, _: &mut Vec<u8>) -> Result<(), ExportError> {
        Ok(())
    }
}

/// Writes one row, quoted where it must be, with the line's end.
pub fn write<'a>(out: &mut Vec<u8>, fields: impl Iterator<Item = Cow<'a, str>>) -> Result<(), ExportError> {
    let fault = |error: csv::Error| ExportError::Fault(error.to_string());
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    for field in fields {
        writer.write_field(field.as_bytes()).map_err(fault)?;
    }
    writer.write_record(None::<&[u8]>).map_err(fault)?;
    writer.flush().map_err(|error| ExportError::Fault(error.to_string()))
}

fn text(cell: Cell<'_>, guarded: bool) -> Cow<'_, str> {
    match cell {
        Cell::Nothing => Cow::Borrowed(""),
        Cell::Text(text) if guarded => guard(text),
        Cell::Text(text) => text,
        Cell::Whole(number) => number.to_string().into(),
        Cell::Number(number) => number.to_string().into(),
        Cell::Amount(amount) => amount.to_string().into(),
        Cell::Flag(flag) => flag.to_string().into(),
        Cell::Instant(at) => at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true).into(),
        Cell::Local(local) => local.format("%Y-%m-%dT%H:%M:%S").to_string().into(),
        Cell::Day(day) => day.to_string().into(),
        Cell::Texts(texts) => serde_json::to_string(&texts).unwrap_or_default().into(),
        Cell::Json(value) => value.to_string().into(),
    }
}

/// Text that no spreadsheet runs. They run what begins like a formula, and what is collected was written by
/// strangers: such text gets an apostrophe before it, which spreadsheets take as "this is text".
pub fn guard(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}").into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_spreadsheets_would_run_is_text() {
        let check = |said: &'static str, expected: &str| {
            assert_eq!(text(Cell::Text(said.into()), true), expected);
            assert_eq!(text(Cell::Text(said.into()), false), said);
        };
        check("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")");
        check("+1 555", "'+1 555");
        check("@cmd", "'@cmd");
        check("Gala = fun", "Gala = fun");
        assert_eq!(text(Cell::Number(-90.5), true), "-90.5");
    }
}
