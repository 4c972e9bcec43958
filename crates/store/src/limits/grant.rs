//! The arithmetic of limits: what is known of the resources and a wish in, a grant out. Pure.
//!
//! Rates follow the generic cell rate algorithm: a resource has an instant `tat` at which it is
//! next free; a slot may come up to `burst - 1` intervals before it and moves it on by one interval.
//! Places are shared evenly among the runners that want some; who waits longest comes first.

use super::{LIMIT_LEASE, LimitAsk, LimitGrant, LimitNeed, LimitPause, MAX_SLOTS, Standing, instant, micros};

/// A rate holds so long after it was last asked for, against a faster one.
const ASKED_FOR_US: i64 = 60_000_000;

/// What is known of one resource.
#[derive(Debug, Clone, Default)]
pub(super) struct Resource {
    pub name: String,
    pub interval_us: i64,
    pub burst: i64,
    pub concurrency: Option<i64>,
    /// When the interval that holds was last asked for.
    pub asked_us: i64,
    /// When the concurrency that holds was last asked for.
    pub places_asked_us: i64,
    pub tat_us: i64,
    pub paused_until_us: i64,
    pub pause_reason: String,
    pub paused_by: String,
    pub shares: Vec<Share>,
}

/// What one runner has of one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub runner: String,
    /// Places it holds.
    pub held: i64,
    /// Its requests that wait.
    pub waiting: i64,
    /// Since when it wants more than it has.
    pub since_us: Option<i64>,
    pub expires_us: i64,
}

/// What becomes of a runner's share.
struct Booking {
    held: i64,
    waits: bool,
    lacks_places: bool,
    served: bool,
}

/// Grants what can be granted of `ask`, and books it.
pub(super) fn grant(resources: &mut [Resource], ask: &LimitAsk<'_>) -> LimitGrant {
    let now = micros(ask.now);
    for (resource, (need, standing)) in resources.iter_mut().zip(ask.needs) {
        resource.slow_to(need, now);
        resource.take_back(standing, ask.unused);
        resource.forget_the_dead(now);
    }
    let mut permits: Vec<i64> = resources
        .iter()
        .zip(ask.needs)
        .map(|(resource, (_, standing))| resource.permits(ask, standing, now))
        .collect();
    let horizon = now + i64::try_from(ask.horizon.as_micros()).unwrap_or(i64::MAX / 4);
    let pause = resources.iter().filter_map(|r| r.pause_after(horizon)).max_by_key(|pause| pause.until);
    let room = permits.iter().zip(ask.needs).all(|(permits, (_, s))| *permits > i64::from(s.in_flight));
    let slots = if room && pause.is_none() { slots(resources, ask.want, now, horizon) } else { Vec::new() };
    let served = !slots.is_empty();
    for ((resource, (_, standing)), permits) in resources.iter_mut().zip(ask.needs).zip(&mut permits) {
        let in_flight = i64::from(standing.in_flight);
        let enough = *permits >= in_flight + i64::from(ask.waiting.max(1));
        // Places are of no use to who got no slot, nor is a claim to them while it is another resource
        // that is lacking.
        *permits = if served { *permits } else { (*permits).min(in_flight) };
        let booking = Booking {
            held: (*permits).max(in_flight),
            waits: !(served && enough),
            lacks_places: !enough && pause.is_none(),
            served,
        };
        resource.book(ask, booking);
    }
    LimitGrant {
        permits: permits.iter().map(|permits| u32::try_from(*permits).unwrap_or(u32::MAX)).collect(),
        marks: resources.iter().map(|resource| resource.tat_us).collect(),
        slots: slots.into_iter().map(instant).collect(),
        pause,
    }
}

/// Up to `want` slots that suit all resources, and books them. The first is given however late it is.
fn slots(resources: &mut [Resource], want: u32, now: i64, horizon: i64) -> Vec<i64> {
    let mut slots = Vec::new();
    for _ in 0..want.clamp(1, MAX_SLOTS) {
        let at = resources.iter().map(|resource| resource.next_slot(now)).max().unwrap_or(now);
        if at > horizon && !slots.is_empty() {
            break;
        }
        resources.iter_mut().for_each(|resource| resource.take(at));
        slots.push(at);
    }
    slots
}

