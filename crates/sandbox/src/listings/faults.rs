//! What can go wrong, one switch each, per upstream.

use std::time::Duration;

use super::Upstream;
use crate::dice::Dice;

/// Faults of the three upstreams.
#[derive(Debug, Clone, Default)]
pub struct Faults {
    /// Of the calendar feed.
    pub calendar: Fault,
    /// Of the venue site.
    pub site: Fault,
    /// Of the API.
    pub api: Fault,
}

impl Faults {
    pub(crate) fn of(&self, upstream: Upstream) -> &Fault {
        match upstream {
            Upstream::Calendar => &self.calendar,
            Upstream::Site => &self.site,
            Upstream::Api => &self.api,
        }
    }
}

/// Faults of one upstream; none by default. Which requests fail follows from the seed. robots.txt
/// never fails.
#[derive(Debug, Clone, Default)]
pub struct Fault {
    /// Waits before each answer.
    pub latency: Duration,
    /// Per cent of requests answered 500 or 503.
    pub fail_percent: u8,
    /// Per cent of requests whose connection is cut in the middle of the body.
    pub cut_percent: u8,
    /// Every n-th request is answered 429; 0 is never.
    pub too_many_every: u64,
    /// The `Retry-After` of those.
    pub retry_after_secs: u64,
    /// After so many requests everything is answered 429 with a daily-quota body; 0 is never.
    pub quota_after: u64,
    /// Every answer declares more bytes than it has.
    pub wrong_length: bool,
    /// An HTML sign-in page stands where the listing should be.
    pub sign_in: bool,
    /// Every address redirects to another one, in a circle.
    pub redirect_loop: bool,
    /// Every address redirects to a cloud metadata address.
    pub redirect_private: bool,
    /// Every answer is a small gzip body that unpacks to 256 MiB.
    pub bomb: bool,
}

/// What befalls one request.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Strike {
    Error(u16),
    Cut,
    TooMany,
    Quota,
    WrongLength,
    SignIn,
    Loop,
    Private,
    Bomb,
}

impl Fault {
    /// What befalls the `number`th request, from 1. What befalls all of them comes first.
    pub(crate) fn strike(&self, seed: u64, number: u64) -> Option<Strike> {
        let always = [
            (self.bomb, Strike::Bomb),
            (self.redirect_private, Strike::Private),
            (self.redirect_loop, Strike::Loop),
            (self.sign_in, Strike::SignIn),
            (self.quota_after > 0 && number > self.quota_after, Strike::Quota),
            (self.too_many_every > 0 && number.is_multiple_of(self.too_many_every), Strike::TooMany),
        ];
        let sure = always.iter().find(|(on, _)| *on).map(|(_, strike)| *strike);
        sure.or_else(|| self.chance(seed, number)).or(self.wrong_length.then_some(Strike::WrongLength))
    }

    fn chance(&self, seed: u64, number: u64) -> Option<Strike> {
        let mut dice = Dice::new(seed.wrapping_mul(31).wrapping_add(number));
        if dice.chance(self.fail_percent) {
            return Some(Strike::Error(if dice.chance(50) { 500 } else { 503 }));
        }
        dice.chance(self.cut_percent).then_some(Strike::Cut)
    }
}
