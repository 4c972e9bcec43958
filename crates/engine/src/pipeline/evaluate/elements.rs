//! The list that a `for_each` goes over, one element after the other: a million of them take no more
//! memory than one.

use std::sync::Arc;

use connect::expression::{Bounds, Expression, Fault, Range, Value, ValueKind, to_json_within};
use serde_json::Value as Json;

use super::{Scope, Templates, bare_expression};

/// What a step goes over.
#[derive(Debug, Clone)]
pub enum ForEach {
    /// The elements, each with templates in it.
    List(Vec<Templates>),
    /// An expression that gives them.
    Computed(Arc<Expression>),
}

impl ForEach {
    /// Compiles an expression; braces may be left out.
    pub fn parse(text: &str) -> Result<ForEach, Fault> {
        Ok(ForEach::Computed(Arc::new(bare_expression(text)?)))
    }

    /// As written, in one line.
    pub fn shown(&self) -> String {
        match self {
            ForEach::List(items) => format!("{} elements", items.len()),
            ForEach::Computed(expression) => expression.source().trim().to_owned(),
        }
    }

    /// False when its elements cannot depend on the variable `name`.
    pub(in crate::pipeline) fn names(&self, name: &str) -> bool {
        match self {
            ForEach::List(items) => items.iter().any(|item| item.names(name)),
            ForEach::Computed(expression) => expression.names(name),
        }
    }

    /// The elements, at most `cap` of them: where there are more the last one is an error.
    pub fn elements(&self, scope: &Scope, cap: u64) -> Result<Elements, String> {
        let (source, known) = match self {
            ForEach::List(items) => {
                (Source::List(items.clone().into_iter(), scope.clone()), Some(items.len() as u64))
            }
            ForEach::Computed(expression) => {
                let value = expression.eval(scope.inner()).map_err(|error| format!("for_each: {error}"))?;
                of_value(value)?
            }
        };
        if let Some(len) = known.filter(|len| *len > cap) {
            return Err(too_many(Some(len), cap));
        }
        Ok(Elements { source, known, given: 0, cap })
    }
}

fn too_many(len: Option<u64>, cap: u64) -> String {
    let has = len.map_or_else(|| "more".to_owned(), |len| len.to_string());
    format!("for_each: {has} elements, and {cap} are the most")
}

fn of_value(value: Value) -> Result<(Source, Option<u64>), String> {
    if let Some(range) = value.downcast_object_ref::<Range>() {
        return Ok((Source::Range(*range, 0), Some(range.len())));
    }
    match value.kind() {
        ValueKind::Seq | ValueKind::Iterable => {
            let known = value.len().map(|len| len as u64);
            let items = value.try_iter().map_err(|error| format!("for_each: {error}"))?;
            Ok((Source::Values(Box::new(items)), known))
        }
        ValueKind::None => Err("for_each: the expression gives null, not a list".to_owned()),
        ValueKind::Map => {
            Err("for_each: the expression gives an object, not a list; `| items` makes one of it".to_owned())
        }
        other => Err(format!("for_each: the expression gives a {other}, not a list")),
    }
}

enum Source {
    List(std::vec::IntoIter<Templates>, Scope),
    Range(Range, u64),
    Values(Box<dyn Iterator<Item = Value> + Send + Sync>),
}

/// The elements of a list, made one by one.
pub struct Elements {
    source: Source,
    known: Option<u64>,
    given: u64,
    cap: u64,
}

impl Elements {
    /// How many there are in all, where that is known before they are walked.
    pub fn total(&self) -> Option<u64> {
        self.known
    }

    /// Leaves out the first `count`: for going on with a list that was walked in part.
    pub fn skip_to(mut self, count: u64) -> Elements {
        match &mut self.source {
            Source::Range(_, next) => *next = count,
            Source::List(..) | Source::Values(_) => {
                for _ in self.given..count {
                    if self.source.pass().is_none() {
                        break;
                    }
                }
            }
        }
        self.given = count;
        self
    }
}

impl Source {
    /// Passes over one element without making it.
    fn pass(&mut self) -> Option<()> {
        match self {
            Source::List(items, _) => items.next().map(drop),
            Source::Values(items) => items.next().map(drop),
            Source::Range(..) => Some(()),
        }
    }

    fn next(&mut self) -> Option<Result<Json, String>> {
        match self {
            Source::List(items, scope) => items.next().map(|item| item.eval(scope)),
            Source::Values(items) => items.next().map(|item| to_json_within(&item, Bounds::default())),
            Source::Range(range, next) => {
                let number = range.get(*next)?;
                *next += 1;
                Some(Ok(Json::from(number)))
            }
        }
    }
}

impl Iterator for Elements {
    type Item = Result<Json, String>;

    fn next(&mut self) -> Option<Result<Json, String>> {
        if self.given > self.cap {
            return None;
        }
        let next = self.source.next()?;
        self.given += 1;
        match self.given > self.cap {
            true => Some(Err(too_many(None, self.cap))),
            false => Some(next),
        }
    }
}
