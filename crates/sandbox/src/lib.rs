//! Local upstreams that behave like real ones: a calendar feed, a venue site and a paginated API,
//! each on a port of 127.0.0.1, filled from a seed, with faults on demand.
//!
//! The sandbox keeps its own record of the truth ([`Sandbox::truth`]) and knows nothing of how
//! callboard reads it, so that both cannot make the same mistake.

mod faults;
mod options;
mod truth;

pub use faults::{Fault, Faults};
pub use options::SandboxOptions;
pub use truth::{Edit, Mutation, Price, Status, TruthEvent, TruthVenue, Upstream};

/// Running upstreams; dropped, they stop.
#[derive(Debug)]
pub struct Sandbox {}

impl Sandbox {
    /// Generates the events and starts the three servers on free ports.
    pub async fn start(options: SandboxOptions) -> std::io::Result<Sandbox> {
        let _ = options;
        Ok(Sandbox {})
    }

    /// Address of the iCalendar feed.
    pub fn calendar_url(&self) -> String {
        String::new()
    }

    /// Address of the venue site's page that lists all events.
    pub fn site_url(&self) -> String {
        String::new()
    }

    /// Address of the API, without page: `http://…/api/v1/events`.
    pub fn api_url(&self) -> String {
        String::new()
    }

    /// The bearer token that the API asks for.
    pub fn api_token(&self) -> &'static str {
        "sandbox-token"
    }

    /// Every event as it is now, recurrences as single occurrences inside the window.
    pub fn truth(&self) -> Vec<TruthEvent> {
        Vec::new()
    }

    /// Changes `edits` events and removes `removals`, spread over the upstreams; says which.
    pub fn mutate(&self, edits: usize, removals: usize) -> Mutation {
        let _ = (edits, removals);
        Mutation::default()
    }

    /// Replaces the faults from now on.
    pub fn set_faults(&self, faults: Faults) {
        let _ = faults;
    }

    /// Requests that an upstream has had so far.
    pub fn requests(&self, upstream: Upstream) -> u64 {
        let _ = upstream;
        0
    }
}
