//! The one expression language: Jinja expressions in `{{ }}`, with filters for pages, text, dates and
//! money.
//!
//! Everything is an expression: there are no statements, so there are no loops, and what an expression
//! costs is bounded by its own length and by the document. Nothing in gives nothing out: every filter
//! of ours passes an absent value on. All names can be checked before a run, and are.
//!
//! What differs between a connector and a pipeline is one thing: a page may lack anything, so there
//! what is absent is nothing and passes on; in a pipeline a name that is not there is a mistake, and an
//! expression [`Absent::Fails`] with its name. The names, filters and functions are the same.

pub mod address;
mod bounded;
mod cache;
mod filters;
mod moment;
pub mod page;
mod range;
mod scan;
mod uses;
mod xml;

use std::sync::{Arc, LazyLock};

use minijinja::value::Object;
use minijinja::{Environment, UndefinedBehavior};
use model::nearest;

pub use address::Address;
pub use bounded::{Bounds, to_json_within};
pub use filters::{BUILT_IN, Filter, GROUPS, Group, all_filters};
pub(crate) use filters::{encode, read_date, read_status, slug};
pub use minijinja::value::{Value, ValueKind};
pub use moment::Moment;
pub use page::Element;
pub use range::Range;
pub use uses::Use;
pub use xml::XmlElement;

/// What an expression makes of a name that is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// Nothing, which passes on: documents may lack anything.
    Passes,
    /// An error that names it; `default` and `is defined` still ask.
    Fails,
}

/// The environments all expressions share: filters and functions, the same in both. Jinja ties what is
/// made of absent names to the environment, hence two of them.
static PASSING: LazyLock<Environment<'static>> = LazyLock::new(|| environment(UndefinedBehavior::Chainable));
static FAILING: LazyLock<Environment<'static>> = LazyLock::new(|| environment(UndefinedBehavior::Strict));

fn environment(undefined: UndefinedBehavior) -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(undefined);
    // With this, the error of an absent name says which it is.
    environment.set_debug(undefined == UndefinedBehavior::Strict);
    environment.set_recursion_limit(100);
    environment.add_function("range", range::range);
    for filter in all_filters() {
        filters::register(&mut environment, filter);
    }
    environment
}

/// A text that evaluation may not outgrow.
const LONGEST_TEXT: usize = 4 << 20;

/// Something wrong with an expression, seen before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Byte offset in the text that was checked.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

impl Fault {
    fn new(at: usize, message: impl Into<String>) -> Fault {
        Fault { at, message: message.into(), help: None }
    }
}

/// Names that filters read without being given them.
const READ_BY_FILTERS: [&str; 3] = ["url", "timezone", "now"];

/// A compiled expression.
pub struct Expression {
    source: String,
    absent: Absent,
    compiled: minijinja::Expression<'static, 'static>,
}

impl std::fmt::Debug for Expression {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.source)
    }
}

impl Expression {
    /// As written, without braces.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Compiles `source`, written without braces; what is absent passes.
    pub fn parse(source: &str) -> Result<Expression, Fault> {
        Expression::parse_as(Absent::Passes, source)
    }

    /// Compiles `source`, written without braces.
    pub fn parse_as(absent: Absent, source: &str) -> Result<Expression, Fault> {
        let environment: &'static Environment<'static> = match absent {
            Absent::Passes => &PASSING,
            Absent::Fails => &FAILING,
        };
        if !scan::is_bounded(source) {
            let mut fault = Fault::new(0, "the expression is too long");
            fault.help = Some("compute a part of it in a step of its own, or by a filter".to_owned());
            return Err(fault);
        }
        let compiled = environment
            .compile_expression_owned(scan::keep_backslashes(source.trim()))
            .map_err(|error| Fault::new(0, format!("not an expression: {}", describe(&error))))?;
        Ok(Expression { source: source.to_owned(), absent, compiled })
    }

    /// Its value; the error says in one line what failed.
    pub fn eval(&self, scope: &Arc<Scope>) -> Result<Value, String> {
        let value = self.compiled.eval(Value::from_dyn_object(Arc::clone(scope)));
        let value = value.map_err(|error| describe(&error))?;
        match (self.absent, value.kind()) {
            (Absent::Fails, ValueKind::Undefined) => Err(format!("`{}` is undefined", self.source.trim())),
            (Absent::Fails, ValueKind::Invalid) => Err(value.to_string()),
            _ => Ok(value),
        }
    }

    /// Every use of the variable `root`, with the members named behind it.
    pub fn uses(&self, root: &str) -> Vec<Use> {
        uses::of(&self.source, root)
    }

    /// False when its value cannot depend on the variable `name`.
    pub fn names(&self, name: &str) -> bool {
        let by_a_filter = READ_BY_FILTERS.contains(&name) && self.source.contains('|');
        by_a_filter || self.compiled.undeclared_variables(false).contains(name)
    }

