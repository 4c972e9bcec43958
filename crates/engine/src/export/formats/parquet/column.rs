//! The values of one column of a row group, and how the column is declared.

use chrono::{DateTime, NaiveDate};
use parquet::column::writer::ColumnWriter;
use parquet::data_type::ByteArray;
use parquet::errors::{ParquetError, Result};

use crate::export::columns::{Cell, Shape};

/// A line of the schema. Any column may be without a value.
pub(super) fn declared(name: &str, shape: Shape) -> String {
    match shape {
        Shape::Text => format!("optional binary {name} (STRING);"),
        Shape::Json => format!("optional binary {name} (JSON);"),
        Shape::Whole => format!("optional int64 {name};"),
        Shape::Number => format!("optional double {name};"),
        Shape::Amount => format!("optional int64 {name} (DECIMAL(18,4));"),
        Shape::Flag => format!("optional boolean {name};"),
        Shape::Instant => format!("optional int64 {name} (TIMESTAMP(MICROS,true));"),
        Shape::Local => format!("optional int64 {name} (TIMESTAMP(MICROS,false));"),
        Shape::Day => format!("optional int32 {name} (DATE);"),
        Shape::Texts => {
            format!(
                "optional group {name} (LIST) {{ repeated group list {{ optional binary element (STRING); }} }}"
            )
        }
    }
}

/// What a column holds. A definition level says for each place whether there is a value, for lists also
/// whether there is a list and whether it is empty; a repetition level whether it goes on with a list.
pub(super) struct Values {
    shape: Shape,
    stored: Stored,
    defined: Vec<i16>,
    repeated: Vec<i16>,
    bytes: usize,
}

enum Stored {
    Bytes(Vec<ByteArray>),
    Long(Vec<i64>),
    Short(Vec<i32>),
    Double(Vec<f64>),
    Flag(Vec<bool>),
}

/// Definition levels of lists; what is not there at all has 0, as everywhere.
const EMPTY_LIST: i16 = 1;
const ELEMENT: i16 = 3;

/// What a place takes beside its value.
const LEVEL_BYTES: usize = 12;

impl Values {
    pub(super) fn of(shape: Shape) -> Values {
        let stored = match shape {
            Shape::Text | Shape::Json | Shape::Texts => Stored::Bytes(Vec::new()),
            Shape::Whole | Shape::Amount | Shape::Instant | Shape::Local => Stored::Long(Vec::new()),
            Shape::Day => Stored::Short(Vec::new()),
            Shape::Number => Stored::Double(Vec::new()),
            Shape::Flag => Stored::Flag(Vec::new()),
        };
        Values { shape, stored, defined: Vec::new(), repeated: Vec::new(), bytes: 0 }
    }

    /// The same column without values.
    pub(super) fn empty(&self) -> Values {
        Values::of(self.shape)
    }

    /// About how much memory it takes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn push(&mut self, cell: Cell<'_>) {
        self.bytes += LEVEL_BYTES;
        if let Cell::Texts(texts) = &cell {
            return self.push_list(texts);
        }
        if self.shape == Shape::Texts {
            self.repeated.push(0);
        }
        let stored = self.store(cell);
        self.defined.push(i16::from(stored));
    }

    /// Keeps a value; false where there is none.
    fn store(&mut self, cell: Cell<'_>) -> bool {
        match (&mut self.stored, cell) {
            (Stored::Bytes(all), Cell::Text(text)) => {
                self.bytes += text.len() + size_of::<ByteArray>();
                all.push(ByteArray::from(text.into_owned().into_bytes()));
            }
            (Stored::Bytes(all), Cell::Json(value)) => {
                let text = value.to_string();
                self.bytes += text.len() + size_of::<ByteArray>();
                all.push(ByteArray::from(text.into_bytes()));
            }
            (Stored::Long(all), Cell::Whole(number)) => all.push(number),
            (Stored::Long(all), Cell::Amount(amount)) => {
                all.push((amount.as_f64() * 10_000.0).round() as i64)
            }
            (Stored::Long(all), Cell::Instant(at)) => all.push(at.timestamp_micros()),
            (Stored::Long(all), Cell::Local(local)) => all.push(local.and_utc().timestamp_micros()),
            (Stored::Short(all), Cell::Day(day)) => all.push(days(day)),
            (Stored::Double(all), Cell::Number(number)) => all.push(number),
            (Stored::Flag(all), Cell::Flag(flag)) => all.push(flag),
            _ => return false,
        }
        true
    }

    fn push_list(&mut self, texts: &[&str]) {
        if texts.is_empty() {
            self.defined.push(EMPTY_LIST);
            self.repeated.push(0);
        }
        for (index, text) in texts.iter().enumerate() {
            self.store(Cell::Text((*text).into()));
            self.defined.push(ELEMENT);
            self.repeated.push(i16::from(index > 0));
        }
    }

    /// Writes all of it.
    pub(super) fn write(self, writer: &mut ColumnWriter<'_>) -> Result<()> {
        let defined = Some(self.defined.as_slice());
        let repeated = (self.shape == Shape::Texts).then_some(self.repeated.as_slice());
        match (writer, self.stored) {
            (ColumnWriter::ByteArrayColumnWriter(to), Stored::Bytes(all)) => {
                to.write_batch(&all, defined, repeated)
            }
            (ColumnWriter::Int64ColumnWriter(to), Stored::Long(all)) => {
                to.write_batch(&all, defined, repeated)
            }
            (ColumnWriter::Int32ColumnWriter(to), Stored::Short(all)) => {
                to.write_batch(&all, defined, repeated)
            }
            (ColumnWriter::DoubleColumnWriter(to), Stored::Double(all)) => {
                to.write_batch(&all, defined, repeated)
            }
            (ColumnWriter::BoolColumnWriter(to), Stored::Flag(all)) => {
                to.write_batch(&all, defined, repeated)
            }
            _ => Err(ParquetError::General("a column's values are not of its type".to_owned())),
        }?;
        Ok(())
    }
}

fn days(day: NaiveDate) -> i32 {
    i32::try_from((day - DateTime::UNIX_EPOCH.date_naive()).num_days()).unwrap_or(0)
}