impl Resource {
    /// The first instant from `now` on at which it may be asked.
    pub fn next_slot(&self, now: i64) -> i64 {
        let by_rate = self.tat_us.saturating_sub((self.burst.max(1) - 1).saturating_mul(self.interval_us));
        now.max(by_rate).max(self.paused_until_us)
    }

    fn take(&mut self, at: i64) {
        self.tat_us = self.tat_us.max(at).saturating_add(self.interval_us);
    }

    /// The slowest that anyone asked for of late holds.
    fn slow_to(&mut self, need: &LimitNeed, now: i64) {
        let interval = i64::try_from(need.interval.as_micros()).unwrap_or(i64::MAX / 1_000_000);
        let places = need.concurrency.map(|n| i64::from(n.max(1)));
        let stale = |asked_us| now - asked_us > ASKED_FOR_US;
        if interval >= self.interval_us || stale(self.asked_us) {
            (self.interval_us, self.burst) = (interval, i64::from(need.burst.max(1)));
            self.asked_us = now;
        }
        let fewer = places.unwrap_or(i64::MAX) <= self.concurrency.unwrap_or(i64::MAX);
        if fewer || stale(self.places_asked_us) {
            self.concurrency = places;
            self.places_asked_us = now;
        }
    }

    /// Unused slots come back if nobody got any since.
    fn take_back(&mut self, standing: &Standing, unused: u32) {
        if standing.mark == self.tat_us {
            self.tat_us -= self.interval_us.saturating_mul(i64::from(unused));
        }
    }

    fn forget_the_dead(&mut self, now: i64) {
        self.shares.retain(|share| share.expires_us > now);
    }

    /// How many requests `runner` may have under way.
    fn permits(&self, ask: &LimitAsk<'_>, standing: &Standing, now: i64) -> i64 {
        let (runner, in_flight) = (ask.runner, i64::from(standing.in_flight));
        let wanted = in_flight + i64::from(ask.waiting.max(1));
        let Some(concurrency) = self.concurrency else {
            return in_flight + i64::from(ask.want.max(ask.waiting));
        };
        let since = self.share(runner).and_then(|share| share.since_us).unwrap_or(now);
        let others = || self.shares.iter().filter(|share| share.runner != runner);
        let held: i64 = others().map(|share| share.held).sum();
        let before = |share: &&Share| share.held == 0 && share.since_us.is_some_and(|other| other < since);
        let owed = i64::try_from(others().filter(before).count()).unwrap_or(i64::MAX);
        let free = concurrency.saturating_sub(held).saturating_sub(owed);
        let fair = match others().any(|share| share.since_us.is_some()) {
            true => (concurrency / (1 + i64::try_from(others().count()).unwrap_or(0))).max(1),
            false => concurrency,
        };
        wanted.min(free).min(fair).max(0)
    }

    fn share(&self, runner: &str) -> Option<&Share> {
        self.shares.iter().find(|share| share.runner == runner)
    }

    fn book(&mut self, ask: &LimitAsk<'_>, booking: Booking) {
        let now = micros(ask.now);
        let Booking { held, waits, lacks_places, served } = booking;
        let before = self.share(ask.runner).and_then(|share| share.since_us).filter(|_| !served);
        self.shares.retain(|share| share.runner != ask.runner);
        self.shares.push(Share {
            runner: ask.runner.to_owned(),
            held,
            waiting: if waits { i64::from(ask.waiting) } else { 0 },
            since_us: lacks_places.then(|| before.unwrap_or(now)),
            expires_us: now + LIMIT_LEASE.num_microseconds().unwrap_or(0),
        });
    }

    pub fn pause_after(&self, horizon: i64) -> Option<LimitPause> {
        (self.paused_until_us > horizon).then(|| LimitPause {
            resource: self.name.clone(),
            until: instant(self.paused_until_us),
            reason: self.pause_reason.clone(),
            runner: self.paused_by.clone(),
        })
    }
}
