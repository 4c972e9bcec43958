//! The formats. One file a format, one line here.

pub mod csv;
mod ics;
mod json;
mod jsonld;
mod ndjson;
#[cfg(feature = "parquet")]
mod parquet;
mod rss;
mod xml;

use model::{Kind, nearest};
use store::KeptRow;

use super::{ExportError, Layout};

/// Every format, in the order of the reference.
pub static FORMATS: &[&FormatSpec] = &[
    &ndjson::SPEC,
    &json::SPEC,
    &csv::SPEC,
    #[cfg(feature = "parquet")]
    &parquet::SPEC,
    &ics::SPEC,
    &rss::SPEC,
    &jsonld::SPEC,
];

/// One format.
#[derive(Debug)]
pub struct FormatSpec {
    /// The word for it, and how its files end.
    pub name: &'static str,
    /// What it is, one line.
    pub summary: &'static str,
    /// It holds events and nothing else.
    pub events_only: bool,
    /// It can say that a row is gone.
    pub tells_gone: bool,
    /// It is not for eyes.
    pub binary: bool,
    /// A new encoder.
    pub make: fn(&Layout) -> Box<dyn Encoder>,
}

/// Makes bytes of rows. Pure: what it gives depends on the rows alone, so that an export which is gone on
/// with ends with the same bytes as one that never stopped.
pub trait Encoder: Send {
    /// What comes before the first row.
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError>;

    /// One row; says why where the format cannot hold it.
    fn row(&mut self, row: KeptRow, out: &mut Vec<u8>) -> Result<Option<&'static str>, ExportError>;

    /// After each page. Where every row so far is in the bytes: what an encoder needs to know, beside how
    /// far they go, to go on behind them.
    fn settle(&mut self, out: &mut Vec<u8>) -> Result<Option<String>, ExportError> {
        let _ = out;
        Ok(Some(String::new()))
    }

    /// Goes on behind what another encoder wrote; `notes` are all that it gave, in order.
    fn resume(&mut self, at: &At, notes: &[String]) -> Result<(), ExportError> {
        let _ = (at, notes);
        Ok(())
    }

    /// What comes after the last row.
    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError>;

    /// Rows that it holds and has not written.
    fn held(&self) -> usize {
        0
    }
}

/// Where an encoder goes on.
#[derive(Debug, Clone, Copy)]
pub struct At {
    /// Rows written.
    pub rows: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// The format called `name`, for rows of `kind`.
pub fn find(name: &str, kind: Kind) -> Result<&'static FormatSpec, String> {
    let names = || FORMATS.iter().map(|format| format.name);
    let Some(format) = FORMATS.iter().find(|format| format.name == name) else {
        if name == "parquet" {
            return Err(
                "this callboard was built without Parquet; csv and ndjson hold the same rows".to_owned()
            );
        }
        let near = nearest(name, names()).map(|near| format!("; did you mean {near}")).unwrap_or_default();
        return Err(format!(
            "{name:?} is no format{near}; there are {}",
            names().collect::<Vec<_>>().join(", ")
        ));
    };
    if format.events_only && kind != Kind::Event {
        let others: Vec<&str> =
            FORMATS.iter().filter(|other| !other.events_only).map(|other| other.name).collect();
        return Err(format!(
            "{name} holds events only; a {} can be exported as {}",
            kind.name(),
            others.join(", ")
        ));
    }
    Ok(format)
}

/// The reasons for which rows are left out.
pub(crate) const GONE: &str = "no longer listed, which this format cannot say";
