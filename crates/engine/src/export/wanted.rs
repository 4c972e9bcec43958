//! What is to be exported, from what people write: kind, format, conditions. Everything is checked here,
//! before anything is read or written.

use chrono::{DateTime, NaiveDate, Utc};
use model::{ContentHash, EVENT_STATUSES, Kind, nearest};
use serde_json::{Map, Value, json};
use store::{Bound, EventQuery, Near, RowCondition, RowQuery};

use super::formats::{self, FormatSpec};
use super::{ExportError, Layout};

/// A checked request.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// How it is written.
    pub format: &'static FormatSpec,
    /// Which rows.
    pub query: RowQuery,
    /// With the columns that are marked as personal data.
    pub personal: bool,
    /// Text that spreadsheets would run is made harmless.
    pub guarded: bool,
    /// Only so many events, those that start earliest.
    pub limit: Option<usize>,
    /// The conditions as they were written.
    said: Vec<String>,
}

/// Conditions on events that are not on one column.
const WORDS: [&str; 5] = ["from", "to", "q", "category", "near"];

impl Wanted {
    /// Every row of a kind in a format.
    pub fn new(kind: &str, format: &str) -> Result<Wanted, ExportError> {
        let kind = self::kind(kind)?;
        let format = formats::find(format, kind).map_err(ExportError::Usage)?;
        let query = RowQuery::all(kind);
        Ok(Wanted { format, query, personal: false, guarded: true, limit: None, said: Vec::new() })
    }

    /// Only rows of which this holds: `city=Berlin`, and for events also `from=`, `to=`, `q=`, `category=`
    /// and `near=LAT,LON,KM`.
    pub fn only(mut self, condition: &str) -> Result<Wanted, ExportError> {
        let parts = RowCondition::parts(condition).filter(|_| self.query.kind == Kind::Event);
        match parts {
            Some((name, _, "")) if WORDS.contains(&name) => {
                return Err(ExportError::Usage(format!("{condition:?}: {name} needs a value")));
            }
            Some((name, "=", value)) if WORDS.contains(&name) => {
                word(&mut self.query.events, name, value)?;
            }
            Some(("source", "=", value)) if !value.is_empty() => {
                self.query.events.source = Some(value.to_owned());
            }
            Some(("status", "=", value)) if !value.is_empty() => {
                let known = EVENT_STATUSES.iter().any(|status| status.eq_ignore_ascii_case(value));
                if !known {
                    let all = EVENT_STATUSES.join(", ");
                    return Err(ExportError::Usage(format!("status: {value:?} is none of {all}")));
                }
                self.query.events.status = Some(value.to_owned());
            }
            _ => {
                let kind = self.query.kind;
                let read = RowCondition::parse(kind, condition).map_err(ExportError::Usage)?;
                self.query.conditions.push(read);
            }
        }
        self.said.push(condition.to_owned());
        Ok(self)
    }

    /// The same, once everything is set: refuses what contradicts itself.
    pub fn checked(self) -> Result<Wanted, ExportError> {
        if let Some(condition) = self.query.conditions.iter().find(|c| c.is_personal() && !self.personal) {
            return Err(ExportError::Usage(format!(
                "{condition}: personal data can only be asked for with --personal"
            )));
        }
        if self.query.gone && !self.format.tells_gone {
            return Err(ExportError::Usage(format!(
                "{} cannot say that an event is gone; leave out --gone, or take ndjson, csv, parquet or ics",
                self.format.name
            )));
        }
        if self.query.since.is_some_and(|since| since < 0) {
            return Err(ExportError::Usage("--since is a number of the change log, 0 or more".to_owned()));
        }
        if self.limit.is_some() && self.query.kind != Kind::Event {
            return Err(ExportError::Usage(
                "only events have an order of which the first can be had".to_owned(),
            ));
        }
        Ok(self)
    }

    /// What an encoder has to know.
    pub(super) fn layout(&self, change: i64) -> Layout {
        let (kind, personal, guarded) = (self.query.kind, self.personal, self.guarded);
        Layout { kind, personal, guarded, change, since: self.query.since }
    }

