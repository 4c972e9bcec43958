//! The rules of work, each checked through the public face of a store: what `WorkQueue` and the verbs
//! around it promise. Every test ends by comparing the sums that are kept with what counting gives.

mod acks;
mod cancel;
mod faults;
pub mod kit;
mod leasing;
mod locks;
mod redrive;
mod runners;
mod sim;
mod sums;
mod tree;
