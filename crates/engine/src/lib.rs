//! What callboard does with what it reads: collecting from inputs, refining records, keeping them,
//! replaying what was landed.

pub mod refine;
