//! Ticketing by region: one seller's token and one event each. A region's records are kept under the
//! source `vivenu/REGION`, so that one store, one run and one change log hold all regions and every row
//! knows whose it is.
//!
//! What is counted is counted by pure functions over plain rows (`rows.rs`): names become groups and days
//! by rules, tickets become entries, and everything adds up to the tickets.

pub mod ages;
pub mod coupons;
pub mod days;
mod gather;
pub mod gender;
pub mod ground;
pub mod growth;
pub mod load;
mod names;
pub mod origin;
pub mod pairing;
pub mod partners;
mod region;
pub mod report;
pub mod reports;
pub mod revenue;
pub mod rows;
pub mod rules;
pub mod shops;
pub mod slack;
pub mod spectators;
pub mod statics;
pub(crate) mod steps;
pub mod summaries;
pub mod tables;
pub mod teams;
pub mod telling;
mod update;
mod webhook;
pub mod workbook;

pub(crate) use gather::{CHECK_INS, COUPONS, TICKETS, check_ins, coupons, tickets};
pub use gather::{chosen, regions};
pub use names::Names;
pub use region::{
    CONNECTOR, PriceTier, Region, RegionConfig, RegionDefaults, RegionFaults, RegionSecrets, Written, read,
    scope_of_list,
};
pub use update::{Changed, FieldChange, change_field};
pub use webhook::{HookError, Hooked, take_webhook};

/// Pipelines that ship, by name.
const PIPELINES: [(&str, &str); 4] = [
    ("vivenu/default", include_str!("ticketing/pipelines/default.yaml")),
    ("vivenu/minimal", include_str!("ticketing/pipelines/minimal.yaml")),
    ("vivenu/parallel", include_str!("ticketing/pipelines/parallel.yaml")),
    ("vivenu/full", include_str!("ticketing/pipelines/full.yaml")),
];

/// Name and text of a pipeline that ships; `default` is `vivenu/default`.
pub fn pipeline(name: &str) -> Option<(&'static str, &'static str)> {
    let found =
        PIPELINES.iter().find(|(known, _)| *known == name || known.strip_prefix("vivenu/") == Some(name));
    found.copied()
}

/// Names of the pipelines that ship, without what they have in common.
pub fn pipeline_names() -> impl Iterator<Item = &'static str> {
    PIPELINES.iter().filter_map(|(name, _)| name.strip_prefix("vivenu/"))
}
