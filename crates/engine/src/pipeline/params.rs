//! The values of a pipeline's parameters: defaults, then what was set from outside.

use model::nearest;
use serde_json::{Map, Value};

use super::spec::{Param, Pipeline};

impl Pipeline {
    /// All parameters with their values: the defaults, over them `given` (from another pipeline, an API).
    /// The errors name what is missing, unknown or of another type than its default.
    pub fn params_from(&self, given: &Map<String, Value>) -> Result<Map<String, Value>, Vec<String>> {
        let mut errors: Vec<String> = given.keys().filter_map(|name| self.unknown(name)).collect();
        let mut values = Map::new();
        for (name, param) in self.declared() {
            match given.get(name) {
                Some(value)
                    if kind(value) == kind(&param.default) || param.default.is_null() || value.is_null() =>
                {
                    values.insert(name.to_owned(), value.clone());
                }
                Some(value) => match value.as_str().map(|text| typed(text, &param)) {
                    Some(Ok(value)) => drop(values.insert(name.to_owned(), value)),
                    _ => errors.push(format!(
                        "parameter `{name}` is {}, not {}",
                        kind(&param.default),
                        kind(value)
                    )),
                },
                None if param.required => errors.push(missing(name, &param)),
                None => drop(values.insert(name.to_owned(), param.default)),
            }
        }
        if errors.is_empty() { Ok(values) } else { Err(errors) }
    }

    /// All parameters with their values, given texts like `days=3` (`--set`). A value is read by the type
    /// of the declared default; without one it is JSON where it can be, else the text itself.
    pub fn params_with(&self, sets: &[String]) -> Result<Map<String, Value>, Vec<String>> {
        let mut given = Map::new();
        let mut errors = Vec::new();
        for set in sets {
            match self.set(set) {
                Ok((name, value)) => drop(given.insert(name, value)),
                Err(error) => errors.push(error),
            }
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        self.params_from(&given)
    }

    fn set(&self, set: &str) -> Result<(String, Value), String> {
        let (name, text) =
            set.split_once('=').ok_or_else(|| format!("`{set}` is not a setting; write `name=value`"))?;
        let name = name.trim();
        let (_, param) = self
            .declared()
            .find(|(own, _)| *own == name)
            .ok_or_else(|| self.unknown(name).unwrap_or_default())?;
        let value = typed(text, &param).map_err(|why| format!("parameter `{name}`: {why}"))?;
        Ok((name.to_owned(), value))
    }

    fn unknown(&self, name: &str) -> Option<String> {
        if self.params.contains_key(name) {
            return None;
        }
        let names = || self.params.keys().map(String::as_str);
        let help = match nearest(name, names()) {
            Some(near) => format!("did you mean `{near}`?"),
            None if self.params.is_empty() => "the pipeline has no parameters".to_owned(),
            None => format!("there are {}", names().collect::<Vec<_>>().join(", ")),
        };
        Some(format!("there is no parameter `{name}`; {help}"))
    }
}

fn missing(name: &str, param: &Param) -> String {
    let what = param.description.as_deref().map_or_else(String::new, |what| format!(" ({what})"));
    format!("parameter `{name}` is needed{what}: `--set {name}=VALUE`")
}

/// The value of a text, by the type of the default. The message never repeats a secret.
fn typed(text: &str, param: &Param) -> Result<Value, String> {
    let not = |what: &str| match param.secret {
        true => format!("its value is not {what}"),
        false => format!("`{text}` is not {what}"),
    };
    let json = || serde_json::from_str::<Value>(text.trim()).ok();
    match &param.default {
        Value::String(_) => Ok(Value::String(text.to_owned())),
        Value::Bool(_) => flag(text).map(Value::Bool).ok_or_else(|| not("true or false")),
        Value::Number(default) => {
            let whole = default.is_i64() || default.is_u64();
            let fits = |value: &Value| value.is_i64() || value.is_u64() || (value.is_f64() && !whole);
            json().filter(fits).ok_or_else(|| not(if whole { "a whole number" } else { "a number" }))
        }
        Value::Array(_) if text.trim_start().starts_with('[') => {
            json().filter(Value::is_array).ok_or_else(|| not("a list"))
        }
        Value::Array(_) => {
            let items = text.split(',').map(str::trim).filter(|item| !item.is_empty());
            Ok(Value::Array(items.map(|item| Value::String(item.to_owned())).collect()))
        }
        Value::Object(_) => json().filter(Value::is_object).ok_or_else(|| not("an object; write it as JSON")),
        Value::Null if param.secret => Ok(Value::String(text.to_owned())),
        Value::Null => Ok(json().unwrap_or_else(|| Value::String(text.to_owned()))),
    }
}

fn flag(text: &str) -> Option<bool> {
    match text.trim().to_ascii_lowercase().as_str() {
        "true" | "yes" | "on" | "1" => Some(true),
        "false" | "no" | "off" | "0" => Some(false),
        _ => None,
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
