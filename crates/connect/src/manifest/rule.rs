//! A value rule, compiled: what a manifest writes behind a field, a key, a query parameter.
//!
//! A text with `{{ }}` is a template, one that begins with `=` a literal, any other an address in the
//! current item. That is the whole rule; it is the same everywhere.

use std::sync::Arc;

use minijinja::value::{Value, ValueKind};

use crate::expression::address::{Address, listed};
use crate::expression::{Expression, Scope, Template, from_json, is_nothing};

/// A compiled value rule.
#[derive(Debug)]
pub enum Rule {
    /// As written.
    Literal(Value),
    /// Where it stands.
    Address(Address),
    /// Computed.
    Template(Template),
    /// Each of them; absent ones left out, lists joined in.
    List(Vec<Rule>),
    /// An object; absent members left out.
    Object(Vec<(String, Rule)>),
    /// A list made of a list.
    Each(Box<EachRule>),
}

/// `{each, where, let, value}` or `{each, where, let, …members}`.
#[derive(Debug)]
pub struct EachRule {
    /// The items.
    pub each: Rule,
    /// Names that are the same for all items, in order.
    pub lets_of_all: Vec<(Arc<str>, Rule)>,
    /// Names of one item, in order.
    pub lets: Vec<(Arc<str>, Rule)>,
    /// Which of them.
    pub condition: Option<Expression>,
    /// What is made of one.
    pub value: Rule,
}

/// How many elements one list of a rule may hold.
const MOST_ITEMS: usize = 100_000;

impl Rule {
    /// Its value; undefined for nothing.
    pub fn eval(&self, scope: &Arc<Scope>) -> Result<Value, String> {
        match self {
            Rule::Literal(value) => Ok(value.clone()),
            Rule::Address(address) => Ok(address.first(&scope.item, &scope.get("doc"))),
            Rule::Template(template) => template.eval(scope),
            Rule::List(rules) => eval_list(rules, scope),
            Rule::Object(members) => eval_object(members, scope),
            Rule::Each(each) => each.eval(scope),
        }
    }

    /// False when its value cannot depend on what is called `name`.
    fn may_use(&self, name: &str) -> bool {
        match self {
            Rule::Literal(_) => false,
            Rule::Template(template) => template.expressions().iter().any(|e| e.names(name)),
            Rule::List(rules) => rules.iter().any(|rule| rule.may_use(name)),
            Rule::Object(members) => members.iter().any(|(_, rule)| rule.may_use(name)),
            Rule::Address(_) | Rule::Each(_) => true,
        }
    }

    /// Every value it names: for an address all that it finds, for a list its elements.
    pub fn eval_all(&self, scope: &Arc<Scope>) -> Result<Vec<Value>, String> {
        match self {
            Rule::Address(address) => Ok(address.all(&scope.item, &scope.get("doc"))),
            _ => Ok(listed(self.eval(scope)?)),
        }
    }
}

/// Names computed for each item, apart from those before them that are the same for all: these are
/// computed once for a list, which may have thousands of items.
pub fn lets_of_all_and_of_one(lets: Vec<(Arc<str>, Rule)>) -> (NamedRules, NamedRules) {
    let (mut of_all, mut of_one) = (Vec::new(), Vec::new());
    let mut changing: Vec<Arc<str>> = vec![Arc::from("item"), Arc::from("index")];
    let given = |name: &str| lets.iter().filter(|(own, _)| &**own == name).count();
    let shared: Vec<bool> = lets
        .iter()
        .map(|(name, rule)| {
            let shared = given(name) == 1 && !changing.iter().any(|name| rule.may_use(name));
            if !shared {
                changing.push(Arc::clone(name));
            }
            shared
        })
        .collect();
    for (named, shared) in lets.into_iter().zip(shared) {
        if shared { of_all.push(named) } else { of_one.push(named) }
    }
    (of_all, of_one)
}

/// Rules by name, in order.
pub type NamedRules = Vec<(Arc<str>, Rule)>;

