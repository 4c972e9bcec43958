//! Everything between the outside world and records: fetching politely, decoding formats, reading
//! documents into records, and the connectors written as YAML.
//!
//! Only [`fetch`] speaks to the outside. All else is pure: bytes in, values out, no clock, no
//! network, no database.

pub mod connector;
pub mod detect;
pub mod expression;
pub mod fetch;
pub mod format;
pub mod manifest;
pub mod sources;
pub mod value;
pub mod yaml;

pub use connector::{ByName, Connector, Params, ReadError, ReadOptions, StartError};