    /// Names of filters, tests and variables that do not exist (`names` are the variables that do), and
    /// literal patterns, selectors and zones that are not valid.
    pub fn faults(&self, names: &[&str]) -> Vec<Fault> {
        let mut faults = self.variable_faults(names);
        for filter in scan::filters(&self.source) {
            faults.extend(filters::fault(&filter));
        }
        let known = filters::test_names(&PASSING);
        for test in scan::tests(&self.source) {
            if !known.contains(&test.name) {
                faults.push(unknown("test", test.name, test.at, known.iter().copied()));
            }
        }
        faults
    }

    fn variable_faults(&self, names: &[&str]) -> Vec<Fault> {
        let mut used: Vec<String> = self.compiled.undeclared_variables(false).into_iter().collect();
        used.sort();
        let is_known = |name: &String| {
            names.contains(&name.as_str()) || PASSING.globals().any(|(global, _)| global == name)
        };
        let unknown_names = used.iter().filter(|name| !is_known(name));
        let fault = |name: &String| {
            let at = scan::variable(&self.source, name).unwrap_or(0);
            unknown("name", name, at, names.iter().copied())
        };
        unknown_names.map(fault).collect()
    }
}

/// The fault of an unknown name, with the nearest known one or the list of them.
fn unknown<'a>(what: &str, name: &str, at: usize, known: impl Iterator<Item = &'a str> + Clone) -> Fault {
    let mut fault = Fault::new(at, format!("there is no {what} `{name}`"));
    fault.help = Some(match nearest(name, known.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.clone().count() <= 24 => {
            format!("known here: {}", known.map(|k| format!("`{k}`")).collect::<Vec<_>>().join(", "))
        }
        None => format!("the reference lists every {what}: docs/connectors.md"),
    });
    fault
}

/// Our own filters say all there is to say; Jinja's errors need their kind before them.
fn describe(error: &minijinja::Error) -> String {
    use minijinja::ErrorKind::{InvalidOperation, UndefinedError};
    match (error.kind(), error.detail()) {
        (InvalidOperation | UndefinedError, Some(detail)) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    }
}

/// Text with `{{ expressions }}` in it.
#[derive(Debug)]
pub enum Template {
    /// The whole text is one expression: its value keeps its type.
    Value(Expression),
    /// Text and expressions, joined; nothing where one of them gives nothing.
    Text(Vec<Piece>),
}

/// A part of a template.
#[derive(Debug)]
pub enum Piece {
    /// As written.
    Literal(String),
    /// Computed.
    Computed(Expression),
}

impl Template {
    /// Parses a text that may hold `{{ }}`; faults carry offsets in `text`. What is absent passes.
    pub fn parse(text: &str) -> Result<Template, Fault> {
        Template::parse_as(Absent::Passes, text)
    }

    /// Parses a text that may hold `{{ }}`; faults carry offsets in `text`.
    pub fn parse_as(absent: Absent, text: &str) -> Result<Template, Fault> {
        // A connector's texts are trimmed; what a pipeline hands on is handed on as written, but a single
        // expression with space around it is still one.
        let text = if absent == Absent::Passes || is_single(text) { text.trim() } else { text };
        if let Some(at) = text.find("{%") {
            let mut fault = Fault::new(at, "statements (`{% … %}`) are not part of the language");
            fault.help = Some("write an expression: `{{ a if b else c }}`".to_owned());
            return Err(fault);
        }
        let parts = scan::parts(text).map_err(|at| Fault::new(at, "`{{` without its `}}`"))?;
        let shift = |at: usize| move |fault: Fault| Fault { at: fault.at + at, ..fault };
        if let [scan::Part::Expression(source, at)] = parts.as_slice() {
            return Ok(Template::Value(Expression::parse_as(absent, source).map_err(shift(*at))?));
        }
        let piece = |part: &scan::Part<'_>| match part {
            scan::Part::Text(text) => Ok(Piece::Literal((*text).to_owned())),
            scan::Part::Expression(source, at) => {
                Ok(Piece::Computed(Expression::parse_as(absent, source).map_err(shift(*at))?))
            }
        };
        Ok(Template::Text(parts.iter().map(piece).collect::<Result<_, Fault>>()?))
    }

    /// Its value.
    pub fn eval(&self, scope: &Arc<Scope>) -> Result<Value, String> {
        let pieces = match self {
            Template::Value(expression) => return expression.eval(scope),
            Template::Text(pieces) => pieces,
        };
        let mut text = String::new();
        for piece in pieces {
            match piece {
                Piece::Literal(literal) => text.push_str(literal),
                Piece::Computed(expression) => {
                    let value = expression.eval(scope)?;
                    if expression.absent == Absent::Passes && is_nothing(&value) {
                        return Ok(Value::UNDEFINED);
                    }
                    match expression.absent {
                        Absent::Passes => text.push_str(&value.to_string()),
                        Absent::Fails => push_plain(&mut text, &value)?,
                    }
                }
            }
            if text.len() > LONGEST_TEXT {
                return Err(format!("the text grows beyond {LONGEST_TEXT} bytes"));
            }
        }
        Ok(Value::from(text))
    }

    /// The expressions in it.
    pub fn expressions<'a>(&'a self) -> Vec<&'a Expression> {
        match self {
            Template::Value(expression) => vec![expression],
            Template::Text(pieces) => {
                let computed = |piece: &'a Piece| match piece {
                    Piece::Computed(expression) => Some(expression),
                    Piece::Literal(_) => None,
                };
                pieces.iter().filter_map(computed).collect()
            }
        }
    }
}

