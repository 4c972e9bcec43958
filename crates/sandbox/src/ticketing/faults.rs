//! What can go wrong with the API, one switch each. They can be thrown while it runs.

use std::time::Duration;

use crate::dice::Dice;

/// Faults of the API; none by default. Which requests are struck follows from the seed.
#[derive(Debug, Clone, Default)]
pub struct TicketingFaults {
    /// Waits before each answer.
    pub latency: Duration,
    /// Every n-th request is answered 429; 0 is never.
    pub too_many_every: u64,
    /// The `Retry-After` of those; without one they say nothing of when.
    pub retry_after_secs: Option<u64>,
    /// Per cent of requests answered 503.
    pub fail_percent: u8,
    /// Lists of more rows than this are answered 503, always.
    pub largest_page: Option<usize>,
    /// Per cent of requests whose connection is cut in the middle of the body.
    pub cut_percent: u8,
    /// Per cent of answers that are whole for HTTP but end in the middle of their JSON.
    pub truncated_percent: u8,
    /// Added to every total.
    pub total_off: i64,
    /// Regions of which everything is answered 503.
    pub failing: Vec<String>,
    /// Edits made after each list of tickets, so that rows move while they are paged through.
    pub edits_per_page: usize,
    /// How many edits that may become in each region.
    pub edits_at_most: usize,
}

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Strike {
    TooMany,
    Unavailable,
    Cut,
    Truncated,
}

impl TicketingFaults {
    /// What befalls the `number`th request, from 1, of a region that asks for `top` rows.
    pub(crate) fn strike(&self, seed: u64, number: u64, region: &str, top: usize) -> Option<Strike> {
        if self.failing.iter().any(|name| name == region) || self.largest_page.is_some_and(|most| top > most)
        {
            return Some(Strike::Unavailable);
        }
        if self.too_many_every > 0 && number.is_multiple_of(self.too_many_every) {
            return Some(Strike::TooMany);
        }
        let mut dice = Dice::new(seed.wrapping_mul(31).wrapping_add(number));
        let chances = [
            (self.fail_percent, Strike::Unavailable),
            (self.cut_percent, Strike::Cut),
            (self.truncated_percent, Strike::Truncated),
        ];
        chances.into_iter().find(|(percent, _)| dice.chance(*percent)).map(|(_, strike)| strike)
    }
}
