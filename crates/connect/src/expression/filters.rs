//! The filters: one table, from which come their registration, the names lint knows, the reference
//! page, and the tests of their examples.

mod dates;
mod lists;
mod money;
mod pages;
mod text;
mod web;

use std::sync::LazyLock;

use minijinja::value::{Kwargs, Rest, Value, ValueOrKwargs, from_args};
use minijinja::{Environment, Error, ErrorKind, State};
use model::When;

use super::scan::Named;
use super::{Fault, Moment, cache, is_nothing, text_of, unknown};

pub(crate) use dates::read_any as read_date;
pub(crate) use lists::status as read_status;
pub(crate) use text::slug;
pub(crate) use web::encode;

/// What a filter gives, or why it cannot.
pub(super) type Outcome = Result<Value, Error>;

/// One filter.
pub struct Filter {
    /// Its name.
    pub name: &'static str,
    /// Its arguments as the reference shows them: `(pattern, group=0)`.
    pub takes: &'static str,
    /// What it does, one or two sentences.
    pub doc: &'static str,
    /// Expressions and what they give, as JSON. Tested.
    pub examples: &'static [(&'static str, &'static str)],
    /// What its first argument is, as far as lint can check it.
    pub(super) first: Argument,
    /// The filter itself; never called with nothing.
    pub(super) run: fn(&Call<'_>) -> Outcome,
}

/// What lint can know of a filter's first argument.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Argument {
    Any,
    Selector,
    Pattern,
    Zone,
}

/// A group of filters under one heading of the reference.
pub struct Group {
    /// The heading.
    pub title: &'static str,
    /// Its filters.
    pub filters: &'static [Filter],
}

/// All of our filters, in the order of the reference.
pub const GROUPS: &[Group] = &[
    Group { title: "Pages", filters: pages::FILTERS },
    Group { title: "Text", filters: text::FILTERS },
    Group { title: "Dates and times", filters: dates::FILTERS },
    Group { title: "Money and numbers", filters: money::FILTERS },
    Group { title: "Lists and choices", filters: lists::FILTERS },
    Group { title: "Addresses and documents", filters: web::FILTERS },
];

/// Jinja's own filters that stay, for the reference and for lint.
pub const BUILT_IN: &[&str] = &[
    "abs",
    "batch",
    "bool",
    "count",
    "d",
    "default",
    "dictsort",
    "float",
    "format",
    "groupby",
    "int",
    "items",
    "length",
    "list",
    "lower",
    "map",
    "max",
    "min",
    "reject",
    "rejectattr",
    "replace",
    "reverse",
    "round",
    "select",
    "selectattr",
    "slice",
    "sort",
    "split",
    "string",
    "sum",
    "title",
    "tojson",
    "trim",
    "unique",
    "upper",
    "zip",
    "chain",
];

/// All of our filters.
pub fn all_filters() -> impl Iterator<Item = &'static Filter> {
    GROUPS.iter().flat_map(|group| group.filters)
}

/// Makes `filter` known to expressions.
pub(super) fn register(environment: &mut Environment<'static>, filter: &'static Filter) {
    let call = move |state: &State<'_, '_>, value: &Value, args: Rest<ValueOrKwargs>| -> Outcome {
        if is_nothing(value) && filter.name != "or_else" {
            // What is undefined keeps knowing its name.
            return Ok(if value.is_undefined() { value.clone() } else { Value::UNDEFINED });
        }
        let args = args.into_values();
        let (positional, named): (&[Value], Kwargs) = from_args(&args)?;
        let call = Call { state, filter, value: value.clone(), positional, named: &named };
        let given = (filter.run)(&call)?;
        call.assert_all_used()?;
        Ok(given)
    };
    environment.add_filter(filter.name, call);
}

/// One use of a filter.
pub(super) struct Call<'a> {
    state: &'a State<'a, 'a>,
    filter: &'static Filter,
    pub(super) value: Value,
    positional: &'a [Value],
    named: &'a Kwargs,
}

