//! Applies the rules of a request to its decoded answer.

use std::collections::HashMap;
use std::sync::Arc;

use minijinja::value::Value;
use model::{Column, Finding, Kind, Note, Reading, Record, Rejected, Stated};
use serde_json::{Value as Json, json};

use super::field::{FieldContext, shortened, stated};
use super::plan::{FieldPlan, NestedPlan, ReadPlan, RecordPlan};
use super::rule::{Rule, holds, with_lets};
use crate::ReadError;
use crate::expression::{Scope, is_nothing, slug, text_of, to_json};

/// What the rules of one document have given so far.
pub struct Reader<'a> {
    /// For messages.
    pub file: &'a str,
    /// For coercion.
    pub context: &'a FieldContext,
    /// What is being filled.
    pub reading: Reading,
    seen: HashMap<(Kind, String), usize>,
    /// Reads a record inside another: one that states nothing is none, and needs no key.
    nested: bool,
}

/// Why one item gives no record.
struct Refusal {
    reason: String,
    detail: String,
}

/// A record that was read, and the names its `follow` may use.
pub struct ReadItem {
    /// Where it was read.
    pub scope: Arc<Scope>,
    /// Its key, when it became a record.
    pub key: Option<String>,
}

impl<'a> Reader<'a> {
    pub fn new(file: &'a str, context: &'a FieldContext) -> Reader<'a> {
        Reader { file, context, reading: Reading::default(), seen: HashMap::new(), nested: false }
    }

    /// Applies one rule. Gives the items it went through, and how many there were before `where`.
    pub fn apply(
        &mut self,
        plan: &ReadPlan,
        scope: &Arc<Scope>,
    ) -> Result<(Vec<ReadItem>, usize), ReadError> {
        let items = match &plan.each {
            None => vec![scope.item.clone()],
            Some(each) => each.eval_all(scope).map_err(|error| self.broken("each", &error))?,
        };
        let count = items.len();
        if count == 0 {
            self.found_nothing(plan)?;
        }
        let mut read = Vec::with_capacity(count);
        for (index, item) in items.into_iter().enumerate() {
            read.extend(self.item(plan, scope.with_item(item, index))?);
        }
        Ok((read, count))
    }

    fn found_nothing(&mut self, plan: &ReadPlan) -> Result<(), ReadError> {
        let message = format!("`each: {}` found nothing", plan.each_source);
        if plan.expect_some {
            let help =
                "the source has changed, or this is another of its documents; look with `connector try`";
            return Err(ReadError::Connector(Box::new(Finding::error(self.file, message).help(help))));
        }
        self.reading.notes.push(Note::new(message));
        Ok(())
    }

    fn broken(&self, what: &str, error: &str) -> ReadError {
        ReadError::Connector(Box::new(Finding::error(self.file, format!("`{what}` failed: {error}"))))
    }

    fn item(&mut self, plan: &ReadPlan, scope: Scope) -> Result<Option<ReadItem>, ReadError> {
        let item = scope.item.clone();
        let scope = match with_lets(scope, &plan.lets) {
            Ok(scope) => scope,
            Err(detail) => {
                let detail = format!("let {detail}");
                self.reject(Refusal { reason: "bad_field".to_owned(), detail }, None, &item);
                return Ok(None);
            }
        };
        if !holds(plan.condition.as_ref(), &scope).map_err(|error| self.broken("where", &error))? {
            return Ok(None);
        }
        if plan.record.fields.is_empty() && plan.record.key.is_none() {
            return Ok(Some(ReadItem { scope, key: None }));
        }
        match self.record(&plan.record, &scope, None) {
            Ok(key) => Ok(Some(ReadItem { scope, key: Some(key) })),
            Err(refusal) => {
                self.reject(refusal, said_key(&plan.record, &scope), &item);
                Ok(None)
            }
        }
    }

    fn reject(&mut self, refusal: Refusal, key: Option<String>, item: &Value) {
        let said = match to_json(item) {
            Json::String(text) => json!({ "text": shortened(&text) }),
            other => other,
        };
        let Refusal { reason, detail } = refusal;
        self.reading.rejected.push(Rejected { key, reason, detail, said });
    }

    /// Reads one record and those inside it; gives its key. Nothing is kept unless all of it can be.
    fn record(
        &mut self,
        plan: &RecordPlan,
        scope: &Arc<Scope>,
        event: Option<&str>,
    ) -> Result<String, Refusal> {
        let mut record = Record::empty("", plan.kind);
        let mut inner = Vec::new();
        for field in &plan.fields {
            match field {
                FieldPlan::Column { column, rule } => {
                    let clears = plan.clears.iter().any(|name| name == column.name);
                    let value = self.column(column, rule, clears, scope)?;
                    set(&mut record, column, value)?;
                }
                FieldPlan::One { column, record: nested } => {
                    let keys = self.nested(nested, scope, None, &mut inner)?;
                    if let Some(key) = keys.into_iter().next() {
                        set(&mut record, column, Stated::Value(Json::String(key)))?;
                    }
                }
                FieldPlan::Many { column: Some(column), records } => {
                    let mut keys = Vec::new();
                    for nested in records {
                        keys.extend(
                            self.nested(nested, scope, None, &mut inner)?.into_iter().map(Json::String),
                        );
                    }
                    if !keys.is_empty() {
                        set(&mut record, column, Stated::Value(Json::Array(keys)))?;
                    }
                }
                FieldPlan::Many { column: None, .. } => {}
            }
        }
        check_required(plan, &record)?;
        record.key = self.key(plan, &record, scope)?;
        if let Some(event) = event {
            let column = Kind::Offer.spec().column("event");
            if let Some(column) = column {
                set(&mut record, column, Stated::Value(Json::String(event.to_owned())))?;
                record.key = format!("{event}/{}", record.key);
            }
        }
        self.offers(plan, scope, &record.key, &mut inner)?;
        inner.into_iter().for_each(|record| drop(self.keep(record, false)));
        Ok(self.keep(record, plan.key.is_none() && plan.kind == Kind::Event))
    }

    fn offers(
        &mut self,
        plan: &RecordPlan,
        scope: &Arc<Scope>,
        event: &str,
        inner: &mut Vec<Record>,
    ) -> Result<(), Refusal> {
        for field in &plan.fields {
            if let FieldPlan::Many { column: None, records } = field {
                for nested in records {
                    self.nested(nested, scope, Some(event), inner)?;
                }
            }
        }
        Ok(())
    }

    fn column(
        &self,
        column: &Column,
        rule: &Rule,
        clears: bool,
        scope: &Arc<Scope>,
    ) -> Result<Stated<Json>, Refusal> {
        let value = rule.eval(scope).map_err(|error| bad_field(column.name, &error))?;
        stated(column, &value, clears, self.context).map_err(|error| bad_field(column.name, &error))
    }

    /// The keys of the records a nested rule gives; the records go to `inner`. One that states nothing
    /// is none.
    fn nested(
        &mut self,
        plan: &NestedPlan,
        scope: &Arc<Scope>,
        event: Option<&str>,
        inner: &mut Vec<Record>,
    ) -> Result<Vec<String>, Refusal> {
        let name = plan.record.kind.name();
        let scopes = nested_scopes(plan, scope).map_err(|error| bad_field(name, &error))?;
        let mut keys = Vec::new();
        for scope in scopes {
            let mut reader = Reader { nested: true, ..Reader::new(self.file, self.context) };
            let before = reader.record_if_any(&plan.record, &scope, event)?;
            if let Some(key) = before {
                keys.push(key);
                inner.append(&mut reader.reading.records);
            }
        }
        Ok(keys)
    }

    fn record_if_any(
        &mut self,
        plan: &RecordPlan,
        scope: &Arc<Scope>,
        event: Option<&str>,
    ) -> Result<Option<String>, Refusal> {
        let key = self.record(plan, scope, event)?;
        let stated = self.reading.records.last().is_some_and(|record| {
            let own = plan.fields.len();
            let all = record.values().iter().filter(|value| matches!(value, Stated::Value(_))).count();
            own == 0 || all > usize::from(event.is_some())
        });
        Ok(stated.then_some(key))
    }

    fn key(&self, plan: &RecordPlan, record: &Record, scope: &Arc<Scope>) -> Result<String, Refusal> {
        if let Some(rule) = &plan.key {
            let value = rule.eval(scope).map_err(|error| bad_field("key", &error))?;
            let key = text_of(&value).trim().to_owned();
            let missing = is_nothing(&value) || key.is_empty();
            if missing && self.nested {
                return Ok(default_key(record));
            }
            if missing {
                let detail = "the item has no key".to_owned();
                return Err(Refusal { reason: "missing_key".to_owned(), detail });
            }
            return Ok(key);
        }
        Ok(default_key(record))
    }

    /// Keeps a record, and gives the key it is kept under. The same key again fills what is still
    /// unstated; an event whose key was made up and that states something else is another one.
    fn keep(&mut self, mut record: Record, made_up: bool) -> String {
        let place = (record.kind(), record.key.clone());
        if let Some(known) = self.seen.get(&place).and_then(|at| self.reading.records.get_mut(*at)) {
            if *known == record || !made_up {
                known.fill_from(record);
                return place.1;
            }
            let taken = |key: &str| self.seen.contains_key(&(record.kind(), key.to_owned()));
            let numbered = (2..).map(|number| format!("{}#{number}", place.1)).find(|key| !taken(key));
            record.key = numbered.unwrap_or(place.1);
        }
        let key = record.key.clone();
        self.seen.insert((record.kind(), key.clone()), self.reading.records.len());
        self.reading.records.push(record);
        key
    }
}

