//! What queries give back: plain values, typed, ready to be shown or sent.

use chrono::{DateTime, Utc};
use model::{Change, ContentHash, Kind, Request, RowId, RunId, SourceName, When};
use serde_json::{Map, Value};

/// One event with what hangs on it.
#[derive(Debug, Clone, PartialEq)]
pub struct EventView {
    /// Its id.
    pub id: RowId,
    /// What it is called.
    pub title: Option<String>,
    /// When it begins, as stated and as resolved.
    pub start: Option<When>,
    /// When it ends.
    pub end: Option<When>,
    /// True when the source says that it takes whole days.
    pub all_day: bool,
    /// IANA zone name.
    pub timezone: Option<String>,
    /// `scheduled`, `cancelled`, …
    pub status: Option<String>,
    /// Its own page.
    pub url: Option<String>,
    /// Where tickets are sold.
    pub ticket_url: Option<String>,
    /// Whose it is.
    pub source: SourceName,
    /// The source's own key.
    pub source_key: String,
    /// Where it takes place.
    pub venue: Option<VenueView>,
    /// Where it takes place in the source's words.
    pub location_notes: Option<String>,
    /// Who puts it on.
    pub organizer: Option<String>,
    /// Who performs, headliner first.
    pub performers: Vec<String>,
    /// What it costs.
    pub price: PriceView,
    /// `available`, `sold_out`, …
    pub availability: Option<String>,
    /// `in_person`, `online` or `mixed`.
    pub attendance: Option<String>,
    /// The source's own categories.
    pub categories: Vec<String>,
    /// Free keywords.
    pub tags: Vec<String>,
    /// What it is about.
    pub description: Option<String>,
    /// A picture.
    pub image_url: Option<String>,
    /// The series it belongs to.
    pub series: Option<String>,
    /// When it was first stored, RFC 3339 UTC.
    pub first_seen: String,
    /// When a document last stated it, RFC 3339 UTC.
    pub last_seen: String,
    /// When a complete sweep no longer held it; `None` while it is there.
    pub gone_at: Option<String>,
}

/// An event's place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct VenueView {
    /// Its id; `None` when the source names a venue that it never described.
    pub id: Option<RowId>,
    /// Its name.
    pub name: Option<String>,
    /// Street and number.
    pub street: Option<String>,
    /// City or town.
    pub city: Option<String>,
    /// State, province or county.
    pub region: Option<String>,
    /// Postal code.
    pub postal_code: Option<String>,
    /// Country.
    pub country: Option<String>,
    /// The whole address as one text.
    pub address: Option<String>,
    /// Degrees north.
    pub lat: Option<f64>,
    /// Degrees east.
    pub lon: Option<f64>,
}

/// An event's price.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PriceView {
    /// Lowest price, in units of `currency`.
    pub min: Option<f64>,
    /// Highest price.
    pub max: Option<f64>,
    /// ISO 4217 code.
    pub currency: Option<String>,
    /// Whether attending costs nothing.
    pub is_free: Option<bool>,
}

/// A source and how many events it has that have not vanished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceCount {
    /// The source.
    pub source: SourceName,
    /// Its events.
    pub events: u64,
}

/// A run that begins.
#[derive(Debug, Clone)]
pub struct RunStart {
    /// Its id.
    pub id: RunId,
    /// Now.
    pub at: DateTime<Utc>,
    /// What was asked for: command, inputs, options; without secrets.
    pub command: Value,
}

/// A run as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct RunRow {
    /// Its id.
    pub id: RunId,
    /// When it began, RFC 3339 UTC.
    pub started_at: String,
    /// When it ended; `None` while it runs, or when it was killed.
    pub ended_at: Option<String>,
    /// `completed`, `partial`, `failed` or `cancelled`.
    pub outcome: Option<String>,
    /// What was asked for.
    pub command: Value,
    /// Its summary.
    pub summary: Value,
}

/// A landed document as kept.
#[derive(Debug, Clone, PartialEq)]
pub struct DocumentRow {
    /// Its number; later documents have higher ones.
    pub number: i64,
    /// The run that brought it.
    pub run: RunId,
    /// Its name.
    pub name: String,
    /// Where it came from in the end.
    pub url: String,
    /// The request that brought it.
    pub request: Request,
    /// HTTP status.
    pub status: u16,
    /// Response headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// When it was fetched, RFC 3339 UTC.
    pub fetched_at: String,
    /// `fetched`, `file` or `landed`.
    pub found: String,
    /// Its body in the landing; for an unchanged document the body that stands for it.
    pub body: Option<ContentHash>,
    /// Size of the body.
    pub size_bytes: u64,
    /// Its source.
    pub source: SourceName,
    /// The connector that read it.
    pub connector: String,
    /// Its scope.
    pub scope: String,
    /// `read`, `unchanged` or `failed`.
    pub outcome: String,
    /// Why it failed.
    pub error: Option<String>,
    /// Records it stated.
    pub records: u64,
}

/// One row with everything that is known of where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Shown {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: RowId,
    /// Its source.
    pub source: SourceName,
    /// The source's own key.
    pub source_key: String,
    /// When it was first stored, RFC 3339 UTC.
    pub first_seen: String,
    /// When a document last stated it.
    pub last_seen: String,
    /// When a complete sweep no longer held it.
    pub gone_at: Option<String>,
    /// Its fields that have a value, by column name, in column order.
    pub fields: Map<String, Value>,
    /// For each field that was ever stated, what last set it; in column order.
    pub origins: Vec<FieldOrigin>,
    /// Its changes, oldest first.
    pub history: Vec<Change>,
    /// The documents that state it now.
    pub sightings: Vec<Sighting>,
    /// Its offers, for an event: their fields with `id` and `key`.
    pub offers: Vec<Map<String, Value>>,
}

/// Which document last set a field.
#[derive(Debug, Clone, PartialEq)]
pub struct FieldOrigin {
    /// Column name.
    pub field: String,
    /// Number of the change in the log.
    pub change: i64,
    /// The run.
    pub run: RunId,
    /// When it was committed, RFC 3339 UTC.
    pub at: String,
    /// Name of the document.
    pub document: Option<String>,
    /// Its address.
    pub url: Option<String>,
    /// When it was fetched.
    pub fetched_at: Option<String>,
}

/// A document that states a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sighting {
    /// The document's name.
    pub document: String,
    /// The connector that reads it.
    pub connector: String,
    /// Its scope.
    pub scope: String,
    /// When it last did, RFC 3339 UTC.
    pub seen_at: String,
}

/// A quarantined listing.
#[derive(Debug, Clone, PartialEq)]
pub struct QuarantineRow {
    /// The run that last saw it.
    pub run: RunId,
    /// The document that stated it.
    pub document: String,
    /// Its source.
    pub source: SourceName,
    /// Its kind, where known.
    pub kind: Option<Kind>,
    /// Its source key, where it has one.
    pub key: Option<String>,
    /// The class of fault.
    pub reason: String,
    /// What exactly is wrong.
    pub detail: String,
    /// What the source said.
    pub said: Value,
    /// When it was first quarantined, RFC 3339 UTC.
    pub first_seen: String,
    /// When it was last quarantined.
    pub last_seen: String,
    /// In how many runs.
    pub count: u64,
    /// When it passed, or was no longer stated; `None` while it stands.
    pub resolved_at: Option<String>,
}
