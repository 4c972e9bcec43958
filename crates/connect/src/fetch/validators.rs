//! What a source gave along with a document so that it can be asked later whether it changed.

use model::Document;
use serde::{Deserialize, Serialize};

/// The validators of a conditional GET, exactly as the source wrote them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Validators {
    /// `ETag`, with its quotes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub etag: Option<String>,
    /// `Last-Modified`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_modified: Option<String>,
}

impl Validators {
    /// Those of a fetched document, if it has any.
    pub fn of(document: &Document) -> Option<Validators> {
        let header = |name| document.header(name).map(str::to_owned);
        Validators { etag: header("etag"), last_modified: header("last-modified") }.or_none()
    }

    /// `None` when there is nothing to ask with.
    pub fn or_none(self) -> Option<Validators> {
        (self.etag.is_some() || self.last_modified.is_some()).then_some(self)
    }

    /// These, renewed by what a "not modified" answer carried.
    pub(super) fn renewed(&self, etag: Option<String>, last_modified: Option<String>) -> Validators {
        Validators {
            etag: etag.or_else(|| self.etag.clone()),
            last_modified: last_modified.or_else(|| self.last_modified.clone()),
        }
    }
}