    /// What has to be the same when an export is gone on with.
    pub(super) fn asked(&self) -> Map<String, Value> {
        let columns: Vec<String> = self.layout(0).columns().into_iter().map(|column| column.name).collect();
        let asked = json!({
            "kind": self.query.kind.name(),
            "format": self.format.name,
            "where": self.said,
            "since": self.query.since,
            "gone": self.query.gone,
            "personal": self.personal,
            "guarded": self.guarded,
            "limit": self.limit,
            "columns": ContentHash::of(columns.join(",").as_bytes()).short(),
            "version": env!("CARGO_PKG_VERSION"),
        });
        match asked {
            Value::Object(members) => members,
            _ => Map::new(),
        }
    }
}

fn kind(name: &str) -> Result<Kind, ExportError> {
    let names = || Kind::ALL.iter().map(|kind| kind.name());
    let singular = name.strip_suffix('s').unwrap_or(name);
    Kind::from_name(name).or_else(|| Kind::from_name(singular)).ok_or_else(|| {
        let near = nearest(name, names()).map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        let all = names().collect::<Vec<_>>().join(", ");
        ExportError::Usage(format!("kind: {name:?} cannot be exported{near}; there are {all}"))
    })
}

fn word(events: &mut EventQuery, name: &str, value: &str) -> Result<(), ExportError> {
    match name {
        "from" => events.from = Some(bound(name, value)?),
        "to" => events.to = Some(bound(name, value)?),
        "q" => events.text = Some(value.to_owned()),
        "category" => events.category = Some(value.to_owned()),
        _ => events.near = Some(near(value)?),
    }
    Ok(())
}

/// One end of a time range.
fn bound(name: &str, text: &str) -> Result<Bound, ExportError> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        return Ok(Bound::Day(day));
    }
    match DateTime::parse_from_rfc3339(text) {
        Ok(instant) => Ok(Bound::Instant(instant.with_timezone(&Utc))),
        Err(_) => Err(ExportError::Usage(format!(
            "{name}: {text:?} is neither a day like 2026-12-01 nor an instant like 2026-12-01T18:00:00Z"
        ))),
    }
}

fn near(text: &str) -> Result<Near, ExportError> {
    let numbers: Vec<f64> = text.split(',').filter_map(|part| part.trim().parse().ok()).collect();
    match numbers[..] {
        [lat, lon, radius_km] => Ok(Near { lat, lon, radius_km }),
        _ => Err(ExportError::Usage(format!("near: {text:?} is not LAT,LON,KM like 29.95,-90.07,25"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_wrong_before_anything_is_written() {
        let check = |kind, format, condition: &str, expected: &str| {
            let wanted = Wanted::new(kind, format).and_then(|w| w.only(condition)).and_then(Wanted::checked);
            let said = wanted.expect_err(condition).to_string();
            assert!(said.contains(expected), "{said}");
        };
        check("poster", "csv", "", "kind: \"poster\" cannot be exported");
        check("venu", "csv", "", "did you mean venue?; there are venue,");
        check("event", "xlsx", "", "\"xlsx\" is no format");
        check("venue", "ics", "", "ics holds events only; a venue can be exported as ndjson, json, csv");
        check("event", "csv", "from=soon", "neither a day");
        check("event", "csv", "q=", "q needs a value");
        check("event", "csv", "status=bogus", "is none of scheduled, tentative");
        check("event", "csv", "near=1,2", "is not LAT,LON,KM");
        check("venue", "csv", "from=2026-12-01", "venue has no column \"from\"");
        check("organizer", "csv", "email=x@y.test", "only be asked for with --personal");
    }

    #[test]
    fn events_are_asked_for_as_elsewhere() {
        let wanted = Wanted::new("events", "ndjson").unwrap();
        let wanted = ["from=2026-12-01", "q=jazz night", "status=scheduled", "title!=x"]
            .iter()
            .fold(wanted, |wanted, condition| wanted.only(condition).unwrap());
        let events = &wanted.query.events;
        assert_eq!(events.from, Some(Bound::Day("2026-12-01".parse().unwrap())));
        assert_eq!(
            (events.text.as_deref(), events.status.as_deref()),
            (Some("jazz night"), Some("scheduled"))
        );
        assert_eq!(wanted.query.conditions.len(), 1);
    }
}
