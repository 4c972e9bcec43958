//! Why an export could not be made, by what can be done about it.

use thiserror::Error;

/// Why an export failed.
#[derive(Debug, Error)]
pub enum ExportError {
    /// It cannot be done as asked; says what would be right.
    #[error("{0}")]
    Usage(String),
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] store::StoreError),
    /// The output could not be written.
    #[error("cannot write {to}: {source}")]
    Write {
        /// Where to.
        to: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// Something that should not occur.
    #[error("callboard has a fault: {0}; please report it")]
    Fault(String),
}
