//! What a step can call. One file (or folder) a function, one line here.

mod call;
mod date_range;
mod export;
mod http;
pub mod notify;
mod pipeline;
pub(crate) mod place;
mod shell;
mod sleep;
pub mod spec;
mod sql;

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

pub(crate) use call::STORE_AWAY;
pub use call::{Again, Answer, Call, Child, Children, Failure, Function};
pub use spec::{FunctionSpec, Parameter, parameters};

use crate::collect::function::Collect;
use crate::ticketing::{self, steps};

/// What is declared of a function, and how one is made.
type Shipped = (&'static FunctionSpec, fn() -> Arc<dyn Function>);

/// Every function, in the order of the reference.
static SHIPPED: &[Shipped] = &[
    (&crate::collect::function::SPEC, || Arc::new(Collect::default())),
    (&ticketing::TICKETS, || Arc::new(ticketing::tickets())),
    (&ticketing::COUPONS, || Arc::new(ticketing::coupons())),
    (&ticketing::CHECK_INS, || Arc::new(ticketing::check_ins())),
    (&date_range::SPEC, || Arc::new(date_range::DateRange)),
    (&sql::SPEC, || Arc::new(sql::Sql)),
    (&shell::SPEC, || Arc::new(shell::Shell)),
    (&http::SPEC, || Arc::new(http::Http)),
    (&pipeline::SPEC, || Arc::new(pipeline::RunPipeline)),
    (&export::SPEC, || Arc::new(export::Export)),
    (&notify::SPEC, || Arc::new(notify::Notify)),
    (&sleep::SPEC, || Arc::new(sleep::Sleep)),
    (&steps::LIST, || Arc::new(steps::List)),
    (&steps::STATICS, || Arc::new(steps::Statics)),
    (&steps::AGES, || Arc::new(steps::Ages)),
    (&steps::GENDER, || Arc::new(steps::GenderFix)),
    (&steps::ANALYTICS, || Arc::new(steps::Analytics)),
    (&steps::REPORT, || Arc::new(steps::TellReport)),
];

/// What is declared of every function, in the order of the reference.
pub fn all() -> &'static [&'static FunctionSpec] {
    static ALL: LazyLock<Vec<&'static FunctionSpec>> =
        LazyLock::new(|| SHIPPED.iter().map(|(spec, _)| *spec).collect());
    &ALL
}

/// What is declared of the function of this name.
pub fn find(name: &str) -> Option<&'static FunctionSpec> {
    all().iter().copied().find(|function| function.name == name)
}

/// The functions that a runner can call, by name.
#[derive(Clone)]
pub struct Functions(BTreeMap<&'static str, Arc<dyn Function>>);

impl Functions {
    /// Those that ship.
    pub fn shipped() -> Functions {
        Functions(SHIPPED.iter().map(|(spec, make)| (spec.name, make())).collect())
    }

    /// With this one beside or instead of them.
    pub fn with(mut self, function: Arc<dyn Function>) -> Functions {
        self.0.insert(function.spec().name, function);
        self
    }

    /// The function of this name.
    pub fn find(&self, name: &str) -> Option<Arc<dyn Function>> {
        self.0.get(name).cloned()
    }

    /// Whether the function of this name makes items of its own.
    pub fn spreads(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|function| function.spec().spreads)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests")]
mod tests;
