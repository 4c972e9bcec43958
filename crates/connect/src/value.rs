//! Values as sources write them: times, zones, money, text.

pub mod date;
pub mod money;
pub mod text;
pub mod time;
pub mod zone;
