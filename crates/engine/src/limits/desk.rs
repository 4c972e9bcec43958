//! What one runner holds of the shared limits: places of each resource, and reserved slots of each set
//! of resources that requests need together. Only counting; time is given in, nothing waits here.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use connect::fetch::{Need, Pace};
use store::{LIMIT_LEASE, LimitGrant, LimitNeed, LimitPause, MAX_SLOTS, Standing};

use super::HORIZON;

/// A slot that was not taken this long after its time is given up: used late, it would come too close
/// to the next. Where the time between two requests is asked for, that is [`Pace::margin`].
const LATE: TimeDelta = TimeDelta::milliseconds(20);

/// Sets of resources remembered at most; beyond it the idle ones are forgotten.
const MAX_LANES: usize = 8192;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Desk(Mutex<Holdings>);

#[derive(Debug, Default)]
struct Holdings {
    lanes: HashMap<String, Arc<Lane>>,
    slots: HashMap<String, Slots>,
    places: HashMap<String, Places>,
}

/// Requests that need the same resources, in line.
#[derive(Debug)]
pub(super) struct Lane {
    key: String,
    resources: Vec<String>,
    waiting: AtomicU32,
    pub line: tokio::sync::Mutex<()>,
}

/// Reserved slots of one lane.
#[derive(Debug, Default)]
struct Slots {
    ahead: VecDeque<DateTime<Utc>>,
    /// Until then they were to last.
    until: DateTime<Utc>,
    /// There is no rate: any time until then is as good.
    anytime: bool,
    /// How many to reserve next.
    want: u32,
    marks: Vec<i64>,
}

/// What is held of one resource.
#[derive(Debug, Default)]
struct Places {
    wish: Pace,
    default: Pace,
    permits: u32,
    in_flight: u32,
    /// When the store last heard of it.
    told_at: DateTime<Utc>,
    paused: Option<LimitPause>,
}

/// How much to ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Wish {
    pub waiting: u32,
    pub want: u32,
    pub unused: u32,
}

impl Lane {
    /// Counts one that waits, until what is returned is dropped.
    pub fn wait_in_line(self: &Arc<Self>) -> InLine {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        InLine(self.clone())
    }
}

/// One that waits.
pub(super) struct InLine(Arc<Lane>);

impl Drop for InLine {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk {
    fn open(&self) -> MutexGuard<'_, Holdings> {
        // Sections under it are a few assignments; a panic in one leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lane of requests with these needs, whose wishes are noted.
    pub fn lane(&self, needs: &[Need]) -> Arc<Lane> {
        let mut resources: Vec<String> = needs.iter().map(|need| need.resource.clone()).collect();
        resources.sort();
        resources.dedup();
        let key = resources.join("\n");
        let mut holdings = self.open();
        for need in needs {
            let places = holdings.places.entry(need.resource.clone()).or_default();
            places.wish.slow_to(need.wish);
            places.default = need.default;
        }
        if holdings.lanes.len() >= MAX_LANES {
            holdings.forget_idle();
        }
        let new =
            || Lane { key: key.clone(), resources, waiting: AtomicU32::new(0), line: Default::default() };
        holdings.lanes.entry(key.clone()).or_insert_with(|| Arc::new(new())).clone()
    }

    /// The next reserved slot, and with it a place of each resource; `None` when either is lacking.
    pub fn take(&self, lane: &Lane, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let mut holdings = self.open();
        let Holdings { slots, places, .. } = &mut *holdings;
        let room = |resource| places.get(resource).is_some_and(|p: &Places| p.in_flight < p.permits);
        if !lane.resources.iter().all(room) {
            return None;
        }
        let late = late(places, lane);
        let slots = slots.get_mut(&lane.key)?;
        slots.give_up_late(now, late);
        let at = slots.ahead.pop_front()?;
        for resource in &lane.resources {
            if let Some(places) = places.get_mut(resource) {
                places.in_flight += 1;
            }
        }
        Some(at)
    }

    /// Whether it is too late to use a slot that was waited for.
    pub fn is_missed(&self, lane: &Lane, at: DateTime<Utc>, now: DateTime<Utc>) -> bool {
        let holdings = self.open();
        let even = lane
            .resources
            .iter()
            .any(|resource| holdings.places.get(resource).is_some_and(|places| places.wish.even));
        even && at + late(&holdings.places, lane) < now
    }

    /// A request of the lane is done.
    pub fn done(&self, lane: &Lane) {
        let mut holdings = self.open();
        for resource in &lane.resources {
            if let Some(places) = holdings.places.get_mut(resource) {
                places.in_flight = places.in_flight.saturating_sub(1);
            }
        }
    }

