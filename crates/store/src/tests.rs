//! The store's rules, each checked through its public face on a real database.

mod audit;
mod backup;
mod commit;
mod contention;
mod history;
pub(crate) mod kit;
mod limits;
mod lists;
mod opening;
mod pages;
mod personal;
mod query;
mod queue;
mod retention;
mod schedules;
mod schema;
mod script;
mod sweep;
