//! What a user gives for a manifest's parameters, typed and completed.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use model::nearest;
use serde_json::Value;

use super::spec::{ManifestSpec, ParamSpec, ParamType};
use crate::Params;

/// The plain parameters with their defaults. The error names what is missing, unknown or of the wrong
/// type, and what to do.
pub fn complete(spec: &ManifestSpec, given: &Params) -> Result<BTreeMap<String, Value>, String> {
    check_names(spec, given)?;
    let mut complete = BTreeMap::new();
    for (name, param) in spec.params.iter() {
        if param.kind == ParamType::Secret {
            if param.required && !given.secret.contains_key(name) {
                return Err(missing(spec, name, param));
            }
            continue;
        }
        let value = given.plain(name).unwrap_or(&param.default.0);
        if value.is_null() {
            if param.required {
                return Err(missing(spec, name, param));
            }
            continue;
        }
        let typed = typed(param, value).map_err(|message| format!("parameter `{name}`: {message}"))?;
        complete.insert(name.to_owned(), typed);
    }
    Ok(complete)
}

/// The defaults and whatever of the given values fits; for reading, which must not fail on a parameter.
pub fn lenient(spec: &ManifestSpec, given: &Params) -> BTreeMap<String, Value> {
    let value = |(name, param): (&str, &ParamSpec)| {
        let value = given.plain(name).unwrap_or(&param.default.0);
        let typed = typed(param, value).ok().filter(|value| !value.is_null())?;
        (param.kind != ParamType::Secret).then(|| (name.to_owned(), typed))
    };
    spec.params.iter().filter_map(value).collect()
}

fn check_names(spec: &ManifestSpec, given: &Params) -> Result<(), String> {
    for name in given.plain.keys().chain(given.manner.keys()).chain(given.secret.keys()) {
        if spec.params.get(name).is_none() {
            let hint = match nearest(name, spec.params.names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if spec.params.is_empty() => "it takes none".to_owned(),
                None => format!(
                    "it takes {}",
                    spec.params.names().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
                ),
            };
            return Err(format!("`{}` has no parameter `{name}`: {hint}", spec.name));
        }
    }
    Ok(())
}

fn missing(spec: &ManifestSpec, name: &str, param: &ParamSpec) -> String {
    let mut text = format!("`{}` needs the parameter `{name}`", spec.name);
    if let Some(variable) = param.env.0.first() {
        text.push_str(&format!(" (or the environment variable {variable})"));
    }
    if let Some(help) = &param.help {
        text.push_str(&format!(": {help}"));
    }
    text
}

/// `value` in the type of the parameter; texts as a command line gives them are read.
pub fn typed(param: &ParamSpec, value: &Value) -> Result<Value, String> {
    if value.is_null() {
        return Ok(Value::Null);
    }
    let expected = |what: &str| format!("expected {what}, got {value}");
    let text = value.as_str().map(str::trim);
    let typed = match param.kind {
        ParamType::Text | ParamType::Secret => match value {
            Value::String(_) => value.clone(),
            Value::Number(number) => Value::from(number.to_string()),
            _ => return Err(expected("a text")),
        },
        ParamType::Integer => {
            let number = value.as_i64().or_else(|| text?.parse().ok());
            Value::from(number.ok_or_else(|| expected("a whole number"))?)
        }
        ParamType::Number => {
            let number = value.as_f64().or_else(|| text?.parse().ok());
            Value::from(number.ok_or_else(|| expected("a number"))?)
        }
        ParamType::Boolean => match (value.as_bool(), text) {
            (Some(flag), _) => Value::from(flag),
            (None, Some("true" | "yes" | "1")) => Value::from(true),
            (None, Some("false" | "no" | "0")) => Value::from(false),
            _ => return Err(expected("true or false")),
        },
        ParamType::Date => {
            let date = text.and_then(|text| text.parse::<NaiveDate>().ok());
            Value::from(date.ok_or_else(|| expected("a date like 2026-05-01"))?.to_string())
        }
        ParamType::List => list(value).ok_or_else(|| expected("a list, or texts with commas between"))?,
    };
    check_choice(param, &typed)?;
    Ok(typed)
}

fn list(value: &Value) -> Option<Value> {
    match value {
        Value::Array(_) => Some(value.clone()),
        Value::String(text) if text.trim_start().starts_with('[') => {
            serde_json::from_str::<Vec<Value>>(text).ok().map(Value::Array)
        }
        Value::String(text) => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            Some(parts.map(Value::from).collect())
        }
        Value::Number(_) => Some(Value::Array(vec![Value::from(value.to_string())])),
        _ => None,
    }
}

fn check_choice(param: &ParamSpec, value: &Value) -> Result<(), String> {
    let Some(text) = value.as_str().filter(|_| !param.choices.is_empty()) else { return Ok(()) };
    if param.choices.iter().any(|choice| choice == text) {
        return Ok(());
    }
    let near = nearest(text, param.choices.iter().map(String::as_str));
    let hint = near.map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Err(format!("`{text}` is not one of {}{hint}", param.choices.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn check(kind: &str, value: Value, expected: Result<Value, &str>) {
        let param: ParamSpec = serde_json::from_value(json!({"type": kind})).unwrap();
        assert_eq!(typed(&param, &value), expected.map_err(str::to_owned));
    }

    #[test]
    fn types_are_read_from_texts() {
        check("integer", json!("7"), Ok(json!(7)));
        check("integer", json!("x"), Err("expected a whole number, got \"x\""));
        check("boolean", json!("yes"), Ok(json!(true)));
        check("list", json!("a, b"), Ok(json!(["a", "b"])));
        check("list", json!("[1]"), Ok(json!([1])));
        check("date", json!("2026-02-30"), Err("expected a date like 2026-05-01, got \"2026-02-30\""));
        check("text", json!(48062165483_i64), Ok(json!("48062165483")));
    }
}
