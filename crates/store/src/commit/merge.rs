//! The ledger of one commit: stored rows, what documents say about them, and the changes that
//! follow. Loading is one statement a kind; merging is pure.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use model::{Amount, ColumnType, Kind, Op, RowId, SourceName, Stated};
use serde::Serialize;
use serde_json::Value;

use super::places::Places;
use super::sightings::Sightings;
use super::statement::{PreparedDocument, Statement};
use crate::personal::{Keyring, Personal};
use crate::rows::{self, StoredRow};
use crate::sql::{Conn, SqlResult};
use crate::tally::Fate;

/// What a commit has entered so far.
#[derive(Debug)]
pub(crate) struct Ledger<'a> {
    personal: &'a Personal,
    /// Every row that was compared, by id.
    pub(crate) rows: HashMap<RowId, StoredRow>,
    /// The rows to write, in the order they were first changed.
    pub(crate) dirty: Vec<Dirty>,
    /// The changes, in order.
    pub(crate) changes: Vec<Entered>,
    /// What became of each compared row.
    pub(crate) fates: Vec<(Kind, i64, Fate)>,
    next_rid: HashMap<Kind, i64>,
    seen_dirty: HashSet<(Kind, i64)>,
}

/// A row to write.
#[derive(Debug)]
pub(crate) struct Dirty {
    pub(crate) kind: Kind,
    pub(crate) id: RowId,
    pub(crate) source: SourceName,
    pub(crate) key: String,
    /// There was no such row before.
    pub(crate) is_new: bool,
}

/// A change that is to enter the log.
#[derive(Debug)]
pub(crate) struct Entered {
    pub(crate) document: i64,
    pub(crate) kind: Kind,
    pub(crate) rid: i64,
    pub(crate) op: Op,
    pub(crate) edits: Edits,
}

/// What one change sets. Written as the log keeps it at once: values may be long, and no one needs
/// them here again.
#[derive(Debug, Default)]
pub(crate) struct Edits {
    /// The fields, in column order.
    pub(crate) fields: Vec<&'static str>,
    /// A JSON list without its last bracket; each entry reads back as [`model::Edit`].
    json: Vec<u8>,
}

#[derive(Serialize)]
struct Edit<'a> {
    field: &'a str,
    /// Left out where nothing was before: that is so for every field of a new row.
    #[serde(skip_serializing_if = "Value::is_null")]
    from: &'a Value,
    to: &'a Value,
}

impl Edits {
    fn push(&mut self, field: &'static str, from: &Value, to: &Value) {
        self.json.push(if self.fields.is_empty() { b'[' } else { b',' });
        self.fields.push(field);
        // Values always serialise, and writing to memory cannot fail.
        let _ = serde_json::to_writer(&mut self.json, &Edit { field, from, to });
    }

    /// As the change log keeps them; once, for they may be long.
    pub(crate) fn take_json(&mut self) -> String {
        let mut json = std::mem::take(&mut self.json);
        if json.is_empty() {
            json.push(b'[');
        }
        json.push(b']');
        // JSON is always UTF-8; checking that costs a fraction of replacing what is not.
        String::from_utf8(json).unwrap_or_default()
    }
}