/// Whether a text is one expression and nothing else but space.
fn is_single(text: &str) -> bool {
    matches!(scan::parts(text.trim()).as_deref(), Ok([scan::Part::Expression(..)]))
}

/// A value inside a text as other programs write it: `true`, JSON for lists and objects, nothing for
/// null.
fn push_plain(text: &mut String, value: &Value) -> Result<(), String> {
    match value.kind() {
        ValueKind::None => {}
        ValueKind::Bool => text.push_str(if value.is_true() { "true" } else { "false" }),
        ValueKind::Seq | ValueKind::Iterable | ValueKind::Map => {
            text.push_str(&to_json_within(value, Bounds::default())?.to_string());
        }
        _ => text.push_str(&text_of(value)),
    }
    Ok(())
}

/// Absent, null, or blank text.
pub fn is_nothing(value: &Value) -> bool {
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => true,
        ValueKind::String => value.as_str().is_some_and(|text| text.trim().is_empty()),
        _ => false,
    }
}

/// The text of a value: of an element all of it in one line, of a moment its ISO form.
pub fn text_of(value: &Value) -> String {
    if let Some(element) = value.downcast_object_ref::<Element>() {
        return element.text();
    }
    if let Some(element) = value.downcast_object_ref::<XmlElement>() {
        return element.text();
    }
    value.to_string()
}

/// The JSON form of a value: elements as their text, moments as stored.
pub fn to_json(value: &Value) -> serde_json::Value {
    json_at(value, 0)
}

const DEEPEST: usize = 64;

fn json_at(value: &Value, depth: usize) -> serde_json::Value {
    use serde_json::Value as Json;
    if let Some(moment) = Moment::of(value) {
        return serde_json::to_value(&moment.0).unwrap_or_default();
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => Json::Null,
        ValueKind::Bool => Json::Bool(value.is_true()),
        ValueKind::Number => number(value),
        _ if depth > DEEPEST => Json::Null,
        ValueKind::Seq | ValueKind::Iterable => {
            let items = value.try_iter().map(|items| items.map(|item| json_at(&item, depth + 1)).collect());
            Json::Array(items.unwrap_or_default())
        }
        ValueKind::Map => {
            let keys = value.try_iter().map(|keys| keys.collect::<Vec<_>>()).unwrap_or_default();
            let pair = |key: Value| {
                let member = value.get_item(&key).unwrap_or_default();
                (key.to_string(), json_at(&member, depth + 1))
            };
            Json::Object(keys.into_iter().map(pair).collect())
        }
        _ => Json::String(text_of(value)),
    }
}

fn number(value: &Value) -> serde_json::Value {
    match value.as_i64() {
        Some(whole) if value.is_integer() => whole.into(),
        _ => f64::try_from(value.clone()).ok().map_or(serde_json::Value::Null, serde_json::Value::from),
    }
}

/// A JSON value as expressions see it.
pub fn from_json(json: &serde_json::Value) -> Value {
    Value::from(minijinja::value::Serde(json))
}

/// The names an expression can use.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Names that stay for a whole document.
    pub fixed: Arc<Vec<(&'static str, Value)>>,
    /// The current item.
    pub item: Value,
    /// Its position, from 0.
    pub index: usize,
    /// Names a manifest gave with `let`, latest last.
    pub lets: Vec<(Arc<str>, Value)>,
}

impl Scope {
    /// The value of a name; undefined when there is none.
    pub fn get(&self, name: &str) -> Value {
        if let Some((_, value)) = self.lets.iter().rev().find(|(own, _)| &**own == name) {
            return value.clone();
        }
        match name {
            "item" => self.item.clone(),
            "index" => Value::from(self.index),
            _ => {
                let found = self.fixed.iter().find(|(own, _)| *own == name);
                found.map(|(_, value)| value.clone()).unwrap_or_default()
            }
        }
    }

    /// The same names with another current item.
    pub fn with_item(&self, item: Value, index: usize) -> Scope {
        Scope { fixed: Arc::clone(&self.fixed), item, index, lets: self.lets.clone() }
    }
}

impl Object for Scope {
    fn get_value(self: &Arc<Self>, key: &Value) -> Option<Value> {
        let value = self.get(key.as_str()?);
        (!value.is_undefined()).then_some(value)
    }
}

#[cfg(test)]
mod tests;
