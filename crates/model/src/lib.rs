//! The vocabulary every other crate speaks: record kinds and their table specs, what a source said
//! and whether it said it, times, money, ids, requests, documents, readings, changes and findings.
//!
//! Nothing here does I/O, reads a clock or knows a source; everything is plain values.
#![warn(missing_docs)]

mod amount;
mod change;
mod document;
mod finding;
pub mod grade;
mod id;
mod kinds;
pub mod mask;
mod record;
mod stated;
mod when;
mod window;

pub use amount::Amount;
pub use change::{Change, Edit, Op};
pub use document::{Body, Document, Found, Method, Note, Reading, Rejected, Request};
pub use finding::{Finding, Severity, nearest};
pub use id::{ContentHash, RowId, RunId, SourceName};
pub use kinds::{
    Card, CardCategory, CardSet, CardTotals, CardYear, Coupon, CouponSeries, EVENT_STATUSES, Event,
    GradedCard, Kind, Offer, Organizer, Performer, Record, Scan, Shop, ShopOffer, Ticket, Transaction, Venue,
};
pub use record::{Column, ColumnType, ColumnValue, FieldError, TableSpec};
pub use stated::Stated;
pub use when::{Clock, When, Zone};
pub use window::Window;
