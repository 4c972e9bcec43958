//! One event as the sandbox itself knows it, and what it comes to: local times into instants,
//! repetitions into occurrences. Everything that upstreams print and that the truth tells is made
//! from these.

use chrono::{DateTime, Days, NaiveDate, NaiveDateTime, TimeDelta, TimeZone, Utc};

use super::catalog::{Category, City};
use super::{Price, Status, TruthEvent, TruthVenue, Upstream};

/// One event, or a series.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    pub upstream: Upstream,
    pub id: String,
    pub title: String,
    pub category: Category,
    pub performers: Vec<String>,
    pub city: &'static City,
    pub venue: usize,
    pub time: Time,
    pub price: Option<Price>,
    pub status: Status,
    pub repeats: Option<Repeats>,
}

/// When, on the local clock.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Time {
    /// Start and length in minutes.
    Clock { start: NaiveDateTime, minutes: i64 },
    /// First day and number of days.
    Days { first: NaiveDate, days: u64 },
}

/// How a series goes on. Dates are those that the plain rule would give.
#[derive(Debug, Clone)]
pub(crate) struct Repeats {
    pub every_weeks: u64,
    pub count: u64,
    /// Left out of the series.
    pub skipped: Vec<NaiveDate>,
    /// Moved to another time.
    pub moved: Vec<(NaiveDate, NaiveDateTime)>,
    /// Called off, and still listed as such.
    pub cancelled: Vec<NaiveDate>,
}

impl Listing {
    pub fn venue_name(&self) -> &'static str {
        self.city.venues[self.venue].0
    }

    pub fn street(&self) -> &'static str {
        self.city.venues[self.venue].1
    }

    /// Venues of a city lie a little apart.
    pub fn position(&self) -> (f64, f64) {
        let shift = self.venue as f64 * 0.011;
        (round(self.city.lat + shift), round(self.city.lon - shift))
    }

    pub fn instant(&self, local: NaiveDateTime) -> DateTime<Utc> {
        // events start and end between 10:00 and 00:30, when no clock of these cities is changed
        let at = self.city.zone.from_local_datetime(&local).earliest();
        at.map_or_else(|| local.and_utc(), |at| at.to_utc())
    }

    pub fn first_day(&self) -> NaiveDate {
        match self.time {
            Time::Clock { start, .. } => start.date(),
            Time::Days { first, .. } => first,
        }
    }

    /// What a reader should find.
    pub fn truth(&self) -> Vec<TruthEvent> {
        let Some(repeats) = &self.repeats else { return vec![self.occurrence(self.time, self.status)] };
        let Time::Clock { start, minutes } = self.time else { return Vec::new() };
        let plain = (0..repeats.count).map(|n| start + Days::new(n * repeats.every_weeks * 7));
        let kept = plain.filter(|at| !repeats.skipped.contains(&at.date()));
        kept.map(|at| {
            let moved = repeats.moved.iter().find(|(day, _)| *day == at.date()).map(|(_, to)| *to);
            let off = repeats.cancelled.contains(&at.date());
            let status = if off { Status::Cancelled } else { self.status };
            self.occurrence(Time::Clock { start: moved.unwrap_or(at), minutes }, status)
        })
        .collect()
    }

    fn occurrence(&self, time: Time, status: Status) -> TruthEvent {
        let (lat, lon) = self.position();
        let (start, end, start_date) = match time {
            Time::Clock { start, minutes } => {
                let end = start + TimeDelta::minutes(minutes);
                (Some(self.instant(start)), Some(self.instant(end)), start.date())
            }
            Time::Days { first, .. } => (None, None, first),
        };
        TruthEvent {
            upstream: self.upstream,
            id: self.id.clone(),
            title: self.title.clone(),
            start,
            end,
            start_date,
            timezone: self.city.zone.name().to_owned(),
            all_day: start.is_none(),
            venue: TruthVenue {
                name: self.venue_name().to_owned(),
                street: self.street().to_owned(),
                city: self.city.name.to_owned(),
                country: self.city.country.to_owned(),
                lat,
                lon,
            },
            price: self.price.clone(),
            status,
        }
    }
}

fn round(degrees: f64) -> f64 {
    (degrees * 10_000.0).round() / 10_000.0
}
