//! A calendar that calendar programs import and subscribe to: a VEVENT an event, occurrences of a series
//! each with an id of its own.

use store::KeptRow;

use super::{Encoder, ExportError, FormatSpec};
use crate::present::{CALENDAR_END, CALENDAR_HEAD, vevent};

pub(super) static SPEC: FormatSpec = FormatSpec {
    name: "ics",
    summary: "an iCalendar file of events, to import or to subscribe to",
    events_only: true,
    tells_gone: true,
    binary: false,
    make: |_| Box::new(Ics),
};

struct Ics;

/// Whatever has no day cannot stand in a calendar.
const NO_DAY: &str = "without a day, which a calendar cannot hold";

impl Encoder for Ics {
    fn begin(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(CALENDAR_HEAD.bytes());
        Ok(())
    }

    fn row(&mut self, row: KeptRow, out: &mut Vec<u8>) -> Result<Option<&'static str>, ExportError> {
        match row.event.as_ref().and_then(vevent) {
            Some(text) => out.extend(text.bytes()),
            None => return Ok(Some(NO_DAY)),
        }
        Ok(None)
    }

    fn end(&mut self, out: &mut Vec<u8>) -> Result<(), ExportError> {
        out.extend(CALENDAR_END.bytes());
        Ok(())
    }
}