    /// What to ask the store for, with what is given back.
    pub fn wish(&self, lane: &Lane, now: DateTime<Utc>) -> (Vec<(LimitNeed, Standing)>, Wish) {
        let mut holdings = self.open();
        let Holdings { slots, places, .. } = &mut *holdings;
        let slots = slots.entry(lane.key.clone()).or_default();
        let waiting = lane.waiting.load(Ordering::Relaxed).max(1);
        let used_up = slots.ahead.is_empty() && now < slots.until;
        slots.want = if used_up { slots.want.saturating_mul(2) } else { 1 }.max(waiting).min(MAX_SLOTS);
        let unused = slots.ahead.len().try_into().unwrap_or(0);
        slots.ahead.clear();
        let needs = lane.resources.iter().enumerate().map(|(n, resource)| {
            let held = places.entry(resource.clone()).or_default();
            // nobody takes a place while the store is being asked
            held.permits = held.in_flight;
            let mark = slots.marks.get(n).copied().unwrap_or(0);
            (held.need(resource), Standing { in_flight: held.in_flight, mark })
        });
        (needs.collect(), Wish { waiting, want: slots.want, unused })
    }

    /// Notes what was granted.
    pub fn put(&self, lane: &Lane, grant: &LimitGrant, now: DateTime<Utc>) {
        let mut holdings = self.open();
        let Holdings { slots, places, .. } = &mut *holdings;
        let slots = slots.entry(lane.key.clone()).or_default();
        slots.ahead = grant.slots.iter().copied().collect();
        slots.until = if grant.slots.is_empty() { now } else { now + HORIZON };
        let rated = |resource| {
            places.get(resource).is_some_and(|p: &Places| p.wish.or(p.default).per_second.is_some())
        };
        slots.anytime = !lane.resources.iter().any(rated) && grant.slots.first() == grant.slots.last();
        slots.marks.clone_from(&grant.marks);
        for (resource, permits) in lane.resources.iter().zip(&grant.permits) {
            if let Some(places) = places.get_mut(resource) {
                (places.permits, places.told_at) = (*permits, now);
            }
        }
    }

    /// Notes a pause; of two the longer holds.
    pub fn pause(&self, pause: &LimitPause) {
        let mut holdings = self.open();
        let places = holdings.places.entry(pause.resource.clone()).or_default();
        if places.paused.as_ref().is_none_or(|known| known.until < pause.until) {
            places.paused = Some(pause.clone());
        }
    }

    /// The longest pause that holds for the lane now.
    pub fn paused(&self, lane: &Lane, now: DateTime<Utc>) -> Option<LimitPause> {
        let holdings = self.open();
        let pauses =
            lane.resources.iter().filter_map(|resource| holdings.places.get(resource)?.paused.as_ref());
        pauses.filter(|pause| pause.until > now).max_by_key(|pause| pause.until).cloned()
    }

    /// Resources of which the store has to hear: more is held than is used, or it is long since.
    pub fn to_tell(&self, now: DateTime<Utc>) -> Vec<(String, u32)> {
        let mut holdings = self.open();
        let horizon = TimeDelta::from_std(HORIZON).unwrap_or_default();
        let mut told = Vec::new();
        for (resource, places) in &mut holdings.places {
            let age = now - places.told_at;
            let idle = places.permits > places.in_flight && age > horizon;
            let old = places.in_flight > 0 && age > LIMIT_LEASE / 3;
            if idle || old {
                (places.permits, places.told_at) = (places.in_flight, now);
                told.push((resource.clone(), places.in_flight));
            }
        }
        told
    }

    /// All resources of which anything was held, with what is used.
    pub fn all(&self) -> Vec<(String, u32)> {
        let mut holdings = self.open();
        holdings.slots.clear();
        holdings.places.iter_mut().for_each(|(_, places)| places.permits = places.in_flight);
        holdings.places.iter().map(|(resource, places)| (resource.clone(), places.in_flight)).collect()
    }
}

impl Holdings {
    fn forget_idle(&mut self) {
        self.lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        let Holdings { lanes, slots, places } = self;
        slots.retain(|key, _| lanes.contains_key(key));
        places.retain(|_, places| places.in_flight > 0 || places.permits > 0 || places.paused.is_some());
    }
}

/// How late a slot of the lane may be used.
fn late(places: &HashMap<String, Places>, lane: &Lane) -> TimeDelta {
    let margins = lane.resources.iter().filter_map(|resource| places.get(resource)?.wish.margin());
    margins.min().and_then(|margin| TimeDelta::from_std(margin).ok()).unwrap_or(LATE)
}

impl Slots {
    fn give_up_late(&mut self, now: DateTime<Utc>, late: TimeDelta) {
        let good = self.anytime && now < self.until;
        while !good && self.ahead.front().is_some_and(|at| *at + late < now) {
            self.ahead.pop_front();
        }
    }
}

impl Places {
    fn need(&self, resource: &str) -> LimitNeed {
        let pace = self.wish.or(self.default);
        LimitNeed {
            resource: resource.to_owned(),
            interval: pace.interval().unwrap_or_default() + pace.margin().unwrap_or_default(),
            burst: pace.burst(),
            concurrency: pace.concurrency.map(|places| u32::try_from(places).unwrap_or(u32::MAX)),
        }
    }
}
