//! When a pipeline is to run: a cron expression in a named time zone, and what happens to slots that
//! were missed, that fall on a clock change, or that come while the run before is still under way.
//! Pure: the present is given in.
//!
//! A **slot** is one instant the expression names. Clock changes:
//!
//! - A slot in the hour that is skipped in spring: a fixed time (`30 2 * * *`) runs once that day, at
//!   the first instant after the gap. An interval (`*/15 * * * *`) has no slots inside the gap and
//!   goes on after it.
//! - In the hour that comes twice in autumn: a fixed time runs once, the first time. An interval runs in
//!   both hours.

mod cron;
mod describe;
mod jitter;
mod spec;

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

pub use cron::parse;
pub(crate) use spec::Stated;
pub use spec::{CatchUp, ScheduleSpec};

/// Slots that are made up at most in one go, the newest ones, whatever a catch-up window holds.
pub const MAX_CAUGHT_UP: usize = 1_000;

/// How late a slot may start and still count as on time: a scheduler looks every few seconds, and a
/// server takes a moment to come back.
pub const ON_TIME: TimeDelta = TimeDelta::minutes(2);

/// The longest jitter.
pub const MAX_JITTER: TimeDelta = TimeDelta::days(1);

/// The one slot of a schedule that is `disabled`: it runs once and never again.
pub const ONCE: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// A schedule that was read and found valid.
#[derive(Debug, Clone)]
pub struct Schedule {
    when: When,
    zone: Tz,
    jitter: TimeDelta,
    catch_up: CatchUp,
    catch_up_window: TimeDelta,
}

#[derive(Debug, Clone)]
enum When {
    /// `disabled`.
    Once,
    Cron(Box<croner::Cron>),
}

/// One start that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slot {
    /// What the expression names; the slot's identity, in all servers alike.
    pub at: DateTime<Utc>,
    /// With the jitter added: when it starts at the earliest.
    pub starts_at: DateTime<Utc>,
}

impl Schedule {
    /// The zone its times are in.
    pub fn zone(&self) -> Tz {
        self.zone
    }

    /// What it says, in words: `every day at 02:00 Europe/Berlin`.
    pub fn describe(&self) -> String {
        match &self.when {
            When::Once => "once".to_owned(),
            When::Cron(cron) => format!("{} {}", describe::cron(cron), self.zone.name()),
        }
    }

    /// The slot of `pipeline` at `at`.
    fn slot(&self, pipeline: &str, at: DateTime<Utc>) -> Slot {
        Slot { at, starts_at: at + jitter::of(pipeline, at, self.jitter) }
    }
}

/// When the run of `pipeline` for a slot starts: its jitter after it.
pub fn starts_at(schedule: &Schedule, pipeline: &str, slot: DateTime<Utc>) -> DateTime<Utc> {
    schedule.slot(pipeline, slot).starts_at
}

/// The next `n` slots after `after`. Fewer where the expression names no more.
pub fn next(schedule: &Schedule, after: DateTime<Utc>, n: usize) -> Vec<DateTime<Utc>> {
    match &schedule.when {
        When::Once => Vec::from_iter((after < ONCE && n > 0).then_some(ONCE)),
        When::Cron(cron) => cron::after(cron, schedule.zone, after).take(n).collect(),
    }
}

/// The slots of `pipeline` that are to be started now, oldest first: those after `since` (the last slot
/// that was started, or when the schedule became known) whose time has come, as far as catching up
/// allows.
pub fn due(schedule: &Schedule, pipeline: &str, since: DateTime<Utc>, now: DateTime<Utc>) -> Vec<Slot> {
    let cron = match &schedule.when {
        When::Once if since == ONCE => return Vec::new(),
        When::Once => return vec![Slot { at: ONCE, starts_at: ONCE }],
        When::Cron(cron) => cron,
    };
    let oldest = now - schedule.catch_up_window - schedule.jitter;
    let came: VecDeque<Slot> = cron::after(cron, schedule.zone, since.max(oldest))
        .take_while(|at| *at <= now)
        .map(|at| schedule.slot(pipeline, at))
        .filter(|slot| slot.starts_at <= now)
        .fold(VecDeque::new(), |mut newest, slot| {
            if newest.len() == MAX_CAUGHT_UP {
                newest.pop_front();
            }
            newest.push_back(slot);
            newest
        });
    let mut came: Vec<Slot> = came.into();
    // With jitter a later slot can come before an earlier one.
    came.sort_by_key(|slot| slot.at);
    match schedule.catch_up {
        CatchUp::All => came,
        CatchUp::Latest => came.split_off(came.len().saturating_sub(1)),
        CatchUp::None => {
            came.retain(|slot| now - slot.starts_at <= ON_TIME);
            came.split_off(came.len().saturating_sub(1))
        }
    }
}

#[cfg(test)]
mod tests;
