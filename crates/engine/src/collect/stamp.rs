//! Pages that need not be asked for: what was said of them where they were found is what it was when they
//! were last read whole. Stamps are kept where an `ETag` would be, which such pages have no use for.

use model::Request;
use store::Known;

use super::take::TakeResult;

const MARK: &str = "stamp:";

/// Whether the answer that is known stands for the request.
pub(super) fn stands(request: &Request, known: &Known) -> bool {
    let stamped = known.etag.as_deref().and_then(|etag| etag.strip_prefix(MARK));
    request.stamp.as_deref().is_some_and(|stamp| Some(stamp) == stamped)
}

/// Whether what is kept as an `ETag` is a stamp.
pub(super) fn is_one(etag: Option<&str>) -> bool {
    etag.is_some_and(|etag| etag.starts_with(MARK))
}

/// What to keep of a document that was taken. One that was not whole is asked for the next time.
pub(super) fn of(request: &Request, result: &TakeResult) -> Option<String> {
    let stamp = request.stamp.as_deref()?;
    let whole = match result {
        TakeResult::Read(stated) => stated.complete,
        TakeResult::Unchanged(known) => known.reading_key.contains('+'),
        TakeResult::Nothing | TakeResult::Failed { .. } => false,
    };
    whole.then(|| format!("{MARK}{stamp}"))
}