fn eval_list(rules: &[Rule], scope: &Arc<Scope>) -> Result<Value, String> {
    let mut list = Vec::new();
    for rule in rules {
        let value = rule.eval(scope)?;
        match value.kind() {
            ValueKind::Seq | ValueKind::Iterable => list.extend(listed(value)),
            _ if is_nothing(&value) => {}
            _ => list.push(value),
        }
    }
    Ok(Value::from(list))
}

fn eval_object(members: &[(String, Rule)], scope: &Arc<Scope>) -> Result<Value, String> {
    let mut pairs = Vec::with_capacity(members.len());
    for (name, rule) in members {
        let value = rule.eval(scope)?;
        if !is_nothing(&value) {
            pairs.push((name.clone(), value));
        }
    }
    Ok(if pairs.is_empty() { Value::UNDEFINED } else { Value::from_pairs(pairs) })
}

impl EachRule {
    fn eval(&self, scope: &Arc<Scope>) -> Result<Value, String> {
        let mut list = Vec::new();
        for inner in self.scopes(scope)? {
            let value = self.value.eval(&inner)?;
            match value.kind() {
                ValueKind::Seq | ValueKind::Iterable => list.extend(listed(value)),
                _ if is_nothing(&value) => {}
                _ => list.push(value),
            }
        }
        Ok(Value::from(list))
    }

    /// One scope for each of its items that the condition lets through.
    pub fn scopes(&self, scope: &Arc<Scope>) -> Result<Vec<Arc<Scope>>, String> {
        let items = self.each.eval_all(scope)?;
        if items.len() > MOST_ITEMS {
            return Err(format!("a list of {} items; {MOST_ITEMS} are the most", items.len()));
        }
        if items.is_empty() {
            return Ok(Vec::new());
        }
        let scope = with_lets(scope.as_ref().clone(), &self.lets_of_all)?;
        let mut scopes = Vec::new();
        for (index, item) in items.into_iter().enumerate() {
            let inner = with_lets(scope.with_item(item, index), &self.lets)?;
            if holds(self.condition.as_ref(), &inner)? {
                scopes.push(inner);
            }
        }
        Ok(scopes)
    }
}

/// The scope with the names of `let` in it, each computed from those before.
pub fn with_lets(scope: Scope, lets: &[(Arc<str>, Rule)]) -> Result<Arc<Scope>, String> {
    let mut scope = Arc::new(scope);
    for (name, rule) in lets {
        let value = rule.eval(&scope).map_err(|error| format!("`{name}`: {error}"))?;
        // Cloned only where a value has kept the scope.
        Arc::make_mut(&mut scope).lets.push((Arc::clone(name), value));
    }
    Ok(scope)
}

/// Whether a condition, if there is one, holds.
pub fn holds(condition: Option<&Expression>, scope: &Arc<Scope>) -> Result<bool, String> {
    match condition {
        None => Ok(true),
        Some(condition) => condition.eval(scope).map(|value| value.is_true()),
    }
}

/// A literal of the manifest.
pub fn literal(json: &serde_json::Value) -> Rule {
    Rule::Literal(from_json(json))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_the_same_for_all_items_is_told_from_what_is_not() {
        let template = |text: &str| Rule::Template(Template::parse(text).unwrap());
        let check = |lets: &[(&str, &str)], expected: &[&str]| {
            let lets = lets.iter().map(|(name, text)| (Arc::from(*name), template(text))).collect();
            let (of_all, _) = lets_of_all_and_of_one(lets);
            assert_eq!(of_all.iter().map(|(name, _)| &**name).collect::<Vec<_>>(), expected);
        };
        check(&[("below", "{{ url ~ '/' }}"), ("link", "{{ item | attr('href') }}")], &["below"]);
        check(&[("at", "{{ index + 1 }}"), ("name", "no {{ at }}"), ("host", "{{ url }}")], &["host"]);
        // Filters that read dates do so in the zone in force.
        check(&[("timezone", "{{ item.zone }}"), ("day", "{{ params.from | date }}")], &[]);
        // A name given twice means another thing in between.
        check(&[("a", "{{ url }}"), ("b", "{{ a }}"), ("a", "{{ item }}")], &[]);
    }
}
