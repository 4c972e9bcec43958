//! Changes of the schema that are more than an addition. Each has the number of the version it leads to,
//! and is run once, by `callboard migrate --apply` alone: it may take long, or rewrite what is there.

use crate::sql::Dialect;

/// The version of this program's schema. A database with a higher one is refused.
pub(crate) const VERSION: i64 = 2;

/// One such change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Numbered {
    /// The version it leads to.
    pub(crate) version: i64,
    /// What it does, for people.
    pub(crate) title: &'static str,
    /// How.
    pub(crate) statements: fn(Dialect) -> &'static [&'static str],
}

/// Every one of them, by version. Versions without one were additions.
pub(super) const ALL: &[Numbered] = &[];
