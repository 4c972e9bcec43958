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
    /// Names, in order.
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

    /// Every value it names: for an address all that it finds, for a list its elements.
    pub fn eval_all(&self, scope: &Arc<Scope>) -> Result<Vec<Value>, String> {
        match self {
            Rule::Address(address) => Ok(address.all(&scope.item, &scope.get("doc"))),
            _ => Ok(listed(self.eval(scope)?)),
        }
    }
}

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
        let mut scopes = Vec::with_capacity(items.len());
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
pub fn with_lets(mut scope: Scope, lets: &[(Arc<str>, Rule)]) -> Result<Arc<Scope>, String> {
    for (name, rule) in lets {
        let here = Arc::new(scope.clone());
        let value = rule.eval(&here).map_err(|error| format!("`{name}`: {error}"))?;
        scope.lets.push((Arc::clone(name), value));
    }
    Ok(Arc::new(scope))
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
