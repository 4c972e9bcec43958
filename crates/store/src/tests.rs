//! The store's rules, each checked through its public face on a real database.

mod audit;
mod commit;
mod kit;
mod opening;
mod query;
mod retention;
mod sweep;
