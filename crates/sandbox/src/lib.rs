//! Local upstreams that behave like real ones, filled from a seed, with faults on demand: a folder each.
//! `listings` are a calendar feed, a venue site and a paginated API; [`ticketing`] is a seller of tickets,
//! `cards` a grading company's population report.
//!
//! Each keeps its own record of the truth and knows nothing of how callboard reads it, so that both
//! cannot make the same mistake.

mod cards;
mod dice;
mod listings;
mod server;
pub mod ticketing;

pub use cards::{
    CardFaults, CardSite, CardSiteOptions, ListFault, TruthCard, TruthCertificate, TruthCopy, TruthSet,
    TruthYear,
};
pub use listings::{
    Edit, Fault, Faults, Mutation, Price, Sandbox, SandboxOptions, Status, TruthEvent, TruthVenue, Upstream,
};
