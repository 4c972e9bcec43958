//! What a step can call. One file (or folder) a function, one line here.

pub mod spec;

pub use spec::{FunctionSpec, Parameter, parameters};

/// Every function, in the order of the reference.
pub fn all() -> &'static [&'static FunctionSpec] {
    &[]
}

/// The function of this name.
pub fn find(name: &str) -> Option<&'static FunctionSpec> {
    all().iter().copied().find(|function| function.name == name)
}

/// Names that files already use and that a later version brings: a warning rather than a fault.
pub const COMING: &[&str] = &[
    // The steps of the recorded Vivenu pipelines.
    "static_data_ingestion",
    "events_tickets_ingestion",
    "coupon_ingestion",
    "age_groups_ingestion",
    "gender_fix_ingestion",
    "analytics_processing",
    // The engine's own, each struck off when it is there.
    "collect",
    "date_range",
    "sql",
    "shell",
    "http",
    "pipeline",
    "export",
    "notify",
    "sleep",
];