fn nested_scopes(plan: &NestedPlan, scope: &Arc<Scope>) -> Result<Vec<Arc<Scope>>, String> {
    let items = match &plan.each {
        Some(each) => each.eval_all(scope)?,
        None => vec![scope.item.clone()],
    };
    let mut scopes = Vec::with_capacity(items.len());
    for (index, item) in items.into_iter().enumerate() {
        let inner = with_lets(scope.with_item(item, index), &plan.lets)?;
        if holds(plan.condition.as_ref(), &inner)? {
            scopes.push(inner);
        }
    }
    Ok(scopes)
}

fn set(record: &mut Record, column: &Column, value: Stated<Json>) -> Result<(), Refusal> {
    record.set(column.name, value).map_err(|error| bad_field(column.name, &error.message))
}

fn bad_field(field: &str, error: &str) -> Refusal {
    Refusal { reason: "bad_field".to_owned(), detail: format!("field `{field}`: {error}") }
}

fn check_required(plan: &RecordPlan, record: &Record) -> Result<(), Refusal> {
    for (column, value) in plan.kind.spec().columns.iter().zip(record.values()) {
        let needed = plan.required.iter().any(|name| name == column.name);
        if needed && !matches!(value, Stated::Value(_)) {
            let (reason, detail) =
                (format!("missing_{}", column.name), format!("`{}` is required and missing", column.name));
            return Err(Refusal { reason, detail });
        }
    }
    Ok(())
}

