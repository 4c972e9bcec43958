//! How large the sellers are, and the instant that their dates are laid around.

use chrono::{DateTime, Utc};

use super::TicketingFaults;

/// What to generate.
#[derive(Debug, Clone)]
pub struct TicketingOptions {
    /// The same seed and `now` give the same sellers.
    pub seed: u64,
    /// Dates are laid around this instant; the sandbox reads no clock.
    pub now: DateTime<Utc>,
    /// How many regions there are, each a seller with a race of its own: 1 to 9.
    pub regions: usize,
    /// Tickets of all races together; each seller has some of other events besides.
    pub tickets: usize,
    /// Series of coupons come in `docs`, as users of the API have seen it; its owner's file says a bare array.
    pub series_in_docs: bool,
    /// What goes wrong.
    pub faults: TicketingFaults,
}

impl TicketingOptions {
    /// Five regions with 30,000 tickets, without faults.
    pub fn new(seed: u64, now: DateTime<Utc>) -> TicketingOptions {
        TicketingOptions {
            seed,
            now,
            regions: 5,
            tickets: 30_000,
            series_in_docs: false,
            faults: TicketingFaults::default(),
        }
    }

    /// A small seller for tests, of so many regions.
    pub fn small(seed: u64, now: DateTime<Utc>, regions: usize) -> TicketingOptions {
        TicketingOptions { regions, tickets: 500 * regions, ..TicketingOptions::new(seed, now) }
    }
}
