//! The store's rules, each checked through its public face on a real database.

mod commit;
mod kit;
mod opening;
mod query;
mod retention;
mod script;
mod sweep;
