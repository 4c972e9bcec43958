//! What is declared of a function: from it come lint, `callboard functions` and the reference.

use schemars::Schema;
use serde::Serialize;
use serde_json::Value;

/// A function as pipelines see it.
#[derive(Debug, Clone, Copy)]
pub struct FunctionSpec {
    /// The word behind `function:`.
    pub name: &'static str,
    /// What it does, one or two sentences.
    pub summary: &'static str,
    /// A step that calls it, as YAML: one element of `steps`, beginning with `- name:`. Tested.
    pub example: &'static str,
    /// The JSON Schema of its parameters: that of the struct they are read into.
    pub schema: fn() -> Schema,
    /// Whether it makes work items of its own, which runners share, rather than being done at once.
    pub spreads: bool,
}

/// One parameter of a function.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// What it takes: `text`, `whole number`, `list`, or its choices.
    #[serde(rename = "type")]
    pub kind: String,
    /// Whether it must be given.
    pub required: bool,
    /// Its value when it is not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default: Option<Value>,
    /// What it is.
    pub description: String,
}

/// The parameters that a schema describes, in its order.
pub fn parameters(schema: &Schema) -> Vec<Parameter> {
    let whole = schema.as_value();
    let required: Vec<&str> = whole
        .get("required")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let members = whole.get("properties").and_then(Value::as_object).into_iter().flatten();
    let parameter = |(name, own): (&String, &Value)| {
        let default = own.get("default").filter(|value| !value.is_null()).cloned();
        Parameter {
            name: name.clone(),
            kind: kind(whole, own),
            required: required.contains(&name.as_str()),
            default,
            description: description(whole, own).unwrap_or_default().replace('\n', " "),
        }
    };
    members.map(parameter).collect()
}

/// Its own words, or those of the type that it refers to.
fn description<'a>(whole: &'a Value, own: &'a Value) -> Option<&'a str> {
    let branches = own.get("anyOf").and_then(Value::as_array).into_iter().flatten();
    let places =
        [own].into_iter().chain([resolve(whole, own)]).chain(branches.map(|one| resolve(whole, one)));
    places.filter_map(|one| one.get("description")).find_map(Value::as_str)
}

fn resolve<'a>(whole: &'a Value, schema: &'a Value) -> &'a Value {
    let target = schema.get("$ref").and_then(Value::as_str);
    match target.and_then(|target| whole.pointer(target.trim_start_matches('#'))) {
        Some(target) => resolve(whole, target),
        None => schema,
    }
}

/// The type in words.
fn kind(whole: &Value, schema: &Value) -> String {
    let schema = resolve(whole, schema);
    if let Some(branches) = schema.get("anyOf").or_else(|| schema.get("oneOf")).and_then(Value::as_array) {
        let constants: Vec<String> = branches.iter().filter_map(constant).collect();
        let rest = branches.iter().filter(|branch| constant(branch).is_none());
        let mut kinds = constants;
        rest.map(|branch| kind(whole, branch)).filter(|kind| kind != "null").for_each(|kind| {
            if !kinds.contains(&kind) {
                kinds.push(kind);
            }
        });
        return kinds.join(" or ");
    }
    if let Some(choices) = schema.get("enum").and_then(Value::as_array) {
        let named = choices.iter().filter_map(Value::as_str).map(|choice| format!("`{choice}`"));
        return named.collect::<Vec<_>>().join(" or ");
    }
    if let Some(only) = constant(schema) {
        return only;
    }
    match schema.get("type") {
        Some(Value::String(one)) => word(one).to_owned(),
        Some(Value::Array(more)) => {
            let words = more.iter().filter_map(Value::as_str).filter(|one| *one != "null").map(word);
            words.collect::<Vec<_>>().join(" or ")
        }
        _ => "anything".to_owned(),
    }
}

fn constant(schema: &Value) -> Option<String> {
    schema.get("const").and_then(Value::as_str).map(|only| format!("`{only}`"))
}

fn word(kind: &str) -> &str {
    match kind {
        "string" => "text",
        "integer" => "whole number",
        "number" => "number",
        "boolean" => "true or false",
        "array" => "list",
        "object" => "object",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemars::JsonSchema;

    #[derive(JsonSchema)]
    #[schemars(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Sample {
        /// What to ask.
        query: String,
        /// How many
        /// at most.
        #[schemars(default = "ten")]
        most: u32,
        when: Option<Mode>,
        rest: Vec<serde_json::Value>,
    }

    /// Either way.
    #[derive(JsonSchema)]
    #[schemars(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Mode {
        Now,
        Later,
    }

    fn ten() -> u32 {
        10
    }

    #[test]
    fn lists_what_a_schema_says() {
        let shown: Vec<String> = parameters(&schemars::schema_for!(Sample))
            .into_iter()
            .map(|p| format!("{} {} {} {:?} {}", p.name, p.kind, p.required, p.default, p.description))
            .collect();
        assert_eq!(
            shown,
            [
                "query text true None What to ask.",
                "most whole number false Some(Number(10)) How many at most.",
                "when `now` or `later` false None Either way.",
                "rest list true None ",
            ]
        );
    }
}
