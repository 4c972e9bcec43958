//! The functions as steps of pipelines, through the real runner on real stores.

mod date_range;
mod export;
mod http;
pub(crate) mod kit;
mod pipeline;
mod runner;
mod shell;
mod specs;
mod sql;
