//! The sellers asked through their API, as a client would, and held against their own truth.

mod asking;
mod contract;
mod faults;
mod mess;
mod sums;

use chrono::{DateTime, Utc};

use super::seller::Seller;
use super::{TicketingOptions, sellers};

fn now() -> DateTime<Utc> {
    "2026-11-26T09:30:00Z".parse().expect("a time")
}

fn options(regions: usize) -> TicketingOptions {
    TicketingOptions::small(7, now(), regions)
}

/// The first of the regions.
fn seller() -> Seller {
    sellers(&options(1)).swap_remove(0)
}
