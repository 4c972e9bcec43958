//! Parquet files: typed columns, compressed. Rows are held until there are enough for a row group, which
//! is written whole; the places of all groups follow at the end of the file, so they are what an export
//! that is gone on with has to know.

mod column;

use std::sync::Arc;

use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::metadata::{
    FileMetaData, KeyValue, ParquetMetaData, ParquetMetaDataReader, ParquetMetaDataWriter, RowGroupMetaData,
};
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesPtr};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::{SchemaDescriptor, TypePtr};
use store::KeptRow;

use super::{At, Encoder, ExportError, FormatSpec, Layout};
use crate::export::columns::Column;
use column::Values;

pub(super) static SPEC: FormatSpec = FormatSpec {
    name: "parquet",
    summary: "typed columns, compressed with zstd, for pandas, DuckDB, Spark and the like",
    events_only: false,
    tells_gone: true,
    binary: true,
    make: |layout| Box::new(Parquet::new(layout)),
};

/// A group ends with the page that fills it.
const GROUP_ROWS: usize = 20_000;
const GROUP_BYTES: usize = 32_000_000;

/// What a file begins with, and its footer ends with behind four bytes of length.
const MAGIC: &[u8] = b"PAR1";
const FOOTER_TAIL: usize = 8;

struct Parquet {
    layout: Layout,
    columns: Vec<Column>,
    values: Vec<Values>,
    held: usize,
    groups: Vec<RowGroupMetaData>,
    rows: i64,
    /// Bytes of the file so far.
    position: u64,
}

impl Parquet {
    fn new(layout: &Layout) -> Parquet {
        let columns = layout.columns();
        let values = columns.iter().map(|column| Values::of(column.shape)).collect();
        Parquet { layout: layout.clone(), columns, values, held: 0, groups: Vec::new(), rows: 0, position: 0 }
    }

    fn schema(&self) -> Result<TypePtr, ExportError> {
        let fields: Vec<String> =
            self.columns.iter().map(|column| column::declared(&column.name, column.shape)).collect();
        let message = format!("message {} {{ {} }}", self.layout.kind.name(), fields.join(" "));
        Ok(Arc::new(parse_message_type(&message).map_err(fault)?))
    }

    /// Writes what is held as a group. It is made as a small file of its own, of which the middle goes
    /// into this one, and the footer is what is noted.
    fn write_group(&mut self, out: &mut Vec<u8>) -> Result<String, ExportError> {
        let mut alone =
            SerializedFileWriter::new(Vec::new(), self.schema()?, properties()?).map_err(fault)?;
        let mut group = alone.next_row_group().map_err(fault)?;
        for values in &mut self.values {
            let mut writer = group.next_column().map_err(fault)?.ok_or_else(|| {
                ExportError::Fault("a Parquet file has fewer columns than its schema".to_owned())
            })?;
            std::mem::replace(values, values.empty()).write(writer.untyped()).map_err(fault)?;
            writer.close().map_err(fault)?;
        }
        group.close().map_err(fault)?;
        let end = alone.bytes_written();
        let bytes = alone.into_inner().map_err(fault)?;
        let footer = &bytes[end..bytes.len() - FOOTER_TAIL];
        self.add(self.position, footer)?;
        let note = format!("{} {}", self.position, hex(footer));
        self.position += (end - MAGIC.len()) as u64;
        out.extend(&bytes[MAGIC.len()..end]);
        self.held = 0;
        Ok(note)
    }

    /// Enters the group whose small file had this footer, and that stands here in this one.
    fn add(&mut self, position: u64, footer: &[u8]) -> Result<(), ExportError> {
        let alone = ParquetMetaDataReader::decode_metadata(footer).map_err(fault)?;
        let shift = i64::try_from(position).unwrap_or(i64::MAX) - MAGIC.len() as i64;
        for group in alone.row_groups() {
            let ordinal = i32::try_from(self.groups.len()).unwrap_or(i32::MAX);
            self.rows += group.num_rows();
            self.groups.push(shifted(group, shift, ordinal).map_err(fault)?);
        }
        Ok(())
    }

    fn known(&self) -> Vec<KeyValue> {
        let since = self.layout.since.map(|since| ("callboard.since", since.to_string()));
        let known = [
            ("callboard.kind", self.layout.kind.name().to_owned()),
            ("callboard.change", self.layout.change.to_string()),
        ];
        known.into_iter().chain(since).map(|(key, value)| KeyValue::new(key.to_owned(), value)).collect()
    }
}

impl Encoder for Parquet {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(MAGIC);
        self.position = MAGIC.len() as u64;
        Ok(())
    }

    fn row(&mut self, row: KeptRow, _: &mut Vec<u8>) -> Result<Option<&'static str>, ExportError> {
        for (column, values) in self.columns.iter().zip(&mut self.values) {
            values.push(column.cell(&row));
        }
        self.held += 1;
        Ok(None)
    }

    fn settle(&mut self, out: &mut Vec<u8>) -> Result<Option<String>, ExportError> {
        let bytes: usize = self.values.iter().map(Values::bytes).sum();
        if self.held < GROUP_ROWS && bytes < GROUP_BYTES {
            return Ok(None);
        }
        self.write_group(out).map(Some)
    }

    fn resume(&mut self, at: &At, notes: &[String]) -> Result<(), ExportError> {
        let damaged = || ExportError::Usage("the notes of what was left are damaged".to_owned());
        for note in notes.iter().filter(|note| !note.is_empty()) {
            let (position, footer) = note.split_once(' ').ok_or_else(damaged)?;
            let footer = unhex(footer).ok_or_else(damaged)?;
            self.add(position.parse().map_err(|_| damaged())?, &footer)?;
        }
        self.position = at.bytes;
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        if self.held > 0 {
            self.write_group(out)?;
        }
        let schema = Arc::new(SchemaDescriptor::new(self.schema()?));
        let made_by = Some(format!("callboard version {}", env!("CARGO_PKG_VERSION")));
        let file = FileMetaData::new(1, self.rows, made_by, Some(self.known()), schema, None);
        let whole = ParquetMetaData::new(file, std::mem::take(&mut self.groups));
        ParquetMetaDataWriter::new(out, &whole).finish().map_err(fault)
    }

    fn held(&self) -> usize {
        self.held
    }
}

fn properties() -> Result<WriterPropertiesPtr, ExportError> {
    let level = ZstdLevel::try_new(3).map_err(fault)?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(level))
        // An index of pages would have to be moved with its group, for little: groups are small.
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true);
    Ok(Arc::new(properties.build()))
}

/// The same group, so many bytes further on.
fn shifted(group: &RowGroupMetaData, by: i64, ordinal: i32) -> Result<RowGroupMetaData, ParquetError> {
    let mut columns = Vec::with_capacity(group.num_columns());
    for column in group.columns() {
        let (data, dictionary) = (column.data_page_offset(), column.dictionary_page_offset());
        let moved = column.clone().into_builder().set_data_page_offset(data + by);
        columns.push(moved.set_dictionary_page_offset(dictionary.map(|at| at + by)).build()?);
    }
    let begins = group.file_offset().unwrap_or(MAGIC.len() as i64) + by;
    let moved = group.clone().into_builder().set_column_metadata(columns);
    moved.set_file_offset(begins).set_ordinal(ordinal).build()
}

fn fault(error: ParquetError) -> ExportError {
    ExportError::Fault(format!("a Parquet file could not be made: {error}"))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits = text.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).collect()
}