impl<'a> Ledger<'a> {
    /// Loads the rows that documents say something new about.
    pub(crate) async fn load(
        conn: &mut Conn,
        documents: &[PreparedDocument],
        places: &Places,
        sightings: &Sightings,
        personal: &'a Personal,
    ) -> SqlResult<Ledger<'a>> {
        let mut wanted: BTreeMap<Kind, Vec<&str>> = BTreeMap::new();
        for document in documents {
            let place = places.number(document);
            for statement in &document.statements {
                if sightings.same_as_before(place, statement).is_none() {
                    wanted.entry(statement.kind).or_default().push(statement.id.as_str());
                }
            }
        }
        let mut ledger = Ledger::with(personal);
        ledger.next_rid = rows::next_rids(conn, wanted.keys().copied()).await?;
        for (kind, ids) in wanted {
            let mut loaded = rows::load(conn, kind, &ids).await?;
            loaded.values_mut().for_each(|row| ledger.open(kind, row));
            ledger.rows.extend(loaded);
        }
        Ok(ledger)
    }

    fn with(personal: &'a Personal) -> Ledger<'a> {
        let (rows, dirty, changes, fates) = (HashMap::new(), Vec::new(), Vec::new(), Vec::new());
        let (next_rid, seen_dirty) = (HashMap::new(), HashSet::new());
        Ledger { personal, rows, dirty, changes, fates, next_rid, seen_dirty }
    }

    /// Opens what is sealed, to be compared. What cannot be opened stays as it is.
    fn open(&self, kind: Kind, row: &mut StoredRow) {
        for (index, column) in kind.spec().personal() {
            if let Some(opened) = self.personal.keyring.open(kind, column.name, &row.values[index]) {
                row.values[index] = opened;
            }
        }
    }

    /// The row as it is to be kept.
    pub(crate) fn sealed<'r>(&self, kind: Kind, row: &'r StoredRow) -> SqlResult<Cow<'r, StoredRow>> {
        let mut row = Cow::Borrowed(row);
        if self.personal.keyring.current().is_none() {
            return Ok(row);
        }
        for (index, column) in kind.spec().personal() {
            let sealed = self.personal.keyring.seal(kind, column.name, &row.values[index])?;
            row.to_mut().values[index] = sealed;
        }
        Ok(row)
    }

    /// Enters every statement of every document, in order, and takes over what they state. Document
    /// numbers count from `first_number`.
    pub(crate) fn enter_all(
        &mut self,
        documents: &mut [PreparedDocument],
        places: &Places,
        sightings: &mut Sightings,
        first_number: i64,
    ) -> SqlResult<()> {
        for (document, number) in documents.iter_mut().zip(first_number..).filter(|(d, _)| d.was_read()) {
            let Some(place) = places.number(document) else { continue };
            for statement in &mut document.statements {
                let rid = match sightings.same_as_before(Some(place), statement) {
                    Some(rid) => {
                        self.fates.push((statement.kind, rid, Fate::Unchanged));
                        rid
                    }
                    None => self.enter(&document.landed.source, statement, number)?,
                };
                sightings.state(place, statement, rid);
            }
            sightings.hold(place, &document.entries);
        }
        Ok(())
    }

    /// Merges one statement into its row and gives the row's number.
    fn enter(&mut self, source: &SourceName, statement: &mut Statement, document: i64) -> SqlResult<i64> {
        let (kind, id) = (statement.kind, &statement.id);
        let known = self.rows.contains_key(id);
        if !known {
            let row = self.new_row(kind);
            self.rows.insert(id.clone(), row);
        }
        let Some(row) = self.rows.get_mut(id) else { return Ok(0) };
        if known && is_behind(kind, &row.values, &statement.stated) {
            self.fates.push((kind, row.rid, Fate::Unchanged));
            return Ok(row.rid);
        }
        let keyring = &self.personal.keyring;
        let edits = merge(kind, keyring, &mut row.values, std::mem::take(&mut statement.stated))?;
        let op = match (known, row.gone) {
            (false, _) => Op::Insert,
            (true, true) => Op::Return,
            (true, false) => Op::Update,
        };
        let rid = row.rid;
        if op == Op::Update && edits.fields.is_empty() {
            self.fates.push((kind, rid, Fate::Unchanged));
            return Ok(rid);
        }
        row.gone = false;
        row.document = document;
        self.fates.push((kind, rid, if op == Op::Insert { Fate::New } else { Fate::Changed }));
        self.changes.push(Entered { document, kind, rid, op, edits });
        if self.seen_dirty.insert((kind, rid)) {
            let (id, source, key) = (id.clone(), source.clone(), statement.key.clone());
            self.dirty.push(Dirty { kind, id, source, key, is_new: op == Op::Insert });
        }
        Ok(rid)
    }

    fn new_row(&mut self, kind: Kind) -> StoredRow {
        let next = self.next_rid.entry(kind).or_insert(1);
        let rid = *next;
        *next += 1;
        let values = vec![Value::Null; kind.spec().columns.len()];
        StoredRow { rid, values, gone: false, document: 0 }
    }
}

/// Whether a later version of the row is known than the one stated. Answers of a source arrive in any
/// order: a page that was on its way while a webhook told of a change must not undo it.
fn is_behind(kind: Kind, values: &[Value], stated: &[Stated<Value>]) -> bool {
    let version = kind.spec().columns.iter().position(|column| column.name == VERSION);
    let Some(index) = version else { return false };
    let known = values.get(index).and_then(Value::as_str);
    let stated = stated.get(index).and_then(Stated::value).and_then(Value::as_str);
    // Instants as they are kept: text order is time order.
    known.zip(stated).is_some_and(|(known, stated)| stated < known)
}

/// The column by which rows of some kinds have versions.
const VERSION: &str = "updated_at";

/// Applies what is stated to stored values and gives the differences. Unstated never overwrites,
/// empty sets null.
fn merge(
    kind: Kind,
    keyring: &Keyring,
    values: &mut [Value],
    stated: Vec<Stated<Value>>,
) -> SqlResult<Edits> {
    let mut edits = Edits::default();
    for ((column, stored), stated) in kind.spec().columns.iter().zip(values).zip(stated) {
        let to = match stated {
            Stated::Unstated => continue,
            Stated::Empty => Value::Null,
            Stated::Value(value) => value,
        };
        if !same(column.column_type, stored, &to) {
            if column.personal {
                let seal = |value: &Value| keyring.seal(kind, column.name, value);
                edits.push(column.name, &seal(stored)?, &seal(&to)?);
            } else {
                edits.push(column.name, stored, &to);
            }
            *stored = to;
        }
    }
    Ok(edits)
}

