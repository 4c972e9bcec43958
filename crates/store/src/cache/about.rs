//! What stands beside a document in Redis: one line of words, which scripts in Redis read too. The
//! first three are always store, change, purge.

use bytes::Bytes;
use chrono::{DateTime, NaiveDate, Utc};

use super::{DayDocument, Filled, hash};
use crate::Mark;

/// A mark as Redis keeps it.
pub(super) fn mark_line(store: &str, mark: Mark) -> String {
    format!("{store} {} {}", mark.seq, mark.purge)
}

/// What a kept mark says to `store`. One that cannot be read says nothing.
pub(super) fn read_mark(store: &str, line: Option<&str>) -> Filled {
    let Some(line) = line else { return Filled::Empty };
    let mut words = line.split(' ');
    match (words.next(), mark(&mut words)) {
        (Some(of), Some(mark)) if of == store => Filled::UpTo(mark),
        (Some(_), Some(_)) => Filled::FromAnother,
        _ => Filled::Empty,
    }
}

/// The line beside a document.
pub(super) fn about_line(store: &str, document: &DayDocument) -> String {
    let DayDocument { mark, written_at, expires_at, events, hash, .. } = document;
    let (written, expires) = (written_at.timestamp_millis(), expires_at.timestamp_millis());
    format!("{} {written} {expires} {events} {hash}", mark_line(store, *mark))
}

/// The document of a body and its line; `None` when another store wrote it, or when the body is not the
/// one that the line is about: somebody else writes under the same keys.
pub(super) fn read_document(store: &str, day: NaiveDate, line: &str, body: Bytes) -> Option<DayDocument> {
    let mut words = line.split(' ');
    if words.next()? != store {
        return None;
    }
    let mark = mark(&mut words)?;
    let (written_at, expires_at) = (instant(words.next()?)?, instant(words.next()?)?);
    let events = words.next()?.parse().ok()?;
    let document =
        DayDocument { day, mark, written_at, expires_at, events, hash: words.next()?.to_owned(), body };
    (document.hash == hash(&document.body)).then_some(document)
}

fn mark<'a>(words: &mut impl Iterator<Item = &'a str>) -> Option<Mark> {
    Some(Mark { seq: words.next()?.parse().ok()?, purge: words.next()?.parse().ok()? })
}

fn instant(word: &str) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis(word.parse().ok()?)
}
