//! The sandbox's own record of what its upstreams list.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

/// Which of the three.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Upstream {
    /// The iCalendar feed.
    Calendar,
    /// The venue site.
    Site,
    /// The JSON API.
    Api,
}

/// One event, or one occurrence of a repeating one.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TruthEvent {
    /// Who lists it.
    pub upstream: Upstream,
    /// The upstream's own id: the UID, the page's path, the API's id. Occurrences share it.
    pub id: String,
    /// Its name.
    pub title: String,
    /// When it starts; `None` for whole days.
    pub start: Option<DateTime<Utc>>,
    /// When it ends; `None` for whole days.
    pub end: Option<DateTime<Utc>>,
    /// The local date it starts on.
    pub start_date: NaiveDate,
    /// IANA name of its zone.
    pub timezone: String,
    /// True for whole days.
    pub all_day: bool,
    /// Where.
    pub venue: TruthVenue,
    /// What it costs, where the upstream says so; the calendar never does.
    pub price: Option<Price>,
    /// How it stands.
    pub status: Status,
}

/// A place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TruthVenue {
    /// Its name.
    pub name: String,
    /// Its street address.
    pub street: String,
    /// Its city.
    pub city: String,
    /// ISO 3166 code of its country.
    pub country: String,
    /// Latitude in degrees.
    pub lat: f64,
    /// Longitude in degrees.
    pub lon: f64,
}

/// A price range in minor units (cents; whole yen); 0 to 0 is free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Price {
    /// Lowest.
    pub min_minor: i64,
    /// Highest.
    pub max_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
}

/// How an event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Takes place.
    Scheduled,
    /// Takes place, no tickets left.
    SoldOut,
    /// Was called off.
    Cancelled,
}

/// What [`Sandbox::mutate`](crate::Sandbox::mutate) did.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Mutation {
    /// Events that read differently now.
    pub edited: Vec<Edit>,
    /// Events no longer listed.
    pub removed: Vec<(Upstream, String)>,
}

/// One event that reads differently now.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Edit {
    /// Who lists it.
    pub upstream: Upstream,
    /// The upstream's own id.
    pub id: String,
    /// What differs: `title`, `start`, `price`, `status`.
    pub fields: Vec<&'static str>,
}
