//! From records to statements, before any transaction begins: ids, keys and hashes. Pure.

use std::borrow::Cow;
use std::collections::{HashMap, hash_map};
use std::sync::Arc;

use model::{ContentHash, Kind, Record, RowId, SourceName, Stated};
use serde_json::Value;

use crate::rows::row_key;
use crate::{LandedDocument, Quarantined, Read};

/// The documents of a batch, ready to be written.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) documents: Vec<PreparedDocument>,
}

/// One document, its records as statements.
#[derive(Debug)]
pub(crate) struct PreparedDocument {
    pub(crate) landed: Arc<LandedDocument>,
    /// What names it across runs.
    pub(crate) place_key: i64,
    /// What it states, one statement a row.
    pub(crate) statements: Vec<Statement>,
    /// What it holds that did not pass.
    pub(crate) entries: Vec<Entry>,
}

/// What one document states about one row.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) kind: Kind,
    pub(crate) id: RowId,
    pub(crate) row_key: i64,
    pub(crate) key: String,
    pub(crate) stated: Vec<Stated<Value>>,
    /// Hash of what is stated. Never 0, which stands for "kept out by the gate".
    pub(crate) reading: i64,
}

/// A listing that did not pass.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) quarantined: Quarantined,
    /// The same listing has the same in every run: the row it would have been, else what it said.
    pub(crate) fingerprint: i64,
    /// True when the fingerprint is that of a row.
    pub(crate) keyed: bool,
}

impl Prepared {
    /// Prepares the documents of a batch.
    pub(crate) fn of(documents: Vec<Arc<LandedDocument>>) -> Prepared {
        Prepared { documents: documents.into_iter().map(PreparedDocument::of).collect() }
    }
}

impl PreparedDocument {
    fn of(landed: Arc<LandedDocument>) -> PreparedDocument {
        let place_key = place_key(&landed.connector, &landed.scope, &landed.name);
        let (mut statements, mut entries) = (Vec::new(), Vec::new());
        if let Read::Records { records, quarantined, .. } = &landed.read {
            let records = take_together(records);
            statements = records.iter().map(|record| Statement::of(&landed.source, record)).collect();
            let kept_out = quarantined.iter().cloned();
            entries = kept_out.map(|kept_out| Entry::of(&landed.source, kept_out)).collect();
        }
        PreparedDocument { landed, place_key, statements, entries }
    }

    /// True when the document was read in this run.
    pub(crate) fn was_read(&self) -> bool {
        matches!(self.landed.read, Read::Records { .. })
    }
}

/// What names a document across runs.
pub(crate) fn place_key(connector: &str, scope: &str, name: &str) -> i64 {
    ContentHash::of([connector, scope, name].join("\0").as_bytes()).short()
}

/// Records of one kind and key become one: the first that states a field wins.
fn take_together(records: &[Record]) -> Vec<Cow<'_, Record>> {
    let mut places: HashMap<(Kind, &str), usize> = HashMap::with_capacity(records.len());
    let mut taken: Vec<Cow<'_, Record>> = Vec::with_capacity(records.len());
    for record in records {
        match places.entry((record.kind(), &record.key)) {
            hash_map::Entry::Occupied(place) => taken[*place.get()].to_mut().fill_from(record.clone()),
            hash_map::Entry::Vacant(place) => {
                place.insert(taken.len());
                taken.push(Cow::Borrowed(record));
            }
        }
    }
    taken
}

impl Statement {
    /// To be called when what it states was changed.
    pub(crate) fn read_anew(&mut self) {
        self.reading = reading_hash(self.kind, &self.stated);
    }

    fn of(source: &SourceName, record: &Record) -> Statement {
        let (kind, stated) = (record.kind(), record.values());
        let id = RowId::of(kind, source, &record.key);
        let (row_key, reading) = (row_key(&id), reading_hash(kind, &stated));
        Statement { kind, id, row_key, key: record.key.clone(), stated, reading }
    }
}

/// Hashes by column name, so that a column added later leaves what was read before as it is.
fn reading_hash(kind: Kind, stated: &[Stated<Value>]) -> i64 {
    let mut bytes = Vec::with_capacity(1_024);
    for (column, stated) in kind.spec().columns.iter().zip(stated) {
        match stated {
            Stated::Unstated => continue,
            Stated::Empty => bytes.extend_from_slice(column.name.as_bytes()),
            Stated::Value(value) => {
                bytes.extend_from_slice(column.name.as_bytes());
                bytes.push(b'=');
                // Values always serialise, and writing to memory cannot fail.
                let _ = serde_json::to_writer(&mut bytes, value);
            }
        }
        bytes.push(0);
    }
    match ContentHash::of(&bytes).short() {
        0 => 1,
        hash => hash,
    }
}

impl Entry {
    fn of(source: &SourceName, quarantined: Quarantined) -> Entry {
        let (fingerprint, keyed) = match (quarantined.kind, &quarantined.key) {
            (Some(kind), Some(key)) => (row_key(&RowId::of(kind, source, key)), true),
            (_, Some(key)) => (said_hash(source, key), false),
            (_, None) => (said_hash(source, &quarantined.said.to_string()), false),
        };
        Entry { quarantined, fingerprint, keyed }
    }

    /// Whether it would be an event that is told again by its key.
    pub(crate) fn is_event(&self) -> bool {
        self.keyed && self.quarantined.kind == Some(Kind::Event)
    }

    /// The key of such an event.
    pub(crate) fn key(&self) -> Option<&str> {
        self.quarantined.key.as_deref().filter(|_| self.is_event())
    }
}

fn said_hash(source: &SourceName, said: &str) -> i64 {
    ContentHash::of(format!("{source}\0{said}").as_bytes()).short()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Event;

    #[test]
    fn records_of_one_key_become_one() {
        let first = Event { title: "Gala".into(), ..Event::default() };
        let second = Event { title: "Other".into(), currency: "EUR".into(), ..Event::default() };
        let records =
            vec![Record::new("1", first), Record::new("2", Event::default()), Record::new("1", second)];
        let taken = take_together(&records);
        assert_eq!(taken.len(), 2);
        assert_eq!(taken[0].to_json(), serde_json::json!({"key": "1", "title": "Gala", "currency": "EUR"}));
    }

    #[test]
    fn empty_and_unstated_read_differently() {
        let check = |a: Event, b: Event, same: bool| {
            let hash = |event: Event| reading_hash(Kind::Event, &event.values());
            assert_eq!(hash(a) == hash(b), same);
        };
        let empty = || Event { url: Stated::Empty, ..Event::default() };
        check(empty(), empty(), true);
        check(empty(), Event::default(), false);
        check(
            Event { title: "a".into(), ..Event::default() },
            Event { url: "a".into(), ..Event::default() },
            false,
        );
    }
}
