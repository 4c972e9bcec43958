//! Backups: from either database into either, of one moment, and not a byte of them other than it was written.

mod damage;
mod kit;
mod landing;
mod moment;
mod ways;
