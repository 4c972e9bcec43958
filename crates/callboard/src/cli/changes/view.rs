//! Questions that the log answers, each a narrowed list with fitting columns: all changes, transitions of
//! status, changes of price, tombstones. Pure.

use model::{Edit, Kind, Op};
use serde_json::{Value, json};
use store::{ChangeQuery, LoggedChange};

use super::shown::{change_json, what};
use crate::cli::show::value;

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    All,
    Status,
    Prices,
    Tombstones,
}

/// Fields that say what an event or an offer costs.
const PRICES: [&str; 5] = ["price", "price_min", "price_max", "currency", "is_free"];

impl View {
    /// The query with what the question narrows it to.
    pub fn narrow(self, query: ChangeQuery) -> ChangeQuery {
        let fields = |fields: &[&str]| fields.iter().map(|field| (*field).to_owned()).collect();
        // What a row said first is no change of it.
        let ops = vec![Op::Update, Op::Return];
        match self {
            View::All => query,
            View::Status => {
                ChangeQuery { kind: Some(Kind::Event), ops, fields: fields(&["status"]), ..query }
            }
            View::Prices => ChangeQuery { ops, fields: fields(&PRICES), ..query },
            View::Tombstones => ChangeQuery { ops: vec![Op::Vanish, Op::Return], ..query },
        }
    }

    pub fn header(self) -> &'static [&'static str] {
        match self {
            View::All => &["#", "AT", "OP", "KIND", "TITLE", "WHAT", "SOURCE", "ID"],
            View::Status => &["#", "AT", "TITLE", "FROM", "TO", "SOURCE", "ID"],
            View::Prices => &["#", "AT", "KIND", "TITLE", "FIELD", "FROM", "TO", "SOURCE", "ID"],
            View::Tombstones => &["#", "AT", "OP", "KIND", "TITLE", "SOURCE", "ID"],
        }
    }

    /// The rows of a table for one change.
    pub fn cells(self, logged: &LoggedChange) -> Vec<Vec<String>> {
        let change = &logged.change;
        let title = logged.title.clone().unwrap_or_default();
        let before = |more: Vec<String>| {
            let mut cells = vec![change.seq.to_string(), change.at.clone()];
            cells.extend(more);
            cells.extend([change.source.to_string(), change.id.to_string()]);
            cells
        };
        let (op, kind) = (change.op.name().to_owned(), change.kind.name().to_owned());
        let from_to = |edit: &Edit| [self.value(&edit.from), self.value(&edit.to)];
        match self {
            View::All => vec![before(vec![op, kind, title, what(logged)])],
            View::Tombstones => vec![before(vec![op, kind, title])],
            View::Status => self
                .edits(logged)
                .map(|edit| before([vec![title.clone()], from_to(edit).into()].concat()))
                .collect(),
            View::Prices => self
                .edits(logged)
                .map(|edit| {
                    let named = vec![kind.clone(), title.clone(), edit.field.clone()];
                    before([named, from_to(edit).into()].concat())
                })
                .collect(),
        }
    }

    /// The objects for one change.
    pub fn objects(self, logged: &LoggedChange) -> Vec<Value> {
        let change = &logged.change;
        let row = || {
            json!({
                "seq": change.seq, "at": change.at, "run": change.run, "kind": change.kind, "id": change.id,
                "source": change.source, "source_key": logged.source_key, "title": logged.title,
            })
        };
        let with = |mut row: Value, more: Value| {
            if let (Value::Object(row), Value::Object(more)) = (&mut row, more) {
                row.extend(more);
            }
            row
        };
        match self {
            View::All => vec![change_json(logged)],
            View::Tombstones => vec![with(row(), json!({"op": change.op}))],
            View::Status | View::Prices => self
                .edits(logged)
                .map(|edit| with(row(), json!({"field": edit.field, "from": edit.from, "to": edit.to})))
                .collect(),
        }
    }

    /// The edits that the question is about.
    fn edits(self, logged: &LoggedChange) -> impl Iterator<Item = &Edit> {
        let asked = move |edit: &&Edit| match self {
            View::Status => edit.field == "status",
            View::Prices => PRICES.contains(&edit.field.as_str()),
            View::All | View::Tombstones => true,
        };
        logged.change.edits.iter().filter(asked)
    }

    fn value(self, said: &Value) -> String {
        match (self, said) {
            // As `events --status scheduled` takes it.
            (View::Status, Value::Null) => "(not said)".to_owned(),
            (_, said) => value(said),
        }
    }
}
