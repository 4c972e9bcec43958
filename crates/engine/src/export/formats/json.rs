//! One JSON list, an object a line.

use store::KeptRow;

use super::ndjson::{append, object};
use super::{At, Encoder, ExportError, FormatSpec, Layout};

pub(super) static SPEC: FormatSpec = FormatSpec {
    name: "json",
    summary: "one JSON list of the objects of ndjson",
    events_only: false,
    tells_gone: true,
    binary: false,
    make: |layout| Box::new(Json { layout: layout.clone(), some: false }),
};

struct Json {
    layout: Layout,
    /// A row came before.
    some: bool,
}

impl Encoder for Json {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(b"[");
        Ok(())
    }

    fn row(&mut self, row: KeptRow, out: &mut Vec<u8>) -> Result<Option<&'static str>, ExportError> {
        out.extend(if self.some { ",\n" } else { "\n" }.bytes());
        self.some = true;
        append(&object(&self.layout, row), out)?;
        Ok(None)
    }

    fn resume(&mut self, at: &At, _: &[String]) -> Result<(), ExportError> {
        self.some = at.rows > 0;
        Ok(())
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(b"\n]\n");
        Ok(())
    }
}