/// The key that a rule finds in an item which gives no record, so that it can be found, and what is known
/// under it has not vanished.
fn said_key(plan: &RecordPlan, scope: &Arc<Scope>) -> Option<String> {
    let value = plan.key.as_ref()?.eval(scope).ok().filter(|value| !is_nothing(value))?;
    Some(text_of(&value).trim().to_owned()).filter(|key| !key.is_empty())
}

/// Made of what tells records of a kind apart: an event's local start and title; of others the name
/// and, for venues, the address.
fn default_key(record: &Record) -> String {
    let json = record.to_json();
    let text = |name: &str| json.get(name).and_then(Json::as_str).unwrap_or_default().to_owned();
    if record.kind() == Kind::Event {
        let start = &json["start"];
        let part = |name: &str| start.get(name).and_then(Json::as_str).unwrap_or_default();
        let when = if part("time").is_empty() {
            part("date").to_owned()
        } else {
            format!("{}T{}", part("date"), &part("time")[..part("time").len().min(5)])
        };
        return format!("{when}/{}", slug(&text("title"))).trim_matches('/').to_owned();
    }
    let parts = [text("name"), text("street"), text("address"), text("city")];
    slug(&parts.iter().filter(|part| !part.is_empty()).cloned().collect::<Vec<_>>().join(" "))
}

/// One scope for each item of a `follow`.
pub fn follow_scopes(each: Option<&Rule>, scope: &Arc<Scope>) -> Result<Vec<Arc<Scope>>, String> {
    let Some(each) = each else { return Ok(vec![Arc::clone(scope)]) };
    let items = each.eval_all(scope)?;
    Ok(items.into_iter().enumerate().map(|(index, item)| Arc::new(scope.with_item(item, index))).collect())
}
