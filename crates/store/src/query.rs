//! Events by time, place, text and the rest.

use chrono::{DateTime, NaiveDate, Utc};

/// One end of a time range.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// A calendar day, compared with the local day of the event; an event that runs over several
    /// days counts while any of its days is inside.
    Day(NaiveDate),
    /// An instant, compared with the resolved start; events without one are left out.
    Instant(DateTime<Utc>),
}

/// A circle on the map.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near {
    /// Degrees north.
    pub lat: f64,
    /// Degrees east.
    pub lon: f64,
    /// Kilometres.
    pub radius_km: f64,
}

/// Which events to find; what is `None` does not limit.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventQuery {
    /// First day or instant, included.
    pub from: Option<Bound>,
    /// Last day, included, or last instant.
    pub to: Option<Bound>,
    /// Only events whose venue has coordinates inside.
    pub near: Option<Near>,
    /// Words that must all occur in title, description, venue, city, performers or categories; the
    /// last one may be the beginning of a word. Any text is fine.
    pub text: Option<String>,
    /// One of the event's categories or tags, without regard to case.
    pub category: Option<String>,
    /// Source name, without regard to case.
    pub source: Option<String>,
    /// Status, without regard to case.
    pub status: Option<String>,
    /// `Some(true)`: only those stated as free; `Some(false)`: only those stated as not free.
    pub free: Option<bool>,
    /// Include those that have vanished.
    pub include_gone: bool,
    /// At most so many; `None` is all.
    pub limit: Option<usize>,
    /// Skip so many first.
    pub offset: usize,
}
