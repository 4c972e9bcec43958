//! Formats: bytes in, values out. Each reads what the wild sends, not only what the standard allows.

pub mod csv;
pub mod feed;
pub mod html;
pub mod ics;
pub mod json;
pub mod jsonld;
pub mod microdata;
pub mod microformats;
pub mod schema;
pub mod xml;
