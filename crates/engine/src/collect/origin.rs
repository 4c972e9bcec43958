//! Where documents of one input come from, who reads them, and under which name they are kept.

use std::borrow::Cow;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use connect::{Connector, Params, ReadError, ReadOptions, StartError};
use model::{Document, Reading, Request, SourceName};
use serde_json::Value;
use store::DocumentRow;

use crate::run::Wanted;

/// Finds the connector that knows a document, for input that names none, and the connector's name for
/// the request whose answer the document is.
pub type Recogniser = Arc<dyn Fn(&Document) -> Option<(Arc<dyn Connector>, String)> + Send + Sync>;

/// How the source of the records is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Named {
    /// By the user or by the connector.
    Source(SourceName),
    /// By the document where it knows, else so.
    Otherwise(SourceName),
}

impl Named {
    /// The name, as far as it is known before reading.
    pub fn name(&self) -> &SourceName {
        match self {
            Named::Source(name) | Named::Otherwise(name) => name,
        }
    }
}

/// One input of a run.
pub struct Origin {
    /// As the user named it.
    pub label: String,
    /// The connector to read with; `None` to tell from the content.
    pub connector: Option<Arc<dyn Connector>>,
    /// Its parameters.
    pub params: Params,
    /// What a sweep over this input covers; stable across runs.
    pub scope: String,
    /// Whose records these are.
    pub named: Named,
    /// Finds the connector when none is given.
    pub recognise: Recogniser,
    /// First requests, when the user gave addresses; else the connector names them.
    pub requests: Vec<Request>,
    /// Files with their names in the store.
    pub files: Vec<(PathBuf, String)>,
    /// Documents of earlier runs, to be read again.
    pub landed: Vec<DocumentRow>,
    /// What was asked for, without secrets, so that another process can go on with it; `None` where
    /// only this one can.
    pub wanted: Option<Wanted>,
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin")
            .field("label", &self.label)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// Name under which documents are kept whose reader is told from their content.
pub(super) const DETECT: &str = "detect";

impl Origin {
    /// Name of the reader in the store.
    pub(super) fn reader(&self) -> &str {
        self.connector.as_ref().map_or(DETECT, |connector| connector.name())
    }

    /// True when the connector names the first requests, as the user gave nothing else.
    pub(super) fn starts_itself(&self) -> bool {
        let given = !(self.requests.is_empty() && self.files.is_empty() && self.landed.is_empty());
        self.connector.is_some() && !given
    }

    /// The first requests of a run.
    pub(super) fn first_requests(
        &self,
        cursor: Option<&Value>,
        options: &ReadOptions,
    ) -> Result<Vec<Request>, StartError> {
        match &self.connector {
            Some(connector) if self.starts_itself() => connector.start(&self.params, cursor, options.now),
            _ => Ok(self.requests.clone()),
        }
    }

    /// Reads `document` with `reader`, else with the given connector, else with whichever knows it.
    pub(super) fn read(
        &self,
        document: &Document,
        reader: Option<&Arc<dyn Connector>>,
        options: &ReadOptions,
    ) -> Result<Read, ReadError> {
        let (found, step) = match reader.or(self.connector.as_ref()) {
            Some(connector) => (Some(connector.clone()), connector.step_of(document)),
            None => (self.recognise)(document).unzip(),
        };
        let reading = match &found {
            Some(connector) => connector.read(&at_step(document, step), &self.params, options)?,
            None => connect::detect::read(document, options)?,
        };
        let source = match (&self.named, &found, &reading.source) {
            (Named::Source(name), ..) => name.clone(),
            (_, Some(connector), _) => SourceName::new(connector.name()),
            (_, None, Some(name)) | (Named::Otherwise(name), None, None) => name.clone(),
        };
        Ok(Read { reading, source, reader: found })
    }
}

/// A document that came without a request of the connector's own (a file) is given the step that its
/// content tells.
fn at_step(document: &Document, step: Option<String>) -> Cow<'_, Document> {
    match step {
        Some(step) if document.request.step.is_empty() => {
            let mut document = document.clone();
            document.request.step = step;
            Cow::Owned(document)
        }
        _ => Cow::Borrowed(document),
    }
}

/// A reading, whose it is, and who reads what follows from it.
pub(super) struct Read {
    pub reading: Reading,
    pub source: SourceName,
    pub reader: Option<Arc<dyn Connector>>,
}
