//! What an item works on, and so what it is: a step, an element of a list, or a child of a call.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::RunError;

/// The input of an item that is not a step's own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Input {
    /// An element that a `for_each` goes over.
    Element(Value),
    /// A child that a call spread into.
    Child(Value),
}

impl Input {
    /// The input as kept; `None` for the item of a step.
    pub(crate) fn read(kept: Option<Value>) -> Result<Option<Input>, RunError> {
        kept.map(serde_json::from_value)
            .transpose()
            .map_err(|error| RunError::Fault(format!("the input of an item cannot be read: {error}")))
    }

    /// As the store keeps it.
    pub(crate) fn to_value(&self) -> Value {
        // Values always serialise.
        serde_json::to_value(self).unwrap_or_default()
    }
}
