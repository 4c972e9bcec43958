//! What one child of a collect call works on, as the store keeps it: one document to take.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::path::PathBuf;

use model::Request;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One document to take.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Errand {
    /// Which of the call's origins it belongs to.
    #[serde(default, skip_serializing_if = "is_first")]
    pub(super) origin: usize,
    /// Where its bytes are.
    #[serde(default, skip_serializing_if = "Where::is_address")]
    pub(super) at: Where,
    /// Its name in the store, where that is not the request's identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<String>,
    /// The connector that is to read it, by name, where the origin does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reader: Option<String>,
    /// What brings it.
    pub(super) request: Request,
}

/// Where the bytes of a document are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Where {
    /// At the request's address.
    #[default]
    Address,
    /// On this machine.
    File(PathBuf),
    /// In the landing: the number of a document of an earlier run.
    Landing(i64),
}

impl Where {
    pub(super) fn is_address(&self) -> bool {
        *self == Where::Address
    }
}

fn is_first(origin: &usize) -> bool {
    *origin == 0
}

impl Errand {
    /// A request of an origin.
    pub(super) fn ask(origin: usize, request: Request, reader: Option<String>) -> Errand {
        Errand { origin, at: Where::Address, name: None, reader, request }
    }

    /// The document's name in the store.
    pub(super) fn name(&self) -> String {
        self.name.clone().unwrap_or_else(|| self.request.identity())
    }

    /// What tells it from its siblings: the same request of the same origin is made once in a run.
    pub(super) fn key(&self) -> i64 {
        let mut hasher = DefaultHasher::new();
        self.origin.hash(&mut hasher);
        match &self.at {
            Where::Address => self.request.identity().hash(&mut hasher),
            at => (format!("{at:?}"), &self.name).hash(&mut hasher),
        }
        // Any 64 bits will do.
        hasher.finish() as i64
    }

    pub(super) fn to_value(&self) -> Value {
        // Values always serialise.
        serde_json::to_value(self).unwrap_or_default()
    }

    /// As a child of the call.
    pub(super) fn into_child(self) -> (i64, Value) {
        (self.key(), self.to_value())
    }
}

/// Whether what this child brings is entered in the order in which its call named it. What is at hand
/// is: whichever is read first, the result is the same.
pub(super) fn is_at_hand(child: &Value) -> bool {
    child.get("at").is_some()
}