impl Call<'_> {
    /// The value as text; a list is not one.
    pub(super) fn text(&self) -> Result<String, Error> {
        use minijinja::value::ValueKind;
        match self.value.kind() {
            ValueKind::Seq | ValueKind::Map => Err(self.fault("takes a text, not a list or an object")),
            _ => Ok(text_of(&self.value)),
        }
    }

    /// An argument by position or by name; nothing when it is not given.
    pub(super) fn arg(&self, position: usize, name: &str) -> Option<Value> {
        let named = self.named.get::<Option<Value>>(name).ok().flatten();
        let value = self.positional.get(position).cloned().or(named)?;
        (!value.is_undefined() && !value.is_none()).then_some(value)
    }

    pub(super) fn arg_text(&self, position: usize, name: &str) -> Option<String> {
        self.arg(position, name).map(|value| text_of(&value))
    }

    pub(super) fn arg_int(&self, position: usize, name: &str) -> Result<Option<i64>, Error> {
        let Some(value) = self.arg(position, name) else { return Ok(None) };
        let number = value.as_i64().or_else(|| text_of(&value).trim().parse().ok());
        number.map(Some).ok_or_else(|| self.fault(&format!("`{name}` is a whole number, not {value:?}")))
    }

    pub(super) fn arg_flag(&self, position: usize, name: &str, default: bool) -> bool {
        self.arg(position, name).map_or(default, |value| lists::truth(&value).unwrap_or(value.is_true()))
    }

    pub(super) fn needed(&self, position: usize, name: &str) -> Result<String, Error> {
        self.arg_text(position, name).ok_or_else(|| self.fault(&format!("needs `{name}`")))
    }

    /// All positional arguments from `position` on, as texts.
    pub(super) fn rest(&self, position: usize) -> Vec<String> {
        self.positional.iter().skip(position).map(text_of).collect()
    }

    /// A name of the scope the expression runs in.
    pub(super) fn scope(&self, name: &str) -> Value {
        self.state.lookup(name).unwrap_or_default()
    }

    pub(super) fn now(&self) -> Option<When> {
        Moment::of(&self.scope("now")).map(|now| now.0.clone())
    }

    pub(super) fn fault(&self, message: &str) -> Error {
        let Filter { name, takes, .. } = self.filter;
        Error::new(ErrorKind::InvalidOperation, format!("filter `{name}{takes}` {message}"))
    }

    fn assert_all_used(&self) -> Result<(), Error> {
        let takes = self.filter.takes;
        let unknown = self.named.args().find(|name| !takes.contains(name));
        match unknown {
            Some(name) => Err(self.fault(&format!("has no argument `{name}`"))),
            None => Ok(()),
        }
    }
}

/// What is wrong with a filter as an expression names it.
pub(super) fn fault(named: &Named<'_>) -> Option<Fault> {
    let ours = all_filters().find(|filter| filter.name == named.name);
    let Some(filter) = ours else {
        let known = BUILT_IN.contains(&named.name);
        return (!known).then(|| unknown("filter", named.name, named.at, filter_names().iter().copied()));
    };
    let literal = named.literal.as_deref()?;
    let (what, message) = match filter.first {
        Argument::Any => return None,
        Argument::Selector => ("selector", cache::checked_selector(literal).err()?),
        Argument::Pattern => ("pattern", cache::regex(literal).err()?),
        Argument::Zone if crate::value::zone::by_name(literal).is_some() => return None,
        Argument::Zone => ("time zone", "not one of the IANA names, like `Europe/Berlin`".to_owned()),
    };
    Some(Fault { at: named.at, message: format!("`{literal}` is not a {what}: {message}"), help: None })
}

/// Every filter name, ours and Jinja's.
pub fn filter_names() -> &'static [&'static str] {
    static NAMES: LazyLock<Vec<&'static str>> =
        LazyLock::new(|| all_filters().map(|filter| filter.name).chain(BUILT_IN.iter().copied()).collect());
    &NAMES
}

/// The tests (`x is defined`) that Jinja has.
pub(super) fn test_names(_environment: &Environment<'_>) -> &'static [&'static str] {
    &[
        "defined",
        "undefined",
        "none",
        "boolean",
        "odd",
        "even",
        "divisibleby",
        "number",
        "integer",
        "int",
        "float",
        "string",
        "sequence",
        "iterable",
        "mapping",
        "startingwith",
        "endingwith",
        "lower",
        "upper",
        "sameas",
        "eq",
        "equalto",
        "ne",
        "lt",
        "lessthan",
        "le",
        "gt",
        "greaterthan",
        "ge",
        "in",
        "true",
        "false",
        "not",
        "filter",
        "test",
        "safe",
        "escaped",
    ]
}
