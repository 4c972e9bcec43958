//! The only code that speaks to the outside: polite, limited, guarded.

mod policy;

pub use policy::{Auth, ErrorRule, LimitHeaders, OnError, Policy, ResetUnit};
