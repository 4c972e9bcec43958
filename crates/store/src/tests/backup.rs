//! Backups: from either database into either, of one moment, and not a byte of them other than it was written.

mod damage;
pub mod kit;
mod landing;
mod moment;
mod ways;
