//! The parameters of a script: values are bound, never pasted into the text.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::tokens::{Kind, Token};
use crate::sql::Dialect;

/// What the parameters of a script stand for.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum ScriptParams {
    /// It has none.
    #[default]
    None,
    /// `:name`, `@name` or `$name`.
    Named(Map<String, Value>),
    /// `?` one after the other, or `?1`.
    Listed(Vec<Value>),
}

/// Fills statements one after the other.
pub(super) struct Filler<'a> {
    params: &'a ScriptParams,
    sign: char,
    used: BTreeSet<String>,
    next: usize,
}

impl<'a> Filler<'a> {
    pub(super) fn new(params: &'a ScriptParams, dialect: Dialect) -> Filler<'a> {
        let sign = if dialect == Dialect::Postgres { '$' } else { '?' };
        Filler { params, sign, used: BTreeSet::new(), next: 0 }
    }

    /// A statement with its parameters numbered from 1, and their values.
    pub(super) fn fill(&mut self, script: &str, tokens: &[Token]) -> Result<(String, Vec<Value>), String> {
        let mut values = Vec::new();
        let mut sql = String::new();
        let mut from = tokens.first().map_or(0, |token| token.start);
        for token in tokens.iter().filter(|token| token.kind == Kind::Parameter) {
            sql.push_str(&script[from..token.start]);
            values.push(self.value(token.text(script))?);
            sql.push(self.sign);
            sql.push_str(&values.len().to_string());
            from = token.end;
        }
        sql.push_str(&script[from..tokens.last().map_or(from, |token| token.end)]);
        Ok((sql, values))
    }

    fn value(&mut self, written: &str) -> Result<Value, String> {
        let (sign, name) = written.split_at(1);
        let found = match (sign, self.params) {
            ("?", ScriptParams::Listed(values)) => {
                let number = if name.is_empty() { self.next + 1 } else { name.parse().unwrap_or(0) };
                self.next = number;
                self.used.insert(number.to_string());
                number.checked_sub(1).and_then(|index| values.get(index))
            }
            ("?", _) => {
                return Err(format!("`{written}` stands for an element of `params`, which is no list"));
            }
            (_, ScriptParams::Named(values)) => {
                self.used.insert(name.to_owned());
                values.get(name)
            }
            _ => None,
        };
        found.cloned().ok_or_else(|| format!("`{written}` is in the script and not in `params`"))
    }

    /// A value that nothing uses is a mistake.
    pub(super) fn all_used(&self) -> Result<(), String> {
        let names: Vec<String> = match self.params {
            ScriptParams::None => Vec::new(),
            ScriptParams::Named(values) => values.keys().cloned().collect(),
            ScriptParams::Listed(values) => (1..=values.len()).map(|number| number.to_string()).collect(),
        };
        match names.iter().find(|name| !self.used.contains(*name)) {
            None => Ok(()),
            Some(name) if matches!(self.params, ScriptParams::Named(_)) => Err(format!(
                "`params` has `{name}`, which the script does not use: write :{name} where it goes"
            )),
            Some(number) => Err(format!("element {number} of `params` is not used by the script")),
        }
    }
}
