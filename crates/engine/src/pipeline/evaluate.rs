//! What a run computes from a plan's expressions: parameters of a step, conditions, lists to go over.
//!
//! A name that is not there is an error that says which; what is computed is bounded.

mod elements;
mod scope;
mod templates;

use std::sync::Arc;

use connect::expression::{Absent, Expression, Fault};

pub use elements::{Elements, ForEach};
pub use scope::{RunFacts, Scope};
pub use templates::Templates;

/// When a step takes place.
#[derive(Debug, Clone)]
pub struct Condition(Arc<Expression>);

impl Condition {
    /// Compiles a condition; braces may be left out.
    pub fn parse(text: &str) -> Result<Condition, Fault> {
        Ok(Condition(Arc::new(bare_expression(text)?)))
    }

    /// As written, without braces.
    pub fn source(&self) -> &str {
        self.0.source().trim()
    }

    /// Whether it holds; the error says in one line why that cannot be told.
    pub fn holds(&self, scope: &Scope) -> Result<bool, String> {
        let value =
            self.0.eval(scope.inner()).map_err(|error| format!("condition `{}`: {error}", self.source()))?;
        Ok(value.is_true())
    }

    pub(in crate::pipeline) fn expression(&self) -> &Expression {
        &self.0
    }
}

/// An expression around which braces may be left out.
pub(super) fn bare_expression(text: &str) -> Result<Expression, Fault> {
    let (bare, at) = bare(text);
    Expression::parse_as(Absent::Fails, bare).map_err(|fault| Fault { at: fault.at + at, ..fault })
}

/// The text inside the braces, if it is all in one pair, and where it begins.
pub(super) fn bare(text: &str) -> (&str, usize) {
    let trimmed = text.trim();
    let inside = trimmed.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    match inside.filter(|inside| !inside.contains("{{")) {
        Some(inside) => (inside, text.find("{{").unwrap_or(0) + 2),
        None => (text, 0),
    }
}
