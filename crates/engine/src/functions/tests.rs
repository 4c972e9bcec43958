//! The functions as steps of pipelines, through the real runner on real stores.

mod date_range;
pub(crate) mod kit;
mod specs;
