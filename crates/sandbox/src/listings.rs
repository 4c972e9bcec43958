//! Upstreams that list events as most of the world does: a calendar feed, a venue site and a paginated
//! API, each on a port of 127.0.0.1.
//!
//! They keep their own record of the truth ([`Sandbox::truth`]) and can be edited while they run.

mod api;
mod bomb;
mod calendar;
mod catalog;
mod faults;
mod generate;
mod listing;
mod options;
mod serve;
mod site;
mod truth;
mod world;

use std::io;
use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::server::lock;
use serve::{Shared, serve};
use world::World;

pub use faults::{Fault, Faults};
pub use options::SandboxOptions;
pub use truth::{Edit, Mutation, Price, Status, TruthEvent, TruthVenue, Upstream};

const API_TOKEN: &str = "sandbox-token";

/// Running upstreams; dropped, they stop.
#[derive(Debug)]
pub struct Sandbox {
    shared: Arc<Shared>,
    calendar: SocketAddr,
    site: SocketAddr,
    api: SocketAddr,
    /// Dropped with the sandbox, which ends the servers.
    _stop: watch::Sender<()>,
}

impl Sandbox {
    /// Generates the events and starts the three servers on free ports.
    pub async fn start(options: SandboxOptions) -> io::Result<Sandbox> {
        let shared = Arc::new(Shared {
            seed: options.seed,
            world: Mutex::new(World::new(&options)),
            faults: Mutex::new(options.faults),
            requests: Default::default(),
        });
        let (stop, stopped) = watch::channel(());
        Ok(Sandbox {
            calendar: serve(Upstream::Calendar, shared.clone(), stopped.clone()).await?,
            site: serve(Upstream::Site, shared.clone(), stopped.clone()).await?,
            api: serve(Upstream::Api, shared.clone(), stopped).await?,
            shared,
            _stop: stop,
        })
    }

    /// Address of the iCalendar feed.
    pub fn calendar_url(&self) -> String {
        format!("http://{}/calendar.ics", self.calendar)
    }

    /// Address of the venue site's page that lists all events. Its robots.txt closes `/private/`.
    pub fn site_url(&self) -> String {
        format!("http://{}/events", self.site)
    }

    /// Address of the API's list, without parameters.
    ///
    /// `GET ?page=1&per_page=50` (100 at most) with `Authorization: Bearer …` answers
    /// `{events: [{id, name, category, url, starts_at, ends_at, start_date, end_date, all_day,
    /// timezone, venue {name, street, city, country, latitude, longitude}, price {min, max, currency}
    /// | null, status, performers [name]}], meta {page, pages, per_page, total}}`.
    ///
    /// Times are UTC, and null for whole days, which have dates (the last day included); prices are
    /// decimal text; status is `scheduled`, `sold_out` or `cancelled`. An error is
    /// `{error: {code, message}}`: 401 without the token, 400 for a page that is not there, 429
    /// `rate_limited` with `Retry-After` or `daily_quota` without, 500 and 503 `unavailable`.
    pub fn api_url(&self) -> String {
        format!("http://{}/api/v1/events", self.api)
    }

    /// The bearer token that the API asks for.
    pub fn api_token(&self) -> &'static str {
        API_TOKEN
    }

    /// Every event as it is now, repeating ones as single occurrences. All lie between a month before
    /// and a year after `now`.
    pub fn truth(&self) -> Vec<TruthEvent> {
        lock(&self.shared.world).listings().iter().flat_map(|listing| listing.truth()).collect()
    }

    /// Edits `edits` events and removes `removals` others, spread over the upstreams; says which. One
    /// field each; events of a series are left alone.
    pub fn mutate(&self, edits: usize, removals: usize) -> Mutation {
        lock(&self.shared.world).mutate(edits, removals)
    }

    /// Replaces the faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        *lock(&self.shared.faults) = faults;
    }

    /// Requests that an upstream has had so far, without those for robots.txt.
    pub fn requests(&self, upstream: Upstream) -> u64 {
        self.shared.requests[upstream as usize].load(Ordering::Relaxed)
    }
}