/// True when two stored values mean the same.
fn same(column_type: ColumnType, a: &Value, b: &Value) -> bool {
    if a == b {
        return true;
    }
    match (column_type, a, b) {
        // A source that writes the same time in another way ("19:00" for "7 pm") has changed nothing.
        (ColumnType::When, Value::Object(a), Value::Object(b)) => {
            let meaning = |key: &str| key != "said";
            let fits = |(key, value): (&String, &Value)| !meaning(key) || b.get(key) == Some(value);
            a.iter().all(fits) && b.keys().all(|key| !meaning(key) || a.contains_key(key))
        }
        (ColumnType::Decimal, a, b) => match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => Amount::from_f64(a) == Amount::from_f64(b),
            _ => false,
        },
        (ColumnType::Real, a, b) => a.as_f64().is_some() && a.as_f64() == b.as_f64(),
        // What is stored has been through text once; numbers inside may have lost their last bit.
        (ColumnType::Json, a, b) => serde_json::from_str::<Value>(&b.to_string()).is_ok_and(|b| *a == b),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_that_mean_the_same_are_the_same() {
        let check = |column_type, a: Value, b: Value, expected| {
            assert_eq!(same(column_type, &a, &b), expected, "{a} {b}");
        };
        let at = |said: &str, date: &str| json!({"said": said, "date": date, "clock": "all_day"});
        check(ColumnType::When, at("1 May", "2026-05-01"), at("May 1", "2026-05-01"), true);
        check(ColumnType::When, at("1 May", "2026-05-01"), at("1 May", "2026-05-02"), false);
        check(
            ColumnType::When,
            at("1 May", "2026-05-01"),
            json!({"said": "1 May", "clock": "all_day"}),
            false,
        );
        check(
            ColumnType::When,
            json!({"said": "1 May", "clock": "all_day"}),
            at("1 May", "2026-05-01"),
            false,
        );
        check(ColumnType::Decimal, json!(35.6), json!(35.600_000_01), true);
        check(ColumnType::Decimal, json!(35.6), json!(35.7), false);
        check(ColumnType::Decimal, Value::Null, json!(0.0), false);
        check(ColumnType::Real, json!(52), json!(52.0), true);
        check(ColumnType::Json, json!({"a": 1, "b": 2}), json!({"b": 2, "a": 1}), true);
        check(ColumnType::Text, json!("a"), json!("A"), false);
    }

    #[test]
    fn an_earlier_version_is_told_from_a_later_one() {
        let columns = Kind::Coupon.spec().columns;
        let row = |at: &str| -> Vec<Value> {
            let value = |name: &str| if name == VERSION && !at.is_empty() { json!(at) } else { Value::Null };
            columns.iter().map(|column| value(column.name)).collect()
        };
        let check = |known: &str, said: &str, expected| {
            let stated: Vec<Stated<Value>> = row(said)
                .into_iter()
                .map(|value| if value.is_null() { Stated::Unstated } else { Stated::Value(value) })
                .collect();
            assert_eq!(is_behind(Kind::Coupon, &row(known), &stated), expected, "{known} {said}");
        };
        check("2026-05-01T00:00:10Z", "2026-05-01T00:00:09Z", true);
        check("2026-05-01T00:00:10Z", "2026-05-01T00:00:10Z", false);
        check("2026-05-01T00:00:10Z", "2026-05-01T00:00:11Z", false);
        check("2026-05-01T00:00:10Z", "", false);
        check("", "2026-05-01T00:00:11Z", false);
        assert!(!is_behind(Kind::Venue, &[json!("b")], &[Stated::Value(json!("a"))]));
    }

    #[test]
    fn unstated_keeps_and_empty_clears() {
        let keyring = Keyring::default();
        let merge = |values: &mut [Value], stated| merge(Kind::Venue, &keyring, values, stated).unwrap();
        let mut values = vec![json!("Hall"), json!("Main St 1"), json!("Bath")];
        let stated = [Stated::Unstated, Stated::Empty, Stated::Value(json!("Bristol"))];
        let mut edits = merge(&mut values, stated.to_vec());
        assert_eq!(values, [json!("Hall"), Value::Null, json!("Bristol")]);
        assert_eq!(edits.fields, ["street", "city"]);
        let kept: Vec<model::Edit> = serde_json::from_str(&edits.take_json()).unwrap();
        let street = model::Edit { field: "street".into(), from: json!("Main St 1"), to: Value::Null };
        assert_eq!((kept.len(), &kept[0]), (2, &street));
        let mut again = merge(&mut values, stated.to_vec());
        assert_eq!((again.fields.len(), &again.take_json()[..]), (0, "[]"));
    }
}
